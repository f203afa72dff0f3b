//! Lanes and control rows on SQLite: conditions in the log file's own transactions, one fsync with the appends.

use super::{Failure, SqliteLog};
use async_trait::async_trait;
use events::MirrorId;
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved};
use rusqlite::{Connection, OptionalExtension, Params};
use serde::de::DeserializeOwned;

/// The lane store in `log.db`.
#[derive(Clone)]
pub struct SqliteLanes {
    log: SqliteLog,
}

impl SqliteLanes {
    pub(super) fn new(log: SqliteLog) -> Self {
        Self { log }
    }

    async fn save_if<F>(&self, write: F) -> Saved
    where
        F: FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static,
    {
        match self.log.call(write).await {
            Ok(true) => Saved::Yes,
            Ok(false) => Saved::Fenced,
            // A commit whose fsync failed may still be found after a crash.
            Err(_) => Saved::Unknown,
        }
    }
}

#[async_trait]
impl Lanes for SqliteLanes {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        let key = (bytes(lane.mirror), lane.link.0 as i64);
        self.log.readers.read(move |connection| load(connection, LANE, key)).await
    }

    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        let Ok(encoded) = rmp_serde::to_vec(&row) else { return Saved::Unknown };
        self.save_if(move |connection| {
            let key = (bytes(lane.mirror), lane.link.0 as i64);
            let found: Option<Vec<u8>> =
                connection.prepare_cached(LANE)?.query_row(key, |row| row.get(0)).optional()?;
            // What cannot be read is not written over.
            let stored = found.map_or(Ok(LaneRow::default()), |row| rmp_serde::from_slice(&row));
            if !stored.is_ok_and(|stored| row.follows(&stored)) {
                return Ok(false);
            }
            let sql = "INSERT INTO lanes VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
                SET epoch = excluded.epoch, row = excluded.row";
            let values = (bytes(lane.mirror), lane.link.0 as i64, row.epoch as i64, encoded);
            connection.prepare_cached(sql)?.execute(values).map(|_| true)
        })
        .await
    }

    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        let found = self.log.readers.read(move |c| load(c, CONTROL, (bytes(mirror),))).await?;
        Ok(found.unwrap_or_default())
    }

    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        let (Ok(expected), Ok(absent), Ok(new)) =
            (rmp_serde::to_vec(&expected), rmp_serde::to_vec(&Control::default()), rmp_serde::to_vec(&new))
        else {
            return Saved::Unknown;
        };
        self.save_if(move |connection| {
            let found: Option<Vec<u8>> =
                connection.query_row(CONTROL, (bytes(mirror),), |row| row.get(0)).optional()?;
            if found.unwrap_or(absent) != expected {
                return Ok(false);
            }
            let sql = "INSERT INTO control VALUES (?1, ?2) ON CONFLICT DO UPDATE SET row = excluded.row";
            connection.prepare_cached(sql)?.execute((bytes(mirror), new)).map(|_| true)
        })
        .await
    }
}

const LANE: &str = "SELECT row FROM lanes WHERE mirror = ?1 AND link = ?2";
const CONTROL: &str = "SELECT row FROM control WHERE mirror = ?1";

fn bytes(mirror: MirrorId) -> [u8; 16] {
    mirror.0.into_bytes()
}

fn load<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    key: impl Params,
) -> Result<Option<T>, LanesError> {
    let found = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(key, |row| row.get::<_, Vec<u8>>(0)).optional())
        .map_err(Failure::from)?;
    let decoded = found.map(|row| rmp_serde::from_slice(&row)).transpose();
    decoded.map_err(|error| LanesError::Stopped(format!("a lane or control row is damaged: {error}")))
}
