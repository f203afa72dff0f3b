//! Changes of a message that are no edits: unfurled links, pins, deferred answers of bots.

use serde_json::{Value, json};

use super::{Author, World, message::Draft};
use crate::{
    clock::{self, Stamp},
    id::Id,
    ledger::{Actor, Change},
};

/// Types of messages: somebody pinned one; a bot answers a slash command.
const PINNED: u8 = 6;
const CHAT_INPUT_COMMAND: u8 = 20;

/// The bot is still thinking.
const LOADING: u32 = 1 << 7;

impl World {
    /// Discord adds embeds of links: `edited_timestamp` stays null, or is the last edit cut to milliseconds.
    pub(crate) fn unfurl(&mut self, channel: u64, id: u64, embeds: Vec<Value>) -> bool {
        let Some(message) = self.message_mut(channel, id) else { return false };
        message.extra.get_or_insert_default().embeds.extend(embeds);
        let kept = message.edited_us;
        message.edited_us = kept.map(|us| us / 1000 * 1000);
        self.updated(channel, id, Change::Refresh, Actor::Moderator);
        if let Some(message) = self.message_mut(channel, id) {
            message.edited_us = kept;
        }
        true
    }

    /// The same, told by ids and embeds alone.
    pub(crate) fn unfurl_partially(&mut self, channel: u64, id: u64, embeds: Vec<Value>) -> bool {
        let guild = self.guild_of(channel);
        let Some(message) = self.message_mut(channel, id) else { return false };
        let all = &mut message.extra.get_or_insert_default().embeds;
        all.extend(embeds);
        let data =
            json!({"id": Id(id), "channel_id": Id(channel), "guild_id": Id(guild), "embeds": all.clone()});
        self.note(Actor::Moderator, Change::Refresh, channel, id);
        self.dispatch_value("MESSAGE_UPDATE", guild, Some(channel), &data);
        true
    }

    /// Pins or unpins: MESSAGE_UPDATE, CHANNEL_PINS_UPDATE, and for a new pin a system message.
    pub(crate) fn pin(&mut self, channel: u64, id: u64, user: u64, pinned: bool) -> bool {
        let guild = self.guild_of(channel);
        let now_us = clock::now_us();
        let Some(message) = self.message_mut(channel, id) else { return false };
        if pinned == message.pinned_us.is_some() {
            return true;
        }
        message.pinned_us = pinned.then_some(now_us);
        let actor = self.actor(user);
        self.updated(channel, id, Change::Refresh, actor);
        let Some(place) = self.channels.get_mut(&channel) else { return false };
        place.last_pin_us = if pinned { Some(now_us) } else { place.last_pin_us };
        let last = place.last_pin_us.map(Stamp);
        let data = json!({"guild_id": Id(guild), "channel_id": Id(channel), "last_pin_timestamp": last});
        self.dispatch_value("CHANNEL_PINS_UPDATE", guild, Some(channel), &data);
        if pinned {
            let target =
                json!({"type": 0, "channel_id": Id(channel), "message_id": Id(id), "guild_id": Id(guild)});
            self.system(channel, user, PINNED, ("", target));
        }
        true
    }

    /// A bot will answer a command of `user`.
    pub(crate) fn defer(&mut self, channel: u64, bot: u64, user: u64) -> u64 {
        let mut draft = Draft::new(channel, Author::User(bot), "");
        (draft.kind, draft.flags) = (CHAT_INPUT_COMMAND, LOADING);
        let (id, by) = (self.ids.next(), self.user_json(user));
        let metadata = json!({
            "id": Id(id), "type": 2, "user": by, "authorizing_integration_owners": {}, "name": "answer",
        });
        draft.extra.interaction = Some(metadata);
        self.post(draft, Actor::User(bot))
    }

    /// It answers: no edit, as far as `edited_timestamp` goes.
    pub(crate) fn finish(&mut self, channel: u64, id: u64, text: &str) -> bool {
        let Some(message) = self.message_mut(channel, id) else { return false };
        message.flags &= !LOADING;
        message.content = text.into();
        let author = message.author.id();
        self.updated(channel, id, Change::Edit, Actor::User(author));
        true
    }

    /// A user as an actor.
    pub(crate) fn actor(&self, user: u64) -> Actor {
        if user == self.bot { Actor::Bot } else { Actor::User(user) }
    }
}
