//! How a node stands at one moment, as numbers.

use crate::commands::answer::Outbox;
use crate::discord::gateway::{Beat, FRAMES_MAX};
use crate::discord::requests::Requests;
use crate::lanes::{Counters, LaneReport, LaneState};
use crate::stores::Appended;
use async_trait::async_trait;
use events::{Offset, Partition, Version};
use std::sync::Arc;
use std::time::Duration;

/// What can be asked how it stands.
#[async_trait]
pub trait Vitals: Send + Sync {
    /// A look at it, in bounded time.
    async fn look(&self) -> Snapshot;
}

/// How a node stands.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// Since when it runs, on the wall clock.
    pub started: Version,
    /// When this was, on the wall clock.
    pub now: Version,
    /// For what it waits before it begins; none: it has begun.
    pub waiting: Option<String>,
    /// Other nodes may have shards and partitions that this one has not.
    pub is_shared: bool,
    /// The gateway shards that work here.
    pub shards: Vec<ShardAt>,
    /// The partitions that work here.
    pub partitions: Vec<PartitionAt>,
    /// Partitions that are held here and cannot be worked on, and why.
    pub troubles: Vec<(Partition, String)>,
    /// Stores that do not answer, and what they say.
    pub stores: Vec<(&'static str, String)>,
    /// The lanes that work here.
    pub lanes: Vec<LaneAt>,
    /// Runs of lanes now, and at most.
    pub runs: (usize, usize),
    /// Dead letters that are kept; none: not known now.
    pub dead: Option<u64>,
    /// What stands before a stream.
    pub outbox: Option<Outbox>,
    /// Where there is an archive: what waits is sealed within this, if nothing is wrong.
    pub seals_within: Option<Duration>,
    /// Refused requests of the last ten minutes, and how many there may be.
    pub invalid: (u32, u32),
    /// What has happened since the start.
    pub counted: Counted,
}

/// What a node counts.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Appended events.
    pub appended: Arc<Appended>,
    /// What lanes did.
    pub lanes: Arc<Counters>,
    /// What became of requests.
    pub requests: Arc<Requests>,
}

/// What became of a shard's connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// Nothing yet.
    #[default]
    Connecting,
    /// A new session.
    Connected,
    /// An earlier one goes on.
    Resumed,
    /// It is gone.
    Lost,
    /// The connection is.
    Disconnected,
}

impl Session {
    /// In a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Resumed => "resumed",
            Self::Lost => "session lost, connecting anew",
            Self::Disconnected => "disconnected, connecting again",
        }
    }

    /// Whether frames come.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Connected | Self::Resumed)
    }
}

/// A gateway shard.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardAt {
    /// Its number.
    pub shard: u32,
    /// How it is connected.
    pub session: Session,
    /// Its pulse.
    pub beat: Beat,
}

impl ShardAt {
    /// Frames that may wait for ingest.
    pub const QUEUE_MAX: usize = FRAMES_MAX;
}

/// A partition.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartitionAt {
    /// Its number.
    pub partition: Partition,
    /// The views hold all before this.
    pub mark: Offset,
    /// The log's end; none: it does not answer.
    pub tail: Option<Offset>,
    /// For so long it has not moved though there was something to read.
    pub still: Duration,
    /// Its lanes said how they stand.
    pub answers: bool,
    /// For so long they have not.
    pub mute: Duration,
    /// All before this is sealed, where there is an archive and it is known.
    pub sealed: Option<Offset>,
    /// For so long nothing more was sealed though something waits.
    pub unsealed: Duration,
}

impl PartitionAt {
    /// Events that the views lack.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.tail.map_or(0, |tail| tail.0.saturating_sub(self.mark.0))
    }

    /// Events that no segment holds.
    #[must_use]
    pub fn waiting_for_seal(&self) -> u64 {
        self.tail.map_or(0, |tail| tail.0.saturating_sub(self.sealed.unwrap_or_default().0))
    }
}

/// A lane.
#[derive(Clone, Debug)]
pub struct LaneAt {
    /// How it stands.
    pub report: LaneReport,
    /// For so long it has not moved though it was due.
    pub still: Duration,
}

impl LaneAt {
    /// Whether it should move: it owes something, and gives no reason why it does not.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let LaneReport { state, trouble, head, .. } = &self.report;
        let may_move = match state {
            LaneState::Working => true,
            LaneState::Waiting => trouble.is_none(),
            LaneState::Idle | LaneState::Held => false,
        };
        may_move && head.is_some()
    }
}
