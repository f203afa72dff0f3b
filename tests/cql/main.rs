//! The CQL engine behind its ports, on a real server.
//!
//! MIRROR_TEST_CQL names it (`tools/services up`); tests that kill a server start one of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod conform;
mod guards;
mod laws;
mod loss;
mod model;
mod reach;
#[path = "../engines/scenes.rs"]
mod scenes;
mod size;
mod stage;
mod tables;
mod traps;
