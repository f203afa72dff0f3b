//! Views on CQL: batches of one partition each, then the position.

mod read;
mod write;

use super::Failure;
use super::link::Link;
use super::statements::Statement;
use super::value::Value;
use async_trait::async_trait;
use events::{EventId, Offset};
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError};
use projections::{Change, Key, Row};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests of one store under way at once. More only wait in the server's own queues.
const REQUESTS_MAX: usize = 128;

/// The views. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CqlViews {
    link: Arc<Link>,
    bounds: Arc<Bounds>,
}

/// What a store may have under way, over all its callers.
#[derive(Debug)]
struct Bounds {
    requests: Semaphore,
    /// In units of [`write::UNIT_BYTES`].
    bytes: Semaphore,
}

impl CqlViews {
    pub(super) fn new(link: Arc<Link>) -> Self {
        let bounds =
            Bounds { requests: Semaphore::new(REQUESTS_MAX), bytes: Semaphore::new(write::UNITS_MAX) };
        Self { link, bounds: Arc::new(bounds) }
    }

    async fn ring(&self, follower: &Follower) -> Result<Vec<Mark>, Failure> {
        let page = self.link.call(Statement::LoadPosition, &place(follower)).await?;
        let mut ring = None;
        page.read(|mut columns| columns.blob().map(|bytes| ring = Some(bytes)))?;
        let Some(ring) = ring else { return Ok(Vec::new()) };
        let marks: Vec<(u64, EventId)> = rmp_serde::from_slice(&ring)
            .map_err(|error| Failure::Stopped(format!("the ring of {follower:?} is damaged: {error}")))?;
        Ok(marks.into_iter().map(|(offset, event)| Mark { offset: Offset(offset), event }).collect())
    }

    async fn record(&self, position: &Position, ring: &[Mark]) -> Result<(), Failure> {
        let marks: Vec<(u64, EventId)> =
            next_ring(ring, position.mark).map(|mark| (mark.offset.0, mark.event)).collect();
        let encoded = rmp_serde::to_vec(&marks).map_err(|error| Failure::Stopped(error.to_string()))?;
        let [partition, name] = place(&position.follower);
        let values = [Value::Blob(encoded.into()), partition, name];
        self.link.call(Statement::SavePosition, &values).await.map(drop)
    }
}

/// The ring with a mark in front; a rewind drops those at or beyond it.
fn next_ring(ring: &[Mark], mark: Mark) -> impl Iterator<Item = Mark> {
    let before = ring.iter().copied().filter(move |old| old.offset < mark.offset);
    std::iter::once(mark).chain(before).take(Position::RING)
}

fn place(follower: &Follower) -> [Value; 2] {
    [Value::Int(i32::from(follower.partition.0)), Value::Text(follower.name.clone())]
}

#[async_trait]
impl Views for CqlViews {
    /// The ring is read while the changes are written. Whoever else writes it says something true as well: what it
    /// names was folded.
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        let Some(position) = position else { return Ok(self.join(changes).await?) };
        let ((), ring) = tokio::try_join!(self.join(changes), self.ring(&position.follower))?;
        Ok(self.record(&position, &ring).await?)
    }

    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        Ok(self.ring(follower).await?)
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        Ok(self.rows(keys).await?)
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        Ok(self.pages(&scan).await?)
    }
}
