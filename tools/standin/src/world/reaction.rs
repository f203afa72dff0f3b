//! Reactions: added, removed, swept away.

use serde_json::{Value, json};

use super::{Message, World};
use crate::{
    id::Id,
    ledger::{Actor, Change},
};

/// An emoji: of Unicode, or a guild's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji {
    pub(crate) id: Option<u64>,
    pub(crate) name: String,
}

/// Who reacted to a message with one emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reaction {
    pub(crate) emoji: Emoji,
    pub(crate) users: Vec<u64>,
}

impl Emoji {
    /// Reads `👍` or `name:id`. What is neither is no emoji.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some((name, id)) = text.split_once(':') {
            let id = id.parse().ok().filter(|_| name.len() >= 2)?;
            return Some(Self { id: Some(id), name: name.to_owned() });
        }
        let is_unicode = !text.is_ascii();
        is_unicode.then(|| Self { id: None, name: text.to_owned() })
    }

    /// The same: of a guild's own the name does not count.
    fn is(&self, other: &Self) -> bool {
        self.id == other.id && (self.id.is_some() || self.name == other.name)
    }

    fn json(&self) -> Value {
        json!({"id": self.id.map(Id), "name": self.name})
    }
}

impl Message {
    pub(crate) fn reactions(&self) -> &[Reaction] {
        self.extra.as_deref().map(|extra| extra.reactions.as_slice()).unwrap_or_default()
    }

    pub(crate) fn reacted(&self, emoji: &Emoji) -> Option<&Reaction> {
        self.reactions().iter().find(|one| one.emoji.is(emoji))
    }
}

/// The `reactions` of a message object, for this user.
pub(crate) fn reactions_json(message: &Message, me: u64) -> Vec<Value> {
    let one = |reaction: &Reaction| {
        let count = reaction.users.len();
        json!({
            "emoji": reaction.emoji.json(), "count": count, "count_details": {"burst": 0, "normal": count},
            "burst_colors": [], "me_burst": false, "me": reaction.users.contains(&me),
        })
    };
    message.reactions().iter().map(one).collect()
}

impl World {
    /// A user reacts; once with each emoji. False: no such message.
    pub(crate) fn react(&mut self, channel: u64, id: u64, user: u64, emoji: &Emoji) -> bool {
        let Some(message) = self.message_mut(channel, id) else { return false };
        let author = message.author.id();
        let reactions = &mut message.extra.get_or_insert_default().reactions;
        let place = reactions.iter().position(|one| one.emoji.is(emoji)).unwrap_or_else(|| {
            reactions.push(Reaction { emoji: emoji.clone(), users: Vec::new() });
            reactions.len() - 1
        });
        if reactions[place].users.contains(&user) {
            return true;
        }
        reactions[place].users.push(user);
        let actor = self.actor(user);
        self.note(actor, Change::React, channel, id);
        let guild = self.guild_of(channel);
        let data = json!({
            "user_id": Id(user), "type": 0, "message_id": Id(id), "message_author_id": Id(author),
            "member": self.member_json(guild, user), "emoji": emoji.json(), "channel_id": Id(channel),
            "burst": false, "guild_id": Id(guild),
        });
        self.dispatch_value("MESSAGE_REACTION_ADD", guild, Some(channel), &data);
        true
    }

    /// A user's reaction goes. False: there was none.
    pub(crate) fn unreact(&mut self, channel: u64, id: u64, user: u64, emoji: &Emoji) -> bool {
        let Some(message) = self.message_mut(channel, id) else { return false };
        let Some(extra) = message.extra.as_mut() else { return false };
        let Some(reaction) = extra.reactions.iter_mut().find(|one| one.emoji.is(emoji)) else { return false };
        let before = reaction.users.len();
        reaction.users.retain(|one| *one != user);
        let gone = reaction.users.len() < before;
        extra.reactions.retain(|one| !one.users.is_empty());
        if gone {
            let actor = self.actor(user);
            self.note(actor, Change::Unreact, channel, id);
            let data = json!({"user_id": Id(user), "type": 0, "emoji": emoji.json(), "burst": false});
            self.unreacted("MESSAGE_REACTION_REMOVE", (channel, id), data);
        }
        gone
    }

    /// All reactions go, or all with one emoji.
    pub(crate) fn clear_reactions(&mut self, channel: u64, id: u64, emoji: Option<&Emoji>) -> bool {
        let Some(message) = self.message_mut(channel, id) else { return false };
        let extra = message.extra.get_or_insert_default();
        extra.reactions.retain(|one| emoji.is_some_and(|emoji| !one.emoji.is(emoji)));
        self.note(Actor::Moderator, Change::Unreact, channel, id);
        match emoji {
            None => self.unreacted("MESSAGE_REACTION_REMOVE_ALL", (channel, id), json!({})),
            Some(emoji) => {
                let data = json!({"emoji": emoji.json()});
                self.unreacted("MESSAGE_REACTION_REMOVE_EMOJI", (channel, id), data);
            }
        }
        true
    }

    fn unreacted(&mut self, name: &str, (channel, id): (u64, u64), mut data: Value) {
        let guild = self.guild_of(channel);
        data["message_id"] = json!(Id(id));
        data["channel_id"] = json!(Id(channel));
        data["guild_id"] = json!(Id(guild));
        self.dispatch_value(name, guild, Some(channel), &data);
    }

    /// The guild of a channel; 0 if there is no such channel.
    pub(crate) fn guild_of(&self, channel: u64) -> u64 {
        self.channels.get(&channel).map_or(0, |channel| channel.guild)
    }
}
