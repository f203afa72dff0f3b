//! What ingest must know of threads before it takes a frame: which channel a thread hangs in, and what it stands on.
//!
//! Both are in memory for as long as the gateway told of them to this process. A session that was resumed after a
//! restart tells nothing of what is there already, and no session tells of a message written before the link: then
//! Discord is asked, once per channel.

use crate::discord::gateway::Frame;
use crate::discord::guilds::Guilds;
use crate::links::Table;
use async_trait::async_trait;
use events::capture::ThreadAt;
use events::{ChannelId, GuildId, MessageId};
use serde::Deserialize;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Messages, and channels that are no threads, remembered each at most.
const KNOWN_MAX: usize = 20_000;

/// What Discord says when it is asked.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// A channel as JSON; `None`: there is none, or it is not ours to see.
    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, Unanswered>;

    /// A message as JSON; `None`: there is none, or it is not ours to see.
    async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Option<String>, Unanswered>;
}

/// Discord did not answer for so long that frames cannot wait for it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// What is to be captured before the frames of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A thread as it is, JSON.
    Thread(String),
    /// The message that a thread stands on, JSON, and its guild.
    Starter(String, GuildId),
    /// A thread that stands on none, JSON.
    Bare(String),
}

/// What is known of threads.
pub struct Threads {
    lookup: Arc<dyn Lookup>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Messages captured of late, and those that threads stand on.
    messages: Ring<MessageId>,
    /// Channels that are no threads of ours.
    strangers: Ring<ChannelId>,
    /// What Discord said of threads that were asked for before their frames are taken.
    located: HashMap<ChannelId, String>,
}

/// The newest [`KNOWN_MAX`].
struct Ring<T> {
    set: HashSet<T>,
    order: VecDeque<T>,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { set: HashSet::new(), order: VecDeque::new() }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Ring<T> {
    fn add(&mut self, item: T) {
        if !self.set.insert(item) {
            return;
        }
        self.order.push_back(item);
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }

    fn has(&self, item: &T) -> bool {
        self.set.contains(item)
    }
}

/// What a frame says of its place.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    id: String,
    channel_id: String,
    guild_id: String,
    channel_type: Option<u8>,
    parent_id: String,
    owner_id: String,
    #[serde(rename = "type")]
    kind: u8,
    applied_tags: Vec<String>,
}

/// A thread of a linked channel.
struct Place {
    thread: ChannelId,
    parent: ChannelId,
    guild: GuildId,
}

impl Place {
    /// Where the message lies that it stands on: a post's is its own first.
    fn of_root(&self, table: &Table) -> ChannelId {
        if table.is_forum(self.parent) { self.thread } else { self.parent }
    }
}

impl Threads {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns which channels these frames' threads hang in, before it is decided which of them wait.
    pub(super) async fn locate(&self, table: &Table, guilds: &RwLock<Guilds>, batch: &[Frame]) {
        for head in batch.iter().filter_map(head) {
            let Ok(channel) = head.channel_id.parse::<ChannelId>() else { continue };
            if !table.members(channel).is_empty() {
                continue;
            }
            if let Some(told) = self.identify(table, guilds, channel, &head).await {
                let mut known = self.known();
                if known.located.len() < KNOWN_MAX {
                    known.located.insert(channel, told);
                }
            }
        }
    }

    /// Learns what these frames need; says what is to be captured before them.
    pub(super) async fn learn(&self, table: &Table, guilds: &RwLock<Guilds>, batch: &[Frame]) -> Vec<Found> {
        let mut found = Vec::new();
        for frame in batch {
            let Some(head) = head(frame) else { continue };
            match frame.kind.as_str() {
                "THREAD_CREATE" | "THREAD_UPDATE" if self.is_post(table, guilds, &head).await => {}
                "THREAD_CREATE" => self.created(table, &head, &mut found).await,
                "THREAD_UPDATE" => {}
                _ => self.said(table, guilds, (&frame.kind, &head), &mut found).await,
            }
        }
        found
    }

    /// Whether this is a post of a linked forum: its first message comes by itself.
    async fn is_post(&self, table: &Table, guilds: &RwLock<Guilds>, head: &Head) -> bool {
        let Ok(forum) = head.parent_id.parse() else { return false };
        if !head.applied_tags.is_empty() {
            self.name_tags((table, guilds), forum).await;
        }
        table.is_forum(forum)
    }

    /// A post's tags are ids, and their names are the forum's: after a restart nobody may have told of it.
    async fn name_tags(&self, (table, guilds): (&Table, &RwLock<Guilds>), forum: ChannelId) {
        let is_told = guilds.read().unwrap_or_else(PoisonError::into_inner).channel(forum).is_some();
        if is_told || !table.is_forum(forum) {
            return;
        }
        match self.lookup.channel(forum).await {
            Ok(Some(json)) => guilds.write().unwrap_or_else(PoisonError::into_inner).told(&json),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(forum = forum.0, %error, "nobody says what a forum's tags are called");
            }
        }
    }

    /// A thread on a message that was written before anybody listened.
    async fn created(&self, table: &Table, head: &Head, found: &mut Vec<Found>) {
        let (Ok(thread), Ok(parent), Ok(guild)) =
            (head.id.parse(), head.parent_id.parse(), head.guild_id.parse())
        else {
            return;
        };
        let place = Place { thread, parent, guild };
        if head.kind != ThreadAt::PRIVATE && !head.owner_id.is_empty() && publishes(table, &place) {
            self.starter(table, &place, None, found).await;
        }
    }

    async fn said(
        &self,
        table: &Table,
        guilds: &RwLock<Guilds>,
        (kind, head): (&str, &Head),
        found: &mut Vec<Found>,
    ) {
        let Ok(channel) = head.channel_id.parse::<ChannelId>() else { return };
        let is_new = kind == "MESSAGE_CREATE";
        if !table.members(channel).is_empty() {
            if let (true, Ok(message)) = (is_new, head.id.parse()) {
                self.known().messages.add(message);
            }
            return;
        }
        let told = self.identify(table, guilds, channel, head).await;
        let Some(place) = place(guilds, channel) else { return };
        if !is_new || !publishes(table, &place) {
            return;
        }
        if head.id != head.channel_id {
            return self.root((table, guilds), &place, found).await;
        }
        // The first message of a post, of which no frame has told.
        self.known().messages.add(MessageId(channel.0));
        if let Some(post) = told {
            self.name_tags((table, guilds), place.parent).await;
            found.push(Found::Thread(post));
        }
    }

    /// Asks what a channel is that nobody told of.
    async fn identify(
        &self,
        table: &Table,
        guilds: &RwLock<Guilds>,
        channel: ChannelId,
        head: &Head,
    ) -> Option<String> {
        if let Some(told) = self.known().located.remove(&channel) {
            return Some(told);
        }
        let is_told = guilds.read().unwrap_or_else(PoisonError::into_inner).channel(channel).is_some();
        let may_be_thread = head.channel_type.is_none_or(crate::discord::guilds::is_thread);
        let is_linked = head.guild_id.parse().is_ok_and(|guild| table.has_guild(guild));
        if is_told || !may_be_thread || !is_linked || self.known().strangers.has(&channel) {
            return None;
        }
        match self.lookup.channel(channel).await {
            Ok(Some(json)) => {
                guilds.write().unwrap_or_else(PoisonError::into_inner).told(&json);
                return Some(json);
            }
            Ok(None) => self.known().strangers.add(channel),
            Err(error) => {
                tracing::warn!(channel = channel.0, %error, "nobody says whether this channel is a thread");
            }
        }
        None
    }

    /// Something is said in a thread of which nothing is known: it is older than the link, or than this process.
    async fn root(&self, (table, guilds): (&Table, &RwLock<Guilds>), place: &Place, found: &mut Vec<Found>) {
        if self.known().messages.has(&MessageId(place.thread.0)) {
            return;
        }
        match self.lookup.channel(place.thread).await {
            Ok(Some(json)) => {
                self.starter(table, place, Some(&json), found).await;
                self.name_tags((table, guilds), place.parent).await;
                found.push(Found::Thread(json));
            }
            Ok(None) => self.known().messages.add(MessageId(place.thread.0)),
            Err(error) => unanswered(place.thread, &error),
        }
    }

    async fn starter(&self, table: &Table, place: &Place, thread: Option<&str>, found: &mut Vec<Found>) {
        let root = MessageId(place.thread.0);
        if self.known().messages.has(&root) {
            return;
        }
        match (self.lookup.message(place.of_root(table), root).await, thread) {
            (Ok(Some(json)), _) => found.push(Found::Starter(json, place.guild)),
            (Ok(None), Some(thread)) => found.push(Found::Bare(thread.to_owned())),
            // It was started without a message: the message of that start says so.
            (Ok(None), None) => {}
            (Err(error), _) => return unanswered(place.thread, &error),
        }
        self.known().messages.add(root);
    }
}

fn unanswered(thread: ChannelId, error: &Unanswered) {
    tracing::warn!(thread = thread.0, %error, "what a thread stands on cannot be read now; it is tried again");
}

fn publishes(table: &Table, place: &Place) -> bool {
    let own = table.members(place.thread);
    own.is_empty() && table.members(place.parent).iter().any(|member| member.publishes)
}

/// A public thread, as far as was told.
fn place(guilds: &RwLock<Guilds>, thread: ChannelId) -> Option<Place> {
    let guilds = guilds.read().unwrap_or_else(PoisonError::into_inner);
    let channel =
        guilds.channel(thread).filter(|channel| channel.is_thread() && channel.kind != ThreadAt::PRIVATE)?;
    Some(Place { thread, parent: channel.parent?, guild: channel.guild })
}

fn head(frame: &Frame) -> Option<Head> {
    #[derive(Deserialize)]
    struct Framed {
        d: Head,
    }
    let wanted = matches!(
        frame.kind.as_str(),
        "MESSAGE_CREATE"
            | "MESSAGE_UPDATE"
            | "MESSAGE_DELETE"
            | "MESSAGE_DELETE_BULK"
            | "THREAD_CREATE"
            | "THREAD_UPDATE"
    );
    if wanted { serde_json::from_str::<Framed>(&frame.text).ok().map(|framed| framed.d) } else { None }
}
