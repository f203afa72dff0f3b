//! Writing views: changes to batches of one partition.
//!
//! A batch of 10 to 50 writes to one partition is one mutation and five times as fast as single writes; a batch over
//! several partitions is slower than those. So changes are grouped by partition, over its tables, and the groups are
//! written at once, each by a replica of its partition.

use super::CqlViews;
use crate::scylla::Failure;
use crate::scylla::link::Write;
use crate::scylla::statements::Statement;
use crate::scylla::tables::{self, TABLES};
use crate::scylla::value::Value;
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::{Change, Key};

/// Writes of one batch.
const BATCH_WRITES_MAX: usize = 50;
/// Bytes of one batch, unless one value alone has more. ScyllaDB refuses batches over several tables past 1 MiB.
const BATCH_BYTES_MAX: usize = 64 * 1024;
/// Batches of one commit under way at once.
const BATCHES_MAX: usize = 32;
/// What a write takes besides its value, about.
const WRITE_BYTES_TYPICAL: usize = 96;
/// The unit in which bytes under way are counted.
pub(super) const UNIT_BYTES: usize = 1024;
/// Units under way at once, over all callers: 16 MiB.
pub(super) const UNITS_MAX: usize = 16 * 1024;

impl CqlViews {
    /// Joins changes into their cells. Not atomic: what was written before a failure stays, and is joined again.
    pub(super) async fn join(&self, changes: Vec<Change>) -> Result<(), Failure> {
        let batches = batches(joined(changes))?;
        let write = |batch| self.write(batch);
        stream::iter(batches).map(write).buffer_unordered(BATCHES_MAX).try_collect().await
    }

    async fn write(&self, batch: Batch) -> Result<(), Failure> {
        let closed = |_| Failure::Stopped("the store is closed".to_owned());
        let units = batch.bytes.div_ceil(UNIT_BYTES).clamp(1, UNITS_MAX);
        let _bytes = self.bounds.bytes.acquire_many(units as u32).await.map_err(closed)?;
        let _request = self.bounds.requests.acquire().await.map_err(closed)?;
        self.link.write(&batch.writes).await
    }
}

/// Writes of one partition.
#[derive(Debug, Default)]
struct Batch {
    writes: Vec<Write>,
    bytes: usize,
}

/// Sorted by key, one change per cell: the greatest.
fn joined(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_unstable_by(|one, other| {
        let by_cell = one.key.cmp(&other.key).then(one.column.cmp(&other.column));
        by_cell.then_with(|| other.register.cmp(&one.register))
    });
    changes.dedup_by(|next, first| next.key == first.key && next.column == first.column);
    changes
}

fn batches(changes: Vec<Change>) -> Result<Vec<Batch>, Failure> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut last: Option<Key> = None;
    for change in changes {
        let bytes = change.register.bytes.len() + WRITE_BYTES_TYPICAL;
        let fits = batches.last().is_some_and(|batch| {
            batch.writes.len() < BATCH_WRITES_MAX && batch.bytes + bytes <= BATCH_BYTES_MAX
        });
        if !fits || !last.as_ref().is_some_and(|last| is_beside(last, &change.key)) {
            batches.push(Batch::default());
        }
        let write = write(&change)?;
        last = Some(change.key);
        if let Some(batch) = batches.last_mut() {
            batch.writes.push(write);
            batch.bytes += bytes;
        }
    }
    Ok(batches)
}

/// Whether two rows lie in one partition.
fn is_beside(one: &Key, other: &Key) -> bool {
    (one.mirror, one.generation, one.bucket) == (other.mirror, other.generation, other.bucket)
}

fn write(Change { key, column, register }: &Change) -> Result<Write, Failure> {
    let table = tables::number(&key.row);
    let cell = TABLES[table].cell(*column);
    let cell = cell.ok_or_else(|| Failure::Stopped(format!("{:?} has no cell {column:?}", key.row)))?;
    if register.version.0 == i64::MIN {
        // CQL has no such timestamp: it stands for "none".
        return Err(Failure::Stopped(format!("{:?} has a version before all time", key.row)));
    }
    let mut values = vec![Value::Big(register.version.0), Value::Blob(register.bytes.clone())];
    values.extend(tables::partition(key));
    values.extend(tables::row(&key.row));
    Ok(Write { statement: Statement::Join { table, cell }, values })
}

#[cfg(test)]
mod tests;
