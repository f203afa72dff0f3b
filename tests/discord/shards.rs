//! Several shards, on several nodes: who hears what, who may IDENTIFY when, and what a take-over goes on from.

use crate::gateway::{Running, saved, started};
use crate::stage::{TOKEN, client};
use mirror::clock::{Clock as _, Wall};
use mirror::discord::gateway::{
    Ended, FRAMES_MAX, Gateway, GatewayError, IdentifyGate, Saved, Settings, Starts,
};
use mirror::discord::starts::starts;
use projections::leases::memory::MemoryLeases;
use projections::leases::{Holder, Leases};
use secrecy::SecretString;
use standin::{Config, Standin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// Discord's five seconds, for a test.
const GAP: Duration = Duration::from_millis(300);
/// The nodes': with a margin, for one that is held up would arrive too close before the next.
const TURN: Duration = Duration::from_millis(900);

/// Nodes that share leases and a Discord that insists on its rules.
struct Cluster {
    discord: Standin,
    leases: Arc<dyn Leases>,
    starts: Starts,
}

impl Cluster {
    fn new(shards: u64, max_concurrency: u64, total: u64) -> Self {
        let rules = standin::Starts { shards, max_concurrency, gap_ms: GAP.as_millis() as u64, total };
        let discord = Standin::start(Config { unlimited: true, starts: rules, ..Config::default() }).unwrap();
        let starts = Starts {
            shards: shards as u32,
            max_concurrency: max_concurrency as u16,
            total: total as u32,
            gap: TURN,
        };
        Self { discord, leases: Arc::new(MemoryLeases::new()), starts }
    }

    fn node(&self, name: &str) -> Arc<IdentifyGate> {
        let me = Holder { node: name.parse().unwrap(), home: Uuid::new_v4() };
        Arc::new(IdentifyGate::new(self.leases.clone(), me, Arc::new(Wall), self.starts))
    }

    fn shard(&self, gate: &Arc<IdentifyGate>, shard: u32, saved: Option<Saved>) -> Running {
        let settings = Settings { url: Some(self.discord.gateway_url()), shard, shards: self.starts.shards };
        let gateway = Gateway::new(&settings, &SecretString::from(TOKEN), saved, gate.clone()).unwrap();
        started(gateway, FRAMES_MAX)
    }

    /// A channel of a guild that this shard hears.
    async fn channel(&self, shard: u64) -> u64 {
        loop {
            let guild = self.discord.create_guild("home");
            if (guild >> 22) % u64::from(self.starts.shards) == shard {
                return self.discord.create_channel(guild, "general");
            }
            // Guild ids are made of milliseconds.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn each_shard_hears_its_guilds() {
    let cluster = Cluster::new(3, 3, 1000);
    let gate = cluster.node("a");
    let alice = cluster.discord.create_user("alice");
    let mut channels = Vec::new();
    for shard in 0..3 {
        channels.push(cluster.channel(shard).await);
    }
    let mut shards: Vec<_> = (0..3).map(|shard| cluster.shard(&gate, shard, None)).collect();
    for shard in &mut shards {
        assert_eq!(shard.happening().await, "ready");
    }
    for round in 0..3 {
        for (at, channel) in channels.iter().enumerate() {
            cluster.discord.say(*channel, alice, &format!("{round} for {at}"));
        }
    }
    for (at, shard) in shards.iter_mut().enumerate() {
        for round in 0..3 {
            assert_eq!(shard.message().await.0, format!("{round} for {at}"));
        }
    }
}

/// The dead node's session goes on where its last durable frame was; what the dead one
/// still hears changes nothing for the other.
#[tokio::test]
async fn a_take_over_resumes_and_two_on_one_shard_both_hear() {
    let cluster = Cluster::new(2, 1, 1000);
    let (one, two) = (cluster.node("a"), cluster.node("b"));
    let channel = cluster.channel(1).await;
    let alice = cluster.discord.create_user("alice");
    let mut first = cluster.shard(&one, 1, None);
    assert_eq!(first.happening().await, "ready");
    cluster.discord.say(channel, alice, "durable");
    cluster.discord.say(channel, alice, "not durable");
    let (_, frame) = first.message().await;
    let mut second = cluster.shard(&two, 1, Some(saved(&frame)));
    assert_eq!(second.happening().await, "resumed");
    assert_eq!(second.message().await.0, "not durable");
    assert_eq!(cluster.discord.counts().identified, 1, "no IDENTIFY was needed");
    drop(first);

    // A zombie with a session of its own.
    let mut third = cluster.shard(&one, 1, None);
    assert_eq!(third.happening().await, "ready");
    cluster.discord.say(channel, alice, "both");
    assert_eq!(second.message().await.0, "both");
    assert_eq!(third.message().await.0, "both");
}

/// Many shards of two nodes start at once, against a Discord that refuses who comes too soon.
#[tokio::test]
async fn nobody_identifies_out_of_turn() {
    let cluster = Cluster::new(6, 2, 1000);
    let nodes = [cluster.node("a"), cluster.node("b")];
    let began = Instant::now();
    let mut shards: Vec<_> =
        (0..6).map(|shard| cluster.shard(&nodes[shard as usize / 2 % 2], shard, None)).collect();
    for shard in &mut shards {
        assert_eq!(shard.happening().await, "ready");
    }
    let counts = cluster.discord.counts();
    assert_eq!((counts.identified, counts.refused_sessions), (6, 0));
    assert!(began.elapsed() >= 2 * TURN, "three in each of two buckets");
}

/// The day's IDENTIFYs are counted together, and none is sent that could cost the token.
#[tokio::test]
async fn the_budget_ends_before_the_token_does() {
    let cluster = Cluster::new(1, 1, 3);
    let mut ended = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let Running { mut happenings, stop, task, frames: _heard } =
            cluster.shard(&cluster.node(name), 0, None);
        let happening = timeout(Duration::from_secs(10), happenings.recv()).await.expect("in time");
        stop.cancel();
        ended.push((happening.is_some(), task.await.unwrap()));
    }
    assert!(ended[..3].iter().all(|ended| *ended == (true, Ended::Stopped)), "so small a budget spares none");
    let tomorrow = Wall.now().0 / 1000 + 23 * 3_600_000;
    for ended in &ended[3..] {
        assert!(
            matches!(ended, (false, Ended::BudgetSpent { again_ms: Some(ms) }) if *ms > tomorrow),
            "{ended:?}"
        );
    }
    assert_eq!(cluster.discord.counts().identified, 3);
    let rest = client(&cluster.discord.api_url(), 1, true).rest;
    assert!(mirror::discord::me::me(&rest).await.is_ok(), "the token lives");
}

#[tokio::test]
async fn discord_says_how_many_shards() {
    let cluster = Cluster::new(12, 16, 2500);
    let rest = client(&cluster.discord.api_url(), 1, true).rest;
    let found = starts(&rest).await.unwrap();
    assert_eq!(
        found,
        Starts { shards: 12, max_concurrency: 16, total: 2500, gap: Duration::from_millis(5_500) }
    );
}

#[tokio::test]
async fn a_shard_that_is_not_among_them_is_refused() {
    let cluster = Cluster::new(2, 1, 1000);
    let settings = Settings { url: None, shard: 2, shards: 2 };
    let refused = Gateway::new(&settings, &SecretString::from(TOKEN), None, cluster.node("a")).err().unwrap();
    assert!(matches!(refused, GatewayError::Shard { shard: 2, shards: 2 }));
}
