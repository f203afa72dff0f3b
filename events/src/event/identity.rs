//! Ids of events: the same fact seen twice - by a resumed session, by two nodes on one shard, by a
//! backfill - has the same id.

use super::{Body, GoneBy, Outcome, Place, Receipt, Shown};
use crate::id::{EventId, MessageId, MirrorId, Version};
use uuid::Uuid;

/// Namespace of the ids of what Discord said.
const SOURCE: Uuid = Uuid::from_u128(0x5e1f_6c0a_97d1_4b0e_8a35_0d6f_b2c4_9e71);
/// Namespace of the ids of receipts.
const RECEIPT: Uuid = Uuid::from_u128(0xc3a8_21d4_0f6b_4f2d_9b17_64e0_7ad9_335c);
/// Namespace of [`Mark::of`].
const CONTENT: Uuid = Uuid::from_u128(0x1b7d_90e3_5ca2_4e68_b4f0_e92a_586d_c714);

/// What tells one fact about a thing from another of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Discord's own version of it; 0 where it can happen once only.
    Version(Version),
    /// Its content, where Discord gives no version.
    Content(Uuid),
}

impl Mark {
    /// A mark over texts; their borders count.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut name = Vec::new();
        for text in texts {
            name.extend_from_slice(&(text.len() as u64).to_be_bytes());
            name.extend_from_slice(text.as_bytes());
        }
        Self::Content(Uuid::new_v5(&CONTENT, &name))
    }
}

/// The id of a fact that Discord stated.
#[must_use]
pub fn source_id(mirror: MirrorId, place: &Place, body: &Body, mark: Mark) -> EventId {
    let mut name = Name::default();
    // Service: a letter, like its tag.
    name.bytes(mirror.0.as_bytes()).bytes(b"d").number(place.channel.0).number(place.message.0);
    name.bytes(&[body.letter()]);
    match mark {
        Mark::Version(version) => name.bytes(b"v").number(version.0 as u64),
        Mark::Content(hash) => name.bytes(b"c").bytes(hash.as_bytes()),
    };
    name.id(&SOURCE)
}

/// The id of a receipt about `source`: over what it says and its version.
///
/// The hash shown counts too, so that a copy rendered again from the same source version has a new receipt:
/// a lane knows its last receipt by this id.
#[must_use]
pub fn receipt_id(mirror: MirrorId, source: MessageId, receipt: &Receipt, version: Version) -> EventId {
    let mut name = Name::default();
    name.bytes(mirror.0.as_bytes()).number(source.0).number(receipt.link.0);
    name.number(receipt.part.into()).number(receipt.copy.0).number(version.0 as u64);
    match &receipt.outcome {
        Outcome::Shown(shown) => name.shown(b"s", shown),
        Outcome::Posted { shown, post } => {
            name.shown(b"p", shown).number(post.version.0 as u64).number(post.hash)
        }
        Outcome::Threaded(shown) => name.bytes(b"t").number(shown.version.0 as u64).number(shown.hash),
        Outcome::Gone(GoneBy::Another) => name.bytes(b"ga"),
        Outcome::Gone(GoneBy::Us) => name.bytes(b"gu"),
        Outcome::Refused { version, .. } => name.bytes(b"r").number(version.0 as u64),
    };
    name.id(&RECEIPT)
}

/// The bytes that an id is made from: every field has a fixed width.
#[derive(Default)]
struct Name(Vec<u8>);

impl Name {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn shown(&mut self, letter: &[u8], shown: &Shown) -> &mut Self {
        self.bytes(letter).number(shown.version.0 as u64).number(shown.hash);
        shown.files.iter().fold(self, |name, file| name.number(*file))
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    fn id(&self, namespace: &Uuid) -> EventId {
        EventId(Uuid::new_v5(namespace, &self.0))
    }
}
