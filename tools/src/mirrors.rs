//! Mirrors by name, id or the beginning of either; what is not found is answered with the nearest.

use crate::ports::{JobError, Ports};
use events::{MessageId, MirrorId};
use projections::Generation;
use projections::key::{Key, RowKey};
use projections::settings::{self, Settings};

/// One mirror as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: MirrorId,
    /// Its name.
    pub name: String,
}

/// All mirrors, by name.
///
/// # Errors
/// When the views do not answer.
pub async fn all(ports: &Ports) -> Result<Vec<Known>, JobError> {
    let found = settings::mirrors(&*ports.views).await?;
    let mut known: Vec<_> = found.into_iter().map(|(id, name)| Known { id, name }).collect();
    known.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    Ok(known)
}

/// The mirror of exactly this name or id.
#[must_use]
pub fn exact<'a>(known: &'a [Known], word: &str) -> Option<&'a Known> {
    let id = word.parse().ok();
    known.iter().find(|one| one.name == word || Some(one.id) == id)
}

/// The mirror that `word` means: its name, its id, or the beginning of one name or id alone.
///
/// # Errors
/// Words that name the nearest mirror.
pub fn pick(known: &[Known], word: &str) -> Result<Known, String> {
    if let Some(found) = exact(known, word) {
        return Ok(found.clone());
    }
    let begins = |one: &&Known| one.name.starts_with(word) || one.id.to_string().starts_with(word);
    let found: Vec<_> = known.iter().filter(|_| !word.is_empty()).filter(begins).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(unknown(known, word)),
        [one, other, ..] => {
            Err(format!("'{word}' could be '{}' or '{}': write more of it", one.name, other.name))
        }
    }
}

fn unknown(known: &[Known], word: &str) -> String {
    let names = known.iter().map(|one| one.name.as_str());
    match nearest(word, names) {
        Some(name) => format!("there is no mirror '{word}'; did you mean '{name}'?"),
        None if known.is_empty() => {
            format!("there is no mirror '{word}', nor any other; `mirror link NAME CHANNEL` makes one")
        }
        None => format!("there is no mirror '{word}'; `mirror mirrors` lists them"),
    }
}

/// The one of `names` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILARITY_MIN: f64 = 0.75;
    let word = word.to_lowercase();
    let rated = names.into_iter().map(|name| (strsim::jaro_winkler(&word, &name.to_lowercase()), name));
    let best = rated.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(similarity, _)| *similarity >= SIMILARITY_MIN).map(|(_, name)| name)
}

/// A mirror with what is read of it now.
#[derive(Clone, Debug)]
pub struct Current {
    /// Id and name.
    pub known: Known,
    /// The build that is read.
    pub generation: Generation,
    /// Its links and bans.
    pub settings: Settings,
}

/// Loads the active settings of a mirror.
///
/// # Errors
/// When the views or the lanes do not answer.
pub async fn load(ports: &Ports, known: Known) -> Result<Current, JobError> {
    let generation = ports.lanes.control(known.id).await?.active;
    let settings = Settings::load(&*ports.views, known.id, generation).await?;
    Ok(Current { known, generation, settings })
}

/// The mirror and source message that `id` stands for: a source, or any copy of one.
///
/// # Errors
/// When the views do not answer.
pub async fn source_of(ports: &Ports, id: MessageId) -> Result<Option<(Known, MessageId)>, JobError> {
    for known in all(ports).await? {
        let generation = ports.lanes.control(known.id).await?.active;
        let views = &*ports.views;
        if let Some(copy) = projections::copies::source_of(views, known.id, generation, id).await? {
            return Ok(Some((known, copy.source)));
        }
        let bucket = projections::Bucket::of(id);
        let key = Key { mirror: known.id, generation, bucket, row: RowKey::Message(id) };
        let rows = views.get(&[key]).await?;
        let created = |row: &projections::Row| row.get(projections::Column::Created).is_some();
        if rows.first().is_some_and(created) {
            return Ok(Some((known, id)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_finds_its_mirror_or_the_nearest() {
        let known =
            |id: u128, name: &str| Known { id: MirrorId(uuid::Uuid::from_u128(id)), name: name.into() };
        let all = [known(0xabcd << 112, "general"), known(0xab00 << 112, "games"), known(7 << 124, "lounge")];
        let check = |word: &str, wanted: &str| {
            let got = pick(&all, word).map_or_else(|why| why, |known| known.name);
            assert_eq!(got, wanted, "{word}");
        };
        check("general", "general");
        check("gen", "general");
        check("abcd", "general");
        check("70000000-0000-0000-0000-000000000000", "lounge");
        check("ab", "'ab' could be 'general' or 'games': write more of it");
        check("g", "'g' could be 'general' or 'games': write more of it");
        check("genral", "there is no mirror 'genral'; did you mean 'general'?");
        check("xyz", "there is no mirror 'xyz'; `mirror mirrors` lists them");
        check("", "there is no mirror ''; `mirror mirrors` lists them");
        let none = pick(&[], "a").unwrap_err();
        assert_eq!(none, "there is no mirror 'a', nor any other; `mirror link NAME CHANNEL` makes one");
    }
}
