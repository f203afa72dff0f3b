//! Discord's rate limits: fixed windows per bucket, a global one, and the headers that announce them.

use std::collections::HashMap;

use crate::{RouteKind, clock, rest::route::Route};

/// So many requests in so many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Requests a window.
    pub requests: u32,
    /// Its length.
    pub per_ms: u64,
}

impl Window {
    /// `requests` in `per_ms` milliseconds.
    pub const fn new(requests: u32, per_ms: u64) -> Self {
        Self { requests, per_ms }
    }
}

/// The limits in force. The numbers for webhooks are a staff comment of 2017, not documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All requests of the bot together; those without Authorization count apart, per address.
    pub global: Window,
    /// Each webhook's own routes.
    pub webhook: Window,
    /// Message writes, per channel and route.
    pub channel_messages: Window,
    /// Every other route, per guild, channel or webhook in its path.
    pub other: Window,
    /// All webhooks of a channel together, announced by no header: the 429 comes by surprise (scope `shared`).
    pub channel_webhooks_hidden: Option<Window>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            global: Window::new(50, 1000),
            webhook: Window::new(5, 2000),
            channel_messages: Window::new(5, 5000),
            other: Window::new(50, 10_000),
            channel_webhooks_hidden: None,
        }
    }
}

impl Limits {
    /// The default plus 30 webhook messages a minute and channel, as met by users since 2017.
    pub fn with_hidden_channel_limit() -> Self {
        Self { channel_webhooks_hidden: Some(Window::new(30, 60_000)), ..Self::default() }
    }
}

/// Whose limit was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Shared,
    Global,
}

impl Scope {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
        }
    }
}

/// What the headers of an answer say.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_ms: u64,
    pub(crate) after_ms: u64,
    pub(crate) bucket: String,
}

/// The verdict on one request.
pub(crate) enum Verdict {
    Go(Standing),
    Wait { scope: Scope, retry_ms: u64, standing: Option<Standing> },
}

#[derive(Clone, Copy)]
struct Meter {
    used: u32,
    reset_ms: u64,
}

impl Meter {
    /// Counts one; `Err` carries the milliseconds to wait.
    fn take(&mut self, window: Window, now_ms: u64) -> Result<(), u64> {
        if now_ms >= self.reset_ms {
            *self = Self { used: 0, reset_ms: now_ms + window.per_ms };
        }
        if self.used >= window.requests {
            return Err((self.reset_ms - now_ms).max(1));
        }
        self.used += 1;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Bot,
    Address,
    Bucket(RouteKind, u64),
    Webhook(u64),
    Hidden(u64),
}

/// All meters. One per bucket in use.
#[derive(Default)]
pub(crate) struct Meters {
    meters: HashMap<Key, Meter>,
    global_until_ms: u64,
}

impl Meters {
    /// Closes everything for a while (a scripted global 429).
    pub(crate) fn close_all(&mut self, for_ms: u64) {
        self.global_until_ms = clock::now_ms() + for_ms;
    }

    /// Counts a request and says whether it may go. `channel` is where the webhook posts.
    pub(crate) fn admit(&mut self, limits: Option<&Limits>, route: &Route, channel: Option<u64>) -> Verdict {
        let now_ms = clock::now_ms();
        if now_ms < self.global_until_ms {
            let retry_ms = self.global_until_ms - now_ms;
            return Verdict::Wait { scope: Scope::Global, retry_ms, standing: None };
        }
        let Some(limits) = limits else { return Verdict::Go(unlimited(route, now_ms)) };
        let asker = if route.token.is_some() { Key::Address } else { Key::Bot };
        if let Err(retry_ms) = self.take(asker, limits.global, now_ms) {
            return Verdict::Wait { scope: Scope::Global, retry_ms, standing: None };
        }
        let hidden = limits.channel_webhooks_hidden.filter(|_| route.kind == RouteKind::ExecuteWebhook);
        if let (Some(window), Some(channel)) = (hidden, channel)
            && let Err(retry_ms) = self.take(Key::Hidden(channel), window, now_ms)
        {
            return Verdict::Wait { scope: Scope::Shared, retry_ms, standing: None };
        }
        self.bucket(limits, route, now_ms)
    }

    fn bucket(&mut self, limits: &Limits, route: &Route, now_ms: u64) -> Verdict {
        let (key, window) = bucket_of(limits, route);
        let taken = self.take(key, window, now_ms);
        let standing = self.standing(key, window, route, now_ms);
        match taken {
            Ok(()) => Verdict::Go(standing),
            Err(retry_ms) => Verdict::Wait { scope: Scope::User, retry_ms, standing: Some(standing) },
        }
    }

    fn take(&mut self, key: Key, window: Window, now_ms: u64) -> Result<(), u64> {
        self.meters.entry(key).or_insert(Meter { used: 0, reset_ms: 0 }).take(window, now_ms)
    }

    fn standing(&self, key: Key, window: Window, route: &Route, now_ms: u64) -> Standing {
        let meter = self.meters.get(&key).copied().unwrap_or(Meter { used: 0, reset_ms: now_ms });
        Standing {
            limit: window.requests,
            remaining: window.requests.saturating_sub(meter.used),
            reset_ms: meter.reset_ms,
            after_ms: meter.reset_ms.saturating_sub(now_ms),
            bucket: bucket_name(key, route),
        }
    }
}

fn major(route: &Route) -> u64 {
    route.channel.or(route.guild).or(route.webhook).unwrap_or(0)
}

fn bucket_of(limits: &Limits, route: &Route) -> (Key, Window) {
    use RouteKind as K;
    match route.kind {
        K::ExecuteWebhook | K::EditWebhookMessage | K::DeleteWebhookMessage | K::GetWebhookMessage => {
            (Key::Webhook(route.webhook.unwrap_or(0)), limits.webhook)
        }
        K::CreateMessage
        | K::EditMessage
        | K::DeleteMessage
        | K::BulkDelete
        | K::ListMessages
        | K::GetMessage => (Key::Bucket(route.kind, major(route)), limits.channel_messages),
        kind => (Key::Bucket(kind, major(route)), limits.other),
    }
}

/// A hash as Discord's look: it names the family of routes, not the resource.
fn bucket_name(key: Key, route: &Route) -> String {
    let family = match key {
        Key::Webhook(_) => 0xb00c,
        Key::Bot | Key::Address | Key::Hidden(_) | Key::Bucket(..) => route.kind as u64,
    };
    format!("{:032x}", u128::from(family + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// Without limits every answer still carries the headers, and there is always more.
fn unlimited(route: &Route, now_ms: u64) -> Standing {
    let bucket = bucket_name(Key::Bucket(route.kind, 0), route);
    Standing { limit: 1_000_000, remaining: 999_999, reset_ms: now_ms + 1000, after_ms: 1000, bucket }
}
