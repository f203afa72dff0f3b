//! Rate limits: headers on every answer, 429 with its scope, counts in the ledger.

use expect_test::expect;
use standin::{Config, Limits, Window};

use crate::check_with;

const HOUR_MS: u64 = 3_600_000;

fn limits() -> Limits {
    let long = |requests| Window::new(requests, HOUR_MS);
    Limits {
        webhook: long(2),
        channel_messages: long(2),
        other: long(100),
        global: long(50),
        ..Limits::default()
    }
}

#[test]
fn a_bucket_counts_down_and_refuses() {
    check_with(
        Config { limits: limits(), ..Default::default() },
        r#"POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-scope
         POST /webhooks/{hook/} {"content":"2"} | ^x-ratelimit-remaining
         POST /webhooks/{hook/} {"content":"3"} | message global ^x-ratelimit-remaining ^x-ratelimit-scope ^x-ratelimit-global ^content-type
         POST /channels/{general}/messages {"content":"1"} | ^x-ratelimit-limit
         POST /channels/{random}/messages {"content":"1"} | ^x-ratelimit-remaining
         POST /channels/{general}/messages {"content":"2"} | ^x-ratelimit-remaining
         POST /channels/{general}/messages {"content":"3"} | ^x-ratelimit-remaining
         GET /channels/{general}/messages | content
         shows random
         requests"#,
        expect![[r#"
            > POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-scope
              204 x-ratelimit-limit=2 x-ratelimit-remaining=1 x-ratelimit-scope=-
            > POST /webhooks/{hook/} {"content":"2"} | ^x-ratelimit-remaining
              204 x-ratelimit-remaining=0
            > POST /webhooks/{hook/} {"content":"3"} | message global ^x-ratelimit-remaining ^x-ratelimit-scope ^x-ratelimit-global ^content-type
              429 x-ratelimit-remaining=0 x-ratelimit-scope=user x-ratelimit-global=- content-type=application/json You are being rate limited. false
            > POST /channels/{general}/messages {"content":"1"} | ^x-ratelimit-limit
              200 x-ratelimit-limit=2
            > POST /channels/{random}/messages {"content":"1"} | ^x-ratelimit-remaining
              200 x-ratelimit-remaining=1
            > POST /channels/{general}/messages {"content":"2"} | ^x-ratelimit-remaining
              200 x-ratelimit-remaining=0
            > POST /channels/{general}/messages {"content":"3"} | ^x-ratelimit-remaining
              429 x-ratelimit-remaining=0
            > GET /channels/{general}/messages | content
              200 [2; 1]
            > shows random
              {m1} hook: 1
              {m2} hook: 2
              {m4} mirror: 1
            > requests
              POST execute_webhook 204 - {m1}
              POST execute_webhook 204 - {m2}
              POST execute_webhook 429 - -
              POST create_message 200 - {m3}
              POST create_message 200 - {m4}
              POST create_message 200 - {m5}
              POST create_message 429 - -
              GET list_messages 200 - -
        "#]],
    );
}

#[test]
fn the_global_limit_names_itself() {
    let limits = Limits { global: Window::new(2, HOUR_MS), ..limits() };
    check_with(
        Config { limits, ..Default::default() },
        r#"GET /users/@me | username
         GET /users/@me | username
         GET /users/@me | global ^x-ratelimit-scope ^x-ratelimit-global ^x-ratelimit-bucket ^retry-after
         POST /webhooks/{hook/}?wait=true {"content":"another address"} | content"#,
        expect![[r#"
            > GET /users/@me | username
              200 mirror
            > GET /users/@me | username
              200 mirror
            > GET /users/@me | global ^x-ratelimit-scope ^x-ratelimit-global ^x-ratelimit-bucket ^retry-after
              429 x-ratelimit-scope=global x-ratelimit-global=true x-ratelimit-bucket=- retry-after=3600 true
            > POST /webhooks/{hook/}?wait=true {"content":"another address"} | content
              200 another address
        "#]],
    );
}

#[test]
fn the_hidden_limit_of_a_channel_comes_by_surprise() {
    let limits = Limits { channel_webhooks_hidden: Some(Window::new(1, HOUR_MS)), ..limits() };
    check_with(
        Config { limits, ..Default::default() },
        r#"POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-remaining
         POST /webhooks/{hook/} {"content":"2"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after"#,
        expect![[r#"
            > POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-remaining
              204 x-ratelimit-remaining=1
            > POST /webhooks/{hook/} {"content":"2"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after
              429 x-ratelimit-scope=shared x-ratelimit-remaining=- retry-after=3600 false
        "#]],
    );
}

#[test]
fn a_window_ends() {
    let limits =
        Limits { webhook: Window::new(1, 80), global: Window::new(1_000_000, 1000), ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let discord = standin::Standin::start(Config { limits, ..Default::default() }).unwrap();
        let channel = discord.create_channel(discord.create_guild("home"), "general");
        let hook = discord.create_webhook(channel, "hook", discord.create_user("alice"));
        let path = format!("/webhooks/{hook}/{}", discord.webhook_tokens()[0]);
        let http = crate::http::Http::new(&discord.api_url(), "t");
        let mut statuses = Vec::new();
        for _ in 0..5000 {
            if statuses.last() == Some(&204) && statuses.len() > 1 {
                break;
            }
            if let crate::http::Got::Answer { status, .. } =
                http.send("POST", &path, Some(r#"{"content":"x"}"#), 1000).await
            {
                statuses.push(status);
            }
        }
        statuses.dedup();
        assert_eq!(statuses, [204, 429, 204]);
        assert_eq!(discord.message_count(channel), 2);
    });
}
