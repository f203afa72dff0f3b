//! Pages of several channels, merged by id: pure.
//!
//! ```text
//! channel 1   10 13 17 ┐ read up to 17
//! channel 2   11       ┤ read up to 12     ──>  10 11, and 13 17 wait for channel 2
//! channel 3   (read)   ┘
//! ```
//! What lies before the place up to which every channel is read can be preceded by nothing. The channel that is behind
//! all others never waits, so that they cannot wait for each other for ever.

use events::{ChannelId, MessageId};
use std::collections::{BTreeMap, VecDeque};

/// What waits, by channel: of each the page that it gave last.
#[derive(Debug)]
pub struct Merge<T> {
    channels: BTreeMap<ChannelId, Source<T>>,
    is_open: bool,
}

#[derive(Debug)]
struct Source<T> {
    /// All up to here was given; `None`: it is read to the end.
    upto: Option<MessageId>,
    waiting: VecDeque<(MessageId, T)>,
}

impl<T> Source<T> {
    const fn unread() -> Self {
        Self { upto: Some(MessageId(0)), waiting: VecDeque::new() }
    }
}

impl<T> Merge<T> {
    /// Of these channels nothing is read yet.
    #[must_use]
    pub fn new(channels: impl IntoIterator<Item = ChannelId>) -> Self {
        let source = |channel| (channel, Source::unread());
        Self { channels: channels.into_iter().map(source).collect(), is_open: false }
    }

    /// These are read too. Nothing of the channel that they hang in may have been given yet: then nothing is late.
    pub fn join(&mut self, rooms: impl IntoIterator<Item = ChannelId>) {
        for room in rooms {
            self.channels.entry(room).or_insert_with(Source::unread);
        }
    }

    /// A channel is read up to here, and this was found, in order.
    pub fn give(
        &mut self,
        channel: ChannelId,
        upto: MessageId,
        found: impl IntoIterator<Item = (MessageId, T)>,
    ) {
        if let Some(source) = self.channels.get_mut(&channel) {
            source.upto = source.upto.map(|before| before.max(upto));
            source.waiting.extend(found);
        }
    }

    /// A channel is read as far as it can be: nobody waits for it any more.
    pub fn end(&mut self, channel: ChannelId) {
        if let Some(source) = self.channels.get_mut(&channel) {
            source.upto = None;
        }
    }

    /// Nobody waits for anybody any more.
    pub const fn open(&mut self) {
        self.is_open = true;
    }

    /// Whether nothing of a channel waits.
    #[must_use]
    pub fn is_drained(&self, channel: ChannelId) -> bool {
        self.channels.get(&channel).is_none_or(|source| source.waiting.is_empty())
    }

    /// What can be preceded by nothing any more, in order.
    pub fn ready(&mut self) -> Vec<T> {
        let behind = self.channels.values().filter_map(|source| source.upto).min();
        let upto = behind.filter(|_| !self.is_open).unwrap_or(MessageId(u64::MAX));
        let mut ready = Vec::new();
        for source in self.channels.values_mut() {
            let count = source.waiting.partition_point(|(id, _)| *id <= upto);
            ready.extend(source.waiting.drain(..count));
        }
        // Stable: what a channel has for one id stays in its order.
        ready.sort_by_key(|(id, _)| *id);
        ready.into_iter().map(|(_, found)| found).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Step {
        Give(u64, u64, &'static [u64]),
        End(u64),
        Open,
    }
    use Step::{End, Give, Open};

    /// What three channels are given, step by step | what is ready after each.
    #[test]
    fn table() {
        let rows: [(&[Step], &[&[u64]]); 8] = [
            (&[Give(1, 5, &[4, 5])], &[&[]]),
            (&[Give(1, 5, &[4, 5]), Give(2, 4, &[1, 3]), Give(3, 9, &[2])], &[&[], &[], &[1, 2, 3, 4]]),
            (&[End(2), End(3), Give(1, 5, &[4, 5])], &[&[], &[], &[4, 5]]),
            // A page may be empty, and still say how far its channel is read.
            (&[Give(1, 9, &[4, 9]), Give(2, 6, &[]), Give(3, 6, &[])], &[&[], &[], &[4]]),
            // What is given is out once its channel ends, but not before what others may still bring.
            (
                &[Give(1, 9, &[4, 9]), End(1), End(2), Give(3, 5, &[5]), End(3)],
                &[&[], &[], &[], &[4, 5], &[9]],
            ),
            (&[Give(1, 9, &[4, 9]), Give(2, 3, &[3]), Open, Give(2, 7, &[7])], &[&[], &[], &[3, 4, 9], &[7]]),
            // A channel that goes back holds nobody up again, and one that nobody knows does nothing.
            (
                &[End(2), End(3), Give(1, 5, &[]), Give(1, 2, &[2]), Give(8, 1, &[1])],
                &[&[], &[], &[], &[2], &[]],
            ),
            // Two things of one message stay as they are.
            (&[End(2), Give(1, 5, &[5, 5]), Give(3, 5, &[5])], &[&[], &[], &[5, 5, 5]]),
        ];
        for (row, (steps, wanted)) in rows.iter().enumerate() {
            let mut merge = Merge::new([1, 2, 3].map(ChannelId));
            let after = steps.iter().map(|step| {
                match step {
                    Give(channel, upto, ids) => {
                        let found = ids.iter().map(|id| (MessageId(*id), *id));
                        merge.give(ChannelId(*channel), MessageId(*upto), found);
                    }
                    End(channel) => merge.end(ChannelId(*channel)),
                    Open => merge.open(),
                }
                merge.ready()
            });
            assert_eq!(after.collect::<Vec<_>>(), *wanted, "row {row}");
        }
    }

    #[test]
    fn a_room_that_joins_is_waited_for() {
        let mut merge = Merge::new([1, 2].map(ChannelId));
        merge.give(ChannelId(2), MessageId(9), [(MessageId(8), 8)]);
        merge.join([ChannelId(3)]);
        merge.give(ChannelId(1), MessageId(7), [(MessageId(7), 7)]);
        assert_eq!(merge.ready(), [0_u64; 0]);
        merge.give(ChannelId(3), MessageId(6), [(MessageId(6), 6)]);
        assert_eq!(merge.ready(), [6]);
        merge.end(ChannelId(3));
        merge.end(ChannelId(1));
        assert_eq!(merge.ready(), [7, 8]);
    }

    /// Whatever the channels hold and however large their pages are: all comes, in order, and a page a channel waits.
    #[test]
    fn all_comes_in_order() {
        for seed in 1..200_u64 {
            let mut random = seed;
            let mut next = |below: u64| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let mut left: BTreeMap<ChannelId, VecDeque<u64>> =
                (0..4).map(|id| (ChannelId(id), VecDeque::new())).collect();
            for id in 1..100 {
                if let Some(channel) = left.get_mut(&ChannelId(next(4))) {
                    channel.push_back(id);
                }
            }
            let (mut merge, mut out) = (Merge::new(left.keys().copied()), Vec::new());
            while !left.is_empty() {
                let drained: Vec<_> =
                    left.keys().copied().filter(|channel| merge.is_drained(*channel)).collect();
                assert!(!drained.is_empty(), "seed {seed}: all wait for each other");
                let channel = drained[next(drained.len() as u64) as usize];
                let page = 1 + next(9) as usize;
                let rest = left.get_mut(&channel).unwrap();
                let page: Vec<_> = rest.drain(..page.min(rest.len())).map(|id| (MessageId(id), id)).collect();
                match page.last() {
                    Some((last, _)) => merge.give(channel, *last, page.clone()),
                    None => {
                        merge.end(channel);
                        left.remove(&channel);
                    }
                }
                out.extend(merge.ready());
            }
            assert_eq!(out, (1..100).collect::<Vec<_>>(), "seed {seed}");
        }
    }
}
