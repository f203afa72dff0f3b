//! A segment: a sealed stretch of one partition, as bytes. Pure.
//!
//! ```text
//! head   128 bytes  magic, format, whose, [from, next), count, first and last event, times | xxh3-128 of it
//! frames            zstd, each alone: (offset, length, record) ... of about 128 KiB, ordered by (mirror, offset)
//! index             per frame: stored bytes, unpacked bytes, records, xxh3-128
//!                   per mirror: id, its first frame, the record in it, how many
//! tail   48 bytes   xxh3-128 of the index | xxh3-128 of all before it | length of all | magic
//! ```
//! All numbers are little-endian. Records lie mirror by mirror, so that the events of one mirror are a few
//! neighbouring frames; whoever reads all puts them back into the order of their offsets. Nothing is allocated
//! by a length that was not held against a limit first. A format, once written, is read for ever.

mod index;
mod write;

pub use index::{Index, Run};
pub use write::Draft;

use events::{EventId, Offset, Partition, Version};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

/// The format that is written, and the newest that is read.
pub const FORMAT: u16 = 1;
/// Begins and ends a segment.
pub const MAGIC: [u8; 8] = *b"mirrorSG";
/// Bytes of the head.
pub const HEAD_BYTES: usize = 128;
/// Bytes of the tail.
pub const TAIL_BYTES: usize = 48;
/// Bytes of records after which a segment takes no more: what a reader of all holds at once.
pub const SEGMENT_BYTES_MAX: usize = 8 << 20;
/// Records of a segment.
pub const SEGMENT_EVENTS_MAX: usize = 1 << 16;
/// Stored bytes that are read as one segment; larger is damage.
pub const STORED_BYTES_MAX: u64 = 32 << 20;
/// A frame is closed once it holds so many bytes.
const FRAME_BYTES: usize = 128 << 10;
/// More a frame cannot hold: the last record may pass [`FRAME_BYTES`] by its own length.
const FRAME_BYTES_MAX: usize = FRAME_BYTES + RECORD_HEAD_BYTES + events::codec::EVENT_BYTES_MAX;
/// Offset and length before each record.
const RECORD_HEAD_BYTES: usize = 12;

/// What is wrong with the bytes. Restore the object from a copy of the archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// They are not what was written.
    #[error("{0}")]
    Damaged(&'static str),
    /// Written by a newer program: use that one.
    #[error("it has format {0}, newer than {FORMAT}: update this program")]
    Newer(u16),
}

/// An event at its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Landmark {
    /// The place.
    pub offset: Offset,
    /// The event there; nil where its record cannot be read.
    pub event: EventId,
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Of this partition.
    pub partition: Partition,
    /// Which life of its log (see [`super::store`]).
    pub incarnation: u32,
    /// It holds all that lay from here on,
    pub from: Offset,
    /// up to here, exclusive. Offsets are not dense.
    pub next: Offset,
    /// So many records.
    pub count: u64,
    /// The first,
    pub first: Landmark,
    /// and the last.
    pub last: Landmark,
    /// When the earliest was observed,
    pub observed_first: Version,
    /// and the latest.
    pub observed_last: Version,
}

/// Frames and mirrors of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    frames: u32,
    runs: u32,
}

impl Head {
    fn encode(&self, counts: Counts) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&self.partition.0.to_le_bytes());
        bytes.extend_from_slice(&counts.frames.to_le_bytes());
        for number in [self.from.0, self.next.0, self.count] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for Landmark { offset, event } in [self.first, self.last] {
            bytes.extend_from_slice(&offset.0.to_le_bytes());
            bytes.extend_from_slice(event.0.as_bytes());
        }
        for time in [self.observed_first, self.observed_last] {
            bytes.extend_from_slice(&time.0.to_le_bytes());
        }
        bytes.extend_from_slice(&self.incarnation.to_le_bytes());
        bytes.extend_from_slice(&counts.runs.to_le_bytes());
        let sum = xxh3_128(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads a head from the first [`HEAD_BYTES`] of a segment.
    ///
    /// # Errors
    /// See [`SegmentError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SegmentError> {
        Self::decode_with_counts(bytes).map(|(head, _)| head)
    }

    fn decode_with_counts(bytes: &[u8]) -> Result<(Self, Counts), SegmentError> {
        let damaged = SegmentError::Damaged("its head is cut short");
        let bytes = bytes.get(..HEAD_BYTES).ok_or(damaged)?;
        let mut fields = Fields(bytes);
        if fields.take::<8>()? != MAGIC {
            return Err(SegmentError::Damaged("it does not begin as a segment does"));
        }
        match u16::from_le_bytes(fields.take()?) {
            FORMAT => {}
            newer if newer > FORMAT => return Err(SegmentError::Newer(newer)),
            _ => return Err(SegmentError::Damaged("there is no such format")),
        }
        let (summed, sum) = bytes.split_at(HEAD_BYTES - 16);
        if xxh3_128(summed).to_le_bytes() != sum {
            return Err(SegmentError::Damaged("its head does not match its checksum"));
        }
        let partition = Partition(u16::from_le_bytes(fields.take()?));
        let frames = fields.u32()?;
        let (from, next, count) = (Offset(fields.u64()?), Offset(fields.u64()?), fields.u64()?);
        let (first, last) = (fields.landmark()?, fields.landmark()?);
        let (observed_first, observed_last) = (fields.version()?, fields.version()?);
        let (incarnation, runs) = (fields.u32()?, fields.u32()?);
        let head =
            Self { partition, incarnation, from, next, count, first, last, observed_first, observed_last };
        head.check(Counts { frames, runs }).map(|counts| (head, counts))
    }

    /// What follows from the meaning of the fields.
    fn check(&self, counts: Counts) -> Result<Counts, SegmentError> {
        let ordered = self.from <= self.first.offset
            && self.first.offset <= self.last.offset
            && self.last.offset < self.next;
        let few = self.count >= 1 && self.count <= SEGMENT_EVENTS_MAX as u64;
        let parts = |parts: u32| parts >= 1 && u64::from(parts) <= self.count;
        if ordered && few && parts(counts.frames) && parts(counts.runs) {
            Ok(counts)
        } else {
            Err(SegmentError::Damaged("its head contradicts itself"))
        }
    }
}

/// Fixed fields, one after another.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SegmentError> {
        let (field, rest) =
            self.0.split_first_chunk::<N>().ok_or(SegmentError::Damaged("it is cut short"))?;
        self.0 = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, SegmentError> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, SegmentError> {
        self.take().map(u64::from_le_bytes)
    }

    fn u128(&mut self) -> Result<u128, SegmentError> {
        self.take().map(u128::from_le_bytes)
    }

    fn version(&mut self) -> Result<Version, SegmentError> {
        self.take().map(i64::from_le_bytes).map(Version)
    }

    fn landmark(&mut self) -> Result<Landmark, SegmentError> {
        let offset = Offset(self.u64()?);
        Ok(Landmark { offset, event: EventId(Uuid::from_bytes(self.take()?)) })
    }
}
