//! How the node stands, for whoever watches it: everything is asked at once, and nobody is waited for long.

use super::Running;
use super::waiting::Waiting;
use crate::clock::{Clock, Wall};
use crate::discord::gateway::Pulse;
use crate::health::{Counted, LaneAt, PartitionAt, Session, ShardAt, Snapshot, Vitals};
use crate::lanes::LaneReport;
use async_trait::async_trait;
use events::{Offset, Partition};
use futures_util::future::join_all;
use projections::follow::FollowState;
use projections::views::Follower;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// What does not answer within this, does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A shard that works here, as others see it.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) session: Session,
    pub(super) pulse: Option<Arc<Pulse>>,
}

impl Shard {
    fn look(&self, shard: u32) -> ShardAt {
        let beat = self.pulse.as_ref().map(|pulse| pulse.feel()).unwrap_or_default();
        ShardAt { shard, session: self.session, beat }
    }
}

/// How far sealers have come.
pub(super) type Sealed = BTreeMap<Partition, watch::Receiver<Option<Offset>>>;

#[async_trait]
impl Vitals for Running {
    async fn look(&self) -> Snapshot {
        let node = &self.node;
        let marks = node.following.marks();
        let looks = marks.into_iter().map(|(partition, mark)| self.partition(partition, mark));
        let (partitions, views, dead) = tokio::join!(join_all(looks), self.views(), self.dead());
        let (found, lanes): (Vec<_>, Vec<_>) = partitions.into_iter().unzip();
        let (partitions, logs): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let stores = logs.into_iter().flatten().take(1).chain(views);
        let running = node.config.lanes.in_flight;
        Snapshot {
            name: node.stores.ports.node.to_string(),
            started: self.started,
            now: node.clock.now(),
            waiting: None,
            is_shared: node.stores.is_shared,
            shards: self.shards().iter().map(|(number, shard)| shard.look(*number)).collect(),
            partitions,
            troubles: self.troubles().into_iter().collect(),
            stores: stores.collect(),
            lanes: lanes.into_iter().flatten().collect(),
            runs: (running.saturating_sub(node.permits.available_permits()), running),
            dead,
            outbox: self.outbox(),
            seals_within: node.stores.archive.as_ref().map(|_| {
                let pace = node.config.archive.pace();
                pace.age + pace.margin
            }),
            invalid: node.rest.invalid(),
            counted: Counted {
                appended: node.stores.appended.clone(),
                lanes: node.counters.clone(),
                requests: node.rest.requests.clone(),
            },
        }
    }
}

/// What a store says instead of an answer.
type Problem = (&'static str, String);

impl Running {
    /// A partition with what is wrong with its log, and its lanes.
    async fn partition(
        &self,
        partition: Partition,
        mark: Offset,
    ) -> ((PartitionAt, Option<Problem>), Vec<LaneAt>) {
        let node = &self.node;
        let tail = timeout(PATIENCE, node.stores.ports.log.tail(partition));
        let (lanes, tail) = tokio::join!(node.hub.report_within(partition, PATIENCE), tail);
        let (tail, problem) = match tail {
            Ok(Ok(tail)) => (Some(tail), None),
            Ok(Err(error)) => (None, Some(("log", error.to_string()))),
            Err(_) => (None, Some(("log", late()))),
        };
        let answers = lanes.is_some();
        let at = |report: LaneReport| LaneAt { report, still: Duration::ZERO };
        let sealed = node.sealed(|sealed| sealed.get(&partition).and_then(|sealed| *sealed.borrow()));
        let found = PartitionAt { partition, mark, tail, answers, sealed, ..PartitionAt::default() };
        ((found, problem), lanes.unwrap_or_default().into_iter().map(at).collect())
    }

    /// What is wrong with the views.
    async fn views(&self) -> Option<Problem> {
        let follower = Follower { partition: Partition(0), name: FollowState::VIEWS.to_owned() };
        match timeout(PATIENCE, self.node.stores.ports.views.position(&follower)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(("views", error.to_string())),
            Err(_) => Some(("views", late())),
        }
    }

    async fn dead(&self) -> Option<u64> {
        timeout(PATIENCE, self.node.stores.state.dead_count()).await.ok()?.ok()
    }
}

fn late() -> String {
    format!("not within {} s", PATIENCE.as_secs())
}

#[async_trait]
impl Vitals for Waiting {
    async fn look(&self) -> Snapshot {
        Snapshot {
            name: self.node.clone(),
            started: self.started,
            now: Wall.now(),
            waiting: Some(self.words()),
            ..Snapshot::default()
        }
    }
}
