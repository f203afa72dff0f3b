//! The stores of a node, as its configuration names them: embedded, or shared with other nodes.
//!
//! ```text
//!            log              views, lanes, leases      node's own (dead letters, sessions, name)
//! embedded   log.db           views.db, log.db          log.db
//! cluster    streams, outbox  CQL                       log.db
//! ```
//! The data directory and its lock are there either way: what a node says of itself it keeps on its own disk.

mod appended;
mod cluster;

pub use appended::Appended;

use crate::archive::Backed;
use crate::config::Config;
use crate::rabbit::RabbitLog;
use crate::sqlite::{DataDir, Failure, NodeState, OpenError, SqliteLog};
use appended::Counting;
use events::{Offset, Partition};
use projections::Leases;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tools::Ports;
use uuid::Uuid;

/// Tells when something may be new on the log.
pub trait Wakes: Send + Sync {
    /// Changes whenever something was appended to the partition, by whatever node.
    fn appended(&self, partition: Partition) -> watch::Receiver<Offset>;
}

impl Wakes for SqliteLog {
    fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        Self::appended(self, partition)
    }
}

/// Open stores.
#[derive(Clone)]
pub struct Stores {
    /// Log, views, lanes.
    pub ports: Ports,
    /// Who works on what.
    pub leases: Arc<dyn Leases>,
    /// What is this node's alone.
    pub state: NodeState,
    /// When there is something to read.
    pub wakes: Arc<dyn Wakes>,
    /// The data directory's own id: two processes with the same one cannot run at once.
    pub home: Uuid,
    /// Whether other nodes may work on them.
    pub is_shared: bool,
    /// The data directory.
    pub path: PathBuf,
    /// What stands before a stream.
    pub outbox: Option<RabbitLog>,
    /// The archive behind the log, if there is one.
    pub archive: Option<Backed>,
    /// What this node has appended.
    pub appended: Arc<Appended>,
}

/// What has to be closed in the end.
pub struct Opened {
    /// The stores.
    pub stores: Stores,
    /// The files of this node.
    pub directory: DataDir,
}

/// Why stores cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// Another process has the data directory: ask that one, or wait.
    #[error("{0}")]
    InUse(String),
    /// Set this right first.
    #[error("{0}")]
    Setup(String),
    /// Try again: a server does not answer.
    #[error("{0}")]
    Failed(String),
}

impl From<OpenError> for StoresError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::InUse { .. } => Self::InUse(error.to_string()),
            OpenError::Io { .. } => Self::Failed(error.to_string()),
            OpenError::NotADirectory { .. }
            | OpenError::Denied { .. }
            | OpenError::Newer { .. }
            | OpenError::Damaged { .. } => Self::Setup(error.to_string()),
        }
    }
}

impl From<Failure> for StoresError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

/// Opens what the configuration names.
///
/// # Errors
/// See [`StoresError`].
pub async fn open(config: &Config) -> Result<Opened, StoresError> {
    let directory = DataDir::open_as(&config.data_dir, config.node)?;
    if config.is_cluster() {
        return cluster::open(config, directory).await;
    }
    let home = home(&directory.state()).await?;
    let mut ports = embedded(&directory);
    let stores = Stores {
        archive: behind(&mut ports, config)?,
        appended: counted(&mut ports),
        ports,
        leases: Arc::new(directory.leases()),
        state: directory.state(),
        wakes: Arc::new(directory.log()),
        home,
        is_shared: false,
        path: directory.path().to_owned(),
        outbox: None,
    };
    Ok(Opened { stores, directory })
}

/// The archive that the configuration names, put behind the log.
fn behind(ports: &mut Ports, config: &Config) -> Result<Option<Backed>, StoresError> {
    let backed = config.archive.url.as_deref().map(|url| Backed::behind(ports, url));
    backed.transpose().map_err(|error| StoresError::Setup(error.to_string()))
}

/// Counts what is appended from here on.
fn counted(ports: &mut Ports) -> Arc<Appended> {
    let appended = Arc::new(Appended::default());
    ports.log = Arc::new(Counting { log: ports.log.clone(), appended: appended.clone() });
    appended
}

/// The name under which a data directory keeps where it was moved to.
pub const MOVED: &str = "moved";

impl Stores {
    /// Why nobody may work on these stores: a migration. `None`: nothing is in the way.
    ///
    /// # Errors
    /// When they do not answer.
    pub async fn refusal(&self) -> Result<Option<String>, StoresError> {
        let moved = self.state.value(MOVED).await?.filter(|place| !place.is_empty());
        if let (Some(place), false) = (moved, self.is_shared) {
            let path = self.path.display();
            return Ok(Some(format!(
                "what {path} holds was moved to {place}: run the node there, or go back with `mirror migrate --from \
                 {path} --to {place} --back`"
            )));
        }
        let standing = tools::migrate::standing(&self.ports).await;
        let standing = standing.map_err(|error| StoresError::Failed(error.to_string()))?;
        Ok(standing.refusal().map(str::to_owned))
    }
}

/// Opens what the configuration names, to be worked on.
///
/// # Errors
/// See [`StoresError`]; a migration may be in the way.
pub async fn open_for_work(config: &Config) -> Result<Opened, StoresError> {
    let opened = open(config).await?;
    match opened.stores.refusal().await? {
        None => Ok(opened),
        Some(words) => {
            opened.close().await?;
            Err(StoresError::Setup(words))
        }
    }
}

impl Opened {
    /// Writes what is queued, and lets go of everything.
    ///
    /// # Errors
    /// When a file is not closed in time.
    pub async fn close(self) -> Result<(), Failure> {
        let Self { stores, directory } = self;
        let outbox = stores.outbox.clone();
        drop(stores);
        if let Some(outbox) = outbox {
            outbox.close().await?;
        }
        directory.close().await
    }
}

/// The stores of a data directory as ports.
#[must_use]
pub fn embedded(directory: &DataDir) -> Ports {
    Ports {
        log: Arc::new(directory.log()),
        views: Arc::new(directory.views()),
        lanes: Arc::new(directory.lanes()),
        node: directory.node(),
        partitions: 1,
    }
}

/// The id of the data directory: random, made once.
async fn home(state: &NodeState) -> Result<Uuid, Failure> {
    const HOME: &str = "home";
    if let Some(home) = state.value(HOME).await?.and_then(|kept| kept.parse().ok()) {
        return Ok(home);
    }
    let home = Uuid::new_v4();
    state.set_value(HOME, &home.to_string()).await?;
    Ok(home)
}
