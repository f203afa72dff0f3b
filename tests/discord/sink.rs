//! The sink against the stand-in: what a channel shows, and what a lane is told.

use crate::stage::{Client, client, lane, part};
use events::{MessageId, WebhookId};
use mirror::discord::me::me;
use mirror::discord::sink::UNREACHABLE_MS;
use projections::sink::{Answer, History, HistoryError, No, Request, Sink as _, ThreadState, Threading};
use standin::{Config, Faults, Filter, Limits, Matcher, Permissions, RestFault, RouteKind, Rule, Standin};
use tokio::time::Instant;

struct Stage {
    discord: Standin,
    client: Client,
    channel: u64,
}

fn stage(config: Config, unlimited: bool) -> Stage {
    let discord = Standin::start(config).unwrap();
    let guild = discord.create_guild("home");
    let channel = discord.create_channel(guild, "general");
    let client = client(&discord.api_url(), discord.bot_id(), unlimited);
    Stage { discord, client, channel }
}

fn free() -> Config {
    Config { unlimited: true, ..Config::default() }
}

impl Stage {
    async fn send(&self, request: Request) -> Answer {
        self.client.sink.send(lane(self.channel), request).await
    }

    async fn create(&self, text: &str) -> (MessageId, WebhookId) {
        match self.send(Request::Create(part(text))).await {
            Answer::Yes(copy, hook) => (copy, hook),
            other => panic!("{other:?}"),
        }
    }

    async fn history(&self, after: MessageId) -> Result<History, HistoryError> {
        self.client.sink.history(lane(self.channel), None, after).await
    }

    fn shown(&self) -> Vec<String> {
        self.discord.messages(self.channel).iter().map(|m| format!("{}: {}", m.name, m.content)).collect()
    }

    fn asked(&self, kind: RouteKind) -> usize {
        self.discord.requests(&Filter { on: Matcher::kind(kind), ..Filter::default() }).len()
    }
}

#[tokio::test]
async fn a_copy_is_made_changed_and_removed() {
    let stage = stage(free(), true);
    let (copy, hook) = stage.create("hello @everyone").await;
    assert_eq!(stage.shown(), ["Alice: hello @everyone"]);
    assert_eq!(stage.discord.webhooks(stage.channel), [hook.0]);
    assert_eq!(stage.send(Request::Edit(copy, part("bye @everyone"))).await, Answer::Yes(copy, hook));
    assert_eq!(stage.shown(), ["Alice: bye @everyone"]);
    assert!(stage.discord.pings().is_empty());
    assert_eq!(stage.send(Request::Delete(copy, None)).await, Answer::Yes(copy, hook));
    assert_eq!(stage.send(Request::Delete(copy, None)).await, Answer::No(No::Missing));
    assert_eq!(stage.send(Request::Edit(copy, part("x"))).await, Answer::No(No::Missing));
    assert!(stage.shown().is_empty());
}

#[tokio::test]
async fn the_notice_is_one_message_however_often_it_is_sent() {
    let stage = stage(free(), true);
    let notice = |after| stage.send(Request::Notice(MessageId(after)));
    let first = notice(0).await;
    assert!(matches!(first, Answer::Yes(..)), "{first:?}");
    assert_eq!(notice(0).await, first);
    assert_eq!(stage.discord.message_count(stage.channel), 1);
    assert_ne!(notice(7).await, first, "behind another copy it is another");
    assert_eq!(stage.discord.message_count(stage.channel), 2);
}

#[tokio::test]
async fn history_is_oldest_first_and_knows_the_lanes_own() {
    let stage = stage(free(), true);
    let alice = stage.discord.create_user("alice");
    let (first, hook) = stage.create("a").await;
    let said = MessageId(stage.discord.say(stage.channel, alice, "b"));
    let (last, _) = stage.create("c").await;
    let seen = |history: History| history.messages.iter().map(|m| (m.id, m.ours)).collect::<Vec<_>>();
    let all = stage.history(MessageId(0)).await.unwrap();
    assert_eq!(seen(all), [(first, true), (said, false), (last, true)]);
    assert_eq!(seen(stage.history(first).await.unwrap()), [(said, false), (last, true)]);
    assert_eq!(stage.history(last).await.unwrap(), History::default());
    assert!(stage.client.webhooks.is_ours(hook));
    assert_eq!(stage.client.webhooks.mirror_of(hook), Some(lane(1).mirror));
}

#[tokio::test]
async fn a_long_history_is_paged_without_a_hole() {
    let stage = stage(free(), true);
    let alice = stage.discord.create_user("alice");
    let said: Vec<_> = (0..250).map(|n| stage.discord.say(stage.channel, alice, &n.to_string())).collect();
    let (mut after, mut found, mut pages) = (MessageId(0), Vec::new(), 0);
    loop {
        let page = stage.history(after).await.unwrap();
        found.extend(page.messages.iter().map(|seen| seen.id.0));
        pages += 1;
        if !page.more {
            break;
        }
        after = MessageId(*found.last().unwrap());
    }
    assert_eq!((found, pages), (said, 3));
}

#[tokio::test]
async fn a_webhook_is_made_once_found_again_and_a_threads_is_its_parents() {
    let stage = stage(free(), true);
    let alice = stage.discord.create_user("alice");
    stage.discord.create_webhook(stage.channel, "mirror abcdef01", alice);
    let webhooks = &stage.client.webhooks;
    let (a, b, c) = tokio::join!(
        webhooks.open(lane(stage.channel)),
        webhooks.open(lane(stage.channel)),
        webhooks.open(lane(stage.channel))
    );
    let made = a.unwrap().id;
    assert_eq!((b.unwrap().id, c.unwrap().id), (made, made));
    let asked = [RouteKind::Channel, RouteKind::ChannelWebhooks, RouteKind::CreateWebhook];
    assert_eq!(asked.map(|kind| stage.asked(kind)), [1, 1, 1]);

    let again = client(&stage.discord.api_url(), stage.discord.bot_id(), true);
    assert_eq!(again.webhooks.open(lane(stage.channel)).await.unwrap().id, made, "after a restart");
    let thread = stage.discord.create_thread(stage.channel, "aside");
    let told = again.sink.send(lane(thread), Request::Create(part("in the thread"))).await;
    assert!(matches!(told, Answer::Yes(_, hook) if hook == made), "{told:?}");
    assert_eq!(stage.discord.messages(thread).last().unwrap().content.as_ref(), "in the thread");
    assert_eq!(stage.discord.message_count(stage.channel), 0);
    let history = again.sink.history(lane(thread), None, MessageId(0)).await.unwrap();
    assert!(history.messages.last().unwrap().ours);
    assert_eq!(stage.asked(RouteKind::CreateWebhook), 1);
}

#[tokio::test]
async fn who_we_are_is_asked_and_a_wrong_token_is_told() {
    let stage = stage(free(), true);
    let found = me(&stage.client.rest).await.unwrap();
    assert_eq!((found.user.0, found.application.0), (stage.discord.bot_id(), stage.discord.bot_id()));
    let other = Standin::start(Config { token: "another".to_owned(), ..free() }).unwrap();
    let refused = me(&client(&other.api_url(), 1, true).rest).await;
    assert!(matches!(&refused, Err(No::Dead(why)) if why.contains("token")), "{refused:?}");
}

#[tokio::test]
async fn fourteen_copies_in_a_row_meet_no_429() {
    let stage = stage(Config::default(), false);
    let began = Instant::now();
    let mut copies = 0;
    while copies < 14 {
        match stage.send(Request::Create(part(&copies.to_string()))).await {
            Answer::Yes(..) => copies += 1,
            Answer::No(No::Wait(ms)) => tokio::time::sleep(std::time::Duration::from_millis(ms)).await,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stage.discord.counts().too_many, 0);
    assert_eq!(stage.asked(RouteKind::ExecuteWebhook), 14);
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
}

/// As after a crash in the middle of it. Discord refuses every change of an archived thread but to open it.
#[tokio::test]
async fn a_thread_is_archived_once_more_where_nobody_knows_whether_it_was() {
    let stage = stage(Config::default(), true);
    let (copy, _) = stage.create("on this").await;
    let thread = |to| Request::Thread(copy, Box::new(to));
    let state = |name: &str| ThreadState { name: name.to_owned(), archived: true, ..ThreadState::default() };
    let opened = stage.send(thread(Threading::Open("plans".to_owned()))).await;
    assert!(matches!(opened, Answer::Yes(..)), "{opened:?}");
    let archived = |name: &str| thread(Threading::Change(state(name)));
    assert!(matches!(stage.send(archived("plans")).await, Answer::Yes(..)));
    for name in ["plans", "the plan"] {
        let again = stage.send(archived(name)).await;
        assert_eq!(again, Answer::No(No::Wait(0)), "{name}: it is opened");
        assert!(matches!(stage.send(archived(name)).await, Answer::Yes(..)), "{name}: and archived");
        let threads = stage.discord.threads(stage.channel);
        assert_eq!((threads[0].name.as_str(), threads[0].archived), (name, true));
    }
}

#[tokio::test]
async fn a_limit_that_no_header_announces_is_met_once() {
    let hidden =
        Limits { channel_webhooks_hidden: Some(standin::Window::new(2, 60_000)), ..Limits::default() };
    let stage = stage(Config { limits: hidden, ..Config::default() }, false);
    stage.create("1").await;
    stage.create("2").await;
    for _ in 0..5 {
        let told = stage.send(Request::Create(part("3"))).await;
        assert!(matches!(told, Answer::No(No::Wait(ms)) if ms > 50_000), "{told:?}");
    }
    assert_eq!(stage.discord.counts().too_many, 1);
}

/// What a create is told, and whether it took effect, under one fault.
#[tokio::test]
async fn a_create_is_told_what_is_known_and_no_more() {
    for (fault, expected, copies) in [
        (RestFault::LostResponse, "ambiguous", 1),
        (RestFault::CutBeforeEffect, "ambiguous", 0),
        (RestFault::ErrorAfterEffect { status: 502 }, "ambiguous", 1),
        (RestFault::ErrorBeforeEffect { status: 503 }, "ambiguous", 0),
        (RestFault::LateEffect { effect_ms: 900, answer_ms: 900 }, "ambiguous", 1),
        (RestFault::BareTooMany, "wait", 0),
        (RestFault::GlobalTooMany { retry_ms: 1_000 }, "wait", 0),
    ] {
        let stage = stage(free(), true);
        stage.client.webhooks.open(lane(stage.channel)).await.unwrap();
        let rule = Rule::next(Matcher::kind(RouteKind::ExecuteWebhook), fault);
        stage.discord.set_faults(Faults::script(vec![rule]));
        let mut happenings = stage.discord.subscribe();
        let told = match stage.send(Request::Create(part("x"))).await {
            Answer::Ambiguous(_) => "ambiguous",
            Answer::No(No::Wait(_)) => "wait",
            other => panic!("{fault:?}: {other:?}"),
        };
        assert_eq!(told, expected, "{fault:?}");
        while stage.discord.message_count(stage.channel) < copies {
            happenings.recv().await.unwrap();
        }
        assert_eq!(stage.discord.message_count(stage.channel), copies, "{fault:?}");
        assert_eq!(stage.asked(RouteKind::ExecuteWebhook), 1, "{fault:?}: sent again");
    }
}

#[tokio::test]
async fn nobody_listening_is_no_doubt() {
    let stage = stage(free(), true);
    stage.create("x").await;
    let rule = Rule::next(Matcher::kind(RouteKind::ExecuteWebhook), RestFault::Refuse { for_ms: 1_500 });
    stage.discord.set_faults(Faults::script(vec![rule]));
    let told = stage.send(Request::Create(part("y"))).await;
    assert!(matches!(told, Answer::Ambiguous(_)), "{told:?}");
    let told = stage.send(Request::Create(part("z"))).await;
    assert_eq!(told, Answer::No(No::Wait(UNREACHABLE_MS)));
}

#[tokio::test]
async fn a_deleted_webhook_is_asked_once_and_then_another_is_made() {
    let stage = stage(free(), true);
    let (_, hook) = stage.create("x").await;
    stage.discord.delete_webhook(hook.0);
    let told = stage.send(Request::Create(part("y"))).await;
    assert!(matches!(&told, Answer::No(No::Dead(why)) if why.contains("10015")), "{told:?}");
    let (_, other) = stage.create("y").await;
    assert_ne!(other, hook);
    let missing = stage.discord.requests(&Filter { status: Some(404), ..Filter::default() });
    assert_eq!(missing.len(), 1);
    assert!(stage.client.webhooks.is_ours(hook), "what it said stays ours");
}

#[tokio::test]
async fn a_missing_permission_stops_the_lane_with_a_reason() {
    let all = Permissions::default();
    let stage = stage(free(), true);
    let history_gone = Permissions { read_message_history: false, ..all };
    for (permissions, word) in [
        (Permissions { manage_webhooks: false, ..all }, "Manage Webhooks"),
        (Permissions { view_channel: false, ..all }, "View Channel"),
    ] {
        stage.discord.set_permissions(stage.channel, permissions);
        let told = stage.send(Request::Create(part("x"))).await;
        assert!(matches!(&told, Answer::No(No::Dead(why)) if why.contains(word)), "{told:?}");
        let told = stage.history(MessageId(0)).await;
        assert!(matches!(&told, Err(HistoryError::Dead(why)) if why.contains(word)), "{told:?}");
    }
    stage.discord.set_permissions(stage.channel, all);
    stage.create("x").await;
    stage.discord.set_permissions(stage.channel, history_gone);
    assert_eq!(stage.history(MessageId(0)).await.unwrap(), History::default(), "empty, not an error");
}

#[tokio::test]
async fn fifteen_webhooks_are_discords_limit() {
    let stage = stage(free(), true);
    let alice = stage.discord.create_user("alice");
    for n in 0..15 {
        stage.discord.create_webhook(stage.channel, &format!("hook {n}"), alice);
    }
    let told = stage.send(Request::Create(part("x"))).await;
    assert!(matches!(&told, Answer::No(No::Dead(why)) if why.contains("15 webhooks")), "{told:?}");
}
