//! A busy play: much is said at once, edited, removed and answered. For load and crash tests, without outside data.

use super::play::{Act, Channel, Line, Play};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

const AUTHORS: [&str; 8] = ["Ada", "Bruno", "Chidi", "Dalia", "Emre", "Farah", "Hana", "Ivo"];
const WORDS: [&str; 16] = [
    "river", "stone", "lantern", "harbour", "copper", "morning", "window", "letter", "garden", "salt",
    "engine", "paper", "north", "quiet", "bridge", "seven",
];

/// A play of `messages` messages in `mirrors` mirrors of `each` channels.
pub(super) fn busy(seed: u64, messages: usize, mirrors: usize, each: usize) -> Play {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let channel = |place: usize| Channel {
        mirror: format!("busy-{}", place / each + 1),
        guild: if place % each < 2 { "Harbour".to_owned() } else { "Hilltop".to_owned() },
        name: format!("room-{}", place + 1),
    };
    let channels: Vec<Channel> = (0..mirrors * each).map(channel).collect();
    let mut acts = Vec::new();
    let mut lines: Vec<(usize, String)> = Vec::new();
    for number in 0..messages {
        let line = line(&mut random, number, &lines, channels.len());
        lines.push((line.channel, line.text.clone()));
        acts.push(Act::Say(line));
        acts.extend(afterwards(&mut random, &lines));
    }
    Play { channels, acts: acts.into_iter().map(|act| (Duration::ZERO, act)).collect() }
}

fn line(random: &mut ChaCha8Rng, number: usize, lines: &[(usize, String)], channels: usize) -> Line {
    let channel = random.random_range(0..channels);
    let author = AUTHORS.choose(random).copied().unwrap_or("Ada").to_owned();
    let count =
        if random.random_bool(0.01) { random.random_range(350..800) } else { random.random_range(1..12) };
    let words: Vec<&str> = (0..count).filter_map(|_| WORDS.choose(random).copied()).collect();
    let reply_to = (!lines.is_empty() && random.random_bool(0.2)).then(|| recent(random, lines.len()));
    Line { channel, author, text: format!("{number} {}", words.join(" ")), reply_to }
}

/// One of the last few messages.
fn recent(random: &mut ChaCha8Rng, count: usize) -> usize {
    const RECENT: usize = 20;
    random.random_range(count.saturating_sub(RECENT)..count)
}

fn afterwards(random: &mut ChaCha8Rng, lines: &[(usize, String)]) -> Option<Act> {
    let number = recent(random, lines.len());
    let (channel, text) = &lines[number];
    match random.random_range(0..100) {
        0..8 => Some(Act::Edit(number, format!("{text} again"))),
        8..9 => Some(Act::Edit(number, format!("{number} cut short"))),
        9..13 => Some(Act::Delete(number)),
        13 => {
            let same = |other: &usize| lines[*other].0 == *channel;
            Some(Act::BulkDelete((number.saturating_sub(10)..=number).filter(same).take(3).collect()))
        }
        _ => None,
    }
}
