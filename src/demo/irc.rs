//! Real chat as a play: IRC logs with annotations (`*.raw.txt`, `*.annotation.txt`), as in the corpus of
//! Kummerfeld et al. (ACL 2019). Edits, deletes and long messages are added by seed, because IRC has none.

use super::play::{Act, Channel, Line, Play};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Mirrors in the play.
pub(super) const MIRRORS: usize = 3;
/// Channels in each.
pub(super) const CHANNELS: usize = 3;
/// One message in so many is edited later, deleted later, made longer than Discord takes in one message.
const EDITED: f64 = 0.03;
const DELETED: f64 = 0.015;
const LONG: f64 = 0.002;
/// How many messages later, at most.
const LATER: usize = 60;

/// Why there is no play.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChatError {
    /// The folder or a file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds no logs.
    #[error("{0} holds no IRC logs: files named *.raw.txt are expected, with *.annotation.txt beside them")]
    Empty(PathBuf),
}

/// One line of a log.
struct Spoken {
    author: String,
    text: String,
    /// Line of the same log that it answers.
    answers: Option<usize>,
}

/// The play of all logs in `folder`.
///
/// # Errors
/// When the folder holds no logs that can be read.
pub(super) fn irc(folder: &Path, seed: u64) -> Result<Play, ChatError> {
    let mut logs: [VecDeque<Vec<Spoken>>; MIRRORS] = Default::default();
    for (number, path) in files(folder)?.iter().enumerate() {
        logs[number % MIRRORS].push_back(read(path)?);
    }
    if logs.iter().all(VecDeque::is_empty) {
        return Err(ChatError::Empty(folder.to_owned()));
    }
    let mut staging = Staging {
        random: ChaCha8Rng::seed_from_u64(seed),
        messages: 0,
        acts: Vec::new(),
        due: BTreeMap::new(),
    };
    let mut scenes: Vec<Scene> =
        logs.into_iter().enumerate().map(|(mirror, logs)| Scene::new(mirror, logs)).collect();
    // Each mirror writes a line in turn, until none has any left.
    while scenes.iter_mut().map(|scene| scene.speak(&mut staging)).filter(|spoke| *spoke).count() > 0 {}
    staging.finish();
    let acts = staging.acts.into_iter().map(|act| (Duration::ZERO, act)).collect();
    Ok(Play { channels: channels(), acts })
}

fn channels() -> Vec<Channel> {
    let names = ["general", "help", "lounge"];
    let of = |mirror: usize| {
        names.into_iter().enumerate().map(move |(place, name)| Channel {
            mirror: format!("chat-{}", mirror + 1),
            guild: if place < 2 { "Harbour".to_owned() } else { "Hilltop".to_owned() },
            name: format!("{name}-{}", mirror + 1),
        })
    };
    (0..MIRRORS).flat_map(of).collect()
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> ChatError + '_ {
    |source| ChatError::Unreadable { path: path.to_owned(), source }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ChatError> {
    let entries = std::fs::read_dir(folder).map_err(unreadable(folder))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".raw.txt"));
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<Spoken>, ChatError> {
    let bytes = std::fs::read(path).map_err(unreadable(path))?;
    let text = String::from_utf8_lossy(&bytes);
    let notes = PathBuf::from(path.to_string_lossy().replace(".raw.txt", ".annotation.txt"));
    let answers = std::fs::read_to_string(&notes).map(|notes| answers(&notes)).unwrap_or_default();
    let line = |(number, line): (usize, &str)| {
        let (author, text) = spoken(line);
        Spoken { author, text, answers: answers.get(&number).copied() }
    };
    Ok(text.lines().enumerate().map(line).collect())
}

/// `1003 1004 -`: the later of the two answers the earlier.
fn answers(notes: &str) -> BTreeMap<usize, usize> {
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse::<usize>().ok());
        let (one, other) = (numbers.next()?, numbers.next()?);
        (one != other).then(|| (one.max(other), one.min(other)))
    };
    notes.lines().filter_map(pair).collect()
}

/// `[06:03] <nick> text`, `[06:03] * nick text`, or a notice of the server.
fn spoken(line: &str) -> (String, String) {
    let said = line.split_once("] ").filter(|(time, _)| time.starts_with('[')).map_or(line, |(_, said)| said);
    let by = said.strip_prefix('<').and_then(|said| said.split_once('>'));
    let act = said.strip_prefix("* ").and_then(|said| said.split_once(' '));
    let (author, text) = match (by, act) {
        (Some((nick, text)), _) => (nick, text.trim().to_owned()),
        (None, Some((nick, text))) => (nick, format!("_{}_", text.trim())),
        (None, None) => ("server", said.trim_start_matches('=').trim().to_owned()),
    };
    (author.trim().to_owned(), if text.is_empty() { "...".to_owned() } else { text })
}

/// What is written so far, and what is yet to be edited and deleted.
struct Staging {
    random: ChaCha8Rng,
    messages: usize,
    acts: Vec<Act>,
    due: BTreeMap<usize, Vec<Act>>,
}

impl Staging {
    fn say(&mut self, mut line: Line) -> usize {
        if self.random.random_bool(LONG) {
            let once = format!("{} ", line.text);
            line.text = once.repeat(2100 / once.len() + 2).trim_end().to_owned();
        }
        let number = self.messages;
        self.messages += 1;
        let text = line.text.clone();
        self.acts.push(Act::Say(line));
        if self.random.random_bool(EDITED) {
            self.later(Act::Edit(number, format!("{text} (edited)")));
        }
        if self.random.random_bool(DELETED) {
            self.later(Act::Delete(number));
        }
        let due = self.due.remove(&self.messages).unwrap_or_default();
        self.acts.extend(due);
        number
    }

    fn later(&mut self, act: Act) {
        let when = self.messages + self.random.random_range(1..=LATER);
        self.due.entry(when).or_default().push(act);
    }

    fn finish(&mut self) {
        self.acts.extend(std::mem::take(&mut self.due).into_values().flatten());
    }
}

/// One mirror's logs, one after the other.
struct Scene {
    mirror: usize,
    logs: VecDeque<Vec<Spoken>>,
    at: usize,
    /// Number of the message that each line of the log became.
    numbers: Vec<usize>,
}

impl Scene {
    fn new(mirror: usize, logs: VecDeque<Vec<Spoken>>) -> Self {
        Self { mirror, logs, at: 0, numbers: Vec::new() }
    }

    /// Writes the next line; says whether there was one.
    fn speak(&mut self, staging: &mut Staging) -> bool {
        let Some(log) = self.logs.front() else { return false };
        let Some(spoken) = log.get(self.at) else {
            self.logs.pop_front();
            self.at = 0;
            self.numbers.clear();
            return self.speak(staging);
        };
        let line = Line {
            channel: self.mirror * CHANNELS + place(&spoken.author),
            author: spoken.author.clone(),
            text: spoken.text.clone(),
            reply_to: spoken.answers.and_then(|line| self.numbers.get(line).copied()),
        };
        self.numbers.push(staging.say(line));
        self.at += 1;
        true
    }
}

/// Everybody has a channel that they write in.
fn place(author: &str) -> usize {
    author.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % CHANNELS
}
