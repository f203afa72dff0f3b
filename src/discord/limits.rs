//! Discord's rate limits, kept by us: pure, with time (milliseconds, monotonic) as an argument.
//!
//! * A bucket is learned from the headers of an answer, per route and top-level resource. Until then one
//!   request of that route may be in flight.
//! * `X-RateLimit-Scope` comes with 429 alone, so nothing here waits for it (twilight-http does, and is
//!   blind without).
//! * The same bucket hash may be told by routes with different limits, so the limit is part of the key.
//! * Thirty posts a minute in a channel are all that its webhooks have together; no header says so, so it is kept here.
//! * The global limit is the bot's: nodes that share its token share it (`second`).
//! * A 429 without a scope and without a bucket, or a 403 that is a page, is what a block by Cloudflare looks like:
//!   everything stops (`stop`), and one request finds out when it is over.
//! * Refused requests are counted; from half of their budget on everything goes slower (`invalid`).
//!
//! Source: Discord, "Rate Limits"; discord-api-docs issues 367, 1454, 8073.

mod channels;
mod invalid;
mod second;
mod stop;

pub use second::{Sharing, share};

use super::route::RouteKey;
use channels::Channels;
use http::HeaderMap;
use invalid::Invalid;
use second::Second;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use stop::Stop;

/// The limits of the limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// No waiting before a request, as for the stand-in's `--unlimited`; a 429 still holds.
    pub unlimited: bool,
    /// Requests per second over all routes, of all nodes together. Discord's own number is 50.
    pub global_per_second: usize,
    /// Messages per minute that webhooks post in one channel; zero: as many as the headers allow.
    pub channel_per_minute: usize,
    /// Refused requests (401, 403, 429 except shared) in ten minutes, of which there are never more: from half of it
    /// on everything goes slower. Discord blocks an address at 10,000, which may be shared with others.
    pub invalid_max: u32,
    /// How long everything waits after a refusal that does not say how long.
    pub stop_ms: u64,
    /// Buckets remembered.
    pub buckets_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unlimited: false,
            global_per_second: 50,
            channel_per_minute: 30,
            invalid_max: 2_000,
            stop_ms: STOP_MS,
            buckets_max: 4_096,
        }
    }
}

/// How long a post counts.
pub const POSTS_REMEMBERED: Duration = Duration::from_millis(channels::WINDOW_MS);
/// A webhook whose bucket is not known yet waits so long after the last post in its channel, which may have been this
/// webhook's, before a crash: its window is over then.
const UNKNOWN_MS: u64 = 2_500;
/// How long a request waits for an answer of another in the same bucket before it asks again.
pub const BUSY_MS: u64 = 50;
/// Added to a bucket's reset: headers are rounded.
const RESET_MARGIN_MS: u64 = 10;
/// A reset told this much later than the one known is another window.
const WINDOW_SLACK_MS: u64 = 250;
/// After a refusal that does not say how long.
const STOP_MS: u64 = 60_000;
/// So far our idea of a window's end may be from Discord's.
const EDGE_MS: u64 = 1_000;
/// After a request without an answer in a window that is not known.
const LOST_RESET_MS: u64 = 5_000;

/// Whether a request may be sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may; give the ticket back with what came of it.
    Go(Ticket),
    /// Not before so many milliseconds.
    Wait(u64),
}

/// A request in flight.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    route: RouteKey,
    bucket: BucketKey,
    /// Its place in the second.
    number: u64,
}

/// What an answer taught, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Nothing that holds requests back.
    Nothing,
    /// One bucket waits.
    Bucket {
        /// For so long.
        ms: u64,
    },
    /// Everything waits.
    Everything {
        /// For so long.
        ms: u64,
    },
    /// More than half of the budget of refused requests is spent.
    Invalid {
        /// Refused in the last ten minutes.
        count: u32,
    },
}

/// Whom a 429 is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This bot, on this route.
    User,
    /// Everyone together on this resource; not held against us.
    Shared,
    /// This bot, everywhere.
    Global,
}

/// The headers that tell limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Name of the bucket.
    pub bucket: Option<Arc<str>>,
    /// Requests per window.
    pub limit: Option<u32>,
    /// Requests left in it.
    pub remaining: Option<u32>,
    /// Until the window ends, milliseconds.
    pub reset_after_ms: Option<u64>,
    /// With a 429: how long to wait, milliseconds.
    pub retry_after_ms: Option<u64>,
    /// With a 429: whom it is for.
    pub scope: Option<Scope>,
    /// With a 403 or 429: the body is a page, not Discord's own words.
    pub is_page: bool,
    /// When it was answered, by the other side's clock: seconds since 1970. No limit is told by it.
    pub date_s: Option<i64>,
}

impl Headers {
    /// Reads them; what is absent or not a number is `None`.
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let seconds = |name: &str| text(name).and_then(|value| value.parse().ok()).and_then(milliseconds);
        let number = |name: &str| text(name).and_then(|value| value.parse().ok());
        Self {
            bucket: text("x-ratelimit-bucket").map(Arc::from),
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            reset_after_ms: seconds("x-ratelimit-reset-after"),
            retry_after_ms: seconds("retry-after"),
            scope: scope(text("x-ratelimit-scope"), text("x-ratelimit-global")),
            is_page: false,
            date_s: text("date").and_then(date),
        }
    }

    /// How long a 429 asks to wait, if it says so. Both headers are asked: a limit that is not announced
    /// is told by `Retry-After` alone, while the bucket's own window may end sooner.
    #[must_use]
    pub fn wait_ms(&self) -> Option<u64> {
        self.retry_after_ms.max(self.reset_after_ms)
    }

    /// Whether a refusal with these is a block by whoever stands before Discord.
    const fn is_block(&self, status: u16) -> bool {
        let is_known = self.bucket.is_some() || self.scope.is_some();
        !is_known && (status == 429 || (status == 403 && self.is_page))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, in seconds since 1970.
fn date(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(time.as_second())
}

fn scope(scope: Option<&str>, global: Option<&str>) -> Option<Scope> {
    match scope {
        Some("user") => Some(Scope::User),
        Some("shared") => Some(Scope::Shared),
        Some("global") => Some(Scope::Global),
        Some(_) | None if global == Some("true") => Some(Scope::Global),
        Some(_) | None => None,
    }
}

/// Seconds as Discord writes them, rounded up; at most a day, so that no answer stops us for ever.
#[must_use]
pub fn milliseconds(seconds: f64) -> Option<u64> {
    const DAY_SECONDS: f64 = 86_400.0;
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds.min(DAY_SECONDS) * 1000.0).ceil() as u64)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum BucketKey {
    Unknown(RouteKey),
    Known { hash: Arc<str>, major: u64, limit: u32 },
}

impl BucketKey {
    fn told(route: RouteKey, headers: &Headers) -> Option<Self> {
        let hash = headers.bucket.clone()?;
        Some(Self::Known { hash, major: route.major, limit: headers.limit?.max(1) })
    }

    const fn limit(&self) -> Option<u32> {
        match self {
            Self::Unknown(_) => None,
            Self::Known { limit, .. } => Some(*limit),
        }
    }
}

/// What a node leaves of a window that two nodes use, who hear of each other's requests by the headers alone. Each has one
/// request on its way at most: so whoever was told last of more than one that is left may send, whatever the other did
/// since, for that one was told too, and stopped at one.
const fn left_to_another(limit: u32, is_shared: bool) -> u32 {
    if is_shared && limit > 1 { 1 } else { 0 }
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    limit: Option<u32>,
    remaining: u32,
    reset_at: Option<u64>,
    blocked_until: u64,
    in_flight: u32,
    /// Requests without an answer at the end of this window: they may have been counted in the next.
    lost: u32,
    used_at: u64,
    /// Another node uses the window, too.
    is_shared: bool,
}

impl Bucket {
    fn new(limit: Option<u32>) -> Self {
        Self { limit, remaining: limit.unwrap_or(1), ..Self::default() }
    }

    /// Milliseconds until a request may go; zero: now. `is_shared`: another node uses the window, too.
    fn wait(&mut self, now: u64, is_shared: bool) -> u64 {
        self.is_shared = is_shared;
        self.roll(now);
        let blocked = self.blocked_until.saturating_sub(now);
        let counted = match self.limit {
            None if self.in_flight > 0 => BUSY_MS,
            Some(_) if is_shared && self.in_flight > 0 => BUSY_MS,
            Some(limit) if self.remaining <= left_to_another(limit, is_shared) => {
                self.heal(now);
                self.reset_at.map_or(BUSY_MS, |at| at - now)
            }
            // Asked for in vain, and not known yet.
            None if is_shared => self.reset_at.map_or(0, |at| at - now),
            None | Some(_) => 0,
        };
        blocked.max(counted)
    }

    /// All is spent, no answer told when the window ends (502 and 503 tell nothing), and none that could is on its way.
    fn heal(&mut self, now: u64) {
        if self.in_flight == 0 {
            self.reset_at.get_or_insert(now + LOST_RESET_MS);
        }
    }

    /// The window is over: its successor begins with the first answer, and what is in flight may count there. What was
    /// lost may have begun it.
    fn roll(&mut self, now: u64) {
        if self.reset_at.is_some_and(|at| at <= now) {
            let lost = std::mem::take(&mut self.lost);
            self.reset_at = (lost > 0).then_some(now + LOST_RESET_MS);
            self.remaining = self.limit.unwrap_or(1).saturating_sub(self.in_flight + lost);
        }
    }

    const fn take(&mut self, now: u64) {
        self.in_flight += 1;
        // What is known may be old where another node sends, too: until this one's answer tells, nothing is left.
        self.remaining = if self.is_shared { 0 } else { self.remaining.saturating_sub(1) };
        self.used_at = now;
    }

    /// `remaining` counts what we sent, so inside one window the lesser of the two is right; a window
    /// that moved is told by the headers alone, less what is in flight.
    fn learn(&mut self, headers: &Headers, now: u64) {
        let (Some(left), Some(after)) = (headers.remaining, headers.reset_after_ms) else { return };
        let reset_at = now + after + RESET_MARGIN_MS;
        let moved = self.reset_at.is_some_and(|at| reset_at > at + WINDOW_SLACK_MS);
        self.remaining = match (self.is_shared, moved) {
            (true, _) => left,
            (false, true) => left.saturating_sub(self.in_flight),
            (false, false) => self.remaining.min(left),
        };
        self.reset_at = Some(self.reset_at.map_or(reset_at, |at| at.max(reset_at)));
    }

    /// A request without an answer may have been counted; a window must end for the count to heal.
    fn lose(&mut self, now: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let reset_at = *self.reset_at.get_or_insert(now + LOST_RESET_MS);
        self.lost += u32::from(reset_at < now + EDGE_MS);
        self.untold(now);
    }

    /// An answer told nothing, or none came: where another node sends too, it may have been the last of any window that is
    /// open now.
    fn untold(&mut self, now: u64) {
        if self.is_shared {
            self.remaining = 0;
            self.reset_at = self.reset_at.max(Some(now + LOST_RESET_MS));
        }
    }

    const fn is_idle(&self, now: u64) -> bool {
        let over = match self.reset_at {
            Some(at) => at <= now,
            None => true,
        };
        self.in_flight == 0 && self.blocked_until <= now && over
    }
}

/// The limiter.
#[derive(Debug)]
pub struct Limits {
    settings: Settings,
    is_alone: bool,
    known: HashMap<RouteKey, BucketKey>,
    buckets: HashMap<BucketKey, Bucket>,
    second: Second,
    channels: Channels,
    stop: Stop,
    invalid: Invalid,
}

impl Limits {
    /// A limiter that knows no bucket yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            is_alone: true,
            known: HashMap::new(),
            buckets: HashMap::new(),
            second: Second::new(share(settings.global_per_second, Sharing::Alone)),
            channels: Channels::default(),
            stop: Stop::default(),
            invalid: Invalid::default(),
        }
    }

    /// Asks to send a request; `posts_in`: the channel in which it posts through a webhook. A ticket must come back by
    /// [`Self::answered`] or [`Self::unanswered`].
    pub fn permit(&mut self, route: RouteKey, posts_in: Option<u64>, now: u64) -> Permit {
        let key = self.known.get(&route).cloned().unwrap_or(BucketKey::Unknown(route));
        let wait = self.wait_everywhere(now).max(self.wait_bucket(route, &key, now));
        let is_unknown = matches!(key, BucketKey::Unknown(_));
        let wait = posts_in.map_or(wait, |channel| wait.max(self.wait_channel(channel, is_unknown, now)));
        if wait > 0 {
            return Permit::Wait(wait);
        }
        self.make_room(now);
        self.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(key.limit())).take(now);
        let number = self.second.sent(now);
        self.stop.sent(number);
        self.invalid.sent(now);
        posts_in.into_iter().for_each(|channel| self.channels.posted(channel, now));
        Permit::Go(Ticket { route, bucket: key, number })
    }

    /// A webhook posted in `channel` at `at`, before this limiter was: it counts all the same.
    pub fn posted(&mut self, channel: u64, at: u64) {
        self.channels.posted_by_other(channel, at);
        self.second.sent(at);
    }

    /// Who shares the bot's global limit from now on.
    pub fn shared(&mut self, sharing: Sharing) {
        self.is_alone = sharing == Sharing::Alone;
        self.second.allow(share(self.settings.global_per_second, sharing));
    }

    /// Takes a ticket back with the answer.
    pub fn answered(&mut self, ticket: Ticket, status: u16, headers: &Headers, now: u64) -> Noticed {
        self.release(&ticket.bucket);
        self.second.answered(ticket.number, now);
        let number = ticket.number;
        let key = self.learn(ticket, headers, now);
        let is_block = headers.is_block(status);
        let is_held = status == 429 || is_block;
        let held = if is_held { self.limited(&key, headers, now) } else { Noticed::Nothing };
        self.stop.ended(number, !is_block);
        let refused = matches!(status, 401 | 403 | 429) && headers.scope != Some(Scope::Shared);
        if refused {
            self.invalid.add(now);
        }
        let is_short = refused && self.invalid.is_short(self.settings.invalid_max, now);
        if is_short { Noticed::Invalid { count: self.invalid.count(now) } } else { held }
    }

    /// Takes a ticket back without one: it may or may not have been counted.
    pub fn unanswered(&mut self, ticket: &Ticket, now: u64) {
        if let Some(bucket) = self.buckets.get_mut(&ticket.bucket) {
            bucket.lose(now);
        }
        self.stop.ended(ticket.number, false);
    }

    /// Refused requests of the last ten minutes, and how many there may be.
    #[must_use]
    pub fn invalid(&self, now: u64) -> (u32, u32) {
        (self.invalid.count(now), self.settings.invalid_max)
    }

    /// Buckets remembered now.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.buckets.len()
    }

    fn wait_everywhere(&mut self, now: u64) -> u64 {
        let invalid = self.invalid.wait(self.settings.invalid_max, now);
        let second = self.second.wait(now);
        let second = if self.settings.unlimited { 0 } else { second };
        self.stop.wait(BUSY_MS, now).max(invalid).max(second)
    }

    fn wait_channel(&mut self, channel: u64, is_unknown: bool, now: u64) -> u64 {
        if self.settings.unlimited {
            return 0;
        }
        let unknown = self.channels.other(channel).filter(|_| is_unknown);
        let unknown = unknown.map_or(0, |last| (last + UNKNOWN_MS).saturating_sub(now));
        self.channels.wait(channel, self.settings.channel_per_minute, now).max(unknown)
    }

    fn wait_bucket(&mut self, route: RouteKey, key: &BucketKey, now: u64) -> u64 {
        let unlimited = self.settings.unlimited;
        let is_shared = !self.is_alone && route.kind.is_read_by_two();
        self.buckets.get_mut(key).map_or(0, |bucket| {
            if unlimited { bucket.blocked_until.saturating_sub(now) } else { bucket.wait(now, is_shared) }
        })
    }

    fn release(&mut self, key: &BucketKey) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.in_flight = bucket.in_flight.saturating_sub(1);
        }
    }

    /// Files what the headers say under the bucket they name, and forgets the guess that stood for it.
    fn learn(&mut self, ticket: Ticket, headers: &Headers, now: u64) -> BucketKey {
        let Some(key) = BucketKey::told(ticket.route, headers) else {
            self.buckets.entry(ticket.bucket.clone()).and_modify(|bucket| bucket.untold(now));
            return ticket.bucket;
        };
        if key != ticket.bucket {
            self.known.insert(ticket.route, key.clone());
            self.buckets.remove(&BucketKey::Unknown(ticket.route));
        }
        let bucket = self.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(key.limit()));
        bucket.learn(headers, now);
        bucket.used_at = now;
        key
    }

    fn limited(&mut self, key: &BucketKey, headers: &Headers, now: u64) -> Noticed {
        let everywhere = match headers.scope {
            Some(Scope::Global) => true,
            Some(Scope::User | Scope::Shared) => false,
            None => headers.bucket.is_none(),
        };
        let ms = headers.wait_ms().unwrap_or(self.settings.stop_ms) + RESET_MARGIN_MS;
        if everywhere {
            self.stop.begin(now + ms, headers.scope.is_none());
            return Noticed::Everything { ms };
        }
        let bucket = self.buckets.entry(key.clone()).or_insert_with(|| Bucket::new(key.limit()));
        bucket.blocked_until = bucket.blocked_until.max(now + ms);
        Noticed::Bucket { ms }
    }

    /// Forgets the idle quarter that was used longest ago; the next request of such a route asks anew.
    fn make_room(&mut self, now: u64) {
        if self.channels.len() >= self.settings.buckets_max.max(1) {
            self.channels.forget_idle(now);
        }
        if self.buckets.len() < self.settings.buckets_max.max(1) {
            return;
        }
        let mut idle: Vec<_> = self
            .buckets
            .iter()
            .filter(|(_, bucket)| bucket.is_idle(now))
            .map(|(k, b)| (b.used_at, k))
            .collect();
        idle.sort_by_key(|&(used_at, _)| used_at);
        idle.truncate((self.settings.buckets_max / 4).max(1));
        let forget: Vec<_> = idle.into_iter().map(|(_, key)| key.clone()).collect();
        for key in &forget {
            self.buckets.remove(key);
        }
        let buckets = &self.buckets;
        self.known.retain(|_, key| buckets.contains_key(key));
    }
}

#[cfg(test)]
mod tests;
