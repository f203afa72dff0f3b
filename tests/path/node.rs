//! The node of a story: the real parts over its stores, killed and started at will.

use crate::discord::{Discord, ME, Wire};
use crate::stores::{Stores, awake};
use async_trait::async_trait;
use events::capture::{Me, Systems};
use events::{ApplicationId, ChannelId, GuildId, MessageId, Offset, Partition, UserId, Version};
use mirror::clock::Clock;
use mirror::commands::answer::NodeStatus;
use mirror::commands::{ChannelInfo, CommandError, Desk, Live};
use mirror::discord::gateway::Frame;
use mirror::discord::guilds::Guilds;
use mirror::discord::webhooks::Webhooks;
use mirror::follower::{self, Followed, Follower};
use mirror::gapfill::Around;
use mirror::ingest::Ingest;
use mirror::ingest::threads::Threads;
use mirror::lanes::{Counters, Driver, Env, Hub, LaneReport, ORDERS_MAX, Order};
use mirror::links::Links;
use mirror::tenure::Tenure;
use projections::lane::Rules;
use projections::lanes::LaneId;
use projections::leases::memory::MemoryLeases;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// When every story begins: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600_000_000;

/// The wall clock of a story: tokio's, which stands still until everybody waits.
pub(crate) struct Still {
    began: Instant,
}

impl Still {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now() })
    }

    pub(crate) fn at(us: i64) -> Version {
        Version(BEGINNING + us)
    }
}

impl Clock for Still {
    fn now(&self) -> Version {
        Self::at(self.began.elapsed().as_micros() as i64)
    }
}

/// What outlives a crash of the node.
pub(crate) struct Ground {
    pub stores: Stores,
    pub discord: Arc<Discord>,
    pub webhooks: Arc<Webhooks>,
    pub clock: Arc<Still>,
    pub ids: Arc<AtomicU64>,
    pub guilds: Arc<RwLock<Guilds>>,
}

/// One life of the node.
pub(crate) struct Node {
    pub desk: Desk,
    ingest: Ingest,
    orders: mpsc::Sender<Order>,
    followed: Followed,
    fed: watch::Receiver<Offset>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Node {
    pub(crate) async fn start(ground: &Ground, rules: Rules) -> Self {
        let Ground { stores, discord, webhooks, clock, ids, guilds } = ground;
        let ports = stores.ports.clone();
        let links = Arc::new(Links::load(ports.clone()).await.unwrap());
        let state = stores.state.clone();
        let at = follower::Stores {
            ports: ports.clone(),
            links: links.clone(),
            state: state.clone(),
            clock: clock.clone(),
            hints: None,
            is_shared: false,
        };
        let (follower, followed) = Follower::new(Partition(0), at);
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let (fed, fed_seen) = watch::channel(Offset(0));
        let env = Env {
            ports: ports.clone(),
            sink: Arc::new(Wire(discord.clone())),
            files: None,
            links: links.clone(),
            rules,
            clock: clock.clone(),
            started: Instant::now(),
            stop: CancellationToken::new(),
            counters: Arc::new(Counters::default()),
            fed: fed_seen.clone(),
            partition: Partition(0),
            epoch: 0,
            tenure: Tenure::endless(),
            deadline: Duration::from_secs(10),
            permits: Arc::new(Semaphore::new(64)),
            company: Mutex::default(),
        };
        let driver = Driver::new(Arc::new(env), 256, ordered, followed.mark.clone(), fed);
        let appended = stores.appended.subscribe();
        let tasks = vec![
            tokio::spawn(async move { follower.run(appended, CancellationToken::new()).await.unwrap() }),
            tokio::spawn(async move { driver.run().await.unwrap() }),
        ];
        let ids = ids.clone();
        let desk = Desk {
            archive: None,
            is_shared: false,
            ports: ports.clone(),
            leases: Arc::new(MemoryLeases::new()),
            clock: clock.clone(),
            ids: Arc::new(move || Uuid::from_u128(ids.fetch_add(1, Ordering::Relaxed).into())),
            follow: Arc::new(followed.clone()),
            live: Some(Arc::new(Hand { orders: orders.clone(), discord: discord.clone() })),
        };
        let hub = Arc::new(Hub::new(1));
        hub.add(Partition(0), orders.clone());
        let ingest = Ingest {
            ports,
            links,
            threads: Arc::new(Threads::new(Arc::new(Wire(discord.clone())))),
            guilds: guilds.clone(),
            webhooks: webhooks.clone(),
            state,
            clock: clock.clone(),
            hub,
            around: Around { shard: 0, shards: 1 },
            session: watch::Sender::default(),
            me: Me { user: UserId(ME), application: ApplicationId(ME), systems: Systems::NONE },
        };
        Self { desk, ingest, orders, followed, fed: fed_seen, tasks }
    }

    /// Frames that arrive together.
    pub(crate) async fn take(&self, frames: &[Frame]) {
        awake(self.ingest.take(frames)).await.unwrap();
    }

    /// How the lanes stand, once all that is on the log was told to them.
    pub(crate) async fn lanes(&self, tail: Offset) -> Vec<LaneReport> {
        self.followed.mark.clone().wait_for(|mark| *mark >= tail).await.unwrap();
        self.fed.clone().wait_for(|fed| *fed >= tail).await.unwrap();
        let (ask, answer) = oneshot::channel();
        self.orders.send(Order::Report(ask)).await.unwrap();
        answer.await.unwrap()
    }
}

/// The node as commands see it.
struct Hand {
    orders: mpsc::Sender<Order>,
    discord: Arc<Discord>,
}

impl Hand {
    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> T {
        let (ask, answer) = oneshot::channel();
        self.orders.send(order(ask)).await.unwrap();
        answer.await.unwrap()
    }
}

#[async_trait]
impl Live for Hand {
    async fn status(&self) -> NodeStatus {
        NodeStatus::default()
    }

    async fn channel(&self, channel: ChannelId) -> Option<ChannelInfo> {
        let is_forum = self.discord.is_forum(channel);
        Some(ChannelInfo { guild: GuildId(1), is_forum, ..ChannelInfo::default() })
    }

    async fn drain(&self) -> Result<(), CommandError> {
        Ok(())
    }

    async fn walk(&self, lane: LaneId, _: Offset) -> Result<(), CommandError> {
        self.ask(|done| Order::Walk(lane, done)).await;
        Ok(())
    }

    async fn release(&self, lane: LaneId, _adopt: bool) -> Result<String, CommandError> {
        match self.ask(|done| Order::Release(lane, MessageId::default(), done)).await {
            true => Ok("the lane goes on".to_owned()),
            false => Err(CommandError::Wrong("the lane is not held".to_owned())),
        }
    }
}
