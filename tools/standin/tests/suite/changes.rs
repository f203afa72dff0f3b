//! What happens to messages besides edits: reactions, pins, links that unfurl, answers that come later.

use expect_test::{Expect, expect};
use standin::{Config, Limits, Window};

use crate::check;

/// The transcript without how the client came.
fn seen(script: &str, expected: Expect) {
    let config = Config { unlimited: true, ..Default::default() };
    let attach = "ws a
        a reads 1
        a identify
        a reads 2
        ";
    let transcript = crate::script::run(config, &format!("{attach}{script}"));
    expected.assert_eq(transcript.split_once("GUILD_CREATE\n").unwrap().1);
}

#[test]
fn reactions_come_and_go() {
    seen(
        r#"say general alice hello
         react general m1
         PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
         PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
         PUT /channels/{general}/messages/{m1}/reactions/blob:123456789/@me
         PUT /channels/{general}/messages/{m1}/reactions/thumbsup/@me | code message
         GET /channels/{general}/messages/{m1} | reactions.0.emoji.name reactions.0.count reactions.0.me reactions.1.emoji.id reactions.1.count
         GET /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D | username
         GET /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D?limit=1 | username
         GET /channels/{general}/messages/{m1}/reactions/other:123456789 | username
         DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
         unreact general m1
         DELETE /channels/{general}/messages/{m1}/reactions/blob:123456789
         react general m1
         DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/{bob}
         react general m1
         DELETE /channels/{general}/messages/{m1}/reactions
         GET /channels/{general}/messages/{m1} | reactions
         a reads 1
         a reads 3 user_id message_id emoji.id emoji.name message_author_id member.user.username
         a reads 7 user_id message_id emoji.id emoji.name message_author_id member"#,
        expect![[r#"
            > say general alice hello
            > react general m1
            > PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
              204
            > PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
              204
            > PUT /channels/{general}/messages/{m1}/reactions/blob:123456789/@me
              204
            > PUT /channels/{general}/messages/{m1}/reactions/thumbsup/@me | code message
              400 10014 Unknown Emoji
            > GET /channels/{general}/messages/{m1} | reactions.0.emoji.name reactions.0.count reactions.0.me reactions.1.emoji.id reactions.1.count
              200 👍 2 true 123456789 1
            > GET /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D | username
              200 [mirror; bob]
            > GET /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D?limit=1 | username
              200 [mirror]
            > GET /channels/{general}/messages/{m1}/reactions/other:123456789 | username
              200 [mirror]
            > DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
              204
            > unreact general m1
            > DELETE /channels/{general}/messages/{m1}/reactions/blob:123456789
              204
            > react general m1
            > DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/{bob}
              204
            > react general m1
            > DELETE /channels/{general}/messages/{m1}/reactions
              204
            > GET /channels/{general}/messages/{m1} | reactions
              200 -
            > a reads 1
              3 MESSAGE_CREATE
            > a reads 3 user_id message_id emoji.id emoji.name message_author_id member.user.username
              4 MESSAGE_REACTION_ADD {bob} {m1} null 👍 {alice} -
              5 MESSAGE_REACTION_ADD {bot} {m1} null 👍 {alice} mirror
              6 MESSAGE_REACTION_ADD {bot} {m1} 123456789 blob {alice} mirror
            > a reads 7 user_id message_id emoji.id emoji.name message_author_id member
              7 MESSAGE_REACTION_REMOVE {bot} {m1} null 👍 - -
              8 MESSAGE_REACTION_REMOVE {bob} {m1} null 👍 - -
              9 MESSAGE_REACTION_REMOVE_EMOJI - {m1} 123456789 blob - -
              10 MESSAGE_REACTION_ADD {bob} {m1} null 👍 {alice} null
              11 MESSAGE_REACTION_REMOVE {bob} {m1} null 👍 - -
              12 MESSAGE_REACTION_ADD {bob} {m1} null 👍 {alice} null
              13 MESSAGE_REACTION_REMOVE_ALL - {m1} - - - -
        "#]],
    );
}

#[test]
fn pins_are_listed_the_last_first_and_say_so() {
    seen(
        r#"say general alice one
         say general alice two
         PUT /channels/{general}/messages/pins/{m1}
         PUT /channels/{general}/pins/{m2}
         GET /channels/{general}/messages/pins | has_more items.0.message.content items.0.message.pinned items.1.message.content
         GET /channels/{general}/messages/pins?limit=1 | has_more items.0.message.content items.1
         GET /channels/{general}/pins | content
         DELETE /channels/{general}/messages/pins/{m1}
         PUT /channels/{general}/messages/pins/7 | code
         unpin general m2
         a reads 2
         a reads 1 content pinned edited_timestamp
         a reads 1 channel_id
         a reads 1 type content author.username message_reference.message_id
         a reads 3 type pinned
         a reads 4 content pinned
         GET /channels/{general}/messages/pins | items"#,
        expect![[r#"
            > say general alice one
            > say general alice two
            > PUT /channels/{general}/messages/pins/{m1}
              204
            > PUT /channels/{general}/pins/{m2}
              204
            > GET /channels/{general}/messages/pins | has_more items.0.message.content items.0.message.pinned items.1.message.content
              200 false two true one
            > GET /channels/{general}/messages/pins?limit=1 | has_more items.0.message.content items.1
              200 true two -
            > GET /channels/{general}/pins | content
              200 [two; one]
            > DELETE /channels/{general}/messages/pins/{m1}
              204
            > PUT /channels/{general}/messages/pins/7 | code
              404 10008
            > unpin general m2
            > a reads 2
              3 MESSAGE_CREATE
              4 MESSAGE_CREATE
            > a reads 1 content pinned edited_timestamp
              5 MESSAGE_UPDATE one true null
            > a reads 1 channel_id
              6 CHANNEL_PINS_UPDATE {general}
            > a reads 1 type content author.username message_reference.message_id
              7 MESSAGE_CREATE 6  mirror {m1}
            > a reads 3 type pinned
              8 MESSAGE_UPDATE 0 true
              9 CHANNEL_PINS_UPDATE - -
              10 MESSAGE_CREATE 6 false
            > a reads 4 content pinned
              11 MESSAGE_UPDATE one false
              12 CHANNEL_PINS_UPDATE - -
              13 MESSAGE_UPDATE two false
              14 CHANNEL_PINS_UPDATE - -
            > GET /channels/{general}/messages/pins | items
              200 []
        "#]],
    );
}

#[test]
fn links_may_unfurl_by_ids_and_embeds_alone() {
    seen(
        "say general alice see
         partly general m1 https://example.org
         a reads 1
         a reads 1 id channel_id guild_id embeds.0.url content author edited_timestamp
         shows general",
        expect![[r#"
            > say general alice see
            > partly general m1 https://example.org
            > a reads 1
              3 MESSAGE_CREATE
            > a reads 1 id channel_id guild_id embeds.0.url content author edited_timestamp
              4 MESSAGE_UPDATE {m1} {general} {home} https://example.org - - -
            > shows general
              {m1} alice: see[{"type":"link","url":"https://example.org"}]
        "#]],
    );
}

#[test]
fn a_bot_may_answer_later() {
    seen(
        "defer general bob
         a reads 1 type flags content webhook_id application_id author.username interaction_metadata.user.username
         finish general m1 the answer
         a reads 1 type flags content edited_timestamp",
        expect![[r#"
            > defer general bob
            > a reads 1 type flags content webhook_id application_id author.username interaction_metadata.user.username
              3 MESSAGE_CREATE 20 128  {bob} {bob} bob alice
            > finish general m1 the answer
            > a reads 1 type flags content edited_timestamp
              4 MESSAGE_UPDATE 20 0 the answer null
        "#]],
    );
}

#[test]
fn old_messages_are_edited_a_few_times_only() {
    let limits = Limits { old_edits: Some(Window::new(2, 3_600_000)), ..Limits::default() };
    crate::check_with(
        Config { limits, ..Default::default() },
        r#"POST /webhooks/{hook/} {"content":"new"}
         old random alice 7200000 older
         shows random
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"1"} | content
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"2"} | content
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"3"} | content"#,
        expect![[r#"
            > POST /webhooks/{hook/} {"content":"new"}
              204
            > old random alice 7200000 older
            > shows random
              {m2} alice: older
              {m1} hook: new
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"1"} | content
              200 1
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"2"} | content
              200 2
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"3"} | content
              200 3
        "#]],
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let discord = standin::Standin::start(Config { limits, ..Default::default() }).unwrap();
        let channel = discord.create_channel(discord.create_guild("home"), "general");
        let old = standin::Said { age_ms: 3_700_000, ..Default::default() };
        let message = discord.say_with(channel, discord.bot_id(), "old", old);
        assert!(standin::created_ms(message) + 3_600_000 < standin::created_ms(channel));
        let http = crate::http::Http::new(&discord.api_url(), &Config::default().token);
        let mut met = Vec::new();
        for _ in 0..3 {
            let path = format!("/channels/{channel}/messages/{message}");
            let got = http.send("PATCH", &path, Some(r#"{"content":"x"}"#), 1000).await;
            if let crate::http::Got::Answer { status, body, .. } = got {
                met.push((status, body["code"].as_u64()));
            }
        }
        assert_eq!(met, [(200, None), (200, None), (429, Some(30046))]);
    });
}

#[test]
fn bulk_deletes_have_rules() {
    check(
        r#"old general alice 1209601000 too old
         say general alice new
         say general alice newer
         POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m2}"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m2}"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m2}","{m2}"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m2}","{m3}"]}
         shows general"#,
        expect![[r#"
            > old general alice 1209601000 too old
            > say general alice new
            > say general alice newer
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m2}"]} | code
              400 50034
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m2}"]} | code
              400 50016
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m2}","{m2}"]} | code
              400 50016
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m2}","{m3}"]}
              204
            > shows general
              {m1} alice: too old
        "#]],
    );
}
