//! Messages come, change and go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Author, Channel, Extra, Message, World,
    mention::{self, Allowed},
    shown::Happening,
    thread::THREAD_STARTER,
};
use crate::{
    cdn::Cdn,
    clock, id,
    ledger::{Actor, Change},
};

/// A message to be posted.
pub(crate) struct Draft {
    /// Given where it is that of the thread which the message begins.
    pub(crate) id: Option<u64>,
    pub(crate) channel: u64,
    pub(crate) author: Author,
    pub(crate) content: String,
    pub(crate) kind: u8,
    pub(crate) flags: u32,
    pub(crate) tts: bool,
    pub(crate) reply_to: Option<u64>,
    pub(crate) nonce: Option<Value>,
    pub(crate) allowed: Allowed,
    pub(crate) extra: Extra,
}

impl Draft {
    pub(crate) fn new(channel: u64, author: Author, content: &str) -> Self {
        Self {
            id: None,
            channel,
            author,
            content: content.to_owned(),
            kind: 0,
            flags: 0,
            tts: false,
            reply_to: None,
            nonce: None,
            allowed: Allowed::everything(),
            extra: Extra::default(),
        }
    }
}

/// What an edit changes; absent parts stay.
#[derive(Default)]
pub(crate) struct Revision {
    pub(crate) content: Option<String>,
    pub(crate) flags: Option<u32>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) attachments: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) allowed: Option<Allowed>,
}

impl World {
    /// Posts a message; Discord trims the text. The caller has checked that the channel exists.
    pub(crate) fn post(&mut self, draft: Draft, actor: Actor) -> u64 {
        self.wake_thread(draft.channel, actor);
        let (id, channel) = (draft.id.unwrap_or_else(|| self.ids.next()), draft.channel);
        let message = self.written(id, draft);
        self.join(channel, &message.author);
        let data = self.message_for_sessions(&message);
        let Some(place) = self.channels.get_mut(&channel) else { return 0 };
        if let Some(thread) = place.thread.as_mut().filter(|_| counts(&message)) {
            (thread.count, thread.sent) = (thread.count + 1, thread.sent + 1);
        }
        place.messages.insert(id, message);
        let guild = place.guild;
        self.note(actor, Change::Create, channel, id);
        self.dispatch_both("MESSAGE_CREATE", guild, Some(channel), data);
        self.tell_of(channel, id, |shown| Happening::Posted(shown, actor));
        id
    }

    /// The message that a draft becomes.
    pub(crate) fn written(&self, id: u64, draft: Draft) -> Message {
        let pings = self.pings(&draft);
        Message {
            id,
            channel: draft.channel,
            author: draft.author,
            content: draft.content.trim().into(),
            kind: if draft.reply_to.is_some() && draft.kind == 0 { 19 } else { draft.kind },
            flags: draft.flags,
            tts: draft.tts,
            pinned_us: None,
            edited_us: None,
            pings,
            nonce: draft.nonce,
            reply_to: draft.reply_to,
            extra: draft.extra.boxed(),
        }
    }

    /// An id of so long ago that no message of a channel has.
    pub(crate) fn past_id(&self, channel: u64, age_ms: u64) -> u64 {
        let first = id::at_ms(clock::now_ms().saturating_sub(age_ms));
        let taken = self.channels.get(&channel).map(|channel| &channel.messages);
        (first..).find(|id| taken.is_none_or(|taken| !taken.contains_key(id))).unwrap_or(first)
    }

    fn pings(&self, draft: &Draft) -> crate::Pings {
        let mut pings = mention::permitted(mention::found(&draft.content), &draft.allowed);
        pings.users.retain(|id| self.users.contains_key(id));
        let answered = draft.reply_to.filter(|_| draft.allowed.replied_user);
        let target = answered.and_then(|id| self.channels.get(&draft.channel)?.messages.get(&id));
        if let Some(Author::User(author)) = target.map(|target| &target.author)
            && !pings.users.contains(author)
        {
            pings.users.push(*author);
        }
        pings
    }

    /// People who speak in a guild are members of it.
    pub(crate) fn join(&mut self, channel: u64, author: &Author) {
        let guild = self.channels.get(&channel).map(|channel| channel.guild);
        if let (Author::User(user), Some(guild)) = (author, guild.and_then(|id| self.guilds.get_mut(&id))) {
            let joined_us = id::created_ms(*user) * 1000;
            guild.members.entry(*user).or_insert_with(|| super::Member { joined_us, ..Default::default() });
        }
    }

    fn tell_of(&self, channel: u64, id: u64, happening: impl FnOnce(Box<super::shown::Shown>) -> Happening) {
        if let Some(message) = self.channels.get(&channel).and_then(|channel| channel.messages.get(&id)) {
            self.tell(|world| happening(Box::new(world.shown(message))));
        }
    }

    /// Edits a message as its author: `edited_timestamp` moves, by at least a millisecond an edit.
    pub(crate) fn revise(&mut self, channel: u64, id: u64, revision: Revision, actor: Actor) -> bool {
        let now_us = clock::now_us() + self.ids.ahead_ms * 1000;
        let Self { channels, users, .. } = self;
        let stored = channels.get_mut(&channel).and_then(|channel| channel.messages.get_mut(&id));
        let Some(message) = stored else { return false };
        date(message, now_us);
        apply(message, revision);
        message.pings.users.retain(|id| users.contains_key(id));
        self.updated(channel, id, Change::Edit, actor);
        true
    }

    pub(crate) fn message_mut(&mut self, channel: u64, id: u64) -> Option<&mut Message> {
        self.channels.get_mut(&channel)?.messages.get_mut(&id)
    }

    /// Tells everybody what has become of a message.
    pub(crate) fn updated(&mut self, channel: u64, id: u64, change: Change, actor: Actor) {
        let Some(place) = self.channels.get(&channel) else { return };
        let (guild, Some(message)) = (place.guild, place.messages.get(&id)) else { return };
        let data = self.message_for_sessions(message);
        self.note(actor, change, channel, id);
        self.dispatch_both("MESSAGE_UPDATE", guild, Some(channel), data);
        self.tell_of(channel, id, |shown| Happening::Edited(shown, actor));
    }

    /// Removes one message.
    pub(crate) fn remove(&mut self, channel: u64, id: u64, actor: Actor) -> bool {
        let Self { channels, cdn, .. } = self;
        let Some(place) = channels.get_mut(&channel) else { return false };
        if !take(place, cdn, id) {
            return false;
        }
        let guild = place.guild;
        self.note(actor, Change::Delete, channel, id);
        let mut data = json!({"id": id::Id(id), "channel_id": id::Id(channel)});
        if guild != 0 {
            data["guild_id"] = json!(id::Id(guild));
        }
        self.dispatch_value("MESSAGE_DELETE", guild, Some(channel), &data);
        self.tell(|_| Happening::Deleted { channel, ids: vec![id], actor });
        true
    }

    /// Removes many with one dispatch per 100; returns how many there were.
    pub(crate) fn remove_many(&mut self, channel: u64, ids: &[u64], actor: Actor) -> usize {
        let Self { channels, cdn, .. } = self;
        let Some(place) = channels.get_mut(&channel) else { return 0 };
        let guild = place.guild;
        let gone: Vec<u64> = ids.iter().copied().filter(|&id| take(place, cdn, id)).collect();
        for page in gone.chunks(100) {
            for &id in page {
                self.note(actor, Change::Delete, channel, id);
            }
            let list: Vec<_> = page.iter().copied().map(id::Id).collect();
            let data = json!({"ids": list, "channel_id": id::Id(channel), "guild_id": id::Id(guild)});
            self.dispatch_value("MESSAGE_DELETE_BULK", guild, Some(channel), &data);
            self.tell(|_| Happening::Deleted { channel, ids: page.to_vec(), actor });
        }
        gone.len()
    }
}

/// Does a thread count it? The message that it began with is not counted.
fn counts(message: &Message) -> bool {
    message.kind != THREAD_STARTER && message.id != message.channel
}

fn take(channel: &mut Channel, cdn: &mut Cdn, id: u64) -> bool {
    let Some(message) = channel.messages.remove(&id) else { return false };
    cdn.lose(&message);
    if let Some(thread) = channel.thread.as_mut().filter(|_| counts(&message)) {
        thread.count = thread.count.saturating_sub(1);
    }
    true
}

/// Notes that it was edited now.
pub(crate) fn date(message: &mut Message, now_us: u64) {
    let last_us = message.edited_us.unwrap_or(message.created_us());
    let soonest_us = (last_us / 1000 + 1) * 1000 + now_us % 1000;
    message.edited_us = Some(now_us.max(soonest_us));
}

pub(crate) fn apply(message: &mut Message, revision: Revision) {
    if let Some(content) = revision.content {
        message.content = Arc::from(content.trim());
    }
    let allowed = revision.allowed.unwrap_or_else(|| match message.author {
        Author::User(_) => Allowed::everything(),
        Author::Webhook { .. } => Allowed::users_only(),
    });
    message.pings = mention::permitted(mention::found(&message.content), &allowed);
    message.flags = revision.flags.unwrap_or(message.flags);
    let mut extra = message.extra.take().map_or_else(Extra::default, |extra| *extra);
    extra.embeds = revision.embeds.unwrap_or(extra.embeds);
    extra.attachments = revision.attachments.unwrap_or(extra.attachments);
    extra.components = revision.components.unwrap_or(extra.components);
    message.extra = extra.boxed();
}
