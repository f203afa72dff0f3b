//! RabbitMQ: the log on its streams, hints over its queues.
//!
//! ```text
//! append ──> outbox (SQLite, fsync) ──> writer ──publish──> stream PREFIX.events.K ──deliver──> read
//!            numbers, keeps, waits       one a partition     filter value: the mirror            pages
//! ```
//! A stream does not fsync before it confirms, and a failover can lose what was confirmed: the outbox keeps events
//! for a while after that, and sends them again under the same publishing ids.
//!
//! `address` says where the broker is; `connect` opens connections to the node that leads a stream, and sorts what
//! goes wrong into what to do next; `write` and `read` are the halves of `log`; `hints` go over queues, beside all this.

pub mod address;
pub mod connect;
pub mod hints;
mod log;
mod outbox;
pub mod read;
mod write;

pub use address::Address;
pub use connect::Failure;
pub use log::{OutboxStatus, RabbitLog, Settings};

use events::log::{AppendError, ReadError};

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        // Whatever it is, an operator can set it right while the node runs.
        Self::Retry(failure.to_string())
    }
}

impl From<Failure> for AppendError {
    fn from(failure: Failure) -> Self {
        Self::Retry(failure.to_string())
    }
}
