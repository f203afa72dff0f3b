//! The codec: from an event to a record and back.
//!
//! ```text
//! record = format version (1 byte) | event as MessagePack, positional | raw payload to the end
//! ```
//!
//! # The contract of the bytes
//!
//! A record decodes for ever, so what it is made of only grows:
//!
//! * structs are arrays: a field is appended last, with `#[serde(default)]`, and never moved, retyped or
//!   removed. A record from before it is a shorter array and gives the default.
//! * enum tags are fixed letters: a tag is added and never given another meaning.
//! * either growth raises [`FORMAT`], because an older reader refuses what it cannot read whole. It answers
//!   [`DecodeError::Newer`] and stops.
//! * an event is written in the oldest format that can hold it, byte for byte as a node of that format writes
//!   it: an older node stops only at what it could not understand. So an appended field is left out where it
//!   has its default, and of two appended to one struct the earlier is written wherever the later is.
//! * the fixtures of each format version (`tests/fixtures/v1`, ...) are added to and never changed.

mod extent;

use crate::event::{Attachment, Body, Created, Event, Outcome, Receipt, Said};
use crate::id::MirrorId;
use bytes::Bytes;
use extent::extent;
use serde::{Deserialize, Serialize};

/// Largest record, in bytes. A larger one is put aside as a dead letter.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// The newest format version that [`encode`] writes and [`decode`] reads.
///
/// 1: the first. 2: threads, posts of forums, files that a copy carries itself, voice messages, how a poll is answered, stickers of
/// forwards. 3: consent.
pub const FORMAT: u8 = 3;

/// Deeper than any event nests; bounds the stack that a corrupt record can use.
const DEPTH_MAX: usize = 32;

/// The record would pass [`EVENT_BYTES_MAX`]: put the event aside as a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event takes {bytes} bytes, more than {EVENT_BYTES_MAX}")]
pub struct TooLarge {
    /// The size of the whole record.
    pub bytes: usize,
}

/// Why a record could not be decoded, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Put it aside as a dead letter and go on (a rebuild stops and names the offset).
    #[error("the record is corrupt: {0}")]
    Corrupt(String),
    /// Written by a newer program: stop, never skip.
    #[error("the record has format {0}, newer than {FORMAT}: update this node")]
    Newer(u8),
}

/// Appends the record of `event` to `out`; leaves `out` as it was when it fails.
///
/// # Errors
/// [`TooLarge`] where the record would pass [`EVENT_BYTES_MAX`].
pub fn encode(event: &Event, out: &mut Vec<u8>) -> Result<(), TooLarge> {
    let start = out.len();
    out.push(format_of(event));
    let written = event.serialize(&mut rmp_serde::Serializer::new(&mut *out));
    let bytes = out.len() - start + event.raw.len();
    // A `Vec` takes every byte and the types have known lengths, so `written` is always `Ok`.
    if written.is_err() || bytes > EVENT_BYTES_MAX {
        out.truncate(start);
        return Err(TooLarge { bytes });
    }
    out.extend_from_slice(&event.raw);
    Ok(())
}

/// The event of a record. Its `raw` is a slice of `record`: nothing is copied.
///
/// A length that lies costs little: texts are borrowed until they are known to be there, and serde reserves at
/// most 1 MiB for a list.
///
/// # Errors
/// [`DecodeError`]; never panics.
pub fn decode(record: &Bytes) -> Result<Event, DecodeError> {
    match record.first() {
        None => Err(DecodeError::Corrupt("it is empty".to_owned())),
        Some(1..=FORMAT) => decode_event(record),
        Some(0) => Err(DecodeError::Corrupt("there is no format 0".to_owned())),
        Some(&newer) => Err(DecodeError::Newer(newer)),
    }
}

/// The mirror of a record, without decoding the rest; `None` where that cannot be told so simply.
#[must_use]
pub fn mirror_of(record: &[u8]) -> Option<MirrorId> {
    /// MessagePack of 16 bytes.
    const UUID: [u8; 2] = [0xc4, 16];
    // format | array | id | mirror
    let (head, rest) = record.split_at_checked(2)?;
    let is_event = (1..=FORMAT).contains(&head[0]) && head[1] & 0xf0 == 0x90;
    let mirror = rest.strip_prefix(&UUID)?.get(16..)?.strip_prefix(&UUID)?.first_chunk::<16>()?;
    is_event.then(|| MirrorId(uuid::Uuid::from_bytes(*mirror)))
}

/// The oldest format that can hold `event`.
fn format_of(event: &Event) -> u8 {
    let is_newer_message =
        |created: &Created| created.thread.is_some() || created.said.as_ref().is_some_and(is_rich);
    let is_newer = match &event.body {
        Body::Consent(_) => return 3,
        Body::Thread(_) => true,
        Body::Created(created) => is_newer_message(created),
        Body::Refreshed(refreshed) => refreshed.created.as_ref().is_some_and(is_newer_message),
        Body::Receipt(Receipt { thread: Some(_), .. }) => true,
        Body::Receipt(receipt) => match &receipt.outcome {
            Outcome::Threaded(_) | Outcome::Posted { .. } => true,
            Outcome::Shown(shown) => !shown.files.is_empty(),
            Outcome::Gone(_) | Outcome::Refused { .. } => false,
        },
        Body::Edited(edited) => is_rich(&edited.said),
        Body::Linked(linked) => linked.forum,
        Body::Deleted
        | Body::Declared(_)
        | Body::Cut
        | Body::Restored
        | Body::RoleGranted(_)
        | Body::RoleRevoked(_)
        | Body::Gap(_)
        | Body::Other(_) => false,
    };
    if is_newer { 2 } else { 1 }
}

/// Whether it says what format 1 cannot hold.
fn is_rich(said: &Said) -> bool {
    let forwarded = said.forward.iter().flat_map(|forward| &forward.attachments);
    let is_voice = |attachment: &Attachment| attachment.seconds.is_some();
    said.attachments.iter().chain(forwarded).any(is_voice)
        || said.poll.as_ref().is_some_and(|poll| poll.terms.is_some())
        || said.forward.as_ref().is_some_and(|forward| !forward.stickers.is_empty())
}

fn decode_event(record: &Bytes) -> Result<Event, DecodeError> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(&record[1..]);
    reader.set_max_depth(DEPTH_MAX);
    let mut event =
        Event::deserialize(&mut reader).map_err(|error| DecodeError::Corrupt(error.to_string()))?;
    let head =
        extent(&record[1..]).ok_or_else(|| DecodeError::Corrupt("the event does not end".to_owned()))?;
    event.raw = record.slice(1 + head..);
    Ok(event)
}
