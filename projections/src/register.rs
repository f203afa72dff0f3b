//! The register: one value with a version. Two of them join to the greater (version, bytes).
//!
//! The join is commutative, associative and idempotent, so any order, duplication and batching of the
//! events gives equal views. It is what CQL does per cell with `USING TIMESTAMP`.

use bytes::Bytes;
use events::Version;
use serde::{Serialize, de::DeserializeOwned};

/// One value with a version: never null, never two cells for one meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    /// The greater wins.
    pub version: Version,
    /// Settles a tie: the greater wins. MessagePack, positional.
    pub bytes: Bytes,
}

impl Register {
    /// A register that holds `value`.
    #[must_use]
    pub fn new<T: Serialize>(version: Version, value: &T) -> Self {
        // Serialising plain data into memory cannot fail; an empty value would read back as absent.
        let bytes = rmp_serde::to_vec(value).unwrap_or_default();
        Self { version, bytes: bytes.into() }
    }

    /// The value, or `None` where the bytes are not of this shape (a corrupt view, to be rebuilt).
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        rmp_serde::from_slice(&self.bytes).ok()
    }

    /// Takes `other` if it is greater; says whether it did.
    pub fn join(&mut self, other: Self) -> bool {
        let wins = other > *self;
        if wins {
            *self = other;
        }
        wins
    }
}
