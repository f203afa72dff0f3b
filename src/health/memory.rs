//! Since when does something stand still? One snapshot cannot tell: this remembers the ones before.

use super::{LaneAt, PartitionAt, Snapshot};
use events::{Offset, Partition};
use projections::lanes::LaneId;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;
use tokio::time::Instant;

/// What was seen standing at a place, and since when. As many as there are partitions and lanes with something to do.
#[derive(Debug, Default)]
pub struct Memory {
    followers: Places<Partition>,
    pub(super) lanes: Places<LaneId>,
    sealers: Places<Partition>,
    drivers: Places<Partition>,
}

impl Memory {
    /// Writes into a snapshot of `now` how long everything stands still.
    pub fn note(&mut self, seen: &mut Snapshot, now: Instant) {
        let has_archive = seen.seals_within.is_some();
        for at in &mut seen.partitions {
            let PartitionAt { partition, mark, sealed, .. } = *at;
            at.still = self.followers.age(partition, (at.behind() > 0).then_some(mark), now);
            let waits = has_archive && at.waiting_for_seal() > 0;
            at.unsealed = self.sealers.age(partition, waits.then(|| sealed.unwrap_or_default()), now);
            at.mute = self.drivers.age(partition, (!at.answers).then_some(Offset(0)), now);
        }
        for lane in &mut seen.lanes {
            let place = lane.report.head.filter(|_| lane.is_due());
            lane.still = self.lanes.age(lane.report.id, place, now);
        }
        let here: Vec<Partition> = seen.partitions.iter().map(|at| at.partition).collect();
        for places in [&mut self.followers, &mut self.sealers, &mut self.drivers] {
            places.keep(|partition| here.contains(partition));
        }
        // A driver that does not answer has not let its lanes go.
        if seen.partitions.iter().all(|at| at.answers) {
            let due = seen.lanes.iter().filter(|lane| LaneAt::is_due(lane)).map(|lane| lane.report.id);
            let due: std::collections::HashSet<LaneId> = due.collect();
            self.lanes.keep(|lane| due.contains(lane));
        }
    }
}

#[derive(Debug)]
pub(super) struct Places<K>(pub(super) HashMap<K, (Offset, Instant)>);

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Places<K> {
    /// For how long it has stood at `place`; `None`: nothing is to be done.
    fn age(&mut self, key: K, place: Option<Offset>, now: Instant) -> Duration {
        let Some(place) = place else {
            self.0.remove(&key);
            return Duration::ZERO;
        };
        let stood = self.0.entry(key).or_insert((place, now));
        if stood.0 != place {
            *stood = (place, now);
        }
        now - stood.1
    }

    fn keep(&mut self, is_there: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| is_there(key));
    }
}
