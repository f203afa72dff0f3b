//! What the stand-in remembers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{channel_kind::ChannelKind, permission::Overwrite, reaction::Reaction, thread::Thread};
use crate::{id, ledger::Pings};

/// A person or a bot.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) username: String,
    pub(crate) global_name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) bot: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) nick: Option<String>,
    pub(crate) roles: Vec<u64>,
    pub(crate) joined_us: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) color: u32,
    pub(crate) permissions: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) owner: u64,
    pub(crate) channels: BTreeSet<u64>,
    pub(crate) members: BTreeMap<u64, Member>,
    pub(crate) roles: Vec<Role>,
}

/// How far a channel's history can be read: history faults, each until a time in Unix milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    pub(crate) lost_until_ms: u64,
    pub(crate) lag_ms: u64,
    pub(crate) lag_until_ms: u64,
}

/// A tag of a forum.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: u64,
    pub(crate) guild: u64,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) parent: Option<u64>,
    /// Whose direct messages with the bot these are.
    pub(crate) recipient: Option<u64>,
    /// What a thread has besides.
    pub(crate) thread: Option<Thread>,
    /// What posts of a forum may be tagged with.
    pub(crate) tags: Vec<Tag>,
    /// No post of the forum is made without one of them.
    pub(crate) requires_tag: bool,
    pub(crate) webhooks: Vec<u64>,
    pub(crate) messages: BTreeMap<u64, Message>,
    /// `enforce_nonce`: (author, nonce) -> message.
    pub(crate) nonces: BTreeMap<(u64, String), u64>,
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) last_pin_us: Option<u64>,
    pub(crate) history: History,
}

impl Channel {
    /// Would a post with these tags be refused?
    pub(crate) fn lacks_tag(&self, tags: &[u64]) -> bool {
        self.requires_tag && tags.is_empty()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: u64,
    pub(crate) guild: u64,
    pub(crate) channel: u64,
    pub(crate) name: String,
    pub(crate) avatar: Option<String>,
    pub(crate) token: String,
    pub(crate) application: Option<u64>,
    pub(crate) creator: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    User(u64),
    Webhook { id: u64, name: Arc<str>, avatar: Option<Arc<str>>, application: Option<u64> },
}

impl Author {
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::User(id) | Self::Webhook { id, .. } => *id,
        }
    }

    pub(crate) fn webhook(&self) -> Option<u64> {
        match self {
            Self::Webhook { id, .. } => Some(*id),
            Self::User(_) => None,
        }
    }
}

/// The parts that most messages lack, as JSON that is handed through.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Extra {
    pub(crate) embeds: Vec<Value>,
    pub(crate) attachments: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) stickers: Vec<Value>,
    pub(crate) poll: Option<Value>,
    pub(crate) snapshots: Vec<Value>,
    /// A `message_reference` that is not a reply: a forward, or what a thread's system message points at.
    pub(crate) reference: Option<Value>,
    /// `interaction_metadata`, of a bot's answer to a command.
    pub(crate) interaction: Option<Value>,
    pub(crate) reactions: Vec<Reaction>,
}

impl Extra {
    /// Boxed, or nothing at all where there is nothing.
    pub(crate) fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }

    /// Would a message with only this be empty?
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: u64,
    pub(crate) channel: u64,
    pub(crate) author: Author,
    pub(crate) content: Arc<str>,
    pub(crate) kind: u8,
    pub(crate) flags: u32,
    pub(crate) tts: bool,
    pub(crate) pinned_us: Option<u64>,
    pub(crate) edited_us: Option<u64>,
    pub(crate) pings: Pings,
    pub(crate) nonce: Option<Value>,
    pub(crate) reply_to: Option<u64>,
    pub(crate) extra: Option<Box<Extra>>,
}

impl Message {
    pub(crate) fn created_us(&self) -> u64 {
        id::created_ms(self.id) * 1000
    }
}
