//! Writing views: changes to statements.

use crate::sqlite::Failure;
use crate::sqlite::tables::{self, CELLS_MAX, ROWS_MAX, STATEMENTS, TABLES};
use events::MirrorId;
use projections::views::Position;
use projections::{Change, Generation, Key, Register};
use rusqlite::{CachedStatement, Connection, Statement};

/// Joins `changes` into their rows. Sorted first: rows that lie together are written together, many cells of one
/// row are one row of a statement, and many rows one statement.
pub(super) fn join(connection: &Connection, mut changes: Vec<Change>) -> Result<(), Failure> {
    changes.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    let mut upserts = Upserts { connection, slots: Default::default() };
    for row in changes.chunk_by(|one, other| one.key == other.key) {
        upserts.add(&row[0].key, joined(row)?)?;
    }
    Ok(upserts.finish()?)
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

/// Rows on their way, by table and cells written.
struct Upserts<'c, 'r> {
    connection: &'c Connection,
    slots: [[Slot<'c, 'r>; 1 << CELLS_MAX]; TABLES],
}

#[derive(Default)]
struct Slot<'c, 'r> {
    /// Rows that wait for company.
    rows: Vec<(&'r Key, Cells<'r>)>,
    /// Of [`ROWS_MAX`] rows, looked up once.
    many: Option<CachedStatement<'c>>,
}

impl<'r> Upserts<'_, 'r> {
    fn add(&mut self, key: &'r Key, cells: Cells<'r>) -> rusqlite::Result<()> {
        let mask = (0..CELLS_MAX).filter(|at| cells[*at].is_some()).fold(0, |mask, at| mask | 1 << at);
        let table = tables::number(&key.row);
        let Slot { rows, many } = &mut self.slots[table][mask];
        rows.push((key, cells));
        if rows.len() < ROWS_MAX {
            return Ok(());
        }
        let statement = match many {
            Some(statement) => statement,
            None => many.insert(self.connection.prepare_cached(&STATEMENTS[table].upsert[mask][1])?),
        };
        write(statement, rows)?;
        rows.clear();
        Ok(())
    }

    /// What is left goes one by one: a short commit has no more.
    fn finish(self) -> rusqlite::Result<()> {
        for (table, slots) in self.slots.iter().enumerate() {
            for (mask, slot) in slots.iter().enumerate().filter(|(_, slot)| !slot.rows.is_empty()) {
                let mut one = self.connection.prepare_cached(&STATEMENTS[table].upsert[mask][0])?;
                slot.rows.chunks(1).try_for_each(|row| write(&mut one, row))?;
            }
        }
        Ok(())
    }
}

fn write(statement: &mut Statement<'_>, rows: &[(&Key, Cells<'_>)]) -> rusqlite::Result<()> {
    let mut at = 0;
    for (key, cells) in rows {
        tables::bind_key(statement, at, key)?;
        at += tables::table(tables::number(&key.row)).key_len();
        for register in cells.iter().flatten() {
            statement.raw_bind_parameter(at + 1, register.version.0)?;
            statement.raw_bind_parameter(at + 2, register.bytes.as_ref())?;
            at += 2;
        }
    }
    statement.raw_execute().map(|_| ())
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
