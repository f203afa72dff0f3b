//! Coordination rows in memory: the model that the engines are compared with.

use super::{Control, LaneId, Lanes, LanesError, Saved};
use crate::lane::LaneRow;
use async_trait::async_trait;
use events::MirrorId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Coordination rows in memory, as durable as the process.
#[derive(Debug, Default)]
pub struct MemoryLanes {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    lanes: BTreeMap<LaneId, LaneRow>,
    controls: BTreeMap<MirrorId, Control>,
}

impl MemoryLanes {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic elsewhere leaves the tables whole: each write is one insert.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Lanes for MemoryLanes {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        Ok(self.tables().lanes.get(&lane).cloned())
    }

    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        let mut tables = self.tables();
        let none = LaneRow::default();
        if !row.follows(tables.lanes.get(&lane).unwrap_or(&none)) {
            return Saved::Fenced;
        }
        // The claim is the owner's own affair.
        tables.lanes.insert(lane, LaneRow { claim: 0, ..row });
        Saved::Yes
    }

    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        Ok(self.tables().controls.get(&mirror).copied().unwrap_or_default())
    }

    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        let mut tables = self.tables();
        let control = tables.controls.entry(mirror).or_default();
        if *control != expected {
            return Saved::Fenced;
        }
        *control = new;
        Saved::Yes
    }
}
