//! Webhooks: made, changed, removed; their JSON.

use serde_json::{Value, json};

use super::{Webhook, World, shown::Happening};
use crate::{
    id::Id,
    ledger::{Actor, Change},
};

/// Letters in a webhook token.
const TOKEN_LENGTH: usize = 68;

impl World {
    /// Makes an incoming webhook. `application` is the bot's, when the bot makes it.
    pub(crate) fn add_webhook(&mut self, channel: u64, name: &str, actor: Actor) -> Option<u64> {
        let guild = self.channels.get(&channel)?.guild;
        let (id, token) = (self.ids.next(), self.random_text(TOKEN_LENGTH));
        let (creator, application) = match actor {
            Actor::User(user) => (user, None),
            Actor::Bot | Actor::Moderator | Actor::Webhook(_) => (self.bot, Some(self.bot)),
        };
        let webhook =
            Webhook { id, guild, channel, name: name.to_owned(), avatar: None, token, application, creator };
        self.webhooks.insert(id, webhook);
        self.channels.get_mut(&channel)?.webhooks.push(id);
        self.note(actor, Change::WebhookCreate, channel, id);
        self.webhooks_updated(guild, channel);
        self.tell(|_| Happening::WebhookMade { channel, webhook: id });
        Some(id)
    }

    /// Removes a webhook; its messages stay.
    pub(crate) fn remove_webhook(&mut self, id: u64, actor: Actor) -> bool {
        let Some(webhook) = self.webhooks.remove(&id) else { return false };
        if let Some(channel) = self.channels.get_mut(&webhook.channel) {
            channel.webhooks.retain(|&other| other != id);
        }
        self.note(actor, Change::WebhookDelete, webhook.channel, id);
        self.webhooks_updated(webhook.guild, webhook.channel);
        self.tell(|_| Happening::WebhookGone { channel: webhook.channel, webhook: id });
        true
    }

    /// Renames or moves a webhook. The caller has checked that it and the channel exist.
    pub(crate) fn change_webhook(&mut self, id: u64, change: &WebhookChange, actor: Actor) {
        let Some(webhook) = self.webhooks.get_mut(&id) else { return };
        let (guild, old) = (webhook.guild, webhook.channel);
        webhook.name = change.name.clone().unwrap_or(std::mem::take(&mut webhook.name));
        webhook.channel = change.channel.unwrap_or(old);
        let new = webhook.channel;
        if new != old {
            if let Some(channel) = self.channels.get_mut(&old) {
                channel.webhooks.retain(|&other| other != id);
            }
            if let Some(channel) = self.channels.get_mut(&new) {
                channel.webhooks.push(id);
            }
            self.webhooks_updated(guild, old);
        }
        self.note(actor, Change::WebhookEdit, new, id);
        self.webhooks_updated(guild, new);
    }

    fn webhooks_updated(&mut self, guild: u64, channel: u64) {
        let data = json!({"guild_id": Id(guild), "channel_id": Id(channel)});
        self.dispatch_value("WEBHOOKS_UPDATE", guild, Some(channel), &data);
    }

    /// A webhook object; with the bot's authorization it names the user who made it.
    pub(crate) fn webhook_json(&self, webhook: &Webhook, with_user: bool) -> Value {
        let mut value = json!({
            "id": Id(webhook.id), "type": 1, "guild_id": Id(webhook.guild), "channel_id": Id(webhook.channel),
            "name": webhook.name, "avatar": webhook.avatar, "token": webhook.token,
            "application_id": webhook.application.map(Id),
        });
        if with_user {
            value["user"] = self.user_json(webhook.creator);
        }
        value
    }
}

/// What a PATCH of a webhook asks for.
#[derive(Default)]
pub(crate) struct WebhookChange {
    pub(crate) name: Option<String>,
    pub(crate) channel: Option<u64>,
}
