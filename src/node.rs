//! The node: puts the parts together, runs them, and stops them in order.
//!
//! ```text
//! gateway ─frames─> ingest ─> log ─> follower ─> views ─mark─> lanes ─> Discord
//!                      └────── echoes ───────────────────────────^
//! ```
//! Any part that ends for good stops the node; what was in flight is resolved at the next start.

mod builds;
mod desk;
mod gaps;

pub use desk::Running;

use crate::admin::Admin;
use crate::clock::{Clock, Wall};
use crate::commands::Desk;
use crate::config::Config;
use crate::discord::gateway::{
    self, Ended, FRAMES_MAX, Gateway, HAPPENINGS_MAX, IdentifyBudget, Outlets, Saved,
};
use crate::discord::guilds::Guilds;
use crate::discord::limits;
use crate::discord::me::me;
use crate::discord::rest::Rest;
use crate::discord::sink::DiscordSink;
use crate::discord::transport::{self, Transport};
use crate::discord::webhooks::Webhooks;
use crate::follower::{Followed, Follower};
use crate::ingest::Ingest;
use crate::lanes::{Bounds, Counters, Driver, Env, ORDERS_MAX, Order};
use crate::links::Links;
use crate::sqlite::{DataDir, NodeState};
use async_trait::async_trait;
use events::capture::Me;
use events::log::Read;
use events::{Offset, Partition, Version};
use projections::lane::{Guards, Rules};
use projections::sink::No;
use secrecy::SecretString;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tools::Ports;

/// Why a node cannot run, or ended.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Something to set right before the next start.
    #[error("{0}")]
    Setup(String),
    /// A store or a connection ended for good.
    #[error("{0}")]
    Broken(String),
}

fn setup(error: impl std::fmt::Display) -> NodeError {
    NodeError::Setup(error.to_string())
}

fn broken(error: impl std::fmt::Display) -> NodeError {
    NodeError::Broken(error.to_string())
}

/// The stores of a data directory as ports.
#[must_use]
pub fn ports(directory: &DataDir) -> Ports {
    Ports {
        log: Arc::new(directory.log()),
        views: Arc::new(directory.views()),
        lanes: Arc::new(directory.lanes()),
        node: directory.node(),
        partitions: 1,
    }
}

/// Runs a node over an open data directory until `stop`.
///
/// # Errors
/// See [`NodeError`].
pub async fn run(config: &Config, directory: DataDir, stop: CancellationToken) -> Result<(), NodeError> {
    builds::forget(&ports(&directory), &directory.views()).await.map_err(broken)?;
    let result = Parts::assemble(config, &directory, stop.clone()).await;
    let ended = match result {
        Ok(parts) => parts.run(stop).await,
        // Told to stop before it could begin: that is no failure.
        Err(_) if stop.is_cancelled() => Ok(()),
        Err(error) => Err(error),
    };
    directory.close().await.map_err(broken)?;
    ended
}

/// Everything that runs.
struct Parts {
    gateway: Gateway,
    /// Reached once the views, and with them the links, hold what the log held at the start.
    ready: Ready,
    outlets: Outlets,
    frames: mpsc::Receiver<gateway::Frame>,
    happenings: mpsc::Receiver<gateway::Happening>,
    ingest: Ingest,
    follower: Follower,
    appended: watch::Receiver<Offset>,
    driver: Driver,
    running: Arc<Running>,
    desk: Desk,
    admin: Admin,
}

/// How far the follower must have come before frames are taken.
struct Ready {
    mark: watch::Receiver<Offset>,
    tail: Offset,
}

impl Ready {
    /// Waits for it; false: the node stops.
    async fn reached(mut self, stop: &CancellationToken) -> bool {
        let reached = async { self.mark.wait_for(|mark| *mark >= self.tail).await.is_ok() };
        tokio::select! {
            () = stop.cancelled() => false,
            reached = reached => reached,
        }
    }
}

impl Parts {
    async fn assemble(
        config: &Config,
        directory: &DataDir,
        stop: CancellationToken,
    ) -> Result<Self, NodeError> {
        let token = token(config)?;
        let (ports, state, clock) = (ports(directory), directory.state(), Arc::new(Wall));
        let rest = Arc::new(rest(config, &token)?);
        let me = introduce(&rest, &stop).await?;
        let webhooks = Arc::new(Webhooks::new(rest.clone(), me.application));
        let links = Arc::new(Links::load(ports.clone()).await.map_err(broken)?);
        let (follower, followed) = Follower::new(ports.clone(), links.clone(), state.clone(), clock.clone());
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let (fed, fed_seen) = watch::channel(Offset(0));
        let env = Env {
            ports: ports.clone(),
            sink: Arc::new(DiscordSink::new(rest.clone(), webhooks.clone())),
            links: links.clone(),
            rules: rules(config),
            clock: clock.clone(),
            started: Instant::now(),
            stop,
            counters: Arc::new(Counters::default()),
            fed: fed_seen,
        };
        let (mark, ports_tail) = (followed.mark.clone(), ports.log.tail(Partition(0)).await);
        let bounds = Bounds { in_flight: config.lanes.in_flight, queue_max: config.lanes.queue_max };
        let driver = Driver::new(Arc::new(env), bounds, ordered, followed.mark.clone(), fed);
        let guilds = Arc::new(RwLock::new(Guilds::default()));
        let heard_until = Arc::new(AtomicI64::new(last_event(&ports).await?.unwrap_or(clock.now()).0));
        let running = Arc::new(Running::new(Stores {
            ports: ports.clone(),
            state: state.clone(),
            links: links.clone(),
            guilds: guilds.clone(),
            rest,
            orders: orders.clone(),
            followed: followed.clone(),
            clock: clock.clone(),
            started: clock.now(),
            heard_until: heard_until.clone(),
        }));
        let desk = desk(ports.clone(), clock.clone(), followed, running.clone());
        let (frames_in, frames) = mpsc::channel(FRAMES_MAX);
        let (happenings_in, happenings) = mpsc::channel(HAPPENINGS_MAX);
        let gateway = connect(config, &token, &state, clock.clone()).await?;
        let ingest = Ingest { ports, links, guilds, webhooks, state, clock, orders, me, heard_until };
        let tail = ports_tail.map_err(broken)?;
        Ok(Self {
            gateway,
            ready: Ready { mark, tail },
            outlets: Outlets { frames: frames_in, happenings: happenings_in },
            frames,
            happenings,
            ingest,
            follower,
            appended: directory.log().appended(Partition(0)),
            driver,
            running,
            desk,
            admin: Admin::bind(directory.path()).map_err(setup)?,
        })
    }

    /// Runs all parts until one ends for good or the node is told to stop.
    async fn run(self, stop: CancellationToken) -> Result<(), NodeError> {
        let mut parts: JoinSet<Result<(), NodeError>> = JoinSet::new();
        // The follower goes on while the lanes finish: what they append is folded before the end.
        let drained = CancellationToken::new();
        let Self {
            follower,
            appended,
            driver,
            ingest,
            frames,
            gateway,
            ready,
            outlets,
            happenings,
            running,
            desk,
            admin,
        } = self;
        let follower_stop = drained.clone();
        parts.spawn(async move { follower.run(appended, follower_stop).await.map_err(broken) });
        let at = (stop.clone(), drained);
        parts.spawn(async move {
            let ended = driver.run().await.map_err(broken);
            at.0.cancel();
            at.1.cancel();
            ended
        });
        let ingest_stop = stop.clone();
        parts.spawn(async move { ingest.run(frames, ingest_stop).await.map_err(broken) });
        let gateway_stop = stop.clone();
        parts.spawn(async move {
            // Before that, a frame of a channel whose link is not folded yet would look like anybody's.
            if ready.reached(&gateway_stop).await {
                ended(gateway.run(outlets, gateway_stop).await)
            } else {
                Ok(())
            }
        });
        let gaps_stop = stop.clone();
        let gaps_desk = desk.clone();
        parts.spawn(async move { gaps::watch(happenings, running, gaps_desk, gaps_stop).await });
        let admin_stop = stop.clone();
        parts.spawn(async move {
            admin.serve(desk, admin_stop).await;
            Ok(())
        });
        let mut result = Ok(());
        while let Some(ended) = parts.join_next().await {
            let ended = ended.map_err(broken).and_then(|ended| ended);
            if result.is_ok() && ended.is_err() {
                result = ended;
            }
            stop.cancel();
        }
        result
    }
}

/// What the running node's desk needs.
pub struct Stores {
    /// The ports.
    pub ports: Ports,
    /// Session and dead letters.
    pub state: NodeState,
    /// Links.
    pub links: Arc<Links>,
    /// Names.
    pub guilds: Arc<RwLock<Guilds>>,
    /// Discord, for questions.
    pub rest: Arc<Rest>,
    /// The lanes.
    pub orders: mpsc::Sender<Order>,
    /// The follower.
    pub followed: Followed,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// When the node began.
    pub started: Version,
    /// Up to when it is known what happened, microseconds since 1970.
    pub heard_until: Arc<AtomicI64>,
}

fn desk(ports: Ports, clock: Arc<dyn Clock>, followed: Followed, running: Arc<Running>) -> Desk {
    Desk { ports, clock, ids: Arc::new(uuid::Uuid::new_v4), follow: Arc::new(followed), live: Some(running) }
}

/// When the last event on the log was captured.
async fn last_event(ports: &Ports) -> Result<Option<Version>, NodeError> {
    let partition = Partition(0);
    let tail = ports.log.tail(partition).await.map_err(broken)?;
    let Some(from) = tail.0.checked_sub(1).map(Offset) else { return Ok(None) };
    let page = ports.log.read(Read { partition, from, limit: 1, mirror: None }).await.map_err(broken)?;
    let event = page.entries.first().and_then(|entry| events::codec::decode(&entry.record).ok());
    Ok(event.map(|event| event.observed))
}

fn token(config: &Config) -> Result<SecretString, NodeError> {
    config.discord.token.clone().ok_or_else(|| {
        setup(
            "no bot token: set MIRROR_DISCORD_TOKEN, or discord.token_file in mirror.toml \
             (`mirror demo` needs none)",
        )
    })
}

fn rest(config: &Config, token: &SecretString) -> Result<Rest, NodeError> {
    let settings = transport::Settings {
        base: config.discord.api.trim_end_matches("/api").to_owned(),
        deadline: config.lanes.deadline(),
        ..transport::Settings::default()
    };
    let transport = Transport::new(settings, token).map_err(setup)?;
    let limits = limits::Settings { unlimited: !config.discord.rate_limits, ..limits::Settings::default() };
    Ok(Rest::new(transport, limits))
}

fn rules(config: &Config) -> Rules {
    Rules {
        settle_wait_ms: config.lanes.settle_wait_ms,
        retry_ms: RETRY_MS,
        removals_per_hour: config.lanes.removals_per_hour,
        guards: Guards::default(),
    }
}

/// Pause of a lane before it tries the same again, where nothing else says how long.
const RETRY_MS: u64 = 1_000;

/// Asks Discord who we are, until it answers.
async fn introduce(rest: &Rest, stop: &CancellationToken) -> Result<Me, NodeError> {
    loop {
        match me(rest).await {
            Ok(me) => return Ok(me),
            Err(No::Wait(ms)) => {
                tracing::warn!(ms, "Discord cannot be reached now");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(ms.max(100))) => {}
                    () = stop.cancelled() => return Err(broken("stopped before Discord could be reached")),
                }
            }
            Err(No::Dead(why) | No::Refused(why)) => return Err(setup(why)),
            Err(No::Missing) => return Err(setup("Discord does not know this bot")),
        }
    }
}

async fn connect(
    config: &Config,
    token: &SecretString,
    state: &NodeState,
    clock: Arc<dyn Clock>,
) -> Result<Gateway, NodeError> {
    let saved = state.load_session(0).await.map_err(broken)?;
    let saved =
        saved.map(|kept| Saved { session_id: kept.session, seq: kept.seq, resume_url: kept.resume_url });
    let settings = gateway::Settings { url: config.discord.gateway.clone(), ..gateway::Settings::default() };
    Gateway::new(&settings, token, saved, Arc::new(Budget { state: state.clone(), clock })).map_err(setup)
}

fn ended(ended: Ended) -> Result<(), NodeError> {
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Fatal { code, what_to_do } => {
            Err(setup(format!("Discord closed the gateway ({code}): {what_to_do}")))
        }
        Ended::BudgetSpent => Err(setup(
            "the bot has connected anew too often today; another time could make Discord reset its token. \
             Wait a few hours, and look into the log for why it lost its session so often",
        )),
    }
}

/// The budget of IDENTIFYs, on disk.
struct Budget {
    state: NodeState,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl IdentifyBudget for Budget {
    async fn spend(&self) -> Option<u32> {
        let now = self.clock.now();
        let spent =
            self.state.identifies_since(Version(now.0 - gateway::budget::DAY_MS * 1000)).await.ok()?;
        let left = (gateway::budget::PER_DAY as u64).checked_sub(spent + 1)?;
        self.state.note_identify(now).await.ok()?;
        Some(left as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_frame_is_taken_before_the_links_are_known() {
        let (follower, mark) = watch::channel(Offset(0));
        let stop = CancellationToken::new();
        let ready = Ready { mark: mark.clone(), tail: Offset(3) };
        let waits = ready.reached(&stop);
        tokio::pin!(waits);
        follower.send_replace(Offset(2));
        let early =
            std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx).is_pending())).await;
        assert!(early, "one event of the links is missing");
        follower.send_replace(Offset(3));
        assert!(waits.await);
        stop.cancel();
        assert!(!Ready { mark, tail: Offset(4) }.reached(&stop).await, "a node that stops does not wait");
    }
}
