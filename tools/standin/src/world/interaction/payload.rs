//! INTERACTION_CREATE as JSON.

use serde_json::{Map, Value, json};

use super::{Deed, Interaction};
use crate::{
    id::{self, Id},
    world::{World, command, payload::Way},
};

/// What a person may upload, where nobody has boosted anything.
const ATTACHMENT_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// In these languages people and guilds live.
const LOCALE: &str = "en-US";
/// Parts of a channel that no interaction carries, or that are the bot's own.
const NOT_CARRIED: [&str; 2] = ["permission_overwrites", "member"];

/// Types of options whose value is an id.
const USER: u64 = 6;
const CHANNEL: u64 = 7;
const ROLE: u64 = 8;
const MENTIONABLE: u64 = 9;

impl World {
    /// The dispatch of an interaction that has just begun.
    pub(crate) fn interaction_json(&self, interaction: &Interaction, data: &Value) -> Value {
        let Interaction { id, channel, user, guild, .. } = *interaction;
        let context = if guild.is_some() { command::IN_GUILD } else { command::IN_DIRECT_MESSAGES };
        let mut value = json!({
            "version": 1, "id": Id(id), "application_id": Id(self.bot), "type": interaction.deed.number(),
            "token": interaction.token, "channel_id": Id(channel), "channel": self.carried_channel(channel, user),
            "app_permissions": self.powers_in(channel, self.bot).to_string(), "locale": LOCALE, "context": context,
            "authorizing_integration_owners": owners(guild), "entitlements": [], "entitlement_sku_ids": [],
            "attachment_size_limit": ATTACHMENT_BYTES_MAX, "data": data,
        });
        match guild {
            None => value["user"] = self.user_json(user),
            Some(guild) => {
                value["guild_id"] = json!(Id(guild));
                value["guild_locale"] = json!(LOCALE);
                value["guild"] = json!({"id": Id(guild), "locale": LOCALE, "features": []});
                value["member"] = self.carried_member(guild, channel, user);
            }
        }
        if let Deed::Button { message } = interaction.deed {
            let pressed =
                self.any_message(channel, message).map(|message| self.message_json(message, Way::Rest));
            let pressed = pressed.and_then(|text| serde_json::from_str(&text).ok());
            value["message"] = pressed.unwrap_or_default();
        }
        value
    }

    fn carried_channel(&self, channel: u64, user: u64) -> Value {
        let Some(mut value) = self.channel_json(channel) else {
            return json!({"id": Id(channel), "type": 0});
        };
        if let Some(object) = value.as_object_mut() {
            NOT_CARRIED.iter().for_each(|name| drop(object.remove(*name)));
        }
        if value.get("guild_id").is_some() {
            value["permissions"] = json!(self.powers_in(channel, user).to_string());
        }
        value
    }

    fn carried_member(&self, guild: u64, channel: u64, user: u64) -> Value {
        let mut value =
            self.member_json(guild, user).unwrap_or_else(|| json!({"user": self.user_json(user)}));
        value["permissions"] = json!(self.powers_in(channel, user).to_string());
        value["unusual_dm_activity_until"] = Value::Null;
        value
    }

    /// `data` of a typed command; `filled` are its options with their types.
    pub(crate) fn command_data(&self, asked: (Option<u64>, u64), command: &Value, filled: &[Value]) -> Value {
        let mut value = json!({"id": command["id"], "name": command["name"], "type": 1});
        let resolved = self.resolved(asked, innermost(filled));
        if !filled.is_empty() {
            value["options"] = json!(filled);
        }
        if resolved.as_object().is_some_and(|resolved| !resolved.is_empty()) {
            value["resolved"] = resolved;
        }
        value
    }

    /// What stands behind the ids among the options, as far as it is there.
    fn resolved(&self, (guild, user): (Option<u64>, u64), options: &[Value]) -> Value {
        let mut resolved = Map::new();
        let mut put = |class: &str, id: u64, value: Value| {
            resolved.entry(class).or_insert_with(|| json!({}))[id.to_string()] = value;
        };
        for option in options {
            let (Some(kind), Some(id)) = (option["type"].as_u64(), id::from_json(&option["value"])) else {
                continue;
            };
            let role = || self.guilds.get(&guild?)?.roles.iter().find(|role| role.id == id);
            if let (CHANNEL, Some(channel)) = (kind, self.chosen_channel(id, user)) {
                put("channels", id, channel);
            } else if let (ROLE | MENTIONABLE, Some(role)) = (kind, role()) {
                put("roles", id, crate::world::guild::role_json(role));
            } else if matches!(kind, USER | MENTIONABLE) && self.users.contains_key(&id) {
                put("users", id, self.user_json(id));
                if let Some(member) = guild.and_then(|guild| self.chosen_member(guild, id)) {
                    put("members", id, member);
                }
            }
        }
        Value::Object(resolved)
    }

    fn chosen_channel(&self, id: u64, user: u64) -> Option<Value> {
        let whole = self.carried_channel(id, user);
        self.channels.get(&id)?;
        let mut value = json!({"app_permissions": self.powers_in(id, self.bot).to_string()});
        for part in ["id", "type", "name", "parent_id", "permissions", "thread_metadata", "flags", "guild_id"]
        {
            if let Some(known) = whole.get(part) {
                value[part] = known.clone();
            }
        }
        Some(value)
    }

    /// Without `user`, `deaf` and `mute`, as Discord says. Permissions are those of the guild.
    fn chosen_member(&self, guild: u64, id: u64) -> Option<Value> {
        let mut value = self.member_json(guild, id)?;
        let object = value.as_object_mut()?;
        ["user", "deaf", "mute"].iter().for_each(|part| drop(object.remove(*part)));
        value["permissions"] = json!(self.powers_of(guild, id).to_string());
        Some(value)
    }
}

/// By whom the application was installed: `"0"` is for a guild, and in direct messages with the bot the guild is 0.
pub(crate) fn owners(guild: Option<u64>) -> Value {
    json!({"0": Id(guild.unwrap_or(0))})
}

/// The options that hold values, below groups and subcommands.
fn innermost(filled: &[Value]) -> &[Value] {
    match filled {
        [one] if matches!(one["type"].as_u64(), Some(command::SUB_COMMAND | command::SUB_COMMAND_GROUP)) => {
            innermost(command::list(one))
        }
        all => all,
    }
}
