//! The judge: compares what the channels show with what they should. Knows nothing of how copies are made.

use standin::Shown;
use std::collections::{HashMap, VecDeque};

/// A source message as it is in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its id, and so when it was written.
    pub(super) id: u64,
    /// Those of one number are to be shown in the order written.
    pub(super) order: usize,
    /// Display name of its author.
    pub(super) author: String,
    /// Its last text.
    pub(super) text: String,
}

/// What is wrong with one or more channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Source messages that are wanted and not shown, or not shown whole.
    pub(super) lost: usize,
    /// Copies too many.
    pub(super) duplicated: usize,
    /// Copies that do not stand in the order of their sources.
    pub(super) misplaced: usize,
    /// Copies shown.
    pub(super) copies: usize,
    /// From writing to the copy's appearance, milliseconds, of each first part.
    pub(super) latencies_ms: Vec<u64>,
    /// The first few things that are wrong, for people.
    pub(super) examples: Vec<String>,
}

/// Examples kept.
const EXAMPLES_MAX: usize = 5;

impl Verdict {
    /// Whether nothing is lost, doubled or out of order.
    #[must_use]
    pub(super) const fn is_right(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.misplaced == 0
    }

    /// Adds another channel's verdict.
    pub(super) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.misplaced += other.misplaced;
        self.copies += other.copies;
        self.latencies_ms.extend(other.latencies_ms);
        let room = EXAMPLES_MAX.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }

    fn example(&mut self, what: &str, author: &str, text: &str) {
        if self.examples.len() < EXAMPLES_MAX {
            let text: String = text.chars().take(60).collect();
            self.examples.push(format!("{what}: {author}: {text}"));
        }
    }
}

/// Judges one receiving channel: `wanted` in the order written, `shown` the webhooks' messages in order.
#[must_use]
pub(super) fn judge(wanted: &[Wanted], shown: &[Shown]) -> Verdict {
    let mut verdict = Verdict { copies: shown.len(), ..Verdict::default() };
    let mut open: HashMap<(String, String), VecDeque<usize>> = HashMap::new();
    let mut long: Vec<usize> = Vec::new();
    for (place, source) in wanted.iter().enumerate() {
        if units(&source.text) > PART_UNITS {
            long.push(place);
        } else {
            open.entry(key(&source.author, &source.text)).or_default().push_back(place);
        }
    }
    let mut orders: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut parts = Parts { wanted, long, found: HashMap::new() };
    for copy in shown {
        let text = without_quote(&copy.content);
        let name = without_suffix(&copy.name);
        let matched = open.get_mut(&key(name, text)).and_then(VecDeque::pop_front);
        match matched.or_else(|| parts.take(name, text)) {
            Some(place) => {
                verdict
                    .latencies_ms
                    .push(copy.created_ms.saturating_sub(standin::created_ms(wanted[place].id)));
                orders.entry(wanted[place].order).or_default().push(place);
            }
            None => {
                verdict.duplicated += 1;
                verdict.example("too many", &copy.name, text);
            }
        }
    }
    for place in open.into_values().flatten().chain(parts.missing()) {
        verdict.lost += 1;
        verdict.example("lost", &wanted[place].author, &wanted[place].text);
    }
    verdict.misplaced = orders.values().map(|order| order.len() - longest_rising(order)).sum();
    verdict
}

/// Longest text of one part, in UTF-16 units.
const PART_UNITS: usize = 2000;

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Messages in several parts: each part is a piece of the text, and together they are all of it.
struct Parts<'a> {
    wanted: &'a [Wanted],
    long: Vec<usize>,
    found: HashMap<usize, usize>,
}

impl Parts<'_> {
    fn take(&mut self, author: &str, text: &str) -> Option<usize> {
        let piece = squash(text);
        let fits = |place: &&usize| {
            let source = &self.wanted[**place];
            let whole = squash(&source.text);
            let found = self.found.get(*place).copied().unwrap_or_default();
            squash(&source.author) == squash(author)
                && whole.contains(&piece)
                && found + piece.len() <= whole.len()
        };
        let place = *self.long.iter().find(fits)?;
        *self.found.entry(place).or_default() += piece.len();
        Some(place)
    }

    fn missing(&self) -> Vec<usize> {
        let whole = |place: &usize| squash(&self.wanted[*place].text).len();
        let found = |place: &usize| self.found.get(place).copied().unwrap_or_default();
        self.long.iter().copied().filter(|place| found(place) < whole(place)).collect()
    }
}

fn key(author: &str, text: &str) -> (String, String) {
    (squash(author), squash(text))
}

/// White space and what cannot be seen do not count.
fn squash(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !('\u{200a}'..='\u{200f}').contains(c))
        .collect()
}

/// The name without what tells two people of one name apart: `Ada (ada_b)`, `Ada · 1234`. Nobody in a play
/// has such a name of their own.
fn without_suffix(name: &str) -> &str {
    let name = name.split_once(" · ").map_or(name, |(name, _)| name);
    name.split_once(" (").map_or(name, |(name, _)| name)
}

/// The text without the line that says what it answers.
pub(super) fn without_quote(text: &str) -> &str {
    match text.strip_prefix("-# ↩ ") {
        Some(rest) => rest.split_once('\n').map_or("", |(_, text)| text),
        None => text,
    }
}

/// Length of the longest part that never falls, by patience sorting. Parts of one message are equal.
fn longest_rising(order: &[usize]) -> usize {
    let mut tops: Vec<usize> = Vec::new();
    for &place in order {
        let at = tops.partition_point(|top| *top <= place);
        match tops.get_mut(at) {
            Some(top) => *top = place,
            None => tops.push(place),
        }
    }
    tops.len()
}

/// The value below which `share` of `sorted` lies; 0 where there is none.
#[must_use]
pub(super) fn percentile(sorted: &[u64], share: f64) -> u64 {
    let at = ((sorted.len() as f64) * share).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: u64, name: &str, content: &str) -> Shown {
        Shown {
            id,
            channel: 1,
            author: 9,
            name: name.to_owned(),
            avatar: None,
            webhook: Some(9),
            content: content.into(),
            embeds: Vec::new(),
            attachments: Vec::new(),
            kind: 0,
            reply_to: None,
            pinned: false,
            created_ms: standin::created_ms(id),
            edited_ms: None,
        }
    }

    /// `wanted` and `shown` are texts of one author; lost, duplicated, misplaced.
    fn check(wanted: &[&str], copies: &[&str], expected: (usize, usize, usize)) {
        let source = |(at, text): (usize, &&str)| Wanted {
            id: (at as u64 + 1) << 22,
            order: 0,
            author: "Ada".into(),
            text: (*text).to_owned(),
        };
        let wanted: Vec<_> = wanted.iter().enumerate().map(source).collect();
        let copies: Vec<_> =
            copies.iter().enumerate().map(|(at, text)| shown((at as u64 + 100) << 22, "Ada", text)).collect();
        let Verdict { lost, duplicated, misplaced, .. } = judge(&wanted, &copies);
        assert_eq!((lost, duplicated, misplaced), expected, "{wanted:?} {copies:?}");
    }

    #[test]
    fn what_is_lost_doubled_and_misplaced_is_told() {
        check(&["a", "b"], &["a", "b"], (0, 0, 0));
        check(&["a", "b"], &["-# ↩ [Bo](x): hi\na", "b"], (0, 0, 0));
        check(&["a", "b"], &["a"], (1, 0, 0));
        check(&["a", "b"], &["a", "b", "b"], (0, 1, 0));
        check(&["a", "b", "c"], &["c", "a", "b"], (0, 0, 1));
        check(&["a", "a"], &["a", "a"], (0, 0, 0));
        check(&["a"], &["z"], (1, 1, 0));
    }

    #[test]
    fn a_long_message_is_all_of_its_parts() {
        let long = "word ".repeat(500);
        let (one, two) = (&"word ".repeat(390), &"word ".repeat(110));
        check(&["a", &long, "b"], &["a", one, two, "b"], (0, 0, 0));
        check(&["a", &long, "b"], &["a", one, "b"], (1, 0, 0));
        check(&["a", &long, "b"], &["a", one, two, two, "b"], (0, 1, 0));
    }

    #[test]
    fn two_of_one_name_are_told_apart_and_still_known() {
        assert_eq!(without_suffix("rattboi · 7970"), "rattboi");
        assert_eq!(without_suffix("Ada (ada_b)"), "Ada");
        assert_eq!(without_suffix("Ada"), "Ada");
    }

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&[], 0.5), 0);
        assert_eq!(percentile(&[7], 0.99), 7);
        assert_eq!(percentile(&[1, 2, 3, 4], 0.5), 2);
    }
}
