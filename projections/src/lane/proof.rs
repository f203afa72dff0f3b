//! The lane in a small world, over any rows: what each guard is for, shown by switching it off.
//!
//! Views, channel and clock of this world are models; the stored row is what [`Rows`] makes of it. Whether a
//! write holds, the store alone decides: a world asks it and believes the answer. The unit tests play every
//! fault at every step over [`MemoryRows`]; [`SCENES`] are played over every engine.

#![allow(clippy::expect_used, clippy::panic, reason = "a proof fails by panicking")]

pub mod channel;
pub mod ends;
pub mod know;
pub mod owner;
pub mod rows;
pub mod run;
pub mod scenes;
pub mod world;

pub use rows::{MemoryRows, Rows};
pub use scenes::{SCENES, Scene};
