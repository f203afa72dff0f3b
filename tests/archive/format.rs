//! The bytes of a segment: a frozen one, and every kind of damage to it.

use super::stage::chat;
use bytes::Bytes;
use events::log::Entry;
use events::{MirrorId, Offset, Partition, codec};
use expect_test::expect;
use mirror::archive::segment::{Draft, Head, Index, SegmentError};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A segment of format 1, as it was first written. Never changed: it has to be read for ever.
const FROZEN: &[u8] = include_bytes!("fixtures/v1.seg");

/// Records at offsets with gaps, the way a stream counts.
fn records(seed: u64, count: usize) -> Vec<Entry> {
    let entry = |(at, event): (usize, events::Event)| {
        let mut record = Vec::new();
        codec::encode(&event, &mut record).unwrap();
        Entry { offset: Offset(100 + 3 * at as u64), record: Bytes::from(record) }
    };
    chat(seed, count).into_iter().enumerate().map(entry).collect()
}

fn sealed(records: &[Entry]) -> (Head, Bytes) {
    let mut draft = Draft::default();
    records.iter().cloned().for_each(|entry| draft.push(entry).unwrap());
    let next = records.last().unwrap().offset.0 + 5;
    let (head, bytes) = draft.seal((Partition(3), 2), (Offset(98), Offset(next))).unwrap().unwrap();
    (head, bytes.into())
}

fn mirror(entry: &Entry) -> MirrorId {
    codec::decode(&entry.record).unwrap().mirror
}

/// Reads everything that can be read of `bytes`, every way.
fn read(bytes: &Bytes) -> Result<(), SegmentError> {
    let index = Index::of(bytes)?;
    let all = index.all(bytes)?;
    for run in index.runs() {
        let place = index.bytes_of(*run);
        let one = index.one(*run, &bytes.slice(place.start as usize..place.end as usize))?;
        assert!(one.iter().all(|entry| all.binary_search_by_key(&entry.offset, |e| e.offset).is_ok()));
    }
    Index::verify(bytes).map(|_| ())
}

#[test]
fn what_is_sealed_is_read_whole_and_one_mirror_alone() {
    for count in [1, 2, 300, 3000] {
        let records = records(7, count);
        let (head, bytes) = sealed(&records);
        assert_eq!(Head::decode(&bytes).unwrap(), head);
        let (index, entries) = Index::verify(&bytes).unwrap();
        assert_eq!((head.count, &entries), (count as u64, &records));
        let mirrors: BTreeSet<_> = records.iter().map(mirror).collect();
        assert_eq!(index.runs().iter().map(|run| run.mirror).collect::<BTreeSet<_>>(), mirrors);
        for wanted in mirrors {
            let run = index.run(wanted).unwrap();
            let place = index.bytes_of(run);
            // Nothing but these bytes is looked at.
            let found = index.one(run, &bytes.slice(place.start as usize..place.end as usize)).unwrap();
            let expected: Vec<_> = records.iter().filter(|entry| mirror(entry) == wanted).cloned().collect();
            assert_eq!(found, expected);
            assert!(count < 3000 || place.end - place.start < bytes.len() as u64 / 2, "a part of the bytes");
        }
        assert_eq!(index.run(MirrorId::default()), None);
    }
}

#[test]
fn a_record_that_nobody_can_read_is_kept_as_it_is() {
    let mut records = records(7, 20);
    records[5].record = Bytes::from_static(b"\x01\xc1 no event");
    let (_, bytes) = sealed(&records);
    let (index, entries) = Index::verify(&bytes).unwrap();
    assert_eq!(entries, records);
    assert_eq!(index.run(MirrorId::default()).unwrap().count, 1);
    records[5].record = Bytes::from_static(b"\xfe of a newer program");
    let mut draft = Draft::default();
    let stopped = records.into_iter().map(|entry| draft.push(entry)).find_map(Result::err);
    assert_eq!(stopped, Some(codec::DecodeError::Newer(0xfe)));
}

#[test]
fn the_frozen_segment_is_read_for_ever() {
    let records = records(1, 40);
    if std::env::var_os("WRITE_FIXTURE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archive/fixtures/v1.seg");
        assert!(!std::path::Path::new(path).metadata().is_ok_and(|file| file.len() > 0), "it is frozen");
        std::fs::write(path, sealed(&records).1).unwrap();
        return;
    }
    let bytes = Bytes::from_static(FROZEN);
    let (index, entries) = Index::verify(&bytes).unwrap();
    let all: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [&entry.offset.0.to_le_bytes()[..], &entry.record].concat())
        .collect();
    let found = format!("{:?} {:032x}", index.head, xxhash_rust::xxh3::xxh3_128(&all));
    expect!["Head { partition: Partition(3), incarnation: 2, from: Offset(98), next: Offset(222), count: 40, first: Landmark { offset: Offset(100), event: EventId(e6d0a760-0d42-5b18-950c-e3cce6663959) }, last: Landmark { offset: Offset(217), event: EventId(17fe878a-9977-5e22-aa8a-6f7564888922) }, observed_first: Version(1720070401731000), observed_last: Version(1720070467509000) } 5bb00d111a8a91a2cf3a2a6a1b25c7c0"].assert_eq(&found);
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let (_, bytes) = sealed(&records(1, 3));
    let mut newer = bytes.to_vec();
    newer[8] = 2;
    assert_eq!(Index::of(&newer), Err(SegmentError::Newer(2)));
    assert!(matches!(Index::of(b"mirrorXX"), Err(SegmentError::Damaged(_))));
    assert!(matches!(Index::of(b""), Err(SegmentError::Damaged(_))));
}

/// Each single byte that is changed is noticed, and each cut.
#[test]
fn every_byte_counts() {
    let (_, bytes) = sealed(&records(3, 60));
    assert_eq!(read(&bytes), Ok(()));
    for at in 0..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 0x41;
        assert!(read(&Bytes::from(damaged)).is_err(), "byte {at} of {}", bytes.len());
        assert!(read(&bytes.slice(..at)).is_err(), "cut at {at}");
    }
    assert!(read(&Bytes::from([&bytes[..], b"x"].concat())).is_err());
}

/// Numbers that lie, with checksums that are right: what an enemy would write.
fn forge(bytes: &[u8], at: usize, with: u32) -> Vec<u8> {
    let sum = |bytes: &[u8]| xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes();
    let mut forged = bytes.to_vec();
    forged[at..at + 4].copy_from_slice(&with.to_le_bytes());
    let head = sum(&forged[..112]);
    forged[112..128].copy_from_slice(&head);
    let tail = forged.len() - 48;
    if let Ok(place) = Index::place(&forged, forged.len() as u64) {
        let index = sum(&forged[place.start as usize..tail]);
        forged[tail..tail + 16].copy_from_slice(&index);
    }
    let whole = sum(&forged[..tail + 16]);
    forged[tail + 16..tail + 32].copy_from_slice(&whole);
    forged
}

proptest! {
    /// Any bytes, and any change of some: an error or the truth, never a panic, never much memory.
    #[test]
    fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&Bytes::from(noise.clone())).is_err());
        let behind_magic = [&b"mirrorSG\x01\x00"[..], &noise].concat();
        prop_assert!(read(&Bytes::from(behind_magic)).is_err());
    }

    #[test]
    fn lies_are_refused(at in any::<prop::sample::Index>(), with in prop_oneof![
        any::<u32>(), Just(0), Just(1), Just(u32::MAX), Just(1 << 16), Just(1 << 20)
    ]) {
        let (_, bytes) = sealed(&records(3, 30));
        let place = Index::place(&bytes, bytes.len() as u64).unwrap();
        // The head's and the index's numbers.
        let fields: Vec<usize> = (8..112).step_by(4)
            .chain((place.start as usize..bytes.len() - 48).step_by(4)).collect();
        let forged = forge(&bytes, fields[at.index(fields.len())], with);
        // What is no lie about lengths and places may pass: times, or an id.
        read(&Bytes::from(forged)).ok();
    }
}
