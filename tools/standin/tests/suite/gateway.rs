//! Identify, resume, invalid sessions, compression, close codes.

use expect_test::expect;

use crate::{check, check_with};

#[test]
fn a_session_begins_with_ready_and_its_guilds() {
    check(
        r#"ws a
         a reads 1
         a identify
         a reads 2 id user.username guilds name
         say general alice hello
         a reads 1 content author.username guild_id channel_id member.nick type edited_timestamp
         a send {"op":1,"d":3}
         a reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2 id user.username guilds name
              1 READY - mirror [{"id":"{home}","unavailable":true}] -
              2 GUILD_CREATE {home} - - home
            > say general alice hello
            > a reads 1 content author.username guild_id channel_id member.nick type edited_timestamp
              3 MESSAGE_CREATE hello alice {home} {general} null 0 null
            > a send {"op":1,"d":3}
            > a reads 1
              {"d":null,"op":11,"s":null,"t":null}
        "#]],
    );
}

#[test]
fn zstd_is_one_stream_of_whole_messages() {
    check(
        "ws a zstd
         a reads 1
         a identify
         a reads 2
         say general alice one
         say general alice two
         a reads 2 content",
        expect![[r#"
            > ws a zstd
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice one
            > say general alice two
            > a reads 2 content
              3 MESSAGE_CREATE one
              4 MESSAGE_CREATE two
        "#]],
    );
}

#[test]
fn a_dropped_connection_resumes_with_what_it_missed() {
    check(
        r#"ws a
         a reads 1
         a identify
         a reads 2
         say general alice seen
         a reads 1 content
         a gone
         say general alice missed
         delete general m1
         ws b zstd
         b reads 1
         b resume a 3
         b reads 3 content id
         say general alice live
         b reads 1 content
         ws c
         c reads 1
         c resume a 4
         b reads 1
         c reads 4 content"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice seen
            > a reads 1 content
              3 MESSAGE_CREATE seen
            > a gone
            > say general alice missed
            > delete general m1
            > ws b zstd
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 3
            > b reads 3 content id
              4 MESSAGE_CREATE missed {m2}
              5 MESSAGE_DELETE - {m1}
              6 RESUMED - -
            > say general alice live
            > b reads 1 content
              7 MESSAGE_CREATE live
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c resume a 4
            > b reads 1
              cut
            > c reads 4 content
              5 MESSAGE_DELETE -
              6 RESUMED -
              7 MESSAGE_CREATE live
              8 RESUMED -
        "#]],
    );
}

#[test]
fn a_close_of_1000_ends_the_session_and_4000_does_not() {
    check(
        "ws a
         a reads 1
         a identify
         a reads 2
         a close 4000
         a reads 1
         ws b
         b reads 1
         b resume a 2
         b reads 1
         b close 1000
         b reads 1
         ws c
         c reads 1
         c resume a 3
         c reads 1
         c identify
         c reads 2",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > a close 4000
            > a reads 1
              cut
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 2
            > b reads 1
              3 RESUMED
            > b close 1000
            > b reads 1
              cut
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c resume a 3
            > c reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > c identify
            > c reads 2
              1 READY
              2 GUILD_CREATE
        "#]],
    );
}

#[test]
fn sessions_are_lost_and_found() {
    check(
        "ws a
         a reads 1
         a identify
         a reads 2
         lose
         a reads 1
         ws b
         b reads 1
         b resume a 2
         b reads 1
         b identify
         b reads 2
         invalidate true
         b reads 1
         b resume b 2
         b reads 1
         invalidate false
         b reads 1
         b resume b 3
         b reads 1",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > lose
            > a reads 1
              cut
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 2
            > b reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > b identify
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > invalidate true
            > b reads 1
              {"d":true,"op":9,"s":null,"t":null}
            > b resume b 2
            > b reads 1
              3 RESUMED
            > invalidate false
            > b reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > b resume b 3
            > b reads 1
              {"d":false,"op":9,"s":null,"t":null}
        "#]],
    );
}

#[test]
fn op_7_comes_before_the_close() {
    check(
        "ws a
         a reads 1
         a identify
         a reads 2
         reconnect
         a reads 2
         ws b
         b reads 1
         b resume a 2
         b reads 1",
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > reconnect
            > a reads 2
              {"d":null,"op":7,"s":null,"t":null}
              cut
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b resume a 2
            > b reads 1
              3 RESUMED
        "#]],
    );
}

#[test]
fn what_a_client_does_wrong_has_a_code() {
    check(
        r#"ws a
         a reads 1
         a send {"op":2,"d":{"token":"wrong","intents":1,"properties":{}}}
         a reads 1
         ws b
         b reads 1
         b send not json
         b reads 1
         ws c
         c reads 1
         c send {"op":8,"d":{}}
         c reads 1
         ws d
         d reads 1
         d identify
         d reads 2
         d identify
         d reads 1
         ws e
         e reads 1
         e send {"op":77}
         e reads 1
         ws f
         f reads 1
         f resume d 99
         f reads 1
         ws g
         g reads 1
         g send {"op":2,"d":{"token":"standin-bot-token","intents":1,"shard":[2,2],"properties":{}}}
         g reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a send {"op":2,"d":{"token":"wrong","intents":1,"properties":{}}}
            > a reads 1
              closed 4004
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b send not json
            > b reads 1
              closed 4002
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c send {"op":8,"d":{}}
            > c reads 1
              closed 4003
            > ws d
            > d reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > d identify
            > d reads 2
              1 READY
              2 GUILD_CREATE
            > d identify
            > d reads 1
              closed 4005
            > ws e
            > e reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > e send {"op":77}
            > e reads 1
              closed 4001
            > ws f
            > f reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > f resume d 99
            > f reads 1
              closed 4007
            > ws g
            > g reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > g send {"op":2,"d":{"token":"standin-bot-token","intents":1,"shard":[2,2],"properties":{}}}
            > g reads 1
              closed 4010
        "#]],
    );
}

#[test]
fn intents_choose_the_dispatches() {
    check(
        r#"ws a
         a reads 1
         a identify 1
         a reads 2
         ws b
         b reads 1
         b identify 512
         b reads 1
         say general alice hello
         drop random
         a reads 1 id
         b reads 1 id
         a is quiet
         b is quiet"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 1
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 512
            > b reads 1
              1 READY
            > say general alice hello
            > drop random
            > a reads 1 id
              3 CHANNEL_DELETE {random}
            > b reads 1 id
              2 MESSAGE_CREATE {m1}
            > a is quiet
              yes
            > b is quiet
              yes
        "#]],
    );
}

#[test]
fn a_shard_gets_its_guilds_and_two_sessions_of_one_shard_both() {
    check(
        r#"ws a
         a reads 1
         a identify 34337 0/1
         a reads 2
         ws b
         b reads 1
         b identify 34337 0/1
         b reads 2
         say general alice hello
         a reads 1 content
         b reads 1 content
         ws c
         c reads 1
         c identify 34337 2/2
         c reads 1"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 34337 0/1
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 34337 0/1
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > say general alice hello
            > a reads 1 content
              3 MESSAGE_CREATE hello
            > b reads 1 content
              3 MESSAGE_CREATE hello
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify 34337 2/2
            > c reads 1
              closed 4010
        "#]],
    );
}

/// Bucket 0 has shards 0 and 2 of 4, bucket 1 the others; the fourth IDENTIFY is one too many.
#[test]
fn identifies_have_rules() {
    let starts = standin::Starts { shards: 4, max_concurrency: 2, gap_ms: 60_000, total: 3 };
    check_with(
        standin::Config { unlimited: true, starts, ..Default::default() },
        r#"GET /gateway/bot | shards session_start_limit.max_concurrency session_start_limit.remaining
         ws a
         a reads 1
         a identify 34337 0/4
         a reads 1 shard
         ws b
         b reads 1
         b identify 34337 2/4
         b reads 1
         b identify 34337 1/4
         b reads 1 shard
         GET /gateway/bot | session_start_limit.remaining
         ws c
         c reads 1
         c identify 34337 3/4
         c reads 1
         GET /gateway/bot | message"#,
        expect![[r#"
            > GET /gateway/bot | shards session_start_limit.max_concurrency session_start_limit.remaining
              200 4 2 3
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 34337 0/4
            > a reads 1 shard
              1 READY [0,4]
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 34337 2/4
            > b reads 1
              {"d":false,"op":9,"s":null,"t":null}
            > b identify 34337 1/4
            > b reads 1 shard
              1 READY [1,4]
            > GET /gateway/bot | session_start_limit.remaining
              200 0
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify 34337 3/4
            > c reads 1
              closed 4004
            > GET /gateway/bot | message
              401 401: Unauthorized
        "#]],
    );
}
