//! From records to the bytes of a segment.

use super::{
    Counts, FRAME_BYTES, Head, Landmark, MAGIC, Offset, RECORD_HEAD_BYTES, SEGMENT_BYTES_MAX,
    SEGMENT_EVENTS_MAX, Version, xxh3_128,
};
use events::codec::{DecodeError, decode};
use events::log::Entry;
use events::{EventId, MirrorId, Partition};
use zstd::bulk::Compressor;

/// Level of compression: a higher one is slower to seal and no faster to read.
const LEVEL: i32 = 3;

/// A segment in the making: records in the order of their offsets.
#[derive(Debug, Default)]
pub struct Draft {
    rows: Vec<Row>,
    bytes: usize,
    observed: Option<(Version, Version)>,
}

#[derive(Debug)]
struct Row {
    mirror: MirrorId,
    event: EventId,
    entry: Entry,
}

/// A draft written out part by part.
struct Writing {
    compressor: Compressor<'static>,
    out: Vec<u8>,
    frame: Vec<u8>,
    frame_records: u32,
    frames: Vec<u8>,
    frames_count: u32,
    runs: Vec<(MirrorId, u32, u32, u32)>,
}

impl Draft {
    /// Adds the next record. One that cannot be decoded is kept as it is, as the nil mirror's.
    ///
    /// # Errors
    /// [`DecodeError::Newer`]: only a newer program can say whose it is.
    pub fn push(&mut self, entry: Entry) -> Result<(), DecodeError> {
        let (mirror, event) = match decode(&entry.record) {
            Ok(event) => {
                let (first, last) = self.observed.unwrap_or((event.observed, event.observed));
                self.observed = Some((first.min(event.observed), last.max(event.observed)));
                (event.mirror, event.id)
            }
            Err(DecodeError::Corrupt(_)) => (MirrorId::default(), EventId::default()),
            Err(newer @ DecodeError::Newer(_)) => return Err(newer),
        };
        self.bytes += RECORD_HEAD_BYTES + entry.record.len();
        self.rows.push(Row { mirror, event, entry });
        Ok(())
    }

    /// Whether it takes no more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes >= SEGMENT_BYTES_MAX || self.rows.len() >= SEGMENT_EVENTS_MAX
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The bytes of the segment for `[from, next)`; `None` where there is no record.
    ///
    /// # Errors
    /// When zstd fails, which only a lack of memory makes it do.
    pub fn seal(
        mut self,
        (partition, incarnation): (Partition, u32),
        (from, next): (Offset, Offset),
    ) -> std::io::Result<Option<(Head, Vec<u8>)>> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return Ok(None) };
        let mark = |row: &Row| Landmark { offset: row.entry.offset, event: row.event };
        let (observed_first, observed_last) = self.observed.unwrap_or_default();
        let head = Head {
            partition,
            incarnation,
            from,
            next,
            count: self.rows.len() as u64,
            first: mark(first),
            last: mark(last),
            observed_first,
            observed_last,
        };
        // Stable, so that the offsets of each mirror stay in order.
        self.rows.sort_by_key(|row| row.mirror);
        let mut writing = Writing::new(self.bytes)?;
        for row in &self.rows {
            writing.add(row)?;
        }
        writing.close_frame()?;
        Ok(Some((head, writing.finish(&head))))
    }
}

impl Writing {
    fn new(bytes: usize) -> std::io::Result<Self> {
        let mut out = Vec::with_capacity(bytes / 3);
        out.resize(super::HEAD_BYTES, 0);
        Ok(Self {
            compressor: Compressor::new(LEVEL)?,
            out,
            frame: Vec::with_capacity(FRAME_BYTES * 2),
            frame_records: 0,
            frames: Vec::new(),
            frames_count: 0,
            runs: Vec::new(),
        })
    }

    fn add(&mut self, row: &Row) -> std::io::Result<()> {
        match self.runs.last_mut() {
            Some((mirror, _, _, count)) if *mirror == row.mirror => *count += 1,
            Some(_) | None => self.runs.push((row.mirror, self.frames_count, self.frame_records, 1)),
        }
        let record = &row.entry.record;
        self.frame.extend_from_slice(&row.entry.offset.0.to_le_bytes());
        self.frame.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.frame.extend_from_slice(record);
        self.frame_records += 1;
        if self.frame.len() >= FRAME_BYTES { self.close_frame() } else { Ok(()) }
    }

    fn close_frame(&mut self) -> std::io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let stored = self.compressor.compress(&self.frame)?;
        for number in [stored.len() as u32, self.frame.len() as u32, self.frame_records] {
            self.frames.extend_from_slice(&number.to_le_bytes());
        }
        self.frames.extend_from_slice(&xxh3_128(&stored).to_le_bytes());
        self.out.extend_from_slice(&stored);
        self.frames_count += 1;
        self.frame.clear();
        self.frame_records = 0;
        Ok(())
    }

    fn finish(mut self, head: &Head) -> Vec<u8> {
        let counts = Counts { frames: self.frames_count, runs: self.runs.len() as u32 };
        self.out[..super::HEAD_BYTES].copy_from_slice(&head.encode(counts));
        let mut index = self.frames;
        for (mirror, frame, start, count) in self.runs {
            index.extend_from_slice(mirror.0.as_bytes());
            for number in [frame, start, count] {
                index.extend_from_slice(&number.to_le_bytes());
            }
        }
        self.out.extend_from_slice(&index);
        self.out.extend_from_slice(&xxh3_128(&index).to_le_bytes());
        let whole = xxh3_128(&self.out);
        self.out.extend_from_slice(&whole.to_le_bytes());
        let length = (self.out.len() + 16) as u64;
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(&MAGIC);
        self.out
    }
}
