//! Guilds and roles: made; their JSON.

use serde_json::{Value, json};

use super::{Guild, Member, Role, World, permission::Permissions};
use crate::{
    clock::{self, Stamp},
    id::{self, Id},
};

impl World {
    /// Makes a guild with the bot in it.
    pub(crate) fn add_guild(&mut self, name: &str) -> u64 {
        let (id, owner) = (self.ids.next(), self.add_user(&format!("{name} owner")));
        let joined_us = clock::now_us();
        let member = |user| (user, Member { joined_us, ..Member::default() });
        let everyone =
            Role { id, name: "@everyone".to_owned(), color: 0, permissions: Permissions::default().bits() };
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

    /// A guild object as REST answers it.
    pub(crate) fn guild_json(&self, guild: &Guild) -> Value {
        let mut value = json!({
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
        });
        for absent in ["widget_channel_id", "max_presences", "incidents_data"] {
            value[absent] = Value::Null;
        }
        value
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
            "channels": self.channels_json(guild), "threads": self.active_threads_json(guild),
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
        let role = Role { id, name: name.to_owned(), color: 0, permissions: 0 };
        let data = json!({"guild_id": Id(guild), "role": role_json(&role)});
        self.guilds.get_mut(&guild)?.roles.push(role);
        self.dispatch_value("GUILD_ROLE_CREATE", guild, None, &data);
        Some(id)
    }
}

pub(crate) fn role_json(role: &Role) -> Value {
    json!({
        "id": Id(role.id), "name": role.name, "color": role.color, "hoist": false, "icon": null, "unicode_emoji": null,
        "colors": {"primary_color": role.color, "secondary_color": null, "tertiary_color": null},
        "position": 0, "permissions": role.permissions.to_string(), "managed": false, "mentionable": true, "flags": 0,
    })
}
