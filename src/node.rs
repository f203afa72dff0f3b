//! The node: puts the parts together, runs them, and stops them in order.
//!
//! ```text
//! shard:      gateway ─frames─> ingest ──append──> log
//!                                  └─ echoes ─> hub ─> lanes
//! partition:  log ─> follower ─> views ─mark─> lanes ─> Discord
//! tenants:    leases ─> which shards and partitions work here, and until when
//! ```
//! An embedded node has all leases for ever; the parts are the same. Any part that ends for good stops an
//! embedded node; what was in flight is resolved at the next start.

mod builds;
mod desk;
mod fellows;
mod hints;
mod partition;
mod recent;
mod shard;
mod tenants;
mod vitals;
mod waiting;

pub use desk::Running;

use crate::admin::Admin;
use crate::clock::{Clock, Wall};
use crate::commands::Desk;
use crate::config::Config;
use crate::consents::Consents;
use crate::console::Console;
use crate::discord::files::{self, Files};
use crate::discord::gateway::IdentifyGate;
use crate::discord::guilds::Guilds;
use crate::discord::limits;
use crate::discord::me::me;
use crate::discord::rest::Rest;
use crate::discord::sink::DiscordSink;
use crate::discord::starts::starts;
use crate::discord::transport::{self, Transport};
use crate::discord::webhooks::Webhooks;
use crate::following::Following;
use crate::health::Vitals;
use crate::ingest::threads::Threads;
use crate::lanes::{Counters, Hub};
use crate::links::Links;
use crate::metrics::Metrics;
use crate::rabbit::hints::{Hint, HintSender, Hints};
use crate::stores::{Opened, Stores};
use events::capture::Me;
use projections::lane::{Guards, Rules};
use projections::leases::Holder;
use projections::sink::No;
use secrecy::SecretString;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tenants::Tenants;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vitals::Sealed;
use waiting::Waiting;

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

/// Runs a node over open stores until `stop`.
///
/// # Errors
/// See [`NodeError`].
pub async fn run(config: &Config, opened: Opened, stop: CancellationToken) -> Result<(), NodeError> {
    if !opened.stores.is_shared {
        builds::forget(&opened.stores.ports, &opened.directory.views()).await.map_err(broken)?;
    }
    let ended = begin_and_run(config, &opened.stores, &stop).await;
    opened.close().await.map_err(broken)?;
    match ended {
        // Told to stop before it could begin: that is no failure.
        Err(Unbegun(_)) if stop.is_cancelled() => Ok(()),
        Err(Unbegun(error)) => Err(error),
        Ok(ended) => ended,
    }
}

/// It did not come to run.
struct Unbegun(NodeError);

/// Commands are answered, and metrics shown, from the first moment on, however long the node waits until it can begin.
async fn begin_and_run(
    config: &Config,
    stores: &Stores,
    stop: &CancellationToken,
) -> Result<Result<(), NodeError>, Unbegun> {
    let admin = Admin::bind(&stores.path).map_err(setup).map_err(Unbegun)?;
    let console = Console::bind(config, &stores.path).await.map_err(setup).map_err(Unbegun)?;
    let waiting = Waiting::new(stores);
    let (watched, watching) = watch::channel::<Arc<dyn Vitals>>(waiting.clone());
    let bound = match config.telemetry.metrics {
        Some(address) => Some(Metrics::bind(address).await.map_err(setup).map_err(Unbegun)?),
        None => None,
    };
    let watch = async {
        match bound {
            Some(metrics) => metrics.serve(watching).await,
            None => std::future::pending().await,
        }
    };
    let work = Box::pin(begin_and_work(config, stores, (Doors { admin, console, watched }, waiting), stop));
    tokio::select! {
        ended = work => ended,
        never = watch => match never {},
    }
}

/// Where a node is asked.
struct Doors {
    admin: Admin,
    console: Option<Console>,
    /// What its health is judged from.
    watched: watch::Sender<Arc<dyn Vitals>>,
}

async fn begin_and_work(
    config: &Config,
    stores: &Stores,
    (doors, waiting): (Doors, Arc<Waiting>),
    stop: &CancellationToken,
) -> Result<Result<(), NodeError>, Unbegun> {
    let begun = stop.child_token();
    let beginning = async {
        let node = begin(config, stores, stop, &waiting).await;
        begun.cancel();
        node
    };
    let serving = async {
        match waiting.desk(stores).await {
            Ok(desk) => {
                let shown = async {
                    if let Some(console) = &doors.console {
                        console.serve(desk.clone(), begun.clone()).await;
                    }
                };
                tokio::join!(doors.admin.serve(desk.clone(), begun.clone(), HAND_OVER_MAX), shown);
            }
            Err(error) => tracing::warn!(%error, "commands are answered once the node has begun"),
        }
    };
    let (node, ()) = tokio::join!(beginning, serving);
    let (node, hints) = node.map_err(Unbegun)?;
    Ok(Arc::new(node).run(doors, hints, stop.clone()).await)
}

/// Assembles a node. Servers that are shared may be away for a while: it waits for them.
async fn begin(
    config: &Config,
    stores: &Stores,
    stop: &CancellationToken,
    waiting: &Waiting,
) -> Result<(Node, Option<Hints>), NodeError> {
    loop {
        match Node::assemble(config, stores, stop, waiting).await {
            Err(NodeError::Broken(why)) if stores.is_shared && !stop.is_cancelled() => {
                waiting.waits(&why);
                tracing::warn!(why, "the node cannot begin now; tried again");
                tokio::select! {
                    () = tokio::time::sleep(BEGIN_AGAIN) => {}
                    () = stop.cancelled() => {}
                }
            }
            begun => return begun,
        }
    }
}

/// Commands that are under way when the node begins may take this long to end: two that fold the same views would be in
/// each other's way.
const HAND_OVER_MAX: Duration = Duration::from_secs(5);
/// Between two attempts to begin.
const BEGIN_AGAIN: Duration = Duration::from_secs(1);

/// What all parts of a node work with.
struct Node {
    config: Config,
    token: SecretString,
    stores: Stores,
    clock: Arc<dyn Clock>,
    /// The monotonic clock's zero.
    started: Instant,
    rest: Arc<Rest>,
    me: Me,
    /// Whose turn it is to IDENTIFY.
    turns: Arc<IdentifyGate>,
    webhooks: Arc<Webhooks>,
    sink: Arc<DiscordSink>,
    files: Option<Arc<Files>>,
    links: Arc<Links>,
    threads: Arc<Threads>,
    guilds: Arc<RwLock<Guilds>>,
    hub: Arc<Hub>,
    following: Arc<Following>,
    counters: Arc<Counters>,
    /// One for each request that may be in flight.
    permits: Arc<Semaphore>,
    /// Gateway shards that this node would have.
    shards: u32,
    /// To the other nodes.
    hints: Option<HintSender>,
    /// How far what is held here is sealed.
    sealed: Mutex<Sealed>,
}

impl Node {
    async fn assemble(
        config: &Config,
        stores: &Stores,
        stop: &CancellationToken,
        waiting: &Waiting,
    ) -> Result<(Self, Option<Hints>), NodeError> {
        let token = token(config)?;
        let (ports, clock) = (stores.ports.clone(), Arc::new(Wall));
        let rest = Arc::new(rest(config, &token)?);
        if stores.is_shared {
            // Until the leases say who else is there.
            rest.shared(limits::Sharing::Unknown);
        }
        let me = asked(stop, waiting, async || me(&rest).await).await?;
        let me = Me { systems: config.discord.system_messages, ..me };
        let starts = asked(stop, waiting, async || starts(&rest).await).await?;
        let links = Arc::new(Links::load(ports.clone()).await.map_err(broken)?);
        let consents = Consents::new(links.clone(), Arc::new(rest.clone()));
        let webhooks = Arc::new(Webhooks::new(rest.clone(), me.application).with_consents(consents));
        let holder = Holder { node: ports.node, home: stores.home };
        let hints = hints::connect(config, stores, stop)?;
        let files = files(config, stores, &rest);
        let node = Self {
            config: config.clone(),
            token,
            stores: stores.clone(),
            started: Instant::now(),
            sink: Arc::new(DiscordSink::new(rest.clone(), webhooks.clone()).with_files(files.clone())),
            files,
            threads: Arc::new(Threads::new(rest.clone())),
            rest,
            me,
            shards: config.discord.shards.unwrap_or(starts.shards),
            turns: Arc::new(IdentifyGate::new(stores.leases.clone(), holder, clock.clone(), starts)),
            clock,
            webhooks,
            links,
            guilds: Arc::new(RwLock::new(Guilds::default())),
            hub: Arc::new(Hub::new(ports.partitions)),
            following: Arc::new(Following::new(ports)),
            counters: Arc::new(Counters::default()),
            permits: Arc::new(Semaphore::new(config.lanes.in_flight)),
            hints: hints.as_ref().map(|hints| hints.sender.clone()),
            sealed: Mutex::default(),
        };
        Ok((node, hints))
    }

    /// How far sealers have come.
    fn sealed<T>(&self, use_it: impl FnOnce(&mut Sealed) -> T) -> T {
        use_it(&mut self.sealed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says something to the other nodes, if there is a way.
    fn tell(&self, hint: Hint) {
        if let Some(hints) = &self.hints {
            hints.send(hint);
        }
    }

    /// Runs all parts until one ends for good or the node is told to stop.
    async fn run(
        self: Arc<Self>,
        Doors { admin, console, watched }: Doors,
        hints: Option<Hints>,
        stop: CancellationToken,
    ) -> Result<(), NodeError> {
        let (tenants, running) = Tenants::new(self.clone());
        let woken = tenants.woken(&running);
        watched.send_replace(running.clone());
        let desk = self.desk(running);
        let mut parts: JoinSet<Result<(), NodeError>> = JoinSet::new();
        let admin_stop = stop.clone();
        parts.spawn({
            let desk = desk.clone();
            async move {
                admin.serve(desk, admin_stop, Duration::ZERO).await;
                Ok(())
            }
        });
        if let Some(console) = console {
            let (desk, stop) = (desk.clone(), stop.clone());
            parts.spawn(async move {
                console.serve(desk, stop).await;
                Ok(())
            });
        }
        if self.stores.is_shared {
            parts.spawn(hints::follow(self.clone(), hints, woken, stop.clone()));
        }
        let tenants_stop = stop.clone();
        parts.spawn(async move { tenants.run(desk, tenants_stop).await });
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

    fn desk(&self, running: Arc<Running>) -> Desk {
        Desk {
            ports: self.stores.ports.clone(),
            leases: self.stores.leases.clone(),
            is_shared: self.stores.is_shared,
            archive: self.stores.archive.clone(),
            clock: self.clock.clone(),
            ids: Arc::new(uuid::Uuid::new_v4),
            follow: self.following.clone(),
            live: Some(running),
        }
    }
}

/// The bot's token.
///
/// # Errors
/// [`NodeError::Setup`]: there is none.
pub(crate) fn token(config: &Config) -> Result<SecretString, NodeError> {
    config.discord.token.clone().ok_or_else(|| {
        setup(
            "no bot token: set MIRROR_DISCORD_TOKEN, or discord.token_file in mirror.toml \
             (`mirror init` asks for it; `mirror demo` needs none)",
        )
    })
}

/// The client that a configuration asks for.
///
/// # Errors
/// [`NodeError::Setup`].
pub(crate) fn rest(config: &Config, token: &SecretString) -> Result<Rest, NodeError> {
    let settings = transport::Settings {
        base: config.discord.api.trim_end_matches("/api").to_owned(),
        deadline: config.lanes.deadline(),
        ..transport::Settings::default()
    };
    let transport = Transport::new(settings, token).map_err(setup)?;
    let limits = limits::Settings {
        unlimited: !config.discord.rate_limits,
        channel_per_minute: config.discord.channel_per_minute,
        ..limits::Settings::default()
    };
    Ok(Rest::new(transport, limits))
}

/// What fetches the files that copies carry, if any do.
fn files(config: &Config, stores: &Stores, rest: &Arc<Rest>) -> Option<Arc<Files>> {
    let settings = files::Settings {
        file_bytes_max: config.discord.upload_max_bytes,
        added: config.discord.cdn.as_deref().and_then(files::Origin::parse),
        folder: stores.path.clone(),
    };
    if settings.file_bytes_max == 0 {
        return None;
    }
    Files::new(settings, Some(rest.clone()))
        .inspect_err(|why| tracing::warn!(why, "files are shown as links: they cannot be fetched"))
        .ok()
        .map(Arc::new)
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

/// Asks Discord until it answers.
async fn asked<T>(
    stop: &CancellationToken,
    waiting: &Waiting,
    ask: impl AsyncFn() -> Result<T, No>,
) -> Result<T, NodeError> {
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(No::Wait(ms)) => {
                waiting.waits("Discord is not reached");
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
