//! Records: round trips, damage, and the frozen fixtures of each format version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod arbitrary;
mod damage;
mod fixtures;
mod growth;

use bytes::Bytes;
use events::codec::{self, DecodeError, EVENT_BYTES_MAX, TooLarge};
use events::event::{Body, Place, Producer, Service};
use events::{ChannelId, Event, EventId, MessageId, MirrorId, Version};
use uuid::Uuid;

fn event(body: Body, raw: &'static [u8]) -> Event {
    Event {
        id: EventId(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)),
        mirror: MirrorId(Uuid::from_u128(0xf0e0_d0c0_b0a0_9080_7060_5040_3020_1000)),
        place: Place { service: Service::Discord, channel: ChannelId(2), message: MessageId(3) },
        version: Version(-1),
        observed: Version(5),
        producer: Producer { node: "a".parse().unwrap(), seq: 300 },
        body,
        raw: Bytes::from_static(raw),
    }
}

#[test]
fn raw_is_a_slice_of_the_record() {
    let sent = event(Body::Deleted, br#"{"id":"3"}"#);
    let mut out = vec![7];
    codec::encode(&sent, &mut out).unwrap();
    let record = Bytes::from(out).slice(1..);
    let back = codec::decode(&record).unwrap();
    assert_eq!(back, sent);
    assert_eq!(back.raw.as_ptr(), record[record.len() - 10..].as_ptr());
}

#[test]
fn the_mirror_is_read_alone() {
    let sent = event(Body::Deleted, br#"{"id":"3"}"#);
    let mut record = Vec::new();
    codec::encode(&sent, &mut record).unwrap();
    assert_eq!(codec::mirror_of(&record), Some(sent.mirror));
    // The format, the marker of the array, and two ids of 18 bytes.
    for length in 0..2 + 2 * 18 {
        assert_eq!(codec::mirror_of(&record[..length]), None, "{length} bytes of it");
    }
    record[0] = codec::FORMAT + 1;
    assert_eq!(codec::mirror_of(&record), None, "of a newer format");
}

#[test]
fn a_record_over_the_limit_is_refused_and_leaves_the_buffer_alone() {
    let mut sent = event(Body::Cut, b"");
    let mut out = vec![7];
    codec::encode(&sent, &mut out).unwrap();
    let head = out.len() - 1;
    out.truncate(1);
    sent.raw = Bytes::from(vec![b' '; EVENT_BYTES_MAX - head + 1]);
    assert_eq!(codec::encode(&sent, &mut out), Err(TooLarge { bytes: EVENT_BYTES_MAX + 1 }));
    assert_eq!(out, [7]);
    sent.raw = sent.raw.slice(1..);
    assert_eq!(codec::encode(&sent, &mut out), Ok(()));
}

#[test]
fn a_newer_format_is_not_corrupt() {
    let decode = |bytes: &'static [u8]| codec::decode(&Bytes::from_static(bytes)).unwrap_err();
    assert_eq!(decode(&[4, 0xff]), DecodeError::Newer(4));
    for bytes in [&[][..], &[0], &[1], &[2], &[3], &[1, 0x98], &[2, 0x98], &[3, 0x98]] {
        assert!(matches!(decode(bytes), DecodeError::Corrupt(_)), "{bytes:?}");
    }
}
