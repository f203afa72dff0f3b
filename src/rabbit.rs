//! RabbitMQ: the log on its streams, hints over its queues.
//!
//! ```text
//! append ──> outbox (SQLite, fsync) ──> writer ──publish──> stream PREFIX.events.K ──deliver──> read
//!            numbers, keeps, waits       one a partition     filter value: the mirror            pages
//! ```
//! `address` says where the broker is; `connect` opens connections to the node that leads a stream, and sorts what
//! goes wrong into what to do next; `read` is the half of the log that reads; `hints` go over queues, beside all this.

pub mod address;
pub mod hints;
