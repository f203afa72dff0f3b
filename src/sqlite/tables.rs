//! The view tables as data: names, keys and cells, and the statements that follow from them.

use projections::{Column, Key, Prefix, RowKey};
use rusqlite::types::Value;
use rusqlite::{Row, Statement};
use std::fmt::Write;
use std::sync::LazyLock;

/// One view table.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    /// Key columns behind mirror, generation and bucket.
    keys: &'static [&'static str],
    /// Cells by [`Column`]; the version of `x` is called `x_v`.
    pub(super) cells: &'static [(Column, &'static str)],
}

/// Cells of one row at most.
pub(super) const CELLS_MAX: usize = 5;
/// View tables.
pub(super) const TABLES: usize = 5;
/// Rows that one statement writes: starting one, and finding its place from the root, costs more than a row.
pub(super) const ROWS_MAX: usize = 32;

static TABLE: [Table; TABLES] = [
    Table {
        name: "messages",
        keys: &["message"],
        cells: &[
            (Column::Created, "created"),
            (Column::Said, "said"),
            (Column::Decor, "decor"),
            (Column::Deleted, "deleted"),
            (Column::Thread, "thread"),
        ],
    },
    Table {
        name: "copies",
        keys: &["source", "link", "part", "copy"],
        cells: &[
            (Column::Shown, "shown"),
            (Column::Gone, "gone"),
            (Column::Refused, "refused"),
            (Column::Thread, "thread"),
        ],
    },
    Table { name: "revisions", keys: &["message", "version", "event"], cells: &[(Column::Value, "value")] },
    Table {
        name: "copy_index",
        keys: &["copy"],
        cells: &[(Column::Gone, "gone"), (Column::Source, "source")],
    },
    Table {
        name: "settings",
        keys: &["kind", "key"],
        cells: &[(Column::Value, "value"), (Column::Cut, "cut"), (Column::Restored, "restored")],
    },
];

/// The statements of one table.
pub(super) struct Statements {
    /// By the bits of the cells that are written: of one row, and of [`ROWS_MAX`].
    pub(super) upsert: Vec<[String; 2]>,
    /// One row's cells.
    pub(super) get: String,
}

/// The statements of all tables, by number.
pub(super) static STATEMENTS: LazyLock<[Statements; TABLES]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        let table = &TABLE[number];
        let masks = 0..1_usize << table.cells.len();
        let upsert = masks.map(|mask| [1, ROWS_MAX].map(|rows| table.upsert(mask, rows)));
        Statements { upsert: upsert.collect(), get: table.get() }
    })
});

/// The number of the table that holds such rows; also their order among each other.
pub(super) fn number(row: &RowKey) -> usize {
    match row {
        RowKey::Message(_) => 0,
        RowKey::Copy { .. } => 1,
        RowKey::Revision { .. } => 2,
        RowKey::CopyIndex(_) => 3,
        RowKey::Setting { .. } => 4,
    }
}

/// The number of the table that a scan reads.
pub(super) fn number_scanned(prefix: &Prefix) -> usize {
    match prefix {
        Prefix::Messages => 0,
        Prefix::Copies | Prefix::CopiesOf(_) | Prefix::CopiesIn(..) => 1,
        Prefix::Revisions | Prefix::RevisionsOf(_) => 2,
        Prefix::CopyIndex => 3,
        Prefix::Settings(_) | Prefix::SettingsOfName(_) | Prefix::RolesOf(_) => 4,
    }
}

/// The table of a number below [`TABLES`].
pub(super) fn table(number: usize) -> &'static Table {
    &TABLE[number]
}

impl Table {
    /// The place of a cell in the row.
    pub(super) fn cell(&self, column: Column) -> Option<usize> {
        self.cells.iter().position(|(cell, _)| *cell == column)
    }

    /// How many key columns, with mirror, generation and bucket.
    pub(super) fn key_len(&self) -> usize {
        3 + self.keys.len()
    }

    fn key_names(&self) -> String {
        format!("mirror, generation, bucket, {}", self.keys.join(", "))
    }

    fn cell_names(&self) -> String {
        let pairs: Vec<_> = self.cells.iter().map(|(_, name)| format!("{name}_v, {name}")).collect();
        pairs.join(", ")
    }

    /// Joins the cells of `mask` into each of some rows. `null`: no cell yet, to which everything is greater.
    fn upsert(&self, mask: usize, rows: usize) -> String {
        let cells =
            || self.cells.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0).map(|(_, c)| c.1);
        let wins = |x: &str| format!("({x}_v IS NULL OR (excluded.{x}_v, excluded.{x}) > ({x}_v, {x}))");
        let names: String = cells().fold(String::new(), |all, x| all + ", " + x + "_v, " + x);
        let set = |x: &str| {
            let one = |to: &str| format!("{to} = CASE WHEN {} THEN excluded.{to} ELSE {to} END", wins(x));
            format!("{}, {}", one(&format!("{x}_v")), one(x))
        };
        let sets: Vec<_> = cells().map(set).collect();
        let any: Vec<_> = cells().map(wins).collect();
        let marks = format!("({})", vec!["?"; self.key_len() + 2 * sets.len()].join(", "));
        let marks = vec![marks; rows].join(", ");
        // FAIL: a failed statement is rolled back with its transaction, so SQLite need not keep what it changes.
        let head = format!("INSERT OR FAIL INTO {} ({}{names}) VALUES {marks}", self.name, self.key_names());
        // The condition spares a row that is greater already from being written again.
        format!("{head} ON CONFLICT DO UPDATE SET {} WHERE {}", sets.join(", "), any.join(" OR "))
    }

    fn get(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|key| format!("{key} = ?")).collect();
        let place = "mirror = ? AND generation = ? AND bucket = ?";
        format!("SELECT {} FROM {} WHERE {place} AND {}", self.cell_names(), self.name, keys.join(" AND "))
    }

    /// Removes some rows of one (mirror, generation).
    pub(super) fn remove(&self) -> String {
        let (name, keys) = (self.name, self.key_names());
        format!(
            "DELETE FROM {name} WHERE ({keys}) IN (
                SELECT {keys} FROM {name} WHERE mirror = ?1 AND generation = ?2 LIMIT ?3)"
        )
    }

    /// Rows of a bucket in key order: key columns (without mirror, generation, bucket), then cells.
    pub(super) fn scan(&self, condition: &str, after: bool) -> String {
        let keys = self.keys.join(", ");
        let mut sql = format!(
            "SELECT {keys}, {} FROM {} WHERE mirror = ? AND generation = ? AND bucket = ?{condition}",
            self.cell_names(),
            self.name
        );
        if after {
            let marks = vec!["?"; self.keys.len()].join(", ");
            // Writing into a String cannot fail.
            let _ = write!(sql, " AND ({keys}) > ({marks})");
        }
        sql + " ORDER BY " + &keys + " LIMIT ?"
    }
}

/// What a prefix adds to a scan's conditions, with its values.
pub(super) fn condition(prefix: &Prefix) -> (&'static str, Vec<Value>) {
    let id = |id: u64| Value::Integer(id as i64);
    match prefix {
        Prefix::Messages | Prefix::Copies | Prefix::Revisions | Prefix::CopyIndex => ("", Vec::new()),
        Prefix::CopiesOf(source) => (" AND source = ?", vec![id(source.0)]),
        Prefix::CopiesIn(source, link) => (" AND source = ? AND link = ?", vec![id(source.0), id(link.0)]),
        Prefix::RevisionsOf(message) => (" AND message = ?", vec![id(message.0)]),
        Prefix::Settings(kind) => (" AND kind = ?", vec![id(*kind as u64)]),
        Prefix::SettingsOfName(hash) => keys_that_begin(projections::Kind::Name, *hash),
        Prefix::RolesOf(user) => keys_that_begin(projections::Kind::Role, user.0),
    }
}

fn keys_that_begin(kind: projections::Kind, number: u64) -> (&'static str, Vec<Value>) {
    // Longer than any key, for the number that has no next.
    const BEYOND_ALL: [u8; 256] = [0xff; 256];
    let next = number.checked_add(1).map_or(BEYOND_ALL.to_vec(), |next| next.to_be_bytes().to_vec());
    let values =
        vec![Value::Integer(kind as i64), Value::Blob(number.to_be_bytes().to_vec()), Value::Blob(next)];
    (" AND kind = ? AND key >= ? AND key < ?", values)
}

/// A row key's columns, as values.
pub(super) fn values(row: &RowKey) -> Vec<Value> {
    let id = |id: u64| Value::Integer(id as i64);
    match row {
        RowKey::Message(message) => vec![id(message.0)],
        RowKey::Copy { source, link, part, copy } => {
            vec![id(source.0), id(link.0), id(u64::from(*part)), id(copy.0)]
        }
        RowKey::Revision { message, version, event } => {
            vec![id(message.0), Value::Integer(version.0), Value::Blob(event.0.as_bytes().to_vec())]
        }
        RowKey::CopyIndex(copy) => vec![id(copy.0)],
        RowKey::Setting { kind, key } => vec![id(*kind as u64), Value::Blob(key.clone())],
    }
}

/// Binds a whole key to the parameters behind `at`, without the detour over [`Value`]: this is what loads are made of.
pub(super) fn bind_key(statement: &mut Statement<'_>, at: usize, key: &Key) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(at + 1, key.mirror.0.as_bytes().as_slice())?;
    statement.raw_bind_parameter(at + 2, key.generation.0)?;
    statement.raw_bind_parameter(at + 3, key.bucket.0)?;
    match &key.row {
        RowKey::Message(id) | RowKey::CopyIndex(id) => statement.raw_bind_parameter(at + 4, id.0 as i64),
        RowKey::Copy { source, link, part, copy } => {
            statement.raw_bind_parameter(at + 4, source.0 as i64)?;
            statement.raw_bind_parameter(at + 5, link.0 as i64)?;
            statement.raw_bind_parameter(at + 6, part)?;
            statement.raw_bind_parameter(at + 7, copy.0 as i64)
        }
        RowKey::Revision { message, version, event } => {
            statement.raw_bind_parameter(at + 4, message.0 as i64)?;
            statement.raw_bind_parameter(at + 5, version.0)?;
            statement.raw_bind_parameter(at + 6, event.0.as_bytes().as_slice())
        }
        RowKey::Setting { kind, key } => {
            statement.raw_bind_parameter(at + 4, *kind as u8)?;
            statement.raw_bind_parameter(at + 5, key.as_slice())
        }
    }
}

/// Reads back what [`Table::scan`] selects first: the row key of the table with this number.
pub(super) fn row_key(number: usize, row: &Row<'_>) -> rusqlite::Result<RowKey> {
    use events::{ChannelId, EventId, MessageId, Version};
    let id = |at: usize| row.get::<_, i64>(at).map(|id| id as u64);
    Ok(match number {
        0 => RowKey::Message(MessageId(id(0)?)),
        1 => RowKey::Copy {
            source: MessageId(id(0)?),
            link: ChannelId(id(1)?),
            part: row.get(2)?,
            copy: MessageId(id(3)?),
        },
        2 => RowKey::Revision {
            message: MessageId(id(0)?),
            version: Version(row.get(1)?),
            event: EventId(uuid::Uuid::from_bytes(row.get(2)?)),
        },
        3 => RowKey::CopyIndex(MessageId(id(0)?)),
        _ => RowKey::Setting { kind: kind(row)?, key: row.get(1)? },
    })
}

fn kind(row: &Row<'_>) -> rusqlite::Result<projections::Kind> {
    let number = row.get(0)?;
    projections::Kind::from_u8(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(0, i64::from(number)))
}
