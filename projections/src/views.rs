//! Views: rows of registers, and how far each follower has come.
//!
//! A commit joins changes, then writes the position. Backends need not be atomic across rows: a position
//! that lags is harmless (joins are idempotent), one that leads is a bug.

pub mod conformance;
pub mod memory;
pub mod overlay;

use crate::change::{Change, Row};
use crate::key::{Bucket, Generation, Key, Prefix, RowKey};
use async_trait::async_trait;
use events::{EventId, MirrorId, Offset, Partition};

/// The port. Every backend passes [`conformance`].
#[async_trait]
pub trait Views: Send + Sync {
    /// Joins `changes` into the rows, then records `position`. The position is never durable before the changes.
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError>;

    /// The places that a follower recorded, newest first, at most [`Position::RING`]; empty: it never did.
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError>;

    /// The rows of these keys, in the order asked for; an empty [`Row`] where there is none.
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError>;

    /// Rows of one (mirror, generation, bucket), in key order.
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError>;
}

/// Whoever reads a partition and keeps a place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Follower {
    /// The partition.
    pub partition: Partition,
    /// `views` for the projector, `lanes` for what all lanes have handled.
    pub name: String,
}

/// How far a follower has come. Recording a mark removes those at or beyond its offset: after a rewind
/// they name places that are read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Who.
    pub follower: Follower,
    /// Its newest place.
    pub mark: Mark,
}

impl Position {
    /// Places kept per follower, so that one that a failed-over stream has re-used is noticed.
    pub const RING: usize = 64;
}

/// A place in the log, with the event there so that it can be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last offset handled.
    pub offset: Offset,
    /// The event at it.
    pub event: EventId,
}

/// What to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The mirror.
    pub mirror: MirrorId,
    /// Of which build.
    pub generation: Generation,
    /// Its partition.
    pub bucket: Bucket,
    /// Which rows of it.
    pub prefix: Prefix,
    /// Only rows behind this one.
    pub after: Option<RowKey>,
    /// At most so many rows.
    pub limit: usize,
}

/// Why a view could not be read or written, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// Try again later; a commit may have happened in part.
    #[error("the views do not answer now: {0}")]
    Retry(String),
    /// The store is closed or broken: stop.
    #[error("the views have stopped: {0}")]
    Stopped(String),
}

/// All rows of a scan, read page by page of `scan.limit` rows.
///
/// # Errors
/// When the views do not answer.
pub async fn scan_all(views: &dyn Views, mut scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
    let mut rows = Vec::new();
    loop {
        let page = views.scan(scan.clone()).await?;
        let full = page.len() >= scan.limit;
        scan.after = page.last().map(|(key, _)| key.row.clone());
        rows.extend(page);
        if !full {
            return Ok(rows);
        }
    }
}
