//! Interactions: a person types a slash command or presses a button, the bot answers.
//!
//! ```text
//! typed or pressed ── within 3 s ─> first answer ── within 15 min ─> edits of it, follow-ups
//!                                   (callback)                       (webhook routes with the interaction's token)
//! ```
//! What only one person sees (ephemeral) is kept here, not in the channel.

pub(crate) mod payload;
pub(crate) mod reply;
pub(crate) mod typed;

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::sync::watch;

use super::{Message, World};

/// The first answer comes within this, or never.
const FIRST_ANSWER_MS_MAX: u64 = 3000;
/// So long the token is good.
const TOKEN_MS_MAX: u64 = 15 * 60 * 1000;
/// Letters of a token.
const TOKEN_LENGTH: usize = 128;
/// Interactions that are remembered, and messages that one person sees: the oldest are forgotten.
const KEPT_MAX: usize = 10_000;

/// Seen by one person alone.
pub(crate) const EPHEMERAL: u32 = 1 << 6;
/// The bot is still thinking.
pub(crate) const LOADING: u32 = 1 << 7;

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Typed a command of this name.
    Command { name: String },
    /// Pressed a button of this message.
    Button { message: u64 },
}

impl Deed {
    /// As Discord numbers interactions.
    pub(crate) fn number(&self) -> u8 {
        match self {
            Self::Command { .. } => 2,
            Self::Button { .. } => 3,
        }
    }
}

/// Where, by whom, what.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) guild: Option<u64>,
    pub(crate) channel: u64,
    pub(crate) user: u64,
    pub(crate) deed: Deed,
    pub(crate) data: Value,
}

/// The bot's first answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct First {
    pub(crate) at_ms: u64,
    pub(crate) deferred: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) guild: Option<u64>,
    pub(crate) channel: u64,
    pub(crate) user: u64,
    pub(crate) deed: Deed,
    pub(crate) born_ms: u64,
    pub(crate) first: Option<First>,
    /// The message that is the answer, new or the button's.
    pub(crate) original: Option<u64>,
    pub(crate) follow_ups: Vec<u64>,
    /// There is more than a deferral.
    pub(crate) replied: bool,
    /// As the latest answer said.
    pub(crate) allowed_mentions: Option<Value>,
}

/// A message for one person.
#[derive(Debug)]
pub(crate) struct Private {
    pub(crate) user: u64,
    pub(crate) message: Message,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Interactions {
    all: BTreeMap<u64, Interaction>,
    private: BTreeMap<u64, Private>,
    /// Counts changes of answers.
    changes: watch::Sender<u64>,
}

/// What a token is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first answer is awaited.
    Open,
    Answered,
    /// Nobody answered in time.
    Missed,
    /// The token is not good any more.
    Over,
}

impl Interaction {
    pub(crate) fn phase(&self, now_ms: u64) -> Phase {
        let age_ms = now_ms.saturating_sub(self.born_ms);
        match self.first {
            None if age_ms > FIRST_ANSWER_MS_MAX => Phase::Missed,
            None => Phase::Open,
            Some(_) if age_ms > TOKEN_MS_MAX => Phase::Over,
            Some(_) => Phase::Answered,
        }
    }
}

impl Interactions {
    pub(crate) fn get(&self, id: u64) -> Option<&Interaction> {
        self.all.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Interaction> {
        self.all.get_mut(&id)
    }

    /// By its token, among those that are remembered.
    pub(crate) fn by_token(&self, token: &str) -> Option<&Interaction> {
        self.all.values().rev().find(|one| one.token == token)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Interaction> {
        self.all.values()
    }

    pub(crate) fn private(&self, message: u64) -> Option<&Private> {
        self.private.get(&message)
    }

    pub(crate) fn private_mut(&mut self, message: u64) -> Option<&mut Private> {
        self.private.get_mut(&message)
    }

    pub(crate) fn keep(&mut self, user: u64, message: Message) {
        self.private.insert(message.id, Private { user, message });
        if self.private.len() > KEPT_MAX {
            self.private.pop_first();
        }
    }

    pub(crate) fn lose(&mut self, message: u64) -> Option<Private> {
        self.private.remove(&message)
    }

    /// Tells those who wait that an answer changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// For those who wait.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl World {
    /// Sends INTERACTION_CREATE to the shard of the guild, for direct messages to the first, whether or not the bot sees the
    /// channel; returns the interaction's id.
    pub(crate) fn interact(&mut self, asked: Asked) -> u64 {
        let (id, token) = (self.ids.next(), self.random_text(TOKEN_LENGTH));
        let Asked { guild, channel, user, deed, data } = asked;
        let interaction = Interaction {
            id,
            token,
            guild,
            channel,
            user,
            deed,
            born_ms: self.now_ms(),
            first: None,
            original: None,
            follow_ups: Vec::new(),
            replied: false,
            allowed_mentions: None,
        };
        let data = self.interaction_json(&interaction, &data);
        self.interactions.all.insert(id, interaction);
        if self.interactions.all.len() > KEPT_MAX {
            self.interactions.all.pop_first();
        }
        self.publish(
            ("INTERACTION_CREATE", None),
            guild.unwrap_or(0),
            Some(channel),
            (data.to_string(), None),
        );
        id
    }

    /// A message of a channel, or one that a single person sees.
    pub(crate) fn any_message(&self, channel: u64, id: u64) -> Option<&Message> {
        let private = self.interactions.private(id).map(|private| &private.message);
        private.or_else(|| self.channels.get(&channel)?.messages.get(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_seconds_for_the_first_answer_and_fifteen_minutes_for_all() {
        let born = |first: Option<u64>| Interaction {
            id: 1,
            token: String::new(),
            guild: None,
            channel: 2,
            user: 3,
            deed: Deed::Command { name: String::new() },
            born_ms: 1000,
            first: first.map(|at_ms| First { at_ms, deferred: false }),
            original: None,
            follow_ups: Vec::new(),
            replied: false,
            allowed_mentions: None,
        };
        for (first, now_ms, phase) in [
            (None, 1000, Phase::Open),
            (None, 4000, Phase::Open),
            (None, 4001, Phase::Missed),
            (Some(2000), 4001, Phase::Answered),
            (Some(2000), 901_000, Phase::Answered),
            (Some(2000), 901_001, Phase::Over),
        ] {
            assert_eq!(born(first).phase(now_ms), phase, "{first:?} {now_ms}");
        }
    }
}
