//! The running node as commands see it.

use super::Node;
use super::vitals::Shard;
use crate::commands::answer::{self, LaneLine, NodeStatus};
use crate::commands::{ChannelInfo, CommandError, Live};
use crate::discord::gateway::{Happening, Pulse};
use crate::discord::guilds::is_forum;
use crate::health::Session;
use crate::lanes::{Elsewhere, LaneReport, LaneState, Order};
use crate::rabbit::OutboxStatus;
use async_trait::async_trait;
use events::event::{Linked, Place};
use events::log::Durable;
use events::{Body, ChannelId, Event, EventId, MessageId, MirrorId, Offset, Partition, Producer, Version};
use projections::lanes::LaneId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};
use tools::{Follow, JobError};

/// What a running node can be asked.
pub struct Running {
    pub(super) node: Arc<Node>,
    pub(super) started: Version,
    /// The shards that work here.
    shards: Mutex<BTreeMap<u32, Shard>>,
    /// Why a partition does not work here though it is held.
    troubles: Mutex<BTreeMap<Partition, String>>,
    drains: mpsc::Sender<oneshot::Sender<()>>,
}

impl Running {
    pub(super) fn new(node: Arc<Node>, drains: mpsc::Sender<oneshot::Sender<()>>) -> Self {
        let started = node.clock.now();
        Self { node, started, shards: Mutex::default(), troubles: Mutex::default(), drains }
    }

    /// Where a drain is asked for.
    pub(super) fn drains(&self) -> mpsc::Sender<oneshot::Sender<()>> {
        self.drains.clone()
    }

    /// A shard begins to work here.
    pub(super) fn begins(&self, shard: u32) {
        self.shards().insert(shard, Shard::default());
    }

    /// How it can be seen that it lives.
    pub(super) fn beats(&self, shard: u32, pulse: Arc<Pulse>) {
        self.shards().entry(shard).or_default().pulse = Some(pulse);
    }

    /// The shards that work here.
    pub(super) fn shards(&self) -> MutexGuard<'_, BTreeMap<u32, Shard>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Partitions that are held and do not work, and why.
    pub(super) fn troubles(&self) -> BTreeMap<Partition, String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What stands before a stream.
    pub(super) fn outbox(&self) -> Option<answer::Outbox> {
        self.node.stores.outbox.as_ref().map(|log| outbox(&log.status()))
    }

    /// It has stopped.
    pub(super) fn ends(&self, shard: u32) {
        self.shards().remove(&shard);
    }

    /// What is held elsewhere, or works again, is trouble no more.
    pub(super) fn keep_troubles(&self, lasts: impl Fn(Partition) -> bool) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.retain(|partition, _| lasts(*partition));
    }

    /// Why a partition does not work; whether that is news.
    pub(super) fn trouble(&self, partition: Partition, why: &str) -> bool {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.insert(partition, why.to_owned()).is_none_or(|before| before != why)
    }

    /// The sessions in a few words: only several shards are told apart.
    fn session(&self) -> String {
        let shards = self.shards();
        match shards.iter().collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            [(0, shard)] if !self.node.stores.is_shared => shard.session.words().to_owned(),
            several => {
                let words =
                    |(number, shard): &(&u32, &Shard)| format!("shard {number} {}", shard.session.words());
                let words: Vec<_> = several.iter().map(words).collect();
                words.join(", ")
            }
        }
    }

    /// Whether all shards that work here are.
    fn connected(&self) -> Option<bool> {
        let shards = self.shards();
        let all = shards.values().all(|shard| shard.session.is_ready());
        (!shards.is_empty()).then_some(all)
    }

    /// Notes what became of the connection.
    pub(super) fn heard(&self, shard: u32, happening: &Happening) {
        let session = match happening {
            Happening::Ready(_) => Session::Connected,
            Happening::Resumed => Session::Resumed,
            Happening::SessionLost => Session::Lost,
            Happening::Disconnected { .. } => Session::Disconnected,
        };
        tracing::info!(shard, session = session.words(), "gateway");
        self.shards().entry(shard).or_default().session = session;
    }

    fn line(&self, report: LaneReport) -> LaneLine {
        let table = self.node.links.now();
        let settings = table.settings(report.id.mirror);
        let link = settings.and_then(|settings| settings.links.get(&report.id.link));
        LaneLine {
            mirror: report.id.mirror,
            mirror_name: settings.map(|settings| settings.name.clone()).unwrap_or_default(),
            channel: report.id.link,
            name: link.map(|link| link.linked.name.clone()).unwrap_or_default(),
            lag: report.walking_from.is_none().then_some(report.waiting),
            state: state(report),
        }
    }

    /// Asks the driver of a mirror's lanes.
    async fn ask<T>(
        &self,
        mirror: MirrorId,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Result<T, CommandError> {
        let hub = &self.node.hub;
        let partition = hub.partition(mirror);
        if !self.node.stores.is_shared {
            // Nobody else has it: it works here, or is about to.
            let _ = tokio::time::timeout(PATIENCE, hub.works(partition)).await;
        }
        let asked = hub.ask(partition, order).await;
        asked.map_err(|Elsewhere(partition)| CommandError::Failed(self.elsewhere(partition)))
    }

    fn elsewhere(&self, partition: Partition) -> String {
        let Partition(number) = partition;
        if self.node.stores.is_shared {
            format!("partition {number} works on another node: ask there (`mirror status` names it)")
        } else {
            "the node is starting or stopping; try again when it runs".to_owned()
        }
    }

    async fn report(&self, lane: LaneId) -> Result<Option<LaneReport>, CommandError> {
        let lanes = self.ask(lane.mirror, Order::Report).await?;
        Ok(lanes.into_iter().find(|report| report.id == lane))
    }

    /// The last copy there that nothing explains. A lane that was held before the node began has not looked yet:
    /// it does now, and is held again where it finds any.
    async fn last_stranger(&self, lane: LaneId) -> Result<Option<MessageId>, CommandError> {
        let last = |report: &LaneReport| report.strangers.iter().max().copied();
        let report = self.report(lane).await?.filter(|report| report.state == LaneState::Held);
        let known = report.ok_or_else(|| not_held(lane))?;
        if !known.strangers.is_empty() {
            return Ok(last(&known));
        }
        self.ask(lane.mirror, |done| Order::Release(lane, MessageId::default(), done)).await?;
        let until = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < until {
            let report = self.report(lane).await?;
            let looked = |report: &LaneReport| matches!(report.state, LaneState::Idle | LaneState::Held);
            if let Some(report) = report.filter(looked) {
                return Ok(last(&report));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(None)
    }

    /// Takes the copies of a lost past as they are: what was written before the last of them is not owed here
    /// for the first time any more, for it may be among them.
    async fn adopt(&self, lane: LaneId, last: MessageId) -> Result<(), CommandError> {
        let table = self.node.links.now();
        let link = table.settings(lane.mirror).and_then(|settings| settings.links.get(&lane.link));
        let link = link.ok_or_else(|| CommandError::Wrong(format!("channel {} is not linked", lane.link)))?;
        let since = link.linked.since.max(last.made());
        let at = Version(self.node.clock.now().0.max(link.linked_at.0 + 1));
        let event = Event {
            id: EventId(uuid::Uuid::new_v4()),
            mirror: lane.mirror,
            place: Place { channel: lane.link, ..Place::default() },
            version: at,
            observed: at,
            producer: Producer::default(),
            body: Body::Linked(Linked { since, ..link.linked.clone() }),
            raw: bytes::Bytes::new(),
        };
        let ports = &self.node.stores.ports;
        let partition = ports.partition(lane.mirror);
        ports.log.append(partition, vec![event], Durable::Everywhere).await.map_err(JobError::from)?;
        let tail = ports.log.tail(partition).await.map_err(JobError::from)?;
        Ok(self.node.following.caught_up(partition, tail).await?)
    }
}

/// How long a question of an operator waits for the limits.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Between two looks at a lane that looks at its channel.
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);

fn outbox(status: &OutboxStatus) -> answer::Outbox {
    let OutboxStatus { waiting, bytes, bytes_max, kept_bytes, oldest, stuck, problem } = status;
    answer::Outbox {
        waiting: *waiting,
        bytes: *bytes,
        bytes_max: *bytes_max,
        kept_bytes: *kept_bytes,
        oldest_s: oldest.map(|age| age.as_secs()),
        problem: problem.clone(),
        stuck: stuck.iter().map(|partition| partition.0).collect(),
    }
}

fn not_held(lane: LaneId) -> CommandError {
    CommandError::Wrong(format!("the lane of channel {} is not held", lane.link))
}

#[derive(Default, serde::Deserialize)]
struct Told {
    guild_id: Option<String>,
    parent_id: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<u8>,
}

fn state(report: LaneReport) -> answer::LaneState {
    let strangers = report.strangers.len();
    let unexplained = (strangers > 0).then(|| format!("{strangers} messages of ours that nothing explains"));
    match report.state {
        LaneState::Idle => unexplained.map_or(answer::LaneState::Idle, answer::LaneState::Waiting),
        LaneState::Working => answer::LaneState::Working,
        LaneState::Waiting => answer::LaneState::Waiting(report.trouble.unwrap_or_default()),
        LaneState::Held => answer::LaneState::Held(report.trouble.unwrap_or_default()),
    }
}

#[async_trait]
impl Live for Running {
    async fn status(&self) -> NodeStatus {
        let lanes = self.node.hub.report().await;
        NodeStatus {
            name: self.node.stores.ports.node.to_string(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            session: self.session(),
            connected: self.connected(),
            outbox: self.outbox(),
            troubles: self.troubles().into_iter().map(|(partition, why)| (partition.0, why)).collect(),
            lanes: lanes.into_iter().map(|report| self.line(report)).collect(),
        }
    }

    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo> {
        if let Some(known) = self.node.guilds.read().unwrap_or_else(PoisonError::into_inner).channel(channel)
        {
            let parent = known.parent.filter(|_| known.is_thread());
            let (guild, name) = (known.guild, known.name.clone());
            return Some(ChannelInfo { guild, parent, name, is_forum: is_forum(known.kind) });
        }
        let call = self.node.rest.calls.channel(channel).ok()?;
        let reply = self.node.rest.call(&call, PATIENCE).await.ok().filter(|reply| reply.status == 200)?;
        let told: Told = serde_json::from_slice(&reply.body).ok()?;
        let id = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let is_thread = matches!(told.kind, Some(10..=12));
        Some(ChannelInfo {
            guild: events::GuildId(id(told.guild_id)?),
            parent: id(told.parent_id).filter(|_| is_thread).map(ChannelId),
            name: told.name.unwrap_or_default(),
            is_forum: told.kind.is_some_and(is_forum),
        })
    }

    async fn drain(&self) -> Result<(), CommandError> {
        if !self.node.stores.is_shared {
            let words = "this node is the only one: stop it, and what is in flight is ended first";
            return Err(CommandError::Wrong(words.to_owned()));
        }
        let stops = |_| CommandError::Failed("the node is stopping already".to_owned());
        let (done, drained) = oneshot::channel();
        self.drains.send(done).await.map_err(|_| stops(()))?;
        drained.await.map_err(|_| stops(()))
    }

    async fn walk(&self, lane: LaneId, _from: Offset) -> Result<(), CommandError> {
        self.ask(lane.mirror, |done| Order::Walk(lane, done)).await
    }

    async fn release(&self, lane: LaneId, adopt: bool) -> Result<String, CommandError> {
        let upto = if adopt { self.last_stranger(lane).await? } else { Some(MessageId::default()) };
        let Some(upto) = upto else {
            return Ok(
                "the lane goes on where it was: no copies that nothing explains were found so far".to_owned()
            );
        };
        if adopt {
            self.adopt(lane, upto).await?;
        }
        match self.ask(lane.mirror, |done| Order::Release(lane, upto, done)).await? {
            false => Err(not_held(lane)),
            true if adopt => Ok(format!(
                "the lane goes on; its copies up to message {upto} are accepted as they are, and what was written \
                 before it is not posted again"
            )),
            true => Ok("the lane goes on where it was".to_owned()),
        }
    }
}
