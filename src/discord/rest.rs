//! Limits, then transport: what everything else here calls Discord with.

use super::calls::{Call, Calls};
use super::limits::{Limits, Permit, Scope, Settings, Sharing, Ticket, milliseconds};
use super::requests::Requests;
use super::telemetry;
use super::transport::{Failure as SendFailure, Reply, Transport};
use events::ChannelId;
use serde::Deserialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// The clock's zero lies so far before this process: what was posted then has a time too.
const PAST_MS: u64 = 120_000;

/// The client that keeps the limits. Cheap to share behind an `Arc`.
pub struct Rest {
    /// Builds what it sends.
    pub calls: Calls,
    /// What became of them.
    pub requests: Arc<Requests>,
    transport: Transport,
    limits: Mutex<Limits>,
    freed: Notify,
    started: Instant,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A limit holds the request back for so many milliseconds; nothing was sent.
    Limited(u64),
    /// No connection was made; nothing was sent.
    NotConnected(String),
    /// The request may have been received.
    Ambiguous(String),
}

/// What a 429 says in its body, more exactly than in its headers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Limited {
    retry_after: Option<f64>,
    global: bool,
}

impl Rest {
    /// Must be called inside a runtime.
    #[must_use]
    pub fn new(transport: Transport, limits: Settings) -> Self {
        Self {
            calls: Calls::new(),
            requests: Arc::default(),
            transport,
            limits: Mutex::new(Limits::new(limits)),
            freed: Notify::new(),
            started: Instant::now(),
        }
    }

    /// Sends once, when the limits allow it within `patience`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn call(&self, call: &Call, patience: Duration) -> Result<Reply, Failure> {
        let held = self.permit(call, patience).await.map_err(Failure::Limited)?;
        let result = self.transport.send(call).await;
        self.requests.ended(call.route.kind, &result);
        match result {
            Ok(mut reply) => {
                read_refusal(&mut reply);
                held.settle(call, &reply);
                Ok(reply)
            }
            Err(SendFailure::NotConnected(why)) => Err(Failure::NotConnected(why)),
            Err(SendFailure::Ambiguous(why)) => Err(Failure::Ambiguous(why)),
        }
    }

    /// A webhook posted in `channel` so long ago, before this process began or somewhere else: it counts all the same.
    pub fn posted(&self, channel: ChannelId, ago: Duration) {
        let at = self.now().saturating_sub(ago.as_millis() as u64);
        self.limits().posted(channel.0, at);
    }

    /// Refused requests of the last ten minutes, and how many there may be.
    #[must_use]
    pub fn invalid(&self) -> (u32, u32) {
        self.limits().invalid(self.now())
    }

    /// Who shares the bot's global limit from now on.
    pub fn shared(&self, sharing: Sharing) {
        self.limits().shared(sharing);
    }

    async fn permit(&self, call: &Call, patience: Duration) -> Result<Held<'_>, u64> {
        let give_up = self.now() + patience.as_millis() as u64;
        loop {
            let now = self.now();
            let ms = match self.limits().permit(call.route.key(), call.route.posts_in, now) {
                Permit::Go(ticket) => return Ok(Held { rest: self, ticket: Some(ticket) }),
                Permit::Wait(ms) => ms,
            };
            if now + ms > give_up {
                return Err(ms);
            }
            let _ = timeout(Duration::from_millis(ms), self.freed.notified()).await;
        }
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        PAST_MS + self.started.elapsed().as_millis() as u64
    }
}

/// A request in flight; given back when dropped, so that a cancelled one holds no bucket.
struct Held<'a> {
    rest: &'a Rest,
    ticket: Option<Ticket>,
}

impl Held<'_> {
    fn settle(mut self, call: &Call, reply: &Reply) {
        let now = self.rest.now();
        if let Some(ticket) = self.ticket.take() {
            let noticed = self.rest.limits().answered(ticket, reply.status, &reply.headers, now);
            let scope = reply.headers.scope;
            if reply.status == 429 {
                self.rest.requests.limited(scope);
            }
            telemetry::limited(call.route, &noticed, scope);
        }
        self.rest.freed.notify_waiters();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let now = self.rest.now();
            self.rest.limits().unanswered(&ticket, now);
            self.rest.freed.notify_waiters();
        }
    }
}

/// What the body of a refusal says beyond the headers.
fn read_refusal(reply: &mut Reply) {
    if !matches!(reply.status, 403 | 429) {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Limited>(&reply.body) else {
        reply.headers.is_page = true;
        return;
    };
    let told = body.retry_after.and_then(milliseconds).filter(|_| reply.status == 429);
    reply.headers.retry_after_ms = reply.headers.retry_after_ms.max(told);
    if body.global && reply.status == 429 {
        reply.headers.scope = Some(Scope::Global);
    }
}
