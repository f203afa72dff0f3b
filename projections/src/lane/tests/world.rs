//! The world around lanes: a clock, a log, what the views know of it, and per link a channel and a row.

use super::channel::{Channel, Fate, wall};
use super::know::{Know, MIRROR};
use crate::lane::{LaneRow, Rules};
use crate::lanes::Saved;
use events::event::{Author, Created, Decor, Edited, Linked, ReplyTo, Said};
use events::{Body, ChannelId, Event, EventId, MessageId, Place, Producer, UserId, Version};
use std::collections::BTreeMap;

/// Where the messages are written.
pub(super) const SOURCE: ChannelId = ChannelId(1);

/// What the store does with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Store {
    /// Writes if the condition holds, and says so.
    Yes,
    /// Another owner took the row just before.
    No,
    /// Writes if the condition holds; the answer is lost.
    Unknown,
    /// Writes nothing; the answer is lost.
    UnknownLost,
}

/// One link: its channel, its row, and what goes wrong next.
#[derive(Clone)]
pub(super) struct Site {
    pub link: ChannelId,
    pub channel: Channel,
    /// As stored: without what is not stored.
    row: LaneRow,
    /// All events before this one are done by the lane.
    pub done: usize,
    pub fate: Option<Fate>,
    pub store: Option<Store>,
    /// How often another took the row.
    pub rivals: usize,
    epochs: u64,
}

impl Site {
    pub(super) fn load(&self) -> LaneRow {
        self.row.clone()
    }

    pub(super) fn put(&mut self, row: &LaneRow) {
        self.row = LaneRow { claim: 0, ..row.clone() };
    }

    /// The epoch of the next owner: the lease gives each one of its own.
    pub(super) fn next_epoch(&mut self) -> u64 {
        self.epochs += 1;
        self.epochs
    }

    /// The conditional write, as documented at [`crate::lanes::Lanes::save`].
    pub(super) fn save(&mut self, row: &LaneRow) -> Saved {
        let store = self.store.take().unwrap_or(Store::Yes);
        if store == Store::UnknownLost {
            return Saved::Unknown;
        }
        let mut stored = self.load();
        if store == Store::No {
            stored.epoch = self.next_epoch();
            stored.rev += 1;
            self.rivals += 1;
            self.put(&stored);
        }
        let holds = row.follows(&stored);
        if holds {
            self.put(row);
        }
        match (store, holds) {
            (Store::Unknown, _) => Saved::Unknown,
            (_, true) => Saved::Yes,
            (_, false) => Saved::Fenced,
        }
    }
}

#[derive(Clone)]
pub(super) struct World<K> {
    pub now_ms: u64,
    pub log: Vec<Event>,
    pub folded: usize,
    pub know: K,
    pub sites: Vec<Site>,
    pub rules: Rules,
    /// Source messages in the order of the log.
    pub sources: Vec<MessageId>,
    /// No old message was owed again: copies are in the order of the log.
    pub is_ordered: bool,
    /// Where each was written.
    said: BTreeMap<MessageId, ChannelId>,
    count: u64,
}

impl<K: Know> World<K> {
    /// A world in which `links` are linked from the beginning.
    pub(super) fn new(know: K, links: usize, rules: Rules) -> Self {
        let mut world = Self {
            now_ms: 60_000,
            log: Vec::new(),
            folded: 0,
            know,
            sites: Vec::new(),
            rules,
            sources: Vec::new(),
            is_ordered: true,
            said: BTreeMap::new(),
            count: 0,
        };
        for number in 0..links {
            let link = ChannelId(100 + number as u64);
            let site = Site {
                link,
                channel: Channel::default(),
                row: LaneRow::default(),
                done: 0,
                fate: None,
                store: None,
                rivals: 0,
                epochs: 0,
            };
            world.sites.push(site);
            world.link(link, Linked::BEGINNING);
        }
        world.fold();
        world
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        self.sites.iter_mut().for_each(|site| site.channel.pass(now_ms));
    }

    pub(super) fn wall(&self) -> Version {
        wall(self.now_ms)
    }

    /// The views come up with the log.
    pub(super) fn fold(&mut self) {
        self.fold_to(self.log.len());
    }

    pub(super) fn fold_to(&mut self, end: usize) {
        for at in self.folded..end {
            self.know.fold(&self.log[at]);
        }
        self.folded = self.folded.max(end);
    }

    pub(super) fn append(&mut self, channel: ChannelId, message: MessageId, version: Version, body: Body) {
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

    pub(super) fn link(&mut self, link: ChannelId, since: Version) {
        let linked = Linked { since, publishes: true, receives: true, ..Linked::default() };
        self.note(link, Body::Linked(linked));
    }

    /// An event about a channel or the mirror.
    pub(super) fn note(&mut self, channel: ChannelId, body: Body) {
        let version = self.fresh_version();
        self.append(channel, MessageId(0), version, body);
    }

    fn fresh_version(&mut self) -> Version {
        self.pass(1);
        self.wall()
    }

    /// Somebody writes a message; its author's name tells it from all others.
    pub(super) fn write(&mut self, channel: ChannelId, user: u64, text: &str) -> MessageId {
        self.write_reply(channel, user, text, None)
    }

    pub(super) fn write_reply(
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
        let body = Created { author, said, reply_to, decor: Decor::default(), kind: 0 };
        self.append(channel, id, id.made(), Body::Created(body));
        self.sources.push(id);
        self.said.insert(id, channel);
        id
    }

    pub(super) fn edit(&mut self, id: MessageId, text: &str) {
        let version = self.fresh_version();
        self.append(self.said[&id], id, version, Body::Edited(Edited { author: None, said: text_of(text) }));
    }

    pub(super) fn delete(&mut self, id: MessageId) {
        let version = self.wall();
        self.append(self.said[&id], id, version, Body::Deleted);
    }

    /// Copies of `source` that the first link's views know.
    pub(super) fn know_copies(&self, source: MessageId) -> usize {
        self.know.known(self.sites[0].link, &[], source).held.copies.len()
    }

    /// Discord tells of removals in a link's channel.
    pub(super) fn tell_deletions(&mut self) {
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
