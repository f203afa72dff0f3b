//! The web console of a running node: pages that show how it stands, and what an operator decides.
//!
//! ```text
//! browser ──> connection ──> gate ──> route ──> session ──> respond ──> commands::execute ──> pages ──> reply
//!             limits, times  Host,    path to   token,      what the    the desk: it alone    data to   the policy that
//!                            Origin   meaning   form        page needs  knows the domain      HTML      nothing runs
//! ```
//! It reads no store and decides nothing about a mirror: whatever it shows or does, the command line can too.

mod act;
mod alarms;
mod assets;
mod gate;
mod jobs;
mod links;
mod live;
mod pages;
mod reply;
mod respond;
mod route;
#[cfg(test)]
mod sample;
mod sessions;
mod snapshot;
mod token;

pub use token::{ADDRESS_FILE, TOKEN_FILE, ensure, noted_address, rotate};

use crate::commands::Desk;
use crate::config::{Config, Listen, Place};
use crate::room::Room;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jobs::Jobs;
use reply::Reply;
use sessions::Sessions;
use snapshot::Snapshots;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at once; those that look for a while are among them.
const CONNECTIONS_MAX: usize = 96;
/// How long a client may take to say what it wants.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// How long a connection may take in all.
const CONNECTION_MAX: Duration = Duration::from_secs(60);
/// The same, where it looks at something that changes; the browser then connects anew.
const VIEW_MAX: Duration = Duration::from_secs(3600);
/// Bytes of a request's head: an address, cookies, and what browsers say of themselves.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Questions at once that read much of the log.
const READS_MAX: usize = 2;

/// A bound console. Its address is no longer noted once it is dropped.
pub struct Console {
    listener: TcpListener,
    house: Arc<House>,
}

/// What all connections work with.
struct House {
    directory: PathBuf,
    /// Names by which it may be reached.
    hosts: Vec<String>,
    /// Browsers do not tell ports apart: another node's console on this machine has another cookie.
    cookie: String,
    sessions: Mutex<Sessions>,
    snapshots: Arc<Snapshots>,
    jobs: Jobs,
    viewers: Arc<Semaphore>,
    reads: Semaphore,
}

impl House {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Console {
    /// Binds what the configuration names; nothing where the console is off, or where the usual address is taken and
    /// nobody asked for it.
    ///
    /// # Errors
    /// Words that name the key to set right.
    pub async fn bind(config: &Config, directory: &Path) -> Result<Option<Self>, String> {
        let noted = |address| token::note_address(directory, address).map_err(|error| error.to_string());
        let Listen::At(address) = config.console.listen else {
            noted(None)?;
            return Ok(None);
        };
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) if is_default(config) => {
                tracing::warn!(
                    "no console: cannot listen on {address}: {error}; console.listen names another place"
                );
                noted(None)?;
                return Ok(None);
            }
            Err(error) => return Err(format!("console.listen: cannot listen on {address}: {error}")),
        };
        token::ensure(directory).map_err(|error| format!("the console's token cannot be kept: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        noted(Some(address))?;
        announce(config, address);
        let house = House {
            directory: directory.to_owned(),
            hosts: config.console.hosts.0.clone(),
            cookie: format!("mirror-{}", address.port()),
            sessions: Mutex::default(),
            snapshots: Arc::default(),
            jobs: Jobs::default(),
            viewers: Arc::new(Semaphore::new(live::VIEWERS_MAX)),
            reads: Semaphore::new(READS_MAX),
        };
        Ok(Some(Self { listener, house: Arc::new(house) }))
    }

    /// Answers from this desk until told to stop. Who has come in stays in: a node that begins serves anew with another.
    pub async fn serve(&self, desk: Desk, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        let room = Room::new(CONNECTIONS_MAX);
        let next = || room.next(async || Ok(self.listener.accept().await?.0));
        while let Some((stream, permit)) = stop.run_until_cancelled(next()).await {
            while connections.try_join_next().is_some() {}
            let (house, desk) = (self.house.clone(), desk.clone());
            connections.spawn(async move {
                connection(stream, house, desk).await;
                drop(permit);
            });
        }
        self.house.jobs.end();
        self.house.snapshots.end();
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if let Err(error) = token::note_address(&self.house.directory, None) {
            tracing::debug!(%error, "the console's address stays noted");
        }
    }
}

fn is_default(config: &Config) -> bool {
    config.places.get("console.listen").is_none_or(|place| *place == Place::Default)
}

fn announce(config: &Config, address: SocketAddr) {
    tracing::info!("the console is at http://{address}/: `mirror console` prints the way in");
    if !address.ip().is_loopback() && config.console.hosts.0.is_empty() {
        tracing::warn!(
            "the console listens on {address}, which other machines reach, and what goes there is not encrypted: put a \
             proxy with TLS before it and name it in console.hosts, or keep it to this machine"
        );
    }
}

async fn connection(stream: TcpStream, house: Arc<House>, desk: Desk) {
    let Ok(here) = stream.local_addr() else { return };
    let is_view = Arc::new(AtomicBool::new(false));
    let marks = is_view.clone();
    let service = service_fn(move |request| {
        let (house, desk, marks) = (house.clone(), desk.clone(), marks.clone());
        async move {
            let reply: Reply = respond::respond(&house, &desk, (request, here)).await;
            let kind = reply.headers().get(http::header::CONTENT_TYPE);
            marks.store(kind.is_some_and(|kind| kind == "text/event-stream"), Ordering::Relaxed);
            Ok::<_, Infallible>(reply)
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false);
    let served = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let mut ended = timeout(CONNECTION_MAX, &mut served).await;
    if ended.is_err() && is_view.load(Ordering::Relaxed) {
        ended = timeout(VIEW_MAX, &mut served).await;
    }
    if !matches!(ended, Ok(Ok(()))) {
        tracing::debug!("a connection for the console ended early");
    }
}
