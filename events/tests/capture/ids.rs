//! Ids: the same fact seen twice is the same event.

use crate::{OBSERVED, message, mirror, world};
use events::capture::{Dispatch, capture, history};
use events::event::{GoneBy, Outcome, Receipt, Shown, ThreadShown, receipt_id};
use events::{ChannelId, EventId, GuildId, MessageId, Version, WebhookId};
use serde_json::json;
use std::collections::BTreeSet;

fn ids(kind: &str, data: &str, observed: Version) -> Vec<EventId> {
    let captured = capture(&Dispatch { kind, data }, &world(), observed).unwrap();
    captured.events.iter().map(|event| event.id).collect()
}

fn distinct(ids: &[EventId]) -> bool {
    ids.iter().collect::<BTreeSet<_>>().len() == ids.len()
}

#[test]
fn the_same_fact_seen_later_by_another_node_has_the_same_id() {
    let later = Version(OBSERVED.0 + 5_000_000);
    let edited = message(json!({"content": "ho", "edited_timestamp": "2025-12-31T23:59:59+00:00"}));
    let facts = [
        ("MESSAGE_CREATE", message(json!({}))),
        ("MESSAGE_UPDATE", edited),
        ("MESSAGE_UPDATE", message(json!({"content": "answered"}))),
        ("MESSAGE_DELETE", r#"{"id":"3","channel_id":"11"}"#.to_owned()),
        ("CHANNEL_DELETE", r#"{"id":"11"}"#.to_owned()),
        ("MESSAGE_REACTION_ADD", r#"{"message_id":"3","channel_id":"11"}"#.to_owned()),
    ];
    let mut all = Vec::new();
    for (kind, data) in &facts {
        let first = ids(kind, data, OBSERVED);
        assert_eq!(first, ids(kind, data, later), "{kind}");
        all.extend(first);
    }
    assert_eq!(all.len(), 7);
    assert!(distinct(&all), "{all:?}");
}

#[test]
fn an_edit_has_one_id_whether_it_came_by_gateway_or_from_history() {
    let time = |text| message(json!({"content": "ho", "edited_timestamp": text}));
    let live = ids("MESSAGE_UPDATE", &time("2025-12-31T23:59:59.766195+00:00"), OBSERVED);
    // Discord cuts the time itself when it sends the message again.
    let read = time("2025-12-31T23:59:59.766000+00:00");
    let read = history(&read, GuildId(6), &world(), OBSERVED).unwrap();
    assert_eq!(live[0], read.events[1].id);
    assert_eq!(ids("MESSAGE_CREATE", &message(json!({})), OBSERVED)[0], read.events[0].id);
}

#[test]
fn mirrors_messages_and_decors_make_a_difference() {
    let mut all = ids("MESSAGE_CREATE", &message(json!({"channel_id": "10"})), OBSERVED);
    for patch in [json!({}), json!({"id": "4"}), json!({"id": "5"})] {
        all.extend(ids("MESSAGE_CREATE", &message(patch), OBSERVED));
    }
    for patch in [
        json!({}),
        json!({"pinned": true}),
        json!({"flags": 4}),
        json!({"embeds": [{"type": "link"}]}),
        json!({"embeds": [{"type": "gifv"}]}),
        json!({"embeds": [{"type": "link"}, {"type": "link"}]}),
        json!({"content": "other"}),
    ] {
        all.extend(ids("MESSAGE_UPDATE", &message(patch), OBSERVED));
    }
    assert_eq!(all.len(), 12);
    assert!(distinct(&all), "{all:?}");
}

#[test]
fn each_part_of_a_receipt_makes_a_difference() {
    let shown = Shown { version: Version(1), hash: 2, webhook: WebhookId(3), last: true, files: Vec::new() };
    let base = Receipt {
        link: ChannelId(1),
        part: 0,
        copy: MessageId(2),
        outcome: Outcome::Shown(shown.clone()),
        thread: None,
    };
    let outcome = |outcome| Receipt { outcome, ..base.clone() };
    let refused = |version| Outcome::Refused { version: Version(version), reason: "no".into() };
    let receipts = [
        base.clone(),
        Receipt { link: ChannelId(9), ..base.clone() },
        Receipt { part: 1, ..base.clone() },
        Receipt { copy: MessageId(9), ..base.clone() },
        outcome(Outcome::Shown(Shown { version: Version(9), ..shown.clone() })),
        outcome(Outcome::Shown(Shown { hash: 9, ..shown.clone() })),
        outcome(Outcome::Shown(Shown { files: vec![9], ..shown.clone() })),
        outcome(Outcome::Posted { shown: shown.clone(), post: ThreadShown { version: Version(1), hash: 2 } }),
        outcome(Outcome::Posted { shown: shown.clone(), post: ThreadShown { version: Version(9), hash: 2 } }),
        outcome(Outcome::Posted { shown, post: ThreadShown { version: Version(1), hash: 9 } }),
        outcome(Outcome::Threaded(ThreadShown { version: Version(1), hash: 2 })),
        outcome(Outcome::Threaded(ThreadShown { version: Version(9), hash: 2 })),
        outcome(Outcome::Threaded(ThreadShown { version: Version(1), hash: 9 })),
        outcome(Outcome::Gone(GoneBy::Us)),
        outcome(Outcome::Gone(GoneBy::Another)),
        outcome(refused(1)),
        outcome(refused(9)),
    ];
    let id = |mirror_number, source, receipt, version| {
        receipt_id(mirror(mirror_number), MessageId(source), receipt, Version(version))
    };
    let mut all: Vec<EventId> = receipts.iter().map(|receipt| id(1, 5, receipt, 7)).collect();
    all.extend([id(2, 5, &base, 7), id(1, 6, &base, 7), id(1, 5, &base, 8)]);
    assert!(distinct(&all), "{all:?}");
    assert_eq!(id(1, 5, &base, 7), all[0]);
}

/// Ids are in logs and lane rows: another way to derive them would break both.
#[test]
fn ids_are_derived_as_ever() {
    let created = ids("MESSAGE_CREATE", &message(json!({})), OBSERVED)[0];
    let refreshed = ids("MESSAGE_UPDATE", &message(json!({"pinned": true})), OBSERVED)[0];
    let gone = Receipt {
        link: ChannelId(1),
        part: 0,
        copy: MessageId(2),
        outcome: Outcome::Gone(GoneBy::Us),
        thread: None,
    };
    let receipt = receipt_id(mirror(1), MessageId(5), &gone, Version(7));
    expect_test::expect![[r#"
        ec7c0756-6c4e-52c5-a2d9-1d78d05bd666
        db51102a-c300-5dc7-a5d8-3cc55ad701ab
        7decd740-46c2-54c0-a517-40a4a10f879e
    "#]]
    .assert_eq(&format!("{created}\n{refreshed}\n{receipt}\n"));
}
