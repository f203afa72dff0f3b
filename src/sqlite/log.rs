//! The log on SQLite: one row per commit, dense offsets from 0.
//!
//! ```text
//! append ──> writing thread: number, encode ──> chunks ──> one transaction ──> answer, wake the followers
//! read   ──> reading connection: rows of whole commits ──> records, slices of one buffer per row
//! ```
//! Rows are keyed by partition and offset, so a read is one descent and a scan. See [`super::chunk`].

mod index;
mod page;
mod peek;
mod work;

pub use peek::Peek;
use work::{Append, Job};
pub(super) use work::{LogWork, Stamp};

use super::Failure;
use super::call::Call;
use super::readers::Readers;
use super::writer::Writer;
use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, Offset, Partition};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{oneshot, watch};

/// Bits of a row's key that hold the offset.
const OFFSET_BITS: u32 = 47;

/// The key of the row whose first event lies at `offset`.
fn row_id(partition: Partition, offset: Offset) -> i64 {
    let offset = offset.0.min((1 << OFFSET_BITS) - 1);
    (i64::from(partition.0) << OFFSET_BITS) | offset as i64
}

/// The offset in a row's key.
fn offset_of(row_id: i64) -> Offset {
    Offset(row_id as u64 & ((1 << OFFSET_BITS) - 1))
}

/// The least key of the partition's rows.
fn lowest(partition: Partition) -> i64 {
    row_id(partition, Offset(0))
}

/// The ends of the partitions as committed, for whoever waits for more.
#[derive(Debug, Default)]
pub(super) struct Tails(Mutex<FxHashMap<Partition, Tail>>);

#[derive(Debug)]
struct Tail {
    offset: watch::Sender<Offset>,
    /// Bytes that this process wrote up to there.
    bytes: u64,
}

impl Tails {
    fn with<T>(&self, partition: Partition, use_it: impl FnOnce(&mut Tail) -> T) -> T {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Tail { offset: watch::Sender::new(Offset(0)), bytes: 0 };
        use_it(tails.entry(partition).or_insert_with(new))
    }

    fn get(&self, partition: Partition) -> Offset {
        self.with(partition, |tail| *tail.offset.borrow())
    }

    fn set(&self, partition: Partition, offset: Offset, bytes: u64) {
        self.with(partition, |tail| {
            tail.bytes = bytes;
            tail.offset.send_replace(offset);
        });
    }
}

/// What one commit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The offset behind its last event.
    pub end: Offset,
    /// Bytes of its records.
    pub bytes: u64,
}

/// The log in `log.db`. Cheap to clone.
#[derive(Clone)]
pub struct SqliteLog {
    pub(super) writer: Arc<Writer<Job>>,
    pub(super) readers: Arc<Readers>,
    pub(super) tails: Arc<Tails>,
}

impl SqliteLog {
    /// Holds the partition's tail and changes after each append: await it instead of polling.
    #[must_use]
    pub fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.tails.with(partition, |tail| tail.offset.subscribe())
    }

    /// Removes what lies before `floor`; reading there is [`ReadError::Trimmed`] from now on. A floor beyond
    /// the tail means the tail; one before today's floor changes nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn trim(&self, partition: Partition, floor: Offset) -> Result<(), Failure> {
        let floor = floor.min(self.tails.get(partition));
        self.call(move |connection| trim(connection, partition, floor)).await
    }

    /// The tail, and the bytes of records that this process wrote up to there.
    #[must_use]
    pub fn written(&self, partition: Partition) -> (Offset, u64) {
        self.tails.with(partition, |tail| (*tail.offset.borrow(), tail.bytes))
    }

    /// The commits that a partition holds, and what each takes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn stretches(&self, partition: Partition) -> Result<Vec<Stretch>, Failure> {
        self.readers.read(move |connection| stretches(connection, partition).map_err(Failure::from)).await
    }

    /// Writes what is queued and closes the file: of a log that is not a data directory's own.
    ///
    /// # Errors
    /// When it is not closed in time.
    pub async fn close(&self) -> Result<(), Failure> {
        self.writer.close().await
    }

    /// Runs `write` in the next group's transaction; durable when it returns.
    pub(super) async fn call<T, F>(&self, write: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Job::Call(Call::boxed(write, answer))).await?;
        answered.await.unwrap_or_else(|_| Err(Failure::closed()))
    }
}

#[async_trait]
impl Log for SqliteLog {
    async fn append(&self, partition: Partition, events: Vec<Event>, _: Durable) -> Result<(), AppendError> {
        if events.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        let (spent, encoded) = oneshot::channel();
        self.writer.send(Job::Append(Append { partition, events, answer, spent })).await?;
        // Freed here while the thread writes.
        drop(encoded.await);
        answered.await.unwrap_or_else(|_| Err(Failure::closed().into()))
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        let tail = self.tails.get(read.partition);
        self.readers.read(move |connection| page::read(connection, read, tail)).await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(self.tails.get(partition))
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.readers.read(move |connection| floor(connection, partition).map_err(sqlite)).await
    }
}

fn sqlite(error: rusqlite::Error) -> ReadError {
    Failure::from(error).into()
}

fn floor(connection: &Connection, partition: Partition) -> rusqlite::Result<Offset> {
    let found = connection
        .prepare_cached("SELECT floor FROM floors WHERE partition = ?1")?
        .query_row([partition.0], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(Offset(found.unwrap_or(0) as u64))
}

fn trim(connection: &Connection, partition: Partition, floor: Offset) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO floors VALUES (?1, ?2) ON CONFLICT DO UPDATE SET floor = max(floor, excluded.floor)",
        (partition.0, floor.0 as i64),
    )?;
    // The index first takes in all rows, so that what is removed there is what is removed here.
    index::extend(connection, partition)?;
    // A commit that reaches beyond the floor stays whole; reads start at the floor all the same.
    for sql in [
        "DELETE FROM commits WHERE id >= ?1 AND id < ?2 AND id + count <= ?2",
        "DELETE FROM mirror_runs WHERE id >= ?1 AND id < ?2 AND id NOT IN (SELECT id FROM commits)",
    ] {
        connection.execute(sql, (lowest(partition), row_id(partition, floor)))?;
    }
    Ok(())
}

fn stretches(connection: &Connection, partition: Partition) -> rusqlite::Result<Vec<Stretch>> {
    let mut statement = connection
        .prepare("SELECT id, count, length(bytes) FROM commits WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let range = (lowest(partition), row_id(partition, Offset(u64::MAX)));
    let rows = statement.query_map(range, |row| {
        let (count, bytes): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Stretch { end: Offset(offset_of(row.get(0)?).0 + count as u64), bytes: bytes as u64 })
    })?;
    rows.collect()
}
