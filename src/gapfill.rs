//! Gap fill: what nobody heard is read again from history, and what cannot be read is said.
//!
//! ```text
//! READY of a new session, or a link learned of late
//!   ingest ──[Stretch]──> Filler ──pages, compared with the views──> log      live frames of the channel wait
//!      ^                     └── done: channel ──┐                            in ingest meanwhile
//!      └─────────────────────────────────────────┘
//! ```
//! New messages are read page by page. What is known of the last two days is compared with the same pages: edits are
//! what history shows in a later version, deletions what it does not show between what it does. An empty list proves
//! nothing, for Discord gives it to whoever may not read: what stands at the end is asked for one by one. What is found
//! is the same event that the gateway would have given, so that reading it twice does no harm. A [`Gap`] on the log
//! names the rest. The threads of a channel are read with it; channels that share a mirror are read together, and what
//! they find is merged by id. Bounded in calls, time and number: see [`read`], [`rooms`], [`ask`].
//!
//! [`Gap`]: events::event::Gap

pub mod ask;
pub mod compare;
mod fill;
mod group;
mod here;
pub mod known;
pub mod merge;
pub mod past;
pub mod read;
pub mod rooms;

use crate::clock::Clock;
use crate::discord::guilds::Guilds;
use crate::discord::webhooks::Webhooks;
use crate::follower::RETRY;
use crate::links::Links;
use ask::Stopped;
use events::capture::Me;
use events::log::{AppendError, Durable};
use events::{ChannelId, Event, GuildId, MessageId, Partition, Version};
use fill::Fill;
use group::Group;
use here::Here;
use past::Past;
use rooms::Actives;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tools::{Follow, Ports};
use uuid::Uuid;

/// Questions to Discord at once; and while as many channels are read, no further group begins.
pub const AT_ONCE_MAX: usize = 8;
/// Lists of channels that may wait for the filler.
pub const ORDERS_MAX: usize = 16;
/// Channels done that ingest has not heard of yet.
pub const DONE_MAX: usize = 64;

/// A shard among others: which guilds it hears of.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// Which shard.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
}

impl Around {
    /// Discord's rule. Source: Discord, "Gateway, Sharding".
    #[must_use]
    pub fn has(self, guild: GuildId) -> bool {
        (guild.0 >> 22) % u64::from(self.shards.max(1)) == u64::from(self.shard)
    }
}

/// Why a channel is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The gateway session was lost, and with it what happened until the next one.
    SessionLost,
    /// The link was made a while before the node with the channel's shard learned of it.
    LinkedLate,
}

/// A stretch of one channel's history that nobody heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The channel.
    pub channel: ChannelId,
    /// Its guild.
    pub guild: GuildId,
    /// Since then, or [`Self::UNKNOWN`].
    pub from: Version,
    /// Until then.
    pub to: Version,
    /// The channel's last message when live frames began, as GUILD_CREATE names it (0: there is none): what is newer
    /// comes by itself. `None`: it did not say.
    pub newest: Option<MessageId>,
    /// Why.
    pub cause: Cause,
}

impl Stretch {
    /// `from` where nothing was kept of the last session: since the last message known, or since the link was made.
    pub const UNKNOWN: Version = Version(1);

    /// Both, in one; the other was asked for later. A loss is compared with what is known, a late link is not.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let cause = if self.cause == Cause::SessionLost { self.cause } else { other.cause };
        let from = self.from.min(other.from);
        Self { from, to: self.to.max(other.to), cause, newest: other.newest, ..self }
    }
}

/// Reads channels again, a few at a time.
pub struct Filler {
    /// Log and views.
    pub ports: Ports,
    /// Which channels are linked.
    pub links: Arc<Links>,
    /// Names.
    pub guilds: Arc<RwLock<Guilds>>,
    /// Which webhooks are ours.
    pub webhooks: Arc<Webhooks>,
    /// Who we are.
    pub me: Me,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Ids of gaps.
    pub ids: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// Waits for the views.
    pub follow: Arc<dyn Follow>,
    /// Discord's history.
    pub past: Arc<dyn Past>,
    /// Leave to ask Discord: [`AT_ONCE_MAX`].
    pub calls: Semaphore,
    /// Threads of guilds.
    pub actives: Actives,
    /// What comes by itself meanwhile.
    pub live: Live,
    /// Told to stop.
    pub stop: CancellationToken,
}

/// Ingest's side of a filler.
#[derive(Debug)]
pub struct Fills {
    /// Channels to read.
    pub orders: mpsc::Sender<Vec<Stretch>>,
    /// Channels that are read, one by one.
    pub done: mpsc::Receiver<ChannelId>,
    /// What came by itself meanwhile.
    pub live: Live,
}

/// Where live frames begin, in each channel and thread that is read again: from there on nothing is to be read. Bounded by
/// the linked channels and their active threads.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Begun>>);

#[derive(Debug, Default)]
struct Begun {
    /// The first message that came by itself, in a channel or a thread of it.
    came: HashMap<ChannelId, HashMap<ChannelId, MessageId>>,
    /// The last message that was there before, as a new session names it.
    ended: HashMap<ChannelId, MessageId>,
}

impl Live {
    fn all(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message came by itself, in `channel` or in a thread of it.
    pub fn came(&self, channel: ChannelId, room: ChannelId, message: MessageId) {
        self.all().came.entry(channel).or_default().entry(room).or_insert(message);
    }

    /// A channel is to be read again: only what comes from now on counts.
    pub fn forget(&self, channel: ChannelId) {
        self.all().came.remove(&channel);
    }

    /// The last messages of channels and threads when live frames began.
    pub fn ends(&self, rooms: impl IntoIterator<Item = (ChannelId, MessageId)>) {
        self.all().ended.extend(rooms);
    }

    /// A new session, or nothing more is missing: what was told before no longer counts.
    pub fn begin(&self) {
        self.all().ended.clear();
    }

    fn first(&self, channel: ChannelId, room: ChannelId) -> Option<MessageId> {
        self.all().came.get(&channel)?.get(&room).copied()
    }

    fn ended(&self, room: ChannelId) -> Option<MessageId> {
        self.all().ended.get(&room).copied()
    }
}

/// Where a filler hears and tells.
pub type Ends = (mpsc::Receiver<Vec<Stretch>>, mpsc::Sender<ChannelId>);

/// Both sides.
#[must_use]
pub fn ends(live: Live) -> (Fills, Ends) {
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let (tell, done) = mpsc::channel(DONE_MAX);
    (Fills { orders, done, live }, (ordered, tell))
}

/// What waits, works and is done. A channel is read once at a time; what is asked for meanwhile is joined.
#[derive(Default)]
struct Queue {
    waiting: BTreeMap<ChannelId, Stretch>,
    working: BTreeSet<ChannelId>,
    done: VecDeque<ChannelId>,
}

impl Queue {
    fn add(&mut self, stretch: Stretch) {
        let joined = self.waiting.get(&stretch.channel).map_or(stretch, |waiting| waiting.joined(stretch));
        self.waiting.insert(stretch.channel, joined);
    }

    /// The next channels to be read together: all that wait of one group, of which none is read now.
    fn next(&mut self, together: impl Fn(ChannelId) -> HashSet<ChannelId>) -> Option<Vec<Stretch>> {
        if self.working.len() >= AT_ONCE_MAX {
            return None;
        }
        let is_free =
            |group: &HashSet<ChannelId>| self.working.iter().all(|channel| !group.contains(channel));
        let group = self.waiting.keys().map(|channel| together(*channel)).find(is_free)?;
        let next: Vec<_> = self.waiting.extract_if(.., |channel, _| group.contains(channel)).collect();
        self.working.extend(next.iter().map(|(channel, _)| *channel));
        Some(next.into_iter().map(|(_, stretch)| stretch).collect())
    }

    /// Ingest hears of a channel only when nothing more is to be read of it.
    fn end(&mut self, channel: ChannelId) {
        self.working.remove(&channel);
        if !self.waiting.contains_key(&channel) {
            self.done.push_back(channel);
        }
    }
}

impl Filler {
    /// Reads what is asked for until nobody asks any more or the node stops.
    pub async fn run(self: Arc<Self>, (mut orders, done): Ends) {
        let mut queue = Queue::default();
        let mut fills = JoinSet::new();
        loop {
            self.begin(&mut queue, &mut fills);
            if fills.is_empty() {
                self.actives.forget();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                asked = orders.recv() => match asked {
                    Some(stretches) => stretches.into_iter().for_each(|stretch| queue.add(stretch)),
                    None => return,
                },
                Some(ended) = fills.join_next() => match ended {
                    Ok(Some(channel)) => queue.end(channel),
                    // The node stops.
                    Ok(None) | Err(_) => return,
                },
                slot = done.reserve(), if !queue.done.is_empty() => match (slot, queue.done.pop_front()) {
                    (Ok(slot), Some(channel)) => slot.send(channel),
                    (Ok(_) | Err(_), _) => return,
                },
            }
        }
    }

    /// Begins with what waits, as far as there is room.
    fn begin(self: &Arc<Self>, queue: &mut Queue, fills: &mut JoinSet<Option<ChannelId>>) {
        let table = self.links.now();
        while let Some(stretches) = queue.next(|channel| table.together(channel)) {
            let group = Arc::new(Group::new(&stretches));
            for stretch in stretches {
                let (filler, group) = (self.clone(), group.clone());
                fills.spawn(async move { filler.fill(&group, stretch).await });
            }
        }
    }

    /// Reads one channel of a group; `None`: the node stops.
    async fn fill(&self, group: &Group, stretch: Stretch) -> Option<ChannelId> {
        let here = Here::new(self, group, &stretch);
        match Fill::new(&here).run().await {
            Ok(()) => {
                let (channel, found) = (stretch.channel.0, here.found());
                tracing::info!(channel, found, cause = ?stretch.cause, "a channel was read again");
                Some(stretch.channel)
            }
            Err(Stopped::Stopping | Stopped::Unreadable(_)) => None,
        }
    }

    /// Appends until it is durable; `Err`: the node stops.
    async fn append(&self, events: Vec<Event>) -> Result<(), ()> {
        let mut batches: BTreeMap<Partition, Vec<Event>> = BTreeMap::new();
        for event in events {
            batches.entry(self.ports.partition(event.mirror)).or_default().push(event);
        }
        for (partition, mut batch) in batches {
            while !batch.is_empty() {
                match self.ports.log.append(partition, batch.clone(), Durable::Here).await {
                    Ok(()) => break,
                    Err(AppendError::TooLarge { index, bytes }) => {
                        tracing::error!(bytes, "a message of history is too large for an event; left out");
                        batch.remove(index);
                    }
                    Err(AppendError::Retry(why)) => {
                        tracing::warn!(why, "the log cannot append now; history waits");
                        tokio::select! {
                            () = tokio::time::sleep(RETRY) => {}
                            () = self.stop.cancelled() => return Err(()),
                        }
                    }
                    Err(AppendError::Stopped(_)) => return Err(()),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
