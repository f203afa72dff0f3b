//! Channels: made, changed, removed; their JSON. What only threads have is `thread`'s.

use serde_json::{Value, json};

use super::{
    Channel, Guild, Tag, World, channel_kind::ChannelKind, permission::overwrite_json, shown::Happening,
    thread::Thread,
};
use crate::{
    clock::Stamp,
    id::Id,
    ledger::{Actor, Change},
};

/// Flag of a forum whose posts must have a tag.
pub(crate) const REQUIRE_TAG: u64 = 1 << 4;

/// What to change of a channel; absent parts stay.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ChannelChange {
    pub(crate) name: Option<String>,
    pub(crate) requires_tag: Option<bool>,
}

/// A channel before it has an id's worth of history.
pub(crate) struct NewChannel<'a> {
    pub(crate) id: u64,
    pub(crate) guild: u64,
    pub(crate) kind: ChannelKind,
    pub(crate) name: &'a str,
    pub(crate) thread: Option<(u64, Thread)>,
}

impl NewChannel<'_> {
    pub(crate) fn made(self, tags: Vec<Tag>) -> Channel {
        let (parent, thread) = self.thread.unzip();
        Channel {
            id: self.id,
            guild: self.guild,
            name: self.name.to_owned(),
            kind: self.kind,
            parent,
            recipient: None,
            thread,
            tags,
            requires_tag: false,
            webhooks: Vec::new(),
            messages: Default::default(),
            nonces: Default::default(),
            overwrites: Vec::new(),
            last_pin_us: None,
            history: Default::default(),
        }
    }
}

impl World {
    /// Makes a channel that is no thread.
    pub(crate) fn add_channel(
        &mut self,
        guild: u64,
        kind: ChannelKind,
        name: &str,
        tags: &[&str],
    ) -> Option<u64> {
        self.guilds.get(&guild)?;
        let id = self.ids.next();
        let tags = tags.iter().map(|name| Tag { id: self.ids.next(), name: (*name).to_owned() }).collect();
        self.channels.insert(id, NewChannel { id, guild, kind, name, thread: None }.made(tags));
        self.guilds.get_mut(&guild)?.channels.insert(id);
        self.note(Actor::Moderator, Change::ChannelCreate, id, id);
        let data = self.channel_json(id)?;
        self.dispatch_value("CHANNEL_CREATE", guild, Some(id), &data);
        Some(id)
    }

    /// The direct messages of a person and the bot, begun at their first use; in no guild, so the guild's id is 0.
    pub(crate) fn direct_channel(&mut self, user: u64) -> u64 {
        let known = self.channels.values().find(|channel| channel.recipient == Some(user));
        if let Some(channel) = known {
            return channel.id;
        }
        let id = self.ids.next();
        let name = self.users.get(&user).map(|user| format!("@{}", user.username)).unwrap_or_default();
        let new = NewChannel { id, guild: 0, kind: ChannelKind::Direct, name: &name, thread: None };
        self.channels.insert(id, Channel { recipient: Some(user), ..new.made(Vec::new()) });
        id
    }

    /// Channels and threads of one guild.
    pub(crate) fn channels_of(&self, guild: u64) -> impl Iterator<Item = &Channel> {
        let all = self.guilds.get(&guild).into_iter().flat_map(|guild| &guild.channels);
        all.filter_map(|id| self.channels.get(id))
    }

    /// Changes a channel that is no thread. Only forums can ask for tags.
    pub(crate) fn change_channel(&mut self, id: u64, change: ChannelChange, actor: Actor) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        channel.name = change.name.unwrap_or_else(|| std::mem::take(&mut channel.name));
        let asked = change.requires_tag.filter(|_| channel.kind.has_posts());
        channel.requires_tag = asked.unwrap_or(channel.requires_tag);
        self.channel_updated(id, actor);
        true
    }

    /// Tells everybody what has become of a channel or thread.
    pub(crate) fn channel_updated(&mut self, id: u64, actor: Actor) {
        let Some(data) = self.channel_json(id) else { return };
        let Some(channel) = self.channels.get(&id) else { return };
        let (guild, thread) = (channel.guild, channel.thread.is_some());
        self.note(actor, Change::ChannelEdit, id, id);
        let name = if thread { "THREAD_UPDATE" } else { "CHANNEL_UPDATE" };
        self.dispatch_value(name, guild, Some(id), &data);
    }

    /// Removes a channel or thread with its messages, webhooks and threads: one dispatch each for channel and threads,
    /// none for what was in them.
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
        channel.messages.values().for_each(|message| self.cdn.lose(message));
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
        if let Some(user) = channel.recipient {
            let recipients = [self.user_json(user)];
            return Some(json!({
                "id": Id(id), "type": channel.kind, "last_message_id": last, "flags": 0, "recipients": recipients,
                "last_pin_timestamp": channel.last_pin_us.map(Stamp),
            }));
        }
        let mut value = json!({
            "id": Id(id), "type": channel.kind, "guild_id": Id(channel.guild), "name": channel.name,
            "parent_id": channel.parent.map(Id), "last_message_id": last, "rate_limit_per_user": 0,
            "flags": if channel.requires_tag { REQUIRE_TAG } else { 0 },
            "last_pin_timestamp": channel.last_pin_us.map(Stamp),
        });
        let more = channel.thread.as_ref().map_or_else(|| self.text_part(channel), Thread::json);
        if let (Value::Object(all), Value::Object(more)) = (&mut value, more) {
            all.extend(more);
        }
        if channel.kind.has_posts() {
            value["available_tags"] = channel.tags.iter().map(tag_json).collect();
            value["default_reaction_emoji"] = Value::Null;
            value["default_sort_order"] = Value::Null;
            value["default_forum_layout"] = json!(0);
        }
        Some(value)
    }

    fn text_part(&self, channel: &Channel) -> Value {
        let roles = self.guilds.get(&channel.guild).map(|guild| guild.roles.as_slice()).unwrap_or_default();
        let is_role = |id: u64| roles.iter().any(|role| role.id == id);
        let overwrites: Vec<_> =
            channel.overwrites.iter().map(|one| overwrite_json(one, is_role(one.id))).collect();
        json!({"topic": null, "position": 0, "nsfw": false, "permission_overwrites": overwrites})
    }

    /// The channels of a guild that the bot sees, threads left out.
    pub(crate) fn channels_json(&self, guild: &Guild) -> Vec<Value> {
        let all = self.channels_of(guild.id);
        all.filter(|channel| channel.thread.is_none() && self.permissions_in(channel.id).view_channel)
            .filter_map(|channel| self.channel_json(channel.id))
            .collect()
    }
}

fn tag_json(tag: &Tag) -> Value {
    json!({"id": Id(tag.id), "name": tag.name, "moderated": false, "emoji_id": null, "emoji_name": null})
}
