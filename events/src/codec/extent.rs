//! Where a MessagePack value ends.
//!
//! The deserializer that borrows does not tell how far it came, and the one that tells copies each text
//! first. Walking over the value again is cheaper than the copies.
//! Source: the MessagePack specification, "Formats".

/// The length of the first value in `bytes`; `None` where it does not end there, or is of an extension type.
pub(super) fn extent(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut values: u64 = 1;
    while values > 0 {
        let (&marker, behind) = rest.split_first()?;
        let Head { number_len, body_len, items } = head(marker, behind)?;
        rest = behind.get(number_len.checked_add(body_len)?..)?;
        // At most 2^33 are added for each byte read: no overflow.
        values = values - 1 + items;
    }
    Some(bytes.len() - rest.len())
}

/// What follows a marker.
struct Head {
    /// Bytes of the length itself.
    number_len: usize,
    /// Bytes of the value.
    body_len: usize,
    /// Values inside it.
    items: u64,
}

fn head(marker: u8, behind: &[u8]) -> Option<Head> {
    let plain = |body_len| Some(Head { number_len: 0, body_len, items: 0 });
    let nested = |items| Some(Head { number_len: 0, body_len: 0, items });
    match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => plain(0),
        0x80..=0x8f => nested(2 * u64::from(marker & 0x0f)),
        0x90..=0x9f => nested(u64::from(marker & 0x0f)),
        0xa0..=0xbf => plain(usize::from(marker & 0x1f)),
        0xcc | 0xd0 => plain(1),
        0xcd | 0xd1 => plain(2),
        0xca | 0xce | 0xd2 => plain(4),
        0xcb | 0xcf | 0xd3 => plain(8),
        0xc4 | 0xd9 => sized(behind, 1),
        0xc5 | 0xda => sized(behind, 2),
        0xc6 | 0xdb => sized(behind, 4),
        0xdc => counted(behind, 2, 1),
        0xdd => counted(behind, 4, 1),
        0xde => counted(behind, 2, 2),
        0xdf => counted(behind, 4, 2),
        // Reserved, and extensions: an event has neither.
        0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => None,
    }
}

fn sized(behind: &[u8], number_len: usize) -> Option<Head> {
    let body_len = usize::try_from(number(behind, number_len)?).ok()?;
    Some(Head { number_len, body_len, items: 0 })
}

fn counted(behind: &[u8], number_len: usize, per_entry: u64) -> Option<Head> {
    Some(Head { number_len, body_len: 0, items: per_entry * number(behind, number_len)? })
}

fn number(behind: &[u8], len: usize) -> Option<u64> {
    let digits = behind.get(..len)?;
    Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::extent;
    use serde::Serialize;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(value: impl Serialize) {
        let encoded = rmp_serde::to_vec(&value).unwrap();
        let followed = [&encoded[..], &[0x93, 0xff]].concat();
        assert_eq!(extent(&followed), Some(encoded.len()));
        assert_eq!(extent(&encoded[..encoded.len() - 1]), None);
    }

    #[test]
    fn every_format_ends_where_the_encoder_stopped() {
        for len in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            check("x".repeat(len));
            check(vec![1_u8; len]);
            check(vec!["x"; len]);
            check((0..len).map(|key| (key, "x")).collect::<BTreeMap<_, _>>());
            check(Binary(vec![0xc1; len]));
        }
        for number in [0, 1, -1, -32, -33, -128, -129, i64::from(i16::MIN), i64::MIN, i64::MAX] {
            check(number);
            check(number as u64);
            check((number as i32, number as u32, number as u16, number as f32, number as f64));
        }
        check((true, false, None::<u8>, Some(1), [[(); 2]; 3], 'x'));
    }

    /// Bytes, which serde takes for a list unless told otherwise.
    struct Binary(Vec<u8>);

    impl Serialize for Binary {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    #[test]
    fn extensions_and_lies_have_no_end() {
        for bytes in [&[][..], &[0xc1], &[0xd4, 1, 2], &[0xc7, 0, 0], &[0xdd, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(extent(bytes), None, "{bytes:?}");
        }
    }
}
