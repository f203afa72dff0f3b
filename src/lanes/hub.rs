//! Where orders go: to the driver of the partition, if it works here.

use super::Order;
use events::{ChannelId, MirrorId, Partition};
use projections::lanes::LaneId;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// The drivers that work here, by partition.
pub struct Hub {
    partitions: u16,
    drivers: watch::Sender<BTreeMap<Partition, mpsc::Sender<Order>>>,
}

/// The partition's lanes do not work here, or their driver stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lanes of partition {} do not work on this node now", .0.0)]
pub struct Elsewhere(pub Partition);

impl Hub {
    /// No driver yet, over a log of so many partitions.
    #[must_use]
    pub fn new(partitions: u16) -> Self {
        Self { partitions, drivers: watch::Sender::default() }
    }

    /// A driver begins to work.
    pub fn add(&self, partition: Partition, driver: mpsc::Sender<Order>) {
        self.drivers.send_modify(|drivers| drop(drivers.insert(partition, driver)));
    }

    /// A driver has stopped.
    pub fn remove(&self, partition: Partition) {
        self.drivers.send_modify(|drivers| drop(drivers.remove(&partition)));
    }

    /// Partitions whose lanes work here.
    #[must_use]
    pub fn partitions(&self) -> Vec<Partition> {
        self.drivers.borrow().keys().copied().collect()
    }

    /// Waits until the lanes of a partition work here: right after a start they are about to.
    pub async fn works(&self, partition: Partition) {
        // Whoever waits keeps the sender alive.
        let _ = self.drivers.subscribe().wait_for(|drivers| drivers.contains_key(&partition)).await;
    }

    /// The partition of a mirror.
    #[must_use]
    pub fn partition(&self, mirror: MirrorId) -> Partition {
        mirror.partition(self.partitions)
    }

    /// Hands an order to the lanes of a partition. A full queue makes the sender wait: nothing is dropped.
    ///
    /// # Errors
    /// [`Elsewhere`].
    pub async fn send(&self, partition: Partition, order: Order) -> Result<(), Elsewhere> {
        let driver = self.drivers.borrow().get(&partition).cloned();
        let driver = driver.ok_or(Elsewhere(partition))?;
        driver.send(order).await.map_err(|_| Elsewhere(partition))
    }

    /// Asks the lanes of a partition, and waits for the answer.
    ///
    /// # Errors
    /// [`Elsewhere`].
    pub async fn ask<T>(
        &self,
        partition: Partition,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Result<T, Elsewhere> {
        let (answer, answered) = oneshot::channel();
        self.send(partition, order(answer)).await?;
        answered.await.map_err(|_| Elsewhere(partition))
    }

    /// How all lanes that work here stand.
    pub async fn report(&self) -> Vec<super::LaneReport> {
        let mut lanes = Vec::new();
        for partition in self.partitions() {
            lanes.extend(self.ask(partition, Order::Report).await.unwrap_or_default());
        }
        lanes
    }

    /// The same of one partition, or that it does not say so in time.
    pub async fn report_within(
        &self,
        partition: Partition,
        patience: Duration,
    ) -> Option<Vec<super::LaneReport>> {
        let asked = tokio::time::timeout(patience, self.ask(partition, Order::Report)).await;
        // What has just stopped to work here is not silent.
        asked.ok().map(Result::unwrap_or_default)
    }

    /// What the gateway heard, to the lane that it is about. Elsewhere it is not missed: history says the same.
    pub async fn echo(&self, lane: LaneId, echo: events::capture::Echo) {
        let _ = self.send(self.partition(lane.mirror), Order::Echo(lane, echo)).await;
    }

    /// A message is certainly in a channel of these mirrors.
    pub async fn saw(
        &self,
        mirrors: impl IntoIterator<Item = MirrorId>,
        channel: ChannelId,
        message: events::MessageId,
    ) {
        for mirror in mirrors {
            let _ = self
                .send(self.partition(mirror), Order::Saw(LaneId { mirror, link: channel }, message))
                .await;
        }
    }
}
