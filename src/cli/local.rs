//! A command without a node: over the data directory itself, under its lock.

use crate::clock::Wall;
use crate::commands::{Answer, Command, CommandError, Desk, Listener, execute};
use crate::config::Config;
use crate::node::ports;
use crate::sqlite::{DataDir, OpenError};
use std::sync::Arc;
use tools::follow::Stepper;
use uuid::Uuid;

/// An open data directory, its views up to date.
pub(super) struct Local {
    directory: DataDir,
    desk: Desk,
}

/// Why a data directory cannot be had.
pub(super) enum Unavailable {
    /// Somebody has it: ask that one, or wait.
    InUse(String),
    /// The words say what to do.
    Other(String),
}

impl From<OpenError> for Unavailable {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::InUse { .. } => Self::InUse(error.to_string()),
            OpenError::NotADirectory { .. }
            | OpenError::Denied { .. }
            | OpenError::Newer { .. }
            | OpenError::Damaged { .. }
            | OpenError::Io { .. } => Self::Other(error.to_string()),
        }
    }
}

impl Local {
    /// Opens the directory and folds what its log holds beyond its views.
    pub(super) async fn open(config: &Config) -> Result<Self, Unavailable> {
        let directory = DataDir::open_as(&config.data_dir, config.node)?;
        let ports = ports(&directory);
        let follow = Arc::new(Stepper::new(ports.clone()));
        follow.all().await.map_err(|error| Unavailable::Other(error.to_string()))?;
        let desk = Desk { ports, clock: Arc::new(Wall), ids: Arc::new(Uuid::new_v4), follow, live: None };
        Ok(Self { directory, desk })
    }

    /// Does one command and closes the directory.
    pub(super) async fn execute(self, command: Command, to: &dyn Listener) -> Result<Answer, CommandError> {
        let Self { directory, desk } = self;
        let answer = execute(&desk, command, to).await;
        drop(desk);
        let closed = directory.close().await.map_err(|failure| CommandError::Failed(failure.to_string()));
        answer.and_then(|answer| closed.map(|()| answer))
    }
}
