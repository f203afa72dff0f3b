//! The log: an ordered, append-only, partitioned record of events.
//!
//! ```text
//! append(partition, events) ──> [ partition 0 | e e e e e e e e ──> tail ]
//!                                   floor ^     read(from) ^
//! ```
//! An append promises durability, not an offset: a stream cannot tell one. What is read may hold an event
//! twice; whoever reads does not care.

pub mod conformance;
pub mod memory;

use crate::event::Event;
use crate::id::{MirrorId, Offset, Partition};
use async_trait::async_trait;
use bytes::Bytes;

/// The port. Every engine passes [`conformance`].
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends in order, stamping each event's `producer` (gapless from 1 per node and partition).
    /// Durable when it returns, as far as `durable` asks; all or nothing is *not* promised when it fails, so
    /// appending again is what to do, and is harmless.
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError>;

    /// What lies at and after `read.from`, in order, as encoded records. An empty page: nothing yet.
    async fn read(&self, read: Read) -> Result<Page, ReadError>;

    /// The offset that the next event will get or pass.
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError>;

    /// The first offset that can still be read.
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError>;
}

/// How durable an append is when it returns.
///
/// In one process over one file the two are the same. Over a stream, the first is the node's outbox: it takes
/// what Discord says while the broker is away, and sends it on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// It outlives a crash of this node, and will be on the log.
    Here,
    /// It is on the log, for every node to read, with all that this node appended to the partition before.
    Everywhere,
}

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Of this partition,
    pub partition: Partition,
    /// from here on,
    pub from: Offset,
    /// at most about so many events (whole commits may pass it a little),
    pub limit: usize,
    /// of this mirror alone, or of all.
    pub mirror: Option<MirrorId>,
}

/// One answer of [`Log::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries, by offset.
    pub entries: Vec<Entry>,
    /// Where to read on: all before it, that was asked for, is in this page or an earlier one.
    pub next: Offset,
    /// Read in another way than the page before it, so that the log may have been made anew between the two: whoever
    /// goes on somewhere looks whether what it read before is still there.
    pub anew: bool,
}

/// One event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub offset: Offset,
    /// Its bytes; see [`crate::codec::decode`].
    pub record: Bytes,
}

/// Why an append failed, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Try again later; nothing or a part may have been appended.
    #[error("the log cannot append now: {0}")]
    Retry(String),
    /// This event is over [`crate::codec::EVENT_BYTES_MAX`]: put it aside as a dead letter and append the rest.
    #[error("event {index} of the batch takes {bytes} bytes, more than an event may")]
    TooLarge {
        /// Its place in the batch.
        index: usize,
        /// Its encoded size.
        bytes: usize,
    },
    /// The log is closed or broken: stop.
    #[error("the log has stopped: {0}")]
    Stopped(String),
}

/// Why a read failed, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// What was asked for has been removed: start at `floor` and say so, or use an archive.
    #[error("the log begins at offset {floor}; what lay before it has been removed")]
    Trimmed {
        /// The first offset that can be read.
        floor: Offset,
    },
    /// Try again later.
    #[error("the log cannot be read now: {0}")]
    Retry(String),
    /// The log is closed or broken: stop.
    #[error("the log has stopped: {0}")]
    Stopped(String),
}
