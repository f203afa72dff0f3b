//! The archive: its format, its seals, the log that reads it, and what happens to it when things go wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod damage;
mod format;
mod lives;
mod reads;
mod refill;
mod seals;
mod stage;
