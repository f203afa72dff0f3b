//! Starting and stopping: configuration, and the handle that keeps the server alive.

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio::runtime::{Builder, Runtime};

use crate::{
    fault::Faults,
    ledger::Keep,
    limits::Limits,
    server::{self, Core},
    world::World,
};

/// How to start a stand-in. `Config::default()` is a free port, documented limits, no faults.
#[derive(Clone)]
pub struct Config {
    /// Port of 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The bot's token. It appears in no ledger entry and no output of the library.
    pub token: String,
    /// The bot's username.
    pub bot_name: String,
    /// Seeds tokens, session ids and the dice of the faults.
    pub seed: u64,
    /// No rate limits (answers still carry the headers).
    pub unlimited: bool,
    /// The limits, unless `unlimited`.
    pub limits: Limits,
    /// The plan of faults to begin with.
    pub faults: Faults,
    /// How much the ledger keeps.
    pub keep: Keep,
    /// Dispatches that a session keeps for RESUME.
    pub replay_events: usize,
    /// The rules for IDENTIFY.
    pub starts: Starts,
    /// The other rules of the gateway.
    pub gateway: Rules,
    /// How long a session outlives its connection.
    pub session_ttl_ms: u64,
    /// Threads of the server.
    pub threads: usize,
}

/// How sessions may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starts {
    /// Shards that `GET /gateway/bot` recommends.
    pub shards: u64,
    /// Shards of so many buckets (shard modulo this) may IDENTIFY at the same time.
    pub max_concurrency: u64,
    /// Between two IDENTIFYs of one bucket: 5 s at Discord. A sooner one is an invalid session. 0: not enforced.
    pub gap_ms: u64,
    /// IDENTIFYs of the day; one more resets the token: every session ends, and it is refused from then on.
    pub total: u64,
}

impl Default for Starts {
    fn default() -> Self {
        Self { shards: 1, max_concurrency: 1, gap_ms: 0, total: 1000 }
    }
}

/// How the gateway treats its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Between two heartbeats, as Hello says; who sends none for half as long again is closed (4009).
    pub heartbeat_ms: u64,
    /// What was enabled in the developer portal.
    pub privileged: Privileged,
    /// A shard with more guilds is refused (4011).
    pub guilds_per_shard_max: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { heartbeat_ms: 41_250, privileged: Privileged::default(), guilds_per_shard_max: 2500 }
    }
}

/// The privileged intents that the application was granted. A session that asks for another is closed (4014). Without
/// `content` REST hides the content of messages too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privileged {
    /// GUILD_MEMBERS
    pub members: bool,
    /// GUILD_PRESENCES
    pub presences: bool,
    /// MESSAGE_CONTENT
    pub content: bool,
}

impl Default for Privileged {
    fn default() -> Self {
        Self { members: true, presences: false, content: true }
    }
}

impl Privileged {
    /// The flags of the application that say so, for a bot in fewer than 100 guilds.
    pub(crate) fn flags(self) -> u32 {
        let all = [(self.presences, 13), (self.members, 15), (self.content, 19)];
        all.iter().filter(|(has, _)| *has).map(|(_, bit)| 1 << bit).sum()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            token: "standin-bot-token".to_owned(),
            bot_name: "mirror".to_owned(),
            seed: 1,
            unlimited: false,
            limits: Limits::default(),
            faults: Faults::none(),
            keep: Keep::All,
            replay_events: 100_000,
            starts: Starts::default(),
            gateway: Rules::default(),
            session_ttl_ms: 180_000,
            threads: 1,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, bot_name, seed, unlimited, .. } = self;
        write!(
            f,
            "Config {{ port: {port}, bot_name: {bot_name:?}, seed: {seed}, unlimited: {unlimited}, token: [kept], .. }}"
        )
    }
}

/// Why a stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used: choose another, or 0.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Port {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// No threads could be started.
    #[error("cannot start the server's threads: {0}")]
    Threads(std::io::Error),
}

/// A running stand-in. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct Standin {
    pub(crate) core: Arc<Core>,
    /// None inside the server itself, which must not keep itself alive.
    _running: Option<Arc<Running>>,
}

impl fmt::Debug for Standin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Standin({})", self.core.address)
    }
}

/// The server's threads. They are left behind, not waited for, so that a handle may be dropped anywhere.
struct Running(Option<Runtime>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Standin {
    /// Starts the server on threads of its own; works inside and outside of an async runtime.
    ///
    /// # Errors
    /// The port cannot be listened on, or threads cannot be started.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_name("standin")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let port = config.port;
        let refused = |source| StartError::Port { port, source };
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let core = Core::new(World::new(config, address.to_string()), address);
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(refused)?;
        drop(entered);
        runtime.spawn(server::accept(Arc::clone(&core), listener));
        Ok(Self { core, _running: Some(Arc::new(Running(Some(runtime)))) })
    }

    /// A handle that does not keep the server alive.
    pub(crate) fn inside(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core), _running: None }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.core.address
    }

    /// `http://127.0.0.1:PORT`: the base of the REST API, without `/api/v10`.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.core.origin)
    }

    /// `ws://127.0.0.1:PORT`
    pub fn gateway_url(&self) -> String {
        format!("ws://{}", self.core.origin)
    }
}
