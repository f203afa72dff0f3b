//! Which rows hold one mirror's events: an index that is written in batches.
//!
//! ```text
//! commits      [ rows ............................ | newest rows ]
//! mirror_rows  [ (mirror, row) of these, by mirror ]     ^ at most INDEX_LAG_MAX, looked through
//!                                          indexed ^
//! ```

use super::{lowest, row_id};
use events::{Offset, Partition};
use rusqlite::{Connection, OptionalExtension};

/// Rows of a partition that may be missing in the index. Indexing so many takes a few milliseconds; looking
/// through so many, for a reader of one mirror, no longer.
pub(super) const INDEX_LAG_MAX: u64 = 2048;

/// The last row of the partition that is in the index.
pub(super) fn indexed(connection: &Connection, partition: Partition) -> rusqlite::Result<i64> {
    let upto = connection
        .prepare_cached("SELECT upto FROM indexed WHERE partition = ?1")?
        .query_row([partition.0], |row| row.get(0))
        .optional()?;
    Ok(upto.unwrap_or(lowest(partition) - 1))
}

/// How many rows are not in the index.
pub(super) fn lag(connection: &Connection, partition: Partition) -> rusqlite::Result<u64> {
    let newest = (indexed(connection, partition)?, row_id(partition, Offset(u64::MAX)));
    let sql = "SELECT count(*) FROM commits WHERE id > ?1 AND id <= ?2";
    connection.query_row(sql, newest, |row| row.get::<_, i64>(0)).map(|count| count as u64)
}

/// Brings the index up to date.
pub(super) fn extend(connection: &Connection, partition: Partition) -> rusqlite::Result<()> {
    let newest = (indexed(connection, partition)?, row_id(partition, Offset(u64::MAX)));
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO mirror_rows SELECT mirror, id FROM commits WHERE id > ?1 AND id <= ?2
                ORDER BY mirror, id",
        )?
        .execute(newest)?;
    connection
        .prepare_cached(
            "INSERT INTO indexed SELECT ?1, max(id) FROM commits WHERE id > ?2 AND id <= ?3
                HAVING max(id) IS NOT NULL ON CONFLICT DO UPDATE SET upto = excluded.upto",
        )?
        .execute((partition.0, newest.0, newest.1))?;
    Ok(())
}
