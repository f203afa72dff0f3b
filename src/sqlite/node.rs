//! What belongs to this node alone: its name, gateway sessions, dead letters.

use super::{Failure, SqliteLog};
use events::{ChannelId, MessageId, NodeId, Version};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The state in `log.db`. Writes share the log's group commit and are durable when they return.
#[derive(Clone)]
pub struct NodeState {
    log: SqliteLog,
}

/// What a shard resumes with.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Session {
    /// Discord's session id.
    pub session: String,
    /// Sequence of the last frame whose events are durable.
    pub seq: u64,
    /// Where to resume.
    pub resume_url: String,
    /// When the last of those frames came.
    #[serde(default)]
    pub heard: Version,
    /// Since when something is missing that a gap fill still has to read, or zero: nothing is.
    #[serde(default)]
    pub lost: Version,
    /// Up to where that is to be read. In a directory it is written by itself: [`NodeState::save_bounds`].
    #[serde(default)]
    pub bounds: Bounds,
}

/// The last message of each linked channel before live frames began, as far as Discord told (0: there was none). Shared,
/// because every place in a session has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "BTreeMap<ChannelId, MessageId>", into = "BTreeMap<ChannelId, MessageId>")]
pub struct Bounds(Arc<BTreeMap<ChannelId, MessageId>>);

impl From<BTreeMap<ChannelId, MessageId>> for Bounds {
    fn from(bounds: BTreeMap<ChannelId, MessageId>) -> Self {
        Self(Arc::new(bounds))
    }
}

impl From<Bounds> for BTreeMap<ChannelId, MessageId> {
    fn from(bounds: Bounds) -> Self {
        Arc::unwrap_or_clone(bounds.0)
    }
}

impl Bounds {
    /// Of one channel.
    #[must_use]
    pub fn of(&self, channel: ChannelId) -> Option<MessageId> {
        self.0.get(&channel).copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (ChannelId, MessageId)> + '_ {
        self.0.iter().map(|(channel, newest)| (*channel, *newest))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes more in.
    pub fn add(&mut self, more: &BTreeMap<ChannelId, MessageId>) {
        Arc::make_mut(&mut self.0).extend(more);
    }
}

/// A payload that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Its number; later ones are greater.
    pub id: u64,
    /// When it was put aside.
    pub at: Version,
    /// Why.
    pub why: String,
    /// Where it came from or was going, for people.
    pub place: String,
    /// The bytes.
    pub payload: Vec<u8>,
}

impl NodeState {
    /// Dead letters in one page at most.
    pub const DEAD_PAGE_MAX: usize = 256;

    pub(super) fn new(log: SqliteLog) -> Self {
        Self { log }
    }

    /// Keeps a shard's session, in place of an older one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn save_session(&self, shard: u32, session: Session) -> Result<(), Failure> {
        self.execute(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
                SET session = excluded.session, seq = excluded.seq, resume_url = excluded.resume_url,
                    heard = excluded.heard, lost = excluded.lost",
            (shard, session.session, session.seq as i64, session.resume_url, session.heard.0, session.lost.0),
        )
        .await
    }

    /// A shard's session, if it can be resumed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn load_session(&self, shard: u32) -> Result<Option<Session>, Failure> {
        let sql = "SELECT session, seq, resume_url, heard, lost, (
                SELECT json_group_object(channel, newest) FROM bounds WHERE bounds.shard = sessions.shard
            ) FROM sessions WHERE shard = ?1";
        let session = |row: &Row<'_>| {
            let seq = row.get::<_, i64>(1)? as u64;
            let (heard, lost) = (Version(row.get(3)?), Version(row.get(4)?));
            let bounds = serde_json::from_str(&row.get::<_, String>(5)?).unwrap_or_default();
            Ok(Session { session: row.get(0)?, seq, resume_url: row.get(2)?, heard, lost, bounds })
        };
        self.read(move |connection| connection.query_row(sql, [shard], session).optional()).await
    }

    /// Keeps up to where channels of a shard are to be read again, in place of what was kept of the same.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn save_bounds(
        &self,
        shard: u32,
        bounds: &BTreeMap<ChannelId, MessageId>,
    ) -> Result<(), Failure> {
        let pairs: Vec<_> = bounds.iter().map(|(channel, newest)| [channel.0, newest.0]).collect();
        self.execute(
            "INSERT OR REPLACE INTO bounds
                SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?2)",
            (shard, serde_json::json!(pairs).to_string()),
        )
        .await
    }

    /// Forgets them all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn clear_bounds(&self, shard: u32) -> Result<(), Failure> {
        self.execute("DELETE FROM bounds WHERE shard = ?1", (shard,)).await
    }

    /// Forgets a shard's session: Discord has.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn clear_session(&self, shard: u32) -> Result<(), Failure> {
        self.execute("DELETE FROM sessions WHERE shard = ?1", (shard,)).await
    }

    /// Puts a payload aside.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn put_dead(
        &self,
        at: Version,
        why: String,
        place: String,
        payload: Vec<u8>,
    ) -> Result<(), Failure> {
        self.execute(
            "INSERT INTO dead (at, why, place, payload) VALUES (?1, ?2, ?3, ?4)",
            (at.0, why, place, payload),
        )
        .await
    }

    /// Dead letters after number `after` (0: all), oldest first, at most [`Self::DEAD_PAGE_MAX`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn dead_after(&self, after: u64) -> Result<Vec<Dead>, Failure> {
        let sql = "SELECT id, at, why, place, payload FROM dead WHERE id > ?1 ORDER BY id LIMIT ?2";
        let range = (after as i64, Self::DEAD_PAGE_MAX as i64);
        self.read(move |connection| connection.prepare(sql)?.query_map(range, dead)?.collect()).await
    }

    /// How many dead letters there are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn dead_count(&self) -> Result<u64, Failure> {
        let count = |row: &Row<'_>| row.get::<_, i64>(0).map(|count| count as u64);
        self.read(move |connection| connection.query_row("SELECT count(*) FROM dead", [], count)).await
    }

    /// A value that this node keeps under a name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn value(&self, name: &str) -> Result<Option<String>, Failure> {
        let name = name.to_owned();
        self.read(move |connection| value(connection, &name)).await
    }

    /// Keeps a value under a name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn set_value(&self, name: &str, value: &str) -> Result<(), Failure> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.log.call(move |connection| set_value(connection, &name, &value)).await
    }

    async fn execute(
        &self,
        sql: &'static str,
        values: impl rusqlite::Params + Send + 'static,
    ) -> Result<(), Failure> {
        self.log.call(move |connection| connection.prepare_cached(sql)?.execute(values).map(|_| ())).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.log.readers.read(move |connection| read(connection).map_err(Failure::from)).await
    }
}

fn dead(row: &Row<'_>) -> rusqlite::Result<Dead> {
    Ok(Dead {
        id: row.get::<_, i64>(0)? as u64,
        at: Version(row.get(1)?),
        why: row.get(2)?,
        place: row.get(3)?,
        payload: row.get(4)?,
    })
}

/// The node's name: the one given, else the one kept, else a new one; kept from now on.
pub(super) fn name(connection: &Connection, given: Option<NodeId>) -> rusqlite::Result<NodeId> {
    const NAME: &str = "name";
    let kept = value(connection, NAME)?.and_then(|kept| kept.parse().ok());
    let name = given.or(kept).unwrap_or_else(generated);
    if kept != Some(name) {
        set_value(connection, NAME, name.as_str())?;
    }
    Ok(name)
}

/// `node-` and 8 random hexadecimal digits.
fn generated() -> NodeId {
    let random = Uuid::new_v4().simple().to_string();
    format!("node-{}", &random[..8]).parse().unwrap_or_default()
}

fn value(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM node WHERE name = ?1", [name], |row| row.get(0)).optional()
}

fn set_value(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO node VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    connection.execute(sql, (name, value)).map(|_| ())
}
