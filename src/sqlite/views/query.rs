//! Reading views: rows back from the tables.

use crate::sqlite::tables::{self, STATEMENTS, TABLES, Table};
use bytes::Bytes;
use events::{EventId, Offset, Version};
use projections::views::{Follower, Mark, Scan};
use projections::{Key, Register, Row};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, params_from_iter};
use uuid::Uuid;

/// A follower's ring, newest first.
pub(super) fn position(connection: &Connection, follower: &Follower) -> rusqlite::Result<Vec<Mark>> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, event FROM positions WHERE partition = ?1 AND follower = ?2 ORDER BY offset DESC",
    )?;
    let mark = |row: &rusqlite::Row<'_>| {
        let event = EventId(Uuid::from_bytes(row.get(1)?));
        Ok(Mark { offset: Offset(row.get::<_, i64>(0)? as u64), event })
    };
    statement.query_map((follower.partition.0, &follower.name), mark)?.collect()
}

/// The rows of these keys.
pub(super) fn get(connection: &Connection, keys: &[Key]) -> rusqlite::Result<Vec<Row>> {
    let mut statements: [Option<CachedStatement<'_>>; TABLES] = Default::default();
    let mut one = |key: &Key| {
        let number = tables::number(&key.row);
        let slot = &mut statements[number];
        let statement = match slot {
            Some(statement) => statement,
            None => slot.insert(connection.prepare_cached(&STATEMENTS[number].get)?),
        };
        tables::bind_key(statement, 0, key)?;
        let mut rows = statement.raw_query();
        rows.next()?.map_or_else(|| Ok(Row::default()), |row| cells(tables::table(number), row, 0))
    };
    keys.iter().map(&mut one).collect()
}

/// The rows of a scan.
pub(super) fn scan(connection: &Connection, scan: &Scan) -> rusqlite::Result<Vec<(Key, Row)>> {
    let number = tables::number_scanned(&scan.prefix);
    let after = match &scan.after {
        // Rows of a later table lie behind all of this one.
        Some(after) if tables::number(after) > number => return Ok(Vec::new()),
        Some(after) if tables::number(after) == number => Some(tables::values(after)),
        Some(_) | None => None,
    };
    let table = tables::table(number);
    let (condition, wanted) = tables::condition(&scan.prefix);
    let sql = table.scan(condition, after.is_some());
    let place = [
        Value::Blob(scan.mirror.0.as_bytes().to_vec()),
        Value::Integer(i64::from(scan.generation.0)),
        Value::Integer(i64::from(scan.bucket.0)),
    ];
    let limit = Value::Integer(i64::try_from(scan.limit).unwrap_or(i64::MAX));
    let values = place.into_iter().chain(wanted).chain(after.into_iter().flatten()).chain([limit]);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (mirror, generation, bucket) = (scan.mirror, scan.generation, scan.bucket);
        let key = Key { mirror, generation, bucket, row: tables::row_key(number, row)? };
        found.push((key, cells(table, row, table.key_len() - 3)?));
    }
    Ok(found)
}

/// The cells that begin at column `first`.
fn cells(table: &Table, row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Row> {
    let mut cells = Vec::with_capacity(table.cells.len());
    for (at, (column, _)) in table.cells.iter().enumerate() {
        if let Some(register) = register(row, first + 2 * at)? {
            cells.push((*column, register));
        }
    }
    Ok(Row { cells })
}

fn register(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<Register>> {
    let Some(version) = row.get::<_, Option<i64>>(at)? else { return Ok(None) };
    let bytes = Bytes::copy_from_slice(row.get_ref(at + 1)?.as_blob()?);
    Ok(Some(Register { version: Version(version), bytes }))
}
