//! Reading the log: from rows to a page of entries in offset order.

use super::index::{Found, runs_of};
use super::{floor, lowest, offset_of, row_id, sqlite};
use crate::sqlite::chunk::{Records, Run};
use bytes::Bytes;
use events::log::{Entry, Page, Read, ReadError};
use events::{MirrorId, Offset, Partition};
use rusqlite::Connection;
use rusqlite::blob::Blob;

/// A page takes no further commit once it holds so many bytes, whatever its limit.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads a page; `tail` is what was committed before this began.
pub(super) fn read(connection: &Connection, read: Read, tail: Offset) -> Result<Page, ReadError> {
    // One transaction: the floor and the rows belong together, also while a trim runs.
    let _snapshot = connection.unchecked_transaction().map_err(sqlite)?;
    let floor = floor(connection, read.partition).map_err(sqlite)?;
    if read.from < floor {
        return Err(ReadError::Trimmed { floor });
    }
    let mut paging = Paging { read, entries: Vec::new(), bytes: 0, next: read.from };
    let ended = match read.mirror {
        None => read_all(connection, &mut paging)?,
        Some(mirror) => read_mirror(connection, mirror, &mut paging)?,
    };
    if ended {
        paging.next = paging.next.max(tail);
    }
    Ok(paging.finish())
}

/// A page on its way.
struct Paging {
    read: Read,
    entries: Vec<Entry>,
    bytes: usize,
    next: Offset,
}

impl Paging {
    fn is_full(&self) -> bool {
        self.entries.len() >= self.read.limit || self.bytes >= PAGE_BYTES_MAX
    }

    fn push(&mut self, offset: Offset, record: Bytes) {
        self.bytes += record.len();
        self.next = offset.next();
        self.entries.push(Entry { offset, record });
    }

    /// A page ends with a commit, for reading half of one twice is dearer than a longer page; but a small
    /// limit is kept.
    fn finish(mut self) -> Page {
        if self.entries.len() > self.read.limit.saturating_mul(2) {
            self.entries.truncate(self.read.limit);
            self.next = self.entries.last().map_or(self.read.from, |entry| entry.offset.next());
        }
        Page { entries: self.entries, next: self.next, anew: false }
    }
}

/// All mirrors: whole commits, each record put back at its place. Says whether the log ended.
fn read_all(connection: &Connection, paging: &mut Paging) -> Result<bool, ReadError> {
    let Read { partition, from, .. } = paging.read;
    let last = row_id(partition, Offset(u64::MAX));
    let mut statement = connection
        .prepare_cached("SELECT id, count FROM commits WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(sqlite)?;
    let mut rows =
        statement.query((row_of(connection, partition, from).map_err(sqlite)?, last)).map_err(sqlite)?;
    let mut blobs = Blobs::new(connection);
    while let Some(row) = rows.next().map_err(sqlite)? {
        if paging.is_full() {
            return Ok(false);
        }
        let (id, count) = (row.get(0).map_err(sqlite)?, row.get::<_, u16>(1).map_err(sqlite)?);
        take_commit(offset_of(id), usize::from(count), blobs.read(id, None)?, paging)?;
    }
    Ok(!paging.is_full())
}

/// The row that `offset` lies in, or the place where it would be.
fn row_of(connection: &Connection, partition: Partition, offset: Offset) -> rusqlite::Result<i64> {
    let wanted = row_id(partition, offset);
    let found = connection
        .prepare_cached("SELECT max(id) FROM commits WHERE id BETWEEN ?1 AND ?2")?
        .query_row((lowest(partition), wanted), |row| row.get::<_, Option<i64>>(0))?;
    Ok(found.unwrap_or(wanted))
}

/// Puts each record of a commit back at its place.
fn take_commit(first: Offset, count: usize, bytes: Bytes, paging: &mut Paging) -> Result<(), ReadError> {
    let mut placed = vec![Bytes::new(); count];
    let mut records = Records::new(bytes);
    for (place, record) in records.by_ref() {
        *placed.get_mut(usize::from(place)).ok_or_else(|| damaged(first))? = record;
    }
    // A record is never empty: it has a format byte.
    if !records.is_whole() || placed.iter().any(Bytes::is_empty) {
        return Err(damaged(first));
    }
    let skipped = paging.read.from.0.saturating_sub(first.0) as usize;
    for (place, record) in placed.into_iter().enumerate().skip(skipped) {
        paging.push(Offset(first.0 + place as u64), record);
    }
    Ok(())
}

/// One mirror: its own runs alone. Says whether the log ended.
fn read_mirror(connection: &Connection, mirror: MirrorId, paging: &mut Paging) -> Result<bool, ReadError> {
    let Read { partition, from, limit, .. } = paging.read;
    let first = row_of(connection, partition, from).map_err(sqlite)?;
    // A run has an event at least, but those of the first may lie before `from`.
    let runs_max = limit.saturating_add(1);
    let found = runs_of(connection, (partition, mirror), first, runs_max).map_err(sqlite)?;
    let ended = found.len() < runs_max;
    let mut blobs = Blobs::new(connection);
    for Found { row, run } in found {
        if paging.is_full() {
            return Ok(false);
        }
        take_run(offset_of(row), blobs.read(row, Some(run))?, paging)?;
    }
    Ok(ended && !paging.is_full())
}

fn take_run(first: Offset, bytes: Bytes, paging: &mut Paging) -> Result<(), ReadError> {
    let mut records = Records::new(bytes);
    for (place, record) in records.by_ref() {
        let offset = Offset(first.0 + u64::from(place));
        if offset >= paging.read.from {
            paging.push(offset, record);
        }
    }
    if records.is_whole() { Ok(()) } else { Err(damaged(first)) }
}

/// Reads commits, or a part of them, straight into buffers of our own: one copy, and no more than is asked for.
struct Blobs<'c> {
    connection: &'c Connection,
    open: Option<Blob<'c>>,
}

impl<'c> Blobs<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self { connection, open: None }
    }

    fn read(&mut self, row: i64, part: Option<Run>) -> Result<Bytes, ReadError> {
        let blob = match &mut self.open {
            Some(blob) => {
                blob.reopen(row).map_err(sqlite)?;
                blob
            }
            None => {
                let blob = self.connection.blob_open("main", "commits", "bytes", row, true);
                self.open.insert(blob.map_err(sqlite)?)
            }
        };
        let (start, length) = part.map_or((0, blob.len()), |run| (run.start as usize, run.length as usize));
        if start + length > blob.len() {
            return Err(damaged(offset_of(row)));
        }
        let mut bytes = vec![0; length];
        blob.read_at_exact(&mut bytes, start).map_err(sqlite)?;
        Ok(bytes.into())
    }
}

fn damaged(chunk: Offset) -> ReadError {
    ReadError::Stopped(format!("the commit at offset {chunk} is damaged; restore log.db from a backup"))
}
