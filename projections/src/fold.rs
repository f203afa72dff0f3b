//! The fold in memory: joins what events change before any of it is written.
//!
//! A rebuild folds a whole log this way and loads the result in key order; the follower folds each page.

use crate::change::{Change, Column};
use crate::key::{Bucket, Generation, Key, RowKey};
use crate::project::project_into;
use crate::register::{Arena, Register};
use events::{Event, MirrorId};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

/// Joined changes of any number of mirrors.
///
/// Cells are grouped as they are stored, by (mirror, generation, bucket): neighbours in the log are
/// neighbours here, which keeps the maps in use small and the final sorts short.
#[derive(Debug, Default)]
pub struct Fold {
    partitions: FxHashMap<Partition, Cells>,
    generation: Generation,
    arena: Arena,
    scratch: Vec<Change>,
}

type Partition = (MirrorId, Generation, Bucket);
type Cells = FxHashMap<(RowKey, Column), Register>;

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
        let cells = self.partitions.entry((mirror, generation, bucket)).or_default();
        join_cell(cells, (row, column), register);
    }

    /// Joins another fold: a log may be dealt out to several folds in any way.
    pub fn absorb(&mut self, other: Self) {
        for (partition, cells) in other.partitions {
            match self.partitions.entry(partition) {
                Entry::Vacant(free) => drop(free.insert(cells)),
                Entry::Occupied(mut own) => {
                    cells.into_iter().for_each(|(at, register)| join_cell(own.get_mut(), at, register));
                }
            }
        }
    }

    /// The same, a fold for each mirror.
    #[must_use]
    pub fn by_mirror(self) -> BTreeMap<MirrorId, Self> {
        let mut folds = BTreeMap::new();
        for (partition, cells) in self.partitions {
            let fold: &mut Self = folds.entry(partition.0).or_insert_with(|| Self::new(self.generation));
            fold.partitions.insert(partition, cells);
        }
        folds
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

fn join_cell(cells: &mut Cells, at: (RowKey, Column), register: Register) {
    match cells.entry(at) {
        Entry::Occupied(mut cell) => {
            cell.get_mut().join(register);
        }
        Entry::Vacant(cell) => {
            cell.insert(register);
        }
    }
}
