//! Metrics and health over HTTP: what a node counts for Prometheus, and whether it lives and is ready for whoever runs it.
//!
//! ```text
//! GET /metrics  ──> page     how it stands and what it has counted, as text
//! GET /healthz  ──> health   200 "ok", or 503 and a line for each part that has fallen silent
//! GET /readyz   ──> health   200 "ok", or 503 and a line for each reason
//! ```
//! Each question is answered by how the node stands then. Labels are kinds, states and numbers of shards and partitions;
//! of links the worst alone are named, by ids: however many mirrors there are, there are as many lines.
//! docs/metrics.md lists them all.

mod links;
mod page;

pub use links::{BEHIND_SECONDS, LINKS_MAX};
pub use page::page;

use crate::health::{Health, Memory, Snapshot, Vitals, health};
use crate::room::Room;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

/// Connections at once.
const CONNECTIONS_MAX: usize = 8;
/// How long a client may take to say what it wants, and to be told.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
/// How often somebody looks, if nobody asks: what stands still is known from then on.
const LOOK: Duration = Duration::from_secs(10);
/// What the text is. Source: OpenMetrics 1.0, "Exposition formats".
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A bound address.
pub struct Metrics(TcpListener);

impl Metrics {
    /// Binds it.
    ///
    /// # Errors
    /// When it is in use, or not this machine's; the words say which key to set right.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let words = |error: io::Error| {
            io::Error::new(error.kind(), format!("telemetry.metrics: cannot listen on {address}: {error}"))
        };
        let listener = TcpListener::bind(address).await.map_err(words)?;
        // With port 0 the system chose one.
        tracing::info!("metrics are at http://{}/metrics", listener.local_addr()?);
        Ok(Self(listener))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers for as long as it is polled, for whatever `watching` names then.
    pub async fn serve(self, watching: watch::Receiver<Arc<dyn Vitals>>) -> Infallible {
        let source = Source { watching, memory: Arc::default() };
        let mut connections = JoinSet::new();
        let room = Room::new(CONNECTIONS_MAX);
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                (stream, permit) = room.next(async || Ok(self.0.accept().await?.0)) => {
                    let source = source.clone();
                    connections.spawn(async move {
                        connection(stream, source).await;
                        drop(permit);
                    });
                }
                _ = looks.tick() => drop(source.look().await),
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// What is asked how it stands, and what is known of before.
#[derive(Clone)]
struct Source {
    watching: watch::Receiver<Arc<dyn Vitals>>,
    memory: Arc<Mutex<Memory>>,
}

impl Source {
    async fn look(&self) -> Snapshot {
        let watched = self.watching.borrow().clone();
        let mut seen = watched.look().await;
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).note(&mut seen, Instant::now());
        seen
    }
}

async fn connection(stream: TcpStream, source: Source) {
    let service = service_fn(move |request| {
        let source = source.clone();
        async move { Ok::<_, Infallible>(respond(&request, &source).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false);
    let served = http.serve_connection(TokioIo::new(stream), service);
    if !matches!(tokio::time::timeout(CONNECTION_MAX, served).await, Ok(Ok(()))) {
        tracing::debug!("a connection for metrics ended early");
    }
}

async fn respond(request: &Request<Incoming>, source: &Source) -> Response<String> {
    let path = request.uri().path();
    if !matches!(path, "/metrics" | "/healthz" | "/readyz") {
        let words = "there are only /metrics, /healthz and /readyz\n".to_owned();
        return answer(StatusCode::NOT_FOUND, PLAIN, words);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let words = "this can only be read\n".to_owned();
        let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, words);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let seen = source.look().await;
    let judged = health(&seen);
    match path {
        "/metrics" => answer(StatusCode::OK, OPEN_METRICS, page(&seen, &judged)),
        "/healthz" => told(&judged, judged.is_alive()),
        _ => told(&judged, judged.is_ready()),
    }
}

/// 200, or 503 and all that is wrong.
fn told(judged: &Health, is_well: bool) -> Response<String> {
    if is_well {
        return answer(StatusCode::OK, PLAIN, "ok\n".to_owned());
    }
    let mut words = String::new();
    for reason in &judged.reasons {
        // It only fails where the string does, which never does.
        let _ = writeln!(words, "{reason}");
    }
    answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, words)
}

fn answer(status: StatusCode, kind: HeaderValue, text: String) -> Response<String> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests;
