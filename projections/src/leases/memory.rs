//! Leases in memory: the model that the engines are compared with.

use super::{LeaseName, LeaseRow, Leases};
use crate::lanes::{LanesError, Saved};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Leases in memory, as durable as the process.
#[derive(Debug, Default)]
pub struct MemoryLeases {
    rows: Mutex<BTreeMap<LeaseName, LeaseRow>>,
}

impl MemoryLeases {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic elsewhere leaves the rows whole: each write is one insert.
    fn rows(&self) -> MutexGuard<'_, BTreeMap<LeaseName, LeaseRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Leases for MemoryLeases {
    async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
        Ok(self.rows().iter().map(|(name, row)| (*name, row.clone())).collect())
    }

    async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
        Ok(self.rows().get(&name).cloned())
    }

    async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved {
        let mut rows = self.rows();
        if !row.follows(rows.get(&name).map_or(0, |stored| stored.rev)) {
            return Saved::Fenced;
        }
        rows.insert(name, row);
        Saved::Yes
    }
}
