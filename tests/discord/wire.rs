//! What leaves this process, byte for byte, and what is concluded from what comes back.

use crate::stage::{Act, DEADLINE, TOKEN, Wire, answer, client, lane, part, transport};
use events::{ChannelId, MessageId, WebhookId};
use mirror::discord::calls::Calls;
use mirror::discord::rest::Failure as RestFailure;
use mirror::discord::transport::{Failure, Reply};
use projections::sink::{Answer, No, Request, Sink as _};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

const CHANNEL: &str = r#"{"id":"3","type":0,"parent_id":"2"}"#;
const HOOKS: &str = r#"[{"id":"7","name":"mirror abcdef01","application_id":"5","token":"hook-secret"}]"#;

/// `status body-length whole`, or the failure's kind.
fn short(result: &Result<Reply, Failure>) -> String {
    match result {
        Ok(reply) => format!("{} {} {}", reply.status, reply.body.len(), reply.whole),
        Err(Failure::NotConnected(_)) => "not connected".to_owned(),
        Err(Failure::Ambiguous(_)) => "ambiguous".to_owned(),
    }
}

/// Sends one request an act, one after another; each is sent once and concluded as expected.
async fn check(script: &[Act], expected: &[&str]) {
    let wire = Wire::play(script.to_vec()).await;
    let transport = transport(&wire.base);
    let call = Calls::new().channel(ChannelId(3)).unwrap();
    let mut found = Vec::new();
    for _ in script {
        found.push(short(&transport.send(&call).await));
    }
    assert_eq!(found, expected, "{script:?}");
    assert_eq!(wire.asked().len(), script.len(), "sent again, or not at all: {script:?}");
}

#[tokio::test]
async fn one_request_is_sent_once_and_its_end_is_told_as_it_is() {
    let say = |text: &str| Act::Say(text.to_owned());
    let cut = |text: &str| Act::SayAndCut(text.to_owned());
    let big = answer(200, &"x".repeat(1 << 17));
    check(&[answer(200, "{}")], &["200 2 true"]).await;
    check(&[answer(204, "")], &["204 0 true"]).await;
    check(&[answer(302, "")], &["302 0 true"]).await;
    check(&[cut("")], &["ambiguous"]).await;
    check(&[answer(200, "{}"), cut("")], &["200 2 true", "ambiguous"]).await;
    check(&[cut("HTTP/1.1 200")], &["ambiguous"]).await;
    check(&[cut("nonsense\r\n\r\n")], &["ambiguous"]).await;
    check(&[cut("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{}")], &["200 0 false"]).await;
    check(&[big], &["200 0 false"]).await;
    check(&[say("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n")], &["429 0 true"]).await;
}

#[tokio::test]
async fn a_deadline_holds_for_the_head_and_for_the_body() {
    for act in [Act::Hang, Act::Say("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{}".to_owned())] {
        let began = Instant::now();
        check(&[act], &["ambiguous"]).await;
        assert!((DEADLINE..DEADLINE * 4).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn only_a_failed_connect_proves_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let call = Calls::new().channel(ChannelId(3)).unwrap();
    assert_eq!(short(&transport(&base).send(&call).await), "not connected");
}

#[tokio::test]
async fn a_429_that_stops_everything_is_met_once() {
    let bare = "HTTP/1.1 429 X\r\nContent-Length: 16\r\n\r\nerror code: 1015";
    let global = "HTTP/1.1 429 X\r\nX-RateLimit-Scope: global\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
    let told = r#"{"message":"m","retry_after":3.5,"global":true}"#;
    let bucket =
        format!("HTTP/1.1 429 X\r\nX-RateLimit-Bucket: b\r\nContent-Length: {}\r\n\r\n{told}", told.len());
    for (act, at_least) in [
        (Act::Say(bare.to_owned()), 59_000),
        (Act::Say(global.to_owned()), 1_900),
        (answer(429, told), 3_400),
        (Act::Say(bucket), 3_400),
    ] {
        let wire = Wire::play(vec![act.clone(); 20]).await;
        let rest = client(&wire.base, 5, false).rest;
        let first = rest.call(&rest.calls.channel(ChannelId(3)).unwrap(), Duration::ZERO).await;
        assert_eq!(first.unwrap().status, 429);
        for channel in 3..20 {
            let call = rest.calls.channel(ChannelId(channel)).unwrap();
            match rest.call(&call, Duration::ZERO).await {
                Err(RestFailure::Limited(ms)) => assert!(ms > at_least, "{ms} ms, {act:?}"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(wire.asked().len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn requests_are_what_discord_documents() {
    let script =
        [answer(200, HOOKS), answer(200, r#"{"id":"70"}"#), answer(200, r#"{"id":"70"}"#), answer(204, "")];
    let notice = answer(200, r#"{"id":"71"}"#);
    let wire = Wire::play([answer(200, CHANNEL)].into_iter().chain(script).chain([notice])).await;
    let sink = client(&wire.base, 5, true).sink;
    let (copy, hook) = (MessageId(70), WebhookId(7));
    let mut edited = part("");
    edited.embeds = vec![r#"{"description":"d","n":1.50}"#.to_owned()];
    for (request, yes) in [
        (Request::Create(part("hello")), Answer::Yes(copy, hook)),
        (Request::Edit(copy, edited), Answer::Yes(copy, hook)),
        (Request::Delete(copy, None), Answer::Yes(copy, hook)),
        (Request::Notice(MessageId(0)), Answer::Yes(MessageId(71), WebhookId(0))),
    ] {
        assert_eq!(sink.send(lane(3), request).await, yes);
    }
    assert_eq!(
        wire.lines(),
        [
            "GET /api/v10/channels/3",
            "GET /api/v10/channels/3/webhooks",
            "POST /api/v10/webhooks/7/hook-secret?wait=true&with_components=false",
            "PATCH /api/v10/webhooks/7/hook-secret/messages/70",
            "DELETE /api/v10/webhooks/7/hook-secret/messages/70",
            "POST /api/v10/channels/3/messages",
        ]
    );
    let bodies: Vec<_> =
        wire.asked().iter().map(|asked| asked.split_once("\r\n\r\n").unwrap().1.to_owned()).collect();
    assert_eq!(
        bodies[2],
        r#"{"username":"Alice","avatar_url":"https://cdn.discordapp.com/avatars/1/a.png","content":"hello","embeds":[],"allowed_mentions":{"parse":[]}}"#
    );
    assert_eq!(
        bodies[3],
        r#"{"content":"","embeds":[{"description":"d","n":1.50}],"allowed_mentions":{"parse":[]}}"#
    );
    assert!(
        bodies[5].ends_with(r#""nonce":"abcdef01-3","enforce_nonce":true,"allowed_mentions":{"parse":[]}}"#)
    );
    for (at, asked) in wire.asked().iter().enumerate() {
        let lower = asked.to_lowercase();
        assert!(lower.contains("user-agent: discordbot (https://github.com/"), "{asked}");
        let by_bot = [0, 1, 5].contains(&at);
        assert_eq!(asked.contains(&format!("authorization: Bot {TOKEN}")), by_bot, "{asked}");
        assert_eq!(lower.contains("content-type: application/json"), ![0, 1, 4].contains(&at), "{asked}");
    }
}

#[tokio::test]
async fn a_refused_token_is_looked_up_again_once() {
    let refused = answer(401, r#"{"message":"Invalid Webhook Token","code":50027}"#);
    let works = answer(200, r#"{"id":"70"}"#);
    let hooks = || answer(200, HOOKS);
    let script = [
        hooks(),
        refused.clone(),
        hooks(),
        refused.clone(),
        hooks(),
        works,
        refused.clone(),
        hooks(),
        refused,
    ];
    let wire = Wire::play([answer(200, CHANNEL)].into_iter().chain(script)).await;
    let sink = client(&wire.base, 5, true).sink;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(match sink.send(lane(3), Request::Create(part("x"))).await {
            Answer::No(No::Wait(ms)) => format!("wait {ms}"),
            Answer::No(No::Dead(_)) => "dead".to_owned(),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(told, ["wait 0", "dead", "Yes(MessageId(70), WebhookId(7))", "wait 0", "dead"]);
}

#[tokio::test]
async fn what_discord_would_refuse_is_not_sent() {
    let wire = Wire::play([answer(200, CHANNEL), answer(200, HOOKS)]).await;
    let sink = client(&wire.base, 5, true).sink;
    let long = part(&"x".repeat(2_001));
    let mut embed = part("x");
    embed.embeds = vec!["{not json".to_owned()];
    for part in [long, embed] {
        let told = sink.send(lane(3), Request::Create(part)).await;
        assert!(matches!(told, Answer::No(No::Refused(_))), "{told:?}");
    }
    assert_eq!(wire.asked().len(), 2, "only the webhook was looked up");
}

#[tokio::test]
async fn a_request_without_an_answer_holds_no_place() {
    let wire = Wire::play([Act::Hang, Act::Hang, answer(200, CHANNEL)]).await;
    let rest = client(&wire.base, 5, false).rest;
    let call = rest.calls.channel(ChannelId(3)).unwrap();
    let late = rest.call(&call, Duration::ZERO).await;
    assert!(matches!(late, Err(RestFailure::Ambiguous(_))), "{late:?}");
    let given_up = tokio::time::timeout(DEADLINE / 4, rest.call(&call, Duration::ZERO)).await;
    assert!(given_up.is_err(), "{given_up:?}");
    let third = rest.call(&call, Duration::ZERO).await;
    assert!(third.is_ok(), "{third:?}");
}

#[tokio::test]
async fn requests_of_an_unknown_bucket_go_one_after_another() {
    let wire = Wire::play([Act::Hang]).await;
    let rest = client(&wire.base, 5, false).rest;
    let call = rest.calls.channel(ChannelId(3)).unwrap();
    let (first, second) = tokio::join!(rest.call(&call, Duration::ZERO), rest.call(&call, Duration::ZERO));
    assert!(matches!(first, Err(RestFailure::Ambiguous(_))), "{first:?}");
    assert!(matches!(second, Err(RestFailure::Limited(_))), "{second:?}");
}
