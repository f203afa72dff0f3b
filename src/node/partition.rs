//! One partition at work here: its follower, and the driver of its lanes.

use super::{Node, NodeError, broken, recent, rules};
use crate::archive::Sealer;
use crate::follower::{self, Follower};
use crate::lanes::{Driver, Env, ORDERS_MAX};
use crate::tenure::Tenure;
use events::{Offset, Partition};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What is worked on, and under which claim.
pub(super) struct Held {
    pub(super) partition: Partition,
    /// Fences older owners of its lanes; 0: there can be none.
    pub(super) epoch: u64,
    pub(super) tenure: Tenure,
}

/// Works until told to stop, or until the tenure is over; then lets what is in flight end.
pub(super) async fn work(node: Arc<Node>, held: Held, stop: CancellationToken) -> Result<(), NodeError> {
    let partition = held.partition;
    let tenure = held.tenure.clone();
    recent::recall(&node, partition).await;
    let (follower, followed) = Follower::new(partition, stores(&node));
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let (fed, fed_seen) = watch::channel(Offset(0));
    let env = env(&node, held, fed_seen, stop.clone());
    let driver = Driver::new(Arc::new(env), node.config.lanes.queue_max, ordered, followed.mark.clone(), fed);
    node.hub.add(partition, orders);
    node.following.add(partition, followed);
    // The follower goes on while the lanes finish: what they append is folded before the end.
    let drained = CancellationToken::new();
    let mut parts: JoinSet<Result<(), NodeError>> = JoinSet::new();
    let (appended, follower_stop) = (node.stores.wakes.appended(partition), drained.clone());
    parts.spawn(async move { follower.run(appended, follower_stop).await.map_err(broken) });
    let (driver_stop, driver_drained) = (stop.clone(), drained.clone());
    parts.spawn(async move {
        let ended = driver.run().await.map_err(broken);
        driver_stop.cancel();
        driver_drained.cancel();
        ended
    });
    parts.spawn(seal(node.clone(), partition, stop.clone()));
    let mut result = Ok(());
    loop {
        tokio::select! {
            () = tenure.ended(), if !stop.is_cancelled() => stop.cancel(),
            ended = parts.join_next() => match ended {
                None => break,
                Some(ended) => {
                    result = result.and(ended.map_err(broken).and_then(|ended| ended));
                    stop.cancel();
                }
            },
        }
    }
    node.hub.remove(partition);
    node.following.remove(partition);
    node.sealed(|known| known.remove(&partition));
    result
}

/// Seals what the partition's log holds, where there is an archive. A node goes on without its archive; what is
/// not sealed is not removed.
async fn seal(node: Arc<Node>, partition: Partition, stop: CancellationToken) -> Result<(), NodeError> {
    if let Some(backed) = &node.stores.archive {
        let whose = (partition, node.stores.ports.partitions);
        let sealer = Sealer::new(backed, whose, node.config.archive.pace());
        node.sealed(|known| known.insert(partition, sealer.sealed()));
        if let Err(error) = sealer.run(node.stores.wakes.appended(partition), stop.clone()).await {
            tracing::error!(partition = partition.0, %error, "nothing more is sealed");
        }
    }
    stop.cancelled().await;
    Ok(())
}

fn stores(node: &Node) -> follower::Stores {
    follower::Stores {
        ports: node.stores.ports.clone(),
        links: node.links.clone(),
        state: node.stores.state.clone(),
        clock: node.clock.clone(),
        hints: node.hints.clone(),
        is_shared: node.stores.is_shared,
    }
}

fn env(node: &Node, held: Held, fed: watch::Receiver<Offset>, stop: CancellationToken) -> Env {
    Env {
        ports: node.stores.ports.clone(),
        sink: node.sink.clone(),
        files: node.files.clone(),
        links: node.links.clone(),
        rules: rules(&node.config),
        clock: node.clock.clone(),
        started: node.started,
        stop,
        counters: node.counters.clone(),
        fed,
        partition: held.partition,
        epoch: held.epoch,
        tenure: held.tenure,
        deadline: node.config.lanes.deadline(),
        permits: node.permits.clone(),
        company: Mutex::default(),
    }
}
