//! The line that says what a message answers.

use super::link::Target;
use super::mention::Mentions;
use super::plain::{fold, plain};
use events::event::Quote;

/// What a message answers, as this channel shows it.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Display name of the author of the message answered.
    pub author: &'a str,
    /// Its first words.
    pub text: &'a str,
    /// Its copy in this channel, or itself.
    pub target: Target,
}

/// Longest author name, in UTF-16 units.
const AUTHOR_UNITS_MAX: usize = 80;
/// Longest part of the quote that is read, in bytes.
const READ_BYTES_MAX: usize = 4000;

/// `-# ↩ [author](link): first words…`
pub(super) fn line(reply: &Reply<'_>, mentions: &Mentions<'_>) -> String {
    let author = match plain(reply.author, AUTHOR_UNITS_MAX) {
        author if author.is_empty() => "someone".to_owned(),
        author => author,
    };
    let words = words(reply.text, mentions);
    let colon = if words.is_empty() { "" } else { ": " };
    format!("-# ↩ [{author}]({}){colon}{words}", reply.target.url())
}

fn words(text: &str, mentions: &Mentions<'_>) -> String {
    let text = &text[..text.floor_char_boundary(READ_BYTES_MAX)];
    let words = fold(&without_emoji(&mentions.names(&without_spoilers(text))));
    // The quote was cut at this length by whoever took it.
    let cut = words.chars().count() == Quote::CHARS_MAX;
    plain(&if cut { words + "…" } else { words }, Quote::CHARS_MAX)
}

/// What was hidden stays hidden; also where the quote was cut within it.
fn without_spoilers(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in text.split("||").enumerate() {
        out.push_str(if at % 2 == 0 { piece } else { "(spoiler)" });
    }
    out
}

/// `<:name:1>` as `:name:`.
fn without_emoji(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let (shown, length) = emoji(&rest[at..]).unwrap_or(("<", 1));
        out.push_str(shown);
        rest = &rest[at + length..];
    }
    out + rest
}

/// The custom emoji that `text` begins with: its name between colons, and the token's length.
fn emoji(text: &str) -> Option<(&str, usize)> {
    let start = ["<a:", "<:"].into_iter().find(|start| text.starts_with(start))?.len() - 1;
    let name = text[start + 1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let id = text[start + 1 + name..].strip_prefix(':')?;
    let digits = id.bytes().take_while(u8::is_ascii_digit).count();
    let closed = digits > 0 && id.as_bytes().get(digits) == Some(&b'>');
    closed.then_some((&text[start..start + name + 2], start + name + digits + 3))
}
