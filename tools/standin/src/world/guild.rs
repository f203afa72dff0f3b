//! Guilds, channels, threads, roles: made, removed; their JSON.

use serde_json::{Value, json};

use super::{Channel, Guild, Member, Role, World, shown::Happening};
use crate::{
    clock::{self, Stamp},
    id::{self, Id},
    ledger::{Actor, Change},
};

/// A text channel, and a public thread.
const TEXT: u8 = 0;
const PUBLIC_THREAD: u8 = 11;

/// What `@everyone` may do, as a bit set: all that the routes here need.
const EVERYONE_MAY: u64 =
    1 << 6 | 1 << 10 | 1 << 11 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 29;

impl World {
    /// Makes a guild with the bot in it.
    pub(crate) fn add_guild(&mut self, name: &str) -> u64 {
        let (id, owner) = (self.ids.next(), self.add_user(&format!("{name} owner")));
        let joined_us = clock::now_us();
        let member = |user| (user, Member { joined_us, ..Member::default() });
        let everyone = Role { id, name: "@everyone".to_owned(), color: 0 };
        let guild = Guild {
            id,
            name: name.to_owned(),
            owner,
            channels: Default::default(),
            members: [member(owner), member(self.bot)].into(),
            roles: vec![everyone],
        };
        self.guilds.insert(id, guild);
        let data = self.guild_create_json(id).unwrap_or_default();
        self.dispatch_value("GUILD_CREATE", id, None, &data);
        id
    }

    /// Makes a text channel, or a thread if it has a parent. The caller has checked guild and parent.
    pub(crate) fn add_channel(&mut self, guild: u64, parent: Option<u64>, name: &str) -> Option<u64> {
        self.guilds.get(&guild)?;
        let id = self.ids.next();
        let channel = Channel {
            id,
            guild,
            name: name.to_owned(),
            kind: if parent.is_some() { PUBLIC_THREAD } else { TEXT },
            parent,
            owner: self.bot,
            webhooks: Vec::new(),
            messages: Default::default(),
            nonces: Default::default(),
            permissions: Default::default(),
            history: Default::default(),
        };
        self.channels.insert(id, channel);
        self.guilds.get_mut(&guild)?.channels.insert(id);
        self.note(Actor::Moderator, Change::ChannelCreate, id, id);
        let mut data = self.channel_json(id)?;
        if parent.is_some() {
            data["newly_created"] = json!(true);
        }
        let name = if parent.is_some() { "THREAD_CREATE" } else { "CHANNEL_CREATE" };
        self.dispatch_value(name, guild, Some(id), &data);
        Some(id)
    }

    /// Removes a channel or thread with its messages, webhooks and threads.
    pub(crate) fn remove_channel(&mut self, id: u64, actor: Actor) -> bool {
        let Some(data) = self.channel_json(id) else { return false };
        let children: Vec<u64> = self
            .channels
            .values()
            .filter(|channel| channel.parent == Some(id))
            .map(|channel| channel.id)
            .collect();
        for child in children {
            self.remove_channel(child, actor);
        }
        let Some(channel) = self.channels.remove(&id) else { return false };
        for webhook in &channel.webhooks {
            self.webhooks.remove(webhook);
        }
        if let Some(guild) = self.guilds.get_mut(&channel.guild) {
            guild.channels.remove(&id);
        }
        self.note(actor, Change::ChannelDelete, id, id);
        self.dispatch_gone(&channel, &data);
        self.tell(|_| Happening::ChannelGone(id));
        true
    }

    fn dispatch_gone(&mut self, channel: &Channel, data: &Value) {
        let (id, guild) = (Some(channel.id), channel.guild);
        match channel.parent {
            None => self.dispatch_value("CHANNEL_DELETE", guild, id, data),
            Some(parent) => {
                let (guild_id, parent_id) = (Id(guild), Id(parent));
                let ids = json!({"id": Id(channel.id), "guild_id": guild_id, "parent_id": parent_id, "type": channel.kind});
                self.dispatch_value("THREAD_DELETE", guild, id, &ids);
            }
        }
    }

    /// A channel object.
    pub(crate) fn channel_json(&self, id: u64) -> Option<Value> {
        let channel = self.channels.get(&id)?;
        let last = channel.messages.last_key_value().map(|(&id, _)| Id(id));
        let mut value = json!({
            "id": Id(id), "type": channel.kind, "guild_id": Id(channel.guild), "name": channel.name,
            "parent_id": channel.parent.map(Id), "last_message_id": last, "rate_limit_per_user": 0, "flags": 0,
        });
        let more = if channel.parent.is_some() { thread_part(channel) } else { self.text_part(channel) };
        if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
            all.extend(more);
        }
        Some(value)
    }

    fn text_part(&self, channel: &Channel) -> Value {
        let denied = channel.permissions.denied_bits();
        let overwrite = json!({"id": Id(self.bot), "type": 1, "allow": "0", "deny": denied.to_string()});
        let overwrites = if denied == 0 { json!([]) } else { json!([overwrite]) };
        json!({"topic": null, "position": 0, "nsfw": false, "last_pin_timestamp": null, "permission_overwrites": overwrites})
    }

    /// The channels or the active threads of a guild.
    pub(crate) fn channels_json(&self, guild: &Guild, threads: bool) -> Vec<Value> {
        let all = guild.channels.iter().filter_map(|id| self.channels.get(id));
        all.filter(|channel| channel.parent.is_some() == threads && channel.permissions.view_channel)
            .filter_map(|channel| self.channel_json(channel.id))
            .collect()
    }

    /// A guild object as REST answers it.
    pub(crate) fn guild_json(&self, guild: &Guild) -> Value {
        json!({
            "id": Id(guild.id), "name": guild.name, "owner_id": Id(guild.owner), "icon": null, "splash": null,
            "discovery_splash": null, "banner": null, "description": null, "afk_channel_id": null, "afk_timeout": 300,
            "verification_level": 0, "default_message_notifications": 1, "explicit_content_filter": 0,
            "roles": guild.roles.iter().map(role_json).collect::<Vec<_>>(), "emojis": [], "stickers": [], "features": [],
            "mfa_level": 0, "application_id": null, "system_channel_id": null, "system_channel_flags": 0,
            "rules_channel_id": null, "public_updates_channel_id": null, "safety_alerts_channel_id": null,
            "vanity_url_code": null, "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
            "premium_progress_bar_enabled": false, "max_members": 250_000, "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50, "nsfw_level": 0, "nsfw": false, "hub_type": null, "region": "",
            "widget_enabled": false, "home_header": null, "latest_onboarding_question_id": null,
        })
    }

    /// A guild object as GUILD_CREATE carries it.
    pub(crate) fn guild_create_json(&self, id: u64) -> Option<Value> {
        let guild = self.guilds.get(&id)?;
        let mut value = self.guild_json(guild);
        let members: Vec<_> =
            guild.members.keys().take(50).filter_map(|&user| self.member_json(id, user)).collect();
        let more = json!({
            "joined_at": Stamp(id::created_ms(id) * 1000), "large": false, "unavailable": false, "lazy": true,
            "member_count": guild.members.len(), "members": members, "presences": [], "voice_states": [],
            "channels": self.channels_json(guild, false), "threads": self.channels_json(guild, true),
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
            all.extend(more);
        }
        Some(value)
    }

    /// Makes a role.
    pub(crate) fn add_role(&mut self, guild: u64, name: &str) -> Option<u64> {
        let id = self.ids.next();
        let role = Role { id, name: name.to_owned(), color: 0 };
        let data = json!({"guild_id": Id(guild), "role": role_json(&role)});
        self.guilds.get_mut(&guild)?.roles.push(role);
        self.dispatch_value("GUILD_ROLE_CREATE", guild, None, &data);
        Some(id)
    }
}

fn thread_part(channel: &Channel) -> Value {
    let made = Stamp(id::created_ms(channel.id) * 1000);
    let count = channel.messages.len();
    json!({
        "owner_id": Id(channel.owner), "message_count": count, "total_message_sent": count, "member_count": 1,
        "thread_metadata": {
            "archived": false, "archive_timestamp": made, "auto_archive_duration": 1440, "locked": false,
            "create_timestamp": made,
        },
    })
}

pub(crate) fn role_json(role: &Role) -> Value {
    json!({
        "id": Id(role.id), "name": role.name, "color": role.color, "hoist": false, "icon": null, "unicode_emoji": null,
        "colors": {"primary_color": role.color, "secondary_color": null, "tertiary_color": null},
        "position": 0, "permissions": EVERYONE_MAY.to_string(), "managed": false, "mentionable": true, "flags": 0,
    })
}
