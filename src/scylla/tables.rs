//! The view tables as data: names, keys and cells, and how a row's key is written and read.

use super::value::{Columns, Value};
use bytes::Bytes;
use events::{ChannelId, EventId, MessageId, Version};
use projections::{Column, Key, Kind, Prefix, RowKey};
use scylla::errors::DeserializationError;
use uuid::Uuid;

/// One view table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// Key columns behind mirror, generation and bucket.
    pub(super) keys: &'static [&'static str],
    /// Its cells, by [`Column`].
    pub(super) cells: &'static [(Column, &'static str)],
    /// How many leading key columns a prefix may fix.
    pub(super) leads_max: usize,
}

/// The columns of every view's partition key.
pub(super) const PARTITION: [&str; 3] = ["mirror", "generation", "bucket"];
/// The number of the settings, which are scanned by ranges of keys.
pub(super) const SETTINGS: usize = 4;

/// All of them, in the order of their rows.
pub(super) static TABLES: [Table; 5] = [
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
        leads_max: 0,
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
        leads_max: 2,
    },
    Table {
        name: "revisions",
        keys: &["message", "version", "event"],
        cells: &[(Column::Value, "value")],
        leads_max: 1,
    },
    Table {
        name: "copy_index",
        keys: &["copy"],
        cells: &[(Column::Gone, "gone"), (Column::Source, "source")],
        leads_max: 0,
    },
    Table {
        name: "settings",
        keys: &["kind", "key"],
        cells: &[(Column::Value, "value"), (Column::Cut, "cut"), (Column::Restored, "restored")],
        leads_max: 0,
    },
];

impl Table {
    /// The place of a cell in the row.
    pub(super) fn cell(&self, column: Column) -> Option<usize> {
        self.cells.iter().position(|(cell, _)| *cell == column)
    }
}

/// The number of the table that holds such rows; also their order among each other.
pub(super) const fn number(row: &RowKey) -> usize {
    match row {
        RowKey::Message(_) => 0,
        RowKey::Copy { .. } => 1,
        RowKey::Revision { .. } => 2,
        RowKey::CopyIndex(_) => 3,
        RowKey::Setting { .. } => SETTINGS,
    }
}

/// The number of the table that a scan reads.
pub(super) const fn number_scanned(prefix: &Prefix) -> usize {
    match prefix {
        Prefix::Messages => 0,
        Prefix::Copies | Prefix::CopiesOf(_) | Prefix::CopiesIn(..) => 1,
        Prefix::Revisions | Prefix::RevisionsOf(_) => 2,
        Prefix::CopyIndex => 3,
        Prefix::Settings(_) | Prefix::SettingsOfName(_) | Prefix::RolesOf(_) => SETTINGS,
    }
}

/// The values of [`PARTITION`].
pub(super) fn partition(key: &Key) -> [Value; 3] {
    let (generation, bucket) = (i64::from(key.generation.0), i64::from(key.bucket.0));
    [Value::Uuid(key.mirror.0), Value::Big(generation), Value::Big(bucket)]
}

/// The values of a row's own key columns.
pub(super) fn row(row: &RowKey) -> Vec<Value> {
    match row {
        RowKey::Message(id) | RowKey::CopyIndex(id) => vec![Value::id(id.0)],
        RowKey::Copy { source, link, part, copy } => {
            vec![Value::id(source.0), Value::id(link.0), Value::Int(i32::from(*part)), Value::id(copy.0)]
        }
        RowKey::Revision { message, version, event } => {
            let event = Bytes::copy_from_slice(event.0.as_bytes());
            vec![Value::id(message.0), Value::Big(version.0), Value::Blob(event)]
        }
        RowKey::Setting { kind, key } => setting(*kind, key),
    }
}

/// The key columns of a setting.
pub(super) fn setting(kind: Kind, key: &[u8]) -> Vec<Value> {
    vec![Value::Int(i32::from(kind as u8)), Value::Blob(Bytes::copy_from_slice(key))]
}

/// Reads back what a scan of the table with this number selects first. `None`: no row of ours.
pub(super) fn read_row(
    number: usize,
    columns: &mut Columns<'_, '_>,
) -> Result<Option<RowKey>, DeserializationError> {
    Ok(Some(match number {
        0 => RowKey::Message(MessageId(columns.id()?)),
        1 => {
            let (source, link) = (MessageId(columns.id()?), ChannelId(columns.id()?));
            let Ok(part) = u16::try_from(columns.int()?) else { return Ok(None) };
            RowKey::Copy { source, link, part, copy: MessageId(columns.id()?) }
        }
        2 => {
            let (message, version) = (MessageId(columns.id()?), Version(columns.big()?));
            let Ok(event) = Uuid::from_slice(&columns.blob()?) else { return Ok(None) };
            RowKey::Revision { message, version, event: EventId(event) }
        }
        3 => RowKey::CopyIndex(MessageId(columns.id()?)),
        _ => {
            let kind = u8::try_from(columns.int()?).ok().and_then(Kind::from_u8);
            let key = columns.blob()?.to_vec();
            return Ok(kind.map(|kind| RowKey::Setting { kind, key }));
        }
    }))
}
