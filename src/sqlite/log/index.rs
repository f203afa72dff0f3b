//! Where one mirror's events lie: an index that is written in batches.
//!
//! ```text
//! commits      [ rows ............................ | newest rows ]
//! mirror_runs  [ (mirror, row, start, length) ]          ^ at most INDEX_LAG_MAX runs, looked through
//!                                          indexed ^
//! ```
//! An index that each commit kept up to date would touch a page per mirror: half as many bytes as the events.

use super::{lowest, row_id};
use crate::sqlite::chunk::Run;
use events::{MirrorId, Offset, Partition};
use rusqlite::{Connection, OptionalExtension, Rows};

/// Runs of a partition that may be missing in the index. Indexing so many takes a few milliseconds; looking
/// through so many, for a reader of one mirror, no longer.
pub(super) const INDEX_LAG_MAX: usize = 2048;

/// A run and the row that it lies in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) row: i64,
    pub(super) run: Run,
}

const NEWEST: &str = "SELECT id, runs FROM commits WHERE id > ?1 AND id <= ?2 ORDER BY id";

/// The last row of the partition that is in the index.
fn indexed(connection: &Connection, partition: Partition) -> rusqlite::Result<i64> {
    let upto = connection
        .prepare_cached("SELECT upto FROM indexed WHERE partition = ?1")?
        .query_row([partition.0], |row| row.get(0))
        .optional()?;
    Ok(upto.unwrap_or(lowest(partition) - 1))
}

/// The runs that are not in the index.
fn newest(connection: &Connection, partition: Partition) -> rusqlite::Result<Vec<Found>> {
    let range = (indexed(connection, partition)?, row_id(partition, Offset(u64::MAX)));
    let mut statement = connection.prepare_cached(NEWEST)?;
    let mut rows = statement.query(range)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        found.extend(Run::all(row.get_ref(1)?.as_blob()?).map(|run| Found { row: id, run }));
    }
    Ok(found)
}

/// How many runs are not in the index.
pub(super) fn lag(connection: &Connection, partition: Partition) -> rusqlite::Result<usize> {
    newest(connection, partition).map(|found| found.len())
}

/// Brings the index up to date.
pub(super) fn extend(connection: &Connection, partition: Partition) -> rusqlite::Result<()> {
    let mut found = newest(connection, partition)?;
    let Some(upto) = found.last().map(|found| found.row) else { return Ok(()) };
    // In the order of the index: each of its pages is touched once.
    found.sort_unstable_by_key(|found| (found.run.mirror, found.row));
    let mut insert = connection.prepare_cached("INSERT INTO mirror_runs VALUES (?1, ?2, ?3, ?4)")?;
    for Found { row, run } in found {
        insert.execute((run.mirror.0.as_bytes().as_slice(), row, run.start, run.length))?;
    }
    connection
        .prepare_cached("INSERT INTO indexed VALUES (?1, ?2) ON CONFLICT DO UPDATE SET upto = excluded.upto")?
        .execute((partition.0, upto))?;
    Ok(())
}

/// At most `limit` runs of a mirror, those in the rows from `first` on, in order.
pub(super) fn runs_of(
    connection: &Connection,
    (partition, mirror): (Partition, MirrorId),
    first: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Found>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, start, length FROM mirror_runs WHERE mirror = ?1 AND id BETWEEN ?2 AND ?3
            ORDER BY id LIMIT ?4",
    )?;
    let last = row_id(partition, Offset(u64::MAX));
    let rows = i64::try_from(limit).unwrap_or(i64::MAX);
    let older = statement.query((mirror.0.as_bytes().as_slice(), first, last, rows))?;
    let mut found = collect(older, mirror)?;
    if found.len() < limit {
        let newest = newest(connection, partition)?;
        let own = newest.into_iter().filter(|found| found.run.mirror == mirror && found.row >= first);
        found.extend(own.take(limit - found.len()));
    }
    Ok(found)
}

fn collect(mut rows: Rows<'_>, mirror: MirrorId) -> rusqlite::Result<Vec<Found>> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let run = Run { mirror, start: row.get(1)?, length: row.get(2)? };
        found.push(Found { row: row.get(0)?, run });
    }
    Ok(found)
}
