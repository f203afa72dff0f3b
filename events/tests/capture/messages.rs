//! Creates, edits, refreshes and deletes; and history.

use crate::{OBSERVED, check, message, told, world};
use events::GuildId;
use events::capture::history;
use expect_test::{Expect, expect};
use serde_json::json;

#[test]
fn a_message_is_created_in_each_mirror_that_its_channel_publishes_to() {
    check(
        "MESSAGE_CREATE",
        message(json!({"channel_id": "10"})),
        expect![[r#"
            m1 10/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }, said: Some(Said { text: "hi", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0, thread: None })
            m2 10/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }, said: Some(Said { text: "hi", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0, thread: None })
        "#]],
    );
    check("MESSAGE_CREATE", message(json!({"channel_id": "20"})), expect![[""]]);
    check("MESSAGE_CREATE", message(json!({"channel_id": "30"})), expect![[""]]);
}

#[test]
fn an_edit_has_the_version_that_discord_gives_cut_to_milliseconds() {
    let edited = json!({"content": "ho", "edited_timestamp": "2025-12-31T23:59:59.123987+00:00", "flags": 4});
    check(
        "MESSAGE_UPDATE",
        message(edited),
        expect![[r#"
        m1 11/4194304 @1767225599123000 Edited(Edited { author: Some(Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }), said: Said { text: "ho", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } } })
        m1 11/4194304 @now Refreshed(Refreshed { created: None, decor: Decor { embeds: [], flags: 4, pinned: false } })
    "#]],
    );
    let in_another_zone = json!({"content": "ho", "edited_timestamp": "2026-01-01T00:59:59.123+01:00"});
    check(
        "MESSAGE_UPDATE",
        message(in_another_zone),
        expect![[r#"
        m1 11/4194304 @1767225599123000 Edited(Edited { author: Some(Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }), said: Said { text: "ho", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } } })
        m1 11/4194304 @now Refreshed(Refreshed { created: None, decor: Decor { embeds: [], flags: 0, pinned: false } })
    "#]],
    );
}

#[test]
fn a_partial_edit_has_no_author_and_one_without_text_is_a_refresh() {
    let time = "2025-12-31T23:59:59+00:00";
    let partial = json!({"id": "3", "channel_id": "11", "content": "ho", "edited_timestamp": time});
    check(
        "MESSAGE_UPDATE",
        partial.to_string(),
        expect![[r#"
        m1 11/3 @1767225599000000 Edited(Edited { author: None, said: Said { text: "ho", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } } })
        m1 11/3 @now Refreshed(Refreshed { created: None, decor: Decor { embeds: [], flags: 0, pinned: false } })
    "#]],
    );
    check(
        "MESSAGE_UPDATE",
        message(json!({"content": null, "edited_timestamp": time})),
        expect![[r#"
        m1 11/4194304 @now Refreshed(Refreshed { created: None, decor: Decor { embeds: [], flags: 0, pinned: false } })
    "#]],
    );
}

#[test]
fn a_full_update_without_an_edit_tells_the_message_again() {
    check(
        "MESSAGE_UPDATE",
        message(json!({"content": "thought", "type": 20})),
        expect![[r#"
            m1 11/4194304 @now Refreshed(Refreshed { created: Some(Created { author: Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }, said: Some(Said { text: "thought", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 20, thread: None }), decor: Decor { embeds: [], flags: 0, pinned: false } })
        "#]],
    );
}

#[test]
fn a_partial_update_is_a_refresh() {
    let unfurl = r#"{"id":"3","channel_id":"11","embeds":[{"type":"rich", "n": 1.50}]}"#;
    check(
        "MESSAGE_UPDATE",
        unfurl,
        expect![[r#"
        m1 11/3 @now Refreshed(Refreshed { created: None, decor: Decor { embeds: ["{\"type\":\"rich\", \"n\": 1.50}"], flags: 0, pinned: false } })
    "#]],
    );
    check("MESSAGE_UPDATE", r#"{"id":"3","channel_id":"20"}"#, expect![[""]]);
}

#[test]
fn a_deletion_counts_in_every_linked_channel() {
    check(
        "MESSAGE_DELETE",
        r#"{"id":"3","channel_id":"10"}"#,
        expect![[r#"
        m1 10/3 @now Deleted
        m2 10/3 @now Deleted
    "#]],
    );
    check(
        "MESSAGE_DELETE",
        r#"{"id":"3","channel_id":"20","guild_id":"6"}"#,
        expect![[r#"
        m1 20/3 @now Deleted
    "#]],
    );
    check("MESSAGE_DELETE", r#"{"id":"3","channel_id":"30"}"#, expect![[""]]);
    check(
        "MESSAGE_DELETE_BULK",
        r#"{"ids":["3","4"],"channel_id":"20"}"#,
        expect![[r#"
        m1 20/3 @now Deleted
        m1 20/4 @now Deleted
    "#]],
    );
}

#[test]
fn what_we_say_is_no_event() {
    let by_our_webhook = json!({"channel_id": "20", "webhook_id": "77", "author": {"id": "77"}});
    check(
        "MESSAGE_CREATE",
        message(by_our_webhook.clone()),
        expect![[r#"
        Echo { channel: ChannelId(20), thread: None, message: MessageId(4194304), webhook: WebhookId(77) }
    "#]],
    );
    check("MESSAGE_UPDATE", message(by_our_webhook), expect![[""]]);
    check("MESSAGE_CREATE", message(json!({"application_id": "98"})), expect![[""]]);
    let by_another_of_our_webhooks = json!({"application_id": "98", "webhook_id": "78"});
    check(
        "MESSAGE_CREATE",
        message(by_another_of_our_webhooks),
        expect![[r#"
        Echo { channel: ChannelId(11), thread: None, message: MessageId(4194304), webhook: WebhookId(78) }
    "#]],
    );
    check("MESSAGE_CREATE", message(json!({"author": {"id": "99"}})), expect![[""]]);
    check("MESSAGE_UPDATE", message(json!({"author": {"id": "99"}})), expect![[""]]);
}

#[test]
fn what_only_one_user_sees_is_no_event() {
    check("MESSAGE_CREATE", message(json!({"flags": 64})), expect![[""]]);
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better without a borrow")]
fn check_history(text: String, expected: Expect) {
    let result = history(&text, GuildId(6), &world(), OBSERVED);
    expected.assert_eq(&told(&result));
    assert!(result.iter().flat_map(|captured| &captured.events).all(|event| event.raw == text.as_bytes()));
}

#[test]
fn a_message_of_the_history_that_was_edited_makes_no_claim_of_its_first_text() {
    check_history(
        message(json!({})),
        expect![[r#"
            m1 11/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }, said: Some(Said { text: "hi", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } }), reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0, thread: None })
        "#]],
    );
    let time = "2025-12-31T23:59:59+00:00";
    check_history(
        message(json!({"content": "ho", "edited_timestamp": time})),
        expect![[r#"
            m1 11/4194304 @1420070400001000 Created(Created { author: Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }, said: None, reply_to: None, decor: Decor { embeds: [], flags: 0, pinned: false }, kind: 0, thread: None })
            m1 11/4194304 @1767225599000000 Edited(Edited { author: Some(Author { id: UserId(7), name: "ann", username: "ann", avatar: None, kind: User }), said: Said { text: "ho", attachments: [], stickers: [], embeds: [], poll: None, forward: None, names: Names { users: [], channels: [], roles: [] } } })
        "#]],
    );
    check_history(
        message(json!({"type": 6})),
        expect![[r#"
        m1 11/4194304 @now Other(Other { kind: "MESSAGE_CREATE" })
    "#]],
    );
    check_history(message(json!({"channel_id": "20"})), expect![[""]]);
    check_history(
        message(json!({"webhook_id": "77"})),
        expect![[r#"
        Echo { channel: ChannelId(11), thread: None, message: MessageId(4194304), webhook: WebhookId(77) }
    "#]],
    );
}
