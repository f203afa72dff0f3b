//! The default play: two guilds plan a game night in three linked channels.

use super::play::{Act, Channel, Line, Play};
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// Author, what they say, and how far back what they answer lies (0: nothing).
const LINES: &[(&str, &str, usize)] = &[
    ("Ada", "Game night on Friday? I can host.", 0),
    ("Bruno", "Yes! What do we play?", 1),
    ("Chidi", "Please not Monopoly again.", 1),
    ("Dalia", "Monopoly it is then 😄", 1),
    ("Emre", "I bring the new co-op game, 4 to 6 players.", 0),
    ("Ada", "Perfect. Who is in? Ada, Bruno, ...", 1),
    ("Farah", "Me, if somebody can pick me up at the station.", 1),
    ("Bruno", "I can, 18:30?", 1),
    ("Farah", "18:30 is great, thank you!", 1),
    ("Chidi", "I'm in. Shall I cook something?", 0),
    ("Dalia", "Only if it is the lentil thing.", 1),
    ("Chidi", "It is always the lentil thing.", 1),
    ("Emre", "Rules are here: https://example.org/rules.pdf (short, I promise)", 0),
    ("Ada", "Forty pages is not short.", 1),
    ("Emre", "Thirty-eight.", 1),
    ("Gus", "BUY CHEAP COINS NOW at coins.example", 0),
    ("Gus", "last chance!!! cheap coins!!!", 0),
    ("Dalia", "Somebody ban him please.", 1),
    ("Bruno", "On it.", 1),
    ("Ada", "Thanks. Where were we?", 0),
    ("Farah", "Lentils.", 1),
    ("Chidi", "**Shopping list**\n- lentils\n- coriander\n- more lentils", 0),
    ("Dalia", "You forgot lentils.", 1),
    ("Emre", "Does anybody have a second table?", 0),
    ("Ada", "Yes, it is in the cellar, two people to carry it up.", 1),
    ("Bruno", "Farah and I are early enough for that.", 1),
    ("Farah", "Nobody told me about a table.", 1),
    ("Chidi", "```rust\nlet dinner = lentils.iter().cycle();\n```", 0),
    ("Emre", "That does not terminate.", 1),
    ("Chidi", "Neither do the lentils.", 1),
    ("Dalia", "I'll bring drinks: two of each, tell me if you want something special.", 0),
    ("Ada", "Ginger beer!", 1),
    ("Farah", "Anything without bubbles.", 2),
    ("Bruno", "Shall we stream it for the others?", 0),
    ("Emre", "Only the first round, the second one is where I lose.", 1),
    ("Ada", "||Emre always loses the second round||", 1),
    ("Dalia", "So: Friday 19:00 at Ada's. Written down.", 0),
    ("Chidi", "See you all there!", 1),
];

/// The play.
#[must_use]
pub(super) fn lively(seed: u64, length: Duration) -> Play {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let channel = |guild: &str, name: &str| Channel {
        mirror: "game-night".to_owned(),
        guild: guild.to_owned(),
        name: name.to_owned(),
    };
    let channels =
        vec![channel("Harbour", "general"), channel("Harbour", "games"), channel("Hilltop", "lounge")];
    let mut acts =
        Acts { step: length / (LINES.len() as u32 * 14 / 10), at: Duration::ZERO, acts: Vec::new() };
    for (number, (author, text, back)) in LINES.iter().enumerate() {
        let reply_to = (*back > 0 && number >= *back && random.random_bool(0.6)).then(|| number - back);
        let line =
            Line { channel: home(author), author: (*author).to_owned(), text: (*text).to_owned(), reply_to };
        acts.push(&mut random, Act::Say(line));
        second_thoughts(number, text, &mut random, &mut acts);
    }
    // Written after the ban: shown in its own channel, and nowhere else.
    let last =
        Line { channel: home("Gus"), author: "Gus".to_owned(), text: "coins???".to_owned(), reply_to: None };
    acts.push(&mut random, Act::Say(last));
    Play { channels, acts: acts.acts }
}

/// Everybody has a channel that they write in.
fn home(author: &str) -> usize {
    usize::from(author.as_bytes().first().copied().unwrap_or_default()) % 3
}

/// What follows on a line: edits and deletes by chance, the spammer's end by plan.
fn second_thoughts(number: usize, text: &str, random: &mut ChaCha8Rng, acts: &mut Acts) {
    match text {
        "On it." => {
            acts.push(random, Act::Ban("Gus".to_owned()));
            acts.push(random, Act::BulkDelete(vec![number - 2, number - 3]));
        }
        "Yes! What do we play?" => {
            acts.push(random, Act::Edit(number, format!("{text} (I mean: on Friday)")))
        }
        "Nobody told me about a table." => acts.push(random, Act::Delete(number)),
        _ if random.random_bool(0.2) => {
            let edited = format!("{text} {}", smile(random));
            acts.push(random, Act::Edit(number, edited));
        }
        _ => {}
    }
}

fn smile(random: &mut impl Rng) -> &'static str {
    ["🙂", "🎲", "(edited, sorry)", "👍"].choose(random).copied().unwrap_or("🙂")
}

struct Acts {
    step: Duration,
    at: Duration,
    acts: Vec<(Duration, Act)>,
}

impl Acts {
    fn push(&mut self, random: &mut impl Rng, act: Act) {
        self.acts.push((self.at, act));
        self.at += self.step.mul_f64(random.random_range(0.4..1.6));
    }
}
