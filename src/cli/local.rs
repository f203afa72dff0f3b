//! A command without a node: over the data directory itself, under its lock.

use crate::clock::Wall;
use crate::commands::{Answer, Command, CommandError, Desk, Listener, execute};
use crate::config::Config;
use crate::following::Following;
use crate::stores::{self, Opened, StoresError};
use std::sync::Arc;
use tools::Follow;
use tools::follow::Stepper;
use uuid::Uuid;

/// Open stores, the views of embedded ones up to date.
pub(super) struct Local {
    opened: Opened,
    desk: Desk,
}

/// Why a data directory cannot be had.
pub(super) enum Unavailable {
    /// Somebody has it: ask that one, or wait.
    InUse(String),
    /// The words say what to do.
    Other(String),
}

impl From<StoresError> for Unavailable {
    fn from(error: StoresError) -> Self {
        match error {
            StoresError::InUse(words) => Self::InUse(words),
            StoresError::Setup(words) | StoresError::Failed(words) => Self::Other(words),
        }
    }
}

impl Local {
    /// Opens the stores. Where no other node can do it, folds what the log holds beyond the views.
    pub(super) async fn open(config: &Config) -> Result<Self, Unavailable> {
        let opened = stores::open_for_work(config).await?;
        let (ports, leases) = (opened.stores.ports.clone(), opened.stores.leases.clone());
        let is_shared = opened.stores.is_shared;
        let follow: Arc<dyn Follow> = if is_shared {
            Arc::new(Following::beside(ports.clone()))
        } else {
            let stepper = Stepper::new(ports.clone());
            stepper.all().await.map_err(|error| Unavailable::Other(error.to_string()))?;
            Arc::new(stepper)
        };
        let ids = Arc::new(Uuid::new_v4);
        let archive = opened.stores.archive.clone();
        let desk = Desk { ports, leases, is_shared, archive, clock: Arc::new(Wall), ids, follow, live: None };
        Ok(Self { opened, desk })
    }

    /// Does one command and closes the directory.
    pub(super) async fn execute(self, command: Command, to: &dyn Listener) -> Result<Answer, CommandError> {
        let Self { opened, desk } = self;
        let answer = execute(&desk, command, to).await;
        drop(desk);
        let closed = opened.close().await.map_err(|failure| CommandError::Failed(failure.to_string()));
        answer.and_then(|answer| closed.map(|()| answer))
    }
}
