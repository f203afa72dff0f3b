//! Rate limits as the stand-in keeps them, all at once: what it allows is used, what it refuses is heeded, and nothing
//! that it refuses is our own doing. Judged from its ledger. (The whole rates, over minutes, are judged in a time of
//! their own: `src/discord/limits/tests/rate.rs`.)

use crate::stage::{Client, TOKEN, assembled, lane, part};
use events::{MessageId, MirrorId};
use mirror::discord::limits::Settings;
use mirror::discord::me::me;
use mirror::discord::transport::{self, Transport};
use projections::lanes::LaneId;
use projections::sink::{Answer, HistoryError, No, Request, Sink as _};
use secrecy::SecretString;
use standin::{
    Config, Faults, Filter, Invalid, Limits, Matcher, Refusal, RestFault, RouteKind, Rule, Standin, Window,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// A lane comes back this soon, however long it is told to wait: the limiter alone holds it.
const ASKS_AGAIN: Duration = Duration::from_millis(20);

struct Stage {
    discord: Standin,
    client: Client,
    channels: Vec<u64>,
}

/// Channels whose webhooks are open.
async fn stage(channels: usize, limits: Limits, settings: Settings) -> Arc<Stage> {
    let discord = Standin::start(Config { unlimited: true, ..Config::default() }).unwrap();
    let guild = discord.create_guild("home");
    let channels: Vec<_> = (0..channels).map(|n| discord.create_channel(guild, &n.to_string())).collect();
    let to = transport::Settings { base: discord.api_url(), ..transport::Settings::default() };
    let transport = Transport::new(to, &SecretString::from(TOKEN)).unwrap();
    let client = assembled(transport, discord.bot_id(), settings);
    for &channel in &channels {
        while let Err(no) = client.webhooks.open(lane(channel)).await {
            assert!(matches!(no, No::Wait(_)), "{no:?}");
            tokio::time::sleep(ASKS_AGAIN).await;
        }
    }
    discord.set_limits(Some(limits));
    Arc::new(Stage { discord, client, channels })
}

impl Stage {
    async fn send(&self, lane: LaneId) -> Answer {
        self.client.sink.send(lane, Request::Create(part("x"))).await
    }

    /// Until it is posted.
    async fn post(&self, lane: LaneId) {
        loop {
            match self.send(lane).await {
                Answer::Yes(..) => return,
                Answer::No(No::Wait(_)) => tokio::time::sleep(ASKS_AGAIN).await,
                // A page of 403 proves nothing to a lane; here it is known who wrote it.
                Answer::Ambiguous(why) if why.contains("403") => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Each channel posts so many, one after another, all channels at once.
    async fn post_all(self: &Arc<Self>, each: usize) {
        let mut lanes = JoinSet::new();
        for &channel in &self.channels {
            let stage = Arc::clone(self);
            lanes.spawn(async move {
                for _ in 0..each {
                    stage.post(lane(channel)).await;
                }
            });
        }
        while let Some(ended) = lanes.join_next().await {
            ended.unwrap();
        }
    }

    /// When posts arrived there that were accepted, or refused.
    fn posts(&self, channel: Option<u64>, status: u16) -> Vec<u64> {
        let on = Matcher { channel, ..Matcher::kind(RouteKind::ExecuteWebhook) };
        let filter = Filter { on, status: Some(status), ..Filter::default() };
        self.discord.requests(&filter).iter().map(|request| request.at_ms).collect()
    }

    fn refused(&self, kind: Refusal) -> u64 {
        self.discord.counts().refused.get(&kind).copied().unwrap_or(0)
    }

    fn own(&self) -> u64 {
        self.discord.counts().refused_own.values().sum()
    }

    fn fail(&self, times: u32, fault: RestFault) {
        let on = Matcher::kind(RouteKind::ExecuteWebhook);
        self.discord.set_faults(Faults::script(vec![Rule { times, ..Rule::next(on, fault) }]));
    }
}

/// The least time from one to the `nth` after it: a machine that is busy now and then does not count.
fn best(at: &[u64], nth: usize) -> u64 {
    at.windows(nth + 1).map(|some| some[nth] - some[0]).min().unwrap()
}

#[tokio::test]
async fn a_webhook_posts_five_in_two_seconds() {
    let stage = stage(1, Limits::harsh(), Settings::default()).await;
    stage.post_all(16).await;
    let posts = stage.posts(None, 200);
    assert_eq!((posts.len(), stage.discord.counts().too_many), (16, 0));
    // That it is not less is the stand-in's to say: it refused none.
    assert!(best(&posts, 5) <= 2_105, "95 of 100: {posts:?}");
}

#[tokio::test]
async fn two_webhooks_of_a_channel_post_thirty_and_then_wait_for_the_minute() {
    let stage = stage(2, Limits::harsh(), Settings::default()).await;
    let (one, free) = (lane(stage.channels[0]), lane(stage.channels[1]));
    let two = LaneId { mirror: MirrorId(uuid::Uuid::from_u128(1 << 96)), ..one };
    let fifteen = async |lane| {
        for _ in 0..15 {
            stage.post(lane).await;
        }
    };
    tokio::join!(fifteen(one), fifteen(two));
    for lane in [one, two] {
        let told = stage.send(lane).await;
        assert!(matches!(told, Answer::No(No::Wait(ms)) if (10_000..61_000).contains(&ms)), "{told:?}");
    }
    stage.post(free).await;
    assert_eq!((stage.posts(None, 200).len(), stage.discord.counts().too_many), (31, 0));
}

#[tokio::test]
async fn many_channels_post_fifty_a_second() {
    let stage = stage(40, Limits::harsh(), Settings::default()).await;
    stage.post_all(5).await;
    let posts = stage.posts(None, 200);
    assert_eq!((posts.len(), stage.discord.counts().too_many), (200, 0));
    assert!(best(&posts, 50) <= 1_100, "{posts:?}");
}

#[tokio::test]
async fn a_429_of_each_kind_is_heeded_where_it_holds() {
    for (fault, kind, holds_others) in [
        (RestFault::UserTooMany { retry_ms: 1_200 }, Refusal::User, false),
        (RestFault::SharedTooMany { retry_ms: 1_200 }, Refusal::Shared, false),
        (RestFault::GlobalTooMany { retry_ms: 1_200 }, Refusal::Global, true),
        (RestFault::BareTooMany, Refusal::Bare, true),
    ] {
        let settings = Settings { stop_ms: 1_200, ..Settings::default() };
        let stage = stage(2, Limits::harsh(), settings).await;
        let (struck, other) = (stage.channels[0], stage.channels[1]);
        stage.fail(1, fault);
        let told = stage.send(lane(struck)).await;
        assert!(matches!(told, Answer::No(No::Wait(ms)) if ms >= 1_200), "{kind:?}: {told:?}");
        let told = stage.send(lane(other)).await;
        assert_eq!(matches!(told, Answer::No(No::Wait(_))), holds_others, "{kind:?}: {told:?}");
        let read = me(&stage.client.rest);
        let ((), (), read) = tokio::join!(stage.post(lane(struck)), stage.post(lane(other)), read);
        assert!(read.is_ok(), "{kind:?}: a read waits that long: {read:?}");
        let refusal = &stage.discord.requests(&Filter { status: Some(429), ..Filter::default() })[0];
        let on = Matcher { channel: refusal.channel.filter(|_| !holds_others), ..Matcher::default() };
        let then = stage.discord.requests(&Filter { on, since: refusal.seq, ..Filter::default() });
        let over = refusal.at_ms + 1_200;
        assert!(!then.is_empty() && then.iter().all(|request| request.at_ms >= over), "{kind:?}: {then:?}");
        assert_eq!(
            (stage.refused(kind), stage.own(), stage.discord.counts().too_many),
            (1, 0, 1),
            "{kind:?}"
        );
    }
}

/// So many refused requests, and the address is blocked.
fn budget(requests: u32) -> Limits {
    let invalid = Invalid { window: Window::new(requests, 600_000), ..Invalid::default() };
    Limits { invalid, ..Limits::harsh() }
}

#[tokio::test]
async fn what_others_used_up_costs_nothing_of_the_budget() {
    let stage = stage(6, budget(6), Settings { invalid_max: 6, ..Settings::default() }).await;
    stage.fail(6, RestFault::SharedTooMany { retry_ms: 100 });
    stage.post_all(1).await;
    assert_eq!((stage.refused(Refusal::Shared), stage.discord.counts().invalid, stage.own()), (6, 0, 0));
    assert_eq!(stage.posts(None, 200).len(), 6);
}

#[tokio::test]
async fn near_the_end_of_the_budget_we_are_slow_before_discord_blocks() {
    let stage = stage(6, budget(6), Settings { invalid_max: 6, ..Settings::default() }).await;
    stage.fail(6, RestFault::UserTooMany { retry_ms: 100 });
    for &channel in &stage.channels[..4] {
        let told = stage.send(lane(channel)).await;
        assert!(matches!(told, Answer::No(No::Wait(ms)) if ms <= 1_100), "{told:?}");
    }
    for &channel in &stage.channels {
        let told = stage.send(lane(channel)).await;
        assert!(matches!(told, Answer::No(No::Wait(ms)) if ms > 250_000), "two are left: {told:?}");
    }
    let told = me(&stage.client.rest).await;
    assert!(matches!(told, Err(No::Wait(ms)) if ms > 250_000), "reads are slow too: {told:?}");
    assert_eq!((stage.discord.counts().invalid, stage.refused(Refusal::Blocked)), (4, 0));
    assert_eq!(stage.posts(None, 429).len(), 4, "nothing else was sent");
}

/// Lanes, gap fill and commands all keep asking; one request in the time of a stop finds out whether it is over.
#[tokio::test]
async fn a_block_stops_everything_for_its_time() {
    for status in [429, 403] {
        let limits = Limits { invalid: Invalid { status, ..Invalid::default() }, ..Limits::harsh() };
        let stage = stage(8, limits, Settings { stop_ms: 700, ..Settings::default() }).await;
        stage.discord.block(1_500);
        let told = stage.send(lane(stage.channels[0])).await;
        assert!(!matches!(told, Answer::Yes(..)), "{told:?}");
        let began = stage.discord.counts().requests;
        let reads = async {
            while let Err(no) = stage.client.sink.history(lane(stage.channels[1]), None, MessageId(0)).await {
                assert!(matches!(no, HistoryError::Wait(_)), "{no:?}");
                tokio::time::sleep(ASKS_AGAIN).await;
            }
        };
        let commands = async {
            while let Err(no) = me(&stage.client.rest).await {
                assert!(matches!(no, No::Wait(_)), "{no:?}");
                tokio::time::sleep(ASKS_AGAIN).await;
            }
        };
        tokio::join!(stage.post_all(1), reads, commands);
        let blocked: Vec<_> = stage.discord.requests(&Filter { status: Some(status), ..Filter::default() });
        let at: Vec<_> = blocked.iter().map(|request| request.at_ms).collect();
        assert!((2..=3).contains(&at.len()), "{status}: {blocked:?}");
        assert!(at.windows(2).all(|two| two[1] >= two[0] + 700), "{status}: {at:?}");
        assert_eq!(stage.posts(None, 200).len(), 8, "and then all goes on");
        assert!(stage.discord.counts().requests > began + 8);
    }
}

#[tokio::test]
async fn one_busy_channel_holds_up_no_other() {
    let stage = stage(21, Limits::harsh(), Settings::default()).await;
    let busy = stage.channels[0];
    let owes = {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            for _ in 0..1_000 {
                stage.post(lane(busy)).await;
            }
        })
    };
    let mut others = JoinSet::new();
    for &channel in &stage.channels[1..] {
        let stage = Arc::clone(&stage);
        others.spawn(async move { stage.post(lane(channel)).await });
    }
    while let Some(ended) = others.join_next().await {
        ended.unwrap();
    }
    owes.abort();
    let first = stage.posts(Some(busy), 200);
    assert!(!first.is_empty() && first.len() <= 10, "{} of the busy one's meanwhile", first.len());
    assert_eq!(stage.discord.counts().too_many, 0);
}
