//! What Discord and other people's bots do to messages besides plain edits.

use serde_json::Value;

use crate::Standin;

impl Standin {
    /// Makes another bot.
    pub fn create_bot(&self, name: &str) -> u64 {
        let mut world = self.core.world();
        let id = world.add_user(name);
        if let Some(user) = world.users.get_mut(&id) {
            user.bot = true;
        }
        id
    }

    /// Another bot answers a person's command later: a message of type 20 without text, with the flag LOADING. Returns its
    /// id, or 0 if there is no such channel.
    pub fn defer(&self, channel: u64, bot: u64, user: u64) -> u64 {
        self.core.world().defer(channel, bot, user)
    }

    /// The deferred answer comes: a MESSAGE_UPDATE with the text, without LOADING, and `edited_timestamp` still null.
    pub fn finish(&self, channel: u64, message: u64, text: &str) -> bool {
        self.core.world().finish(channel, message, text)
    }

    /// [`Standin::unfurl`] as Discord did it until 2024: a MESSAGE_UPDATE of ids and embeds alone.
    pub fn unfurl_partially(&self, channel: u64, message: u64, embeds: Vec<Value>) -> bool {
        self.core.world().unfurl_partially(channel, message, embeds)
    }

    /// A person takes a reaction back (MESSAGE_REACTION_REMOVE).
    pub fn unreact(&self, channel: u64, message: u64, user: u64, emoji: &str) -> bool {
        let emoji = crate::world::reaction::Emoji::read(emoji);
        emoji.is_some_and(|emoji| self.core.world().unreact(channel, message, user, &emoji))
    }

    /// A moderator removes all reactions of a message (MESSAGE_REACTION_REMOVE_ALL).
    pub fn clear_reactions(&self, channel: u64, message: u64) -> bool {
        self.core.world().clear_reactions(channel, message, None)
    }
}
