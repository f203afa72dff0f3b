//! Rate limits: headers on every answer, 429 with its scope, counts in the ledger.

use expect_test::expect;
use standin::{Config, Invalid, Limits, Refusal, Window};

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
        Limits { webhook: Window::new(1, 600), global: Window::new(1_000_000, 1000), ..Limits::default() };
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

#[test]
fn refusals_of_four_kinds_are_scripted() {
    check_with(
        Config { unlimited: true, ..Default::default() },
        r#"fault {"on":{"kind":"execute_webhook"},"do":{"fault":"user_too_many","retry_ms":3600000}}
         POST /webhooks/{hook/} {"content":"1"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after ^x-ratelimit-global
         POST /webhooks/{hook/} {"content":"closed"} | global ^x-ratelimit-scope ^retry-after
         PATCH /webhooks/{hook/}/messages/7 {"content":"the same bucket"} | ^x-ratelimit-scope
         GET /users/@me | username
         fault {"on":{"kind":"me"},"do":{"fault":"bare_too_many"}}
         GET /users/@me | text ^x-ratelimit-scope ^x-ratelimit-bucket ^retry-after ^content-type
         GET /users/@me | username
         fault {"on":{"kind":"create_message"},"do":{"fault":"global_too_many","retry_ms":3600000}}
         POST /channels/{general}/messages {"content":"2"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after ^x-ratelimit-global
         GET /gateway | ^x-ratelimit-scope
         refused"#,
        expect![[r#"
            > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"user_too_many","retry_ms":3600000}}
            > POST /webhooks/{hook/} {"content":"1"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after ^x-ratelimit-global
              429 x-ratelimit-scope=user x-ratelimit-remaining=0 retry-after=3600 x-ratelimit-global=- false
            > POST /webhooks/{hook/} {"content":"closed"} | global ^x-ratelimit-scope ^retry-after
              429 x-ratelimit-scope=user retry-after=3600 false
            > PATCH /webhooks/{hook/}/messages/7 {"content":"the same bucket"} | ^x-ratelimit-scope
              429 x-ratelimit-scope=user
            > GET /users/@me | username
              200 mirror
            > fault {"on":{"kind":"me"},"do":{"fault":"bare_too_many"}}
            > GET /users/@me | text ^x-ratelimit-scope ^x-ratelimit-bucket ^retry-after ^content-type
              429 x-ratelimit-scope=- x-ratelimit-bucket=- retry-after=- content-type=text/plain; charset=UTF-8 error code: 1015
            > GET /users/@me | username
              200 mirror
            > fault {"on":{"kind":"create_message"},"do":{"fault":"global_too_many","retry_ms":3600000}}
            > POST /channels/{general}/messages {"content":"2"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after ^x-ratelimit-global
              429 x-ratelimit-scope=global x-ratelimit-remaining=- retry-after=3600 x-ratelimit-global=true true
            > GET /gateway | ^x-ratelimit-scope
              429 x-ratelimit-scope=global
            > refused
              User 3, own 0
              Global 2, own 0
              Bare 1, own 0
              invalid 6
        "#]],
    );
    check_with(
        Config { unlimited: true, ..Default::default() },
        r#"fault {"on":{"kind":"execute_webhook"},"do":{"fault":"shared_too_many","retry_ms":3600000}}
         POST /webhooks/{hook/} {"content":"1"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after
         POST /webhooks/{hook/} {"content":"closed"} | ^x-ratelimit-scope
         PATCH /webhooks/{hook/}/messages/7 {"content":"open"} | code
         fault {"on":{"kind":"me"},"do":{"fault":"blocked","for_ms":3600000}}
         GET /users/@me | text ^x-ratelimit-scope ^retry-after ^content-type
         POST /webhooks/{hook/} {"content":"closed"} | text
         refused"#,
        expect![[r#"
            > fault {"on":{"kind":"execute_webhook"},"do":{"fault":"shared_too_many","retry_ms":3600000}}
            > POST /webhooks/{hook/} {"content":"1"} | global ^x-ratelimit-scope ^x-ratelimit-remaining ^retry-after
              429 x-ratelimit-scope=shared x-ratelimit-remaining=- retry-after=3600 false
            > POST /webhooks/{hook/} {"content":"closed"} | ^x-ratelimit-scope
              429 x-ratelimit-scope=shared
            > PATCH /webhooks/{hook/}/messages/7 {"content":"open"} | code
              404 10008
            > fault {"on":{"kind":"me"},"do":{"fault":"blocked","for_ms":3600000}}
            > GET /users/@me | text ^x-ratelimit-scope ^retry-after ^content-type
              429 x-ratelimit-scope=- retry-after=- content-type=text/html; charset=UTF-8 <!DOCTYPE html><html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head><body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>
            > POST /webhooks/{hook/} {"content":"closed"} | text
              429 <!DOCTYPE html><html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head><body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>
            > refused
              Shared 2, own 0
              Blocked 2, own 0
              invalid 2
        "#]],
    );
}

#[test]
fn too_many_invalid_requests_lead_to_a_block() {
    let invalid = Invalid { window: Window::new(3, HOUR_MS), block_ms: HOUR_MS, status: 403 };
    let limits = Limits {
        channel_webhooks_hidden: Some(Window::new(1, HOUR_MS)),
        invalid,
        webhook: Window::new(100, HOUR_MS),
        ..limits()
    };
    check_with(
        Config { limits, ..Default::default() },
        r#"POST /webhooks/{hook/} {"content":"1"}
         POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
         POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
         POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
         permit general {"view_channel":false}
         GET /channels/{general} | code
         GET /channels/{general} | code
         GET /channels/7 | code
         GET /webhooks/{hook}/wrong | code
         GET /users/@me | text ^x-ratelimit-bucket ^content-type
         GET /gateway/bot | text
         refused"#,
        expect![[r#"
            > POST /webhooks/{hook/} {"content":"1"}
              204
            > POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
              429 x-ratelimit-scope=shared
            > POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
              429 x-ratelimit-scope=shared
            > POST /webhooks/{hook/} {"content":"shared costs nothing"} | ^x-ratelimit-scope
              429 x-ratelimit-scope=shared
            > permit general {"view_channel":false}
            > GET /channels/{general} | code
              403 50001
            > GET /channels/{general} | code
              403 50001
            > GET /channels/7 | code
              404 10003
            > GET /webhooks/{hook}/wrong | code
              401 50027
            > GET /users/@me | text ^x-ratelimit-bucket ^content-type
              403 x-ratelimit-bucket=- content-type=text/html; charset=UTF-8 <!DOCTYPE html><html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head><body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>
            > GET /gateway/bot | text
              403 <!DOCTYPE html><html lang="en-US"><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head><body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>
            > refused
              Shared 3, own 0
              Blocked 2, own 2
              invalid 5
        "#]],
    );
}

#[test]
fn one_hash_may_stand_for_different_limits() {
    let limits = Limits {
        webhook_edits: Some(Window::new(9, HOUR_MS)),
        channel_deletes: Some(Window::new(8, HOUR_MS)),
        ..limits()
    };
    check_with(
        Config { limits, ..Default::default() },
        r#"POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-bucket
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"2"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-bucket
         DELETE /webhooks/{hook/}/messages/{m1} | ^x-ratelimit-limit ^x-ratelimit-remaining
         POST /webhooks/{hook/} {"content":"3"} | ^x-ratelimit-limit ^x-ratelimit-remaining
         POST /channels/{general}/messages {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-bucket
         DELETE /channels/{general}/messages/{m3} | ^x-ratelimit-limit ^x-ratelimit-bucket"#,
        expect![[r#"
            > POST /webhooks/{hook/} {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-bucket
              204 x-ratelimit-limit=2 x-ratelimit-remaining=1 x-ratelimit-bucket=2c80b5eeac176499233804c831b79ab1
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"2"} | ^x-ratelimit-limit ^x-ratelimit-remaining ^x-ratelimit-bucket
              200 x-ratelimit-limit=9 x-ratelimit-remaining=8 x-ratelimit-bucket=2c80b5eeac176499233804c831b79ab1
            > DELETE /webhooks/{hook/}/messages/{m1} | ^x-ratelimit-limit ^x-ratelimit-remaining
              204 x-ratelimit-limit=9 x-ratelimit-remaining=7
            > POST /webhooks/{hook/} {"content":"3"} | ^x-ratelimit-limit ^x-ratelimit-remaining
              204 x-ratelimit-limit=2 x-ratelimit-remaining=0
            > POST /channels/{general}/messages {"content":"1"} | ^x-ratelimit-limit ^x-ratelimit-bucket
              200 x-ratelimit-limit=2 x-ratelimit-bucket=5c55827df1d1b1b7083f07874293a424
            > DELETE /channels/{general}/messages/{m3} | ^x-ratelimit-limit ^x-ratelimit-bucket
              204 x-ratelimit-limit=8 x-ratelimit-bucket=5c55827df1d1b1b7083f07874293a424
        "#]],
    );
}

#[test]
fn the_hidden_limit_is_one_for_all_webhooks_of_a_channel_and_no_fault_of_theirs() {
    let limits = Limits {
        webhook: Window::new(100, HOUR_MS),
        channel_webhooks_hidden: Some(Window::new(3, HOUR_MS)),
        ..limits()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let discord = standin::Standin::start(Config { limits, ..Default::default() }).unwrap();
        let (guild, alice) = (discord.create_guild("home"), discord.create_user("alice"));
        let channels = [discord.create_channel(guild, "one"), discord.create_channel(guild, "two")];
        let hooks = [0, 0, 1].map(|at| discord.create_webhook(channels[at], "hook", alice));
        let http = crate::http::Http::new(&discord.api_url(), "t");
        let mut statuses = Vec::new();
        for at in [0, 1, 0, 1, 0, 2] {
            let path = format!("/webhooks/{}/{}", hooks[at], discord.webhook_token(hooks[at]).unwrap());
            let got = http.send("POST", &path, Some(r#"{"content":"x"}"#), 1000).await;
            if let crate::http::Got::Answer { status, .. } = got {
                statuses.push(status);
            }
        }
        assert_eq!(statuses, [204, 204, 204, 429, 429, 204]);
        let counts = discord.counts();
        assert_eq!(counts.refused[&Refusal::Shared], 2);
        assert_eq!((counts.refused_own[&Refusal::Shared], counts.invalid), (0, 0));
    });
}

#[test]
fn a_seed_refuses_in_every_way_and_none_is_the_clients_fault() {
    let faults = standin::Faults::hostile(0.1, 1, 1);
    let config = Config { unlimited: true, seed: 3, faults, ..Default::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counts = runtime.block_on(async {
        let token = config.token.clone();
        let discord = standin::Standin::start(config).unwrap();
        let http = crate::http::Http::new(&discord.api_url(), &token);
        for _ in 0..80 {
            http.send("GET", "/users/@me", None, 1000).await;
        }
        discord.counts()
    });
    for kind in [Refusal::User, Refusal::Shared, Refusal::Global, Refusal::Bare] {
        assert!(counts.refused[&kind] > 0, "{kind:?}: {counts:?}");
        assert_eq!(counts.refused_own[&kind], 0, "{kind:?}");
    }
}
