//! Commands: what an operator can ask, and the one place where it is done.
//!
//! ```text
//! CLI ── a node runs ──> admin socket ──> execute(desk of the node)
//!     └─ none runs ────> lock of the data directory ──> execute(desk of its own)
//! ```
//! The same [`execute`] answers both ways. A [`Desk`] holds the stores, and [`Live`] where a node runs.

pub mod answer;
mod archive;
pub mod ask;
mod ban;
pub(crate) mod consent;
mod drain;
mod link;
mod listing;
mod mirrors;
mod release;
mod replay;
pub(crate) mod words;

pub use answer::Answer;
pub use ask::Command;

use crate::archive::Backed;
use crate::clock::Clock;
use async_trait::async_trait;
use events::event::{Body, Place};
use events::log::Durable;
use events::{ChannelId, Event, EventId, GuildId, MirrorId, Offset, Partition, Producer, Version};
use projections::Leases;
use projections::lanes::LaneId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tools::mirrors::{Current, Known};
use tools::replay::ReplayError;
use tools::{Follow, JobError, Meter, Ports, Progress};
use uuid::Uuid;

/// Everything that commands work with.
#[derive(Clone)]
pub struct Desk {
    /// The stores.
    pub ports: Ports,
    /// Who works on what.
    pub leases: Arc<dyn Leases>,
    /// Whether other nodes work on the same stores.
    pub is_shared: bool,
    /// The archive behind the log, if there is one.
    pub archive: Option<Backed>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids that no fact gives.
    pub ids: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// Whoever drives the follower.
    pub follow: Arc<dyn Follow>,
    /// The running node, if this is its desk.
    pub live: Option<Arc<dyn Live>>,
}

/// The running node, as commands see it.
#[async_trait]
pub trait Live: Send + Sync {
    /// How it stands.
    async fn status(&self) -> answer::NodeStatus;

    /// Hands over everything that it works on; returns once others can take it.
    async fn drain(&self) -> Result<(), CommandError>;

    /// What it knows of a channel, from the gateway or by asking Discord.
    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo>;

    /// Sends a lane through the log again from this offset on.
    async fn walk(&self, lane: LaneId, from: Offset) -> Result<(), CommandError>;

    /// Lets a held lane go on. With `adopt`, the copies found there are accepted as they are. Says what it did.
    async fn release(&self, lane: LaneId, adopt: bool) -> Result<String, CommandError>;
}

/// What Discord says of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its guild.
    pub guild: GuildId,
    /// Its parent, for a thread.
    pub parent: Option<ChannelId>,
    /// Its name.
    pub name: String,
    /// It is a forum: it has no messages of its own.
    pub is_forum: bool,
}

/// Whoever asked: takes what comes before the answer.
#[async_trait]
pub trait Listener: Progress {
    /// Takes one entry of `mirror log`; false: nobody listens any more.
    async fn entry(&self, entry: answer::LogEntry) -> bool;
}

/// Why a command was not done, by what its caller does next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CommandError {
    /// Ask for something else; the words name the nearest right thing. Exit code 2.
    #[error("{0}")]
    Wrong(String),
    /// It could not be done; the words say whether to try again. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl From<JobError> for CommandError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Wrong(words) => Self::Wrong(words),
            JobError::Trimmed { floor } => {
                Self::Wrong(format!("{error}: start at {floor} or later, or leave --from out"))
            }
            JobError::Retry(_) => Self::Failed(format!("{error}; try again")),
            JobError::Corrupt { .. } | JobError::Newer { .. } | JobError::Stopped(_) => {
                Self::Failed(error.to_string())
            }
        }
    }
}

impl From<ReplayError> for CommandError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Job(job) => job.into(),
            ReplayError::NoBase(words) => Self::Wrong(words),
            ReplayError::Overtaken => Self::Failed(error.to_string()),
            ReplayError::Differs { .. } => Self::Failed(format!(
                "{error}. The log is right: --accept swaps all the same, `mirror replay rollback` goes back"
            )),
        }
    }
}

/// Does what was asked.
///
/// # Errors
/// See [`CommandError`].
pub async fn execute(desk: &Desk, command: Command, to: &dyn Listener) -> Result<Answer, CommandError> {
    match command {
        Command::Link(ask) => link::link(desk, ask).await,
        Command::Cut(ask) => link::cut(desk, ask).await,
        Command::Ban(ask) => ban::ban(desk, ask).await,
        Command::Unban(ask) => ban::unban(desk, ask).await,
        Command::Mirrors => mirrors::mirrors(desk).await,
        Command::Status => mirrors::status(desk).await,
        Command::Log(ask) => listing::log(desk, ask, to).await,
        Command::Lineage(ask) => listing::lineage(desk, ask, to).await,
        Command::Replay(ask) => replay::replay(desk, ask, to).await,
        Command::Verify(ask) => mirrors::verify(desk, ask, to).await,
        Command::Release(ask) => release::release(desk, &ask).await,
        Command::Archive(ask) => archive::archive(desk, ask.action, to).await,
        Command::Drain => drain::drain(desk).await,
    }
}

impl Desk {
    /// All mirrors, as the log knows them now: right after a start the views may lag behind it. Other nodes' views
    /// are their matter: what a command there has done, they hold.
    async fn registry(&self) -> Result<Vec<Known>, CommandError> {
        if !self.is_shared {
            for partition in self.ports.all_partitions() {
                self.up_to_date(partition).await?;
            }
        }
        Ok(tools::mirrors::all(&self.ports).await?)
    }

    /// The mirror that a word means; the views hold all that the log has of it now.
    async fn find(&self, word: &str) -> Result<Known, CommandError> {
        let known = tools::mirrors::pick(&self.registry().await?, word).map_err(CommandError::Wrong)?;
        self.up_to_date(self.ports.partition(known.id)).await?;
        Ok(known)
    }

    /// The same, as it is now.
    async fn mirror(&self, word: &str) -> Result<Current, CommandError> {
        let known = self.find(word).await?;
        self.load(known).await
    }

    /// Waits until the views hold what the log of a partition holds now.
    async fn up_to_date(&self, partition: Partition) -> Result<(), CommandError> {
        let tail = self.ports.log.tail(partition).await.map_err(JobError::from)?;
        Ok(self.follow.caught_up(partition, tail).await?)
    }

    async fn load(&self, known: Known) -> Result<Current, CommandError> {
        Ok(tools::mirrors::load(&self.ports, known).await?)
    }

    /// A version of now, but greater than `last`: clocks may go back, versions of one setting must not.
    fn version(&self, last: Version) -> Version {
        self.clock.now().max(Version(last.0 + 1))
    }

    /// An event made by a command.
    fn event(&self, mirror: MirrorId, channel: ChannelId, version: Version, body: Body) -> Event {
        Event {
            id: EventId((self.ids)()),
            mirror,
            place: Place { channel, ..Place::default() },
            version,
            observed: self.clock.now(),
            producer: Producer::default(),
            body,
            raw: bytes::Bytes::new(),
        }
    }

    /// Appends a command's events and waits until the views hold them, so that the next command sees them.
    async fn append(&self, mirror: MirrorId, events: Vec<Event>) -> Result<(), CommandError> {
        let partition = self.ports.partition(mirror);
        self.ports.log.append(partition, events, Durable::Everywhere).await.map_err(JobError::from)?;
        self.up_to_date(partition).await
    }
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl Progress for Deaf {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Deaf {
    async fn entry(&self, _: answer::LogEntry) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
