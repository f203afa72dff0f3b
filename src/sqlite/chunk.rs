//! The bytes of a commit: events in log order, stored mirror by mirror.
//!
//! ```text
//! chunk  = the events of one commit, at most CHUNK_EVENTS_MAX; dense offsets from `first`
//! run    = those of one mirror in it; one row each, keyed by the offset of its first event
//! run's bytes = ( length: u32 LE | place in the chunk: u16 LE | record )*
//!
//! log order   A0 B1 A2 A3 C4 B5       rows   A: 0 2 3    B: 1 5    C: 4
//! ```
//! One mirror alone is read without touching the bytes of others, and the whole log is read by putting each
//! record back at its place.

use bytes::Bytes;
use events::codec::TooLarge;
use events::{Event, MirrorId, Offset};
use rustc_hash::FxHashMap;

/// Events of one chunk at most; places fit a `u16`.
pub const CHUNK_EVENTS_MAX: usize = 1024;
/// A chunk takes no further event once it holds so many bytes.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;
const HEADER_BYTES: usize = 6;

/// Encoded events in log order, on their way into chunks.
#[derive(Debug, Default)]
pub struct Encoded {
    bytes: Vec<u8>,
    /// Whose each is, and where it ends in `bytes`.
    ends: Vec<(MirrorId, usize)>,
}

impl Encoded {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds an event.
    ///
    /// # Errors
    /// When it is over the limit; nothing is added.
    pub fn push(&mut self, event: &Event) -> Result<(), TooLarge> {
        let start = self.bytes.len();
        if let Err(error) = events::codec::encode(event, &mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.ends.push((event.mirror, self.bytes.len()));
        Ok(())
    }

    /// Forgets all but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.ends.last().map_or(0, |(_, end)| *end));
    }

    /// Cuts them into chunks, the first beginning at `first`.
    #[must_use]
    pub fn chunks(&self, first: Offset) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut start = 0;
        for (at, (mirror, end)) in self.ends.iter().enumerate() {
            if chunks.last().is_none_or(Chunk::is_full) {
                chunks.push(Chunk::new(Offset(first.0 + at as u64)));
            }
            if let Some(chunk) = chunks.last_mut() {
                chunk.push(*mirror, &self.bytes[start..*end]);
            }
            start = *end;
        }
        chunks
    }
}

/// The events of one commit.
#[derive(Debug)]
pub struct Chunk {
    /// The offset of its first event.
    pub first: Offset,
    /// How many events.
    pub count: u16,
    /// Mirror by mirror, by first event.
    pub runs: Vec<Run>,
    bytes: usize,
    run_of: FxHashMap<MirrorId, usize>,
}

/// The events of one mirror in a chunk.
#[derive(Debug)]
pub struct Run {
    /// The mirror.
    pub mirror: MirrorId,
    /// The place of its first event in the chunk.
    pub place: u16,
    /// Length, place and record of each.
    pub bytes: Vec<u8>,
}

impl Chunk {
    fn new(first: Offset) -> Self {
        Self { first, count: 0, runs: Vec::new(), bytes: 0, run_of: FxHashMap::default() }
    }

    fn is_full(&self) -> bool {
        usize::from(self.count) >= CHUNK_EVENTS_MAX || self.bytes >= CHUNK_BYTES_MAX
    }

    fn push(&mut self, mirror: MirrorId, record: &[u8]) {
        let (place, runs) = (self.count, &mut self.runs);
        let at = *self.run_of.entry(mirror).or_insert_with(|| {
            runs.push(Run { mirror, place, bytes: Vec::new() });
            runs.len() - 1
        });
        let bytes = &mut self.runs[at].bytes;
        bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&place.to_le_bytes());
        bytes.extend_from_slice(record);
        self.count += 1;
        self.bytes += record.len() + HEADER_BYTES;
    }
}

/// The records of a run, each with its place in the chunk. Ends early where the bytes are damaged;
/// [`Records::is_whole`] tells.
#[derive(Debug)]
pub struct Records {
    rest: Bytes,
    whole: bool,
}

impl Records {
    /// Of these bytes of a [`Run`].
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
