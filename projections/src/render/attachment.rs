//! Files and stickers as links.

use super::link::safe_url;
use super::plain::plain;
use events::event::{Attachment, Sticker};

/// Longest name of a file or sticker, in UTF-16 units.
const NAME_UNITS_MAX: usize = 100;
/// How Discord marks a file as a spoiler.
const SPOILER: &str = "SPOILER_";

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
