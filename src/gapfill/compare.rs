//! What history shows, compared with what is known: pure.

use events::{Body, ChannelId, Event, MessageId, Version};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound::{Excluded, Unbounded};

/// What is known of one message of a channel, a source or a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its author and first words are known. Never of a copy.
    pub written: bool,
    /// The version of its last edit that is known, or zero.
    pub edited: Version,
    /// It is known to be gone.
    pub gone: bool,
    /// The thread of the channel that it stands in.
    pub thread: Option<ChannelId>,
}

/// What is known of a channel's recent past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its messages.
    pub entries: BTreeMap<MessageId, Entry>,
    /// There are older ones, which are not compared.
    pub older: bool,
    /// Threads that were there when they were last seen.
    pub threads: BTreeSet<ChannelId>,
}

impl Known {
    /// Keeps the newest.
    pub fn limit(&mut self, max: usize) {
        while self.entries.len() > max {
            self.entries.pop_first();
            self.older = true;
        }
    }

    /// What stands in the channel itself, and what in each of its threads.
    #[must_use]
    pub fn by_room(self, channel: ChannelId) -> BTreeMap<ChannelId, Self> {
        let mut rooms = BTreeMap::from([(channel, Self { older: self.older, ..Self::default() })]);
        let threads = self.threads.into_iter();
        rooms.extend(threads.map(|thread| (thread, Self::default())));
        for (id, entry) in self.entries {
            rooms.entry(entry.thread.unwrap_or(channel)).or_default().entries.insert(id, entry);
        }
        rooms
    }

    /// Which of the events of one message that history shows say anything new. `heard`: what was said before is on
    /// the log, but for what Discord never sent.
    #[must_use]
    pub fn news(&self, events: Vec<Event>, heard: MessageId) -> Vec<Event> {
        let is_news = |event: &Event| {
            let id = event.place.message;
            let entry = self.entries.get(&id).copied().unwrap_or_default();
            match event.body {
                Body::Created(_) => !entry.written,
                Body::Edited(_) => event.version > entry.edited,
                // A system message is the same thing again, in other words.
                Body::Other(_) => id > heard,
                Body::Refreshed(_)
                | Body::Deleted
                | Body::Receipt(_)
                | Body::Declared(_)
                | Body::Linked(_)
                | Body::Cut
                | Body::Restored
                | Body::RoleGranted(_)
                | Body::RoleRevoked(_)
                | Body::Gap(_)
                | Body::Consent(_)
                | Body::Thread(_) => true,
            }
        };
        events.into_iter().filter(is_news).collect()
    }
}

/// One channel's pages, read in order.
#[derive(Debug)]
pub struct Comparison<'a> {
    known: &'a Known,
    at: MessageId,
}

impl<'a> Comparison<'a> {
    /// Begins behind `start`.
    #[must_use]
    pub const fn new(known: &'a Known, start: MessageId) -> Self {
        Self { known, at: start }
    }

    /// Up to where pages were read.
    #[must_use]
    pub const fn at(&self) -> MessageId {
        self.at
    }

    /// Takes the next page, oldest first: what is known, lies before its end and is not in it, is gone. History that
    /// shows something newer shows this too, if it is there.
    pub fn page(&mut self, seen: &[MessageId]) -> Vec<MessageId> {
        let Some(last) = seen.last().copied().filter(|last| *last > self.at) else { return Vec::new() };
        let there: HashSet<_> = seen.iter().collect();
        let between = self.known.entries.range((Excluded(self.at), Excluded(last)));
        let missing = between.filter(|(id, entry)| !entry.gone && !there.contains(id));
        let missing = missing.map(|(id, _)| *id).collect();
        self.at = last;
        missing
    }

    /// What is known behind the last page's end: gone, or not shown yet, or history is hidden. To be asked one by one.
    #[must_use]
    pub fn doubtful(&self) -> Vec<MessageId> {
        let behind = self.known.entries.range((Excluded(self.at), Unbounded));
        behind.filter(|(_, entry)| !entry.gone).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u64]) -> Vec<MessageId> {
        ids.iter().copied().map(MessageId).collect()
    }

    fn known(live: &[u64], gone: &[u64]) -> Known {
        let entry = |gone| Entry { written: true, gone, ..Entry::default() };
        let live = live.iter().map(|id| (MessageId(*id), entry(false)));
        let gone = gone.iter().map(|id| (MessageId(*id), entry(true)));
        Known { entries: live.chain(gone).collect(), ..Known::default() }
    }

    /// Known live, known gone | start | pages | sure to be gone | doubtful.
    #[test]
    fn table() {
        type Row<'a> = (&'a [u64], &'a [u64], u64, &'a [&'a [u64]], &'a [u64], &'a [u64]);
        let rows: [Row<'_>; 9] = [
            (&[], &[], 0, &[], &[], &[]),
            (&[1, 2, 3], &[], 0, &[&[1, 2, 3]], &[], &[]),
            (&[1, 2, 3], &[], 0, &[&[1, 3]], &[2], &[]),
            (&[1, 2, 3], &[], 0, &[&[1, 4]], &[2, 3], &[]),
            (&[1, 2, 3], &[], 0, &[&[1]], &[], &[2, 3]),
            (&[1, 2, 3], &[], 0, &[&[]], &[], &[1, 2, 3]),
            (&[1, 2, 3], &[], 1, &[&[3]], &[2], &[]),
            (&[1, 3], &[2], 0, &[&[1], &[5]], &[3], &[]),
            (&[1, 2, 3, 4, 5], &[], 0, &[&[2, 3], &[4]], &[1], &[5]),
        ];
        for (live, gone, start, pages, sure, doubtful) in rows {
            let known = known(live, gone);
            let mut comparison = Comparison::new(&known, MessageId(start));
            let found: Vec<_> = pages.iter().flat_map(|page| comparison.page(&ids(page))).collect();
            let found = (found, comparison.doubtful());
            assert_eq!(found, (ids(sure), ids(doubtful)), "{live:?} {gone:?} {start} {pages:?}");
        }
    }

    #[test]
    fn a_page_that_goes_back_proves_nothing() {
        let known = known(&[3, 4], &[]);
        let mut comparison = Comparison::new(&known, MessageId(0));
        assert_eq!(comparison.page(&ids(&[3, 4])), ids(&[]));
        assert_eq!(comparison.page(&ids(&[2])), ids(&[]));
        assert_eq!(comparison.at(), MessageId(4));
    }

    #[test]
    fn only_the_newest_are_compared() {
        let mut known = known(&[1, 2, 3], &[]);
        known.limit(3);
        assert!(!known.older);
        known.limit(2);
        assert_eq!((known.entries.len(), known.older), (2, true));
        assert!(known.entries.contains_key(&MessageId(3)));
    }
}
