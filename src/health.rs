//! Health: what is wrong with a node, judged from how it stands.
//!
//! ```text
//! Vitals::look ──> Snapshot ──> Memory::note: since when does it stand still? ──> health ──> [Reason]
//!                                                                    /healthz: is one of them a silence?
//!                                                                    /readyz:  is there any?
//! ```
//! Silence is the failure that nothing reports: a shard that hears nothing, a follower or a lane that does not move
//! though there is something to do. All times are ages, measured on the monotonic clock: nothing here reads one.

mod memory;
mod snapshot;

pub use memory::Memory;
pub use snapshot::{Counted, LaneAt, PartitionAt, Session, ShardAt, Snapshot, Vitals};

use crate::follower::STEP_EVENTS_MAX;
use events::{ChannelId, MirrorId, Partition};
use std::fmt;
use std::time::Duration;

/// Heartbeats without any sign of life after which a shard is silent. A connection that died is noticed at the second.
const HEARTBEATS_MAX: u32 = 2;
/// And so long to make another connection.
const RECONNECT: Duration = Duration::from_secs(5);
/// A follower that has something to read moves within this.
pub const FOLLOWER_STILL: Duration = Duration::from_secs(30);
/// A lane that owes something, and names no reason to wait, moves within this.
pub const LANE_STILL: Duration = Duration::from_mins(5);
/// Lanes that work say how they stand within this.
pub const LANES_MUTE: Duration = Duration::from_mins(1);
/// Lanes that are named at most; the rest are counted.
const LANES_NAMED_MAX: usize = 10;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The node has not begun.
    Waiting(String),
    /// A gateway shard has no session; `None`: no shard works here at all.
    Connecting(Option<u32>, Session),
    /// A store does not answer.
    Store(&'static str, String),
    /// A partition is held here and cannot be worked on.
    Trouble(Partition, String),
    /// Its views are so many events behind the log.
    Behind(Partition, u64),
    /// A gateway shard hears nothing, not even that its heartbeats are heard.
    GatewaySilent(u32, Duration),
    /// A follower does not move, and lacks so many events.
    FollowerStill(Partition, u64, Duration),
    /// The driver of a partition's lanes does not answer.
    LanesMute(Partition, Duration),
    /// A lane owes something, does not move, and names no reason.
    LaneStill(MirrorId, ChannelId, Duration),
    /// So many more of them.
    MoreLanesStill(usize),
}

impl Reason {
    /// What reasons are called in metrics.
    pub const KINDS: [&str; 9] = [
        "waiting",
        "gateway_connecting",
        "store",
        "partition",
        "views_behind",
        "gateway_silent",
        "views_still",
        "lanes_mute",
        "lane_still",
    ];

    /// What this one is called.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        let place = match self {
            Self::Waiting(_) => 0,
            Self::Connecting(..) => 1,
            Self::Store(..) => 2,
            Self::Trouble(..) => 3,
            Self::Behind(..) => 4,
            Self::GatewaySilent(..) => 5,
            Self::FollowerStill(..) => 6,
            Self::LanesMute(..) => 7,
            Self::LaneStill(..) | Self::MoreLanesStill(_) => 8,
        };
        Self::KINDS[place]
    }

    /// Whether a part of the node has fallen silent, so that a restart may help. All else passes by itself, or needs
    /// somebody.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        match self {
            Self::GatewaySilent(..)
            | Self::FollowerStill(..)
            | Self::LanesMute(..)
            | Self::LaneStill(..)
            | Self::MoreLanesStill(_) => true,
            Self::Waiting(_)
            | Self::Connecting(..)
            | Self::Store(..)
            | Self::Trouble(..)
            | Self::Behind(..) => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(why) => write!(f, "waiting: {why}"),
            Self::Connecting(None, _) => f.write_str("gateway: no shard works here yet"),
            Self::Connecting(Some(shard), session) => write!(f, "gateway: shard {shard} {}", session.words()),
            Self::Store(store, why) => write!(f, "{store}: does not answer: {why}"),
            Self::Trouble(Partition(number), why) => write!(f, "partition {number}: {why}"),
            Self::Behind(Partition(number), events) => {
                write!(f, "views: partition {number} is {events} events behind the log")
            }
            Self::GatewaySilent(shard, silent) => {
                write!(f, "gateway: shard {shard} has heard nothing for {} s", silent.as_secs())
            }
            Self::FollowerStill(Partition(number), events, still) => write!(
                f,
                "views: partition {number} is {events} events behind the log and has not moved for {} s",
                still.as_secs()
            ),
            Self::LanesMute(Partition(number), mute) => {
                write!(f, "lanes: those of partition {number} have not answered for {} s", mute.as_secs())
            }
            Self::LaneStill(mirror, channel, still) => write!(
                f,
                "lanes: that of channel {channel} in mirror {mirror} has not moved for {} s and names no reason",
                still.as_secs()
            ),
            Self::MoreLanesStill(count) => write!(f, "lanes: {count} more have not moved"),
        }
    }
}

/// What is wrong with a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Nothing, where there is none.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// It runs, and no part of it has fallen silent.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.reasons.iter().any(Reason::is_silence)
    }

    /// It does all that it is there for.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Judges a node by how it stands.
#[must_use]
pub fn health(seen: &Snapshot) -> Health {
    if let Some(why) = &seen.waiting {
        return Health { reasons: vec![Reason::Waiting(why.clone())] };
    }
    let mut reasons = Vec::new();
    reasons.extend(gateway(seen));
    reasons.extend(seen.stores.iter().map(|(store, why)| Reason::Store(store, why.clone())));
    reasons.extend(seen.troubles.iter().map(|(partition, why)| Reason::Trouble(*partition, why.clone())));
    reasons.extend(seen.partitions.iter().filter_map(views));
    reasons.extend(seen.partitions.iter().filter_map(mute));
    reasons.extend(lanes(seen));
    Health { reasons }
}

fn gateway(seen: &Snapshot) -> Vec<Reason> {
    // In a cluster the shards may all be other nodes'.
    if seen.shards.is_empty() && !seen.is_shared {
        return vec![Reason::Connecting(None, Session::Connecting)];
    }
    let of = |shard: &ShardAt| {
        let silent = shard.beat.silent;
        let is_silent = silent > shard.beat.heartbeat * HEARTBEATS_MAX + RECONNECT;
        let connecting =
            (!shard.session.is_ready()).then_some(Reason::Connecting(Some(shard.shard), shard.session));
        connecting.into_iter().chain(is_silent.then_some(Reason::GatewaySilent(shard.shard, silent)))
    };
    seen.shards.iter().flat_map(of).collect()
}

fn views(at: &PartitionAt) -> Option<Reason> {
    let behind = at.behind();
    if behind > 0 && at.still > FOLLOWER_STILL {
        return Some(Reason::FollowerStill(at.partition, behind, at.still));
    }
    // One step is on its way at any time.
    (behind > STEP_EVENTS_MAX as u64).then_some(Reason::Behind(at.partition, behind))
}

fn mute(at: &PartitionAt) -> Option<Reason> {
    (at.mute > LANES_MUTE).then_some(Reason::LanesMute(at.partition, at.mute))
}

fn lanes(seen: &Snapshot) -> Vec<Reason> {
    let mut still: Vec<&LaneAt> =
        seen.lanes.iter().filter(|lane| lane.is_due() && lane.still > LANE_STILL).collect();
    still.sort_by_key(|lane| (std::cmp::Reverse(lane.still), lane.report.id));
    let more = still.len().saturating_sub(LANES_NAMED_MAX);
    still.truncate(LANES_NAMED_MAX);
    let named =
        still.iter().map(|lane| Reason::LaneStill(lane.report.id.mirror, lane.report.id.link, lane.still));
    named.chain((more > 0).then_some(Reason::MoreLanesStill(more))).collect()
}

#[cfg(test)]
mod tests;
