//! Leases on SQLite: conditions in the log file's own transactions, one fsync with the appends.

use super::{Failure, SqliteLog};
use async_trait::async_trait;
use bytes::Bytes;
use projections::lanes::{LanesError, Saved};
use projections::leases::{Holder, LeaseName, LeaseRow, Leases};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

/// The leases in `log.db`.
#[derive(Clone)]
pub struct SqliteLeases {
    log: SqliteLog,
}

impl SqliteLeases {
    pub(super) fn new(log: SqliteLog) -> Self {
        Self { log }
    }
}

#[async_trait]
impl Leases for SqliteLeases {
    async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
        self.log.readers.read(all).await
    }

    async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
        self.log.readers.read(move |connection| load(connection, name)).await
    }

    async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved {
        match self.log.call(move |connection| save(connection, name, &row)).await {
            Ok(true) => Saved::Yes,
            Ok(false) => Saved::Fenced,
            // A commit whose fsync failed may still be found after a crash.
            Err(_) => Saved::Unknown,
        }
    }
}

fn all(connection: &Connection) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
    let mut statement = connection
        .prepare_cached("SELECT rev, epoch, node, home, note, name FROM leases ORDER BY name")
        .map_err(Failure::from)?;
    let mut rows = statement.query([]).map_err(Failure::from)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(Failure::from)? {
        // A name that this program does not know is a newer one's.
        if let Ok(name) = row.get::<_, String>(5).map_err(Failure::from)?.parse() {
            found.push((name, stored(row).map_err(Failure::from)?.row()?));
        }
    }
    Ok(found)
}

fn load(connection: &Connection, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
    let found = connection
        .prepare_cached("SELECT rev, epoch, node, home, note FROM leases WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name.to_string()], stored).optional())
        .map_err(Failure::from)?;
    found.map(Stored::row).transpose()
}

fn save(connection: &Connection, name: LeaseName, row: &LeaseRow) -> rusqlite::Result<bool> {
    let name = name.to_string();
    let rev: Option<i64> = connection
        .prepare_cached("SELECT rev FROM leases WHERE name = ?1")?
        .query_row([&name], |row| row.get(0))
        .optional()?;
    if !row.follows(rev.unwrap_or(0) as u64) {
        return Ok(false);
    }
    let node = row.holder.as_ref().map(|holder| holder.node.as_str());
    let home = row.holder.map(|holder| holder.home.into_bytes());
    let values = (name, row.rev as i64, row.epoch as i64, node, home, row.note.as_ref());
    connection.prepare_cached("REPLACE INTO leases VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(values)?;
    Ok(true)
}

/// A row as the file has it.
struct Stored {
    rev: i64,
    epoch: i64,
    node: Option<String>,
    home: Option<[u8; 16]>,
    note: Vec<u8>,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        rev: row.get(0)?,
        epoch: row.get(1)?,
        node: row.get(2)?,
        home: row.get(3)?,
        note: row.get(4)?,
    })
}

impl Stored {
    fn row(self) -> Result<LeaseRow, LanesError> {
        Ok(LeaseRow {
            rev: self.rev as u64,
            epoch: self.epoch as u64,
            holder: holder(self.node, self.home)?,
            note: Bytes::from(self.note),
        })
    }
}

fn holder(node: Option<String>, home: Option<[u8; 16]>) -> Result<Option<Holder>, LanesError> {
    let (Some(node), Some(home)) = (node, home) else { return Ok(None) };
    let node = node.parse().map_err(|error| LanesError::Stopped(format!("a lease is damaged: {error}")))?;
    Ok(Some(Holder { node, home: Uuid::from_bytes(home) }))
}
