//! End to end: the real binary as a child process, against the stand-in.
//!
//! Each test has a stage of its own: a stand-in, a data directory, and the children that it starts and ends.

#[path = "node/lost_past.rs"]
mod lost_past;
#[path = "node/stage.rs"]
mod stage;
