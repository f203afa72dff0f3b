//! Sample events: a chat that nobody had, the same for the same seed. For benches and property tests.

use crate::event::identity::{Mark, source_id};
use crate::event::{
    Author, Body, Created, Decor, Edited, Event, GoneBy, Outcome, Place, Producer, Receipt, ReplyTo, Said,
    Service, Shown, receipt_id,
};
use crate::id::{
    ChannelId, DISCORD_EPOCH_MS, EventId, GuildId, MessageId, MirrorId, UserId, Version, WebhookId,
};
use bytes::Bytes;
use uuid::Uuid;

/// What kind of chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Everything follows from it.
    pub seed: u64,
    /// How many events.
    pub count: usize,
    /// Over how many mirrors of two channels each; see [`mirror`], [`source`] and [`receiver`].
    pub mirrors: u32,
    /// Whether messages carry a payload (of about 900 bytes for a create or an edit).
    pub raw: bool,
}

/// The id of the mirror of this number, from 0; spread over the partitions.
#[must_use]
pub fn mirror(number: u32) -> MirrorId {
    MirrorId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes()))
}

/// The channel that the mirror's messages are written in.
#[must_use]
pub const fn source(number: u32) -> ChannelId {
    ChannelId(1_000_000 + number as u64 * 2)
}

/// The channel that shows their copies.
#[must_use]
pub const fn receiver(number: u32) -> ChannelId {
    ChannelId(source(number).0 + 1)
}

/// The events of a chat, in order. Every second one is a receipt; of the others seven in ten are creates
/// (a fifth of them replies), two edits, one a delete. Declarations and links are not among them.
pub fn chat(chat: Chat) -> impl Iterator<Item = Event> {
    let random = chat.seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut writer = Writer { chat, random, told: 0, known: Vec::new(), receipt: None };
    std::iter::repeat_with(move || writer.next_event()).take(chat.count)
}

/// Among the newest so many messages some are edited, deleted and answered.
const KNOWN_MAX: usize = 256;
/// The first event is this long after Discord's epoch, in milliseconds.
const START_MS: u64 = 300_000_000_000;
/// Time between two events, in milliseconds.
const STEP_MS: u64 = 1731;
const WORDS: [&str; 16] = [
    "so", "the", "build", "works", "again", "after", "déjà", "vu", "with", "a", "smaller", "cache", "🙂",
    "and", "nobody", "knows",
];

#[derive(Clone, Copy)]
struct Known {
    number: u32,
    message: MessageId,
    copy: MessageId,
}

struct Writer {
    chat: Chat,
    random: u64,
    told: u64,
    known: Vec<Known>,
    /// What the last event calls for.
    receipt: Option<Event>,
}

impl Writer {
    fn next_event(&mut self) -> Event {
        self.told += 1;
        if let Some(receipt) = self.receipt.take() {
            return receipt;
        }
        let kind = self.below(10);
        match (kind, self.known.len()) {
            (7 | 8, 1..) => self.edit(),
            (9, 1..) => self.delete(),
            _ => self.create(),
        }
    }

    fn create(&mut self) -> Event {
        let number = self.below(self.chat.mirrors.max(1).into()) as u32;
        let message = self.message();
        let answered = self.below(5) == 0;
        let reply_to = self.known.last().filter(|known| answered && known.number == number).map(reply_to);
        let kind = if reply_to.is_some() { 19 } else { 0 };
        let (author, said) = (self.author(), self.said());
        let known = Known { number, message, copy: MessageId(message.0 + 1) };
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push(known);
        self.shown(known, message.made());
        let raw = self.raw(known, &author, &said, "null");
        let body = Body::Created(Created {
            author,
            said: Some(said),
            reply_to,
            decor: Decor::default(),
            kind,
            thread: None,
        });
        self.event(known, message.made(), body, raw)
    }

    fn edit(&mut self) -> Event {
        let known = self.any_known();
        let (author, said, version) = (self.author(), self.said(), self.now());
        self.shown(known, version);
        let raw = self.raw(known, &author, &said, "\"2024-07-04T12:00:00.000000+00:00\"");
        self.event(known, version, Body::Edited(Edited { author: Some(author), said }), raw)
    }

    fn delete(&mut self) -> Event {
        let known = self.any_known();
        self.known.retain(|other| other.message != known.message);
        self.receipt(known, Outcome::Gone(GoneBy::Us));
        let raw = format!(r#"{{"id":"{}","channel_id":"{}"}}"#, known.message, source(known.number));
        let raw = if self.chat.raw { Bytes::from(raw) } else { Bytes::new() };
        self.event(known, self.now(), Body::Deleted, raw)
    }

    fn shown(&mut self, known: Known, version: Version) {
        let webhook = WebhookId(9_000_000 + u64::from(known.number));
        let hash = self.random | 1;
        self.receipt(known, Outcome::Shown(Shown { version, hash, webhook, last: true, files: Vec::new() }));
    }

    fn receipt(&mut self, known: Known, outcome: Outcome) {
        let receipt =
            Receipt { link: receiver(known.number), part: 0, copy: known.copy, outcome, thread: None };
        let version = Version(self.now().0 + 1);
        let mut event = self.event(known, version, Body::Cut, Bytes::new());
        event.id = receipt_id(event.mirror, known.message, &receipt, version);
        event.body = Body::Receipt(receipt);
        self.receipt = Some(event);
    }

    fn event(&self, known: Known, version: Version, body: Body, raw: Bytes) -> Event {
        let mirror = mirror(known.number);
        let place =
            Place { service: Service::Discord, channel: source(known.number), message: known.message };
        let counts = if matches!(body, Body::Deleted) { Version(0) } else { version };
        let id: EventId = source_id(mirror, &place, &body, Mark::Version(counts));
        let producer = Producer::default();
        Event { id, mirror, place, version, observed: self.now(), producer, body, raw }
    }

    fn author(&mut self) -> Author {
        let id = UserId(500 + self.below(200));
        let avatar = Some(format!("avatars/{id}/25a09a99ac0487bf846125084d9c7346"));
        Author {
            id,
            name: format!("Person {id}"),
            username: format!("person{id}"),
            avatar,
            ..Author::default()
        }
    }

    fn said(&mut self) -> Said {
        let words = 3 + self.below(20);
        let word = |writer: &mut Self| WORDS[writer.below(WORDS.len() as u64) as usize];
        let text = (0..words).map(|_| word(self)).collect::<Vec<_>>().join(" ");
        Said { text, ..Said::default() }
    }

    fn raw(&self, known: Known, author: &Author, said: &Said, edited: &str) -> Bytes {
        if !self.chat.raw {
            return Bytes::new();
        }
        // The fields and lengths of a real payload; roles make up most of one.
        let roles = "\"694206416675930112\",".repeat(12);
        Bytes::from(format!(
            r#"{{"type":0,"tts":false,"timestamp":"2024-07-04T11:00:00.000000+00:00","pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"member":{{"roles":[{roles}"1"],"nick":null,"mute":false,"joined_at":"2020-03-30T15:24:39.828000+00:00","deaf":false}},"id":"{}","flags":0,"embeds":[],"edited_timestamp":{edited},"content":"{}","channel_id":"{}","author":{{"username":"{}","global_name":"{}","id":"{}","discriminator":"0","avatar":"25a09a99ac0487bf846125084d9c7346"}},"attachments":[],"guild_id":"1"}}"#,
            known.message,
            said.text,
            source(known.number),
            author.username,
            author.name,
            author.id,
        ))
    }

    fn any_known(&mut self) -> Known {
        let at = self.below(self.known.len() as u64) as usize;
        self.known[at]
    }

    /// A new id; the one after it is free for the copy.
    fn message(&self) -> MessageId {
        MessageId(MessageId::first_at(self.now()).0)
    }

    fn now(&self) -> Version {
        Version(((DISCORD_EPOCH_MS + START_MS + self.told * STEP_MS) * 1000) as i64)
    }

    /// SplitMix64: 0 to `bound` - 1.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn reply_to(known: &Known) -> ReplyTo {
    ReplyTo { channel: source(known.number), message: known.message, guild: GuildId(1), quote: None }
}
