//! The register: one value with a version. Two of them join to the greater (version, bytes).
//!
//! The join is commutative, associative and idempotent, so any order, duplication and batching of the
//! events gives equal views. It is what CQL does per cell with `USING TIMESTAMP`.

use bytes::{BufMut, Bytes, BytesMut};
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
        Self { version, bytes: encode(value) }
    }

    /// A register that says no more than its version.
    #[must_use]
    pub const fn unit(version: Version) -> Self {
        Self { version, bytes: Bytes::from_static(&[NIL]) }
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

/// MessagePack of `()`.
const NIL: u8 = 0xc0;

/// Most values are short: they are written on the stack and allocated once, in their exact size.
fn encode<T: Serialize>(value: &T) -> Bytes {
    let mut stack = [0; 256];
    let mut free = &mut stack[..];
    if rmp_serde::encode::write(&mut free, value).is_ok() {
        let used = 256 - free.len();
        return Bytes::copy_from_slice(&stack[..used]);
    }
    // Serialising plain data into memory cannot fail; an empty value would read back as absent.
    rmp_serde::to_vec(value).unwrap_or_default().into()
}

/// Writes the values of many registers into shared chunks: an allocation every few hundred values.
///
/// A chunk lives as long as any value in it, so this is for registers that are made and dropped together.
#[derive(Debug, Default)]
pub(crate) struct Arena(BytesMut);

impl Arena {
    const CHUNK_BYTES: usize = 64 * 1024;

    /// What [`Register::new`] makes.
    pub(crate) fn register<T: Serialize>(&mut self, version: Version, value: &T) -> Register {
        if self.0.capacity() < Self::CHUNK_BYTES / 16 {
            self.0 = BytesMut::with_capacity(Self::CHUNK_BYTES);
        }
        let mut writer = (&mut self.0).writer();
        // Serialising plain data into memory cannot fail.
        let written = rmp_serde::encode::write(&mut writer, value);
        let bytes = self.0.split().freeze();
        Register { version, bytes: if written.is_ok() { bytes } else { Bytes::new() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_writes_what_a_register_holds() {
        let mut arena = Arena::default();
        for turn in 0..100 {
            let text = "x".repeat([0, 3, 300, 3000, 70_000][turn % 5]);
            assert_eq!(arena.register(Version(1), &text), Register::new(Version(1), &text), "turn {turn}");
        }
    }

    #[test]
    fn short_and_long_values_are_written_alike() {
        for len in [0, 1, 200, 252, 253, 254, 255, 256, 257, 5000] {
            let text = "x".repeat(len);
            let register = Register::new(Version(1), &text);
            assert_eq!(register.bytes, rmp_serde::to_vec(&text).unwrap(), "{len} characters");
            assert_eq!(register.read::<String>(), Some(text));
        }
        assert_eq!(Register::unit(Version(1)), Register::new(Version(1), &()));
    }

    #[test]
    fn the_greater_version_wins_then_the_greater_bytes() {
        let cell =
            |version, bytes: &'static [u8]| Register { version: Version(version), bytes: bytes.into() };
        let check = |mut old: Register, new: Register, wins| {
            assert_eq!(old.join(new.clone()), wins, "{old:?} <- {new:?}");
        };
        check(cell(1, b"b"), cell(2, b"a"), true);
        check(cell(2, b"a"), cell(1, b"b"), false);
        check(cell(1, b"a"), cell(1, b"b"), true);
        check(cell(1, b"b"), cell(1, b"a"), false);
        check(cell(1, b""), cell(1, b"a"), true);
        check(cell(1, b"a"), cell(1, b"a"), false);
        check(cell(-2, b"a"), cell(-1, b""), true);
    }
}
