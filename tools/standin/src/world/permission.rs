//! What a member may do, the bot first of all: roles of the guild, then overwrites of the channel, as Discord adds them up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Channel, Guild, World};
use crate::{
    id::Id,
    ledger::{Actor, Change},
};

/// Everything is allowed, whatever else is said.
const ADMINISTRATOR: u64 = 1 << 3;
const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub(crate) const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
/// SEND_TTS_MESSAGES, EMBED_LINKS, ATTACH_FILES, MENTION_EVERYONE: nothing to who may not speak.
const WITH_SPEECH: u64 = 1 << 12 | 1 << 14 | 1 << 15 | 1 << 17;
/// All that there is: what owners and administrators may. Bits 47 and 48 mean nothing.
const ALL: u64 = ((1 << 47) - 1) | 1 << 49 | 1 << 50 | 1 << 51 | 1 << 52;
/// What the bot may do in a direct message: EMBED_LINKS, ATTACH_FILES, MENTION_EVERYONE, USE_EXTERNAL_EMOJIS.
const IN_DIRECT_MESSAGES: u64 = 1 << 14 | 1 << 15 | 1 << 17 | 1 << 18;

macro_rules! permissions {
    ($($(#[$doc:meta])+ $name:ident = $bit:literal,)+) => {
        /// What the bot may do in a channel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Permissions {
            $($(#[$doc])+ pub $name: bool,)+
        }

        impl Permissions {
            /// As Discord numbers them.
            pub fn bits(self) -> u64 {
                $((u64::from(self.$name) << $bit) |)+ 0
            }

            /// From Discord's bits; those that mean nothing here are left out.
            pub fn of_bits(bits: u64) -> Self {
                Self { $($name: bits & (1 << $bit | ADMINISTRATOR) != 0,)+ }
            }
        }
    };
}

permissions! {
    /// Absent: 403 50013 on changes and deletes of channels.
    manage_channels = 4,
    /// Absent: 403 50013 on a reaction that nobody else has added.
    add_reactions = 6,
    /// Absent: 403 50001 everywhere, and no dispatches of the channel.
    view_channel = 10,
    /// Absent: 403 50013 on POST messages, and on posts in a forum.
    send_messages = 11,
    /// Absent: 403 50013 on deletes of others' messages, and of their reactions.
    manage_messages = 13,
    /// Absent: 403 50013 on messages with embeds.
    embed_links = 14,
    /// Absent: 403 50013 on messages with files.
    attach_files = 15,
    /// Absent: lists of messages are empty (no error).
    read_message_history = 16,
    /// Absent: 403 50013 on changes of a channel's overwrites.
    manage_roles = 28,
    /// Absent: 403 50013 on webhook routes with the bot's token.
    manage_webhooks = 29,
    /// Absent, for a person: there are no slash commands.
    use_application_commands = 31,
    /// Absent: 403 50013 on changes and deletes of others' threads.
    manage_threads = 34,
    /// Absent: 403 50013 on new public threads.
    create_public_threads = 35,
    /// Absent: 403 50013 on new private threads.
    create_private_threads = 36,
    /// Absent: 403 50013 on POST messages in threads, where `send_messages` means nothing.
    send_messages_in_threads = 38,
    /// Absent: 403 50013 on pins.
    pin_messages = 51,
}

impl Default for Permissions {
    fn default() -> Self {
        Self::of_bits(u64::MAX)
    }
}

/// What a channel allows or denies to a role (`@everyone` has the guild's id) or a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overwrite {
    pub(crate) id: u64,
    pub(crate) allow: u64,
    pub(crate) deny: u64,
}

impl World {
    /// What the bot may do in a channel; a thread has what its parent has. Everything where there is no such channel.
    pub(crate) fn permissions_in(&self, channel: u64) -> Permissions {
        self.granted(channel, self.bot).map_or(Permissions::default(), Permissions::of_bits)
    }

    /// What a member may do in a channel, by Discord's bits, what follows from other absences left out: it is what an
    /// interaction carries.
    pub(crate) fn powers_in(&self, channel: u64, user: u64) -> u64 {
        let is_thread = self.channels.get(&channel).is_some_and(|channel| channel.thread.is_some());
        self.granted(channel, user).map_or(IN_DIRECT_MESSAGES, |bits| implied(bits, is_thread))
    }

    /// The same in the guild as a whole.
    pub(crate) fn powers_of(&self, guild: u64, user: u64) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        let base = base(guild, user);
        if base & ADMINISTRATOR != 0 || guild.owner == user { ALL } else { base }
    }

    /// What roles and overwrites give to a member; `None` outside of guilds.
    fn granted(&self, channel: u64, user: u64) -> Option<u64> {
        let channel = self.channels.get(&channel)?;
        let place = channel.parent.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel);
        let guild = self.guilds.get(&place.guild)?;
        let (worn, base) = (worn(guild, user), base(guild, user));
        if base & ADMINISTRATOR != 0 || guild.owner == user {
            return Some(ALL);
        }
        let role = |id: u64| id != guild.id && worn.contains(&id);
        let steps: [&dyn Fn(u64) -> bool; 3] = [&|id| id == guild.id, &role, &|id| id == user];
        let bits = steps.iter().fold(base, |bits, step| applied(bits, &place.overwrites, step));
        Some(bits & !ADMINISTRATOR)
    }

    /// May the bot allow or deny this much in a channel? What it may do in the guild; or all, where an overwrite lets it
    /// manage roles.
    pub(crate) fn may_give(&self, channel: &Channel, bits: u64) -> bool {
        let Some(guild) = self.guilds.get(&channel.guild) else { return false };
        let base = Permissions::of_bits(base(guild, self.bot)).bits();
        let is_ours = |id: u64| id == guild.id || id == self.bot || worn(guild, self.bot).contains(&id);
        let trusted = channel.overwrites.iter().any(|one| is_ours(one.id) && one.allow & MANAGE_ROLES != 0);
        let known = bits & Permissions::default().bits();
        self.permissions_in(channel.id).manage_roles && (trusted || known & !base == 0)
    }

    /// Puts what a channel allows and denies to one role or member (`id`), or takes it away; CHANNEL_UPDATE, and
    /// THREAD_LIST_SYNC to who sees more.
    pub(crate) fn overwrite(&mut self, channel: u64, id: u64, new: Option<Overwrite>, actor: Actor) -> bool {
        let Some(guild) = self.channels.get(&channel).map(|channel| channel.guild) else { return false };
        let before = self.seen(guild);
        if let Some(place) = self.channels.get_mut(&channel) {
            place.overwrites.retain(|other| other.id != id);
            place.overwrites.extend(new);
        }
        self.note(actor, Change::ChannelEdit, channel, channel);
        let data = self.channel_json(channel).unwrap_or_default();
        // Everybody is told, also who may no longer look: by that a client knows.
        self.dispatch_value("CHANNEL_UPDATE", guild, None, &data);
        self.sync_gained(guild, &before);
        true
    }

    /// Changes what a role may do (GUILD_ROLE_UPDATE).
    pub(crate) fn empower(&mut self, guild: u64, role: u64, permissions: u64) -> bool {
        let before = self.seen(guild);
        let known =
            self.guilds.get_mut(&guild).and_then(|guild| guild.roles.iter_mut().find(|one| one.id == role));
        let Some(known) = known else { return false };
        known.permissions = permissions;
        let data = json!({"guild_id": Id(guild), "role": super::guild::role_json(known)});
        self.dispatch_value("GUILD_ROLE_UPDATE", guild, None, &data);
        self.sync_gained(guild, &before);
        true
    }

    /// Gives a role to a member or takes it away (GUILD_MEMBER_UPDATE).
    pub(crate) fn dress(&mut self, guild: u64, (user, role): (u64, u64), worn: bool) -> bool {
        let before = self.seen(guild);
        let known = self.guilds.get_mut(&guild).and_then(|guild| guild.members.get_mut(&user));
        let Some(member) = known else { return false };
        member.roles.retain(|other| *other != role);
        member.roles.extend(worn.then_some(role));
        let mut data = self.member_json(guild, user).unwrap_or_default();
        data["guild_id"] = json!(Id(guild));
        self.dispatch_value("GUILD_MEMBER_UPDATE", guild, None, &data);
        self.sync_gained(guild, &before);
        true
    }

    /// The channels of a guild that the bot sees.
    fn seen(&self, guild: u64) -> Vec<u64> {
        let all = self.guilds.get(&guild).map(|guild| &guild.channels).into_iter().flatten().copied();
        let channel = |id: &u64| self.channels.get(id).is_some_and(|channel| channel.thread.is_none());
        all.filter(channel).filter(|id| self.permissions_in(*id).view_channel).collect()
    }

    fn sync_gained(&mut self, guild: u64, before: &[u64]) {
        let gained: Vec<u64> = self.seen(guild).into_iter().filter(|id| !before.contains(id)).collect();
        if !gained.is_empty() {
            self.sync_threads(guild, &gained);
        }
    }
}

/// A member's roles but for `@everyone`.
fn worn(guild: &Guild, user: u64) -> &[u64] {
    guild.members.get(&user).map(|member| member.roles.as_slice()).unwrap_or_default()
}

/// What a member may do in a guild, before any channel has its say.
fn base(guild: &Guild, user: u64) -> u64 {
    let worn = worn(guild, user);
    let theirs = guild.roles.iter().filter(|role| role.id == guild.id || worn.contains(&role.id));
    theirs.fold(0, |all, role| all | role.permissions)
}

/// Who does not see a channel may do nothing there, and who may not speak has no use for what goes with speech.
fn implied(bits: u64, is_thread: bool) -> u64 {
    let speech = if is_thread { SEND_MESSAGES_IN_THREADS } else { SEND_MESSAGES };
    match (bits & VIEW_CHANNEL != 0, bits & speech != 0) {
        (false, _) => 0,
        (true, false) => bits & !WITH_SPEECH,
        (true, true) => bits,
    }
}

/// First all that is denied to those who match, then all that is allowed.
fn applied(bits: u64, overwrites: &[Overwrite], matches: &dyn Fn(u64) -> bool) -> u64 {
    let fitting = || overwrites.iter().filter(|one| matches(one.id));
    let denied = fitting().fold(0, |all, one| all | one.deny);
    let allowed = fitting().fold(0, |all, one| all | one.allow);
    bits & !denied | allowed
}

/// An overwrite as a channel shows it; `roles` are those of the guild.
pub(crate) fn overwrite_json(overwrite: &Overwrite, is_role: bool) -> Value {
    let (allow, deny) = (overwrite.allow.to_string(), overwrite.deny.to_string());
    json!({"id": Id(overwrite.id), "type": u8::from(!is_role), "allow": allow, "deny": deny})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_beats_denied_within_a_step_and_a_later_step_beats_an_earlier() {
        let one = |id, allow, deny| Overwrite { id, allow, deny };
        let overwrites = [one(1, 0, 0b111), one(2, 0b001, 0b010), one(3, 0b010, 0b001)];
        assert_eq!(applied(0b111, &overwrites, &|id| id == 1), 0);
        assert_eq!(applied(0b000, &overwrites, &|id| id == 2 || id == 3), 0b011);
        assert_eq!(applied(0b101, &overwrites, &|id| id == 3), 0b110);
    }

    #[test]
    fn absences_imply_others() {
        let all = VIEW_CHANNEL | SEND_MESSAGES | SEND_MESSAGES_IN_THREADS | WITH_SPEECH | MANAGE_ROLES;
        for (without, is_thread, left) in [
            (0, false, all),
            (VIEW_CHANNEL, false, 0),
            (SEND_MESSAGES, false, VIEW_CHANNEL | SEND_MESSAGES_IN_THREADS | MANAGE_ROLES),
            (SEND_MESSAGES, true, all & !SEND_MESSAGES),
            (SEND_MESSAGES_IN_THREADS, true, VIEW_CHANNEL | SEND_MESSAGES | MANAGE_ROLES),
        ] {
            assert_eq!(implied(all & !without, is_thread), left, "{without} {is_thread}");
        }
    }

    #[test]
    fn bits_are_discords() {
        let bits = Permissions::default().bits();
        assert_eq!(Permissions::of_bits(bits), Permissions::default());
        assert_eq!(Permissions::of_bits(1 << 3), Permissions::default());
        assert_eq!(Permissions { pin_messages: true, ..Permissions::of_bits(0) }.bits(), 1 << 51);
    }
}
