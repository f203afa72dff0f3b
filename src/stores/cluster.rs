//! Stores that are shared with other nodes: streams behind an outbox, and CQL.

use super::{Opened, Stores, StoresError, Wakes, behind, counted, home};
use crate::config::Config;
use crate::rabbit::{self, RabbitLog};
use crate::scylla::{self, Store};
use crate::sqlite::DataDir;
use events::{Offset, Partition};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tools::Ports;

impl Wakes for RabbitLog {
    fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        Self::appended(self, partition)
    }
}

impl From<scylla::Failure> for StoresError {
    fn from(failure: scylla::Failure) -> Self {
        match failure {
            scylla::Failure::Retry(why) => Self::Failed(format!("the CQL cluster does not answer: {why}")),
            scylla::Failure::Stopped(why) => Self::Setup(format!("the CQL cluster cannot be used: {why}")),
        }
    }
}

impl From<rabbit::Failure> for StoresError {
    fn from(failure: rabbit::Failure) -> Self {
        match failure {
            rabbit::Failure::Retry(why) => Self::Failed(format!("RabbitMQ does not answer: {why}")),
            rabbit::Failure::Stopped(why) => Self::Setup(format!("RabbitMQ cannot be used: {why}")),
        }
    }
}

/// Connects to both; the data directory keeps the outbox and what is the node's own.
pub(super) async fn open(config: &Config, directory: DataDir) -> Result<Opened, StoresError> {
    let home = home(&directory.state()).await?;
    let views = config.views.as_ref().map(|url| url.expose_secret().parse::<scylla::Address>());
    let views = views.ok_or_else(|| StoresError::Setup("views are nowhere".to_owned()))?;
    let views = views.map_err(|error| StoresError::Setup(format!("views: {error}")))?;
    let store = Store::connect(&views, scylla::Settings::default()).await?;
    let log = RabbitLog::open(settings(config)?, directory.outbox()?, directory.node()).await?;
    let mut ports = Ports {
        log: Arc::new(log.clone()),
        views: Arc::new(store.views()),
        lanes: Arc::new(store.lanes()),
        node: directory.node(),
        partitions: config.cluster.partitions,
    };
    let stores = Stores {
        archive: behind(&mut ports, config)?,
        appended: counted(&mut ports),
        ports,
        leases: Arc::new(store.leases()),
        state: directory.state(),
        wakes: Arc::new(log.clone()),
        home,
        is_shared: true,
        path: directory.path().to_owned(),
        outbox: Some(log),
    };
    Ok(Opened { stores, directory })
}

fn settings(config: &Config) -> Result<rabbit::Settings, StoresError> {
    let url = config.log.as_ref().ok_or_else(|| StoresError::Setup("the log is nowhere".to_owned()))?;
    let address = url.expose_secret().parse::<rabbit::Address>();
    let address = address.map_err(|error| StoresError::Setup(format!("log: {error}")))?;
    Ok(rabbit::Settings {
        prefix: config.cluster.name.clone(),
        partitions: config.cluster.partitions,
        outbox_bytes_max: config.cluster.outbox_mb * 1024 * 1024,
        keep: Duration::from_secs(config.cluster.outbox_keep_s),
        ..rabbit::Settings::new(address)
    })
}
