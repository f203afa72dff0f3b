//! A node's log over a stream of its own, and what lies on that stream.

use crate::stream::{LONG, in_the_end};
use events::log::{Durable, Log, Read};
use events::{Event, NodeId, Offset, Partition, codec};
use mirror::rabbit::connect::Broker;
use mirror::rabbit::read::stream_name;
use mirror::rabbit::{RabbitLog, Settings};
use mirror::sqlite::DataDir;
use std::path::Path;
use tempfile::TempDir;
use tokio::time::timeout;

pub(crate) const P0: Partition = Partition(0);

/// One that runs.
pub(crate) struct Node {
    pub(crate) folder: TempDir,
    pub(crate) directory: DataDir,
    pub(crate) log: RabbitLog,
}

/// A log of two partitions.
pub(crate) fn settings(url: &str) -> Settings {
    let prefix = format!("test-{}", uuid::Uuid::new_v4());
    Settings { prefix, partitions: 2, ..Settings::new(url.parse().unwrap()) }
}

/// The same log by another way.
pub(crate) fn by(url: &str, settings: &Settings) -> Settings {
    Settings { address: url.parse().unwrap(), ..settings.clone() }
}

pub(crate) fn name() -> NodeId {
    "main".parse().unwrap()
}

impl Node {
    pub(crate) async fn start(settings: &Settings) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings).await
    }

    pub(crate) async fn start_in(folder: TempDir, settings: &Settings) -> Self {
        let directory = DataDir::open_as(folder.path(), Some(name())).unwrap();
        let log = RabbitLog::open(settings.clone(), directory.outbox().unwrap(), name()).await.unwrap();
        Self { folder, directory, log }
    }

    pub(crate) async fn stop(self) -> TempDir {
        self.log.close().await.unwrap();
        drop(self.log);
        self.directory.close().await.unwrap();
        self.folder
    }

    pub(crate) async fn append(&self, events: Vec<Event>, durable: Durable) {
        self.log.append(P0, events, durable).await.unwrap();
    }

    /// All that was appended is on the stream; tried until it is.
    pub(crate) async fn settle(&self, partition: Partition) {
        let settled = async || self.log.append(partition, Vec::new(), Durable::Everywhere).await;
        let all = timeout(2 * LONG, in_the_end(settled)).await;
        all.unwrap_or_else(|_| panic!("it is not sent: {:?}", self.log.status()));
    }

    /// Until the status is as wanted.
    pub(crate) async fn until(&self, what: &str, mut is: impl FnMut(&mirror::rabbit::OutboxStatus) -> bool) {
        let wait = async {
            while !is(&self.log.status()) {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{what}: {:?}", self.log.status()));
    }
}

/// Everything in a partition, in order.
pub(crate) async fn everything(log: &RabbitLog, partition: Partition) -> Vec<Event> {
    let (mut all, mut from) = (Vec::new(), Offset(0));
    loop {
        let read = Read { partition, from, limit: 1000, mirror: None };
        let page = in_the_end(async || log.read(read).await).await;
        if page.entries.is_empty() {
            return all;
        }
        from = page.next;
        all.extend(page.entries.iter().map(|entry| codec::decode(&entry.record).unwrap()));
    }
}

/// The message ids and numbers in a partition, in order.
pub(crate) async fn numbers(log: &RabbitLog) -> Vec<(u64, u64)> {
    let all = everything(log, P0).await;
    all.iter().map(|event| (event.place.message.0, event.producer.seq)).collect()
}

/// The message ids in a partition, in order.
pub(crate) async fn messages(log: &RabbitLog) -> Vec<u64> {
    numbers(log).await.into_iter().map(|(message, _)| message).collect()
}

/// Deletes a partition's stream and makes it anew, as an operator does.
pub(crate) async fn make_anew(settings: &Settings, partition: Partition) {
    let broker = Broker::new(settings.address.clone(), "operator").unwrap();
    let stream = stream_name(&settings.prefix, partition);
    broker.delete(&stream).await.unwrap();
    in_the_end(async || broker.declare(&stream, &[]).await).await;
}

/// Copies the files of a directory that nobody uses.
pub(crate) fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}
