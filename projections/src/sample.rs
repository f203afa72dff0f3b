//! Samples: seeded histories of mirrors, as lively and as contradictory as the log may hold them.
//!
//! For the laws, benchmarks and tools; the same seed gives the same history for ever.

use bytes::Bytes;
use events::event::{
    Attachment, Author, AuthorKind, Consent, ConsentStep, Created, Declared, Decor, Edited, Gap, GoneBy,
    Grant, Linked, Names, Other, Outcome, Quote, Receipt, Refreshed, ReplyTo, Said, Shown, Terms, Thread,
    ThreadShown,
};
use events::{
    Body, ChannelId, Event, EventId, GuildId, MessageId, MirrorId, Place, Producer, UserId, Version,
    WebhookId,
};
use uuid::Uuid;

/// A seeded source of choices (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed, the same throws.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not zero.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.throw() % end
    }

    /// True once in `times`.
    pub const fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these; `None` where there are none.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let end = u64::try_from(from.len()).ok().filter(|end| *end > 0)?;
        from.get(self.below(end) as usize).copied()
    }

    /// In another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The mirror of this number.
#[must_use]
pub fn mirror(number: u64) -> MirrorId {
    MirrorId(Uuid::from_u64_pair((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), number))
}

/// `events` events of `mirrors` mirrors (1 or more): every body, ties, contradictions, edits of unknown
/// messages, deletes of copies, the same fact seen by two nodes.
#[must_use]
pub fn history(seed: u64, mirrors: u64, events: usize) -> Vec<Event> {
    let mut story = Story::new(seed, mirrors);
    let mut history: Vec<Event> = Vec::with_capacity(events);
    while history.len() < events {
        let next = match history.last() {
            Some(last) if story.dice.once_in(25) => story.seen_again(last),
            Some(_) | None => story.next(),
        };
        history.push(next);
    }
    history
}

struct Story {
    dice: Dice,
    mirrors: u64,
    mirror: MirrorId,
    /// Microseconds since 1970; grows.
    now: i64,
    place: Place,
    version: Version,
    sources: Vec<MessageId>,
    copies: Vec<(MessageId, Receipt)>,
}

const CHANNELS: [ChannelId; 4] = [ChannelId(101), ChannelId(102), ChannelId(103), ChannelId(104)];
const NAMES: [&str; 6] = ["Ann", "ann ", "Böb", "Carla with a long display name", "d", ""];
const WORDS: [&str; 8] = ["hello", "yes", "no idea, ask <@7>", "👍", "https://example.org", "x", "why", "so"];

impl Story {
    fn new(seed: u64, mirrors: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            mirrors,
            mirror: mirror(0),
            now: 1_700_000_000_000_000,
            place: Place::default(),
            version: Version(0),
            sources: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// The next event's mirror, time and channel.
    fn begin(&mut self) {
        self.mirror = mirror(self.dice.below(self.mirrors));
        self.now += 1000 * (1 + self.dice.below(2000) as i64);
        self.version = Version(self.now);
        self.place = Place { channel: CHANNELS[self.dice.below(4) as usize], ..Place::default() };
    }

    fn next(&mut self) -> Event {
        self.begin();
        if self.dice.once_in(40) {
            self.now += 3_600_000_000;
        }
        let body = match self.dice.below(42) {
            0..9 => self.created(),
            9..14 => self.edited(),
            14..17 => self.refreshed(),
            17..20 => self.deleted(),
            20..26 => self.first_receipt(),
            26..31 => self.later_receipt(),
            40.. => self.thread(),
            other => self.setting(other),
        };
        self.event(body)
    }

    /// The same fact again, by another node with another clock.
    fn seen_again(&mut self, event: &Event) -> Event {
        let skew = Version(self.dice.below(5000) as i64 - 2500);
        let observed = Version(event.observed.0 + skew.0);
        let version = match event.body {
            Body::Deleted | Body::Refreshed(_) | Body::Thread(_) => observed,
            _ => event.version,
        };
        let producer = Producer { seq: event.producer.seq + 1, ..event.producer };
        Event { version, observed, producer, ..event.clone() }
    }

    fn event(&mut self, body: Body) -> Event {
        Event {
            id: EventId(Uuid::from_u64_pair(self.dice.throw(), self.dice.throw())),
            mirror: self.mirror,
            place: self.place,
            version: self.version,
            observed: Version(self.now),
            producer: Producer::default(),
            body,
            raw: Bytes::new(),
        }
    }

    fn created(&mut self) -> Body {
        if self.sources.is_empty() || !self.dice.once_in(8) {
            let id = MessageId(MessageId::first_at(Version(self.now)).0 | self.dice.below(1 << 22));
            self.sources.push(id);
            self.place.message = id;
        } else {
            self.known();
        }
        self.version = self.place.message.made();
        Body::Created(self.first())
    }

    fn first(&mut self) -> Created {
        let said = if self.dice.once_in(10) { None } else { Some(self.said()) };
        let reply_to = if self.dice.once_in(5) { self.reply_to() } else { None };
        let thread = if self.dice.once_in(6) { self.dice.pick(&self.sources) } else { None };
        let thread = thread.map(|root| ChannelId(root.0));
        Created { author: self.author(), said, reply_to, decor: self.decor(), kind: 0, thread }
    }

    fn edited(&mut self) -> Body {
        self.known();
        self.tie();
        let author = if self.dice.once_in(3) { None } else { Some(self.author()) };
        Body::Edited(Edited { author, said: self.said() })
    }

    fn refreshed(&mut self) -> Body {
        self.known();
        self.tie();
        let created = if self.dice.once_in(3) { Some(self.first()) } else { None };
        Body::Refreshed(Refreshed { created, decor: self.decor() })
    }

    /// Of a source, or of a copy.
    fn deleted(&mut self) -> Body {
        self.known();
        if self.dice.once_in(2)
            && let Some((copy, _)) = self.known_copy()
        {
            self.place.message = copy;
        }
        Body::Deleted
    }

    /// On a source, or on a copy.
    fn thread(&mut self) -> Body {
        self.known();
        if self.dice.once_in(2)
            && let Some((copy, _)) = self.known_copy()
        {
            self.place.message = copy;
        }
        self.tie();
        let name = WORDS[self.dice.below(8) as usize].into();
        let (archived, locked, deleted) = (self.dice.once_in(3), self.dice.once_in(5), self.dice.once_in(8));
        let tags = if self.dice.once_in(3) { vec!["bug".into()] } else { Vec::new() };
        Body::Thread(Thread { name, kind: 11, archived, locked, tags, owner: self.user(), deleted })
    }

    fn first_receipt(&mut self) -> Body {
        if self.place.message == MessageId(0) {
            self.known();
        }
        let link = CHANNELS[self.dice.below(4) as usize];
        let part = if self.dice.once_in(6) { 1 } else { 0 };
        let copy = MessageId(MessageId::first_at(Version(self.now + 700_000)).0 | self.dice.below(1 << 22));
        if self.dice.once_in(15) {
            let outcome =
                Outcome::Refused { version: self.version, reason: "50035 Invalid Form Body".into() };
            return Body::Receipt(Receipt { link, part, copy: MessageId(0), outcome, thread: None });
        }
        let thread = if self.dice.once_in(6) { self.known_copy() } else { None };
        let thread = thread.map(|(root, _)| ChannelId(root.0));
        let receipt = Receipt { link, part, copy, outcome: self.shown(), thread };
        self.copies.push((self.place.message, receipt.clone()));
        Body::Receipt(receipt)
    }

    fn later_receipt(&mut self) -> Body {
        let Some((_, mut receipt)) = self.known_copy() else { return self.first_receipt() };
        self.tie();
        receipt.outcome = match self.dice.below(5) {
            0 => Outcome::Gone(GoneBy::Us),
            1 => Outcome::Gone(GoneBy::Another),
            2 => {
                if self.dice.once_in(3) {
                    receipt.copy = self.place.message;
                }
                Outcome::Threaded(ThreadShown { version: self.version, hash: self.dice.throw() })
            }
            _ => self.shown(),
        };
        Body::Receipt(receipt)
    }

    fn setting(&mut self, which: u64) -> Body {
        self.place.message = MessageId(0);
        match which % 8 {
            0 => Body::Declared(Declared { name: NAMES[self.dice.below(6) as usize].into() }),
            1 | 2 => Body::Linked(self.linked()),
            3 => Body::Cut,
            4 => Body::Restored,
            5 => Body::RoleGranted(self.grant()),
            6 => Body::RoleRevoked(self.grant()),
            _ if self.dice.once_in(2) => {
                Body::Gap(Gap { from: MessageId(self.dice.below(9)), to: MessageId(9), cause: "lost".into() })
            }
            _ if which % 16 == 7 => Body::Consent(consent(which / 16)),
            _ => Body::Other(Other { kind: "MESSAGE_REACTION_ADD".into() }),
        }
    }

    fn linked(&mut self) -> Linked {
        let since = if self.dice.once_in(3) { Linked::BEGINNING } else { self.version };
        let (publishes, receives) = (!self.dice.once_in(4), !self.dice.once_in(4));
        let (guild, name) = (GuildId(1), "general".into());
        Linked { guild, parent: None, name, since, publishes, receives, forum: false }
    }

    fn grant(&mut self) -> Grant {
        Grant { user: self.user(), role: Grant::BANNED.into(), purge: self.dice.once_in(3) }
    }

    /// An earlier message, or once in a while one that was never seen.
    fn known(&mut self) {
        let recent = self.sources.len().saturating_sub(30);
        let known = self.dice.pick(&self.sources[recent..]);
        self.place.message = match known {
            Some(known) if !self.dice.once_in(20) => known,
            Some(_) | None => MessageId::first_at(Version(self.now)),
        };
    }

    fn known_copy(&mut self) -> Option<(MessageId, Receipt)> {
        let recent = self.copies.len().saturating_sub(30);
        let at = self.dice.below((self.copies.len() - recent).max(1) as u64) as usize;
        let (source, receipt) = self.copies.get(recent + at)?.clone();
        self.place.message = source;
        Some((receipt.copy, receipt))
    }

    /// Sometimes the version of another fact, so that bytes decide.
    fn tie(&mut self) {
        if self.dice.once_in(3) {
            self.version = self.place.message.made();
        }
    }

    fn shown(&mut self) -> Outcome {
        let (hash, last) = (self.dice.throw(), !self.dice.once_in(6));
        let (version, webhook) = (self.version, WebhookId(900));
        let shown = Shown { version, hash, webhook, last, files: Vec::new() };
        if self.dice.once_in(12) {
            return Outcome::Posted { shown, post: ThreadShown { version, hash: self.dice.throw() } };
        }
        Outcome::Shown(shown)
    }

    fn user(&mut self) -> UserId {
        UserId(self.dice.below(40) + 1)
    }

    fn author(&mut self) -> Author {
        let id = self.user();
        let name = NAMES[(id.0 % 6) as usize].into();
        let avatar = id.0.is_multiple_of(2).then(|| format!("avatars/{id}/0123456789abcdef0123456789abcdef"));
        Author { id, name, username: format!("user{id}"), avatar, kind: AuthorKind::User }
    }

    fn said(&mut self) -> Said {
        let words = 1 + self.dice.below(14);
        let words: Vec<&str> = (0..words).map(|_| WORDS[self.dice.below(8) as usize]).collect();
        let names = Names { users: vec![(UserId(7), "Ann".into())], ..Names::default() };
        let attachments = if self.dice.once_in(12) { vec![self.attachment()] } else { Vec::new() };
        let names = if words.contains(&WORDS[2]) { names } else { Names::default() };
        Said { text: words.join(" "), attachments, names, ..Said::default() }
    }

    fn attachment(&mut self) -> Attachment {
        let url = "https://cdn.example.org/attachments/1/2/cat.png".to_owned();
        let id = self.dice.below(1000);
        Attachment { id, name: "cat.png".into(), url, size: 70_000, ..Attachment::default() }
    }

    fn reply_to(&mut self) -> Option<ReplyTo> {
        let message = self.dice.pick(&self.sources)?;
        let quote = Some(Quote { author: "Ann".into(), text: "so".into() });
        Some(ReplyTo { channel: self.place.channel, message, guild: GuildId(1), quote })
    }

    fn decor(&mut self) -> Decor {
        if !self.dice.once_in(6) {
            return Decor::default();
        }
        let pinned = self.dice.once_in(2);
        Decor { embeds: vec![r#"{"title":"x"}"#.into()], flags: self.dice.below(9), pinned }
    }
}

/// One step about one of few requests, so that steps contradict each other.
fn consent(which: u64) -> Consent {
    let terms =
        Terms { from: ChannelId(1), guild: GuildId(2), publishes: true, receives: true, backfill: false };
    let step = match which % 5 {
        0 | 1 => ConsentStep::Asked(terms),
        2 => ConsentStep::Accepted,
        3 => ConsentStep::Refused,
        _ => ConsentStep::Denied("no rights".into()),
    };
    let request = EventId(Uuid::from_u128(1 + u128::from(which / 5 % 4)));
    Consent { request, by: UserId(1 + which % 3), guild: GuildId(2), step }
}
