//! Who is in a thread: whoever made it, and who joined. It changes nothing of what may be seen or said.

use std::collections::btree_map::Entry;

use serde_json::{Value, json};

use super::{World, channel_kind::ChannelKind, thread::Thread};
use crate::{
    clock::{self, Stamp},
    gateway::intents::GUILD_MEMBERS,
    id::{self, Id},
};

/// Nobody counts the members of a thread beyond.
const COUNTED_MAX: usize = 50;

impl Thread {
    /// How many are in it, as Discord tells.
    pub(crate) fn member_count(&self) -> usize {
        self.members.len().min(COUNTED_MAX)
    }
}

impl World {
    /// Somebody joins a thread; false: there is no such thread or person, or they are in it.
    pub(crate) fn join_thread(&mut self, id: u64, user: u64) -> bool {
        let known = self.users.contains_key(&user);
        let Some(channel) = self.channels.get_mut(&id).filter(|_| known) else { return false };
        let (guild, Some(thread)) = (channel.guild, channel.thread.as_mut()) else { return false };
        let Entry::Vacant(place) = thread.members.entry(user) else { return false };
        place.insert(clock::now_us());
        let secret = channel.kind == ChannelKind::PrivateThread;
        if let Some(guild) = self.guilds.get_mut(&guild) {
            guild.members.entry(user).or_default();
        }
        if secret && user == self.bot {
            self.dispatch_shown(id, guild);
        }
        self.dispatch_members(id, (Some(user), None));
        true
    }

    /// Somebody leaves a thread, or is removed; false: there is no such thread, or they are not in it.
    pub(crate) fn leave_thread(&mut self, id: u64, user: u64) -> bool {
        let thread = self.channels.get_mut(&id).and_then(|channel| channel.thread.as_mut());
        let left = thread.is_some_and(|thread| thread.members.remove(&user).is_some());
        if left {
            self.dispatch_members(id, (None, Some(user)));
        }
        left
    }

    /// A private thread is as good as new to the bot that was added to it.
    fn dispatch_shown(&mut self, id: u64, guild: u64) {
        let Some(mut data) = self.channel_json(id) else { return };
        data["member"] = json!(self.thread_member_json(id, self.bot));
        self.dispatch_value("THREAD_CREATE", guild, Some(id), &data);
    }

    /// THREAD_MEMBERS_UPDATE to those who list members, and, where it is about the bot, to all: who joins is told so by
    /// THREAD_MEMBER_UPDATE first.
    fn dispatch_members(&mut self, id: u64, (joined, left): (Option<u64>, Option<u64>)) {
        let Some(channel) = self.channels.get(&id) else { return };
        let (guild, own) = (channel.guild, joined.or(left) == Some(self.bot));
        let count = channel.thread.as_ref().map_or(0, Thread::member_count);
        let member = |user| {
            let mut member = self.thread_member_json(id, user)?;
            member["member"] = json!(self.member_json(guild, user));
            member["presence"] = Value::Null;
            Some(member)
        };
        let mut data = json!({"id": Id(id), "guild_id": Id(guild), "member_count": count});
        if let Some(joined) = joined.and_then(member) {
            data["added_members"] = json!([joined]);
        }
        if let Some(left) = left {
            data["removed_member_ids"] = json!([Id(left)]);
        }
        if let Some(mut member) = self.thread_member_json(id, self.bot).filter(|_| own) {
            member["guild_id"] = json!(Id(guild));
            self.dispatch_value("THREAD_MEMBER_UPDATE", guild, Some(id), &member);
        }
        let others = if own { None } else { Some(GUILD_MEMBERS) };
        self.dispatch_to(("THREAD_MEMBERS_UPDATE", others), guild, Some(id), (data.to_string(), None));
    }

    /// One member of a thread.
    pub(crate) fn thread_member_json(&self, id: u64, user: u64) -> Option<Value> {
        let joined_us = *self.channels.get(&id)?.thread.as_ref()?.members.get(&user)?;
        Some(json!({"id": Id(id), "user_id": Id(user), "join_timestamp": Stamp(joined_us), "flags": 0}))
    }

    /// The bot as a member of those of these threads in which it is.
    pub(crate) fn thread_members_json<'a>(&self, threads: impl Iterator<Item = &'a Value>) -> Vec<Value> {
        let ids = threads.filter_map(|thread| id::from_json(&thread["id"]));
        ids.filter_map(|id| self.thread_member_json(id, self.bot)).collect()
    }
}
