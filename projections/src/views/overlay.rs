//! Views as they will be: joined with receipts that are on the log and not folded yet.
//!
//! Registers join, so reading through an overlay gives exactly what the views give once they have folded
//! the same events. A lane plans a message over its own last receipt this way without waiting for it.

use super::{Follower, Mark, Position, Scan, Views, ViewsError};
use crate::change::{Change, Row};
use crate::key::{Generation, Key};
use crate::project::project;
use async_trait::async_trait;
use events::Event;
use std::collections::BTreeMap;

/// A read-only view of views and some events more.
pub struct Overlay<'a> {
    views: &'a dyn Views,
    rows: BTreeMap<Key, Row>,
}

impl<'a> Overlay<'a> {
    /// `views`, joined with what `events` change in `generation`.
    pub fn new(
        views: &'a dyn Views,
        generation: Generation,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Self {
        let mut changes = Vec::new();
        events.into_iter().for_each(|event| project(event, generation, &mut changes));
        let mut rows = BTreeMap::<Key, Row>::new();
        for Change { key, column, register } in changes {
            rows.entry(key).or_default().join(column, register);
        }
        Self { views, rows }
    }

    /// Whether the views hold all of it already.
    ///
    /// # Errors
    /// When the views do not answer.
    pub async fn is_folded(&self) -> Result<bool, ViewsError> {
        let keys: Vec<Key> = self.rows.keys().cloned().collect();
        let rows = self.views.get(&keys).await?;
        let adds = |(mut row, more): (Row, &Row)| join(&mut row, more);
        Ok(!rows.into_iter().zip(self.rows.values()).any(adds))
    }

    fn joined(&self, key: &Key, mut row: Row) -> Row {
        if let Some(more) = self.rows.get(key) {
            join(&mut row, more);
        }
        row
    }
}

fn join(row: &mut Row, more: &Row) -> bool {
    more.cells
        .iter()
        .fold(false, |changed, (column, register)| row.join(*column, register.clone()) || changed)
}

#[async_trait]
impl Views for Overlay<'_> {
    async fn commit(&self, _changes: Vec<Change>, _position: Option<Position>) -> Result<(), ViewsError> {
        Err(ViewsError::Stopped("an overlay is only read".to_owned()))
    }

    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.views.position(follower).await
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        let rows = self.views.get(keys).await?;
        Ok(keys.iter().zip(rows).map(|(key, row)| self.joined(key, row)).collect())
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        let page = self.views.scan(scan.clone()).await?;
        let full = page.len() >= scan.limit;
        let end = page.last().filter(|_| full).map(|(key, _)| key.row.clone());
        let meant = |key: &Key| {
            (key.mirror, key.generation, key.bucket) == (scan.mirror, scan.generation, scan.bucket)
                && scan.prefix.holds(&key.row)
                && scan.after.as_ref().is_none_or(|after| key.row > *after)
                && end.as_ref().is_none_or(|end| key.row <= *end)
        };
        let more =
            self.rows.iter().filter(|(key, _)| meant(key)).map(|(key, _)| (key.clone(), Row::default()));
        let mut rows: BTreeMap<Key, Row> = more.collect();
        rows.extend(page);
        // A full page may grow by what is joined in: paging goes by its last key and misses nothing.
        Ok(rows.into_iter().map(|(key, row)| (key.clone(), self.joined(&key, row))).collect())
    }
}
