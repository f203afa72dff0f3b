//! What people do, as dispatches show it.

use expect_test::expect;

use crate::check;

const ATTACH: &str = "ws a
    a reads 1
    a identify
    a reads 2
    ";

fn seen(script: &str, expected: expect_test::Expect) {
    check(&format!("{ATTACH}{script}"), expected);
}

#[test]
fn edits_move_the_timestamp_and_unfurls_do_not() {
    seen(
        "say general alice see https://example.org
         a reads 1 content edited_timestamp
         unfurl general m1 https://example.org
         a reads 1 content edited_timestamp embeds
         edit general m1 see it
         unfurl general m1 https://example.org
         a reads 1 content guild_id author.username
         a reads 1 content
         shows general",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice see https://example.org
            > a reads 1 content edited_timestamp
              3 MESSAGE_CREATE see https://example.org null
            > unfurl general m1 https://example.org
            > a reads 1 content edited_timestamp embeds
              4 MESSAGE_UPDATE see https://example.org null [{"type":"link","url":"https://example.org"}]
            > edit general m1 see it
            > unfurl general m1 https://example.org
            > a reads 1 content guild_id author.username
              5 MESSAGE_UPDATE see it {home} alice
            > a reads 1 content
              6 MESSAGE_UPDATE see it
            > shows general
              {m1} alice: see it (edited)[{"type":"link","url":"https://example.org"},{"type":"link","url":"https://example.org"}]
        "#]],
    );
}

#[test]
fn replies_show_their_target_and_null_once_it_is_gone() {
    seen(
        "say general alice question
         reply general bob m1 answer
         a reads 2 type content message_reference.message_id referenced_message.content mentions.0.username
         delete general m1
         a reads 1 id channel_id guild_id
         edit general m2 answer!
         a reads 1 content referenced_message",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice question
            > reply general bob m1 answer
            > a reads 2 type content message_reference.message_id referenced_message.content mentions.0.username
              3 MESSAGE_CREATE 0 question - - -
              4 MESSAGE_CREATE 19 answer {m1} question alice
            > delete general m1
            > a reads 1 id channel_id guild_id
              5 MESSAGE_DELETE {m1} {general} {home}
            > edit general m2 answer!
            > a reads 1 content referenced_message
              6 MESSAGE_UPDATE answer! null
        "#]],
    );
}

#[test]
fn texts_mention_people() {
    seen(
        "say general alice hi <@{bob}> and <@!{bob}> and <@7>
         a reads 1 content mentions.0.username mentions.0.member.nick mentions.1",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice hi <@{bob}> and <@!{bob}> and <@7>
            > a reads 1 content mentions.0.username mentions.0.member.nick mentions.1
              3 MESSAGE_CREATE hi <@{bob}> and <@!{bob}> and <@7> bob - -
        "#]],
    );
}

#[test]
fn webhook_messages_go_in_one_sweep() {
    seen(
        r#"POST /webhooks/{hook/}?wait=true {"content":"one","username":"A"} | content author.username author.id webhook_id application_id author.discriminator
         a reads 1 content author.username author.id webhook_id member author.bot
         say random alice stays
         a reads 1
         POST /webhooks/{hook/} {"content":"two"}
         a reads 1 content author.username
         wipe random
         a reads 1 ids channel_id guild_id
         shows random"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > POST /webhooks/{hook/}?wait=true {"content":"one","username":"A"} | content author.username author.id webhook_id application_id author.discriminator
              200 one A {hook} {hook} - 0000
            > a reads 1 content author.username author.id webhook_id member author.bot
              3 MESSAGE_CREATE one A {hook} {hook} - true
            > say random alice stays
            > a reads 1
              4 MESSAGE_CREATE
            > POST /webhooks/{hook/} {"content":"two"}
              204
            > a reads 1 content author.username
              5 MESSAGE_CREATE two hook
            > wipe random
            > a reads 1 ids channel_id guild_id
              6 MESSAGE_DELETE_BULK ["{m1}","{m3}"] {random} {home}
            > shows random
              {m2} alice: stays
        "#]],
    );
}

#[test]
fn channels_threads_and_webhooks_go() {
    seen(
        r#"thread random side
         a reads 1 name parent_id newly_created thread_metadata.archived
         POST /webhooks/{hook/}?wait=true&thread_id={side} {"content":"in the thread"} | channel_id content
         a reads 1 channel_id content channel_type
         POST /webhooks/{hook/}?wait=true&thread_id={general} {"content":"not a thread of it"} | code message
         drop side
         a reads 1 id parent_id type
         unhook
         a reads 1 channel_id guild_id
         POST /webhooks/{hook/} {"content":"too late"} | code message
         drop random
         a reads 1 id name
         GET /channels/{random} | code message"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > thread random side
            > a reads 1 name parent_id newly_created thread_metadata.archived
              3 THREAD_CREATE side {random} true false
            > POST /webhooks/{hook/}?wait=true&thread_id={side} {"content":"in the thread"} | channel_id content
              200 {side} in the thread
            > a reads 1 channel_id content channel_type
              4 MESSAGE_CREATE {side} in the thread 11
            > POST /webhooks/{hook/}?wait=true&thread_id={general} {"content":"not a thread of it"} | code message
              404 10003 Unknown Channel
            > drop side
            > a reads 1 id parent_id type
              5 THREAD_DELETE {side} {random} 11
            > unhook
            > a reads 1 channel_id guild_id
              6 WEBHOOKS_UPDATE {random} {home}
            > POST /webhooks/{hook/} {"content":"too late"} | code message
              404 10015 Unknown Webhook
            > drop random
            > a reads 1 id name
              7 CHANNEL_DELETE {random} random
            > GET /channels/{random} | code message
              404 10003 Unknown Channel
        "#]],
    );
}

#[test]
fn reactions_and_pins_are_dispatched() {
    check(
        "ws a
         a reads 1
         a identify
         a reads 2
         say general alice hello
         react general m1
         pin general m1
         a reads 1 emoji.name user_id message_id message_author_id member.user.username
         a reads 1 content pinned
         a reads 1 channel_id",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice hello
            > react general m1
            > pin general m1
            > a reads 1 emoji.name user_id message_id message_author_id member.user.username
              3 MESSAGE_CREATE - - - - -
            > a reads 1 content pinned
              4 MESSAGE_REACTION_ADD - -
            > a reads 1 channel_id
              5 MESSAGE_UPDATE {general}
        "#]],
    );
}

#[test]
fn a_channel_out_of_sight_is_silent() {
    seen(
        r#"permit general {"view_channel":false}
         say general alice unseen
         say random alice seen
         a reads 1 content
         GET /channels/{general}/messages | code message
         GET /guilds/{home}/channels | name"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > permit general {"view_channel":false}
            > say general alice unseen
            > say random alice seen
            > a reads 1 content
              3 CHANNEL_UPDATE -
            > GET /channels/{general}/messages | code message
              403 50001 Missing Access
            > GET /guilds/{home}/channels | name
              200 [random]
        "#]],
    );
}

#[test]
fn an_unfurl_after_an_edit_carries_the_edit_cut_to_milliseconds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (edited, unfurled) = runtime.block_on(async {
        let discord = standin::Standin::start(standin::Config::default()).unwrap();
        let channel = discord.create_channel(discord.create_guild("home"), "general");
        let (alice, mut ws) = (
            discord.create_user("alice"),
            crate::ws::Ws::connect(&discord.gateway_url(), "compress=zstd-stream").await.unwrap(),
        );
        ws.send(r#"{"op":2,"d":{"token":"standin-bot-token","intents":512,"properties":{}}}"#).await;
        let message = discord.say(channel, alice, "x");
        let mut stamps = Vec::new();
        while stamps.len() < 2 {
            if let crate::ws::Heard::Payload(payload) = ws.hear(3000).await {
                match payload["t"].as_str() {
                    Some("READY") => {
                        assert!(discord.edit(channel, message, "y"));
                        assert!(discord.unfurl(channel, message, vec![serde_json::json!({"type": "link"})]));
                    }
                    Some("MESSAGE_UPDATE") => {
                        stamps.push(payload["d"]["edited_timestamp"].as_str().unwrap().to_owned());
                    }
                    _ => {}
                }
            }
        }
        (stamps.remove(0), stamps.remove(0))
    });
    assert_eq!(unfurled, format!("{}000+00:00", &edited[..23]));
    assert_eq!(edited.len(), "2026-04-09T10:11:12.766195+00:00".len());
}

#[test]
fn pings_are_noted() {
    let discord = standin::Standin::start(standin::Config::default()).unwrap();
    let home = discord.create_guild("home");
    let (general, role) = (discord.create_channel(home, "general"), discord.create_role(home, "crew"));
    let (alice, bob) = (discord.create_user("Alice"), discord.create_user("bob"));
    discord.say(general, alice, "nobody");
    let question = discord.say(general, alice, &format!("<@{bob}> and <@&{role}>, @here"));
    discord.say_with(general, bob, "yes", standin::Said { reply_to: Some(question), ..Default::default() });
    let pings: Vec<_> = discord.pings().into_iter().map(|effect| effect.pings).collect();
    let expected = [
        standin::Pings { users: vec![bob], roles: vec![role], everyone: true },
        standin::Pings { users: vec![alice], roles: vec![], everyone: false },
    ];
    assert_eq!(pings, expected);
    assert_eq!(discord.counts().pings, 2);
    assert_eq!(discord.messages(general)[0].name, "Alice");
}
