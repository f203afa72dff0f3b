//! Names of channels and roles, as frames spell them out: in memory, bounded, and only for people to read.
//!
//! Nothing is decided by them. What a frame holds that cannot be read is left out, and so is what is too much.

use super::telemetry;
use events::{ChannelId, GuildId, RoleId};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::hash::Hash;

/// Channels, threads and roles each remembered at most.
pub const NAMES_MAX: usize = 200_000;
/// Tags of a forum kept at most: Discord's own limit is 20.
const TAGS_MAX: usize = 20;
/// Longest name kept, in characters: Discord's own limit.
pub const NAME_CHARS_MAX: usize = 100;

/// A channel or thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its guild.
    pub guild: GuildId,
    /// Its name.
    pub name: String,
    /// For a thread the channel it hangs in; for a channel its category.
    pub parent: Option<ChannelId>,
    /// Discord's channel type: 0 text, 11 thread, 15 forum, ...
    pub kind: u8,
    /// Names of a forum's tags.
    pub tags: Vec<(u64, String)>,
}

impl Channel {
    /// See [`is_thread`].
    #[must_use]
    pub const fn is_thread(&self) -> bool {
        is_thread(self.kind)
    }
}

/// Whether a channel type is a thread's (announcement, public, private): it has no webhooks of its own.
/// Source: Discord, "Channel Types".
#[must_use]
pub const fn is_thread(kind: u8) -> bool {
    matches!(kind, 10..=12)
}

/// Whether a channel type is a forum's or a media channel's: it holds threads alone.
#[must_use]
pub const fn is_forum(kind: u8) -> bool {
    matches!(kind, 15 | 16)
}

/// The names known.
#[derive(Clone, Debug, Default)]
pub struct Guilds {
    channels: HashMap<ChannelId, Channel>,
    roles: HashMap<RoleId, (GuildId, String)>,
    guilds: HashMap<GuildId, String>,
}

impl Guilds {
    /// Learns from one dispatch: `kind` is its event name, `text` the whole frame.
    pub fn hear(&mut self, kind: &str, text: &[u8]) {
        match kind {
            "GUILD_CREATE" | "GUILD_UPDATE" => self.guild_told(text),
            "GUILD_DELETE" => self.guild_left(text),
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                if let Some(told) = data::<ChannelTold>(text) {
                    self.channel_told(told, None);
                }
            }
            // A thread that was removed is kept: what was said in it before is still to be taken.
            "CHANNEL_DELETE" => self.channel_gone(text),
            "THREAD_LIST_SYNC" => self.threads_told(text),
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => self.role_told(text),
            "GUILD_ROLE_DELETE" => self.role_gone(text),
            _ => {}
        }
    }

    /// A channel, if a frame named it.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id)
    }

    /// A role's name.
    #[must_use]
    pub fn role(&self, id: RoleId) -> Option<&str> {
        self.roles.get(&id).map(|(_, name)| name.as_str())
    }

    /// A guild's name.
    #[must_use]
    pub fn guild(&self, id: GuildId) -> Option<&str> {
        self.guilds.get(&id).map(String::as_str)
    }

    /// Learns what a channel is from Discord's own answer about it.
    pub fn told(&mut self, channel_json: &str) {
        if let Ok(told) = serde_json::from_str(channel_json) {
            self.channel_told(told, None);
        }
    }

    fn guild_told(&mut self, text: &[u8]) {
        let Some(told) = data::<GuildTold>(text) else { return };
        let Some(guild) = told.id.guild() else { return };
        if let Some(name) = told.name {
            keep(&mut self.guilds, guild, cut(name));
        }
        for channel in told.channels.iter().chain(&told.threads).filter_map(|raw| part(raw)) {
            self.channel_told(channel, Some(guild));
        }
        for role in told.roles.iter().filter_map(|raw| part(raw)) {
            self.keep_role(guild, role);
        }
    }

    /// An outage (`unavailable` is told) takes no name; leaving does.
    fn guild_left(&mut self, text: &[u8]) {
        let Some(told) = data::<GuildLeft>(text) else { return };
        let Some(guild) = told.id.guild().filter(|_| told.unavailable.is_none()) else { return };
        self.guilds.remove(&guild);
        self.channels.retain(|_, channel| channel.guild != guild);
        self.roles.retain(|_, role| role.0 != guild);
    }

    /// In a guild's own frame the channels do not name the guild.
    fn channel_told(&mut self, told: ChannelTold, within: Option<GuildId>) {
        let guild = told.guild_id.and_then(|id| id.guild()).or(within);
        let (Some(id), Some(guild)) = (told.id.channel(), guild) else { return };
        let parent = told.parent_id.and_then(|id| id.channel());
        let name = cut(told.name.unwrap_or_default());
        let tag = |raw: &RawValue| {
            let tag: TagTold = part(raw)?;
            Some((tag.id.0.parse().ok()?, cut(tag.name)))
        };
        let tags = told.available_tags.iter().take(TAGS_MAX).filter_map(|raw| tag(raw)).collect();
        keep(&mut self.channels, id, Channel { guild, name, parent, kind: told.kind, tags });
    }

    fn channel_gone(&mut self, text: &[u8]) {
        if let Some(id) = data::<Gone>(text).and_then(|told| told.id.channel()) {
            self.channels.remove(&id);
        }
    }

    fn threads_told(&mut self, text: &[u8]) {
        let Some(told) = data::<ThreadsTold>(text) else { return };
        for thread in told.threads.iter().filter_map(|raw| part(raw)) {
            self.channel_told(thread, told.guild_id.guild());
        }
    }

    fn role_told(&mut self, text: &[u8]) {
        let Some(told) = data::<RoleChanged>(text) else { return };
        if let Some(guild) = told.guild_id.guild() {
            self.keep_role(guild, told.role);
        }
    }

    fn role_gone(&mut self, text: &[u8]) {
        if let Some(id) = data::<RoleGone>(text).and_then(|told| told.role_id.role()) {
            self.roles.remove(&id);
        }
    }

    fn keep_role(&mut self, guild: GuildId, told: RoleTold) {
        if let Some(id) = told.id.role() {
            keep(&mut self.roles, id, (guild, cut(told.name)));
        }
    }
}

fn keep<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() < NAMES_MAX || map.contains_key(&key) {
        map.insert(key, value);
        if map.len() == NAMES_MAX {
            telemetry::names_full(NAMES_MAX);
        }
    }
}

fn cut(name: String) -> String {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        Some((end, _)) => name[..end].to_owned(),
        None => name,
    }
}

/// The data of a frame, if it has the shape.
fn data<T: serde::de::DeserializeOwned>(text: &[u8]) -> Option<T> {
    #[derive(Deserialize)]
    struct Frame<T> {
        d: T,
    }
    serde_json::from_slice::<Frame<T>>(text).ok().map(|frame| frame.d)
}

/// One element of a list: one that cannot be read takes none of the others with it.
fn part<T: serde::de::DeserializeOwned>(raw: &RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// An id as Discord writes it: text; empty where it is absent.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Told(String);

impl Told {
    fn guild(&self) -> Option<GuildId> {
        self.0.parse().ok()
    }

    fn channel(&self) -> Option<ChannelId> {
        self.0.parse().ok()
    }

    fn role(&self) -> Option<RoleId> {
        self.0.parse().ok()
    }
}

#[derive(Deserialize)]
struct GuildTold {
    id: Told,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    channels: Vec<Box<RawValue>>,
    #[serde(default)]
    threads: Vec<Box<RawValue>>,
    #[serde(default)]
    roles: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct GuildLeft {
    id: Told,
    #[serde(default)]
    unavailable: Option<bool>,
}

#[derive(Deserialize)]
struct ChannelTold {
    id: Told,
    #[serde(default)]
    guild_id: Option<Told>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parent_id: Option<Told>,
    #[serde(default, rename = "type")]
    kind: u8,
    #[serde(default)]
    available_tags: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct TagTold {
    id: Told,
    name: String,
}

#[derive(Deserialize)]
struct Gone {
    id: Told,
}

#[derive(Deserialize)]
struct ThreadsTold {
    guild_id: Told,
    #[serde(default)]
    threads: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct RoleTold {
    id: Told,
    name: String,
}

#[derive(Deserialize)]
struct RoleChanged {
    guild_id: Told,
    role: RoleTold,
}

#[derive(Deserialize)]
struct RoleGone {
    role_id: Told,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: &str = r#"{"id":"1","name":"home",
        "channels":[{"id":"10","name":"general","type":0,"parent_id":"5"},{"id":"bad"},7,{"id":"11","name":"forum","type":15}],
        "threads":[{"id":"12","name":"a post","type":11,"parent_id":"11","guild_id":"1"}],
        "roles":[{"id":"20","name":"mods"},{"id":"21"}],"members":[{"user":{"id":"9"}}]}"#;

    fn hear(frames: &[(&str, &str)]) -> Guilds {
        let mut guilds = Guilds::default();
        for (kind, data) in frames {
            guilds.hear(kind, format!(r#"{{"op":0,"s":1,"t":"{kind}","d":{data}}}"#).as_bytes());
        }
        guilds
    }

    /// `channel 10's name, channel 12's, role 20's, guild 1's`.
    fn names(guilds: &Guilds) -> String {
        let channel = |id| guilds.channel(ChannelId(id)).map_or("-", |channel| channel.name.as_str());
        let role = guilds.role(RoleId(20)).unwrap_or("-");
        format!("{}, {}, {role}, {}", channel(10), channel(12), guilds.guild(GuildId(1)).unwrap_or("-"))
    }

    #[test]
    fn frames_in_names_out() {
        let told = ("GUILD_CREATE", GUILD);
        for (then, expected) in [
            (vec![], "general, a post, mods, home"),
            (
                vec![("CHANNEL_UPDATE", r#"{"id":"10","guild_id":"1","name":"new"}"#)],
                "new, a post, mods, home",
            ),
            (vec![("CHANNEL_DELETE", r#"{"id":"10"}"#)], "-, a post, mods, home"),
            (vec![("THREAD_UPDATE", r#"{"id":"12","guild_id":"1","name":"b"}"#)], "general, b, mods, home"),
            (vec![("THREAD_DELETE", r#"{"id":"12","parent_id":"11"}"#)], "general, a post, mods, home"),
            (
                vec![("THREAD_LIST_SYNC", r#"{"guild_id":"1","threads":[{"id":"12","name":"s"}]}"#)],
                "general, s, mods, home",
            ),
            (
                vec![("GUILD_ROLE_UPDATE", r#"{"guild_id":"1","role":{"id":"20","name":"m"}}"#)],
                "general, a post, m, home",
            ),
            (vec![("GUILD_ROLE_DELETE", r#"{"guild_id":"1","role_id":"20"}"#)], "general, a post, -, home"),
            (vec![("GUILD_UPDATE", r#"{"id":"1","name":"house"}"#)], "general, a post, mods, house"),
            (vec![("GUILD_DELETE", r#"{"id":"1","unavailable":true}"#)], "general, a post, mods, home"),
            (vec![("GUILD_DELETE", r#"{"id":"1"}"#)], "-, -, -, -"),
            (vec![("GUILD_DELETE", r#"{"id":"2"}"#)], "general, a post, mods, home"),
            (vec![("MESSAGE_CREATE", r#"{"id":"10"}"#)], "general, a post, mods, home"),
            (vec![("CHANNEL_UPDATE", "null"), ("GUILD_CREATE", "[]")], "general, a post, mods, home"),
        ] {
            let frames: Vec<_> = std::iter::once(told).chain(then.clone()).collect();
            assert_eq!(names(&hear(&frames)), expected, "{then:?}");
        }
    }

    #[test]
    fn a_thread_knows_its_parent() {
        let guilds = hear(&[("GUILD_CREATE", GUILD)]);
        let thread = guilds.channel(ChannelId(12)).unwrap();
        assert_eq!((thread.parent, thread.is_thread()), (Some(ChannelId(11)), true));
        assert!(!guilds.channel(ChannelId(10)).unwrap().is_thread());
    }

    #[test]
    fn a_name_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(300)).chars().count(), NAME_CHARS_MAX);
        assert_eq!(cut("é".repeat(100)), "é".repeat(100));
    }
}
