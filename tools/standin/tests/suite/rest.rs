//! The REST routes: answers, errors, permissions.

use expect_test::expect;

use crate::check;

#[test]
fn a_client_finds_its_way() {
    check(
        "GET /gateway | url ^content-type
         GET /gateway/bot | url shards session_start_limit.max_concurrency
         GET /users/@me | id username bot
         GET /oauth2/applications/@me | id flags
         GET /applications/@me | id
         GET /guilds/{home} | id name
         GET /guilds/{home}/channels | id name type parent_id
         GET /channels/{general} | id name guild_id
         GET /users/{alice} | username
         GET /nowhere | code message",
        expect![[r#"
            > GET /gateway | url ^content-type
              200 content-type=application/json ws://ADDRESS
            > GET /gateway/bot | url shards session_start_limit.max_concurrency
              200 ws://ADDRESS 1 1
            > GET /users/@me | id username bot
              200 {bot} mirror true
            > GET /oauth2/applications/@me | id flags
              200 {bot} 557056
            > GET /applications/@me | id
              200 {bot}
            > GET /guilds/{home} | id name
              200 {home} home
            > GET /guilds/{home}/channels | id name type parent_id
              200 [{general} general 0 null; {random} random 0 null]
            > GET /channels/{general} | id name guild_id
              200 {general} general {home}
            > GET /users/{alice} | username
              200 alice
            > GET /nowhere | code message
              404 0 404: Not Found
        "#]],
    );
}

#[test]
fn pages_are_newest_first_and_after_starts_right_behind() {
    check(
        "say general alice 1
         say general alice 2
         say general alice 3
         say general alice 4
         say general alice 5
         GET /channels/{general}/messages?limit=2 | content
         GET /channels/{general}/messages?before={m3}&limit=1 | content
         GET /channels/{general}/messages?after={m1}&limit=2 | content
         GET /channels/{general}/messages?after=0&limit=3 | content
         GET /channels/{general}/messages?around={m3}&limit=3 | content
         GET /channels/{general}/messages?limit=0 | code errors
         GET /channels/{general}/messages?limit=101 | code
         GET /channels/{general}/messages?after=x | code errors
         GET /channels/{general}/messages/{m2} | content
         GET /channels/{general}/messages/7 | code message
         GET /channels/7/messages | code message",
        expect![[r#"
            > say general alice 1
            > say general alice 2
            > say general alice 3
            > say general alice 4
            > say general alice 5
            > GET /channels/{general}/messages?limit=2 | content
              200 [5; 4]
            > GET /channels/{general}/messages?before={m3}&limit=1 | content
              200 [2]
            > GET /channels/{general}/messages?after={m1}&limit=2 | content
              200 [3; 2]
            > GET /channels/{general}/messages?after=0&limit=3 | content
              200 [3; 2; 1]
            > GET /channels/{general}/messages?around={m3}&limit=3 | content
              200 [4; 3; 2]
            > GET /channels/{general}/messages?limit=0 | code errors
              400 50035 {"limit":{"_errors":[{"code":"NUMBER_TYPE_RANGE","message":"int value should be between 1 and 100."}]}}
            > GET /channels/{general}/messages?limit=101 | code
              400 50035
            > GET /channels/{general}/messages?after=x | code errors
              400 50035 {"after":{"_errors":[{"code":"NUMBER_TYPE_COERCE","message":"Value \"x\" is not snowflake."}]}}
            > GET /channels/{general}/messages/{m2} | content
              200 2
            > GET /channels/{general}/messages/7 | code message
              404 10008 Unknown Message
            > GET /channels/7/messages | code message
              404 10003 Unknown Channel
        "#]],
    );
}

#[test]
fn history_can_be_lost_or_late() {
    check(
        r#"say general alice 1
         permit general {"read_message_history":false}
         GET /channels/{general}/messages | content
         GET /channels/{general}/messages/{m1} | code message
         permit general {}
         lag general 60000
         GET /channels/{general}/messages | content
         GET /channels/{general}/messages?after=0 | content
         GET /channels/{general}/messages?before=9999999999999999999 | content
         GET /channels/{general}/messages?around={m1} | content
         GET /channels/{general}/messages/{m1} | content
         lag general 0
         GET /channels/{general}/messages | content"#,
        expect![[r#"
            > say general alice 1
            > permit general {"read_message_history":false}
            > GET /channels/{general}/messages | content
              200 []
            > GET /channels/{general}/messages/{m1} | code message
              403 50001 Missing Access
            > permit general {}
            > lag general 60000
            > GET /channels/{general}/messages | content
              200 []
            > GET /channels/{general}/messages?after=0 | content
              200 []
            > GET /channels/{general}/messages?before=9999999999999999999 | content
              200 []
            > GET /channels/{general}/messages?around={m1} | content
              200 []
            > GET /channels/{general}/messages/{m1} | content
              200 1
            > lag general 0
            > GET /channels/{general}/messages | content
              200 [1]
        "#]],
    );
}

#[test]
fn the_bot_speaks_edits_and_deletes() {
    check(
        r#"POST /channels/{general}/messages {"content":" hi ","nonce":"n1","enforce_nonce":true} | id content nonce author.username
         POST /channels/{general}/messages {"content":"again","nonce":"n1","enforce_nonce":true} | id content
         POST /channels/{general}/messages {"content":"re","message_reference":{"message_id":"{m1}"}} | type referenced_message.content
         POST /channels/{general}/messages {"content":"re","message_reference":{"message_id":"5"}} | code errors
         POST /channels/{general}/messages {"content":"  "} | code message
         POST /channels/{general}/messages [] | code
         POST /channels/{general}/messages {nonsense | code message
         PATCH /channels/{general}/messages/{m1} {"content":"ho"} | content
         say general alice mine
         PATCH /channels/{general}/messages/{m3} {"content":"yours"} | code message
         DELETE /channels/{general}/messages/{m3}
         DELETE /channels/{general}/messages/{m3} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m1}"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m1}"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","5"]} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m2}"]}
         shows general"#,
        expect![[r#"
            > POST /channels/{general}/messages {"content":" hi ","nonce":"n1","enforce_nonce":true} | id content nonce author.username
              200 {m1} hi n1 mirror
            > POST /channels/{general}/messages {"content":"again","nonce":"n1","enforce_nonce":true} | id content
              200 {m1} hi
            > POST /channels/{general}/messages {"content":"re","message_reference":{"message_id":"{m1}"}} | type referenced_message.content
              200 19 hi
            > POST /channels/{general}/messages {"content":"re","message_reference":{"message_id":"5"}} | code errors
              400 50035 {"message_reference":{"_errors":[{"code":"REPLIES_UNKNOWN_MESSAGE","message":"Unknown message"}]}}
            > POST /channels/{general}/messages {"content":"  "} | code message
              400 50006 Cannot send an empty message
            > POST /channels/{general}/messages [] | code
              400 50035
            > POST /channels/{general}/messages {nonsense | code message
              400 50109 The request body contains invalid JSON.
            > PATCH /channels/{general}/messages/{m1} {"content":"ho"} | content
              200 ho
            > say general alice mine
            > PATCH /channels/{general}/messages/{m3} {"content":"yours"} | code message
              403 50005 Cannot edit a message authored by another user
            > DELETE /channels/{general}/messages/{m3}
              204
            > DELETE /channels/{general}/messages/{m3} | code
              404 10008
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m1}"]} | code
              400 50016
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m1}"]} | code
              400 50016
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","5"]} | code
              400 50034
            > POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m2}"]}
              204
            > shows general
        "#]],
    );
}

#[test]
fn forms_are_checked() {
    let long = "x".repeat(2001);
    let script = format!(
        r#"POST /webhooks/{{hook/}} {{"content":"{long}"}} | code message errors
         POST /webhooks/{{hook/}} {{"content":""}} | code message
         POST /webhooks/{{hook/}} {{"content":"x","username":"My DisCord fan"}} | code errors
         POST /webhooks/{{hook/}} {{"content":"x","username":"xclydex"}} | errors
         POST /webhooks/{{hook/}} {{"content":"x","username":"Everyone"}} | errors
         POST /webhooks/{{hook/}}?wait=true {{"content":"x","username":"everyone else"}} | author.username
         POST /webhooks/{{hook/}} {{"content":"x","username":" "}} | errors
         POST /webhooks/{{hook/}} {{"embeds":[{{"title":"{}"}}]}} | errors
         POST /webhooks/{{hook/}} {{"embeds":[{{"description":"{}"}},{{"description":"{}"}}]}} | errors
         POST /webhooks/{{hook/}} {{"embeds":[{{}},{{}},{{}},{{}},{{}},{{}},{{}},{{}},{{}},{{}},{{}}]}} | errors
         POST /webhooks/{{hook/}}?wait=true {{"embeds":[{{"title":"t"}}]}} | embeds content
         POST /webhooks/{{hook/}} {{"content":"x","thread_name":"t"}} | code"#,
        "t".repeat(257),
        "d".repeat(4000),
        "d".repeat(4000),
    );
    let transcript = crate::script::run(standin::Config { unlimited: true, ..Default::default() }, &script);
    let short = transcript
        .replace(&long, "LONG")
        .replace(&"d".repeat(4000), "LONG")
        .replace(&"t".repeat(257), "LONG");
    expect![[r#"
        > POST /webhooks/{hook/} {"content":"LONG"} | code message errors
          400 50035 Invalid Form Body {"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}}
        > POST /webhooks/{hook/} {"content":""} | code message
          400 50006 Cannot send an empty message
        > POST /webhooks/{hook/} {"content":"x","username":"My DisCord fan"} | code errors
          400 50035 {"username":{"_errors":[{"code":"USERNAME_INVALID_CONTAINS","message":"Username cannot contain \"discord\""}]}}
        > POST /webhooks/{hook/} {"content":"x","username":"xclydex"} | errors
          400 {"username":{"_errors":[{"code":"USERNAME_INVALID_CONTAINS","message":"Username cannot contain \"clyde\""}]}}
        > POST /webhooks/{hook/} {"content":"x","username":"Everyone"} | errors
          400 {"username":{"_errors":[{"code":"USERNAME_INVALID","message":"Username is invalid"}]}}
        > POST /webhooks/{hook/}?wait=true {"content":"x","username":"everyone else"} | author.username
          200 everyone else
        > POST /webhooks/{hook/} {"content":"x","username":" "} | errors
          400 {"username":{"_errors":[{"code":"BASE_TYPE_BAD_LENGTH","message":"Must be between 1 and 80 in length."}]}}
        > POST /webhooks/{hook/} {"embeds":[{"title":"LONG"}]} | errors
          400 {"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 256 or fewer in length."}]}}}}
        > POST /webhooks/{hook/} {"embeds":[{"description":"LONG"},{"description":"LONG"}]} | errors
          400 {"embeds":{"_errors":[{"code":"MAX_EMBED_SIZE_EXCEEDED","message":"Embed size exceeds maximum size of 6000"}]}}
        > POST /webhooks/{hook/} {"embeds":[{},{},{},{},{},{},{},{},{},{},{}]} | errors
          400 {"embeds":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 10 or fewer in length."}]}}
        > POST /webhooks/{hook/}?wait=true {"embeds":[{"title":"t"}]} | embeds content
          200 [{"title":"t","type":"rich"}]
        > POST /webhooks/{hook/} {"content":"x","thread_name":"t"} | code
          400 220003
    "#]].assert_eq(&short);
}

#[test]
fn webhooks_are_made_used_and_removed() {
    check(
        r#"GET /channels/{random}/webhooks | name user.username application_id
         POST /channels/{general}/webhooks {"name":"mirror"} | name application_id user.id type channel_id
         POST /channels/{general}/webhooks {} | code errors
         POST /channels/{general}/webhooks {"name":"discordant"} | code
         GET /guilds/{home}/webhooks | name
         PATCH /webhooks/{hook} {"name":"renamed","channel_id":"{general}"} | name channel_id
         GET /webhooks/{hook/} | name user
         GET /webhooks/{hook}/wrong | code message
         GET /webhooks/7/wrong | code message
         POST /webhooks/{hook/}?wait=true {"content":"hello <@{bob}> @everyone"} | content mentions.0.username mention_everyone
         POST /webhooks/{hook/}?wait=true {"content":"<@{bob}>","allowed_mentions":{"parse":[]}} | mentions
         GET /webhooks/{hook/}/messages/{m1} | content
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"bye","allowed_mentions":{"parse":[]}} | content mentions
         PATCH /webhooks/{hook/}/messages/7 {"content":"bye"} | code message
         say general alice mine
         DELETE /webhooks/{hook/}/messages/{m3} | code
         DELETE /webhooks/{hook/}/messages/{m1}
         DELETE /webhooks/{hook/}/messages/{m1} | code message
         DELETE /webhooks/{hook/}
         GET /webhooks/{hook} | code
         permit general {"manage_webhooks":false}
         GET /channels/{general}/webhooks | code message
         POST /channels/{general}/webhooks {"name":"x"} | code
         shows general"#,
        expect![[r#"
            > GET /channels/{random}/webhooks | name user.username application_id
              200 [hook alice null]
            > POST /channels/{general}/webhooks {"name":"mirror"} | name application_id user.id type channel_id
              200 mirror {bot} {bot} 1 {general}
            > POST /channels/{general}/webhooks {} | code errors
              400 50035 {"name":{"_errors":[{"code":"BASE_TYPE_REQUIRED","message":"This field is required"}]}}
            > POST /channels/{general}/webhooks {"name":"discordant"} | code
              400 50035
            > GET /guilds/{home}/webhooks | name
              200 [mirror; hook]
            > PATCH /webhooks/{hook} {"name":"renamed","channel_id":"{general}"} | name channel_id
              200 renamed {general}
            > GET /webhooks/{hook/} | name user
              200 renamed -
            > GET /webhooks/{hook}/wrong | code message
              401 50027 Invalid Webhook Token
            > GET /webhooks/7/wrong | code message
              404 10015 Unknown Webhook
            > POST /webhooks/{hook/}?wait=true {"content":"hello <@{bob}> @everyone"} | content mentions.0.username mention_everyone
              200 hello <@{bob}> @everyone bob false
            > POST /webhooks/{hook/}?wait=true {"content":"<@{bob}>","allowed_mentions":{"parse":[]}} | mentions
              200 []
            > GET /webhooks/{hook/}/messages/{m1} | content
              200 hello <@{bob}> @everyone
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"bye","allowed_mentions":{"parse":[]}} | content mentions
              200 bye []
            > PATCH /webhooks/{hook/}/messages/7 {"content":"bye"} | code message
              404 10008 Unknown Message
            > say general alice mine
            > DELETE /webhooks/{hook/}/messages/{m3} | code
              404 10008
            > DELETE /webhooks/{hook/}/messages/{m1}
              204
            > DELETE /webhooks/{hook/}/messages/{m1} | code message
              404 10008 Unknown Message
            > DELETE /webhooks/{hook/}
              204
            > GET /webhooks/{hook} | code
              404 10015
            > permit general {"manage_webhooks":false}
            > GET /channels/{general}/webhooks | code message
              403 50013 Missing Permissions
            > POST /channels/{general}/webhooks {"name":"x"} | code
              403 50013
            > shows general
              {m2} renamed: <@{bob}>
              {m3} alice: mine
        "#]],
    );
}

#[test]
fn a_query_says_true_in_three_ways() {
    check(
        r#"POST /webhooks/{hook/}?wait=true {"content":"x"} | content
         POST /webhooks/{hook/}?wait=True {"content":"x"} | content
         POST /webhooks/{hook/}?wait=1 {"content":"x"} | content
         POST /webhooks/{hook/}?wait=false {"content":"x"}
         POST /webhooks/{hook/}?wait=yes {"content":"x"}"#,
        expect![[r#"
            > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
              200 x
            > POST /webhooks/{hook/}?wait=True {"content":"x"} | content
              200 x
            > POST /webhooks/{hook/}?wait=1 {"content":"x"} | content
              200 x
            > POST /webhooks/{hook/}?wait=false {"content":"x"}
              204
            > POST /webhooks/{hook/}?wait=yes {"content":"x"}
              204
        "#]],
    );
}

#[test]
fn a_channel_has_at_most_fifteen_webhooks() {
    let mut script = String::new();
    for n in 0..16 {
        script.push_str(&format!("POST /channels/{{general}}/webhooks {{\"name\":\"w{n}\"}} | code\n"));
    }
    let transcript = crate::script::run(standin::Config { unlimited: true, ..Default::default() }, &script);
    let answers: Vec<&str> = transcript.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!((answers[14], answers[15]), ("  200 -", "  400 30007"));
}

#[test]
fn strangers_are_turned_away() {
    let config = standin::Config { token: "none".to_owned(), unlimited: true, ..Default::default() };
    crate::check_with(
        config,
        r#"GET /users/@me | code message
         GET /gateway | url
         POST /webhooks/{hook/}?wait=true {"content":"needs no bot"} | content"#,
        expect![[r#"
            > GET /users/@me | code message
              401 0 401: Unauthorized
            > GET /gateway | url
              200 ws://ADDRESS
            > POST /webhooks/{hook/}?wait=true {"content":"needs no bot"} | content
              200 needs no bot
        "#]],
    );
}
