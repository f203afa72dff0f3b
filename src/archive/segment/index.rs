//! From the bytes of a segment to records: all of them, or one mirror's.

use super::{
    Counts, FRAME_BYTES_MAX, Fields, HEAD_BYTES, Head, MAGIC, RECORD_HEAD_BYTES, STORED_BYTES_MAX,
    SegmentError, TAIL_BYTES, xxh3_128,
};
use bytes::Bytes;
use events::log::Entry;
use events::{MirrorId, Offset};
use std::ops::Range;
use uuid::Uuid;

/// Bytes of the index per frame, and per mirror.
const ROW_BYTES: usize = 28;

/// What is in a segment and where. Read from its two ends alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// What it says of itself.
    pub head: Head,
    frames: Vec<Frame>,
    /// By mirror.
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// Where its stored bytes begin.
    at: u64,
    stored: u32,
    unpacked: u32,
    records: u32,
    sum: u128,
}

/// Where the records of one mirror lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The mirror; nil for records that cannot be read.
    pub mirror: MirrorId,
    frame: u32,
    start: u32,
    /// So many records.
    pub count: u32,
}

const CUT: SegmentError = SegmentError::Damaged("it is cut short");

impl Index {
    /// Where index and tail lie in a segment of `length` bytes that begins with `head`.
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn place(head: &[u8], length: u64) -> Result<Range<u64>, SegmentError> {
        let (_, counts) = Head::decode_with_counts(head)?;
        if length > STORED_BYTES_MAX {
            return Err(SegmentError::Damaged("it is longer than a segment can be"));
        }
        let behind =
            (u64::from(counts.frames) + u64::from(counts.runs)) * ROW_BYTES as u64 + TAIL_BYTES as u64;
        let start = length.checked_sub(behind).filter(|start| *start > HEAD_BYTES as u64).ok_or(CUT)?;
        Ok(start..length)
    }

    /// Reads head and index; `end` is what lies at [`Index::place`].
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn decode(head: &[u8], end: &[u8], length: u64) -> Result<Self, SegmentError> {
        let place = Self::place(head, length)?;
        let (head, counts) = Head::decode_with_counts(head)?;
        let rows_bytes = end.len().checked_sub(TAIL_BYTES).ok_or(CUT)?;
        let (rows, tail) = end.split_at(rows_bytes);
        let mut tail = Fields(tail);
        let (sum, _whole, said, magic) = (tail.u128()?, tail.u128()?, tail.u64()?, tail.take::<8>()?);
        if magic != MAGIC || said != length || end.len() as u64 != place.end - place.start {
            return Err(CUT);
        }
        if xxh3_128(rows) != sum {
            return Err(SegmentError::Damaged("its index does not match its checksum"));
        }
        let mut rows = Fields(rows);
        let frames = frames(&mut rows, counts, place.start)?;
        let runs = runs(&mut rows, counts, &frames)?;
        let counted = frames.iter().map(|frame| u64::from(frame.records)).sum::<u64>();
        let owned = runs.iter().map(|run| u64::from(run.count)).sum::<u64>();
        if counted != head.count || owned != head.count {
            return Err(SegmentError::Damaged("its index does not count what its head does"));
        }
        Ok(Self { head, frames, runs })
    }

    /// Reads head and index of a whole segment.
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn of(bytes: &[u8]) -> Result<Self, SegmentError> {
        let place = Self::place(bytes, bytes.len() as u64)?;
        // Below the limit of a segment: it fits.
        let end = bytes.get(place.start as usize..).ok_or(CUT)?;
        Self::decode(bytes, end, bytes.len() as u64)
    }

    /// The mirrors in it.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Where a mirror's records lie.
    #[must_use]
    pub fn run(&self, mirror: MirrorId) -> Option<Run> {
        let at = self.runs.binary_search_by_key(&mirror, |run| run.mirror).ok()?;
        self.runs.get(at).copied()
    }

    /// All records of a whole segment, in the order of their offsets.
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn all(&self, bytes: &Bytes) -> Result<Vec<Entry>, SegmentError> {
        // Below SEGMENT_EVENTS_MAX, as the head was checked.
        let mut entries = Vec::with_capacity(self.head.count as usize);
        let mut unpacker = zstd::bulk::Decompressor::new().map_err(|_| UNPACK)?;
        for frame in &self.frames {
            let stored = bytes.get(frame.range()).ok_or(CUT)?;
            self.read_frame(frame, stored, &mut unpacker, &mut entries)?;
        }
        entries.sort_unstable_by_key(|entry| entry.offset);
        let rising = entries.windows(2).all(|two| two[0].offset < two[1].offset);
        let ends = (entries.first().map(|entry| entry.offset), entries.last().map(|entry| entry.offset));
        if !rising || ends != (Some(self.head.first.offset), Some(self.head.last.offset)) {
            return Err(SegmentError::Damaged("its offsets are not in order"));
        }
        Ok(entries)
    }

    /// Which bytes of the segment hold a run.
    #[must_use]
    pub fn bytes_of(&self, run: Run) -> Range<u64> {
        let frames = self.frames_of(run);
        let start = frames.first().map_or(0, |frame| frame.at);
        start..frames.last().map_or(start, |frame| frame.at + u64::from(frame.stored))
    }

    /// One mirror's records; `bytes` is what lies at [`Index::bytes_of`].
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn one(&self, run: Run, bytes: &Bytes) -> Result<Vec<Entry>, SegmentError> {
        let place = self.bytes_of(run);
        let mut unpacker = zstd::bulk::Decompressor::new().map_err(|_| UNPACK)?;
        let mut entries = Vec::new();
        for frame in self.frames_of(run) {
            let start = (frame.at - place.start) as usize;
            let stored = bytes.get(start..start + frame.stored as usize).ok_or(CUT)?;
            self.read_frame(frame, stored, &mut unpacker, &mut entries)?;
        }
        let own: Vec<_> = entries.into_iter().skip(run.start as usize).take(run.count as usize).collect();
        if own.len() != run.count as usize || own.windows(2).any(|two| two[0].offset >= two[1].offset) {
            return Err(SegmentError::Damaged("its index names records that are not there"));
        }
        Ok(own)
    }

    /// Checks every byte of a whole segment; gives its records.
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn verify(bytes: &Bytes) -> Result<(Self, Vec<Entry>), SegmentError> {
        let index = Self::of(bytes)?;
        let whole = bytes.len() - (TAIL_BYTES - 16);
        let sum = Fields(&bytes[whole..]).u128()?;
        if xxh3_128(&bytes[..whole]) != sum {
            return Err(SegmentError::Damaged("it does not match its checksum"));
        }
        let entries = index.all(bytes)?;
        Ok((index, entries))
    }

    fn frames_of(&self, run: Run) -> &[Frame] {
        let rest = self.frames.get(run.frame as usize..).unwrap_or_default();
        let wanted = u64::from(run.start) + u64::from(run.count);
        let mut seen = 0;
        let before_end = rest.iter().take_while(|frame| {
            let more = seen < wanted;
            seen += u64::from(frame.records);
            more
        });
        let frames = before_end.count();
        &rest[..frames]
    }

    fn read_frame(
        &self,
        frame: &Frame,
        stored: &[u8],
        unpacker: &mut zstd::bulk::Decompressor<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), SegmentError> {
        if xxh3_128(stored) != frame.sum {
            return Err(SegmentError::Damaged("a frame does not match its checksum"));
        }
        // `unpacked` was held against FRAME_BYTES_MAX.
        let unpacked = unpacker.decompress(stored, frame.unpacked as usize).map_err(|_| UNPACK)?;
        if unpacked.len() != frame.unpacked as usize {
            return Err(UNPACK);
        }
        let (unpacked, mut at) = (Bytes::from(unpacked), 0);
        for _ in 0..frame.records {
            entries.push(self.read_record(&unpacked, &mut at)?);
        }
        let full = at == unpacked.len();
        if full { Ok(()) } else { Err(SegmentError::Damaged("a frame holds more than its records")) }
    }

    fn read_record(&self, unpacked: &Bytes, at: &mut usize) -> Result<Entry, SegmentError> {
        let mut fields = Fields(&unpacked[*at..]);
        let (offset, length) = (Offset(fields.u64()?), fields.u32()? as usize);
        if offset < self.head.from || offset >= self.head.next {
            return Err(SegmentError::Damaged("a record lies outside of it"));
        }
        if length > fields.0.len() {
            return Err(SegmentError::Damaged("a record is cut short"));
        }
        let start = *at + RECORD_HEAD_BYTES;
        *at = start + length;
        Ok(Entry { offset, record: unpacked.slice(start..*at) })
    }
}

const UNPACK: SegmentError = SegmentError::Damaged("a frame cannot be unpacked");

impl Frame {
    fn range(&self) -> Range<usize> {
        self.at as usize..self.at as usize + self.stored as usize
    }
}

/// The frames, each behind the other up to `end`.
fn frames(rows: &mut Fields<'_>, counts: Counts, end: u64) -> Result<Vec<Frame>, SegmentError> {
    let mut at = HEAD_BYTES as u64;
    let mut frames = Vec::new();
    for _ in 0..counts.frames {
        let (stored, unpacked, records, sum) = (rows.u32()?, rows.u32()?, rows.u32()?, rows.u128()?);
        let room = unpacked as usize / RECORD_HEAD_BYTES;
        if unpacked as usize > FRAME_BYTES_MAX || records == 0 || records as usize > room {
            return Err(SegmentError::Damaged("its index names a frame that cannot be"));
        }
        frames.push(Frame { at, stored, unpacked, records, sum });
        at += u64::from(stored);
    }
    if at == end { Ok(frames) } else { Err(SegmentError::Damaged("its frames do not fill it")) }
}

fn runs(rows: &mut Fields<'_>, counts: Counts, frames: &[Frame]) -> Result<Vec<Run>, SegmentError> {
    let mut runs: Vec<Run> = Vec::new();
    for _ in 0..counts.runs {
        let mirror = MirrorId(Uuid::from_bytes(rows.take()?));
        let run = Run { mirror, frame: rows.u32()?, start: rows.u32()?, count: rows.u32()? };
        let begins = frames.get(run.frame as usize).is_some_and(|frame| run.start < frame.records);
        let after = runs.last().is_none_or(|last| last.mirror < run.mirror);
        if !begins || !after || run.count == 0 {
            return Err(SegmentError::Damaged("its index names a mirror that cannot be"));
        }
        runs.push(run);
    }
    Ok(runs)
}
