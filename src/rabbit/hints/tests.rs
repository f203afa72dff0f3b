//! The bytes of hints, and what an address shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use events::{MirrorId, NodeId, Partition};
use uuid::Uuid;

use super::{Hint, link::Address, wire};

fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

#[test]
fn every_kind_comes_back_and_its_bytes_do_not_change() {
    let mirror = MirrorId(Uuid::from_u128(0xABCD));
    let kinds = [
        (Hint::Mirror(mirror), "0192a16181a16dc4100000000000000000000000000000abcd"),
        (Hint::Advanced(Partition(300)), "0192a16181a161cd012c"),
        (Hint::Moved(Partition(3)), "0192a16181a17003"),
        (Hint::Shard(7), "0192a16181a17307"),
        (Hint::Joined(node("b-2")), "0192a16181a16aa3622d32"),
        (Hint::Left(node("b-2")), "0192a16181a16ca3622d32"),
        (Hint::Drain(node("b-2")), "0192a16181a164a3622d32"),
    ];
    for (hint, bytes) in kinds {
        let encoded = wire::encode(node("a"), hint);
        let hex: String = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, bytes, "{hint:?}");
        assert_eq!(wire::decode(&encoded), Some((node("a"), hint)));
    }
}

#[test]
fn what_is_not_known_is_skipped() {
    let good = wire::encode(node("a"), Hint::Shard(7));
    let with_version = |version| [&[version], &good[1..]].concat();
    let unknown_kind = [&good[..5], b"?", &good[6..]].concat();
    let long = [good.clone(), vec![0; 300]].concat();
    let garbage = vec![0xFF; 40];
    for bytes in [vec![], vec![1], with_version(0), with_version(2), unknown_kind, long, garbage] {
        assert_eq!(wire::decode(&bytes), None, "{bytes:?}");
    }
    (0..good.len()).for_each(|length| assert_eq!(wire::decode(&good[..length]), None));
}

#[test]
fn no_address_shows_its_password() {
    let shown = |url: &str| match Address::parse(&url.into()) {
        Ok(address) => format!("{address:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    let urls = [
        "amqp://user:hunter2@host:5672/vhost",
        "amqps://user:hunter2@host/?ca=no-such-file",
        "http://user:hunter2@host/",
        "amqp:hunter2",
        "amqp://user:hunter2@host:99999/",
        "user:hunter2@host",
        "amqp://user:hunter2@host/?heartbeat=hunter2",
    ];
    urls.iter().for_each(|url| assert!(!shown(url).contains("hunter2"), "{}", shown(url)));
    assert_eq!(shown(urls[0]), "Address(..)");
    assert!(shown(urls[1]).contains("no-such-file"));
}
