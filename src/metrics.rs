//! Metrics: what a node counts, for Prometheus, over HTTP.
//!
//! ```text
//! GET /metrics ──> status of the node, as `mirror status` shows it ──> text
//! ```
//! Nothing is kept between two questions, so nothing is counted twice and an alarm here is one there. Labels are outcomes
//! and states alone: however many mirrors there are, there are as many lines.

use crate::commands::Live;
use crate::commands::answer::{LaneState, NodeStatus};
use crate::lanes::Counters;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections at once.
const CONNECTIONS_MAX: usize = 8;
/// How long a client may take to say what it wants, and to be told.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
/// What the text is. Source: OpenMetrics 1.0, "Exposition formats".
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What a node can be asked for metrics.
#[derive(Clone)]
pub struct Source {
    /// How it stands.
    pub live: Arc<dyn Live>,
    /// What its lanes have done.
    pub counters: Arc<Counters>,
}

/// A bound address.
pub struct Metrics(TcpListener);

impl Metrics {
    /// Binds it.
    ///
    /// # Errors
    /// When it is in use, or not this machine's; the words say which key to set right.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let bound = TcpListener::bind(address).await;
        let words = |error: io::Error| {
            io::Error::new(error.kind(), format!("telemetry.metrics: cannot listen on {address}: {error}"))
        };
        bound.map(Self).map_err(words)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until told to stop.
    pub async fn serve(self, source: Source, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        while let Some((stream, permit)) = stop.run_until_cancelled(self.accept(&permits)).await {
            while connections.try_join_next().is_some() {}
            let source = source.clone();
            connections.spawn(async move {
                connection(stream, source).await;
                drop(permit);
            });
        }
    }

    /// The next connection, once there is room for it.
    async fn accept(&self, permits: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
        loop {
            // Nobody closes the semaphore.
            let Ok(permit) = Arc::clone(permits).acquire_owned().await else { return pending().await };
            match self.0.accept().await {
                Ok((stream, _)) => return (stream, permit),
                Err(error) => tracing::debug!(%error, "a connection for metrics was not accepted"),
            }
        }
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
    let answer = |status, text: &str| {
        let mut response = Response::new(text.to_owned());
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return answer(StatusCode::NOT_FOUND, "there is only /metrics\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, "metrics can only be read\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let mut response = answer(StatusCode::OK, &text(&source.live.status().await, &source.counters));
    response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
    response
}

/// The metrics of a node that stands so.
#[must_use]
pub fn text(status: &NodeStatus, counters: &Counters) -> String {
    let mut registry = Registry::with_prefix("mirror");
    node(&mut registry, status);
    lanes(&mut registry, status, counters);
    let mut text = String::new();
    // It only fails where the string does, which never does.
    let _ = encode(&mut text, &registry);
    text
}

fn node(registry: &mut Registry, status: &NodeStatus) {
    let info = Info::new([("name", status.name.clone()), ("version", status.version.clone())]);
    registry.register("node", "The node", info);
    let gauge = |registry: &mut Registry, name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
    };
    let started = status.started.0.unsigned_abs() / 1_000_000;
    gauge(registry, "node_start_time_seconds", "When the node began, since 1970", started);
    let troubles = status.troubles.len() as u64;
    gauge(registry, "partitions_in_trouble", "Partitions held here that cannot be worked on", troubles);
    let Some(outbox) = &status.outbox else { return };
    let lines = [
        ("outbox_events", "Events that no broker has confirmed", outbox.waiting),
        ("outbox_bytes", "Their size", outbox.bytes),
        ("outbox_bytes_limit", "Past this size frames wait", outbox.bytes_max),
        ("outbox_kept_bytes", "Confirmed events, kept in case the stream loses them", outbox.kept_bytes),
        ("outbox_oldest_seconds", "How long the oldest event waits", outbox.oldest_s.unwrap_or_default()),
        ("outbox_stuck_partitions", "Partitions whose events no broker takes", outbox.stuck.len() as u64),
        ("outbox_full", "1: frames wait until the broker is back", u64::from(outbox.is_full())),
        (
            "outbox_alarm",
            "1: no broker takes what waits, or there is no more room",
            u64::from(outbox.is_alarm()),
        ),
    ];
    for (name, help, value) in lines {
        gauge(registry, name, help, value);
    }
}

fn lanes(registry: &mut Registry, status: &NodeStatus, counters: &Counters) {
    let states = Family::<[(&str, &str); 1], Gauge>::default();
    for state in ["working", "waiting", "held"] {
        drop(states.get_or_create(&[("state", state)]));
    }
    for lane in &status.lanes {
        if let Some(state) = name(&lane.state) {
            states.get_or_create(&[("state", state)]).inc();
        }
    }
    registry.register("lanes", "Lanes that do not rest, by what they do", states);
    let Counters { shown, gone, refused } = counters;
    let lines: [(&str, &str, &AtomicU64); 3] = [
        ("copies_shown", "Parts of copies that were posted or edited", shown),
        ("copies_removed", "Parts of copies that were removed", gone),
        ("copies_refused", "Messages that a channel refused", refused),
    ];
    for (name, help, counter) in lines {
        registry.register(name, help, ConstCounter::new(counter.load(Ordering::Relaxed)));
    }
}

/// What a lane does, unless it rests.
const fn name(state: &LaneState) -> Option<&'static str> {
    match state {
        LaneState::Idle => None,
        LaneState::Working => Some("working"),
        LaneState::Waiting(_) => Some("waiting"),
        LaneState::Held(_) => Some("held"),
    }
}

#[cfg(test)]
mod tests;
