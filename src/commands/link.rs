//! `link` and `cut`: who is a member.

use super::answer::{Answer, Changed};
use super::ask::{Cut, Link};
use super::consent::Agreed;
use super::{ChannelInfo, CommandError, Desk, words};
use events::event::{Body, Declared, Linked};
use events::{ChannelId, Event, MirrorId, Version};
use projections::Generation;
use projections::settings::{self, Settings};
use tools::mirrors::{self, Current, Known, nearest};
use tools::when;

/// Makes a channel a member; an unknown mirror is declared first.
pub(super) async fn link(desk: &Desk, ask: Link) -> Result<Answer, CommandError> {
    link_as(desk, ask, None).await
}

/// The same, with somebody's word for it: the operator's needs none.
pub(super) async fn link_as(desk: &Desk, ask: Link, agreed: Option<Agreed>) -> Result<Answer, CommandError> {
    let spot = words::channel(&ask.channel)?;
    let known = desk.registry().await?;
    let mut lines = Vec::new();
    let (current, declared) = match mirrors::exact(&known, &ask.mirror) {
        Some(known) => (desk.load(known.clone()).await?, None),
        None => {
            // In Discord nobody learns what others call theirs.
            let others = if agreed.is_some() { &[] } else { known.as_slice() };
            lines.push(check_name(others, &ask.mirror)?);
            let (current, declared) = declare(desk, &ask.mirror);
            (current, Some(declared))
        }
    };
    let info = info(desk, &ask, &current, spot).await?;
    let old = current.settings.links.get(&spot.channel);
    let last = old.map_or(Version(0), |old| old.linked_at.max(old.cut_at));
    let version = desk.version(last);
    let step = match (decide(old, &ask, info, version), &agreed) {
        // A word that is given anew takes the place of the one before.
        (Step::Nothing(linked), Some(_)) => Step::Change(linked),
        (step, _) => step,
    };
    lines.extend(step.lines(&current, spot.channel));
    let event = |body| desk.event(current.known.id, spot.channel, version, body);
    let linked = step.linked();
    let agreement = linked.as_ref().zip(agreed).map(|(linked, agreed)| agreed.events(linked, &event));
    let linked = linked.clone().map(|linked| event(Body::Linked(linked)));
    let events: Vec<Event> =
        declared.into_iter().chain(agreement.into_iter().flatten()).chain(linked).collect();
    finish(desk, Done { current: &current, events, lines, dry_run: ask.dry_run }).await
}

/// What a new mirror is called; warns of one that may have been meant.
fn check_name(known: &[Known], name: &str) -> Result<String, CommandError> {
    const CHARS_MAX: usize = 64;
    let plain = name.trim() == name && !name.chars().any(char::is_control) && !name.starts_with('-');
    let is_id = name.parse::<MirrorId>().is_ok() || name.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || is_id || name.is_empty() || name.chars().count() > CHARS_MAX {
        let words = "1 to 64 characters, no white space at its ends, more than digits, and no id of another";
        return Err(CommandError::Wrong(format!("'{name}' cannot name a new mirror: {words}")));
    }
    let near = nearest(name, known.iter().map(|known| known.name.as_str()));
    let hint = near.map(|near| format!(" (there is '{near}' too)")).unwrap_or_default();
    Ok(format!("mirror '{name}' is new{hint}"))
}

fn declare(desk: &Desk, name: &str) -> (Current, Event) {
    let id = MirrorId((desk.ids)());
    let body = Body::Declared(Declared { name: name.to_owned() });
    let declared = desk.event(id, ChannelId(0), desk.clock.now(), body);
    let known = Known { id, name: name.to_owned() };
    (Current { known, generation: Generation(0), settings: Settings::default() }, declared)
}

/// The channel's guild, parent and name: from the flag, the address, the node, or an earlier link.
async fn info(
    desk: &Desk,
    ask: &Link,
    current: &Current,
    spot: words::Spot,
) -> Result<ChannelInfo, CommandError> {
    let live = match &desk.live {
        Some(live) => live.channel(spot.channel).await,
        None => None,
    };
    let is_told = live.is_some();
    let old = current.settings.links.get(&spot.channel).map(|link| &link.linked);
    let mut info = live.or_else(|| old.map(known_before)).unwrap_or_default();
    info.is_forum |= ask.forum && !is_told;
    if ask.forum && !info.is_forum {
        return Err(CommandError::Wrong(format!(
            "channel {} is not a forum: leave out --forum",
            spot.channel
        )));
    }
    check_kind(current, spot.channel, (info.is_forum, is_told))?;
    let flag = ask.guild.as_deref().map(words::guild).transpose()?;
    let guilds = [flag, Some(spot.guild), Some(info.guild)];
    let guild = guilds.into_iter().flatten().find(|guild| guild.0 > 0);
    info.guild = guild.ok_or_else(|| {
        let channel = spot.channel;
        let words = "give its address (https://discord.com/channels/GUILD/CHANNEL) or --guild";
        CommandError::Wrong(format!("which guild channel {channel} belongs to is not known: {words}"))
    })?;
    Ok(info)
}

/// A post has a title and stands alone, a message is one of many: neither can stand for the other.
fn check_kind(
    current: &Current,
    channel: ChannelId,
    (is_forum, is_told): (bool, bool),
) -> Result<(), CommandError> {
    let Current { known: Known { name, .. }, settings, .. } = current;
    let mut others = settings.links.iter().filter(|(other, link)| **other != channel && link.is_open());
    let Some((other, _)) = others.find(|(_, link)| link.linked.forum != is_forum) else { return Ok(()) };
    let words = match is_forum {
        true => format!("channel {channel} is a forum, and {other} in '{name}' is none"),
        false => format!("channel {channel} is no forum, and {other} in '{name}' is one"),
    };
    let hint = if is_forum || is_told { "" } else { " (if it is one, say --forum)" };
    Err(CommandError::Wrong(format!("{words}: forums are mirrored with forums alone{hint}")))
}

fn known_before(linked: &Linked) -> ChannelInfo {
    ChannelInfo {
        guild: linked.guild,
        parent: linked.parent,
        name: linked.name.clone(),
        is_forum: linked.forum,
    }
}

/// What a link comes to.
enum Step {
    /// It is as asked already.
    Nothing(Linked),
    /// A member from now on, for the first time or again.
    Join(Linked),
    /// A member already, and takes part differently from now on.
    Change(Linked),
}

fn decide(old: Option<&settings::Link>, ask: &Link, info: ChannelInfo, now: Version) -> Step {
    let ChannelInfo { guild, parent, name, is_forum: forum } = info;
    let (publishes, receives) = (!ask.receive_only, !ask.publish_only);
    let open = old.filter(|old| old.is_open());
    let since = match open {
        _ if ask.backfill => Linked::BEGINNING,
        Some(open) => open.linked.since,
        None => now,
    };
    let linked = Linked { guild, parent, name, since, publishes, receives, forum };
    match open {
        None => Step::Join(linked),
        Some(open) if open.linked == linked => Step::Nothing(linked),
        Some(_) => Step::Change(linked),
    }
}

impl Step {
    fn linked(self) -> Option<Linked> {
        match self {
            Self::Nothing(_) => None,
            Self::Join(linked) | Self::Change(linked) => Some(linked),
        }
    }

    fn lines(&self, current: &Current, channel: ChannelId) -> Vec<String> {
        let name = &current.known.name;
        let (first, linked) = match self {
            Self::Nothing(linked) => (format!("channel {channel} is linked to '{name}' already"), linked),
            Self::Join(linked) => (format!("linked channel {channel} to '{name}'"), linked),
            Self::Change(linked) => {
                (format!("channel {channel} takes part in '{name}' differently now"), linked)
            }
        };
        vec![format!("{first}: {}", part(linked))]
    }
}

/// How a channel takes part, in words.
fn part(linked: &Linked) -> String {
    let receives = if linked.since == Linked::BEGINNING {
        "receives, from the beginning of the mirror's history".to_owned()
    } else {
        format!("receives, from {} on", when::shown(linked.since))
    };
    match (linked.publishes, linked.receives) {
        (true, true) => format!("publishes and {receives}"),
        (true, false) => "publishes".to_owned(),
        (false, true) => receives,
        (false, false) => "neither publishes nor receives".to_owned(),
    }
}

/// Ends a membership. Copies stay as they are.
pub(super) async fn cut(desk: &Desk, ask: Cut) -> Result<Answer, CommandError> {
    let current = desk.mirror(&ask.mirror).await?;
    let channel = words::member(&current, &ask.channel)?;
    let name = &current.known.name;
    let open = current.settings.links.get(&channel).filter(|link| link.is_open());
    let (events, line) = match open {
        None => (Vec::new(), format!("channel {channel} is cut from '{name}' already")),
        Some(link) => {
            let cut = desk.event(current.known.id, channel, desk.version(link.linked_at), Body::Cut);
            (vec![cut], format!("cut channel {channel} from '{name}'; its copies stay as they are"))
        }
    };
    finish(desk, Done { current: &current, events, lines: vec![line], dry_run: ask.dry_run }).await
}

/// What a command came to, before it is done.
pub(super) struct Done<'a> {
    /// The mirror.
    pub(super) current: &'a Current,
    /// What goes on the log; nothing: all is as asked already.
    pub(super) events: Vec<Event>,
    /// What is said.
    pub(super) lines: Vec<String>,
    /// Say it, and do nothing.
    pub(super) dry_run: bool,
}

/// Appends, unless it is a dry run, and answers.
pub(super) async fn finish(desk: &Desk, done: Done<'_>) -> Result<Answer, CommandError> {
    let Done { current, events, lines, dry_run } = done;
    let Known { id, name } = current.known.clone();
    let changed = !events.is_empty() && !dry_run;
    if changed {
        desk.append(id, events).await?;
    }
    Ok(Answer::Changed(Changed { mirror: id, mirror_name: name, changed, dry_run, lines }))
}
