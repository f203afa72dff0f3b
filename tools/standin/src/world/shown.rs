//! What a channel shows to a person who looks at it, and the stream of happenings for a live display.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Author, Message, World};
use crate::{clock, id, ledger::Actor};

/// One message as a channel shows it now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Its id.
    #[serde(serialize_with = "crate::id::text")]
    pub id: u64,
    /// Where.
    #[serde(serialize_with = "crate::id::text")]
    pub channel: u64,
    /// The user's id, or the webhook's.
    #[serde(serialize_with = "crate::id::text")]
    pub author: u64,
    /// The name above the message: nickname, else display name, else username; for a webhook what it posted with.
    pub name: String,
    /// The avatar (a hash, or the URL that a webhook posted with).
    pub avatar: Option<String>,
    /// The webhook that posted it.
    #[serde(serialize_with = "crate::id::text_option")]
    pub webhook: Option<u64>,
    /// The text.
    pub content: Arc<str>,
    /// Embeds, unfurled links included.
    pub embeds: Vec<Value>,
    /// Files.
    pub attachments: Vec<Value>,
    /// Message type: 0 plain, 19 reply, 18 thread created, ...
    pub kind: u8,
    /// The message that this one answers.
    #[serde(serialize_with = "crate::id::text_option")]
    pub reply_to: Option<u64>,
    /// Is it pinned?
    pub pinned: bool,
    /// Unix milliseconds, from the id.
    pub created_ms: u64,
    /// Unix milliseconds of the last edit by its author.
    pub edited_ms: Option<u64>,
}

/// Something that happened, for a live display. A slow reader loses the oldest (see `tokio::sync::broadcast`).
#[derive(Clone, Debug)]
pub enum Happening {
    /// A message appeared.
    Posted(Box<Shown>, Actor),
    /// A message changed.
    Edited(Box<Shown>, Actor),
    /// Messages went away.
    Deleted {
        /// Where.
        channel: u64,
        /// Which.
        ids: Vec<u64>,
        /// By whom.
        actor: Actor,
    },
    /// A channel went away.
    ChannelGone(u64),
    /// A webhook was made.
    WebhookMade {
        /// Where.
        channel: u64,
        /// Which.
        webhook: u64,
    },
    /// A webhook went away.
    WebhookGone {
        /// Where.
        channel: u64,
        /// Which.
        webhook: u64,
    },
    /// A gateway session began.
    Identified,
    /// A gateway session went on.
    Resumed {
        /// Dispatches replayed.
        replayed: u64,
    },
    /// A gateway connection ended.
    Disconnected,
    /// A request was answered 429.
    TooMany,
    /// A fault was injected.
    Fault(&'static str),
}

impl World {
    /// Tells whoever listens; builds nothing when nobody does.
    pub(crate) fn tell(&self, happening: impl FnOnce(&Self) -> Happening) {
        if self.happenings.receiver_count() > 0 {
            let _ = self.happenings.send(happening(self));
        }
    }

    /// All messages of a channel, oldest first.
    pub(crate) fn shown_all(&self, channel: u64) -> Vec<Shown> {
        let messages = self.channels.get(&channel).into_iter().flat_map(|channel| channel.messages.values());
        messages.map(|message| self.shown(message)).collect()
    }

    pub(crate) fn shown(&self, message: &Message) -> Shown {
        let extra = message.extra.as_deref().unwrap_or(&self.no_extra);
        let (name, avatar) = self.face(message);
        Shown {
            id: message.id,
            channel: message.channel,
            author: message.author.id(),
            name,
            avatar,
            webhook: message.author.webhook(),
            content: Arc::clone(&message.content),
            embeds: extra.embeds.clone(),
            attachments: extra.attachments.iter().map(|file| self.cdn.shown(file)).collect(),
            kind: message.kind,
            reply_to: message.reply_to,
            pinned: message.pinned_us.is_some(),
            created_ms: id::created_ms(message.id),
            edited_ms: message.edited_us.map(|us| us / 1000),
        }
    }

    fn face(&self, message: &Message) -> (String, Option<String>) {
        match &message.author {
            Author::Webhook { name, avatar, .. } => (name.to_string(), avatar.as_deref().map(str::to_owned)),
            Author::User(id) => {
                let guild = self.channels.get(&message.channel).map_or(0, |channel| channel.guild);
                let avatar = self.users.get(id).and_then(|user| user.avatar.clone());
                (self.display_name(guild, *id), avatar)
            }
        }
    }

    /// Nickname, else display name, else username.
    pub(crate) fn display_name(&self, guild: u64, user: u64) -> String {
        let nick = self.guilds.get(&guild).and_then(|guild| guild.members.get(&user)?.nick.clone());
        let known = self.users.get(&user);
        nick.or_else(|| known.and_then(|user| user.global_name.clone()))
            .or_else(|| known.map(|user| user.username.clone()))
            .unwrap_or_default()
    }

    /// Is this message too young for a lagging history, or is the history lost altogether?
    pub(crate) fn history_edge_ms(&self, channel: u64) -> Option<u64> {
        let channel = self.channels.get(&channel)?;
        let (now_ms, history) = (clock::now_ms(), channel.history);
        if now_ms < history.lost_until_ms || !self.permissions_in(channel.id).read_message_history {
            return None;
        }
        let lag_ms = if now_ms < history.lag_until_ms { history.lag_ms } else { 0 };
        Some(if lag_ms == 0 { u64::MAX } else { now_ms.saturating_sub(lag_ms) })
    }
}
