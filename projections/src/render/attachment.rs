//! Files that a copy carries; others, and stickers, as links.

use super::link::safe_url;
use super::plain::{fold, plain};
use super::units::{prefix, shorten, units};
use events::event::{Attachment, Said, Sticker};

/// Longest name of a file or sticker, in UTF-16 units.
const NAME_UNITS_MAX: usize = 100;
/// Longest name of a file that is carried, and of its ending, in UTF-16 units.
const FILE_UNITS_MAX: usize = 120;
const ENDING_UNITS_MAX: usize = 16;
/// Longest alternative text. Source: Discord, "Attachment Object".
const DESCRIPTION_UNITS_MAX: usize = 1024;
/// How Discord marks a file as a spoiler.
const SPOILER: &str = "SPOILER_";

/// A file that a part carries itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownFile {
    /// Id of the source's attachment.
    pub id: u64,
    /// Its name, in one line.
    pub name: String,
    /// Alternative text.
    pub description: Option<String>,
}

/// A message's files: its own, and those that it forwards.
pub(super) fn all(said: &Said) -> impl Iterator<Item = &Attachment> {
    said.attachments.iter().chain(said.forward.iter().flat_map(|forward| &forward.attachments))
}

/// Those of `ids` that the message has, in that order.
pub(super) fn carried(said: &Said, ids: &[u64]) -> Vec<ShownFile> {
    ids.iter().filter_map(|id| all(said).find(|attachment| attachment.id == *id)).map(shown).collect()
}

fn shown(attachment: &Attachment) -> ShownFile {
    let description =
        attachment.description.as_deref().map(|text| shorten(&fold(text), DESCRIPTION_UNITS_MAX));
    ShownFile {
        id: attachment.id,
        name: file_name(&attachment.name),
        description: description.filter(|text| !text.is_empty()),
    }
}

/// One line that says what kind of file it is, also where it was cut; no folders.
fn file_name(name: &str) -> String {
    let name = fold(name).replace(['/', '\\', '"'], "_");
    if name.is_empty() {
        return "file".to_owned();
    }
    if units(&name) <= FILE_UNITS_MAX {
        return name;
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if units(ending) <= ENDING_UNITS_MAX { ending } else { "" };
    format!("{}{ending}", prefix(&name, FILE_UNITS_MAX - units(ending)).trim_end())
}

/// Whether the file is hidden until it is clicked.
pub(super) fn is_spoiler(attachment: &Attachment) -> bool {
    attachment.name.starts_with(SPOILER)
}

/// `[name](url)`, hidden if it is a spoiler.
pub(super) fn line(attachment: &Attachment) -> String {
    let name = attachment.name.strip_prefix(SPOILER).unwrap_or(&attachment.name);
    let name = named(name, "file");
    let shown = match safe_url(&attachment.url) {
        Some(url) => format!("[{name}]({url})"),
        None => name,
    };
    if is_spoiler(attachment) { format!("||{shown}||") } else { shown }
}

/// A sticker's picture; one in Lottie's format has none.
pub(super) fn sticker(sticker: &Sticker) -> String {
    let name = named(&sticker.name, "sticker");
    let ending = match sticker.format {
        3 => return format!("*sticker:* {name}"),
        4 => "gif",
        _ => "png",
    };
    format!("[{name}](https://media.discordapp.net/stickers/{}.{ending})", sticker.id)
}

fn named(name: &str, otherwise: &str) -> String {
    match plain(name, NAME_UNITS_MAX) {
        name if name.is_empty() => otherwise.to_owned(),
        name => name,
    }
}
