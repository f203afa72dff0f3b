//! Answers to interactions: how they are kept, and what the person sees of them.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Deed, EPHEMERAL, First, Interaction, LOADING, payload::owners};
use crate::{
    id::Id,
    ledger::{Actor, Change},
    world::{
        Author, World,
        message::{Draft, Revision, apply, date},
    },
};

/// Type of a message that answers a slash command.
const CHAT_INPUT_COMMAND: u8 = 20;
/// Type of the components that are buttons.
const BUTTON: u64 = 2;

/// What a person sees of the bot's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InteractionReply {
    /// The text; empty while the bot only says that it is thinking.
    pub content: String,
    /// Nobody else sees it.
    pub ephemeral: bool,
    /// The first answer was a deferral, whether or not more has come since.
    pub deferred: bool,
    /// Rows of buttons, as Discord shows them.
    pub components: Vec<Value>,
    /// Embeds.
    pub embeds: Vec<Value>,
    /// The custom ids of the buttons, in order.
    pub custom_ids: Vec<String>,
    /// Between the dispatch and the first answer, by this Discord's own time.
    pub after_ms: u64,
    /// As the latest request about the answer had it.
    pub allowed_mentions: Option<Value>,
}

impl World {
    /// Posts an answer to an interaction, or keeps it for the one person. The first answer to a command has a type of its
    /// own; one to a button replies to the button's message, and a follow-up to the first answer.
    pub(crate) fn answer_to(&mut self, interaction: u64, mut draft: Draft) -> Option<u64> {
        let known = self.interactions.get(interaction)?;
        draft.reply_to = match (&known.deed, known.original) {
            (_, Some(original)) => Some(original),
            (Deed::Button { message }, None) => Some(*message),
            (Deed::Command { .. }, None) => None,
        };
        draft.kind = if draft.reply_to.is_none() { CHAT_INPUT_COMMAND } else { 0 };
        draft.extra.interaction = Some(self.metadata(known));
        let user = known.user;
        if draft.flags & EPHEMERAL == 0 {
            return Some(self.post(draft, Actor::Bot));
        }
        let id = self.ids.next();
        let message = self.written(id, draft);
        self.interactions.keep(user, message);
        Some(id)
    }

    /// `interaction_metadata` of a message.
    fn metadata(&self, of: &Interaction) -> Value {
        let mut value = json!({
            "id": Id(of.id), "type": of.deed.number(), "user": self.user_json(of.user),
            "authorizing_integration_owners": owners(of.guild),
        });
        match &of.deed {
            Deed::Command { name } => (value["name"], value["command_type"]) = (json!(name), json!(1)),
            Deed::Button { message } => value["interacted_message_id"] = json!(Id(*message)),
        }
        if let Some(original) = of.original {
            value["original_response_message_id"] = json!(Id(original));
        }
        value
    }

    /// Notes the first answer. `original` is the message that it is, or that it is about.
    pub(crate) fn answered_first(&mut self, interaction: u64, original: u64, deferred: bool) {
        let at_ms = self.now_ms();
        if let Some(known) = self.interactions.get_mut(interaction) {
            (known.first, known.original) = (Some(First { at_ms, deferred }), Some(original));
        }
    }

    /// Notes that the person sees more than a deferral now, and tells those who wait.
    pub(crate) fn replied(&mut self, interaction: u64, allowed_mentions: Option<Value>) {
        if let Some(known) = self.interactions.get_mut(interaction) {
            (known.replied, known.allowed_mentions) = (true, allowed_mentions);
        }
        self.interactions.changed();
    }

    /// Edits an answer. What ends a deferral is no edit, as far as `edited_timestamp` goes.
    pub(crate) fn revise_answer(&mut self, channel: u64, id: u64, mut revision: Revision) {
        revision.flags = revision.flags.map(|flags| flags & !(EPHEMERAL | LOADING));
        let now_us = self.now_ms() * 1000;
        let private = self.interactions.private_mut(id).map(|private| &mut private.message);
        let is_private = private.is_some();
        let stored = private.or_else(|| self.channels.get_mut(&channel)?.messages.get_mut(&id));
        let Some(message) = stored else { return };
        match (message.flags & LOADING, is_private) {
            (0, false) => {
                self.revise(channel, id, revision, Actor::Bot);
                return;
            }
            (0, true) => date(message, now_us),
            _ => message.flags &= !LOADING,
        }
        let flags = message.flags;
        apply(message, Revision { flags: revision.flags.map(|new| new | flags & EPHEMERAL), ..revision });
        if !is_private {
            self.updated(channel, id, Change::Edit, Actor::Bot);
        }
    }

    /// Takes an answer away.
    pub(crate) fn remove_answer(&mut self, channel: u64, id: u64) -> bool {
        match self.interactions.lose(id) {
            Some(private) => self.cdn.lose(&private.message),
            None => return self.remove(channel, id, Actor::Bot),
        }
        true
    }

    /// What the person sees of an answer now; nothing before there is one, and after it was deleted.
    pub(crate) fn reply_to(&self, interaction: u64) -> Option<InteractionReply> {
        let known = self.interactions.get(interaction)?;
        self.seen_of(known, known.original?)
    }

    /// The same of what came after it.
    pub(crate) fn follow_ups(&self, interaction: u64) -> Vec<InteractionReply> {
        let known = self.interactions.get(interaction);
        let all = known.into_iter().flat_map(|known| known.follow_ups.iter().map(move |&id| (known, id)));
        all.filter_map(|(known, id)| self.seen_of(known, id)).collect()
    }

    fn seen_of(&self, interaction: &Interaction, message: u64) -> Option<InteractionReply> {
        let (first, message) = (interaction.first?, self.any_message(interaction.channel, message)?);
        let extra = message.extra.as_deref().unwrap_or(&self.no_extra);
        Some(InteractionReply {
            content: message.content.to_string(),
            ephemeral: message.flags & EPHEMERAL != 0,
            deferred: first.deferred,
            components: extra.components.clone(),
            embeds: extra.embeds.clone(),
            custom_ids: buttons(&extra.components).filter_map(custom_id).collect(),
            after_ms: first.at_ms.saturating_sub(interaction.born_ms),
            allowed_mentions: interaction.allowed_mentions.clone(),
        })
    }

    /// The message that a button is pressed on, if this person sees it: a message, or the answer to an interaction.
    pub(crate) fn pressable(&self, channel: u64, user: u64, message_or_interaction: u64) -> Option<u64> {
        let answer = self.interactions.get(message_or_interaction).and_then(|known| known.original);
        let id = answer.unwrap_or(message_or_interaction);
        let message = self.any_message(channel, id)?;
        let is_hidden = self.interactions.private(id).is_some_and(|private| private.user != user);
        let is_the_bots = message.author == Author::User(self.bot)
            || matches!(message.author, Author::Webhook { application, .. } if application == Some(self.bot));
        (!is_hidden && is_the_bots && message.channel == channel).then_some(id)
    }

    /// The custom id of the button with this label, or with this custom id.
    pub(crate) fn button(&self, channel: u64, message: u64, name: &str) -> Option<String> {
        let message = self.any_message(channel, message)?;
        let all = message.extra.as_deref().map_or(&[][..], |extra| &extra.components);
        let named = |button: &&Value| button["custom_id"] == name || button["label"] == name;
        buttons(all).find(named).and_then(custom_id)
    }
}

fn custom_id(button: &Value) -> Option<String> {
    button["custom_id"].as_str().map(str::to_owned)
}

/// All buttons among components, in order.
pub(crate) fn buttons(components: &[Value]) -> impl Iterator<Item = &Value> {
    let mut found = Vec::new();
    collect(components, &mut found);
    found.into_iter()
}

fn collect<'a>(components: &'a [Value], found: &mut Vec<&'a Value>) {
    for one in components {
        if one["type"] == BUTTON {
            found.push(one);
        }
        collect(one["components"].as_array().map(Vec::as_slice).unwrap_or_default(), found);
        collect(one.get("accessory").map(std::slice::from_ref).unwrap_or_default(), found);
    }
}
