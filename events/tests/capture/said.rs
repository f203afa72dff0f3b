//! What a message says: author, text, files, embeds, names, replies, forwards.

use crate::{message, run};
use events::event::{AuthorKind, Body, Created, Quote};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

fn created(patch: Value) -> Created {
    let captured = run("MESSAGE_CREATE", &message(patch)).unwrap();
    match &captured.events[..] {
        [event] => match &event.body {
            Body::Created(created) => created.clone(),
            other => panic!("expected Created, got {other:?}"),
        },
        other => panic!("expected one event, got {other:?}"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better without a borrow")]
fn check(told: impl std::fmt::Debug, expected: Expect) {
    expected.assert_eq(&format!("{told:?}"));
}

#[test]
fn an_author_has_the_name_and_avatar_that_are_shown() {
    let author = |user: Value, member: Value| {
        let author = created(json!({"author": user, "member": member})).author;
        (author.name, author.username, author.avatar)
    };
    let user = json!({"id": "7", "username": "ann", "global_name": "Ann", "avatar": "a_1"});
    check(
        author(user.clone(), json!({"nick": "A", "avatar": "b2"})),
        expect![[r#"("A", "ann", Some("guilds/6/users/7/avatars/b2"))"#]],
    );
    check(
        author(user.clone(), json!({"nick": null, "avatar": null})),
        expect![[r#"("Ann", "ann", Some("avatars/7/a_1"))"#]],
    );
    check(author(user, json!({"nick": ""})), expect![[r#"("Ann", "ann", Some("avatars/7/a_1"))"#]]);
    check(
        author(json!({"id": "7", "username": "ann", "global_name": null}), json!(null)),
        expect![[r#"("ann", "ann", None)"#]],
    );
    // An avatar becomes a part of an address.
    check(
        author(json!({"id": "7", "username": "ann", "avatar": "../x?y"}), json!(null)),
        expect![[r#"("ann", "ann", None)"#]],
    );
}

#[test]
fn bots_and_webhooks_of_others_are_ordinary_authors() {
    let kind = |patch| created(patch).author.kind;
    assert_eq!(kind(json!({})), AuthorKind::User);
    assert_eq!(kind(json!({"author": {"id": "8", "bot": true}})), AuthorKind::Bot);
    assert_eq!(kind(json!({"author": {"id": "8", "bot": true}, "webhook_id": "8"})), AuthorKind::Webhook);
    // The answer to a slash command: its webhook is the application.
    assert_eq!(kind(json!({"author": {"id": "8", "bot": true}, "webhook_id": "50"})), AuthorKind::Bot);
}

#[test]
fn embeds_are_said_by_bots_and_otherwise_added_by_discord() {
    let embeds = json!([{"type": "rich", "color": 1}, {"title": "x"}, {"type": "link"}, {"type": "gifv"}, 7]);
    let split = |author: Value| {
        let created = created(json!({"author": author, "embeds": embeds}));
        (created.said.unwrap().embeds, created.decor.embeds)
    };
    check(
        split(json!({"id": "7"})),
        expect![[
            r#"([], ["{\"color\":1,\"type\":\"rich\"}", "{\"title\":\"x\"}", "{\"type\":\"link\"}", "{\"type\":\"gifv\"}"])"#
        ]],
    );
    check(
        split(json!({"id": "7", "bot": true})),
        expect![[
            r#"(["{\"color\":1,\"type\":\"rich\"}", "{\"title\":\"x\"}"], ["{\"type\":\"link\"}", "{\"type\":\"gifv\"}"])"#
        ]],
    );
}

#[test]
fn an_embed_is_kept_as_it_was_sent() {
    let text = r#"{"id":"3","channel_id":"11","embeds":[ {"type":"rich", "n":1.50e0, "u":"\u00e9"} ]}"#;
    let captured = run("MESSAGE_UPDATE", text).unwrap();
    let Body::Refreshed(refreshed) = &captured.events[0].body else { panic!("{captured:?}") };
    assert_eq!(refreshed.decor.embeds, [r#"{"type":"rich", "n":1.50e0, "u":"\u00e9"}"#]);
}

#[test]
fn names_are_those_of_the_moment() {
    let mentions = json!([
        {"id": "8", "username": "bob", "member": {"nick": "B"}},
        {"id": "9", "username": "cy", "global_name": "Cy"}, {"id": "8", "username": "again"}, "odd",
    ]);
    let text = "<@8> <@!9> <#10> <#10> <#12> <@&5> <@&6> <#> <@x> <<#10 <:e:1> <t:1:R> <#-1> <#99999999999999999999>";
    check(
        created(json!({"content": text, "mentions": mentions})).said.unwrap().names,
        expect![[
            r#"Names { users: [(UserId(8), "B"), (UserId(9), "Cy")], channels: [(ChannelId(10), "general")], roles: [(RoleId(5), "mods")] }"#
        ]],
    );
    let quoted = json!({"author": {"id": "8", "username": "bob"}, "content": "<#10>",
        "mentions": [{"id": "9", "username": "cy"}]});
    check(
        created(json!({"type": 19, "referenced_message": quoted})).said.unwrap().names,
        expect![[
            r#"Names { users: [(UserId(9), "cy")], channels: [(ChannelId(10), "general")], roles: [] }"#
        ]],
    );
    let bot = json!({"id": "7", "bot": true});
    let embeds = json!([{"description": "see <#10>"}]);
    check(
        created(json!({"author": bot, "embeds": embeds})).said.unwrap().names,
        expect![[r#"Names { users: [], channels: [(ChannelId(10), "general")], roles: [] }"#]],
    );
}

#[test]
fn files_stickers_and_polls() {
    let attachment = json!({"id": "1", "filename": "a.png", "url": "https://cdn.example/a.png?ex=1", "size": 9,
        "content_type": "image/png", "description": "an a", "width": 3});
    let patch = json!({
        "attachments": [attachment, {"id": "2", "size": "odd"}, {"no": "id"}],
        "sticker_items": [{"id": "3", "name": "wave", "format_type": 3}],
        "poll": {"question": {"text": "when?"}, "answers": [
            {"answer_id": 1, "poll_media": {"text": "now", "emoji": {"name": "x"}}},
            {"answer_id": 2, "poll_media": {"emoji": {"name": "🙂"}}}]},
    });
    check(
        created(patch).said.unwrap(),
        expect![[
            r#"Said { text: "hi", attachments: [Attachment { id: 1, name: "a.png", url: "https://cdn.example/a.png?ex=1", size: 9, content_type: Some("image/png"), description: Some("an a"), seconds: None }, Attachment { id: 2, name: "", url: "", size: 0, content_type: None, description: None, seconds: None }], stickers: [Sticker { id: 3, name: "wave", format: 3 }], embeds: [], poll: Some(Poll { question: "when?", answers: ["x now", "🙂"], terms: None }), forward: None, names: Names { users: [], channels: [], roles: [] } }"#
        ]],
    );
}

#[test]
fn a_reply_names_and_quotes_what_it_answers() {
    let reference = json!({"message_id": "3", "channel_id": "12", "guild_id": "6"});
    let quoted =
        json!({"author": {"id": "8", "username": "bob", "global_name": "Bob"}, "content": "é".repeat(101)});
    let reply = json!({"type": 19, "message_reference": reference, "referenced_message": quoted});
    let told = created(reply).reply_to.unwrap();
    assert_eq!(told.quote.as_ref().unwrap().text, "é".repeat(Quote::CHARS_MAX));
    check(
        (told.channel, told.message, told.guild, told.quote.unwrap().author),
        expect![[r#"(ChannelId(12), MessageId(3), GuildId(6), "Bob")"#]],
    );

    let deleted =
        json!({"type": 19, "message_reference": {"type": 0, "message_id": "3"}, "referenced_message": null});
    check(
        created(deleted).reply_to,
        expect![
            "Some(ReplyTo { channel: ChannelId(11), message: MessageId(3), guild: GuildId(6), quote: None })"
        ],
    );
    let crosspost = json!({"flags": 2, "message_reference": {"message_id": "3", "channel_id": "12"}});
    check(created(crosspost).reply_to, expect!["None"]);
}

#[test]
fn a_forward_shows_a_snapshot_and_answers_nothing() {
    let snapshot = json!({"content": "seen <#10>", "attachments": [{"id": "1", "filename": "a"}],
        "embeds": [{"type": "link"}], "mentions": [{"id": "8", "username": "bob"}]});
    let forward = json!({"content": "", "message_reference": {"type": 1, "message_id": "3", "channel_id": "12"},
        "message_snapshots": [{"message": snapshot}]});
    let created = created(forward);
    assert_eq!(created.reply_to, None);
    let said = created.said.unwrap();
    check(
        (said.text, said.forward, said.names),
        expect![[
            r#"("", Some(Forward { text: "seen <#10>", attachments: [Attachment { id: 1, name: "a", url: "", size: 0, content_type: None, description: None, seconds: None }], embeds: ["{\"type\":\"link\"}"], stickers: [] }), Names { users: [(UserId(8), "bob")], channels: [(ChannelId(10), "general")], roles: [] })"#
        ]],
    );
}
