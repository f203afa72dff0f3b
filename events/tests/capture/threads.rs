//! Threads of a linked channel: what happens in one happens in its parent, and a private one is nobody's business.

use crate::{OBSERVED, message, run, world};
use events::Body;
use events::capture::{Echo, history};
use events::{ChannelId, GuildId, MessageId, WebhookId};
use serde_json::{Value, json};

/// Each event as `channel/message what`.
fn told(kind: &str, data: &str) -> Vec<String> {
    let line = |event: &events::Event| {
        let what = match &event.body {
            Body::Created(created) => {
                let text = created.said.as_ref().map(|said| said.text.clone()).unwrap_or_default();
                format!("{text:?} in {:?}", created.thread.map(|thread| thread.0))
            }
            Body::Thread(thread) => format!("{thread:?}"),
            other => format!("{}", char::from(other.letter())),
        };
        format!("{}/{} {what}", event.place.channel, event.place.message)
    };
    run(kind, data).unwrap().events.iter().map(line).collect()
}

fn thread(patch: Value) -> String {
    let mut thread = json!({
        "id": "40", "parent_id": "10", "guild_id": "6", "type": 11, "name": "plans", "owner_id": "7",
        "thread_metadata": {"archived": false, "locked": false},
    });
    let Value::Object(patch) = patch else { panic!("a patch is an object") };
    patch.into_iter().for_each(|(field, value)| thread[field] = value);
    thread.to_string()
}

#[test]
fn what_is_said_in_a_thread_is_said_in_its_parent() {
    let in_thread = message(json!({"channel_id": "40"}));
    let twice = |line: &str| vec![line.to_owned(); 2];
    assert_eq!(told("MESSAGE_CREATE", &in_thread), twice(r#"10/4194304 "hi" in Some(40)"#));
    let edit = json!({"channel_id": "40", "edited_timestamp": "2026-01-01T00:00:00.000000+00:00"});
    let edited = told("MESSAGE_UPDATE", &message(edit));
    assert_eq!(edited, ["10/4194304 E", "10/4194304 E", "10/4194304 R", "10/4194304 R"]);
    assert_eq!(told("MESSAGE_DELETE", r#"{"id":"5","channel_id":"40"}"#), twice("10/5 D"));
    assert_eq!(told("MESSAGE_REACTION_ADD", r#"{"message_id":"5","channel_id":"40"}"#), twice("10/5 O"));
    assert_eq!(
        told("MESSAGE_CREATE", &message(json!({"channel_id": "40", "type": 21}))),
        twice("10/4194304 O")
    );
    assert!(told("MESSAGE_CREATE", &message(json!({"channel_id": "42"}))).is_empty(), "20 publishes nothing");
}

/// It is what the post stands on, and its echo is a post's.
#[test]
fn the_first_message_of_a_post_stands_in_the_forum_itself() {
    let first = |patch: Value| {
        let mut first = json!({"id": "40", "channel_id": "40"});
        patch.as_object().unwrap().iter().for_each(|(field, value)| first[field] = value.clone());
        message(first)
    };
    let twice = |line: &str| vec![line.to_owned(); 2];
    assert_eq!(told("MESSAGE_CREATE", &first(json!({}))), twice(r#"10/40 "hi" in None"#));
    let edited = json!({"edited_timestamp": "2026-01-01T00:00:00.000000+00:00"});
    assert_eq!(told("MESSAGE_UPDATE", &first(edited))[0], "10/40 E");
    assert_eq!(told("MESSAGE_DELETE", r#"{"id":"40","channel_id":"40"}"#), twice("10/40 D"));
    let read = history(&first(json!({})), GuildId(6), &world(), OBSERVED).unwrap();
    let Body::Created(created) = &read.events[0].body else { panic!("{read:?}") };
    assert_eq!((read.events[0].place.channel, created.thread), (ChannelId(10), None));
    let ours = message(json!({"id": "42", "channel_id": "42", "webhook_id": "77"}));
    let echo = run("MESSAGE_CREATE", &ours).unwrap().echo.unwrap();
    assert_eq!((echo.channel, echo.thread, echo.message), (ChannelId(20), None, MessageId(42)));
}

#[test]
fn a_private_thread_gives_nothing() {
    for (kind, data) in [
        ("MESSAGE_CREATE", message(json!({"channel_id": "41"}))),
        ("MESSAGE_UPDATE", message(json!({"channel_id": "41"}))),
        ("MESSAGE_DELETE", r#"{"id":"5","channel_id":"41"}"#.to_owned()),
        ("MESSAGE_REACTION_ADD", r#"{"message_id":"5","channel_id":"41"}"#.to_owned()),
        ("THREAD_CREATE", thread(json!({"id": "41", "type": 12}))),
        ("THREAD_UPDATE", thread(json!({"id": "41", "type": 12}))),
        ("THREAD_UPDATE", r#"{"id":"41","parent_id":"10","type":12}"#.to_owned()),
        ("THREAD_DELETE", r#"{"id":"41","parent_id":"10","type":12}"#.to_owned()),
        ("MESSAGE_CREATE", message(json!({"type": 18, "message_reference": {"channel_id": "41"}}))),
    ] {
        assert!(told(kind, &data).is_empty(), "{kind} {data}");
    }
}

#[test]
fn a_thread_is_told_as_it_is() {
    let one = |kind, patch| told(kind, &thread(patch)).swap_remove(0);
    let all = json!({"thread_metadata": {"archived": true, "locked": true}, "applied_tags": ["8", "9"]});
    assert_eq!(
        one("THREAD_UPDATE", all),
        r#"10/40 Thread { name: "plans", kind: 11, archived: true, locked: true, tags: ["bug"], owner: UserId(7), deleted: false }"#
    );
    assert_eq!(
        one("THREAD_CREATE", json!({})),
        r#"10/40 Thread { name: "plans", kind: 11, archived: false, locked: false, tags: [], owner: UserId(7), deleted: false }"#
    );
    let deleted = told("THREAD_DELETE", r#"{"id":"40","guild_id":"6","parent_id":"10","type":11}"#);
    assert!(deleted.len() == 2 && deleted[0].contains("deleted: true"), "{deleted:?}");
    for owner in ["99", "77"] {
        let ours = thread(json!({"owner_id": owner}));
        assert!(told("THREAD_CREATE", &ours).is_empty(), "one that we made follows another");
    }
    let linked_itself = thread(json!({"id": "11"}));
    assert_eq!(told("THREAD_UPDATE", &linked_itself), ["11/0 O"]);
}

/// The true message of that id has a greater version: its words count, whichever comes first.
#[test]
fn a_thread_without_a_message_has_a_starter() {
    let started = json!({
        "id": "4294967296", "channel_id": "10", "type": 18, "content": "plans",
        "message_reference": {"channel_id": "8388608", "guild_id": "6"},
    });
    let captured = run("MESSAGE_CREATE", &message(started)).unwrap();
    let event = &captured.events[0];
    assert_eq!(event.place.message, MessageId(8_388_608));
    assert_eq!(event.version.0, MessageId(8_388_608).made().0 - 1);
    let Body::Created(created) = &event.body else { panic!("{event:?}") };
    assert_eq!(created.said.as_ref().unwrap().text, "plans");
    assert_eq!((created.kind, created.thread, &created.reply_to), (18, None, &None));
}

#[test]
fn an_echo_says_which_thread() {
    let ours = message(json!({"channel_id": "42", "webhook_id": "77"}));
    let echo = run("MESSAGE_CREATE", &ours).unwrap().echo.unwrap();
    let (channel, thread) = (ChannelId(20), Some(ChannelId(42)));
    assert_eq!(echo, Echo { channel, thread, message: MessageId(4_194_304), webhook: WebhookId(77) });
}
