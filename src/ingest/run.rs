//! One run of ingest: frames as they come, and channels that are read again meanwhile.

use super::awaited::Awaited;
use super::held::{Held, written};
use super::{BATCH_FRAMES_MAX, Ingest, IngestError};
use crate::discord::gateway::Frame;
use crate::gapfill::{Around, Cause, Fills, Stretch};
use crate::links::Table;
use crate::sqlite::{Bounds, Session};
use events::{ChannelId, GuildId, MessageId, Version};
use projections::lanes::LaneId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::PoisonError;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// What ingest begins with.
#[derive(Default)]
pub struct Missed {
    /// Its place in a session, where one was kept.
    pub session: Option<Session>,
    /// Since when something is missing that is not read again yet, or zero.
    pub lost: Version,
    /// Whoever reads channels again; `None`: nobody does.
    pub fills: Option<Fills>,
}

/// Links are known by the moment at which they were made: made again is another.
type Made = HashMap<LaneId, Version>;

/// One run of ingest.
pub(super) struct Run<'a> {
    ingest: &'a Ingest,
    fills: Option<Fills>,
    /// Its place, up to the last frame that came: some may wait.
    place: Option<Session>,
    /// Since when something is missing that is not read again yet, or zero.
    lost: Version,
    /// And up to where, as far as Discord told.
    bounds: Bounds,
    /// Channels that are read again because a session was lost.
    unread: HashSet<ChannelId>,
    awaited: Awaited,
    held: Held,
    /// The links known.
    made: Made,
}

impl<'a> Run<'a> {
    pub(super) fn new(ingest: &'a Ingest, missed: Missed) -> Self {
        let Missed { session: place, lost, fills } = missed;
        let made = made(&ingest.links.now(), ingest.around);
        let bounds = place.as_ref().map(|place| place.bounds.clone()).unwrap_or_default();
        Self {
            ingest,
            fills,
            place,
            lost,
            bounds,
            unread: HashSet::new(),
            awaited: Awaited::default(),
            held: Held::default(),
            made,
        }
    }

    pub(super) async fn until_the_last(
        mut self,
        mut frames: mpsc::Receiver<Frame>,
    ) -> Result<(), IngestError> {
        let mut table = self.ingest.links.watch();
        // What an earlier run could not read to the end is read now.
        if self.lost != Version(0) {
            if let Some(fills) = &self.fills {
                fills.live.ends(self.bounds.iter());
            }
            let all = self.all(self.lost).into_iter();
            let bounded = |stretch: Stretch| Stretch { newest: self.bounds.of(stretch.channel), ..stretch };
            let stretches = all.map(bounded).collect();
            self.read(stretches).await;
        }
        let mut batch = Vec::with_capacity(BATCH_FRAMES_MAX);
        loop {
            let overdue = self.held.until().into_iter().chain(self.awaited.until()).min();
            tokio::select! {
                taken = frames.recv_many(&mut batch, BATCH_FRAMES_MAX) => match taken {
                    0 => return Ok(()),
                    _ => self.take(std::mem::take(&mut batch)).await?,
                },
                channel = done(&mut self.fills) => self.filled(channel).await?,
                changed = table.changed() => match changed {
                    Ok(()) => self.links_changed().await,
                    Err(_) => return Ok(()),
                },
                () = sleep_until(overdue.unwrap_or_else(Instant::now)), if overdue.is_some() => {
                    self.let_overdue_go().await?;
                }
            }
        }
    }

    async fn take(&mut self, batch: Vec<Frame>) -> Result<(), IngestError> {
        self.ingest.learn(&batch);
        if !self.held.is_empty() {
            // A session that was resumed after a restart tells nothing of the threads that are there.
            let table = self.ingest.links.now();
            self.ingest.threads.locate(&table, &self.ingest.guilds, &batch).await;
        }
        let place = batch.last().map(|last| self.place_of(last));
        let mut free = Vec::with_capacity(batch.len());
        for frame in batch {
            if frame.kind == READY {
                self.session_began().await?;
            }
            if frame.kind == GUILD_CREATE {
                self.guild_told(&frame).await?;
            }
            let guilds = self.ingest.guilds.read().unwrap_or_else(PoisonError::into_inner);
            let channel = self.held.channel_of(&frame, &guilds);
            self.note_live(channel, &frame);
            free.extend(self.held.offer(frame, channel));
        }
        self.ingest.append_all(&free).await?;
        self.let_overdue_go().await?;
        self.place = place.or(self.place.take());
        self.keep_place().await
    }

    /// From the first message on that came by itself, a channel that is read again needs no reading.
    fn note_live(&self, channel: Option<ChannelId>, frame: &Frame) {
        let (Some(fills), Some(channel)) = (&self.fills, channel) else { return };
        if let Some((room, message)) = written(frame) {
            fills.live.came(channel, room, message);
        }
    }

    fn place_of(&self, frame: &Frame) -> Session {
        Session {
            session: frame.session.to_string(),
            seq: frame.seq,
            resume_url: frame.resume_url.to_string(),
            heard: self.ingest.clock.now(),
            lost: self.lost,
            bounds: self.bounds.clone(),
        }
    }

    /// A new session: nobody knows what happened since the last frame of the one before.
    async fn session_began(&mut self) -> Result<(), IngestError> {
        let heard = self.place.as_ref().map_or(Version(0), |place| place.heard);
        let since = if self.lost == Version(0) { heard } else { self.lost.min(heard) };
        let stretches = self.all(since);
        stretches.iter().for_each(|stretch| self.held.hold(stretch.channel));
        self.awaited = Awaited::new(stretches);
        self.forget_bounds().await
    }

    /// A guild's channels and threads name their last messages: what is newer comes by itself.
    async fn guild_told(&mut self, frame: &Frame) -> Result<(), IngestError> {
        let Some(told) = told(frame).filter(|_| self.awaited.until().is_some()) else {
            return Ok(());
        };
        self.keep_bounds(&told).await?;
        let table = self.ingest.links.now();
        let free = self.awaited.told(told.guild, &told.newest, |channel| table.together(channel));
        self.read(free).await;
        Ok(())
    }

    /// A crash amid the fill forgets no more than what was read.
    async fn keep_bounds(&mut self, told: &Told) -> Result<(), IngestError> {
        let here: HashSet<_> = self.awaited.of(told.guild).collect();
        let is_here =
            |id: &ChannelId| here.contains(id) || told.parents.get(id).is_some_and(|id| here.contains(id));
        let told = told.newest.iter().filter(|(id, _)| is_here(id));
        let told: BTreeMap<_, _> = told.map(|(id, newest)| (*id, *newest)).collect();
        if let Some(fills) = &self.fills {
            fills.live.ends(told.clone());
        }
        if self.lost == Version(0) || told.is_empty() {
            return Ok(());
        }
        self.bounds.add(&told);
        self.ingest.keep_bounds(Some(&told)).await
    }

    async fn forget_bounds(&mut self) -> Result<(), IngestError> {
        if let Some(fills) = &self.fills {
            fills.live.begin();
        }
        if self.bounds.is_empty() {
            return Ok(());
        }
        self.bounds = Bounds::default();
        self.ingest.keep_bounds(None).await
    }

    /// Every channel of the shard, `since` then.
    fn all(&mut self, since: Version) -> Vec<Stretch> {
        if self.fills.is_none() {
            return Vec::new();
        }
        let to = self.ingest.clock.now();
        let stretch = |(lane, guild)| Stretch {
            channel: lane,
            guild,
            from: since,
            to,
            newest: None,
            cause: Cause::SessionLost,
        };
        let stretches: Vec<_> =
            channels(&self.ingest.links.now(), self.ingest.around).into_iter().map(stretch).collect();
        let is_lost = !stretches.is_empty() && since > Stretch::UNKNOWN;
        // Before the first session there is nothing to lose but what was said since the links were made.
        self.lost = if is_lost { since } else { Version(0) };
        self.unread.extend(stretches.iter().map(|stretch| stretch.channel));
        stretches
    }

    /// A link may have been made a while before this node knew.
    async fn links_changed(&mut self) {
        let table = self.ingest.links.now();
        let now = made(&table, self.ingest.around);
        let new = now.iter().filter(|(lane, at)| self.made.get(lane) != Some(at));
        let to = self.ingest.clock.now();
        let stretch = |(lane, at): (&LaneId, &Version)| {
            let link = table.settings(lane.mirror)?.links.get(&lane.link)?;
            let guild = link.linked.guild;
            let publishes = link.publishes();
            publishes.then_some(Stretch {
                channel: lane.link,
                guild,
                from: *at,
                to,
                newest: None,
                cause: Cause::LinkedLate,
            })
        };
        let stretches = new.filter_map(stretch).collect();
        self.made = now;
        self.read(stretches).await;
    }

    async fn read(&mut self, stretches: Vec<Stretch>) {
        let Some(fills) = &self.fills else { return };
        if stretches.is_empty() {
            return;
        }
        for stretch in &stretches {
            self.held.hold(stretch.channel);
            fills.live.forget(stretch.channel);
        }
        // The filler ends only with the node.
        let _ = fills.orders.send(stretches).await;
    }

    /// A channel was read: what waited comes next.
    async fn filled(&mut self, channel: ChannelId) -> Result<(), IngestError> {
        self.unread.remove(&channel);
        if self.unread.is_empty() {
            self.lost = Version(0);
        }
        self.held.read(channel);
        let together = self.ingest.links.now().together(channel);
        if together.iter().all(|channel| self.held.is_read(*channel)) {
            self.let_go(together).await?;
        }
        self.keep_place().await?;
        if self.unread.is_empty() { self.forget_bounds().await } else { Ok(()) }
    }

    async fn let_go(&mut self, channels: impl IntoIterator<Item = ChannelId>) -> Result<(), IngestError> {
        let frames = self.held.release(channels);
        for batch in frames.chunks(BATCH_FRAMES_MAX) {
            self.ingest.append_all(batch).await?;
        }
        Ok(())
    }

    async fn let_overdue_go(&mut self) -> Result<(), IngestError> {
        let unbounded = self.awaited.overdue(Instant::now());
        self.read(unbounded).await;
        if self.held.is_empty() {
            return Ok(());
        }
        for channel in self.held.overdue(Instant::now()) {
            tracing::warn!(channel = channel.0, "a channel is not read again yet, and goes on all the same");
            self.let_go([channel]).await?;
        }
        Ok(())
    }

    /// The place is before the first frame that waits.
    async fn keep_place(&self) -> Result<(), IngestError> {
        let Some(place) = self.place.clone() else { return Ok(()) };
        let seq = self.held.first(&place.session).map_or(place.seq, |first| first - 1);
        self.ingest.keep_session(Session { seq, lost: self.lost, bounds: self.bounds.clone(), ..place }).await
    }
}

/// The first frame of a new session.
const READY: &str = "READY";
/// What a new session tells of each guild.
const GUILD_CREATE: &str = "GUILD_CREATE";

/// What GUILD_CREATE tells.
struct Told {
    guild: GuildId,
    /// The last message of each channel and thread; zero: there is none.
    newest: HashMap<ChannelId, MessageId>,
    /// The channels that threads hang in.
    parents: HashMap<ChannelId, ChannelId>,
}

#[derive(Deserialize)]
struct Framed {
    d: Guild,
}

#[derive(Deserialize)]
struct Guild {
    id: String,
    #[serde(default)]
    channels: Vec<Box<RawValue>>,
    #[serde(default)]
    threads: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    last_message_id: Option<String>,
}

impl Channel {
    fn id(&self) -> Option<ChannelId> {
        self.id.parse().ok().map(ChannelId)
    }

    fn newest(&self) -> Option<(ChannelId, MessageId)> {
        let newest = self.last_message_id.as_ref().map_or(Ok(0), |id| id.parse()).ok()?;
        Some((self.id()?, MessageId(newest)))
    }

    fn parent(&self) -> Option<(ChannelId, ChannelId)> {
        Some((self.id()?, ChannelId(self.parent_id.as_ref()?.parse().ok()?)))
    }
}

/// What cannot be read of it is left out.
fn told(frame: &Frame) -> Option<Told> {
    let Framed { d } = serde_json::from_str(&frame.text).ok()?;
    let read = |all: &[Box<RawValue>]| -> Vec<Channel> {
        all.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
    };
    let (channels, threads) = (read(&d.channels), read(&d.threads));
    Some(Told {
        guild: GuildId(d.id.parse().ok()?),
        newest: channels.iter().chain(&threads).filter_map(Channel::newest).collect(),
        parents: threads.iter().filter_map(Channel::parent).collect(),
    })
}

/// Open links of the shard's guilds.
fn made(table: &Table, around: Around) -> Made {
    let at = |lane: LaneId| {
        let link = table.settings(lane.mirror)?.links.get(&lane.link)?;
        (link.is_open() && around.has(link.linked.guild)).then_some((lane, link.linked_at))
    };
    table.lanes().filter_map(at).collect()
}

/// The linked channels of the shard's guilds.
fn channels(table: &Table, around: Around) -> BTreeMap<ChannelId, GuildId> {
    let guild = |lane: LaneId| {
        let link = table.settings(lane.mirror)?.links.get(&lane.link)?;
        (link.is_open() && around.has(link.linked.guild)).then_some((lane.link, link.linked.guild))
    };
    table.lanes().filter_map(guild).collect()
}

/// The next channel that was read again.
async fn done(fills: &mut Option<Fills>) -> ChannelId {
    match fills {
        Some(fills) => match fills.done.recv().await {
            Some(channel) => channel,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
