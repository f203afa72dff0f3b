//! The threads of a channel that is read again: which there are, what became of them, and in which of them something may
//! have been said.
//!
//! Discord lists those that are not archived, of a whole guild at once, and those that were archived since. What is known
//! and in neither list was archived before, or is gone: it is asked for, one by one.

use super::ask::{AGAIN, Ask, Stopped};
use super::compare::Known;
use super::here::Here;
use super::known::{KnownThread, known_thread};
use super::past::Thread;
use super::read::ASKED_MAX;
use events::capture::{Dispatch, ThreadAt, capture, history, missing_thread, starter};
use events::{Body, ChannelId, Event, GuildId, MessageId, Version};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Threads of one channel read again: the others are a `Gap`'s matter.
pub const ROOMS_MAX: usize = 200;

/// A thread to look at.
pub(super) struct Room {
    pub(super) thread: ChannelId,
    /// What is known of what stands in it.
    pub(super) known: Known,
    /// Its last message, as Discord lists it.
    pub(super) newest: Option<MessageId>,
    /// What is new about the thread itself.
    pub(super) told: Vec<Event>,
    /// Nobody knew of it.
    pub(super) is_new: bool,
    /// Something may have been said, changed or removed in it.
    pub(super) is_read: bool,
}

/// What was found out about a channel's threads.
#[derive(Default)]
pub(super) struct Rooms {
    pub(super) open: Vec<Room>,
    /// That others are gone.
    pub(super) gone: Vec<Event>,
    /// What could not be found out, in words.
    pub(super) unknown: Vec<String>,
}

/// The active threads of guilds, as they were when they were last asked for: many channels of one guild are read at a time.
#[derive(Debug, Default)]
pub struct Actives(Mutex<HashMap<GuildId, Slot>>);

type Slot = Arc<tokio::sync::Mutex<Option<(Version, Arc<Vec<Thread>>)>>>;

impl Actives {
    fn all(&self) -> MutexGuard<'_, HashMap<GuildId, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, guild: GuildId) -> Slot {
        self.all().entry(guild).or_default().clone()
    }

    /// Nothing is read now.
    pub(super) fn forget(&self) {
        self.all().clear();
    }
}

/// Looks for threads.
pub(super) struct Search<'a> {
    pub(super) here: &'a Here<'a>,
    pub(super) ask: Ask<'a>,
    /// What was done before this is known.
    pub(super) from: MessageId,
}

impl Search<'_> {
    /// `known`: what stands in each thread.
    pub(super) async fn run(mut self, mut known: BTreeMap<ChannelId, Known>) -> Result<Rooms, Stopped> {
        let mut rooms = Rooms::default();
        self.name_tags().await?;
        let mut threads = self.listed(&mut rooms).await?;
        let unlisted: Vec<_> = known.keys().copied().filter(|thread| !threads.contains_key(thread)).collect();
        self.ask_for(unlisted, &mut threads, &mut rooms).await?;
        let mut threads: Vec<Thread> = threads.into_values().collect();
        threads.sort_by_key(|thread| std::cmp::Reverse(thread.newest));
        for thread in threads {
            if rooms.open.len() >= ROOMS_MAX {
                rooms.unknown.push(format!("more than {ROOMS_MAX} threads were to be read"));
                break;
            }
            let known = known.remove(&thread.id).unwrap_or_default();
            rooms.open.extend(self.room(thread, known).await?);
        }
        Ok(rooms)
    }

    /// A post's tags are ids, and their names are the forum's: after a restart nobody may have told of it.
    async fn name_tags(&mut self) -> Result<(), Stopped> {
        let (filler, forum) = (self.here.filler, self.here.stretch.channel);
        let is_told =
            || filler.guilds.read().unwrap_or_else(PoisonError::into_inner).channel(forum).is_some();
        if filler.links.now().is_forum(forum)
            && !is_told()
            && let Some(told) = self.ask.until(|past| past.channel(forum)).await?
        {
            filler.guilds.write().unwrap_or_else(PoisonError::into_inner).told(&told);
        }
        Ok(())
    }

    /// Those that Discord lists.
    async fn listed(&mut self, rooms: &mut Rooms) -> Result<BTreeMap<ChannelId, Thread>, Stopped> {
        let (channel, since) = (self.here.stretch.channel, self.from.made());
        // In this order: a thread that is archived meanwhile is in both lists, not in none.
        let mut threads: Vec<Thread> =
            self.active().await?.iter().filter(|one| one.parent == channel).cloned().collect();
        match self.ask.until(|past| past.archived(channel, since)).await {
            Ok(archived) => threads.extend(archived),
            Err(Stopped::Unreadable(why)) => rooms.unknown.push(why),
            Err(Stopped::Stopping) => return Err(Stopped::Stopping),
        }
        let table = self.here.filler.links.now();
        let is_ours = |one: &Thread| one.kind != ThreadAt::PRIVATE && table.members(one.id).is_empty();
        Ok(threads.into_iter().filter(is_ours).map(|one| (one.id, one)).collect())
    }

    /// Asked for once in a guild, whichever of its channels is the first.
    async fn active(&mut self) -> Result<Arc<Vec<Thread>>, Stopped> {
        let (filler, stretch) = (self.here.filler, self.here.stretch);
        let slot = filler.actives.slot(stretch.guild);
        let mut kept = slot.lock().await;
        if let Some((_, threads)) = kept.as_ref().filter(|(at, _)| *at >= stretch.to) {
            return Ok(threads.clone());
        }
        let at = filler.clock.now();
        let threads = Arc::new(self.ask.until(|past| past.active(stretch.guild)).await?);
        *kept = Some((at, threads.clone()));
        Ok(threads)
    }

    /// Known, and not listed: gone, or archived before.
    async fn ask_for(
        &mut self,
        mut unlisted: Vec<ChannelId>,
        threads: &mut BTreeMap<ChannelId, Thread>,
        rooms: &mut Rooms,
    ) -> Result<(), Stopped> {
        let unasked = unlisted.len().saturating_sub(ASKED_MAX);
        for id in unlisted.split_off(unasked) {
            // What stood in it is not gone by itself, but nothing can come of it any more.
            if self.known(id).await?.state.is_some_and(|thread| thread.deleted) {
                continue;
            }
            let told = match self.ask.until(|past| past.channel(id)).await {
                Ok(told) => told,
                Err(Stopped::Unreadable(why)) => {
                    rooms.unknown.push(format!("thread {id}: {why}"));
                    continue;
                }
                Err(Stopped::Stopping) => return Err(Stopped::Stopping),
            };
            let Some(told) = told else {
                rooms.gone.extend(self.gone(id));
                continue;
            };
            let thread = serde_json::value::RawValue::from_string(told).ok().and_then(Thread::read);
            threads.extend(thread.filter(|one| one.turned >= self.from.made()).map(|one| (id, one)));
        }
        if unasked > 0 {
            rooms.unknown.push(format!("{unasked} threads, too many to ask for one by one"));
        }
        Ok(())
    }

    fn gone(&self, thread: ChannelId) -> Vec<Event> {
        let channel = self.here.stretch.channel;
        self.here.captured(|scene, now| missing_thread(channel, thread, scene, now))
    }

    /// What is to be done about one thread. One that nothing is known of, and in which nothing was said since, is older
    /// than the link.
    async fn room(&mut self, thread: Thread, known: Known) -> Result<Option<Room>, Stopped> {
        let filler = self.here.filler;
        filler.guilds.write().unwrap_or_else(PoisonError::into_inner).told(thread.raw.get());
        let KnownThread { state, rooted } = self.known(thread.id).await?;
        let is_since = |id: MessageId| id >= self.from;
        let is_said_in = thread.newest.is_some_and(is_since);
        let is_made = is_since(MessageId(thread.id.0));
        if state.is_none() && !is_made && !is_said_in && known.entries.is_empty() {
            return Ok(None);
        }
        let mut told = Vec::new();
        if !rooted && !is_made && is_said_in {
            told = self.root(&thread).await?;
        }
        let data = thread.raw.get();
        let now =
            self.here.captured(|scene, now| capture(&Dispatch { kind: "THREAD_UPDATE", data }, scene, now));
        told.extend(now.into_iter().filter(|event| match &event.body {
            Body::Thread(thread) => state.as_ref() != Some(thread),
            _ => false,
        }));
        let is_read = is_said_in || known.entries.values().any(|entry| !entry.gone);
        let Thread { id, newest, .. } = thread;
        Ok(Some(Room { thread: id, known, newest, told, is_new: state.is_none(), is_read }))
    }

    async fn known(&self, thread: ChannelId) -> Result<KnownThread, Stopped> {
        let (filler, channel) = (self.here.filler, self.here.stretch.channel);
        loop {
            match known_thread(&filler.ports, &filler.links.now(), channel, thread).await {
                Ok(known) => return Ok(known),
                Err(error) => {
                    tracing::warn!(thread = thread.0, %error, "what is known of a thread cannot be read now");
                    self.ask.wait(AGAIN).await?;
                }
            }
        }
    }

    /// What the thread stands on, which is older than what is known.
    async fn root(&mut self, thread: &Thread) -> Result<Vec<Event>, Stopped> {
        let (filler, stretch) = (self.here.filler, self.here.stretch);
        let root = MessageId(thread.id.0);
        let lies_in = if filler.links.now().is_forum(stretch.channel) { thread.id } else { stretch.channel };
        let told = self.ask.until(|past| past.message(lies_in, root)).await?;
        Ok(match told {
            Some(message) => self.here.captured(|scene, now| history(&message, stretch.guild, scene, now)),
            None => self.here.captured(|scene, now| starter(thread.raw.get(), scene, now)),
        })
    }
}
