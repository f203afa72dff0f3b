//! Answers: what a command says, as data. [`crate::cli::print`] puts them into words.

use crate::archive::check;
use crate::archive::refill::Refilled;
use crate::archive::retention::Retention;
use crate::archive::seal::Sealed;
use events::{ChannelId, GuildId, MessageId, MirrorId, Offset, Version};
use serde::{Deserialize, Serialize};
use tools::{lineage, plan, quoted, replay, verify};

/// What a command says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// `link`, `cut`, `ban`, `unban`, `release`, `replay rollback`.
    Changed(Changed),
    /// `mirrors`.
    Mirrors(Mirrors),
    /// `status`.
    Status(Box<Status>),
    /// `log`, after its entries.
    Logged(Logged),
    /// `lineage`.
    Lineage(Box<lineage::Lineage>),
    /// `replay`.
    Replayed(Replayed),
    /// `replay --apply`.
    Apply(Apply),
    /// `verify`.
    Verified(verify::Report),
    /// `drain`.
    Drained(Drained),
    /// `archive`.
    Archive(Archive),
}

impl Answer {
    /// What it says as one JSON value, without the name of its kind.
    ///
    /// # Errors
    /// Never, for plain data.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        match self {
            Self::Changed(said) => serde_json::to_value(said),
            Self::Mirrors(said) => serde_json::to_value(said),
            Self::Status(said) => serde_json::to_value(said),
            Self::Logged(said) => serde_json::to_value(said),
            Self::Lineage(said) => serde_json::to_value(said),
            Self::Replayed(said) => serde_json::to_value(said),
            Self::Apply(said) => serde_json::to_value(said),
            Self::Verified(said) => serde_json::to_value(said),
            Self::Drained(said) => serde_json::to_value(said),
            Self::Archive(Archive::Status(said)) => serde_json::to_value(said),
            Self::Archive(Archive::Verified(said)) => serde_json::to_value(said),
            Self::Archive(Archive::Sealed(said)) => serde_json::to_value(said),
            Self::Archive(Archive::Restored(said)) => serde_json::to_value(said),
        }
    }

    /// Whether the command found everything in order: else the exit code is 1.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        match self {
            Self::Verified(report) => report.is_fine(),
            Self::Archive(Archive::Verified(report)) => report.is_fine(),
            Self::Changed(_)
            | Self::Mirrors(_)
            | Self::Status(_)
            | Self::Logged(_)
            | Self::Lineage(_)
            | Self::Replayed(_)
            | Self::Apply(_)
            | Self::Archive(Archive::Status(_) | Archive::Sealed(_) | Archive::Restored(_))
            | Self::Drained(_) => true,
        }
    }
}

/// What `archive` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archive {
    /// `archive status`.
    Status(check::Status),
    /// `archive verify`.
    Verified(check::Report),
    /// `archive seal`.
    Sealed(Vec<Sealed>),
    /// `archive restore`.
    Restored(Restored),
}

/// A log was filled from the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// It was a dry run.
    pub dry_run: bool,
    /// Each partition.
    pub partitions: Vec<Refilled>,
    /// Lanes that read the log again from its beginning: their places in the old log mean nothing here.
    pub lanes: u64,
}

/// A node has handed over everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Which.
    pub node: String,
}

/// A setting was changed, or would be, or was as asked already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The mirror's id.
    #[serde(with = "quoted")]
    pub mirror: MirrorId,
    /// The mirror's name.
    pub mirror_name: String,
    /// Whether anything changed.
    pub changed: bool,
    /// It was a dry run.
    pub dry_run: bool,
    /// What was done, in a line each.
    pub lines: Vec<String>,
}

/// All mirrors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirrors {
    /// By name.
    pub mirrors: Vec<MirrorLine>,
}

/// One mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorLine {
    /// Its id.
    #[serde(with = "quoted")]
    pub id: MirrorId,
    /// Its name.
    pub name: String,
    /// The build that is read.
    pub generation: u32,
    /// A build under way.
    pub building: Option<u32>,
    /// The build to go back to.
    pub previous: Option<u32>,
    /// Its links, open ones first.
    pub links: Vec<LinkLine>,
    /// Users that are banned now.
    pub banned: Vec<String>,
    /// Users who ask to be forgotten, and are not banned: an operator answers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forget: Vec<String>,
    /// Stretches of its channels that nobody can know any more, oldest first; no more than the last
    /// [`GAPS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapLine>,
}

/// Gaps of one mirror that are told; all are on the log.
pub const GAPS_MAX: usize = 100;

/// A stretch of a channel's history that could not be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapLine {
    /// The channel.
    #[serde(with = "quoted")]
    pub channel: ChannelId,
    /// After this message.
    #[serde(with = "quoted")]
    pub from: MessageId,
    /// Up to this one.
    #[serde(with = "quoted")]
    pub to: MessageId,
    /// Why.
    pub cause: String,
    /// When it was noticed.
    pub at: Version,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLine {
    /// The channel.
    #[serde(with = "quoted")]
    pub channel: ChannelId,
    /// Its name.
    pub name: String,
    /// Its guild.
    #[serde(with = "quoted")]
    pub guild: GuildId,
    /// It is a member now.
    pub open: bool,
    /// What is said there is shown elsewhere.
    pub publishes: bool,
    /// What is said elsewhere is shown there.
    pub receives: bool,
    /// Messages before this are not sent there; zero: its whole history.
    pub since: Version,
}

/// How everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The running node; none: no node runs.
    pub node: Option<NodeStatus>,
    /// The nodes of a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<ClusterNode>,
    /// The gateway shards of a cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<ShardLine>,
    /// Each partition of the log.
    pub partitions: Vec<PartitionLine>,
    /// Each lane.
    pub lanes: Vec<LaneLine>,
    /// What could not be asked now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<String>,
}

/// A running node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub started: Version,
    /// Its gateway session in a few words (`resumed, seq 120`); empty: none.
    pub session: String,
    /// Whether all its shards are connected; none: it holds no shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Partitions that it has and cannot work on, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<(u16, String)>,
    /// What stands before a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<Outbox>,
    /// What its lanes do. A lane that is not named rests.
    pub lanes: Vec<LaneLine>,
}

/// The outbox of a node whose log is a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Events that the broker has not confirmed.
    pub waiting: u64,
    /// Bytes that it holds, and may hold.
    pub bytes: u64,
    /// Past it, frames wait.
    pub bytes_max: u64,
    /// Bytes of confirmed events that are kept, to be published again where the stream loses them. They go first.
    #[serde(default)]
    pub kept_bytes: u64,
    /// For how many seconds the oldest event waits; none: nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_s: Option<u64>,
    /// Partitions with something to send and no broker that takes it.
    pub stuck: Vec<u16>,
    /// Why not, of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Outbox {
    /// Whether frames wait for room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max
    }

    /// Whether somebody should look at the broker.
    #[must_use]
    pub const fn is_alarm(&self) -> bool {
        self.is_full() || !self.stuck.is_empty()
    }
}

/// A node of a cluster, as its lease says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterNode {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Since when it runs, by its own clock.
    pub started: Version,
    /// It hands everything over.
    pub draining: bool,
    /// Partitions that it holds.
    pub partitions: usize,
    /// Gateway shards that it holds.
    pub shards: usize,
}

/// One gateway shard of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLine {
    /// Its number.
    pub shard: u32,
    /// Who holds it; nobody: it is free.
    pub holder: Option<String>,
}

/// One partition of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLine {
    /// Its number.
    pub partition: u16,
    /// The first offset that can be read.
    pub floor: Offset,
    /// The offset of the next event.
    pub tail: Offset,
    /// The last offset that the views hold.
    pub views: Option<Offset>,
    /// The last offset that all lanes have handled.
    pub lanes: Option<Offset>,
    /// In a cluster, who holds it; nobody: it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Where there is an archive, how far the broker's retention may cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneLine {
    /// Its mirror.
    #[serde(with = "quoted")]
    pub mirror: MirrorId,
    /// The mirror's name.
    pub mirror_name: String,
    /// The receiving channel.
    #[serde(with = "quoted")]
    pub channel: ChannelId,
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: LaneState,
    /// Messages that wait for it; none: not known (no node runs, or it goes through the log).
    pub lag: Option<u64>,
}

/// What a lane does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneState {
    /// Nothing is owed.
    Idle,
    /// A request is under way.
    Working,
    /// It goes on by itself: a rate limit, an answer that is awaited.
    Waiting(String),
    /// Nothing until the operator decides: `mirror release`.
    Held(String),
}

/// The end of `mirror log`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// Entries printed.
    pub entries: u64,
    /// Where to read on, of each partition read.
    pub next: Vec<Offset>,
    /// Why it ended where that is not plain.
    pub note: String,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The partition.
    pub partition: u16,
    /// Its place.
    pub offset: Offset,
    /// When it was observed, RFC 3339.
    pub time: String,
    /// The event.
    pub event: String,
    /// The mirror's name, or its id.
    pub mirror: String,
    /// What happened (`created`, `receipt`).
    pub kind: String,
    /// The channel it is about; for a receipt the receiving one.
    pub channel: String,
    /// The message it is about, or empty.
    pub message: String,
    /// Its version, microseconds since 1970.
    pub version: Version,
    /// The node that appended it.
    pub node: String,
    /// Its number there.
    pub seq: u64,
    /// What it says, in a line.
    pub says: String,
    /// The payload as Discord sent it, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<serde_json::Value>,
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The mirror's name.
    pub mirror: String,
    /// What came of it.
    pub report: replay::Report,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What an apply would do, or has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// The mirror's name.
    pub mirror: String,
    /// What is owed.
    pub plan: plan::Plan,
    /// Requests in all.
    pub calls: u64,
    /// How long they take under Discord's limits, in seconds.
    pub seconds: u64,
    /// What others removed is owed again.
    pub restore: bool,
    /// How far it went.
    pub state: ApplyState,
}

/// How far an apply went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyState {
    /// Nothing is owed.
    InStep,
    /// Only planned.
    Planned,
    /// The lanes work at it.
    Begun,
    /// No node runs: the next `mirror run` does it.
    Noted,
}
