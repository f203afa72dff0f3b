//! What should not be torn apart where a text is split: links, mentions, emoji, escapes; and spoilers.

use super::code::{Code, is_escape};
use std::ops::Range;

/// Longest label of a masked link that is looked for, in bytes.
const LABEL_MAX: usize = 600;
/// Longest token or address that is looked for, in bytes.
const ADDRESS_MAX: usize = 2000;

/// What a text holds outside its code.
#[derive(Clone, Debug, Default)]
pub(super) struct Atoms {
    /// Not to be torn apart, in order.
    pub(super) whole: Vec<Range<usize>>,
    /// Where the two bars of a spoiler mark stand.
    pub(super) bars: Vec<usize>,
}

impl Atoms {
    /// Reads `text`, whose code is known.
    pub(super) fn of(text: &str, code: &[Code]) -> Self {
        let mut atoms = Self::default();
        let mut at = 0;
        for code in code {
            atoms.stretch(text, at..code.all.start);
            at = code.all.end;
        }
        atoms.stretch(text, at..text.len());
        atoms
    }

    /// Spoilers, with their marks.
    pub(super) fn spoilers(&self) -> Vec<Range<usize>> {
        self.bars.chunks_exact(2).map(|pair| pair[0]..pair[1] + 2).collect()
    }

    fn stretch(&mut self, text: &str, span: Range<usize>) {
        let mut at = span.start;
        while at < span.end {
            let length = atom(text, at).unwrap_or(1);
            if text.as_bytes()[at] == b'|' && length == 2 {
                self.bars.push(at);
            }
            if length > 1 {
                self.whole.push(at..at + length);
            }
            at += length;
        }
    }
}

/// Length of the atom at byte `at`, if one begins there.
fn atom(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    match rest[0] {
        b'\\' => is_escape(text, at).then_some(2),
        b'|' => rest.starts_with(b"||").then_some(2),
        b'<' => token(rest),
        b'[' => masked_link(rest),
        b'h' => address(rest),
        _ => None,
    }
}

/// `<...>` without white space.
fn token(rest: &[u8]) -> Option<usize> {
    let stop = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'`');
    let length = 1 + rest[1..].iter().take(ADDRESS_MAX).position(stop)?;
    (rest[length] == b'>').then_some(length + 1)
}

/// `http://...` to white space or a mark that ends it.
fn address(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"https://") && !rest.starts_with(b"http://") {
        return None;
    }
    let stop = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'|' | b'`' | b'\\');
    Some(rest.iter().position(stop).unwrap_or(rest.len()))
}

/// `[label](http://...)`.
fn masked_link(rest: &[u8]) -> Option<usize> {
    let label = 1 + label(&rest[1..])?;
    let target = rest[label..].strip_prefix(b"](").filter(|target| target.starts_with(b"http"))?;
    let stop = |b: &u8| b.is_ascii_whitespace() || matches!(b, b')' | b'[' | b'<' | b'`');
    let length = target.iter().take(ADDRESS_MAX).position(stop)?;
    (target[length] == b')').then_some(label + 2 + length + 1)
}

/// Length of a label before its closing bracket.
fn label(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < rest.len().min(LABEL_MAX) {
        match rest[at] {
            b']' => return Some(at),
            b'[' | b'\n' | b'`' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}
