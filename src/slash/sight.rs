//! What a guild sees: the mirrors that it takes part in, and nothing of any other. Pure.

use crate::links::Table;
use events::{ChannelId, GuildId, MirrorId};
use projections::settings::{Link, Settings};
use std::sync::Arc;
use tools::mirrors::nearest;
use uuid::Uuid;

/// One mirror that a guild takes part in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its id.
    pub id: MirrorId,
    /// Its settings.
    pub settings: Arc<Settings>,
}

impl Seen {
    /// This guild's open links, by channel.
    pub fn own(&self, guild: GuildId) -> impl Iterator<Item = (ChannelId, &Link)> {
        let open =
            self.settings.links.iter().filter(move |(_, link)| link.is_open() && link.linked.guild == guild);
        open.map(|(channel, link)| (*channel, link))
    }

    /// How many other channels take part.
    #[must_use]
    pub fn elsewhere(&self, guild: GuildId) -> usize {
        self.settings.links.values().filter(|link| link.is_open() && link.linked.guild != guild).count()
    }
}

/// The mirrors that a guild takes part in, by name.
#[must_use]
pub fn seen(table: &Table, guild: GuildId) -> Vec<Seen> {
    let of = |(id, settings): (MirrorId, &Arc<Settings>)| Seen { id, settings: settings.clone() };
    let mut found: Vec<_> = table.all().map(of).filter(|seen| seen.own(guild).next().is_some()).collect();
    found.sort_by(|one, other| (&one.settings.name, one.id).cmp(&(&other.settings.name, other.id)));
    found
}

/// The mirror that `word` means among those seen: its name, or its name without the ending that [`name_of_new`] adds.
///
/// # Errors
/// Words for the person, which name no other mirror.
pub fn pick(seen: &[Seen], word: &str) -> Result<Seen, String> {
    let is_exact = |one: &&Seen| one.settings.name == word;
    let is_short = |one: &&Seen| base(&one.settings.name) == word;
    let exact = seen.iter().find(is_exact);
    let short: Vec<_> = seen.iter().filter(is_short).collect();
    match (exact, short.as_slice()) {
        (Some(one), _) => Ok(one.clone()),
        (None, [one]) => Ok((*one).clone()),
        (None, [one, other, ..]) => {
            Err(format!("'{word}' could be '{}' or '{}'.", one.settings.name, other.settings.name))
        }
        (None, []) => Err(unknown(seen, word)),
    }
}

/// The one among those seen that is called almost so.
#[must_use]
pub fn near<'a>(seen: &'a [Seen], word: &str) -> Option<&'a Seen> {
    let found = nearest(word, seen.iter().map(|one| base(&one.settings.name)))?;
    seen.iter().find(|one| base(&one.settings.name) == found)
}

fn unknown(seen: &[Seen], word: &str) -> String {
    let hint = match near(seen, word) {
        Some(near) => format!("did you mean '{}'?", near.settings.name),
        None => "`/mirror list` shows those that there are.".to_owned(),
    };
    format!("This server takes part in no mirror '{word}'; {hint}")
}

/// What a new mirror is called: names are one for all guilds, and none may learn which are taken.
#[must_use]
pub fn name_of_new(word: &str, random: Uuid) -> String {
    let hex = random.simple().to_string();
    format!("{word}-{}", &hex[..ENDING])
}

/// Hexadecimal digits that a name ends with.
const ENDING: usize = 4;

fn base(name: &str) -> &str {
    let is_ending = |end: &str| end.len() == ENDING && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((base, end)) if is_ending(end) => base,
        Some(_) | None => name,
    }
}
