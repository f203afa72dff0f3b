//! Words that we put into a text: one line, nothing hidden, no markdown, no mention.

use super::units::{is_hidden, is_space, shorten};

/// Folds white space into single spaces and removes what cannot be seen.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in text.chars() {
        let c = if is_space(c) { ' ' } else { c };
        // The selector that makes an emoji of a symbol stays: a heart is to stay red.
        let emoji = c == '\u{fe0f}' && !last.is_ascii() && last != c;
        if (is_hidden(c) && !emoji) || (c == ' ' && last == ' ') {
            continue;
        }
        out.push(c);
        last = c;
    }
    out.truncate(out.trim_end().len());
    out
}

/// `text` as plain words in markdown: folded, at most `max` UTF-16 units before escaping, escaped.
#[must_use]
pub fn plain(text: &str, max: usize) -> String {
    escape(&shorten(&fold(text), max))
}

/// Escapes what Discord would take for markdown, a link or a mention.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            // A backslash does not keep a backtick from *closing* code that began earlier.
            '`' => out.push('ˋ'),
            '<' => open_angle(next, &mut out),
            '\\' | '*' | '_' | '~' | '|' | '>' | '#' | '[' | ']' => out.extend(['\\', c]),
            ':' if next == Some('/') => out.push_str("\\:"),
            _ => out.push(c),
        }
    }
    out
}

/// `<3` is only escaped; what could begin a mention, an emoji or a time, also with the text that
/// follows, is broken up.
fn open_angle(next: Option<char>, out: &mut String) {
    out.push_str("\\<");
    if next.is_none_or(|c| !c.is_ascii_digit() && c != ' ') {
        out.push('\u{200b}');
    }
}
