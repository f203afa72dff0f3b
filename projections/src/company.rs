//! Other bots in our channels. A **proxy** removes what a person said and says it again, under another name; a
//! **mirror** says elsewhere what this mirror carries, and would say our copies again for ever.
//!
//! What is heard here is remembered for a while and nowhere else: it may cost a moment, or what a proxy removed shown for
//! a moment, never an event. That somebody is a mirror is said on the log, as a ban.

use events::event::{AuthorKind, Created, Place};
use events::{Body, ChannelId, Event, MessageId, MirrorId, UserId, Version};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use xxhash_rust::xxh3::xxh3_64;

/// A proxy removes within this what it says again, and says it again within this.
const REMOVES_WITHIN_US: i64 = 10_000_000;
const SAYS_WITHIN_US: i64 = 5_000_000;
/// A channel is taken for one with a proxy so long after it was last heard at work.
const PROXIED_US: i64 = 24 * 3_600_000_000;
/// How long a message that a proxy may remove, or that a mirror said, is not sent for the first time.
pub const HOLD_US: i64 = 2_000_000;
/// A mirror says again what was said so long ago at most.
const AGAIN_WITHIN_US: i64 = 60_000_000;
/// The same words under the same name elsewhere are proof; under another name it takes three.
const PROOF: u32 = 3;
const ALIKE: u32 = 1;
/// Suspicions this old are forgotten.
const SUSPECTED_US: i64 = 600_000_000;
/// Words remembered for each mirror; mirrors, channels and authors; messages that wait.
const WORDS_MAX: usize = 256;
const MIRRORS_MAX: usize = 1_024;
const CHANNELS_MAX: usize = 4_096;
const AUTHORS_MAX: usize = 1_024;
const WAITING_MAX: usize = 1_024;

/// Somebody says elsewhere what this mirror carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echoer {
    /// In this mirror.
    pub mirror: MirrorId,
    /// The webhook or bot.
    pub author: UserId,
    /// Where it was caught.
    pub channel: ChannelId,
    /// The message that gave it away: nothing of it is to be carried from here on.
    pub message: MessageId,
}

/// What was heard of other bots.
#[derive(Debug, Default)]
pub struct Company {
    channels: FxHashMap<(MirrorId, ChannelId), Heard>,
    words: FxHashMap<MirrorId, VecDeque<Words>>,
    authors: FxHashMap<(MirrorId, UserId), Suspicion>,
    waiting: VecDeque<(MirrorId, MessageId)>,
}

/// Of one channel.
#[derive(Debug, Default)]
struct Heard {
    /// Somebody removed what had just been said.
    removed: Option<Version>,
    /// A webhook or bot said something.
    said: Option<Version>,
    /// Both, one right after the other.
    proxied: Option<Version>,
}

/// What a person said.
#[derive(Debug)]
struct Words {
    channel: ChannelId,
    name: Box<str>,
    text: u64,
    /// The log may say it twice.
    message: MessageId,
    /// Who said it again in the same channel, and in which message.
    again: Option<(UserId, MessageId)>,
}

#[derive(Debug)]
struct Suspicion {
    since: Version,
    score: u32,
    last: MessageId,
}

impl Company {
    /// Takes one event, in the log's order. Whoever is found to be a mirror is told once.
    pub fn hear(&mut self, event: &Event) -> Option<Echoer> {
        match &event.body {
            Body::Deleted => {
                self.removed(event);
                None
            }
            Body::Created(created) => self.created(event, created),
            Body::Edited(_)
            | Body::Refreshed(_)
            | Body::Receipt(_)
            | Body::Declared(_)
            | Body::Linked(_)
            | Body::Cut
            | Body::Restored
            | Body::RoleGranted(_)
            | Body::RoleRevoked(_)
            | Body::Gap(_)
            | Body::Consent(_)
            | Body::Thread(_)
            | Body::Other(_) => None,
        }
    }

    fn removed(&mut self, event: &Event) {
        let (at, place) = ((event.mirror, event.place.channel), event.place);
        if event.observed.0 - place.message.made().0 <= REMOVES_WITHIN_US {
            self.of(at).removed = Some(event.observed);
            self.conclude(at, event.observed);
        }
    }

    fn created(&mut self, event: &Event, created: &Created) -> Option<Echoer> {
        let (mirror, Place { channel, message, .. }) = (event.mirror, event.place);
        let text = created.said.as_ref().map(|said| said.text.as_str()).filter(|text| !text.is_empty());
        let author = &created.author;
        let words = text.map(|text| Words {
            channel,
            name: author.name.as_str().into(),
            text: xxh3_64(text.as_bytes()),
            message,
            again: None,
        });
        match author.kind {
            AuthorKind::User => {
                self.person((mirror, channel), message, words);
                None
            }
            AuthorKind::Bot | AuthorKind::Webhook => {
                self.of((mirror, channel)).said = Some(event.observed);
                self.conclude((mirror, channel), event.observed);
                if !self.suspect((mirror, author.id), &words?) {
                    return None;
                }
                self.wait(mirror, message);
                Some(Echoer { mirror, author: author.id, channel, message })
            }
        }
    }

    /// Whether the first send of a message is better waited with, at this time: whoever is at work in its channel may
    /// remove it.
    #[must_use]
    pub fn waits(&self, mirror: MirrorId, message: MessageId, wall: Version) -> bool {
        message.made().0 + HOLD_US > wall.0 && self.waiting.contains(&(mirror, message))
    }

    fn of(&mut self, at: (MirrorId, ChannelId)) -> &mut Heard {
        if self.channels.len() >= CHANNELS_MAX && !self.channels.contains_key(&at) {
            self.channels.clear();
        }
        self.channels.entry(at).or_default()
    }

    /// A removal and a bot's message right beside each other are a proxy's.
    fn conclude(&mut self, at: (MirrorId, ChannelId), now: Version) {
        let heard = self.of(at);
        if let (Some(removed), Some(said)) = (heard.removed, heard.said)
            && (removed.0 - said.0).abs() <= SAYS_WITHIN_US
        {
            heard.proxied = Some(now);
        }
    }

    fn person(&mut self, at: (MirrorId, ChannelId), message: MessageId, words: Option<Words>) {
        let proxied = self.channels.get(&at).and_then(|heard| heard.proxied);
        if proxied.is_some_and(|heard| message.made().0 - heard.0 <= PROXIED_US) {
            self.wait(at.0, message);
        }
        let Some(words) = words else { return };
        if self.words.len() >= MIRRORS_MAX && !self.words.contains_key(&at.0) {
            self.words.clear();
        }
        let all = self.words.entry(at.0).or_default();
        if all.iter().all(|earlier| earlier.message != message) {
            all.truncate(WORDS_MAX - 1);
            all.push_front(words);
        }
    }

    fn wait(&mut self, mirror: MirrorId, message: MessageId) {
        self.waiting.truncate(WAITING_MAX - 1);
        self.waiting.push_front((mirror, message));
    }

    /// Whether this proves, now, that the author says what this mirror carries.
    fn suspect(&mut self, of: (MirrorId, UserId), words: &Words) -> bool {
        let Some(score) = self.score(of, words) else { return false };
        if self.authors.len() >= AUTHORS_MAX && !self.authors.contains_key(&of) {
            self.authors.clear();
        }
        let (at, fresh) = (words.message.made(), Suspicion::since(words.message.made()));
        let suspicion = self.authors.entry(of).or_insert(fresh);
        if at.0 - suspicion.since.0 > SUSPECTED_US {
            *suspicion = Suspicion::since(at);
        }
        if suspicion.last == words.message {
            return false;
        }
        let before = suspicion.score;
        (suspicion.score, suspicion.last) = (before.saturating_add(score), words.message);
        before < PROOF && suspicion.score >= PROOF
    }

    /// How much these words tell. In the same channel a proxy says everything again, each once; what comes once more is
    /// a copy of our copy.
    fn score(&mut self, (mirror, author): (MirrorId, UserId), words: &Words) -> Option<u32> {
        let all = self.words.get_mut(&mirror)?.iter_mut().filter(|earlier| words.is_again(earlier));
        let (mut here, elsewhere): (Vec<_>, Vec<_>) =
            all.partition(|earlier| earlier.channel == words.channel);
        // Mirrors add to a name what tells two people of one name apart, we too.
        let tells = |earlier: &Words| {
            let is_name = !earlier.name.is_empty() && words.name.starts_with(&*earlier.name);
            if is_name { PROOF } else { ALIKE }
        };
        let mut told: Vec<u32> = elsewhere.iter().map(|earlier| tells(earlier)).collect();
        let is_new = |earlier: &Words| earlier.again.is_none_or(|(whose, _)| whose != author);
        let is_told = here.iter().any(|earlier| earlier.again == Some((author, words.message)));
        match here.iter().position(|earlier| is_new(earlier)) {
            _ if is_told => {}
            Some(first) => here[first].again = Some((author, words.message)),
            None => told.extend(here.iter().map(|earlier| tells(earlier))),
        }
        told.into_iter().max()
    }
}

impl Words {
    /// Whether these are the earlier words, soon after.
    fn is_again(&self, earlier: &Self) -> bool {
        let after = self.message.made().0 - earlier.message.made().0;
        self.text == earlier.text && (0..=AGAIN_WITHIN_US).contains(&after)
    }
}

impl Suspicion {
    const fn since(since: Version) -> Self {
        Self { since, score: 0, last: MessageId(0) }
    }
}

#[cfg(test)]
mod tests;
