//! Forums over the wire: posts with their tags by name, and the list of posts where a channel has messages.

use crate::stage::{Wire, answer, client, lane, part};
use events::{ChannelId, MessageId, WebhookId};
use projections::render::Rendered;
use projections::sink::{Answer, HistoryError, No, Request, Seen, Sink as _, ThreadState, Threading};

const FORUM: &str = r#"{"id":"3","type":15,"guild_id":"6","available_tags":[{"id":"11","name":"Bug"},{"id":"12","name":"idea"}]}"#;
const HOOKS: &str = r#"[{"id":"7","name":"mirror abcdef01","application_id":"5","token":"hook-secret"}]"#;
const NONE: &str = r#"{"threads":[],"members":[],"has_more":false}"#;

fn state() -> ThreadState {
    let tags = ["idea", "no such", "bug"].map(str::to_owned).to_vec();
    ThreadState { name: "plans".to_owned(), tags, ..ThreadState::default() }
}

#[tokio::test]
async fn requests_are_what_discord_documents() {
    let (yes, gone) = (|| answer(200, r#"{"id":"70"}"#), || answer(204, ""));
    let forum = || answer(200, FORUM);
    let wire = Wire::play([
        forum(),
        answer(200, HOOKS),
        forum(),
        yes(),
        yes(),
        forum(),
        yes(),
        gone(),
        yes(),
        answer(404, r#"{"code":10003,"message":"Unknown Channel"}"#),
    ]);
    let wire = wire.await;
    let sink = client(&wire.base, 5, true).sink;
    let (post, hook) = (MessageId(70), WebhookId(7));
    let within = Some(ChannelId(70));
    let first = Rendered { post: Some(state()), ..*part("hello") };
    let second = Rendered { thread: within, ..*part("more") };
    let change = Threading::Change(ThreadState { archived: true, ..state() });
    for (request, told) in [
        (Request::Create(Box::new(first)), Answer::Yes(post, hook)),
        (Request::Create(Box::new(second)), Answer::Yes(post, hook)),
        (Request::Thread(post, Box::new(change)), Answer::Yes(post, WebhookId(0))),
        (Request::Delete(post, within), Answer::Yes(post, hook)),
        (Request::Delete(post, None), Answer::Yes(post, WebhookId(0))),
        (Request::Delete(post, None), Answer::No(No::Missing)),
    ] {
        assert_eq!(sink.send(lane(3), request).await, told);
    }
    assert_eq!(
        wire.lines(),
        [
            "GET /api/v10/channels/3",
            "GET /api/v10/channels/3/webhooks",
            "GET /api/v10/channels/3",
            "POST /api/v10/webhooks/7/hook-secret?wait=true&with_components=false",
            "POST /api/v10/webhooks/7/hook-secret?thread_id=70&wait=true&with_components=false",
            "GET /api/v10/channels/3",
            "PATCH /api/v10/channels/70",
            "DELETE /api/v10/webhooks/7/hook-secret/messages/70?thread_id=70",
            "DELETE /api/v10/channels/70",
            "DELETE /api/v10/channels/70",
        ]
    );
    let bodies: Vec<_> =
        wire.asked().iter().map(|asked| asked.split_once("\r\n\r\n").unwrap().1.to_owned()).collect();
    assert!(
        bodies[3].ends_with(
            r#""allowed_mentions":{"parse":[]},"thread_name":"plans","applied_tags":["12","11"]}"#
        ),
        "{}",
        bodies[3]
    );
    assert!(!bodies[4].contains("thread_name") && !bodies[4].contains("applied_tags"), "{}", bodies[4]);
    assert_eq!(bodies[6], r#"{"applied_tags":["12","11"],"archived":true,"locked":false,"name":"plans"}"#);
}

/// Discord refuses a post without a tag there (40067): its own notice gets one too, and no change takes it away again.
#[tokio::test]
async fn where_a_tag_is_asked_for_every_post_has_one() {
    let asking = r#"{"id":"3","type":15,"guild_id":"6","flags":16,"available_tags":[
        {"id":"10","name":"news","moderated":true},{"id":"11","name":"Bug"},{"id":"12","name":"idea"}]}"#;
    let (forum, yes) = (|| answer(200, asking), || answer(200, r#"{"id":"70"}"#));
    let empty = || answer(200, NONE);
    let wire = Wire::play([
        forum(),
        empty(),
        empty(),
        forum(),
        answer(201, r#"{"id":"71"}"#),
        answer(200, HOOKS),
        forum(),
        yes(),
        forum(),
        yes(),
        forum(),
        yes(),
    ]);
    let wire = wire.await;
    let sink = client(&wire.base, 5, true).sink;
    let post = |tags: &[&str]| ThreadState {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..ThreadState { name: "plans".to_owned(), ..ThreadState::default() }
    };
    let create = |tags| Request::Create(Box::new(Rendered { post: Some(post(tags)), ..*part("hello") }));
    let change = Threading::Change(post(&[]));
    for request in [
        Request::Notice(MessageId(0)),
        create(&["no such"]),
        create(&["idea"]),
        Request::Thread(MessageId(70), Box::new(change)),
    ] {
        let told = sink.send(lane(3), request).await;
        assert!(matches!(told, Answer::Yes(..)), "{told:?}");
    }
    let asked = wire.asked().into_iter().filter(|asked| !asked.starts_with("GET"));
    let tags = asked.map(|asked| {
        asked.split_once(r#""applied_tags":["#).unwrap().1.split_once(']').unwrap().0.to_owned()
    });
    assert_eq!(tags.collect::<Vec<_>>(), [r#""11""#, r#""11""#, r#""12""#, r#""11""#]);
}

/// What Discord does once in a while: discord-api-docs issue 6839.
#[tokio::test]
async fn a_post_without_its_first_message_is_removed_and_made_again() {
    let create =
        || Request::Create(Box::new(Rendered { post: Some(ThreadState::default()), ..*part("hello") }));
    let astray = || answer(200, r#"{"id":"71","channel_id":"70"}"#);
    let forum = || answer(200, FORUM);
    let wire = Wire::play([
        forum(),
        answer(200, HOOKS),
        forum(),
        astray(),
        answer(200, r#"{"id":"70"}"#),
        forum(),
        astray(),
        answer(500, ""),
        forum(),
        answer(200, r#"{"id":"72","channel_id":"72"}"#),
    ]);
    let wire = wire.await;
    let sink = client(&wire.base, 5, true).sink;
    assert_eq!(sink.send(lane(3), create()).await, Answer::No(No::Wait(10_000)));
    let doubtful = sink.send(lane(3), create()).await;
    assert!(matches!(doubtful, Answer::Ambiguous(_)), "{doubtful:?}");
    assert_eq!(sink.send(lane(3), create()).await, Answer::Yes(MessageId(72), WebhookId(7)));
    let removed = wire.lines().into_iter().filter(|line| line.starts_with("DELETE")).collect::<Vec<_>>();
    assert_eq!(removed, ["DELETE /api/v10/channels/70"; 2]);
}

/// Negative evidence needs something that the list must show; only a forum without any post gets one for it.
#[tokio::test]
async fn any_post_is_an_anchor_and_an_empty_forum_gets_one() {
    let active = r#"{"threads":[{"id":"90","parent_id":"4"},{"id":"80","parent_id":"3"}],"members":[]}"#;
    let elsewhere = r#"{"threads":[{"id":"90","parent_id":"4"}],"members":[]}"#;
    let archived = r#"{"threads":[{"id":"60","parent_id":"3"}],"members":[],"has_more":true}"#;
    let made = answer(201, r#"{"id":"71","message":{"id":"71"}}"#);
    let [here, old, empty] = [vec![active], vec![elsewhere, archived], vec![elsewhere, NONE]];
    let told = here.into_iter().chain(old).chain(empty).map(|body| answer(200, body));
    let forum = || [answer(200, FORUM)].into_iter();
    let wire = Wire::play(forum().chain(told).chain(forum()).chain([made])).await;
    let sink = client(&wire.base, 5, true).sink;
    for anchor in [80, 60, 71] {
        let told = sink.send(lane(3), Request::Notice(MessageId(0))).await;
        assert_eq!(told, Answer::Yes(MessageId(anchor), WebhookId(0)));
    }
    let asked = wire.asked();
    let body = asked.last().unwrap().split_once("\r\n\r\n").unwrap().1;
    assert_eq!(wire.lines().last().unwrap(), "POST /api/v10/channels/3/threads");
    assert_eq!(
        body,
        r#"{"message":{"allowed_mentions":{"parse":[]},"content":"This forum is now linked: posts of the mirror appear here."},"name":"This forum is now linked"}"#
    );
}

#[tokio::test]
async fn the_posts_of_a_forum_are_its_history() {
    let archived = |id: u64, owner: u64, hour: u64| {
        format!(
            r#"{{"id":"{id}","parent_id":"3","owner_id":"{owner}","thread_metadata":{{"archive_timestamp":"2026-01-01T{hour:02}:00:00.000000+00:00"}}}}"#
        )
    };
    let page = |posts: &[String], more: bool| {
        answer(200, &format!(r#"{{"threads":[{}],"members":[],"has_more":{more}}}"#, posts.join(",")))
    };
    let active = r#"{"threads":[{"id":"90","parent_id":"3","owner_id":"7"},{"id":"91","parent_id":"4","owner_id":"7"}]}"#;
    let wire = Wire::play([
        answer(200, FORUM),
        answer(200, HOOKS),
        answer(200, active),
        page(&[archived(80, 7, 9), archived(90, 7, 8)], true),
        page(&[archived(70, 1, 7), archived(5, 7, 6)], false),
        answer(200, active),
        answer(403, r#"{"code":50001,"message":"Missing Access"}"#),
        answer(200, r#"[{"id":"92","webhook_id":"7"}]"#),
    ]);
    let wire = wire.await;
    let sink = client(&wire.base, 5, true).sink;
    let seen = |id, ours| Seen { id: MessageId(id), ours };
    let found = sink.history(lane(3), None, MessageId(6)).await.unwrap();
    assert_eq!(found.messages, [seen(70, false), seen(80, true), seen(90, true)]);
    assert!(!found.more);
    let hidden = sink.history(lane(3), None, MessageId(6)).await;
    assert!(matches!(&hidden, Err(HistoryError::Dead(why)) if why.contains("Missing Access")), "{hidden:?}");
    let within = sink.history(lane(3), Some(ChannelId(90)), MessageId(6)).await.unwrap();
    assert_eq!(within.messages, [seen(92, true)], "within a post there are messages");
    let lines = wire.lines();
    assert_eq!(lines[3], "GET /api/v10/channels/3/threads/archived/public?limit=100");
    assert_eq!(
        lines[4],
        "GET /api/v10/channels/3/threads/archived/public?before=2026-01-01T08:00:00.000000%2B00:00&limit=100"
    );
}

/// None was archived before it was made, so older pages can hold nothing new.
#[tokio::test]
async fn archived_posts_are_read_no_farther_than_they_can_matter() {
    let old = r#"{"threads":[{"id":"5","parent_id":"3","thread_metadata":{"archive_timestamp":"2025-12-31T00:00:00+00:00"}}],"has_more":true}"#;
    let wire = Wire::play([FORUM, HOOKS, NONE, old].map(|body| answer(200, body))).await;
    let sink = client(&wire.base, 5, true).sink;
    let after = MessageId::first_at(events::Version(1_767_225_600_000_000));
    assert!(sink.history(lane(3), None, after).await.unwrap().messages.is_empty());
    assert_eq!(wire.lines().len(), 4);
}
