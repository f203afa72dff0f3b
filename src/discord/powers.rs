//! What a member may do in a channel, as Discord adds it up: owner, roles, then the channel's overwrites.
//!
//! ```text
//! @everyone | roles worn        ADMINISTRATOR, or the owner: everything, nothing below counts
//!   - denied + allowed to @everyone
//!   - denied + allowed to the roles worn, all of them together
//!   - denied + allowed to the member
//! without VIEW_CHANNEL: nothing      timed out: what it takes to look, no more
//! ```
//! Source: Discord, "Permissions". A thread has its parent's overwrites.

use super::answer::Fault;
use super::calls::{Call, Unbuildable};
use super::guilds::is_thread;
use super::history::{PATIENCE, wait};
use super::rest::Rest;
use super::transport::Reply;
use super::webhooks::read;
use events::{ChannelId, GuildId, RoleId, UserId};
use projections::sink::No;
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::ops::BitOr;

/// Discord's permission bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers(pub u64);

macro_rules! powers {
    ($($(#[$doc:meta])+ $name:ident = $bit:literal, $words:literal;)+) => {
        impl Powers {
            $($(#[$doc])+ pub const $name: Self = Self(1 << $bit);)+

            /// Those that have a name here, by bit, each as Discord's settings call it.
            const NAMES: &[(Self, &'static str)] = &[$((Self::$name, $words),)+];
        }
    };
}

powers! {
    /// Ban members.
    BAN_MEMBERS = 2, "Ban Members";
    /// Everything, whatever else is said.
    ADMINISTRATOR = 3, "Administrator";
    /// Change and remove the channel.
    MANAGE_CHANNELS = 4, "Manage Channels";
    /// Change the guild's settings.
    MANAGE_GUILD = 5, "Manage Server";
    /// See the channel: without it there is nothing else.
    VIEW_CHANNEL = 10, "View Channel";
    /// Post messages; in a forum, make posts. In threads it means nothing.
    SEND_MESSAGES = 11, "Send Messages";
    /// Remove and pin others' messages.
    MANAGE_MESSAGES = 13, "Manage Messages";
    /// Post embeds.
    EMBED_LINKS = 14, "Embed Links";
    /// Post files.
    ATTACH_FILES = 15, "Attach Files";
    /// Read what was said before.
    READ_MESSAGE_HISTORY = 16, "Read Message History";
    /// Change roles, and overwrites of channels.
    MANAGE_ROLES = 28, "Manage Roles";
    /// List, make, change and remove webhooks.
    MANAGE_WEBHOOKS = 29, "Manage Webhooks";
    /// Change and remove others' threads, and see private ones.
    MANAGE_THREADS = 34, "Manage Threads";
    /// Open public threads.
    CREATE_PUBLIC_THREADS = 35, "Create Public Threads";
    /// Post in threads, where Send Messages means nothing.
    SEND_MESSAGES_IN_THREADS = 38, "Send Messages in Threads";
}

impl Powers {
    /// None.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether all of `bits` are there.
    #[must_use]
    pub const fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// Those of `bits` that are not there, as Discord's settings name them.
    #[must_use]
    pub fn missing(self, bits: Self) -> Vec<&'static str> {
        let missing =
            |(bit, words): &(Self, &'static str)| (bits.has(*bit) && !self.has(*bit)).then_some(*words);
        Self::NAMES.iter().filter_map(missing).collect()
    }

    const fn without(self, bits: Self) -> Self {
        Self(self.0 & !bits.0)
    }

    const fn only(self, bits: Self) -> Self {
        Self(self.0 & bits.0)
    }
}

impl BitOr for Powers {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What somebody who is timed out may still do. Source: Discord, "Permissions for Timed Out Members".
const WHILE_TIMED_OUT: Powers = Powers(Powers::VIEW_CHANNEL.0 | Powers::READ_MESSAGE_HISTORY.0);

/// A guild's owner, and what its roles may do; `@everyone` is the role with the guild's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuildRoles {
    /// The guild.
    pub guild: GuildId,
    /// Who may do everything.
    pub owner: UserId,
    /// What each role may do.
    pub roles: HashMap<RoleId, Powers>,
}

/// One member of a guild.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub user: UserId,
    /// The roles worn, without `@everyone`.
    pub roles: Vec<RoleId>,
    /// Told to be silent, at present.
    pub is_timed_out: bool,
}

/// Whom an overwrite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Who wears this role; with the guild's id, everybody.
    Role(RoleId),
    /// This member.
    Member(UserId),
}

/// What a channel allows and denies to some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    /// To whom.
    pub to: For,
    /// What it allows.
    pub allow: Powers,
    /// What it denies.
    pub deny: Powers,
}

/// What `member` may do in the channel with these `overwrites`.
#[must_use]
pub fn in_channel(guild: &GuildRoles, member: &Membership, overwrites: &[Overwrite]) -> Powers {
    let everyone = RoleId(guild.guild.0);
    let base = in_guild(guild, member);
    if base.has(Powers::ADMINISTRATOR) {
        return base;
    }
    let worn = |to: For| matches!(to, For::Role(role) if role != everyone && member.roles.contains(&role));
    let steps: [&dyn Fn(For) -> bool; 3] =
        [&|to| to == For::Role(everyone), &worn, &|to| to == For::Member(member.user)];
    let powers = steps.iter().fold(base, |powers, step| apply(powers, overwrites, step));
    match powers {
        powers if !powers.has(Powers::VIEW_CHANNEL) => Powers::NONE,
        powers if member.is_timed_out => powers.only(WHILE_TIMED_OUT),
        // Only a role makes an administrator; an overwrite cannot.
        powers => powers.without(Powers::ADMINISTRATOR),
    }
}

/// What a member may do before any channel has its say.
fn in_guild(guild: &GuildRoles, member: &Membership) -> Powers {
    let worn = std::iter::once(RoleId(guild.guild.0)).chain(member.roles.iter().copied());
    let powers = worn.filter_map(|role| guild.roles.get(&role)).fold(Powers::NONE, |all, role| all | *role);
    let is_all = guild.owner == member.user || powers.has(Powers::ADMINISTRATOR);
    if is_all { Powers::ALL } else { powers }
}

/// First all that is denied to those who match, then all that is allowed.
fn apply(powers: Powers, overwrites: &[Overwrite], step: &dyn Fn(For) -> bool) -> Powers {
    let matching = || overwrites.iter().filter(|one| step(one.to));
    let denied = matching().fold(Powers::NONE, |all, one| all | one.deny);
    let allowed = matching().fold(Powers::NONE, |all, one| all | one.allow);
    powers.without(denied) | allowed
}

/// A channel, as far as rights in it go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its guild.
    pub guild: GuildId,
    /// Its name.
    pub name: String,
    /// Discord's channel type: 0 text, 11 thread, 15 forum, ...
    pub kind: u8,
    /// The channel whose rights count and whose webhooks are used: itself, or a thread's parent.
    pub home: ChannelId,
    /// What the home allows and denies.
    pub overwrites: Vec<Overwrite>,
}

/// What `user` may do in `channel`. `None`: no such member (anybody who left), or a channel that is not there or not
/// ours to see.
///
/// # Errors
/// [`No::Wait`]: try again; [`No::Dead`]: in words for the operator.
pub async fn powers(rest: &Rest, user: UserId, channel: ChannelId) -> Result<Option<Powers>, No> {
    let Some(place) = place(rest, channel).await? else { return Ok(None) };
    let Some(guild) = guild_roles(rest, place.guild).await? else { return Ok(None) };
    let Some(member) = membership(rest, place.guild, user).await? else { return Ok(None) };
    Ok(Some(in_place(&guild, &member, &place)))
}

/// What `member` may do in `place`. In a private thread, whoever does not manage threads counts as a stranger: who was
/// invited is not asked.
#[must_use]
pub fn in_place(guild: &GuildRoles, member: &Membership, place: &Place) -> Powers {
    let powers = in_channel(guild, member, &place.overwrites);
    if place.kind == PRIVATE_THREAD && !powers.has(Powers::MANAGE_THREADS) { Powers::NONE } else { powers }
}

/// Discord's channel type of a private thread.
const PRIVATE_THREAD: u8 = 12;

/// A channel, with the overwrites that count there. `None`: not there, not ours to see, or in no guild.
///
/// # Errors
/// See [`powers`].
pub async fn place(rest: &Rest, channel: ChannelId) -> Result<Option<Place>, No> {
    let Some(told) = channel_told(rest, channel).await? else { return Ok(None) };
    let Some(guild) = told.guild_id.map(GuildId) else { return Ok(None) };
    let (name, kind) = (told.name.clone(), told.kind);
    let (home, told) = match told.parent_id.map(ChannelId) {
        Some(parent) if is_thread(kind) => (parent, channel_told(rest, parent).await?),
        Some(_) | None => (channel, Some(told)),
    };
    let overwrites = told.map(|told| told.permission_overwrites.iter().filter_map(overwrite).collect());
    Ok(overwrites.map(|overwrites| Place { guild, name, kind, home, overwrites }))
}

async fn channel_told(rest: &Rest, channel: ChannelId) -> Result<Option<ChannelTold>, No> {
    Ok(ask(rest, rest.calls.channel(channel)).await?.map(|(told, _)| told))
}

/// A guild's owner and roles. `None`: the bot is not in it.
///
/// # Errors
/// See [`powers`].
pub async fn guild_roles(rest: &Rest, guild: GuildId) -> Result<Option<GuildRoles>, No> {
    let told: Option<(GuildTold, _)> = ask(rest, rest.calls.guild(guild)).await?;
    Ok(told.map(|(told, _)| {
        let roles = told.roles.into_iter().map(|role| (RoleId(role.id), Powers(role.permissions)));
        GuildRoles { guild, owner: UserId(told.owner_id), roles: roles.collect() }
    }))
}

/// A member. `None`: whoever it is, not of this guild.
///
/// # Errors
/// See [`powers`].
pub async fn membership(rest: &Rest, guild: GuildId, user: UserId) -> Result<Option<Membership>, No> {
    let told: Option<(MemberTold, Reply)> = ask(rest, rest.calls.member(guild, user)).await?;
    Ok(told.map(|(told, reply)| Membership {
        user,
        roles: told.roles.into_iter().map(|role| RoleId(role.0)).collect(),
        is_timed_out: is_ahead(told.communication_disabled_until.as_deref(), reply.headers.date_s),
    }))
}

/// Whether a time-out lasts, by Discord's own clock; where that is not told, it does.
fn is_ahead(until: Option<&str>, now_s: Option<i64>) -> bool {
    let until = until.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    until.is_some_and(|until| now_s.is_none_or(|now| until.as_second() >= now))
}

/// Unknown channel, guild, member, user; missing access. Source: Discord, "JSON Error Codes".
const NOT_OURS: [u64; 5] = [10_003, 10_004, 10_007, 10_013, 50_001];

/// What Discord answers, with the reply itself; `None`: it is not there, or not ours to see.
async fn ask<T: serde::de::DeserializeOwned>(
    rest: &Rest,
    call: Result<Call, Unbuildable>,
) -> Result<Option<(T, Reply)>, No> {
    // What cannot be asked for is not there.
    let Ok(call) = call else { return Ok(None) };
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| No::Wait(wait(&failure)))?;
    match Fault::read(&reply) {
        Some(fault) if NOT_OURS.contains(&fault.code) => Ok(None),
        Some(_) | None => Ok(Some((read(&reply)?, reply))),
    }
}

#[derive(Deserialize)]
struct ChannelTold {
    #[serde(default, deserialize_with = "perhaps")]
    guild_id: Option<u64>,
    #[serde(default, deserialize_with = "perhaps")]
    parent_id: Option<u64>,
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    permission_overwrites: Vec<OverwriteTold>,
}

#[derive(Deserialize)]
struct OverwriteTold {
    #[serde(deserialize_with = "number")]
    id: u64,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(deserialize_with = "number")]
    allow: u64,
    #[serde(deserialize_with = "number")]
    deny: u64,
}

#[derive(Deserialize)]
struct GuildTold {
    #[serde(deserialize_with = "number")]
    owner_id: u64,
    roles: Vec<RoleTold>,
}

#[derive(Deserialize)]
struct RoleTold {
    #[serde(deserialize_with = "number")]
    id: u64,
    #[serde(deserialize_with = "number")]
    permissions: u64,
}

#[derive(Deserialize)]
struct MemberTold {
    roles: Vec<Number>,
    #[serde(default)]
    communication_disabled_until: Option<String>,
}

#[derive(Deserialize)]
struct Number(#[serde(deserialize_with = "number")] u64);

/// Discord writes ids and permissions as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn perhaps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Number>::deserialize(deserializer)?.map(|number| number.0))
}

/// Of a kind that is not known, it is for nobody that we know.
fn overwrite(told: &OverwriteTold) -> Option<Overwrite> {
    let to = match told.kind {
        0 => For::Role(RoleId(told.id)),
        1 => For::Member(UserId(told.id)),
        _ => return None,
    };
    Some(Overwrite { to, allow: Powers(told.allow), deny: Powers(told.deny) })
}

#[cfg(test)]
mod tests;
