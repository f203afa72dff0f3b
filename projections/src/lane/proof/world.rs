//! The world around lanes: a clock, a log, what the views know of it, and per link a channel and a row.

use super::channel::{Channel, Fate, wall};
use super::know::{Know, MIRROR};
use super::rows::{MemoryRows, Rows};
use crate::lane::{LaneRow, Rules};
use crate::lanes::Saved;
use events::event::{Author, Created, Decor, Edited, Linked, ReplyTo, Said};
use events::{Body, ChannelId, Event, EventId, MessageId, Place, Producer, UserId, Version};
use std::collections::BTreeMap;

/// Where the messages are written.
pub const SOURCE: ChannelId = ChannelId(1);

/// A backup's row goes to a lane with so much greater a number.
const ELSEWHERE: u64 = 1_000;

/// What the store does with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Writes if the condition holds, and says so.
    Yes,
    /// Another owner took the row just before.
    No,
    /// Writes if the condition holds; the answer is lost.
    Unknown,
    /// Writes nothing; the answer is lost.
    UnknownLost,
}

/// One link: its channel, and what goes wrong next.
#[derive(Clone)]
pub struct Site {
    /// The receiving channel.
    pub link: ChannelId,
    /// As Discord keeps it.
    pub channel: Channel,
    /// All events before this one are done by the lane.
    pub done: usize,
    /// What becomes of the next request.
    pub fate: Option<Fate>,
    /// What the store does with the next write.
    pub store: Option<Store>,
    /// How often another took the row.
    pub rivals: usize,
    /// Where its row is: at its link's number, until a backup is put back.
    lane: ChannelId,
    epochs: u64,
}

impl Site {
    fn new(link: ChannelId) -> Self {
        Self {
            link,
            channel: Channel::default(),
            done: 0,
            fate: None,
            store: None,
            rivals: 0,
            lane: link,
            epochs: 0,
        }
    }

    /// The epoch of the next owner: the lease gives each one of its own.
    pub fn next_epoch(&mut self) -> u64 {
        self.epochs += 1;
        self.epochs
    }
}

/// A clock, a log, views that have folded some of it, and what each link has, over such rows.
#[derive(Clone)]
pub struct World<K, R = MemoryRows> {
    /// The clock that only goes forward, milliseconds.
    pub now_ms: u64,
    /// The log.
    pub log: Vec<Event>,
    /// How many of its events the views know.
    pub folded: usize,
    /// The views.
    pub know: K,
    /// The links.
    pub sites: Vec<Site>,
    /// What every lane here goes by.
    pub rules: Rules,
    /// Source messages in the order of the log.
    pub sources: Vec<MessageId>,
    /// No old message was owed again: copies are in the order of the log.
    pub is_ordered: bool,
    /// The store of the lanes' rows.
    pub rows: R,
    /// How often that store refused a write.
    pub refused: usize,
    /// Where each was written.
    said: BTreeMap<MessageId, ChannelId>,
    count: u64,
}

impl<K: Know> World<K> {
    /// A world in which `links` are linked from the beginning, with its rows in memory.
    pub fn new(know: K, links: usize, rules: Rules) -> Self {
        Self::over(MemoryRows::default(), know, links, rules)
    }
}

/// Rows.
impl<K: Know, R: Rows> World<K, R> {
    /// The row of this site as stored: without what is not stored.
    pub fn load(&self, site: usize) -> LaneRow {
        self.rows.load(self.sites[site].lane)
    }

    /// The conditional write. Whether the condition holds, the store alone says.
    pub fn save(&mut self, site: usize, row: &LaneRow) -> Saved {
        let store = self.sites[site].store.take().unwrap_or(Store::Yes);
        if store == Store::UnknownLost {
            return Saved::Unknown;
        }
        if store == Store::No {
            self.rival(site);
        }
        let saved = self.rows.save(self.sites[site].lane, row);
        self.refused += usize::from(saved == Saved::Fenced);
        if store == Store::Unknown { Saved::Unknown } else { saved }
    }

    /// Another owner takes the row.
    fn rival(&mut self, site: usize) {
        let stored = self.load(site);
        let site = &mut self.sites[site];
        let row = LaneRow { rev: stored.rev + 1, epoch: site.next_epoch(), ..stored };
        site.rivals += 1;
        assert_eq!(self.rows.save(site.lane, &row), Saved::Yes, "the lease gave it the row");
    }

    /// A row from a backup is put back, into a store that knows nothing of what was written since.
    pub fn put(&mut self, site: usize, row: &LaneRow) {
        let lane = &mut self.sites[site].lane;
        lane.0 += ELSEWHERE;
        // Each revision is written over the one before it, the same in all else.
        for rev in 1..=row.rev {
            let row = LaneRow { rev, ..row.clone() };
            assert_eq!(self.rows.save(*lane, &row), Saved::Yes, "nobody writes there");
        }
    }

    /// The same world over other rows; [`Self::put`] brings what is to be there.
    pub fn with_rows<S>(&self, rows: S) -> World<K, S>
    where
        K: Clone,
    {
        World {
            now_ms: self.now_ms,
            log: self.log.clone(),
            folded: self.folded,
            know: self.know.clone(),
            sites: self.sites.clone(),
            rules: self.rules.clone(),
            sources: self.sources.clone(),
            is_ordered: self.is_ordered,
            rows,
            refused: self.refused,
            said: self.said.clone(),
            count: self.count,
        }
    }
}

/// What happens.
impl<K: Know, R: Rows> World<K, R> {
    /// A world in which `links` are linked from the beginning; `rows` know nothing of them.
    pub fn over(rows: R, know: K, links: usize, rules: Rules) -> Self {
        let mut world = Self {
            now_ms: 60_000,
            log: Vec::new(),
            folded: 0,
            know,
            sites: Vec::new(),
            rules,
            sources: Vec::new(),
            is_ordered: true,
            rows,
            refused: 0,
            said: BTreeMap::new(),
            count: 0,
        };
        for number in 0..links {
            let link = ChannelId(100 + number as u64);
            world.sites.push(Site::new(link));
            world.link(link, Linked::BEGINNING);
        }
        world.fold();
        world
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        self.sites.iter_mut().for_each(|site| site.channel.pass(now_ms));
    }

    /// The wall clock.
    pub fn wall(&self) -> Version {
        wall(self.now_ms)
    }

    /// The views come up with the log.
    pub fn fold(&mut self) {
        self.fold_to(self.log.len());
    }

    /// The views come up with the log as far as here.
    pub fn fold_to(&mut self, end: usize) {
        for at in self.folded..end {
            self.know.fold(&self.log[at]);
        }
        self.folded = self.folded.max(end);
    }

    /// An event comes onto the log.
    pub fn append(&mut self, channel: ChannelId, message: MessageId, version: Version, body: Body) {
        self.count += 1;
        let event = Event {
            id: EventId(uuid::Uuid::from_u128(self.count.into())),
            mirror: MIRROR,
            place: Place { channel, message, ..Place::default() },
            version,
            observed: version,
            producer: Producer::default(),
            body,
            raw: bytes::Bytes::new(),
        };
        self.log.push(event);
    }

    /// This channel is linked; sources since then are owed to it.
    pub fn link(&mut self, link: ChannelId, since: Version) {
        let linked = Linked { since, publishes: true, receives: true, ..Linked::default() };
        self.note(link, Body::Linked(linked));
    }

    /// An event about a channel or the mirror.
    pub fn note(&mut self, channel: ChannelId, body: Body) {
        let version = self.fresh_version();
        self.append(channel, MessageId(0), version, body);
    }

    fn fresh_version(&mut self) -> Version {
        self.pass(1);
        self.wall()
    }

    /// Somebody writes a message; its author's name tells it from all others.
    pub fn write(&mut self, channel: ChannelId, user: u64, text: &str) -> MessageId {
        self.write_reply(channel, user, text, None)
    }

    /// The same, as an answer.
    pub fn write_reply(
        &mut self,
        channel: ChannelId,
        user: u64,
        text: &str,
        reply_to: Option<ReplyTo>,
    ) -> MessageId {
        self.count += 1;
        let id = super::channel::id_at(self.now_ms, (1 << 21) + self.count);
        let name = format!("m{}", self.sources.len() + 1);
        let author = Author { id: UserId(user), name, ..Author::default() };
        let said = Some(text_of(text));
        let body = Created { author, said, reply_to, decor: Decor::default(), kind: 0, thread: None };
        self.append(channel, id, id.made(), Body::Created(body));
        self.sources.push(id);
        self.said.insert(id, channel);
        id
    }

    /// Its author makes it say something else.
    pub fn edit(&mut self, id: MessageId, text: &str) {
        let version = self.fresh_version();
        self.append(self.said[&id], id, version, Body::Edited(Edited { author: None, said: text_of(text) }));
    }

    /// It is removed where it was written.
    pub fn delete(&mut self, id: MessageId) {
        let version = self.wall();
        self.append(self.said[&id], id, version, Body::Deleted);
    }

    /// Copies of `source` that the first link's views know.
    pub fn know_copies(&self, source: MessageId) -> usize {
        self.know.known(self.sites[0].link, &[], source).held.copies.len()
    }

    /// Discord tells of removals in a link's channel.
    pub fn tell_deletions(&mut self) {
        for at in 0..self.sites.len() {
            let link = self.sites[at].link;
            for id in std::mem::take(&mut self.sites[at].channel.deletions) {
                let version = self.wall();
                self.append(link, id, version, Body::Deleted);
            }
        }
    }
}

fn text_of(text: &str) -> Said {
    Said { text: text.to_owned(), ..Said::default() }
}
