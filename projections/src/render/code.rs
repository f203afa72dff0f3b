//! Code in Discord's markdown: what stands in it is shown as it is.
//!
//! The rules are those of Discord's client: a block is three backticks to the next three, with a language if
//! a word and a line break follow; inline code is a run of backticks to the next run of the same length.

use std::ops::Range;

/// Most backticks of inline code: between two runs of more a block comes first, and between two of three as well, but
/// where there is nothing in between but line breaks: a block must have something to show.
const TICKS_MAX: usize = 3;
/// Longest language that is repeated when a block is split.
const LANGUAGE_MAX: usize = 32;
/// Opens and closes a block.
const FENCE: &str = "```";

/// A stretch of code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// With its marks.
    pub(super) all: Range<usize>,
    /// Without them.
    pub(super) body: Range<usize>,
    /// Backticks of inline code; `None`: a block.
    pub(super) ticks: Option<usize>,
    /// A block's language.
    pub(super) language: String,
}

impl Code {
    /// What opens it again after a break.
    pub(super) fn opener(&self) -> String {
        match self.ticks {
            Some(ticks) => "`".repeat(ticks),
            None => format!("{FENCE}{}\n", self.language),
        }
    }

    /// What closes it before a break.
    pub(super) fn closer(&self) -> String {
        match self.ticks {
            Some(ticks) => "`".repeat(ticks),
            None => format!("\n{FENCE}"),
        }
    }
}

/// All code in `text`, in order.
pub(super) fn spans(text: &str) -> Vec<Code> {
    let runs = Runs::of(text);
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = text.as_bytes()[at..].iter().position(|b| matches!(b, b'\\' | b'`')) {
        at += found;
        if is_escape(text, at) {
            at += 2;
        } else if let Some(code) = runs.code(at) {
            at = code.all.end;
            spans.push(code);
        } else {
            at += 1;
        }
    }
    spans
}

/// Whether a backslash at `at` takes the meaning from the next character.
pub(super) fn is_escape(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[at] == b'\\' && bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation)
}

/// Where the runs of backticks lie, so that no search is made twice.
struct Runs<'a> {
    text: &'a str,
    /// Starts of the runs of each length.
    of_length: [Vec<usize>; TICKS_MAX + 1],
    last_fence: usize,
}

impl<'a> Runs<'a> {
    fn of(text: &'a str) -> Self {
        let mut of_length: [Vec<usize>; TICKS_MAX + 1] = Default::default();
        let mut at = 0;
        while let Some(found) = text[at..].find('`') {
            at += found;
            let length = run(text, at);
            if let Some(starts) = of_length.get_mut(length) {
                starts.push(at);
            }
            at += length;
        }
        Self { text, of_length, last_fence: text.rfind(FENCE).unwrap_or(0) }
    }

    fn code(&self, at: usize) -> Option<Code> {
        if self.text.as_bytes()[at] != b'`' {
            return None;
        }
        self.block(at).or_else(|| self.inline(at))
    }

    fn block(&self, at: usize) -> Option<Code> {
        let open = at + FENCE.len();
        if self.last_fence <= open || !self.text[at..].starts_with(FENCE) {
            return None;
        }
        let language = language(&self.text[open..]);
        let with = || self.block_of(at, open + language.len() + 1, language);
        let without = || self.block_of(at, open, "");
        if language.is_empty() { without() } else { with().or_else(without) }
    }

    /// The block that opens at `at`, if its text may begin at `body`.
    fn block_of(&self, at: usize, body: usize, language: &str) -> Option<Code> {
        let first = body + self.text[body..].find(|c| c != '\n')?;
        let behind = self.text.ceil_char_boundary(first + 1);
        if self.last_fence < behind {
            return None;
        }
        let end = behind + self.text[behind..].find(FENCE)?;
        let language = if language.len() > LANGUAGE_MAX { "" } else { language };
        Some(Code {
            all: at..end + FENCE.len(),
            body: first..end,
            ticks: None,
            language: language.to_owned(),
        })
    }

    fn inline(&self, at: usize) -> Option<Code> {
        let ticks = run(self.text, at);
        let starts = self.of_length.get(ticks)?;
        let end = *starts.get(starts.partition_point(|start| *start <= at + ticks))?;
        Some(Code {
            all: at..end + ticks,
            body: at + ticks..end,
            ticks: Some(ticks),
            language: String::new(),
        })
    }
}

fn run(text: &str, at: usize) -> usize {
    text.as_bytes()[at..].iter().take_while(|b| **b == b'`').count()
}

/// The language at the start of a block, or nothing.
fn language(text: &str) -> &str {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-' | b'.' | b'#');
    let length = text.bytes().take_while(|b| word(*b)).count();
    if text.as_bytes().get(length) == Some(&b'\n') { &text[..length] } else { "" }
}
