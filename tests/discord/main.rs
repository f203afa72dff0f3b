//! The Discord side: against a wire that a test writes by hand, and against the stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ends;
mod facts;
mod files;
mod forums;
mod gateway;
mod limits;
mod powers;
mod secrets;
mod shards;
mod sink;
mod stage;
mod wire;
