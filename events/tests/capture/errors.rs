//! Frames and payloads that are refused.

use crate::{check, message};
use events::capture::envelope;
use expect_test::expect;
use serde_json::json;

#[test]
fn a_version_far_ahead_of_our_clock_is_refused() {
    let edited = |time: &str| message(json!({"content": "ho", "edited_timestamp": time}));
    check(
        "MESSAGE_UPDATE",
        edited("2026-01-02T00:00:00.001+00:00"),
        expect![[r#"
        version 1767312000001000 lies more than a day ahead of our clock
    "#]],
    );
    let other_way = message(json!({"id": u64::MAX.to_string()}));
    check(
        "MESSAGE_CREATE",
        other_way,
        expect![[r#"
        version 5818116911103000 lies more than a day ahead of our clock
    "#]],
    );
    let at_the_limit = events::capture::capture(
        &events::capture::Dispatch {
            kind: "MESSAGE_UPDATE",
            data: &edited("2026-01-02T00:00:00.000999+00:00"),
        },
        &crate::world(),
        crate::OBSERVED,
    );
    assert_eq!(at_the_limit.unwrap().events.len(), 2);
}

#[test]
fn a_payload_that_no_event_can_stand_on_is_odd() {
    for (kind, data, expected) in [
        (
            "MESSAGE_CREATE",
            message(json!({"id": null})),
            expect![[r#"
            an odd payload: a message has no id
        "#]],
        ),
        (
            "MESSAGE_CREATE",
            message(json!({"id": "x"})),
            expect![[r#"
            an odd payload: data error at line 1 column 135
        "#]],
        ),
        (
            "MESSAGE_CREATE",
            message(json!({"channel_id": null})),
            expect![[r#"
            an odd payload: the payload names no channel
        "#]],
        ),
        (
            "MESSAGE_CREATE",
            message(json!({"author": null})),
            expect![[r#"
            an odd payload: a new message has no author
        "#]],
        ),
        (
            "MESSAGE_CREATE",
            message(json!({"content": {"secret": "words"}})),
            expect![[r#"
            an odd payload: data error at line 1 column 83
        "#]],
        ),
        (
            "MESSAGE_UPDATE",
            message(json!({"edited_timestamp": "yesterday"})),
            expect![[r#"
                an odd payload: edited_timestamp is no time
            "#]],
        ),
        (
            "MESSAGE_CREATE",
            "[]".to_owned(),
            expect![[r#"
                an odd payload: an array in place of an object
            "#]],
        ),
        (
            "MESSAGE_CREATE",
            "{".to_owned(),
            expect![[r#"
            an odd payload: eof error at line 1 column 1
        "#]],
        ),
        (
            "MESSAGE_DELETE",
            r#"{"channel_id":"11"}"#.to_owned(),
            expect![[r#"
            an odd payload: a deletion names no message
        "#]],
        ),
        (
            "MESSAGE_DELETE",
            r#"{"id":"3"}"#.to_owned(),
            expect![[r#"
            an odd payload: the payload names no channel
        "#]],
        ),
        (
            "MESSAGE_DELETE_BULK",
            r#"{"ids":["3",{}],"channel_id":"11"}"#.to_owned(),
            expect![[r#"
            an odd payload: a deletion names no message
        "#]],
        ),
        (
            "CHANNEL_DELETE",
            "{}".to_owned(),
            expect![[r#"
            an odd payload: the payload names no channel
        "#]],
        ),
    ] {
        check(kind, data, expected);
    }
}

#[test]
fn an_envelope_is_split_and_its_data_is_not_touched() {
    let told = |frame: &str| format!("{:?}", envelope(frame).map(|envelope| (envelope, envelope.dispatch())));
    for (frame, expected) in [
        (
            r#"{"t":"RESUMED","s":7,"op":0,"d": {"n": 1.50} }"#,
            expect![[
                r#"Ok((Envelope { op: 0, seq: Some(7), kind: Some("RESUMED"), data: "{\"n\": 1.50}" }, Some(Dispatch { kind: "RESUMED", data: "{\"n\": 1.50}" })))"#
            ]],
        ),
        (
            r#"{"op":11}"#,
            expect![[r#"Ok((Envelope { op: 11, seq: None, kind: None, data: "null" }, None))"#]],
        ),
        (
            r#"{"op":1,"d":null,"t":"X"}"#,
            expect![[r#"Ok((Envelope { op: 1, seq: None, kind: Some("X"), data: "null" }, None))"#]],
        ),
        ("{}", expect![[r#"Err(Odd { why: "data error at line 1 column 2" })"#]]),
        ("", expect![[r#"Err(Odd { why: "eof error at line 1 column 0" })"#]]),
    ] {
        expected.assert_eq(&told(frame));
    }
}
