//! The pair of servers behind `tools/services`: who owns them, and what runs.
//!
//! One process owns a pair, by the lock on `owner.lock` in the pair's folder, and the servers end with it. `up` starts
//! an owner that stays; `tools/test` is followed by one that ends with the pipe to its stdin.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::time::{self, Instant};

use crate::{
    Cassandra, CassandraOptions, Error, Given, Ports, Rabbit, RabbitOptions,
    engine::{self, Containers},
    error::Doing,
};

/// The CQL server's ports follow those of RabbitMQ.
const CQL_OFFSET: u16 = 10;
/// An owner that was asked to stop is killed after this.
const DOWN_MAX: Duration = Duration::from_secs(60);

/// How a pair is to be.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Folder of state and data.
    pub dir: PathBuf,
    /// The first of twenty ports; `None` takes free ones.
    pub base_port: Option<u16>,
    /// RabbitMQ also listens with TLS.
    pub tls: bool,
    /// The recipes, even where a container engine works.
    pub recipes: bool,
}

/// What the owner writes down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// The owner.
    pub pid: i32,
    /// What the servers are.
    pub by: String,
    /// What a shell evaluates to find them.
    pub exports: String,
    /// Ports on which each answers, by name.
    pub ports: Vec<(String, u16)>,
}

/// A pair that this process owns.
#[derive(Debug)]
pub struct Pair {
    dir: PathBuf,
    servers: Servers,
    _owned: File,
}

#[derive(Debug)]
enum Servers {
    Recipes(Box<(Rabbit, Cassandra)>),
    Containers(Containers),
}

impl Pair {
    /// Starts both and writes the state down. Data of an earlier pair is removed first.
    ///
    /// # Errors
    /// Another process owns this folder's pair, or a server did not come up.
    pub async fn start(choice: &Choice) -> Result<(Self, State), Error> {
        make(&choice.dir)?;
        let Some(owned) = lock(&choice.dir)? else {
            return Err(Error::Prepare {
                what: "starting servers",
                said: format!("another process owns those in {}; `down` ends it", choice.dir.display()),
            });
        };
        remove_data(&choice.dir)?;
        let servers = Servers::start(choice).await?;
        let pair = Self { dir: choice.dir.clone(), servers, _owned: owned };
        let state = pair.servers.state();
        let text =
            serde_json::to_vec_pretty(&state).map_err(std::io::Error::other).doing("writing the state")?;
        fs::write(state_file(&pair.dir), text).doing("writing the state")?;
        Ok((pair, state))
    }

    /// Ends both and removes their data.
    ///
    /// # Errors
    /// The system refused.
    pub async fn end(self) -> Result<(), Error> {
        match self.servers {
            Servers::Recipes(mut both) => {
                both.0.kill().await?;
                both.1.kill().await?;
            }
            Servers::Containers(containers) => containers.stop().await?,
        }
        remove_data(&self.dir)
    }
}

impl Servers {
    async fn start(choice: &Choice) -> Result<Self, Error> {
        let ports = |offset| choice.base_port.map_or_else(Ports::free, |base| Ok(Ports::from(base + offset)));
        let (for_rabbit, for_cql) = (ports(0)?, ports(CQL_OFFSET)?);
        let engine = if choice.recipes { None } else { engine::working().await };
        if let Some(engine) = engine {
            let containers = Containers::start(engine, &choice.dir, [&for_rabbit, &for_cql]).await?;
            return Ok(Self::Containers(containers));
        }
        let mut rabbit = RabbitOptions::at(choice.dir.join("rabbitmq"));
        (rabbit.ports, rabbit.tls) = (Some(for_rabbit), choice.tls);
        let mut cassandra = CassandraOptions::at(choice.dir.join("cassandra"));
        cassandra.lasting = true;
        cassandra.ports = Some(for_cql);
        let both = tokio::try_join!(Box::pin(Rabbit::start(rabbit)), Box::pin(Cassandra::start(cassandra)))?;
        Ok(Self::Recipes(Box::new(both)))
    }

    fn state(&self) -> State {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        match self {
            Self::Recipes(both) => {
                let (rabbit, cassandra) = &**both;
                let given =
                    Given { rabbitmq: rabbit.stream_url(), amqp: rabbit.amqp_url(), cql: cassandra.url() };
                let mut exports = exports(&given);
                let mut ports = vec![
                    ("RabbitMQ, AMQP".to_owned(), rabbit.amqp_port()),
                    ("RabbitMQ, streams".to_owned(), rabbit.stream_port()),
                    ("RabbitMQ, management".to_owned(), rabbit.management_port()),
                    ("CQL".to_owned(), cassandra.port()),
                ];
                if rabbit.ca().exists() {
                    exports += &format!("export MIRROR_TEST_CA='{}'\n", rabbit.ca().display());
                    ports.push(("RabbitMQ, AMQP over TLS".to_owned(), rabbit.amqps_port()));
                    ports.push(("RabbitMQ, streams over TLS".to_owned(), rabbit.stream_tls_port()));
                }
                State { pid, by: "RabbitMQ 4 and Apache Cassandra 5, unpacked".to_owned(), exports, ports }
            }
            Self::Containers(containers) => State {
                pid,
                by: "RabbitMQ 4 and ScyllaDB, in containers".to_owned(),
                exports: exports(&containers.given()),
                ports: containers.ports(),
            },
        }
    }
}

fn exports(given: &Given) -> String {
    format!(
        "export MIRROR_TEST_RABBITMQ='{}'\nexport MIRROR_TEST_AMQP='{}'\nexport MIRROR_TEST_CQL='{}'\n",
        given.rabbitmq, given.amqp, given.cql
    )
}

/// The state of the pair in `dir`, if a living process owns one.
///
/// # Errors
/// The folder cannot be read.
pub fn running(dir: &Path) -> Result<Option<State>, Error> {
    make(dir)?;
    if lock(dir)?.is_some() {
        return Ok(None);
    }
    let text = fs::read(state_file(dir)).doing("reading the state; the servers may be starting")?;
    serde_json::from_slice(&text).map(Some).map_err(std::io::Error::other).doing("reading the state")
}

/// Ends the pair in `dir`, whoever owns it, and removes its data. Whether there was one.
///
/// # Errors
/// The owner does not end, or the data cannot be removed.
pub async fn down(dir: &Path) -> Result<bool, Error> {
    let owner = running(dir)?;
    if let Some(pid) = owner.as_ref().and_then(|state| Pid::from_raw(state.pid)) {
        // The lock says that it lives, so the pid is still its own.
        kill_process(pid, Signal::TERM).doing("asking the owner of the servers to end")?;
        if !unlocked_within(dir, DOWN_MAX).await? {
            kill_process(pid, Signal::KILL).doing("killing the owner of the servers")?;
            unlocked_within(dir, DOWN_MAX).await?;
        }
    }
    fs::remove_dir_all(dir).doing(format!("removing {}", dir.display()))?;
    Ok(owner.is_some())
}

async fn unlocked_within(dir: &Path, limit: Duration) -> Result<bool, Error> {
    let start = Instant::now();
    let mut ticks = time::interval(Duration::from_millis(50));
    while start.elapsed() < limit {
        ticks.tick().await;
        if lock(dir)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lets one `up`, `down` or `status` at a time look at `dir` and change it. Held as long as the file lives.
///
/// # Errors
/// The system refused.
pub fn one_at_a_time(dir: &Path) -> Result<File, Error> {
    let beside = dir.with_extension("lock");
    make(beside.parent().unwrap_or(Path::new(".")))?;
    let file = File::create(&beside).doing(format!("making {}", beside.display()))?;
    file.lock().doing(format!("locking {}", beside.display()))?;
    Ok(file)
}

fn make(dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).doing(format!("making {}", dir.display()))
}

/// The right to own the pair in `dir`, or `None` if another process has it.
fn lock(dir: &Path) -> Result<Option<File>, Error> {
    let file = File::create(dir.join("owner.lock")).doing("making owner.lock")?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).doing("locking owner.lock"),
    }
}

fn state_file(dir: &Path) -> PathBuf {
    dir.join("state.json")
}

fn remove_data(dir: &Path) -> Result<(), Error> {
    for name in ["rabbitmq", "cassandra"] {
        let data = dir.join(name);
        if data.exists() {
            fs::remove_dir_all(&data).doing(format!("removing {}", data.display()))?;
        }
    }
    match fs::remove_file(state_file(dir)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).doing("removing the state"),
        _ => Ok(()),
    }
}
