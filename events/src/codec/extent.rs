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
