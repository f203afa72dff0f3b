//! Reading the log: from rows to a page of entries in offset order.

use super::index::indexed;
use super::{floor, lowest, row_id, sqlite};
use crate::sqlite::chunk::Records;
use bytes::Bytes;
use events::log::{Entry, Page, Read, ReadError};
use events::{MirrorId, Offset};
use rusqlite::{Connection, OptionalExtension, Row};

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

    /// A page ends with a commit, for reading half of one twice is dearer than a longer page; but a small
    /// limit is kept.
    fn finish(mut self) -> Page {
        if self.entries.len() > self.read.limit.saturating_mul(2) {
            self.entries.truncate(self.read.limit);
            self.next = self.entries.last().map_or(self.read.from, |entry| entry.offset.next());
        }
        Page { entries: self.entries, next: self.next }
    }
}

/// One row: events of one mirror in one commit.
struct Stored {
    chunk: Offset,
    count: usize,
    bytes: Bytes,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = Bytes::copy_from_slice(row.get_ref(2)?.as_blob()?);
        let count = usize::from(row.get::<_, u16>(1)?);
        Ok(Self { chunk: Offset(row.get::<_, i64>(0)? as u64), count, bytes })
    }
}

/// All mirrors: whole commits, each record put back at its place. Says whether the log ended.
fn read_all(connection: &Connection, paging: &mut Paging) -> Result<bool, ReadError> {
    let Read { partition, from, .. } = paging.read;
    let first = connection
        .prepare_cached("SELECT chunk FROM commits WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1")
        .and_then(|mut s| {
            s.query_row((lowest(partition), row_id(partition, from)), |row| row.get(0)).optional()
        })
        .map_err(sqlite)?;
    let first = first.map_or(from, |chunk: i64| Offset(chunk as u64));
    let mut statement = connection
        .prepare_cached("SELECT chunk, count, bytes FROM commits WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(sqlite)?;
    let range = (row_id(partition, first), row_id(partition, Offset(u64::MAX)));
    let mut rows = statement.query(range).map_err(sqlite)?;
    let mut commit = Commit::default();
    while let Some(row) = rows.next().map_err(sqlite)? {
        let stored = Stored::of(row).map_err(sqlite)?;
        if !commit.holds(&stored) {
            commit.finish(paging)?;
            if paging.is_full() {
                return Ok(false);
            }
            commit = Commit::begin(&stored);
        }
        commit.place(&stored)?;
    }
    commit.finish(paging)?;
    Ok(!paging.is_full())
}

/// The records of one commit, each at its place.
#[derive(Default)]
struct Commit {
    first: Offset,
    records: Vec<Bytes>,
    placed: usize,
}

impl Commit {
    fn begin(stored: &Stored) -> Self {
        Self { first: stored.chunk, records: vec![Bytes::new(); stored.count], placed: 0 }
    }

    fn holds(&self, stored: &Stored) -> bool {
        self.first == stored.chunk && !self.records.is_empty()
    }

    fn place(&mut self, stored: &Stored) -> Result<(), ReadError> {
        let mut records = Records::new(stored.bytes.clone());
        for (place, record) in records.by_ref() {
            let slot = self.records.get_mut(usize::from(place)).ok_or_else(|| damaged(self.first))?;
            *slot = record;
            self.placed += 1;
        }
        if records.is_whole() { Ok(()) } else { Err(damaged(self.first)) }
    }

    fn finish(self, paging: &mut Paging) -> Result<(), ReadError> {
        if self.placed != self.records.len() {
            return Err(damaged(self.first));
        }
        if self.records.is_empty() {
            return Ok(());
        }
        let from = paging.read.from;
        let skipped = from.0.saturating_sub(self.first.0) as usize;
        paging.next = Offset(self.first.0 + self.records.len() as u64).max(from);
        for (place, record) in self.records.into_iter().enumerate().skip(skipped) {
            paging.bytes += record.len();
            paging.entries.push(Entry { offset: Offset(self.first.0 + place as u64), record });
        }
        Ok(())
    }
}

/// One mirror: its own rows alone. Says whether the log ended.
fn read_mirror(connection: &Connection, mirror: MirrorId, paging: &mut Paging) -> Result<bool, ReadError> {
    let Read { partition, from, .. } = paging.read;
    let mirror = mirror.0.as_bytes().as_slice();
    let indexed = indexed(connection, partition).map_err(sqlite)?;
    // The row that `from` lies in began at or before it.
    let first: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM mirror_rows WHERE mirror = ?1 AND id BETWEEN ?2 AND ?3")
        .and_then(|mut found| {
            found.query_row((mirror, lowest(partition), row_id(partition, from)), |row| row.get(0))
        })
        .map_err(sqlite)?;
    let first = first.unwrap_or(lowest(partition));
    let older = "SELECT chunk, count, bytes FROM mirror_rows AS own JOIN commits ON commits.id = own.id
        WHERE own.mirror = ?1 AND own.id BETWEEN ?2 AND ?3 ORDER BY own.id";
    let newest =
        "SELECT chunk, count, bytes FROM commits WHERE mirror = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id";
    let last = row_id(partition, Offset(u64::MAX));
    for (sql, range) in [(older, (mirror, first, indexed)), (newest, (mirror, indexed + 1, last))] {
        let mut statement = connection.prepare_cached(sql).map_err(sqlite)?;
        let mut rows = statement.query(range).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            take_run(&Stored::of(row).map_err(sqlite)?, paging)?;
            if paging.is_full() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn take_run(stored: &Stored, paging: &mut Paging) -> Result<(), ReadError> {
    let mut records = Records::new(stored.bytes.clone());
    for (place, record) in records.by_ref() {
        let offset = Offset(stored.chunk.0 + u64::from(place));
        if offset >= paging.read.from {
            paging.bytes += record.len();
            paging.next = offset.next();
            paging.entries.push(Entry { offset, record });
        }
    }
    if records.is_whole() { Ok(()) } else { Err(damaged(stored.chunk)) }
}

fn damaged(chunk: Offset) -> ReadError {
    ReadError::Stopped(format!("the commit at offset {chunk} is damaged; restore log.db from a backup"))
}
