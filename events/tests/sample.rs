//! Sample chats: the same for the same seed, and of the shape that they promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use events::sample::{Chat, chat};
use events::{Body, Event, codec};

const CHAT: Chat = Chat { seed: 7, count: 10_000, mirrors: 3, raw: true };

#[test]
fn a_chat_follows_from_its_seed() {
    let events: Vec<Event> = chat(CHAT).collect();
    assert_eq!(events.len(), CHAT.count);
    assert!(chat(CHAT).eq(events.iter().cloned()));
    assert!(!chat(Chat { seed: 8, ..CHAT }).eq(events));
}

#[test]
fn a_chat_has_its_shares_and_sizes() {
    let events: Vec<Event> = chat(CHAT).collect();
    let share = |letters: &[u8]| {
        events.iter().filter(|event| letters.contains(&event.body.letter())).count() * 100 / events.len()
    };
    assert_eq!(share(b"P"), 50);
    assert!((33..=37).contains(&share(b"C")), "{}", share(b"C"));
    assert!((8..=12).contains(&share(b"E")), "{}", share(b"E"));
    assert!((3..=7).contains(&share(b"D")), "{}", share(b"D"));
    let replies = events.iter().filter(|event| matches!(&event.body, Body::Created(it) if it.kind == 19));
    assert!(replies.count() > 50);
    let said = events.iter().filter(|event| matches!(event.body, Body::Created(_) | Body::Edited(_)));
    let sizes: Vec<usize> = said.map(|event| event.raw.len()).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((850..950).contains(&mean), "{mean}");
    let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "each is a fact of its own");
    assert!(
        events
            .iter()
            .all(|event| serde_json::from_slice::<serde_json::Value>(&event.raw).is_ok()
                || event.raw.is_empty())
    );
    assert!(events.iter().all(|event| codec::encode(event, &mut Vec::new()).is_ok()));
}
