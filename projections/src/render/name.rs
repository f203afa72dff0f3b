//! The name and the picture that a copy is shown under.
//!
//! Discord refuses a webhook name that contains "clyde" or "discord" in any case or is exactly "here" or
//! "everyone" (`USERNAME_INVALID`); it trims names and limits hidden characters. A hair space inside the
//! word satisfies it and is hardly seen.

use super::plain::fold;
use super::units::{prefix, units};
use events::event::Author;

/// Longest webhook name, in UTF-16 units.
const NAME_UNITS_MAX: usize = 80;
/// Longest user name within the name.
const SUFFIX_UNITS_MAX: usize = 32;
/// Breaks up words that Discord refuses.
const HAIR_SPACE: char = '\u{200a}';

/// The author's display name as Discord takes it, told apart from an earlier author of that name.
pub(super) fn username(author: &Author, namesake: bool) -> String {
    let name = match legal(&author.name) {
        name if name.is_empty() => format!("user {}", last_digits(author)),
        name => name,
    };
    let suffix = if namesake { suffix(author, &name) } else { String::new() };
    let room = NAME_UNITS_MAX - units(&suffix);
    whole(prefix(&name, room).trim_end().to_owned() + &suffix)
}

/// Where Discord's CDN has the author's picture.
pub(super) fn avatar_url(author: &Author) -> String {
    match author.avatar.as_deref().filter(|path| is_path(path)) {
        Some(path) => format!("https://cdn.discordapp.com/{path}.png?size=128"),
        None => format!("https://cdn.discordapp.com/embed/avatars/{}.png", (author.id.0 >> 22) % 6),
    }
}

fn is_path(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-');
    (1..=200).contains(&path.len()) && path.bytes().all(plain)
}

fn suffix(author: &Author, name: &str) -> String {
    let username = legal(&author.username);
    if username.is_empty() || username.to_lowercase() == name.to_lowercase() {
        return format!(" · {}", last_digits(author));
    }
    format!(" ({})", prefix(&username, SUFFIX_UNITS_MAX).trim_end())
}

fn last_digits(author: &Author) -> String {
    format!("{:04}", author.id.0 % 10_000)
}

/// Folded, the words that Discord refuses broken up.
fn legal(name: &str) -> String {
    let chars: Vec<char> = fold(name).chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        out.push(*c);
        if ["clyde", "discord"].iter().any(|word| starts_with(&chars[at..], word)) {
            out.push(HAIR_SPACE);
        }
    }
    out
}

fn starts_with(chars: &[char], word: &str) -> bool {
    chars.len() >= word.len() && word.chars().zip(chars).all(|(wanted, c)| letter(*c) == wanted)
}

/// The letter that some way of ignoring case makes of `c`.
fn letter(c: char) -> char {
    match c {
        'ſ' => 's',
        'ı' | 'İ' => 'i',
        _ => c.to_ascii_lowercase(),
    }
}

/// The words that Discord refuses as the whole name.
fn whole(mut name: String) -> String {
    if ["here", "everyone"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
        name.insert(1, HAIR_SPACE);
    }
    name
}
