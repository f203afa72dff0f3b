//! Ingest: from the gateway's frames to the log.
//!
//! ```text
//! frames ─> held? ─> capture ─> append (durable) ─> session: sequence of the last frame that is on the log
//!             │         └ echoes of our own copies, messages seen ─> lanes
//!             └ while its channel is read again: see `gapfill`
//! ```
//! The sequence that is kept is never ahead of the log, so a resume repeats what a crash lost. What a payload
//! cannot tell goes to the dead letters, and the next one is taken.

pub mod awaited;
pub mod held;
mod run;
pub mod threads;

pub use run::Missed;

use crate::clock::Clock;
use crate::discord::gateway::Frame;
use crate::discord::guilds::Guilds;
use crate::discord::webhooks::Webhooks;
use crate::follower::RETRY;
use crate::gapfill::Around;
use crate::lanes::Hub;
use crate::links::{Links, Table};
use crate::sqlite::{Failure, NodeState, Session};
use events::capture::{
    Captured, Context, Dispatch, Echo, Me, Member, ThreadAt, capture, envelope, history, starter,
};
use events::event::Created;
use events::log::{AppendError, Durable};
use events::{Body, ChannelId, Event, MessageId, Partition, RoleId, WebhookId};
use projections::lanes::LaneId;
use run::Run;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use threads::{Found, Threads};
use tokio::sync::{mpsc, watch};
use tools::Ports;

/// Frames taken into one append at most.
pub const BATCH_FRAMES_MAX: usize = 256;

/// The ingest of one shard.
pub struct Ingest {
    /// Where events go.
    pub ports: Ports,
    /// Which channels are linked.
    pub links: Arc<Links>,
    /// What is known of threads.
    pub threads: Arc<Threads>,
    /// Names.
    pub guilds: Arc<RwLock<Guilds>>,
    /// Which webhooks are ours.
    pub webhooks: Arc<Webhooks>,
    /// Session and dead letters.
    pub state: NodeState,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The lanes.
    pub hub: Arc<Hub>,
    /// The gateway shard that the frames come from.
    pub around: Around,
    /// Its place in the session, once all before it is durable on this node.
    pub session: watch::Sender<Option<Session>>,
    /// Who we are.
    pub me: Me,
}

/// Why ingest ended.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The stores have stopped.
    #[error("frames cannot be kept any more: {0}")]
    Stopped(String),
}

impl Ingest {
    /// Takes frames until there are no more: the gateway has stopped, and what it gave is durable, or will be asked for
    /// again.
    ///
    /// # Errors
    /// When the log has stopped.
    pub async fn run(self, frames: mpsc::Receiver<Frame>, missed: Missed) -> Result<(), IngestError> {
        Run::new(&self, missed).until_the_last(frames).await
    }

    /// Makes one batch of frames durable.
    ///
    /// # Errors
    /// When the log has stopped.
    pub async fn take(&self, batch: &[Frame]) -> Result<(), IngestError> {
        self.learn(batch);
        self.append_all(batch).await
    }

    async fn append_all(&self, batch: &[Frame]) -> Result<(), IngestError> {
        let mut taken = Taken::default();
        let table = self.links.now();
        for found in self.threads.learn(&table, &self.guilds, batch).await {
            self.capture_found(&table, &found, &mut taken);
        }
        for frame in batch {
            if let Err(why) = self.capture(&table, frame, &mut taken) {
                tracing::warn!(kind = frame.kind, why, "a payload cannot be captured; put aside");
                self.put_aside(why, frame.kind.clone(), frame.text.as_bytes()).await?;
            }
        }
        for (lane, echo) in taken.echoes {
            self.hub.echo(lane, echo).await;
        }
        for (channel, message) in taken.seen {
            let mirrors = table.members(channel).iter().map(|member| member.mirror).collect::<Vec<_>>();
            self.hub.saw(mirrors, channel, message).await;
        }
        for (partition, events) in taken.events {
            self.append(partition, events).await?;
        }
        Ok(())
    }

    fn learn(&self, batch: &[Frame]) {
        let mut guilds = self.guilds.write().unwrap_or_else(PoisonError::into_inner);
        for frame in batch {
            guilds.hear(&frame.kind, frame.text.as_bytes());
        }
    }

    fn capture(&self, table: &Table, frame: &Frame, taken: &mut Taken) -> Result<(), String> {
        let envelope = envelope(&frame.text).map_err(|error| error.to_string())?;
        let Some(dispatch) = envelope.dispatch() else { return Ok(()) };
        let guilds = self.guilds.read().unwrap_or_else(PoisonError::into_inner);
        let scene = Scene { table, guilds: &guilds, webhooks: &self.webhooks, me: self.me };
        let observed = self.clock.now();
        let captured =
            capture(&Dispatch { ..dispatch }, &scene, observed).map_err(|error| error.to_string())?;
        self.sort(captured, taken);
        Ok(())
    }

    /// What a thread stands on, where frames alone do not tell. What cannot be captured of it, nobody has sent: it is
    /// left out.
    fn capture_found(&self, table: &Table, found: &Found, taken: &mut Taken) {
        let guilds = self.guilds.read().unwrap_or_else(PoisonError::into_inner);
        let scene = Scene { table, guilds: &guilds, webhooks: &self.webhooks, me: self.me };
        let observed = self.clock.now();
        let captured = match found {
            Found::Thread(data) => capture(&Dispatch { kind: "THREAD_UPDATE", data }, &scene, observed),
            Found::Starter(data, guild) => history(data, *guild, &scene, observed),
            Found::Bare(data) => starter(data, &scene, observed),
        };
        match captured {
            Ok(captured) => self.sort(Captured { echo: None, ..captured }, taken),
            Err(error) => tracing::warn!(%error, "what a thread stands on cannot be captured"),
        }
    }

    fn sort(&self, Captured { events, echo }: Captured, taken: &mut Taken) {
        if let Some(echo) = echo
            && let Some(mirror) = self.webhooks.mirror_of(echo.webhook)
        {
            taken.echoes.push((LaneId { mirror, link: echo.channel }, echo));
        }
        for event in events {
            if let Body::Created(Created { thread: None, kind: 0 | 19 | 20 | 23, .. }) = event.body {
                // Only the newest message of a channel matters to its lanes.
                taken.seen.insert(event.place.channel, event.place.message);
            }
            taken.events.entry(self.ports.partition(event.mirror)).or_default().push(event);
        }
    }

    /// Appends until it is durable. An event that is too large is put aside, the rest goes on.
    async fn append(&self, partition: Partition, mut events: Vec<Event>) -> Result<(), IngestError> {
        while !events.is_empty() {
            match self.ports.log.append(partition, events.clone(), Durable::Here).await {
                Ok(()) => return Ok(()),
                Err(AppendError::TooLarge { index, bytes }) => {
                    let event = events.remove(index);
                    let why = format!("the event takes {bytes} bytes, more than an event may");
                    tracing::error!(
                        channel = event.place.channel.0,
                        bytes,
                        "an event is too large; put aside"
                    );
                    self.put_aside(why, format!("message {}", event.place.message), &event.raw).await?;
                }
                Err(AppendError::Retry(why)) => {
                    tracing::warn!(why, "the log cannot append now; frames wait");
                    tokio::time::sleep(RETRY).await;
                }
                Err(AppendError::Stopped(why)) => return Err(IngestError::Stopped(why)),
            }
        }
        Ok(())
    }

    /// Puts a payload aside, durably: nothing goes on before that.
    async fn put_aside(&self, why: String, place: String, payload: &[u8]) -> Result<(), IngestError> {
        loop {
            let put =
                self.state.put_dead(self.clock.now(), why.clone(), place.clone(), payload.to_vec()).await;
            match put {
                Ok(()) => return Ok(()),
                Err(Failure::Retry(why)) => {
                    tracing::warn!(why, "a dead letter cannot be kept now; frames wait");
                    tokio::time::sleep(RETRY).await;
                }
                Err(Failure::Stopped(why)) => return Err(IngestError::Stopped(why)),
            }
        }
    }

    /// Keeps up to where channels are to be read again; `None`: nothing more is. No frame of theirs goes on before that.
    async fn keep_bounds(&self, bounds: Option<&BTreeMap<ChannelId, MessageId>>) -> Result<(), IngestError> {
        let shard = self.around.shard;
        loop {
            let kept = match bounds {
                Some(bounds) => self.state.save_bounds(shard, bounds).await,
                None => self.state.clear_bounds(shard).await,
            };
            match kept {
                Ok(()) => return Ok(()),
                Err(Failure::Retry(why)) => {
                    tracing::warn!(why, "up to where is to be read cannot be kept now; frames wait");
                    tokio::time::sleep(RETRY).await;
                }
                Err(Failure::Stopped(why)) => return Err(IngestError::Stopped(why)),
            }
        }
    }

    /// Keeps the place in the session: all up to it is on the log.
    async fn keep_session(&self, session: Session) -> Result<(), IngestError> {
        match self.state.save_session(self.around.shard, session.clone()).await {
            Ok(()) => {
                self.session.send_replace(Some(session));
                Ok(())
            }
            // An older place is harmless: a resume from there repeats what is on the log already.
            Err(Failure::Retry(why)) => {
                tracing::warn!(why, "the place in the gateway session cannot be kept now");
                Ok(())
            }
            Err(Failure::Stopped(why)) => Err(IngestError::Stopped(why)),
        }
    }
}

/// What a batch gave.
#[derive(Default)]
struct Taken {
    events: BTreeMap<Partition, Vec<Event>>,
    echoes: Vec<(LaneId, Echo)>,
    seen: BTreeMap<ChannelId, MessageId>,
}

/// What capture looks at.
pub(crate) struct Scene<'a> {
    pub(crate) table: &'a Table,
    pub(crate) guilds: &'a Guilds,
    pub(crate) webhooks: &'a Webhooks,
    pub(crate) me: Me,
}

impl Context for Scene<'_> {
    fn members(&self, channel: ChannelId) -> &[Member] {
        self.table.members(channel)
    }

    fn thread(&self, channel: ChannelId) -> Option<ThreadAt> {
        let channel = self.guilds.channel(channel).filter(|channel| channel.is_thread())?;
        Some(ThreadAt { parent: channel.parent?, kind: channel.kind })
    }

    fn tag_name(&self, forum: ChannelId, tag: u64) -> Option<&str> {
        let tags = &self.guilds.channel(forum)?.tags;
        tags.iter().find(|(id, _)| *id == tag).map(|(_, name)| name.as_str())
    }

    fn is_ours(&self, webhook: WebhookId) -> bool {
        self.webhooks.is_ours(webhook)
    }

    fn channel_name(&self, channel: ChannelId) -> Option<&str> {
        self.guilds.channel(channel).map(|channel| channel.name.as_str())
    }

    fn role_name(&self, role: RoleId) -> Option<&str> {
        self.guilds.role(role)
    }

    fn me(&self) -> Me {
        self.me
    }
}
