//! Threads and posts of forums.
//!
//! ```text
//! from a message        thread id = message id; THREAD_CREATE, MESSAGE_UPDATE (HAS_THREAD), type 21 first in the thread
//! without a message     new id; THREAD_CREATE, and type 18 in the channel, which points at the thread
//! a post of a forum     THREAD_CREATE, then the first message, whose id is the thread's
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Author, Guild, World, channel::NewChannel, channel_kind::ChannelKind, mention::Allowed, message::Draft,
};
use crate::{
    clock::{self, Stamp},
    id::{self, Id},
    ledger::{Actor, Change},
};

/// Flag of a message that a thread was started from.
pub(crate) const HAS_THREAD: u32 = 1 << 5;

/// Types of system messages: a channel was renamed, a thread was made, and the first message of one.
const CHANNEL_NAME_CHANGE: u8 = 4;
const THREAD_CREATED: u8 = 18;
pub(crate) const THREAD_STARTER: u8 = 21;

/// What a thread has besides what every channel has.
#[derive(Clone, Debug)]
pub(crate) struct Thread {
    /// A person, the bot, or the webhook that made the post.
    pub(crate) owner: u64,
    pub(crate) made_us: u64,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    /// When `archived` last changed.
    pub(crate) turned_us: u64,
    pub(crate) idle_minutes: u32,
    /// Of the forum's tags.
    pub(crate) tags: Vec<u64>,
    /// Who is in it, and since when.
    pub(crate) members: BTreeMap<u64, u64>,
    /// Messages in it but the first; and all that were ever sent.
    pub(crate) count: u64,
    pub(crate) sent: u64,
}

impl Thread {
    pub(crate) fn json(&self) -> Value {
        json!({
            "owner_id": Id(self.owner), "message_count": self.count, "total_message_sent": self.sent,
            "member_count": self.member_count(),
            "applied_tags": self.tags.iter().copied().map(Id).collect::<Vec<_>>(),
            "thread_metadata": {
                "archived": self.archived, "archive_timestamp": Stamp(self.turned_us), "locked": self.locked,
                "auto_archive_duration": self.idle_minutes, "create_timestamp": Stamp(self.made_us),
            },
        })
    }
}

/// A thread to be made.
pub(crate) struct NewThread {
    pub(crate) name: String,
    /// As its parent has them, if not said.
    pub(crate) kind: Option<ChannelKind>,
    pub(crate) owner: u64,
    pub(crate) idle_minutes: u32,
    pub(crate) tags: Vec<u64>,
}

/// Archived after so long without a message, if nothing else is said: a day.
pub(crate) const IDLE_MINUTES: u32 = 1440;

impl NewThread {
    pub(crate) fn new(name: &str, owner: u64) -> Self {
        Self { name: name.to_owned(), kind: None, owner, idle_minutes: IDLE_MINUTES, tags: Vec::new() }
    }
}

/// What to change of a thread; absent parts stay.
#[derive(Debug, Default)]
pub(crate) struct ThreadChange {
    pub(crate) name: Option<String>,
    pub(crate) archived: Option<bool>,
    pub(crate) locked: Option<bool>,
    pub(crate) idle_minutes: Option<u32>,
    pub(crate) tags: Option<Vec<u64>>,
}

/// A thread as its channel shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownThread {
    /// Its id: that of the message which it was started from, or of a post's first message.
    #[serde(serialize_with = "crate::id::text")]
    pub id: u64,
    /// The channel or forum.
    #[serde(serialize_with = "crate::id::text")]
    pub parent: u64,
    /// Its name.
    pub name: String,
    /// 10, 11 or 12.
    pub kind: ChannelKind,
    /// Who made it: a user or a webhook.
    #[serde(serialize_with = "crate::id::text")]
    pub owner: u64,
    /// Out of the way, and read-only until somebody writes.
    pub archived: bool,
    /// If archived too, nobody may write.
    pub locked: bool,
    /// The names of its tags.
    pub tags: Vec<String>,
    /// Messages but the first.
    pub message_count: u64,
}

impl World {
    /// Makes the channel of a thread and says so. Its first message is the caller's business.
    pub(crate) fn add_thread(&mut self, parent: u64, id: u64, new: NewThread, actor: Actor) -> Option<u64> {
        let place = self.channels.get(&parent)?;
        let (guild, kind) = (place.guild, new.kind.unwrap_or(place.kind.thread()));
        let made_us = clock::now_us();
        // A webhook is nobody.
        let members =
            self.users.contains_key(&new.owner).then_some((new.owner, made_us)).into_iter().collect();
        let thread = Thread {
            owner: new.owner,
            made_us,
            archived: false,
            locked: false,
            turned_us: made_us,
            idle_minutes: new.idle_minutes,
            tags: new.tags,
            members,
            count: 0,
            sent: 0,
        };
        let channel = NewChannel { id, guild, kind, name: &new.name, thread: Some((parent, thread)) };
        self.channels.insert(id, channel.made(Vec::new()));
        self.guilds.get_mut(&guild)?.channels.insert(id);
        self.note(actor, Change::ChannelCreate, id, id);
        let mut data = self.channel_json(id)?;
        data["newly_created"] = json!(true);
        self.dispatch_value("THREAD_CREATE", guild, Some(id), &data);
        Some(id)
    }

    /// Starts a thread from a message, which must be there and have none yet.
    pub(crate) fn start_thread(
        &mut self,
        channel: u64,
        message: u64,
        new: NewThread,
        actor: Actor,
    ) -> Option<u64> {
        let known = self.channels.get(&channel)?.messages.contains_key(&message);
        if !known || self.channels.contains_key(&message) {
            return None;
        }
        let owner = new.owner;
        self.add_thread(channel, message, new, actor)?;
        self.message_mut(channel, message)?.flags |= HAS_THREAD;
        self.updated(channel, message, Change::Refresh, actor);
        let guild = self.channels.get(&channel)?.guild;
        let target =
            json!({"type": 0, "channel_id": Id(channel), "message_id": Id(message), "guild_id": Id(guild)});
        self.system(message, owner, THREAD_STARTER, ("", target));
        Some(message)
    }

    /// Makes a thread of its own in a text channel; a public one is announced there.
    pub(crate) fn create_thread(&mut self, channel: u64, new: NewThread, actor: Actor) -> Option<u64> {
        let (id, owner, name) = (self.ids.next(), new.owner, new.name.clone());
        let private = new.kind == Some(ChannelKind::PrivateThread);
        self.add_thread(channel, id, new, actor)?;
        if !private {
            let guild = self.channels.get(&channel)?.guild;
            let target = json!({"type": 0, "channel_id": Id(id), "guild_id": Id(guild)});
            self.system(channel, owner, THREAD_CREATED, (&name, target));
        }
        Some(id)
    }

    /// Makes a post: a thread, and its first message under the same id. `None`: no such forum, or it asks for a tag.
    pub(crate) fn create_post(
        &mut self,
        forum: u64,
        new: NewThread,
        draft: Draft,
        actor: Actor,
    ) -> Option<u64> {
        if self.channels.get(&forum)?.lacks_tag(&new.tags) {
            return None;
        }
        let id = self.ids.next();
        self.add_thread(forum, id, new, actor)?;
        self.post(Draft { id: Some(id), channel: id, ..draft }, actor);
        Some(id)
    }

    /// A message of Discord's own, in the name of whoever caused it.
    pub(crate) fn system(&mut self, channel: u64, author: u64, kind: u8, (text, reference): (&str, Value)) {
        if !self.users.contains_key(&author) {
            return;
        }
        let mut draft = Draft::new(channel, Author::User(author), text);
        (draft.kind, draft.allowed) = (kind, Allowed::nothing());
        draft.extra.reference = Some(reference).filter(|reference| !reference.is_null());
        let actor = self.actor(author);
        self.post(draft, actor);
    }

    /// Changes a thread: THREAD_UPDATE, and a system message where its name changed.
    pub(crate) fn change_thread(&mut self, id: u64, change: ThreadChange, actor: Actor) -> bool {
        let bot = self.bot;
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        let Some(thread) = channel.thread.as_mut() else { return false };
        let archived = change.archived.unwrap_or(thread.archived);
        if archived != thread.archived {
            (thread.archived, thread.turned_us) = (archived, clock::now_us());
        }
        thread.locked = change.locked.unwrap_or(thread.locked);
        thread.idle_minutes = change.idle_minutes.unwrap_or(thread.idle_minutes);
        thread.tags = change.tags.unwrap_or_else(|| std::mem::take(&mut thread.tags));
        let renamed = change.name.filter(|name| *name != channel.name);
        if let Some(name) = &renamed {
            channel.name.clone_from(name);
        }
        self.channel_updated(id, actor);
        let author = if let Actor::User(user) = actor { user } else { bot };
        if let Some(name) = renamed.filter(|_| !archived) {
            self.system(id, author, CHANNEL_NAME_CHANGE, (&name, Value::Null));
        }
        true
    }

    /// A message brings an archived thread back, unless it is locked.
    pub(crate) fn wake_thread(&mut self, id: u64, actor: Actor) {
        let thread = self.channels.get(&id).and_then(|channel| channel.thread.as_ref());
        if thread.is_some_and(|thread| thread.archived && !thread.locked) {
            let change = ThreadChange { archived: Some(false), ..ThreadChange::default() };
            self.change_thread(id, change, actor);
        }
    }

    /// The threads of a guild that are not archived and that the bot sees.
    pub(crate) fn active_threads_json(&self, guild: &Guild) -> Vec<Value> {
        let all = self.channels_of(guild.id);
        all.filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived))
            .filter(|channel| self.permissions_in(channel.id).view_channel)
            .filter_map(|channel| self.channel_json(channel.id))
            .collect()
    }

    /// THREAD_LIST_SYNC: what a client gets that has gained access to channels.
    pub(crate) fn sync_threads(&mut self, guild: u64, channels: &[u64]) {
        let Some(known) = self.guilds.get(&guild) else { return };
        let mut threads = self.active_threads_json(known);
        threads.retain(|thread| id::from_json(&thread["parent_id"]).is_some_and(|id| channels.contains(&id)));
        let members = self.thread_members_json(threads.iter());
        let channel_ids: Vec<Id> = channels.iter().copied().map(Id).collect();
        let data = json!({
            "guild_id": Id(guild), "channel_ids": channel_ids, "threads": threads, "members": members,
        });
        self.dispatch_value("THREAD_LIST_SYNC", guild, None, &data);
    }

    /// The threads of a channel, oldest first.
    pub(crate) fn shown_threads(&self, parent: u64) -> Vec<ShownThread> {
        let of = self.channels.values().filter(|channel| channel.parent == Some(parent));
        let mut shown: Vec<_> = of.filter_map(|channel| self.shown_thread(channel.id)).collect();
        shown.sort_by_key(|thread| thread.id);
        shown
    }

    fn shown_thread(&self, id: u64) -> Option<ShownThread> {
        let channel = self.channels.get(&id)?;
        let (thread, parent) = (channel.thread.as_ref()?, channel.parent?);
        let tags = self.channels.get(&parent).map(|forum| &forum.tags).into_iter().flatten();
        let worn = tags.filter(|tag| thread.tags.contains(&tag.id)).map(|tag| tag.name.clone());
        Some(ShownThread {
            id,
            parent,
            name: channel.name.clone(),
            kind: channel.kind,
            owner: thread.owner,
            archived: thread.archived,
            locked: thread.locked,
            tags: worn.collect(),
            message_count: thread.count,
        })
    }
}
