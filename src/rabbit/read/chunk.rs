//! Chunks: what a stream is stored and delivered in.
//!
//! ```text
//! chunk = magic u8 | type u8 | entries u16 | records u32 | time i64 | epoch u64 | first offset u64 | crc u32
//!         | data length u32 | trailer length u32 | reserved u32 | entry ...
//! entry = length u32 | message               message = AMQP 1.0; ours has one section: data
//! ```
//! Source: RabbitMQ, `PROTOCOL.adoc`, "OsirisChunk".

use bytes::{Buf, Bytes};
use events::Offset;
use events::log::Entry;

/// Magic 5, version 0.
const MAGIC: u8 = 0x50;
/// Set in the length of an entry that is a batch of its own.
const BATCH: u32 = 0x8000_0000;
/// Begins a section of data, with a length of one or of four bytes.
const DATA_SHORT: [u8; 4] = [0x00, 0x53, 0x75, 0xa0];
const DATA_LONG: [u8; 4] = [0x00, 0x53, 0x75, 0xb0];

/// It is no chunk of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadChunk {
    #[error("the stream delivered a chunk that makes no sense")]
    Malformed,
    #[error("the stream holds batches of messages, which mirror never writes")]
    Batches,
}

impl From<bytes::TryGetError> for BadChunk {
    fn from(_: bytes::TryGetError) -> Self {
        Self::Malformed
    }
}

/// The entries of a chunk, one after the other. Records are slices of it.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The offset of what comes next.
    next: u64,
    /// The offset behind the last.
    end: u64,
    rest: Bytes,
}

impl Chunk {
    /// Reads its head.
    pub(super) fn parse(mut rest: Bytes) -> Result<Self, BadChunk> {
        let (magic, _type) = (rest.try_get_u8()?, rest.try_get_u8()?);
        let (_entries, records) = (rest.try_get_u16()?, rest.try_get_u32()?);
        let (_time, _epoch) = (rest.try_get_i64()?, rest.try_get_u64()?);
        let (first, _crc) = (rest.try_get_u64()?, rest.try_get_u32()?);
        let (length, _trailer, _reserved) = (rest.try_get_u32()?, rest.try_get_u32()?, rest.try_get_u32()?);
        let end = first.checked_add(u64::from(records)).ok_or(BadChunk::Malformed)?;
        if magic != MAGIC || rest.remaining() < length as usize {
            return Err(BadChunk::Malformed);
        }
        rest.truncate(length as usize);
        Ok(Self { next: first, end, rest })
    }

    /// The offset of the next entry.
    pub(super) const fn at(&self) -> Offset {
        Offset(self.next)
    }

    /// The offset behind the last entry.
    pub(super) const fn end(&self) -> Offset {
        Offset(self.end)
    }

    /// The next entry; `None` at the end.
    pub(super) fn take(&mut self) -> Result<Option<Entry>, BadChunk> {
        if self.next == self.end {
            return Ok(None);
        }
        let length = self.rest.try_get_u32()?;
        if length & BATCH != 0 {
            return Err(BadChunk::Batches);
        }
        if self.rest.remaining() < length as usize {
            return Err(BadChunk::Malformed);
        }
        let record = record(self.rest.split_to(length as usize));
        let offset = Offset(self.next);
        self.next += 1;
        Ok(Some(Entry { offset, record }))
    }
}

/// The record in a message. One that is not ours is given as it is: it begins with 0, which is no format of records,
/// so whoever decodes it puts it aside as corrupt and goes on.
fn record(message: Bytes) -> Bytes {
    let head = match message.first_chunk::<4>() {
        Some(&DATA_SHORT) => message.get(4).map(|&length| (5, usize::from(length))),
        Some(&DATA_LONG) => {
            message[4..].first_chunk().map(|length| (8, u32::from_be_bytes(*length) as usize))
        }
        Some(_) | None => None,
    };
    match head {
        Some((start, length)) if message.len() - start == length => message.slice(start..),
        Some(_) | None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(first: u64, messages: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![MAGIC, 0];
        bytes.extend((messages.len() as u16).to_be_bytes());
        bytes.extend((messages.len() as u32).to_be_bytes());
        bytes.extend([0; 16]);
        bytes.extend(first.to_be_bytes());
        bytes.extend([0; 4]);
        let data: Vec<u8> = messages
            .iter()
            .flat_map(|message| [&(message.len() as u32).to_be_bytes()[..], message].concat())
            .collect();
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend(data);
        bytes
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<(u64, Bytes)>, BadChunk> {
        let mut chunk = Chunk::parse(bytes.into())?;
        let mut all = Vec::new();
        while let Some(entry) = chunk.take()? {
            all.push((entry.offset.0, entry.record));
        }
        Ok(all)
    }

    #[test]
    fn records_come_with_their_offsets() {
        let foreign: &[u8] = &[0x00, 0x53, 0x77, 0x41];
        let two: &[u8] = &[0x00, 0x53, 0x75, 0xa0, 1, 7, 0x00, 0x53, 0x75, 0xa0, 1, 8];
        let messages: [&[u8]; 5] =
            [&[0x00, 0x53, 0x75, 0xa0, 2, 1, 2], &[0x00, 0x53, 0x75, 0xb0, 0, 0, 0, 1, 9], foreign, two, &[]];
        let expected: Vec<(u64, Bytes)> = vec![
            (40, Bytes::from_static(&[1, 2])),
            (41, Bytes::from_static(&[9])),
            (42, Bytes::copy_from_slice(foreign)),
            (43, Bytes::copy_from_slice(two)),
            (44, Bytes::new()),
        ];
        assert_eq!(read(chunk(40, &messages)), Ok(expected));
    }

    #[test]
    fn a_broken_one_is_an_error() {
        let whole = chunk(0, &[&[0x00, 0x53, 0x75, 0xa0, 2, 1, 2]]);
        for length in 0..whole.len() {
            assert_eq!(read(whole[..length].to_vec()), Err(BadChunk::Malformed), "{length} bytes of it");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                // More records than there are bytes: an error at the first that lacks, nothing is reserved.
                let _ = read(bytes);
            }
        }
        let mut batch = whole;
        batch[48] = 0x90;
        assert_eq!(read(batch), Err(BadChunk::Batches));
    }
}
