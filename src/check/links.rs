//! Linked channels: whether the bot may do there what the link asks of it, and whether there is room for a webhook.

use super::Line;
use crate::discord::guilds::{is_forum, is_thread};
use crate::discord::powers::{GuildRoles, Membership, Place, Powers, in_place};
use crate::discord::webhooks::{HOOKS_MAX, Hooks, name};
use events::{ChannelId, GuildId, MirrorId};
use std::collections::{BTreeMap, BTreeSet};

/// One open link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose.
    pub mirror: MirrorId,
    /// The mirror's name.
    pub mirror_name: String,
    /// The channel.
    pub channel: ChannelId,
    /// Its name when it was linked.
    pub name: String,
    /// Its guild when it was linked.
    pub guild: GuildId,
    /// What is said there is shown elsewhere.
    pub publishes: bool,
    /// What is said elsewhere is shown there.
    pub receives: bool,
}

/// What Discord said, or in words why it did not.
pub type Asked<T> = Result<T, String>;
/// What we are in a guild; none: not in it.
pub type Standing = Option<(GuildRoles, Membership)>;

/// What Discord said of all that links need.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Channels; none: not there, or not ours to see.
    pub places: BTreeMap<ChannelId, Asked<Option<Place>>>,
    /// Guilds.
    pub guilds: BTreeMap<GuildId, Asked<Standing>>,
    /// The webhooks of channels where we may list them.
    pub hooks: BTreeMap<ChannelId, Asked<Hooks>>,
}

impl Told {
    /// The guilds to ask for, once the channels are known.
    #[must_use]
    pub fn guilds_of(&self, links: &[Link]) -> BTreeSet<GuildId> {
        links.iter().map(|link| self.place(link).map_or(link.guild, |place| place.guild)).collect()
    }

    /// The channels whose webhooks to list, once the guilds are known: where it would be refused, it is not asked.
    #[must_use]
    pub fn homes_of(&self, links: &[Link]) -> BTreeSet<ChannelId> {
        let receiving = links.iter().filter(|link| link.receives);
        let places = receiving.filter_map(|link| self.place(link));
        let may = |place: &&Place| {
            self.powers(place)
                .is_some_and(|powers| powers.has(Powers::VIEW_CHANNEL | Powers::MANAGE_WEBHOOKS))
        };
        places.filter(may).map(|place| place.home).collect()
    }

    fn place(&self, link: &Link) -> Option<&Place> {
        self.places.get(&link.channel)?.as_ref().ok()?.as_ref()
    }

    fn powers(&self, place: &Place) -> Option<Powers> {
        let (guild, member) = self.guilds.get(&place.guild)?.as_ref().ok()?.as_ref()?;
        Some(in_place(guild, member, place))
    }
}

/// What a link cannot do without in a channel of this type.
#[must_use]
pub fn required(kind: u8, publishes: bool, receives: bool) -> Powers {
    let mut powers = Powers::VIEW_CHANNEL;
    if publishes || receives {
        powers = powers | Powers::READ_MESSAGE_HISTORY;
    }
    if receives {
        // The notice is the bot's own; in a forum a post is changed and removed by whoever manages threads.
        let speaks = if is_thread(kind) { Powers::SEND_MESSAGES_IN_THREADS } else { Powers::SEND_MESSAGES };
        powers = powers | Powers::MANAGE_WEBHOOKS | speaks;
        if is_forum(kind) {
            powers = powers | Powers::MANAGE_THREADS;
        }
    }
    powers
}

/// What it needs once people open threads.
#[must_use]
pub fn wanted(kind: u8, receives: bool) -> Powers {
    match receives && !is_thread(kind) {
        true => {
            let threads = if is_forum(kind) { Powers::NONE } else { Powers::CREATE_PUBLIC_THREADS };
            threads | Powers::MANAGE_THREADS | Powers::SEND_MESSAGES_IN_THREADS
        }
        false => Powers::NONE,
    }
}

/// All links, a line each, or more where more is wrong. `invite`: where the bot is let into a guild.
#[must_use]
pub fn links(links: &[Link], told: &Told, invite: &str) -> Vec<Line> {
    links.iter().flat_map(|one| link(one, links, told, invite)).collect()
}

fn link(link: &Link, all: &[Link], told: &Told, invite: &str) -> Vec<Line> {
    let about = about(link, told);
    let unknown = |why: &str| {
        vec![Line::warn(about.as_str(), format!("not looked at: {why}"), "run `mirror check` again later")]
    };
    let place = match told.places.get(&link.channel) {
        Some(Ok(Some(place))) => place,
        Some(Ok(None)) => return vec![absent(&about, link, told, invite)],
        Some(Err(why)) => return unknown(why),
        None => return unknown("it was not asked for"),
    };
    match told.guilds.get(&place.guild) {
        Some(Err(why)) => return unknown(why),
        Some(Ok(None)) | None => return vec![absent(&about, link, told, invite)],
        Some(Ok(Some(_))) => {}
    }
    let Some(powers) = told.powers(place) else { return unknown("rights are not known") };
    let mut lines = missing(&about, link, place, powers);
    if link.receives && powers.has(Powers::MANAGE_WEBHOOKS) {
        match told.hooks.get(&place.home) {
            Some(Ok(hooks)) => lines.extend(full(&about, link, hooks, needed(place.home, hooks, all, told))),
            Some(Err(why)) => lines.extend(unknown(why)),
            None => {}
        }
    }
    if lines.is_empty() {
        lines.push(Line::ok(about, as_asked(link)));
    }
    lines
}

/// A channel as people know it: by the name that it has now, else by that which it had.
fn about(link: &Link, told: &Told) -> String {
    let name = told.place(link).map_or(link.name.as_str(), |place| place.name.as_str());
    let name = if name.is_empty() { String::new() } else { format!(" #{name}") };
    format!("{}{name} ({})", link.mirror_name, link.channel)
}

fn as_asked(link: &Link) -> String {
    let part = match (link.publishes, link.receives) {
        (true, true) => "publishes and receives",
        (true, false) => "publishes",
        (false, _) => "receives",
    };
    let room = if link.receives { ", and a webhook or room for one" } else { "" };
    format!("{part}: every permission is there{room}")
}

/// A channel that Discord does not show us.
fn absent(about: &str, link: &Link, told: &Told, invite: &str) -> Line {
    if let Some(Ok(None)) = told.guilds.get(&link.guild) {
        let advice = format!("invite it: {invite}");
        return Line::fails(about, format!("the bot is not in its guild ({})", link.guild), advice);
    }
    let advice = format!(
        "give the bot View Channel there; if the channel was removed: mirror cut '{}' {}",
        link.mirror_name, link.channel
    );
    Line::fails(about, "the channel is hidden from the bot, or not there any more", advice)
}

/// Permissions that are not there.
fn missing(about: &str, link: &Link, place: &Place, powers: Powers) -> Vec<Line> {
    let where_to = "channel settings, Permissions, or the bot's role";
    let needed = required(place.kind, link.publishes, link.receives);
    // Without sight there is nothing else, so what else is missing cannot be told.
    let needed = if powers.has(Powers::VIEW_CHANNEL) { needed } else { Powers::VIEW_CHANNEL };
    let required = powers.missing(needed).join(", ");
    let wanted = powers.missing(wanted(place.kind, link.receives)).join(", ");
    if !required.is_empty() {
        return vec![Line::fails(about, format!("the bot lacks {required}"), format!("give it: {where_to}"))];
    }
    match wanted.is_empty() {
        true => Vec::new(),
        false => {
            let found = format!("the bot lacks {wanted}: the lane stops at the first thread that needs it");
            vec![Line::warn(about, found, format!("give it before people use threads: {where_to}"))]
        }
    }
}

/// Webhooks that links still have to make in a channel. A link whose mirror has one there needs none.
fn needed(home: ChannelId, hooks: &Hooks, all: &[Link], told: &Told) -> usize {
    let here = |link: &&Link| link.receives && told.place(link).is_some_and(|place| place.home == home);
    let mirrors: BTreeSet<MirrorId> = all.iter().filter(here).map(|link| link.mirror).collect();
    mirrors.into_iter().filter(|mirror| !hooks.ours.contains(&name(*mirror))).count()
}

fn full(about: &str, link: &Link, hooks: &Hooks, needed: usize) -> Option<Line> {
    let has_own = hooks.ours.contains(&name(link.mirror));
    if has_own || hooks.count + needed <= HOOKS_MAX {
        return None;
    }
    let found = format!(
        "{} webhooks are there, and mirror needs {needed} more: Discord allows {HOOKS_MAX}",
        hooks.count
    );
    let advice = "delete one that nobody uses: channel settings, Integrations, Webhooks";
    Some(Line::fails(about, found, advice))
}
