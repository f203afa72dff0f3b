//! The log on RabbitMQ streams, over a real broker.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod address;
mod conform;
mod connect;
mod crash;
mod hush;
mod leader;
mod node;
mod outbox;
mod read;
mod stream;
mod traps;
