//! What people wrote, as it may be shown: escaped, cut, apart from its surroundings, with what cannot be seen made visible.

use maud::{Markup, html};

/// Characters of a name that are shown.
pub(super) const NAME_CHARS_MAX: usize = 60;
/// Characters of a text that are shown.
pub(super) const TEXT_CHARS_MAX: usize = 2_000;
/// Characters of what a pointer shows of a name that was cut.
const TITLE_CHARS_MAX: usize = 400;

/// A name, or anything else in one line.
pub(super) fn name(text: &str) -> Markup {
    line(text, NAME_CHARS_MAX)
}

/// The same, up to so many characters.
pub(super) fn line(text: &str, chars_max: usize) -> Markup {
    let Cut { shown, rest } = cut(text, chars_max);
    let title = (rest > 0).then(|| plain(text));
    html! {
        bdi.said title=[title] {
            (marked(shown, false))
            @if rest > 0 { "…" }
        }
    }
}

/// A channel's name, or its id where nobody knows it.
pub(super) fn channel(text: &str, id: impl std::fmt::Display) -> Markup {
    html! {
        @if text.is_empty() { span.id { (id) } } @else { span.hash aria-hidden="true" { "#" } (name(text)) }
    }
}

/// A text with its line breaks.
pub(super) fn block(text: &str) -> Markup {
    let Cut { shown, rest } = cut(text, TEXT_CHARS_MAX);
    html! {
        bdi.text { (marked(shown, true)) }
        (more(rest))
    }
}

/// How much is not shown.
pub(super) fn more(rest: usize) -> Markup {
    html! {
        @if rest > 0 { " " span.more { "… " (super::parts::number(rest as u64)) " more characters" } }
    }
}

/// The beginning of a text, and how many characters are left out.
pub(super) struct Cut<'a> {
    pub(super) shown: &'a str,
    pub(super) rest: usize,
}

pub(super) fn cut(text: &str, chars_max: usize) -> Cut<'_> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => Cut { shown: &text[..end], rest: text[end..].chars().count() },
        None => Cut { shown: text, rest: 0 },
    }
}

/// Text in which each character that cannot be seen stands as a sign with its number.
pub(super) fn marked(text: &str, has_lines: bool) -> Markup {
    html! {
        @for run in runs(text, has_lines) {
            @match run {
                Run::Plain(text) => { (text) }
                Run::Sign(sign, times) => {
                    span.sign { (number_of(sign)) @if times > 1 { "×" (times) } }
                }
            }
        }
    }
}

/// The same without markup, for a title.
fn plain(text: &str) -> String {
    let Cut { shown, rest } = cut(text, TITLE_CHARS_MAX);
    let mut all = String::new();
    for run in runs(shown, false) {
        match run {
            Run::Plain(text) => all.push_str(text),
            Run::Sign(sign, times) => all.push_str(&format!("[{}×{times}]", number_of(sign))),
        }
    }
    if rest > 0 {
        all.push('…');
    }
    all
}

fn number_of(sign: char) -> String {
    format!("U+{:04X}", u32::from(sign))
}

#[derive(Debug, PartialEq, Eq)]
enum Run<'a> {
    Plain(&'a str),
    Sign(char, usize),
}

fn runs(text: &str, has_lines: bool) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if !is_sign(c, has_lines) {
            continue;
        }
        if from < at {
            runs.push(Run::Plain(&text[from..at]));
        }
        from = at + c.len_utf8();
        match runs.last_mut() {
            Some(Run::Sign(same, times)) if *same == c => *times += 1,
            _ => runs.push(Run::Sign(c, 1)),
        }
    }
    if from < text.len() {
        runs.push(Run::Plain(&text[from..]));
    }
    runs
}

/// What is not seen and changes what is: controls, marks of direction, invisible letters. Joiners and variation selectors
/// are left alone: emoji and several scripts are written with them.
fn is_sign(c: char, has_lines: bool) -> bool {
    match c {
        '\n' | '\t' => !has_lines,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{ad}' => true,
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_escaped_cut_and_made_visible() {
        let check = |markup: Markup, wanted: &str| assert_eq!(markup.into_string(), wanted);
        check(name("Ada"), "<bdi class=\"said\">Ada</bdi>");
        check(name("<script>"), "<bdi class=\"said\">&lt;script&gt;</bdi>");
        check(
            name("a\u{202e}\u{202e}b\n"),
            "<bdi class=\"said\">a<span class=\"sign\">U+202E×2</span>b<span class=\"sign\">U+000A</span></bdi>",
        );
        check(
            line("\"><img onerror=x>", 3),
            "<bdi class=\"said\" title=\"&quot;&gt;&lt;img onerror=x&gt;\">&quot;&gt;&lt;…</bdi>",
        );
        check(block("a\nb"), "<bdi class=\"text\">a\nb</bdi>");
        check(name("👨‍👩‍👧 مرحبا"), "<bdi class=\"said\">👨‍👩‍👧 مرحبا</bdi>");
    }

    #[test]
    fn a_megabyte_of_anything_is_a_short_piece_of_a_page() {
        for unit in ["x", "\u{202e}", "<", "a\u{202e}", "👍", "\"", "e\u{301}"] {
            let long = unit.repeat((1 << 20) / unit.len());
            assert!(name(&long).into_string().len() < 16 * 1024, "{unit:?}");
            assert!(block(&long).into_string().len() < 80 * 1024, "{unit:?}");
        }
    }
}
