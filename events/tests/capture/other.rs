//! Everything that is kept and not folded, and what is not kept.

use crate::{OBSERVED, World, check, message, world};
use events::GuildId;
use events::capture::{Captured, Dispatch, Systems, capture, history};
use expect_test::expect;
use serde_json::json;

#[test]
fn a_channel_that_is_gone_is_cut_from_each_mirror() {
    check(
        "CHANNEL_DELETE",
        r#"{"id":"10","type":0}"#,
        expect![[r#"
        m1 10/0 @now Cut
        m2 10/0 @now Cut
    "#]],
    );
    check(
        "THREAD_DELETE",
        r#"{"id":"20","parent_id":"10","type":11}"#,
        expect![[r#"
        m1 20/0 @now Cut
    "#]],
    );
    check("CHANNEL_DELETE", r#"{"id":"30"}"#, expect![[""]]);
    check(
        "THREAD_DELETE",
        r#"{"id":"30","parent_id":"11","type":11}"#,
        expect![[r#"
            m1 11/30 @1767225600000001 Thread(Thread { name: "", kind: 0, archived: false, locked: false, tags: [], owner: UserId(0), deleted: true })
        "#]],
    );
}

#[test]
fn other_dispatches_of_a_linked_channel_are_kept() {
    let reaction = r#"{"channel_id":"20","message_id":"3","user_id":"7","emoji":{"id":null,"name":"x"}}"#;
    check(
        "MESSAGE_REACTION_ADD",
        reaction,
        expect![[r#"
        m1 20/3 @now Other(Other { kind: "MESSAGE_REACTION_ADD" })
    "#]],
    );
    check(
        "CHANNEL_PINS_UPDATE",
        r#"{"channel_id":"10","last_pin_timestamp":null}"#,
        expect![[r#"
        m1 10/0 @now Other(Other { kind: "CHANNEL_PINS_UPDATE" })
        m2 10/0 @now Other(Other { kind: "CHANNEL_PINS_UPDATE" })
    "#]],
    );
    check(
        "CHANNEL_UPDATE",
        r#"{"id":"11","name":"new"}"#,
        expect![[r#"
        m1 11/0 @now Other(Other { kind: "CHANNEL_UPDATE" })
    "#]],
    );
    check(
        "NEVER_HEARD_OF",
        r#"{"channel_id":"11","id":"x","ids":7}"#,
        expect![[r#"
        m1 11/0 @now Other(Other { kind: "NEVER_HEARD_OF" })
    "#]],
    );
}

#[test]
fn a_thread_belongs_to_its_own_link_or_to_its_parents() {
    check(
        "THREAD_UPDATE",
        r#"{"id":"11","parent_id":"10"}"#,
        expect![[r#"
        m1 11/0 @now Other(Other { kind: "THREAD_UPDATE" })
    "#]],
    );
    check(
        "THREAD_CREATE",
        r#"{"id":"30","parent_id":"11"}"#,
        expect![[r#"
        m1 11/0 @now Other(Other { kind: "THREAD_CREATE" })
    "#]],
    );
    check("MESSAGE_REACTION_ADD", r#"{"channel_id":"30","parent_id":"11"}"#, expect![[""]]);
}

#[test]
fn system_messages_are_kept_where_messages_are() {
    for channel in ["11", "20"] {
        let joined = message(json!({"type": 7, "channel_id": channel}));
        let expected = if channel == "11" {
            expect![[r#"
            m1 11/4194304 @now Other(Other { kind: "MESSAGE_CREATE" })
        "#]]
        } else {
            expect![[""]]
        };
        check("MESSAGE_CREATE", joined, expected);
    }
    check(
        "MESSAGE_UPDATE",
        message(json!({"type": 300})),
        expect![[r#"
        m1 11/4194304 @now Other(Other { kind: "MESSAGE_UPDATE" })
    "#]],
    );
}

#[test]
fn noise_secrets_and_what_has_no_linked_channel_are_not_kept() {
    let of_a_linked_channel = r#"{"channel_id":"11","token":"a secret"}"#;
    for kind in ["TYPING_START", "INTERACTION_CREATE", "VOICE_STATE_UPDATE"] {
        check(kind, of_a_linked_channel, expect![[""]]);
    }
    check("MESSAGE_REACTION_ADD", r#"{"channel_id":"30"}"#, expect![[""]]);
    for data in ["{}", "[]", "null", "7", r#"{"id":"11"}"#, r#"{"channel_id":{}}"#] {
        check("GUILD_ROLE_CREATE", data, expect![[""]]);
    }
}

/// What was chosen is somebody's words, in a live frame and in history; the rest is kept and not shown.
#[test]
fn system_messages_are_shown_by_choice() {
    let told = |systems: &str, kind: u64| {
        let world = World { systems: Systems::parse(systems).unwrap(), ..world() };
        let json = message(json!({"type": kind, "content": ""}));
        let live = capture(&Dispatch { kind: "MESSAGE_CREATE", data: &json }, &world, OBSERVED).unwrap();
        let read = history(&json, GuildId(6), &world, OBSERVED).unwrap();
        let letters = |captured: Captured| captured.events[0].body.letter();
        assert_eq!(letters(live.clone()), letters(read));
        letters(live)
    };
    for (systems, kinds) in [
        ("pins", &[6][..]),
        ("joins", &[7]),
        ("boosts", &[8, 9, 10, 11]),
        ("polls", &[46]),
        (" pins, joins,", &[6, 7]),
        ("", &[]),
    ] {
        for kind in [3, 4, 6, 7, 8, 9, 10, 11, 21, 24, 46, 55] {
            let wanted = if kinds.contains(&kind) { b'C' } else { b'O' };
            assert_eq!(told(systems, kind), wanted, "{systems:?}, type {kind}");
        }
    }
    expect!["'pin' is none of pins, joins, boosts, polls"].assert_eq(&Systems::parse("pin").unwrap_err());
}
