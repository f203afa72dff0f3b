//! Odd payloads: an answer, never a panic, and what was sent is kept as it was.

use crate::{OBSERVED, run, world};
use events::GuildId;
use events::capture::{envelope, history};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const KINDS: [&str; 8] = [
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "CHANNEL_DELETE",
    "THREAD_DELETE",
    "MESSAGE_REACTION_ADD",
    "THREAD_UPDATE",
];

const FIELDS: [&str; 40] = [
    "id",
    "ids",
    "channel_id",
    "message_id",
    "parent_id",
    "guild_id",
    "webhook_id",
    "application_id",
    "author",
    "member",
    "type",
    "content",
    "edited_timestamp",
    "flags",
    "pinned",
    "attachments",
    "embeds",
    "mentions",
    "sticker_items",
    "poll",
    "message_reference",
    "referenced_message",
    "message_snapshots",
    "username",
    "global_name",
    "avatar",
    "bot",
    "nick",
    "filename",
    "url",
    "size",
    "name",
    "format_type",
    "question",
    "answers",
    "poll_media",
    "text",
    "emoji",
    "message",
    "unknown",
];

/// Values of every type, some of the kind that a field expects.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(|id| Value::from(id.to_string())),
        ".{0,20}".prop_map(Value::from),
        prop_oneof![Just("11"), Just("20"), Just("2025-12-31T23:59:59.1+00:00"), Just("<@1> <#10>")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(proptest::sample::select(&FIELDS[..]), inner, 0..8).prop_map(object),
        ]
    })
}

fn object(fields: std::collections::HashMap<&'static str, Value>) -> Value {
    Value::Object(fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect::<Map<_, _>>())
}

/// A whole message in which some fields were replaced by anything.
fn payload() -> impl Strategy<Value = Value> {
    hash_map(proptest::sample::select(&FIELDS[..]), value(), 0..5).prop_map(|fields| {
        let mut payload: Value = json!({
            "id": "4194304", "channel_id": "11", "type": 0, "content": "hi", "attachments": [],
            "author": {"id": "7", "username": "ann"},
        });
        for (field, value) in fields {
            payload[field] = value;
        }
        payload
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn odd_payloads_never_panic(payload in prop_oneof![3 => payload(), 1 => value()], kind in proptest::sample::select(&KINDS[..])) {
        let text = payload.to_string();
        for event in run(kind, &text).map(|captured| captured.events).unwrap_or_default() {
            prop_assert_eq!(&event.raw[..], text.as_bytes());
        }
        let _ = history(&text, GuildId(6), &world(), OBSERVED);
    }

    #[test]
    fn odd_text_never_panics(text in ".{0,80}", kind in proptest::sample::select(&KINDS[..])) {
        let _ = envelope(&text);
        let _ = run(kind, &text);
        let _ = run(kind, &format!(r#"{{"id":"3","channel_id":"11","content":"{text}","embeds":[{text}]}}"#));
    }
}

#[test]
fn huge_nesting_is_passed_over() {
    const DEPTH: usize = 100_000;
    let nested = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    for field in FIELDS.iter().filter(|field| !["id", "channel_id", "content"].contains(field)) {
        let text = format!(r#"{{"id":"3","channel_id":"11","content":"hi","{field}":{nested}}}"#);
        for kind in KINDS {
            for event in run(kind, &text).map(|captured| captured.events).unwrap_or_default() {
                assert_eq!(event.raw.len(), text.len(), "{kind} {field}");
            }
        }
        let frame = format!(r#"{{"op":0,"t":"MESSAGE_CREATE","s":1,"d":{text}}}"#);
        assert_eq!(envelope(&frame).unwrap().data, text);
    }
}
