//! What the outbox holds, in bytes: a count of its own, for the file cannot tell it per event. Pure.
//!
//! ```text
//! partition   [ kept | kept | kept ][ waits | waits ]      a piece: an end, bytes, since when
//!               oldest goes first  ^ confirmed      ^ tail
//! ```

use crate::sqlite::Stretch;
use events::{Offset, Partition};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Commits are counted together up to so many bytes.
const PIECE_BYTES: u64 = 64 * 1024;
/// Confirmed pieces of about the same age are counted together.
const KEPT_TOGETHER: Duration = Duration::from_secs(1);

/// A part of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// The offset behind its last event.
    end: Offset,
    bytes: u64,
    /// Since when it waits, or is confirmed.
    since: Instant,
}

#[derive(Debug, Default)]
struct Account {
    kept: VecDeque<Piece>,
    waits: VecDeque<Piece>,
    /// Bytes that are counted, of those that this process wrote.
    counted: u64,
}

impl Account {
    fn end(&self) -> Offset {
        self.waits.back().or(self.kept.back()).map_or(Offset(0), |piece| piece.end)
    }
}

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: BTreeMap<Partition, Account>,
    /// Bytes of appends that are under way.
    promised: u64,
    waiting: u64,
    kept: u64,
}

impl Ledger {
    /// What lies in a partition when it is opened, and how far it is confirmed.
    pub(super) fn found(&mut self, at: Partition, stretches: &[Stretch], confirmed: Offset, now: Instant) {
        for stretch in stretches {
            self.add(at, Piece { end: stretch.end, bytes: stretch.bytes, since: now });
        }
        self.confirmed(at, confirmed, now);
    }

    /// Takes room for an append, if there is any: the last one may pass the limit.
    pub(super) fn promise(&mut self, bytes: u64, max: u64) -> bool {
        let fits = self.waiting + self.promised < max;
        if fits {
            self.promised += bytes;
        }
        fits
    }

    /// The append is over, whatever became of it.
    pub(super) fn settle(&mut self, bytes: u64) {
        self.promised = self.promised.saturating_sub(bytes);
    }

    /// The partition ends there now, and this process wrote so many bytes in all.
    pub(super) fn grew(&mut self, at: Partition, (end, written): (Offset, u64), now: Instant) {
        let account = self.accounts.entry(at).or_default();
        // Whoever looked earlier may come later.
        if written <= account.counted || end <= account.end() {
            return;
        }
        let bytes = written - account.counted;
        account.counted = written;
        self.add(at, Piece { end, bytes, since: now });
    }

    fn add(&mut self, at: Partition, piece: Piece) {
        self.waiting += piece.bytes;
        let waits = &mut self.accounts.entry(at).or_default().waits;
        match waits.back_mut() {
            Some(last) if last.bytes < PIECE_BYTES => {
                last.end = piece.end;
                last.bytes += piece.bytes;
            }
            Some(_) | None => waits.push_back(piece),
        }
    }

    /// All before `confirmed` is on the stream: what waited is kept. It may go back, where a stream lost something.
    pub(super) fn confirmed(&mut self, at: Partition, confirmed: Offset, now: Instant) {
        let account = self.accounts.entry(at).or_default();
        while let Some(piece) = account.kept.pop_back_if(|piece| piece.end > confirmed) {
            account.waits.push_front(piece);
            self.kept -= piece.bytes;
            self.waiting += piece.bytes;
        }
        while let Some(piece) = account.waits.pop_front_if(|piece| piece.end <= confirmed) {
            self.waiting -= piece.bytes;
            self.kept += piece.bytes;
            match account.kept.back_mut() {
                Some(last) if last.bytes < PIECE_BYTES && now - last.since < KEPT_TOGETHER => {
                    last.end = piece.end;
                    last.bytes += piece.bytes;
                }
                Some(_) | None => account.kept.push_back(Piece { since: now, ..piece }),
            }
        }
    }

    /// What may go: confirmed pieces that were kept long enough, and as many more as there is no room for.
    pub(super) fn expire(&mut self, keep: Duration, max: u64, now: Instant) -> BTreeMap<Partition, Offset> {
        let mut floors = BTreeMap::new();
        while let Some(at) = self.oldest_kept(keep, max, now) {
            let Some(piece) = self.accounts.get_mut(&at).and_then(|account| account.kept.pop_front()) else {
                break;
            };
            self.kept -= piece.bytes;
            floors.insert(at, piece.end);
        }
        floors
    }

    /// The partition whose oldest confirmed piece goes next.
    fn oldest_kept(&self, keep: Duration, max: u64, now: Instant) -> Option<Partition> {
        let fronts = self.accounts.iter().filter_map(|(at, account)| Some((at, account.kept.front()?)));
        let (at, piece) = fronts.min_by_key(|(_, piece)| piece.since)?;
        let goes = now - piece.since >= keep || self.waiting + self.kept > max;
        goes.then_some(*at)
    }

    /// Bytes that wait, and bytes that are confirmed and kept.
    pub(super) const fn bytes(&self) -> (u64, u64) {
        (self.waiting, self.kept)
    }

    /// Since when the oldest piece waits.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.accounts.values().filter_map(|account| account.waits.front()).map(|piece| piece.since).min()
    }

    /// Whether the partition holds something, confirmed or not.
    pub(super) fn holds(&self, at: Partition) -> bool {
        self.accounts.get(&at).is_some_and(|account| !account.kept.is_empty() || !account.waits.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Partition = Partition(3);
    const KEEP: Duration = Duration::from_secs(600);

    #[test]
    fn what_is_confirmed_makes_room_and_is_kept_for_a_while() {
        let start = Instant::now();
        let mut ledger = Ledger::default();
        assert!(ledger.promise(60, 100) && ledger.promise(60, 100));
        assert!(!ledger.promise(1, 100), "120 are promised already");
        ledger.grew(P, (Offset(2), 70), start);
        ledger.settle(60);
        ledger.grew(P, (Offset(1), 40), start);
        assert_eq!(ledger.bytes(), (70, 0), "who looked earlier and comes later changes nothing");
        assert!(!ledger.promise(1, 100));
        ledger.settle(60);
        assert!(ledger.promise(0, 100));
        ledger.confirmed(P, Offset(1), start);
        assert_eq!(ledger.bytes(), (70, 0), "a piece waits until all of it is confirmed");
        ledger.confirmed(P, Offset(2), start);
        assert_eq!((ledger.bytes(), ledger.oldest()), ((0, 70), None));
        assert!(ledger.promise(1000, 100), "larger than all there is");
        assert_eq!(ledger.expire(KEEP, 100, start), BTreeMap::new());
        assert_eq!(ledger.expire(KEEP, 100, start + KEEP), BTreeMap::from([(P, Offset(2))]));
        assert!(!ledger.holds(P));
    }

    #[test]
    fn what_the_stream_lost_waits_again() {
        let start = Instant::now();
        let mut ledger = Ledger::default();
        let stretches = [(10, 70_000), (20, 70_000), (30, 70_000)];
        let stretches = stretches.map(|(end, bytes)| Stretch { end: Offset(end), bytes });
        ledger.found(P, &stretches, Offset(20), start);
        assert_eq!(ledger.bytes(), (70_000, 140_000));
        ledger.confirmed(P, Offset(12), start);
        assert_eq!(ledger.bytes(), (140_000, 70_000));
        ledger.confirmed(P, Offset(30), start);
        assert_eq!(ledger.bytes(), (0, 210_000));
    }

    #[test]
    fn without_room_what_is_kept_goes_first_and_what_waits_stays() {
        let start = Instant::now();
        let mut ledger = Ledger::default();
        let stretch = |end| Stretch { end: Offset(end), bytes: 70_000 };
        ledger.found(P, &[stretch(1), stretch(2), stretch(3)], Offset(2), start);
        assert_eq!(ledger.expire(KEEP, 150_000, start), BTreeMap::from([(P, Offset(1))]));
        assert_eq!(ledger.expire(KEEP, 1, start), BTreeMap::from([(P, Offset(2))]));
        assert_eq!(ledger.bytes(), (70_000, 0));
    }
}
