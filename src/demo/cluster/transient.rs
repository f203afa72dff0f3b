//! Transient duplicates: copies that existed twice for a while. Told from the stand-in's ledger alone.

use super::super::judge::without_quote;
use serde::Serialize;
use standin::{Actor, Change, Effect};
use std::collections::HashMap;

/// One message that was posted more than once into one channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Twice {
    /// The channel.
    pub channel: u64,
    /// What was posted.
    pub text: String,
    /// How often.
    pub times: usize,
    /// From the first to the last, milliseconds.
    pub apart_ms: u64,
    /// How long after that all but one were gone, milliseconds; none: they are still there.
    pub removed_after_ms: Option<u64>,
    /// In which round it was posted the second time, counted from 1.
    pub round: usize,
}

/// When each round ended, Unix milliseconds, and who holds webhooks of ours.
pub(super) struct Rounds(pub(super) Vec<u64>);

impl Rounds {
    fn of(&self, at_ms: u64) -> usize {
        self.0.iter().position(|end| at_ms <= *end).unwrap_or(self.0.len()) + 1
    }
}

/// What was posted twice into one channel, by its effects. Texts of a busy play begin with a number of their own,
/// and of several parts each has words that no other has.
#[must_use]
pub(super) fn twice(effects: &[Effect], rounds: &Rounds) -> Vec<Twice> {
    let mut posts: HashMap<String, Vec<&Effect>> = HashMap::new();
    let mut gone: HashMap<u64, u64> = HashMap::new();
    for effect in effects.iter().filter(|effect| matches!(effect.actor, Actor::Webhook(_))) {
        match effect.change {
            Change::Create => posts.entry(key(effect)).or_default().push(effect),
            Change::Delete => drop(gone.insert(effect.subject, effect.at_ms)),
            _ => {}
        }
    }
    let again = posts.into_iter().filter(|(_, posts)| posts.len() > 1);
    let mut found: Vec<Twice> = again.map(|(text, posts)| told(&text, &posts, &gone, rounds)).collect();
    found.sort_by(|one, other| (one.round, &one.text).cmp(&(other.round, &other.text)));
    found
}

fn told(text: &str, posts: &[&Effect], gone: &HashMap<u64, u64>, rounds: &Rounds) -> Twice {
    let times = || posts.iter().map(|post| post.at_ms);
    let (first, last) = (times().min().unwrap_or_default(), times().max().unwrap_or_default());
    let mut removals: Vec<u64> = posts.iter().filter_map(|post| gone.get(&post.subject).copied()).collect();
    removals.sort_unstable();
    let enough = removals.get(posts.len() - 2).map(|at| at.saturating_sub(last));
    Twice {
        channel: posts.first().map(|post| post.channel).unwrap_or_default(),
        text: text.chars().take(60).collect(),
        times: posts.len(),
        apart_ms: last - first,
        removed_after_ms: enough,
        round: rounds.of(last),
    }
}

/// The number that a text begins with, for it may be edited between two posts; else the whole text.
fn key(effect: &Effect) -> String {
    let text = without_quote(effect.content.as_deref().unwrap_or_default());
    match text.split_whitespace().next() {
        Some(number) if number.parse::<u64>().is_ok() => number.to_owned(),
        _ => text.to_owned(),
    }
}
