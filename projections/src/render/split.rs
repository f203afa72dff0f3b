//! Splitting a text into parts that Discord takes.
//!
//! ```text
//! prefix            piece             suffix
//! "```rust\n"  +  "let a = 1;"  +  "\n```"       code and spoilers are closed at a border and opened again
//! ```

use super::atom::Atoms;
use super::code::{self, Code};
use super::units::{is_blank, prefix, units};
use std::ops::Range;

/// Longest text of a message, in UTF-16 units. Discord's limit is 2,000 characters.
pub(super) const PART_UNITS_MAX: usize = 2000;
/// Room for what closes code and a spoiler: a line break, three backticks and two bars, at most.
const CLOSER_UNITS_MAX: usize = 12;

/// Takes a text part by part.
#[derive(Clone, Debug)]
pub(super) struct Splitter<'a> {
    text: &'a str,
    at: usize,
    code: Vec<Code>,
    whole: Vec<Range<usize>>,
    spoilers: Vec<Range<usize>>,
}

impl<'a> Splitter<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let code = code::spans(text);
        let atoms = Atoms::of(text, &code);
        let spoilers = atoms.spoilers();
        Self { text, at: 0, code, whole: atoms.whole, spoilers }
    }

    /// The next part, at most `max` UTF-16 units (at least 100) and never blank.
    pub(super) fn next_part(&mut self, max: usize) -> Option<String> {
        while self.skip() {
            let opener = self.opener();
            let end = self.end(max.saturating_sub(units(&opener)));
            let piece = &self.text[self.at..end];
            let inside = self.code_at(self.at).is_some();
            self.at = end;
            if !is_blank(piece) {
                let piece = if inside { piece } else { piece.trim_start() };
                let piece = if self.code_at(end).is_some() { piece } else { piece.trim_end() };
                return Some(opener + piece + &self.closer(piece.ends_with('`')));
            }
        }
        None
    }

    /// Whether only what cannot be seen is left.
    pub(super) fn is_done(&mut self) -> bool {
        !self.skip()
    }

    /// Leaves out what cannot be seen: blanks between parts, and the rest of code that is all said.
    /// False: nothing is left.
    fn skip(&mut self) -> bool {
        if let Some(code) = self.code_at(self.at) {
            let (end, rest) = (code.all.end, self.text.get(self.at..code.body.end).unwrap_or(""));
            if is_blank(rest) {
                self.at = end;
            } else if rest.starts_with('\n') {
                self.at += 1;
            }
        }
        if let Some(spoiler) = within(&self.spoilers, self.at, |spoiler| spoiler)
            && is_blank(self.text.get(self.at..spoiler.end - 2).unwrap_or(""))
        {
            self.at = spoiler.end;
        }
        !is_blank(&self.text[self.at..])
    }

    fn opener(&self) -> String {
        let bars = if self.spoiler_at(self.at) { "||" } else { "" };
        let code = self.code_at(self.at).map(Code::opener).unwrap_or_default();
        let gap = if code.ends_with('`') && self.text[self.at..].starts_with('`') { " " } else { "" };
        format!("{bars}{code}{gap}")
    }

    fn closer(&self, after_tick: bool) -> String {
        let bars = if self.spoiler_at(self.at) { "||" } else { "" };
        let code = self.code_at(self.at).map(Code::closer).unwrap_or_default();
        let gap = if after_tick && code.starts_with('`') { " " } else { "" };
        format!("{gap}{code}{bars}")
    }

    /// Where the piece ends that begins here and has `room` UTF-16 units.
    fn end(&self, room: usize) -> usize {
        let rest = &self.text[self.at..];
        if prefix(rest, room).len() == rest.len() {
            return self.text.len();
        }
        let hard = self.at + prefix(rest, room.saturating_sub(CLOSER_UNITS_MAX)).len();
        let gap = self.out_of_ticks(self.gap(hard));
        let soft = self.out_of_spoiler_mark(self.out_of_code_mark(self.out_of_atom(gap)));
        if self.at < soft && soft <= hard + CLOSER_UNITS_MAX { soft } else { hard }
    }

    /// The last line break before `hard`, else the last space; not much before it, else `hard`.
    fn gap(&self, hard: usize) -> usize {
        let early = self.text.ceil_char_boundary(hard - (hard - self.at) / 4);
        let last = self.text.get(early..hard).unwrap_or("");
        last.rfind('\n').or_else(|| last.rfind(' ')).map_or(hard, |found| early + found)
    }

    /// Not within a run of backticks: what is left of it could close the code that it stands in.
    fn out_of_ticks(&self, end: usize) -> usize {
        let before = self.text[self.at..end].trim_end_matches('`');
        if self.text[end..].starts_with('`') { self.at + before.len() } else { end }
    }

    fn out_of_atom(&self, end: usize) -> usize {
        within(&self.whole, end, |atom| atom).map_or(end, |atom| self.before(atom, end))
    }

    /// Not between a code's marks and its text; not within inline code at all, if it began here.
    fn out_of_code_mark(&self, end: usize) -> usize {
        let Some(code) = self.code_at(end) else { return end };
        if code.ticks.is_some() || end <= code.body.start {
            return self.before(&code.all, end.min(code.body.end));
        }
        end.min(code.body.end)
    }

    fn out_of_spoiler_mark(&self, end: usize) -> usize {
        match within(&self.spoilers, end, |spoiler| spoiler) {
            Some(spoiler) if end <= spoiler.start + 2 => self.before(spoiler, end),
            Some(spoiler) if end >= spoiler.end - 2 => spoiler.end,
            Some(_) | None => end,
        }
    }

    /// The start of `span` if that is progress, else `end`.
    fn before(&self, span: &Range<usize>, end: usize) -> usize {
        if span.start > self.at { span.start } else { end }
    }

    fn code_at(&self, at: usize) -> Option<&Code> {
        within(&self.code, at, |code| &code.all)
    }

    fn spoiler_at(&self, at: usize) -> bool {
        within(&self.spoilers, at, |spoiler| spoiler).is_some()
    }
}

/// The one of `spans` that `at` would tear apart.
fn within<T>(spans: &[T], at: usize, range: impl Fn(&T) -> &Range<usize>) -> Option<&T> {
    let next = spans.partition_point(|span| range(span).end <= at);
    spans.get(next).filter(|span| range(span).start < at)
}
