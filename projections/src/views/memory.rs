//! Views in memory: the model that the engines are compared with.

use super::{Follower, Mark, Position, Scan, Views, ViewsError};
use crate::change::{Change, Row};
use crate::key::{Key, Prefix, RowKey};
use async_trait::async_trait;
use events::{ChannelId, EventId, MessageId, Version};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Views in memory. A commit is atomic, and as durable as the process.
#[derive(Debug, Default)]
pub struct MemoryViews {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    rows: BTreeMap<Key, Row>,
    positions: BTreeMap<Follower, Vec<Mark>>,
}

impl MemoryViews {
    /// Views without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are, of all mirrors and builds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables().rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A panic elsewhere leaves the tables whole: each change is one join.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Views for MemoryViews {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        let mut tables = self.tables();
        for Change { key, column, register } in changes {
            tables.rows.entry(key).or_default().join(column, register);
        }
        if let Some(Position { follower, mark }) = position {
            record(tables.positions.entry(follower).or_default(), mark);
        }
        Ok(())
    }

    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        Ok(self.tables().positions.get(follower).cloned().unwrap_or_default())
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        let tables = self.tables();
        Ok(keys.iter().map(|key| tables.rows.get(key).cloned().unwrap_or_default()).collect())
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        let Scan { mirror, generation, bucket, prefix, after, limit } = scan;
        let start = start(prefix).max(after.clone().unwrap_or(RowKey::Message(MessageId(0))));
        let from = Key { mirror, generation, bucket, row: start };
        let inside = |key: &Key| {
            (key.mirror, key.generation, key.bucket) == (mirror, generation, bucket) && prefix.holds(&key.row)
        };
        let tables = self.tables();
        let behind = |key: &Key| after.as_ref().is_none_or(|after| key.row > *after);
        let rows = tables.rows.range(from..).skip_while(|(key, _)| !behind(key));
        let rows = rows.take_while(|(key, _)| inside(key)).take(limit);
        Ok(rows.map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}

/// Puts `mark` in front; see [`Position`].
fn record(ring: &mut Vec<Mark>, mark: Mark) {
    ring.retain(|old| old.offset < mark.offset);
    ring.insert(0, mark);
    ring.truncate(Position::RING);
}

/// The least row that `prefix` can hold: what it holds lies in one piece from there.
fn start(prefix: Prefix) -> RowKey {
    let copies = |source, link| RowKey::Copy { source, link, part: 0, copy: MessageId(0) };
    let revisions =
        |message| RowKey::Revision { message, version: Version(i64::MIN), event: EventId::default() };
    let setting = |kind, key: &[u8]| RowKey::Setting { kind, key: key.to_vec() };
    match prefix {
        Prefix::Messages => RowKey::Message(MessageId(0)),
        Prefix::Copies => copies(MessageId(0), ChannelId(0)),
        Prefix::CopiesOf(source) => copies(source, ChannelId(0)),
        Prefix::CopiesIn(source, link) => copies(source, link),
        Prefix::Revisions => revisions(MessageId(0)),
        Prefix::RevisionsOf(message) => revisions(message),
        Prefix::CopyIndex => RowKey::CopyIndex(MessageId(0)),
        Prefix::Settings(kind) => setting(kind, &[]),
        Prefix::SettingsOfName(hash) => setting(crate::key::Kind::Name, &hash.to_be_bytes()),
        Prefix::RolesOf(user) => setting(crate::key::Kind::Role, &user.0.to_be_bytes()),
    }
}
