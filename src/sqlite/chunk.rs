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
use std::ops::Range;

/// Events of one chunk at most; places fit a `u16`.
pub const CHUNK_EVENTS_MAX: usize = 1024;
/// A chunk of more than one event holds no more record bytes than this.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;
/// Memory that is kept between groups: those of usual size need no more.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;
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

    /// Forgets them all and keeps the memory, up to a limit, for the next.
    pub fn clear(&mut self) {
        self.truncate(0);
        self.bytes.shrink_to(KEPT_BYTES_MAX);
    }

    /// Cuts them into chunks, the first beginning at `first`.
    #[must_use]
    pub fn spans(&self, first: Offset) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut begin = 0;
        for at in 0..self.len() {
            let begun = spans.last_mut().filter(|span| !span.is_full(self.ends[at].1 - begin));
            if let Some(span) = begun {
                span.events.end = at + 1;
            } else {
                begin = self.start(at);
                spans.push(Span { first: Offset(first.0 + at as u64), events: at..at + 1 });
            }
        }
        spans
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before].1)
    }
}

/// Events that make one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The offset of its first event.
    pub first: Offset,
    /// Which of the [`Encoded`] events.
    pub events: Range<usize>,
}

impl Span {
    /// Whether it takes no event that makes it so many bytes.
    fn is_full(&self, bytes: usize) -> bool {
        self.events.len() >= CHUNK_EVENTS_MAX || bytes > CHUNK_BYTES_MAX
    }
}

/// The events of one commit, mirror by mirror. Filled again and again: its memory is kept.
#[derive(Debug, Default)]
pub struct Chunk {
    runs: Vec<Run>,
    run_of: FxHashMap<MirrorId, usize>,
    /// The run of each event.
    run_at: Vec<usize>,
    bytes: Vec<u8>,
}

/// The events of one mirror in a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The mirror.
    pub mirror: MirrorId,
    /// The place of its first event in the chunk.
    pub place: u16,
    bytes: Range<usize>,
}

impl Chunk {
    /// Takes the events of `span` in place of what it held.
    pub fn fill(&mut self, encoded: &Encoded, span: &Span) {
        self.measure(encoded, span);
        let mut end = 0;
        for run in &mut self.runs {
            let length = run.bytes.len();
            run.bytes = end..end;
            end += length;
        }
        self.bytes.resize(end, 0);
        for (place, at) in span.events.clone().enumerate() {
            let record = &encoded.bytes[encoded.start(at)..encoded.ends[at].1];
            let filled = &mut self.runs[self.run_at[place]].bytes.end;
            let slot = &mut self.bytes[*filled..*filled + HEADER_BYTES + record.len()];
            *filled += slot.len();
            slot[..4].copy_from_slice(&(record.len() as u32).to_le_bytes());
            slot[4..HEADER_BYTES].copy_from_slice(&(place as u16).to_le_bytes());
            slot[HEADER_BYTES..].copy_from_slice(record);
        }
    }

    /// Finds the runs and their lengths.
    fn measure(&mut self, encoded: &Encoded, span: &Span) {
        self.runs.clear();
        self.run_of.clear();
        self.run_at.clear();
        for (place, at) in span.events.clone().enumerate() {
            let (mirror, end) = encoded.ends[at];
            let runs = &mut self.runs;
            let run = *self.run_of.entry(mirror).or_insert_with(|| {
                runs.push(Run { mirror, place: place as u16, bytes: 0..0 });
                runs.len() - 1
            });
            self.runs[run].bytes.end += HEADER_BYTES + end - encoded.start(at);
            self.run_at.push(run);
        }
    }

    /// The runs by first event, each with its bytes.
    pub fn runs(&self) -> impl Iterator<Item = (&Run, &[u8])> {
        self.runs.iter().map(|run| (run, &self.bytes[run.bytes.clone()]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use events::{Body, EventId, Place, Producer, Version};
    use uuid::Uuid;

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

    fn encode(events: &[Event]) -> Encoded {
        let mut encoded = Encoded::default();
        events.iter().for_each(|event| encoded.push(event).expect("a small event"));
        encoded
    }

    /// The mirrors' numbers by place, and the runs by mirror and first place.
    fn check(mirrors: &[u64], runs: &[(u64, u16, &[u16])]) {
        let encoded = encode(&mirrors.iter().map(|mirror| event(*mirror, 3)).collect::<Vec<_>>());
        let spans = encoded.spans(Offset(70));
        assert_eq!(spans, [Span { first: Offset(70), events: 0..mirrors.len() }]);
        let mut chunk = Chunk::default();
        chunk.fill(&encode(&[event(99, 100), event(98, 100)]), &Span { first: Offset(0), events: 0..2 });
        chunk.fill(&encoded, &spans[0]);
        let found: Vec<_> = chunk
            .runs()
            .map(|(run, bytes)| {
                let records = Records::new(Bytes::copy_from_slice(bytes));
                let places: Vec<u16> =
                    records.map(|(place, record)| check_record(run, place, &record)).collect();
                (run.mirror.0.as_u64_pair().1, run.place, places)
            })
            .collect();
        let wanted: Vec<_> =
            runs.iter().map(|(mirror, first, all)| (*mirror, *first, all.to_vec())).collect();
        assert_eq!(found, wanted);
    }

    fn check_record(run: &Run, place: u16, record: &Bytes) -> u16 {
        assert_eq!(events::codec::decode(record).expect("a record").mirror, run.mirror);
        place
    }

    #[test]
    fn events_lie_mirror_by_mirror() {
        check(&[1], &[(1, 0, &[0])]);
        check(&[5, 5, 5], &[(5, 0, &[0, 1, 2])]);
        check(&[1, 2, 1, 1, 3, 2], &[(1, 0, &[0, 2, 3]), (2, 1, &[1, 5]), (3, 4, &[4])]);
    }

    #[test]
    fn chunks_keep_their_limits() {
        let lengths = |events: Vec<Event>| -> Vec<usize> {
            encode(&events).spans(Offset(0)).iter().map(|span| span.events.len()).collect()
        };
        assert_eq!(lengths(vec![]), [0; 0]);
        assert_eq!(
            lengths(vec![event(1, 0); 2 * CHUNK_EVENTS_MAX + 1]),
            [CHUNK_EVENTS_MAX, CHUNK_EVENTS_MAX, 1]
        );
        // 200 KiB each: two fit 512 KiB, a third does not.
        assert_eq!(lengths(vec![event(1, 200 * 1024); 5]), [2, 2, 1]);
        let firsts: Vec<_> =
            encode(&vec![event(1, 200 * 1024); 5]).spans(Offset(7)).iter().map(|s| s.first.0).collect();
        assert_eq!(firsts, [7, 9, 11]);
    }

    #[test]
    fn damaged_bytes_end_a_run() {
        let encoded = encode(&[event(1, 3), event(1, 3)]);
        let mut chunk = Chunk::default();
        chunk.fill(&encoded, &encoded.spans(Offset(0))[0]);
        let whole = Bytes::copy_from_slice(chunk.runs().next().expect("a run").1);
        for cut in 0..whole.len() {
            let mut records = Records::new(whole.slice(..cut));
            let found = records.by_ref().count();
            assert_eq!(records.is_whole(), cut == 0 || cut == whole.len() / 2, "cut at {cut}");
            assert_eq!(found, usize::from(cut >= whole.len() / 2), "cut at {cut}");
        }
    }
}
