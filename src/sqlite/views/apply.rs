//! Writing views: changes to statements.

use crate::sqlite::Failure;
use crate::sqlite::tables::{self, CELLS_MAX, STATEMENTS, TABLES};
use events::MirrorId;
use projections::views::Position;
use projections::{Change, Generation, Key, Register};
use rusqlite::{CachedStatement, Connection};

/// Joins `changes` into their rows. Sorted first: rows that lie together are written together, and many cells
/// of one row are one statement.
pub(super) fn join(connection: &Connection, mut changes: Vec<Change>) -> Result<(), Failure> {
    changes.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let mut upserts = Upserts::new(connection);
    for row in changes.chunk_by(|one, other| one.key == other.key) {
        upserts.write(&row[0].key, joined(row)?)?;
    }
    Ok(())
}

/// The cells of one row.
type Cells<'a> = [Option<&'a Register>; CELLS_MAX];

/// The greatest register of each cell.
fn joined(changes: &[Change]) -> Result<Cells<'_>, Failure> {
    let table = tables::table(tables::number(&changes[0].key.row));
    let mut cells = [None; CELLS_MAX];
    for Change { key, column, register } in changes {
        let at = table.cell(*column);
        let at = at.ok_or_else(|| Failure::Stopped(format!("{:?} has no cell {column:?}", key.row)))?;
        cells[at] = cells[at].max(Some(register));
    }
    Ok(cells)
}

/// Statements by table and cells written, looked up once each.
struct Upserts<'c> {
    connection: &'c Connection,
    statements: [[Option<CachedStatement<'c>>; 1 << CELLS_MAX]; TABLES],
}

impl<'c> Upserts<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self { connection, statements: Default::default() }
    }

    fn write(&mut self, key: &Key, cells: Cells<'_>) -> rusqlite::Result<()> {
        let mask = (0..CELLS_MAX).filter(|at| cells[*at].is_some()).fold(0, |mask, at| mask | 1 << at);
        let table = tables::number(&key.row);
        let slot = &mut self.statements[table][mask];
        let statement = match slot {
            Some(statement) => statement,
            None => slot.insert(self.connection.prepare_cached(&STATEMENTS[table].upsert[mask])?),
        };
        tables::bind_key(statement, key)?;
        let mut at = tables::table(table).key_len();
        for register in cells.into_iter().flatten() {
            statement.raw_bind_parameter(at + 1, register.version.0)?;
            statement.raw_bind_parameter(at + 2, register.bytes.as_ref())?;
            at += 2;
        }
        statement.raw_execute().map(|_| ())
    }
}

/// Puts a mark in front of a follower's ring; a rewind drops those beyond it.
pub(super) fn record(connection: &Connection, position: &Position) -> rusqlite::Result<()> {
    let Position { follower, mark } = position;
    let (partition, name, offset) = (follower.partition.0, follower.name.as_str(), mark.offset.0 as i64);
    connection
        .prepare_cached("DELETE FROM positions WHERE partition = ?1 AND follower = ?2 AND offset >= ?3")?
        .execute((partition, name, offset))?;
    connection.prepare_cached("INSERT INTO positions VALUES (?1, ?2, ?3, ?4)")?.execute((
        partition,
        name,
        offset,
        mark.event.0.as_bytes().as_slice(),
    ))?;
    connection
        .prepare_cached(
            "DELETE FROM positions WHERE partition = ?1 AND follower = ?2 AND offset <= (
                SELECT offset FROM positions WHERE partition = ?1 AND follower = ?2
                ORDER BY offset DESC LIMIT 1 OFFSET ?3)",
        )?
        .execute((partition, name, Position::RING as i64))?;
    Ok(())
}

/// Removes at most `limit` rows of a build; says how many.
pub(super) fn remove(
    connection: &Connection,
    mirror: MirrorId,
    generation: Generation,
    limit: usize,
) -> rusqlite::Result<usize> {
    let mut removed = 0;
    for number in 0..TABLES {
        let sql = tables::table(number).remove();
        let mirror = mirror.0.as_bytes().as_slice();
        let rest = (limit - removed) as i64;
        removed += connection.prepare_cached(&sql)?.execute((mirror, generation.0, rest))?;
    }
    Ok(removed)
}
