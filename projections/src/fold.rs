//! The fold in memory: joins what events change before any of it is written.
//!
//! A rebuild folds a whole log this way and loads the result in key order; the follower folds each page.

use crate::change::{Change, Column};
use crate::key::{Bucket, Generation, Key, RowKey};
use crate::project::project_into;
use crate::register::{Arena, Register};
use events::{Event, MirrorId};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Joined changes of any number of mirrors.
///
/// Cells are grouped as they are stored, by (mirror, generation, bucket): neighbours in the log are
/// neighbours here, which keeps the maps in use small and the final sorts short.
#[derive(Debug, Default)]
pub struct Fold {
    partitions: FxHashMap<Partition, FxHashMap<(RowKey, Column), Register>>,
    generation: Generation,
    arena: Arena,
    scratch: Vec<Change>,
}

type Partition = (MirrorId, Generation, Bucket);

impl Fold {
    /// An empty fold into one build.
    #[must_use]
    pub fn new(generation: Generation) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Folds one event into the build named at the start.
    pub fn add(&mut self, event: &Event) {
        self.add_to(event, self.generation);
    }

    /// Folds one event into another build.
    pub fn add_to(&mut self, event: &Event, generation: Generation) {
        let mut changes = std::mem::take(&mut self.scratch);
        project_into(event, generation, &mut self.arena, &mut changes);
        for change in changes.drain(..) {
            self.join(change);
        }
        self.scratch = changes;
    }

    /// Joins one change.
    pub fn join(&mut self, change: Change) {
        let Change { key: Key { mirror, generation, bucket, row }, column, register } = change;
        match self.partitions.entry((mirror, generation, bucket)).or_default().entry((row, column)) {
            Entry::Occupied(mut cell) => {
                cell.get_mut().join(register);
            }
            Entry::Vacant(cell) => {
                cell.insert(register);
            }
        }
    }

    /// Cells held.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.partitions.values().map(FxHashMap::len).sum()
    }

    /// All changes, one per cell, ordered by (key, column), made as they are asked for.
    pub fn into_sorted(self) -> impl Iterator<Item = Change> + Send {
        let mut partitions: Vec<_> = self.partitions.into_iter().collect();
        partitions.sort_unstable_by_key(|(partition, _)| *partition);
        partitions.into_iter().flat_map(|((mirror, generation, bucket), cells)| {
            let mut cells: Vec<_> = cells.into_iter().collect();
            cells.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            let key = move |row| Key { mirror, generation, bucket, row };
            cells.into_iter().map(move |((row, column), register)| Change { key: key(row), column, register })
        })
    }

    /// All changes, one per cell, ordered by (key, column).
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.into_sorted().collect()
    }
}
