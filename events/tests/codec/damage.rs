//! Damaged records: an answer, never a panic, and never more memory than the record is worth.

use crate::arbitrary;
use bytes::Bytes;
use events::codec::{self, DecodeError};
use proptest::prelude::*;
use proptest::sample::Index;

fn record_of(event: &events::Event) -> Vec<u8> {
    let mut record = Vec::new();
    codec::encode(event, &mut record).unwrap();
    record
}

proptest! {
    #[test]
    fn decode_gives_back_what_encode_took(event in arbitrary::event()) {
        let record = Bytes::from(record_of(&event));
        prop_assert_eq!(codec::decode(&record).unwrap(), event);
    }

    #[test]
    fn random_bytes_are_corrupt_or_newer(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), known: Option<bool>) {
        if let Some(format) = bytes.first_mut().filter(|_| known.is_some()) {
            *format = if known == Some(true) { codec::FORMAT } else { 1 };
        }
        let format = bytes.first().copied();
        match (format, codec::decode(&Bytes::from(bytes))) {
            (Some(4..), Err(DecodeError::Newer(newer))) => prop_assert_eq!(Some(newer), format),
            (None | Some(0..=codec::FORMAT), Err(DecodeError::Corrupt(_))) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Cut within the event: corrupt. Cut within the payload: that cannot be told.
    #[test]
    fn a_record_cut_short_is_corrupt(event in arbitrary::event(), at: Index) {
        let mut record = record_of(&event);
        record.truncate(record.len() - event.raw.len());
        record.truncate(at.index(record.len()));
        let decoded = codec::decode(&Bytes::from(record));
        prop_assert!(matches!(decoded, Err(DecodeError::Corrupt(_))), "{decoded:?}");
    }

    /// A flipped bit may still be an event (of another text, say): the log's engines have checksums.
    #[test]
    fn flipped_bits_never_panic(event in arbitrary::event(), flips in proptest::collection::vec(any::<Index>(), 1..6)) {
        let mut record = record_of(&event);
        for flip in flips {
            let bit = flip.index(record.len() * 8);
            record[bit / 8] ^= 1 << (bit % 8);
        }
        let format = record[0];
        match codec::decode(&Bytes::from(record)) {
            Ok(_) => prop_assert!((1..=codec::FORMAT).contains(&format)),
            Err(DecodeError::Newer(newer)) => prop_assert_eq!(newer, format),
            Err(DecodeError::Corrupt(_)) => prop_assert!(format <= codec::FORMAT),
        }
    }
}

/// Each value of a record in turn is replaced by one that claims 2^32 - 1 items or bytes.
#[test]
fn a_lying_length_is_corrupt_and_cheap() {
    let event = events::sample::chat(events::sample::Chat { seed: 1, count: 1, mirrors: 1, raw: false });
    let record = record_of(&event.last().unwrap());
    for marker in [0xc6, 0xdb, 0xdd, 0xdf] {
        for at in 1..record.len() {
            let lie = [marker, 0xff, 0xff, 0xff, 0xff];
            let lying = [&record[..at], &lie, &record[at..]].concat();
            // Thousands of tries: were the length believed, each would take 4 GiB and more.
            let _ = codec::decode(&Bytes::from(lying));
        }
        let lying = Bytes::from([&[1, marker, 0xff, 0xff, 0xff, 0xff], &[0x91; 2000][..]].concat());
        assert!(matches!(codec::decode(&lying), Err(DecodeError::Corrupt(_))));
    }
}
