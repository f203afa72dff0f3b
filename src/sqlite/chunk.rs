//! The bytes of a commit: events in log order, stored mirror by mirror.
//!
//! ```text
//! chunk  = the events of one commit, one row; at most CHUNK_EVENTS_MAX, dense offsets
//! bytes  = ( length: u32 LE | place in the chunk: u16 LE | record )*     mirror by mirror
//! runs   = ( mirror: 16 bytes | start in bytes: u32 LE | length: u32 LE )*
//!
//! log order   A0 B1 A2 A3 C4 B5       bytes  A0 A2 A3 B1 B5 C4       runs  A B C
//! ```
//! One mirror alone is read without touching the bytes of others, and the whole log is read by putting each
//! record back at its place. Events are encoded where they will lie: nothing is copied or sorted afterwards.

use bytes::Bytes;
use events::codec::TooLarge;
use events::{Event, MirrorId};
use rustc_hash::FxHashMap;
use uuid::Uuid;

/// Events of one chunk at most; places fit a `u16`.
pub const CHUNK_EVENTS_MAX: usize = 1024;
/// A chunk takes no further event once it holds about so many bytes.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;
/// What an event takes besides its payload, about.
pub const EVENT_BYTES_TYPICAL: usize = 256;
/// Memory that is kept from one group to the next; those of usual size need no more.
const CHUNKS_KEPT_MAX: usize = 16;
const HEADER_BYTES: usize = 6;
const RUN_BYTES: usize = 24;

/// Chunks that are filled again and again: fresh large buffers cost a page fault per 4 KiB.
#[derive(Debug, Default)]
pub struct Chunks {
    chunks: Vec<Chunk>,
}

/// An event that no chunk may hold, by its place among those given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place.
    pub index: usize,
    /// Its encoded size.
    pub bytes: usize,
}

impl Chunks {
    /// Encodes `events`, in log order, into as many chunks as they need.
    ///
    /// # Errors
    /// At the first event that is too large.
    pub fn encode(&mut self, events: &[&Event]) -> Result<&[Chunk], Refused> {
        self.chunks.truncate(CHUNKS_KEPT_MAX);
        let (mut used, mut start) = (0, 0);
        while start < events.len() {
            let length = span(&events[start..]);
            if used == self.chunks.len() {
                self.chunks.push(Chunk::default());
            }
            let filled = self.chunks[used].fill(&events[start..start + length]);
            filled.map_err(|refused| Refused { index: start + refused.index, ..refused })?;
            (used, start) = (used + 1, start + length);
        }
        Ok(&self.chunks[..used])
    }

    /// The first `count` chunks, as they were encoded last.
    #[must_use]
    pub fn first(&self, count: usize) -> &[Chunk] {
        &self.chunks[..count.min(self.chunks.len())]
    }
}

/// How many of `events`, at least one, make a chunk.
fn span(events: &[&Event]) -> usize {
    let mut bytes = 0;
    let fits = events.iter().take(CHUNK_EVENTS_MAX).take_while(|event| {
        bytes += event.raw.len() + EVENT_BYTES_TYPICAL;
        bytes <= CHUNK_BYTES_MAX
    });
    fits.count().max(1)
}

/// The events of one commit.
#[derive(Debug, Default)]
pub struct Chunk {
    /// How many.
    pub count: usize,
    /// Their records.
    pub bytes: Vec<u8>,
    /// Where each mirror's lie.
    pub runs: Vec<u8>,
    run_of: FxHashMap<MirrorId, usize>,
    /// Places, by run.
    places: Vec<Vec<u16>>,
}

impl Chunk {
    fn fill(&mut self, events: &[&Event]) -> Result<(), Refused> {
        self.group(events);
        self.bytes.clear();
        self.runs.clear();
        for run in 0..self.run_of.len() {
            let start = self.bytes.len();
            for at in 0..self.places[run].len() {
                self.push(self.places[run][at], events)?;
            }
            let mirror = events[usize::from(self.places[run][0])].mirror;
            self.runs.extend_from_slice(mirror.0.as_bytes());
            self.runs.extend_from_slice(&(start as u32).to_le_bytes());
            self.runs.extend_from_slice(&((self.bytes.len() - start) as u32).to_le_bytes());
        }
        Ok(())
    }

    /// Finds the places of each run; runs are in the order of their first event.
    fn group(&mut self, events: &[&Event]) {
        self.count = events.len();
        self.run_of.clear();
        for (place, event) in events.iter().enumerate() {
            let next = self.run_of.len();
            let run = *self.run_of.entry(event.mirror).or_insert(next);
            if run == self.places.len() {
                self.places.push(Vec::new());
            }
            if run == next {
                self.places[run].clear();
            }
            self.places[run].push(place as u16);
        }
    }

    fn push(&mut self, place: u16, events: &[&Event]) -> Result<(), Refused> {
        let index = usize::from(place);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&place.to_le_bytes());
        events::codec::encode(events[index], &mut self.bytes)
            .map_err(|TooLarge { bytes }| Refused { index, bytes })?;
        let length = (self.bytes.len() - start - HEADER_BYTES) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

/// Where one mirror's records lie in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The mirror.
    pub mirror: MirrorId,
    /// Begin in [`Chunk::bytes`].
    pub start: u32,
    /// Bytes.
    pub length: u32,
}

impl Run {
    /// How many runs these bytes of [`Chunk::runs`] hold.
    #[must_use]
    pub fn count(runs: &[u8]) -> usize {
        runs.len() / RUN_BYTES
    }

    /// Reads [`Chunk::runs`].
    pub fn all(runs: &[u8]) -> impl Iterator<Item = Self> + '_ {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
        runs.chunks_exact(RUN_BYTES).map(move |run| Self {
            mirror: MirrorId(Uuid::from_slice(&run[..16]).unwrap_or_default()),
            start: number(&run[16..20]),
            length: number(&run[20..]),
        })
    }
}

/// The records of a chunk or a run, each with its place in the chunk. Ends early where the bytes are damaged;
/// [`Records::is_whole`] tells.
#[derive(Debug)]
pub struct Records {
    rest: Bytes,
    whole: bool,
}

impl Records {
    /// Of these bytes.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { rest: bytes, whole: true }
    }

    /// Whether all bytes so far were records.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

impl Iterator for Records {
    type Item = (u16, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let next = split_record(&mut self.rest);
        if next.is_none() {
            self.whole = false;
            self.rest = Bytes::new();
        }
        next
    }
}

fn split_record(rest: &mut Bytes) -> Option<(u16, Bytes)> {
    let (length, place) = rest.get(..HEADER_BYTES)?.split_at(4);
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let place = u16::from_le_bytes(place.try_into().ok()?);
    let end = HEADER_BYTES.checked_add(length).filter(|end| *end <= rest.len())?;
    let record = rest.split_to(end).slice(HEADER_BYTES..);
    Some((place, record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::codec::EVENT_BYTES_MAX;
    use events::{Body, EventId, Place, Producer, Version};

    fn event(mirror: u64, raw_bytes: usize) -> Event {
        Event {
            id: EventId::default(),
            mirror: MirrorId(Uuid::from_u64_pair(0, mirror)),
            place: Place::default(),
            version: Version(0),
            observed: Version(0),
            producer: Producer::default(),
            body: Body::Deleted,
            raw: Bytes::from(vec![mirror as u8; raw_bytes]),
        }
    }

    /// The mirrors' numbers in log order, and what each run then holds: mirror, places.
    fn check(mirrors: &[u64], wanted: &[(u64, &[u16])]) {
        let events: Vec<_> = mirrors.iter().map(|mirror| event(*mirror, 3)).collect();
        let mut chunks = Chunks::default();
        chunks.encode(&[&event(99, 100), &event(98, 100), &event(99, 1)]).expect("small events");
        let chunks = chunks.encode(&events.iter().collect::<Vec<_>>()).expect("small events");
        let [chunk] = chunks else { panic!("one chunk") };
        assert_eq!(chunk.count, mirrors.len());
        assert_eq!(Run::count(&chunk.runs), wanted.len());
        let found: Vec<_> = Run::all(&chunk.runs).map(|run| (run.mirror, places(chunk, run))).collect();
        let wanted: Vec<_> =
            wanted.iter().map(|(mirror, all)| (event(*mirror, 0).mirror, all.to_vec())).collect();
        assert_eq!(found, wanted);
    }

    fn places(chunk: &Chunk, run: Run) -> Vec<u16> {
        let range = run.start as usize..(run.start + run.length) as usize;
        let mut records = Records::new(Bytes::copy_from_slice(&chunk.bytes[range]));
        let places = records.by_ref().map(|(place, record)| {
            assert_eq!(events::codec::decode(&record).expect("a record").mirror, run.mirror);
            place
        });
        let places = places.collect();
        assert!(records.is_whole());
        places
    }

    #[test]
    fn events_lie_mirror_by_mirror() {
        check(&[1], &[(1, &[0])]);
        check(&[5, 5, 5], &[(5, &[0, 1, 2])]);
        check(&[1, 2, 1, 1, 3, 2], &[(1, &[0, 2, 3]), (2, &[1, 5]), (3, &[4])]);
    }

    fn lengths(events: &[Event]) -> Result<Vec<usize>, Refused> {
        let mut chunks = Chunks::default();
        let chunks = chunks.encode(&events.iter().collect::<Vec<_>>())?;
        Ok(chunks.iter().map(|chunk| chunk.count).collect())
    }

    #[test]
    fn chunks_keep_their_limits() {
        assert_eq!(lengths(&[]), Ok(vec![]));
        let small = vec![event(1, 0); 2 * CHUNK_EVENTS_MAX + 1];
        assert_eq!(lengths(&small), Ok(vec![CHUNK_EVENTS_MAX, CHUNK_EVENTS_MAX, 1]));
        // 200 KiB each: two fit 512 KiB, a third does not.
        let large = vec![event(1, 200 * 1024); 5];
        assert_eq!(lengths(&large), Ok(vec![2, 2, 1]));
        let mut one_too_large = large;
        one_too_large[3].raw = Bytes::from(vec![0; EVENT_BYTES_MAX]);
        let refused = lengths(&one_too_large).expect_err("too large");
        assert_eq!(refused.index, 3);
        assert!(refused.bytes > EVENT_BYTES_MAX);
    }

    #[test]
    fn damaged_bytes_end_a_run() {
        let (one, two) = (event(1, 3), event(1, 3));
        let mut chunks = Chunks::default();
        let chunk = &chunks.encode(&[&one, &two]).expect("small events")[0];
        let whole = Bytes::copy_from_slice(&chunk.bytes);
        for cut in 0..whole.len() {
            let mut records = Records::new(whole.slice(..cut));
            let found = records.by_ref().count();
            assert_eq!(records.is_whole(), cut == 0 || cut == whole.len() / 2, "cut at {cut}");
            assert_eq!(found, usize::from(cut >= whole.len() / 2), "cut at {cut}");
        }
    }
}
