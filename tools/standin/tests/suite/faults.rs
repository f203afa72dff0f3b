//! Each fault acted out: what the client sees, what the channel shows.

use expect_test::expect;

use crate::check;

const EXECUTE: &str = r#"POST /webhooks/{hook/}?wait=true {"content":"x"} | content"#;

fn acted(fault: &str, then: &str, expected: expect_test::Expect) {
    let rule = format!(r#"fault {{"on":{{"kind":"execute_webhook"}},"do":{{"fault":{fault}}}}}"#);
    check(&format!("{rule}\n{EXECUTE}\n{then}"), expected);
}

const AFTER: &str = "shows random
    requests";

#[test]
fn a_lost_response_has_its_effect() {
    acted(
        r#""lost_response""#,
        AFTER,
        expect![[r#"
        > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"lost_response"}}
        > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
          cut
        > shows random
          {m1} hook: x
        > requests
          POST execute_webhook cut lost_response {m1}
    "#]],
    );
}

#[test]
fn a_late_effect_comes_after_the_clients_deadline() {
    let then = "shows random
        within 3000 random 1
        requests";
    acted(
        r#""late_effect","effect_ms":500,"answer_ms":60000"#,
        then,
        expect![[r#"
            > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"late_effect","effect_ms":500,"answer_ms":60000}}
            > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
              timed out
            > shows random
            > within 3000 random 1
              yes
            > requests
              POST execute_webhook cut late_effect {m1}
        "#]],
    );
}

#[test]
fn a_5xx_may_have_had_its_effect() {
    acted(
        r#""error_after_effect","status":502"#,
        AFTER,
        expect![[r#"
        > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"error_after_effect","status":502}}
        > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
          502 -
        > shows random
          {m1} hook: x
        > requests
          POST execute_webhook 502 error_after_effect {m1}
    "#]],
    );
}

#[test]
fn a_5xx_may_have_had_none() {
    acted(
        r#""error_before_effect","status":503"#,
        AFTER,
        expect![[r#"
        > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"error_before_effect","status":503}}
        > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
          503 -
        > shows random
        > requests
          POST execute_webhook 503 error_before_effect -
    "#]],
    );
}

#[test]
fn a_cut_before_the_effect_leaves_nothing() {
    acted(
        r#""cut_before_effect""#,
        AFTER,
        expect![[r#"
        > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"cut_before_effect"}}
        > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
          cut
        > shows random
        > requests
          POST execute_webhook cut cut_before_effect -
    "#]],
    );
}

#[test]
fn a_closed_port_refuses_and_opens_again() {
    let rule = r#"fault {"on":{"kind":"execute_webhook"},"do":{"fault":"refuse","for_ms":400}}"#;
    check(
        &format!(
            "{rule}\n{EXECUTE}\nGET /users/@me | username\nawait listening\nGET /users/@me | username\n{AFTER}"
        ),
        expect![[r#"
            > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"refuse","for_ms":400}}
            > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
              cut
            > GET /users/@me | username
              refused
            > await listening
            > GET /users/@me | username
              200 mirror
            > shows random
            > requests
              POST execute_webhook cut refuse -
              GET me 200 - -
        "#]],
    );
}

#[test]
fn a_block_has_no_headers() {
    let then = "GET /users/@me | username";
    let rule = r#"fault {"do":{"fault":"bare_too_many"}}"#;
    check(
        &format!("{rule}\nGET /users/@me | ^x-ratelimit-limit ^retry-after ^content-type text\n{then}"),
        expect![[r#"
            > fault {"do":{"fault":"bare_too_many"}}
            > GET /users/@me | ^x-ratelimit-limit ^retry-after ^content-type text
              429 x-ratelimit-limit=- retry-after=- content-type=text/plain; charset=UTF-8 error code: 1015
            > GET /users/@me | username
              200 mirror
        "#]],
    );
}

#[test]
fn a_global_429_closes_everything_for_a_while() {
    let rule = r#"fault {"do":{"fault":"global_too_many","retry_ms":60000}}"#;
    let get = "GET /users/@me | global ^x-ratelimit-global ^x-ratelimit-scope ^x-ratelimit-limit";
    check(
        &format!("{rule}\n{get}\n{get}\n{EXECUTE}"),
        expect![[r#"
        > fault {"do":{"fault":"global_too_many","retry_ms":60000}}
        > GET /users/@me | global ^x-ratelimit-global ^x-ratelimit-scope ^x-ratelimit-limit
          429 x-ratelimit-global=true x-ratelimit-scope=global x-ratelimit-limit=- true
        > GET /users/@me | global ^x-ratelimit-global ^x-ratelimit-scope ^x-ratelimit-limit
          429 x-ratelimit-global=true x-ratelimit-scope=global x-ratelimit-limit=- true
        > POST /webhooks/{hook/}?wait=true {"content":"x"} | content
          429 -
    "#]],
    );
}

#[test]
fn history_is_lost_or_lags_for_a_time() {
    check(
        r#"say general alice 1
         fault {"on":{"kind":"list_messages"},"do":{"fault":"history_lost","for_ms":60000}}
         GET /channels/{general}/messages | content
         GET /channels/{general}/messages | content
         say random alice 2
         fault {"on":{"kind":"list_messages"},"nth":2,"do":{"fault":"history_lag","lag_ms":50000,"for_ms":60000}}
         GET /channels/{random}/messages | content
         GET /channels/{random}/messages | content
         noted"#,
        expect![[r#"
            > say general alice 1
            > fault {"on":{"kind":"list_messages"},"do":{"fault":"history_lost","for_ms":60000}}
            > GET /channels/{general}/messages | content
              200 []
            > GET /channels/{general}/messages | content
              200 []
            > say random alice 2
            > fault {"on":{"kind":"list_messages"},"nth":2,"do":{"fault":"history_lag","lag_ms":50000,"for_ms":60000}}
            > GET /channels/{random}/messages | content
              200 [2]
            > GET /channels/{random}/messages | content
              200 []
            > noted
              history_lost -
              history_lag -
        "#]],
    );
}

#[test]
fn rules_count_and_name_their_requests() {
    check(
        r#"faults {"script":[{"on":{"kind":"execute_webhook","channel":{random},"webhook":{hook},"method":"post"},"nth":2,"times":2,"do":{"fault":"error_before_effect","status":500}}]}
         GET /users/@me
         POST /webhooks/{hook/} {"content":"1"}
         POST /webhooks/{hook/} {"content":"2"}
         POST /webhooks/{hook/} {"content":"3"}
         POST /webhooks/{hook/} {"content":"4"}
         shows random
         requests"#,
        expect![[r#"
            > faults {"script":[{"on":{"kind":"execute_webhook","channel":{random},"webhook":{hook},"method":"post"},"nth":2,"times":2,"do":{"fault":"error_before_effect","status":500}}]}
            > GET /users/@me
              200
            > POST /webhooks/{hook/} {"content":"1"}
              204
            > POST /webhooks/{hook/} {"content":"2"}
              500
            > POST /webhooks/{hook/} {"content":"3"}
              500
            > POST /webhooks/{hook/} {"content":"4"}
              204
            > shows random
              {m1} hook: 1
              {m2} hook: 4
            > requests
              GET me 200 - -
              POST execute_webhook 204 - {m1}
              POST execute_webhook 500 error_before_effect -
              POST execute_webhook 500 error_before_effect -
              POST execute_webhook 204 - {m2}
        "#]],
    );
}

fn dispatched(rules: &str, then: &str, expected: expect_test::Expect) {
    let script = format!(
        "ws a
         a reads 1
         a identify
         a reads 2
         faults {{\"gateway_script\":[{rules}]}}
         say general alice 1
         say general alice 2
         say general alice 3
         {then}
         noted"
    );
    check(&script, expected);
}

#[test]
fn a_dispatch_is_duplicated() {
    dispatched(
        r#"{"do":{"fault":"duplicate"}}"#,
        "a reads 4 content",
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"do":{"fault":"duplicate"}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 4 content
          3 MESSAGE_CREATE 1
          4 MESSAGE_CREATE 1
          5 MESSAGE_CREATE 2
          6 MESSAGE_CREATE 3
        > noted
          duplicate MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn a_dispatch_is_dropped() {
    dispatched(
        r#"{"nth":2,"do":{"fault":"drop"}}"#,
        "a reads 2 content\na is quiet",
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"nth":2,"do":{"fault":"drop"}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 2 content
          3 MESSAGE_CREATE 1
          4 MESSAGE_CREATE 3
        > a is quiet
          yes
        > noted
          drop MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn a_dispatch_is_reordered() {
    dispatched(
        r#"{"do":{"fault":"reorder","window":2}}"#,
        "a reads 3 content",
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"do":{"fault":"reorder","window":2}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 3 content
          3 MESSAGE_CREATE 2
          4 MESSAGE_CREATE 3
          5 MESSAGE_CREATE 1
        > noted
          reorder MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn the_last_dispatch_is_not_held_for_ever() {
    dispatched(
        r#"{"nth":3,"do":{"fault":"reorder","window":2}}"#,
        "a reads 3 content",
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"nth":3,"do":{"fault":"reorder","window":2}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 3 content
          3 MESSAGE_CREATE 1
          4 MESSAGE_CREATE 2
          5 MESSAGE_CREATE 3
        > noted
          reorder MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn a_connection_is_cut_and_resumed() {
    let then = "a reads 2 content
        ws b
        b reads 1
        b resume a 3
        b reads 3 content";
    dispatched(
        r#"{"do":{"fault":"cut"}}"#,
        then,
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"do":{"fault":"cut"}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 2 content
          3 MESSAGE_CREATE 1
          cut
        > ws b
        > b reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > b resume a 3
        > b reads 3 content
          4 MESSAGE_CREATE 2
          5 MESSAGE_CREATE 3
          6 RESUMED -
        > noted
          cut MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn a_session_is_lost_with_its_dispatch() {
    let then = "a reads 1
        ws b
        b reads 1
        b resume a 2
        b reads 1
        b identify
        b reads 2
        say general alice 4
        b reads 1 content";
    dispatched(
        r#"{"do":{"fault":"session_lost"}}"#,
        then,
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"do":{"fault":"session_lost"}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
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
        > say general alice 4
        > b reads 1 content
          3 MESSAGE_CREATE 4
        > noted
          session_lost MESSAGE_CREATE
    "#]],
    );
}

#[test]
fn a_client_is_told_to_reconnect() {
    dispatched(
        r#"{"nth":3,"do":{"fault":"reconnect"}}"#,
        "a reads 5 content",
        expect![[r#"
        > ws a
        > a reads 1
          {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
        > a identify
        > a reads 2
          1 READY
          2 GUILD_CREATE
        > faults {"gateway_script":[{"nth":3,"do":{"fault":"reconnect"}}]}
        > say general alice 1
        > say general alice 2
        > say general alice 3
        > a reads 5 content
          3 MESSAGE_CREATE 1
          4 MESSAGE_CREATE 2
          5 MESSAGE_CREATE 3
          {"d":null,"op":7,"s":null,"t":null}
          cut
        > noted
          reconnect MESSAGE_CREATE
    "#]],
    );
}

/// Which of 200 executes was hit by what, for one seed.
fn drawn(seed: u64) -> Vec<(Option<u64>, &'static str)> {
    let faults = standin::Faults::lively(0.1, 1);
    let config = standin::Config { seed, unlimited: true, faults, ..Default::default() };
    let discord = standin::Standin::start(config).unwrap();
    let channel = discord.create_channel(discord.create_guild("home"), "general");
    let hook = discord.create_webhook(channel, "hook", discord.create_user("alice"));
    let path = format!("/webhooks/{hook}/{}", discord.webhook_tokens()[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = crate::http::Http::new(&discord.api_url(), "t");
        for _ in 0..200 {
            http.send("POST", &path, Some(r#"{"content":"x"}"#), 5000).await;
        }
    });
    discord.faults().into_iter().map(|note| (note.request, note.fault)).collect()
}

#[test]
fn a_seed_replays_its_faults() {
    let first = drawn(7);
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(first, drawn(7));
    assert_ne!(first, drawn(8));
}
