//! Counts requests against the limits, and says what the headers say.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Invalid, Limits, Refusal, Refused, Window};
use crate::{RouteKind, clock, rest::route::Route};

/// Requests under way when a client is told to wait are not its fault.
const TOLD_GRACE_MS: u64 = 250;

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
    Wait(Wait),
    /// Cloudflare's page with this status.
    Blocked(u16, Refused),
}

/// Why not, and for how long.
pub(crate) struct Wait {
    pub(crate) refused: Refused,
    pub(crate) retry_ms: u64,
    pub(crate) standing: Option<Standing>,
}

#[derive(Clone, Copy, Default)]
struct Meter {
    used: u32,
    reset_ms: u64,
    /// Closed by a fault, whatever was used.
    shut: bool,
}

impl Meter {
    /// Counts one; `Err`: the milliseconds to wait.
    fn take(&mut self, window: Window, now_ms: u64) -> Result<(), u64> {
        if now_ms >= self.reset_ms {
            *self = Self { reset_ms: now_ms + window.per_ms, ..Self::default() };
        }
        if !self.shut && self.used < window.requests {
            self.used += 1;
            return Ok(());
        }
        Err((self.reset_ms - now_ms).max(1))
    }

    fn shut(now_ms: u64, for_ms: u64) -> Self {
        Self { used: u32::MAX, reset_ms: now_ms + for_ms, shut: true }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Everything,
    Bot,
    Address,
    Bucket(RouteKind, u64),
    Webhook(u64),
    WebhookEdits(u64),
    Hidden(u64),
    OldEdits(u64),
    /// The routes that one interaction's token opens.
    Interaction(u64),
}

/// A client was told to wait: when, and until when.
#[derive(Clone, Copy)]
struct Told {
    at_ms: u64,
    reset_ms: u64,
}

/// Clients told to wait that are remembered, before those whose time is over are forgotten.
const TOLD_MAX: usize = 4096;

/// Meters in use, before those whose window is over are forgotten: more, where so many are in use at once.
const METERS_MAX: usize = 100_000;

/// Who asks, of several that share one token: what one of them was told, the others do not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Client(u64);

impl Client {
    /// By its User-Agent.
    pub(crate) fn named(agent: &str) -> Self {
        Self(hashed(agent))
    }
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// All meters. One per bucket in use.
#[derive(Default)]
pub(crate) struct Meters {
    meters: HashMap<Key, Meter>,
    /// With so many those whose window is over are forgotten.
    full_at: usize,
    told: HashMap<(Key, Client), Told>,
    invalid: Meter,
    blocked_until_ms: u64,
    /// The block is a fault's work.
    sudden: bool,
}

/// Nothing is counted, faults still close.
const ENDLESS: Window = Window::new(u32::MAX, 1000);

impl Meters {
    /// Closes everything for a while (a scripted global 429), and tells this client so.
    pub(crate) fn close_all(&mut self, client: Client, for_ms: u64) {
        self.shut((Key::Everything, client), clock::now_ms(), for_ms);
    }

    fn shut(&mut self, (key, client): (Key, Client), now_ms: u64, for_ms: u64) {
        self.meters.insert(key, Meter::shut(now_ms, for_ms));
        self.was_told((key, client), now_ms, now_ms + for_ms);
    }

    /// Whether the client had been told of this wait before.
    fn was_told(&mut self, of: (Key, Client), now_ms: u64, reset_ms: u64) -> bool {
        if self.told.len() >= TOLD_MAX {
            self.told.retain(|_, told| told.reset_ms > now_ms);
        }
        let told = self.told.entry(of).or_insert(Told { at_ms: now_ms, reset_ms });
        if told.reset_ms != reset_ms {
            *told = Told { at_ms: now_ms, reset_ms };
        }
        now_ms > told.at_ms + TOLD_GRACE_MS
    }

    /// Closes the bucket of a route, or, for a webhook's post of scope `shared`, the channel that it shares with others.
    pub(crate) fn close(
        &mut self,
        kind: Refusal,
        (route, client): (&Route, Client),
        channel: Option<u64>,
        for_ms: u64,
    ) -> Wait {
        let (now_ms, limits) = (clock::now_ms(), Limits::default());
        let (bucket, window) = bucket_of(&limits, route);
        let key = match (kind, channel) {
            (Refusal::Shared, Some(channel)) if route.kind == RouteKind::ExecuteWebhook => {
                Key::Hidden(channel)
            }
            _ => bucket,
        };
        self.shut((key, client), now_ms, for_ms);
        let standing = (kind == Refusal::User).then(|| self.standing(key, window, route, now_ms));
        Wait { refused: kind.sudden(), retry_ms: for_ms, standing }
    }

    /// Counts an edit of an old message; `Err`: the milliseconds to wait.
    pub(crate) fn edit_old(&mut self, window: Window, channel: u64) -> Result<(), u64> {
        self.meters.entry(Key::OldEdits(channel)).or_default().take(window, clock::now_ms())
    }

    /// Puts Cloudflare's page before everything for a while (a scripted block).
    pub(crate) fn block(&mut self, for_ms: u64) {
        (self.blocked_until_ms, self.sudden) = (clock::now_ms() + for_ms, true);
    }

    /// Counts an answer that was 401, 403 or 429; too many lead to a block.
    pub(crate) fn spend(&mut self, budget: &Invalid) {
        let now_ms = clock::now_ms();
        let _ = self.invalid.take(budget.window, now_ms);
        if self.invalid.used >= budget.window.requests && now_ms >= self.blocked_until_ms {
            (self.blocked_until_ms, self.sudden) = (now_ms + budget.block_ms, false);
            self.invalid = Meter::default();
        }
    }

    /// Counts a request and says whether it may go. `channel` is where the webhook posts.
    pub(crate) fn admit(
        &mut self,
        limits: Option<&Limits>,
        (route, client): (&Route, Client),
        channel: Option<u64>,
    ) -> Verdict {
        let now_ms = clock::now_ms();
        if now_ms < self.blocked_until_ms {
            let status = limits.map_or(Invalid::default(), |limits| limits.invalid).status;
            return Verdict::Blocked(status, Refused { kind: Refusal::Blocked, own: !self.sudden });
        }
        match self.walls(limits, (route, client), channel, now_ms) {
            Some(wait) => Verdict::Wait(wait),
            None => self.bucket(limits, (route, client), now_ms),
        }
    }

    /// What stands before a bucket: everything closed, the global limit, the hidden one.
    fn walls(
        &mut self,
        limits: Option<&Limits>,
        (route, client): (&Route, Client),
        channel: Option<u64>,
        now_ms: u64,
    ) -> Option<Wait> {
        // Interactions are not bound to the global limit.
        let asker = match route.token {
            _ if route.is_of_interaction() => None,
            Some(_) => Some(Key::Address),
            None => Some(Key::Bot),
        };
        let hidden = limits.map_or(Some(ENDLESS), |limits| limits.channel_webhooks_hidden).unwrap_or(ENDLESS);
        let webhook = channel.filter(|_| route.kind == RouteKind::ExecuteWebhook);
        let walls = [
            (Some(Key::Everything), ENDLESS, Refusal::Global),
            (asker, limits.map_or(ENDLESS, |limits| limits.global), Refusal::Global),
            (webhook.map(Key::Hidden), hidden, Refusal::Shared),
        ];
        for (key, window, kind) in walls {
            let Some(key) = key else { continue };
            if let Err((retry_ms, told)) = self.take((key, client), window, now_ms) {
                // The global limit is documented, so overrunning it is the client's doing from the first time on.
                let own = told || matches!(key, Key::Bot | Key::Address);
                return Some(Wait { refused: Refused { kind, own }, retry_ms, standing: None });
            }
        }
        None
    }

    fn bucket(&mut self, limits: Option<&Limits>, (route, client): (&Route, Client), now_ms: u64) -> Verdict {
        let (key, window) = bucket_of(limits.unwrap_or(&Limits::default()), route);
        let window = limits.map_or(ENDLESS, |_| window);
        let taken = self.take((key, client), window, now_ms);
        let meter = self.meters.get(&key).copied().unwrap_or_default();
        let standing = match limits {
            None if !meter.shut => unlimited(route, now_ms),
            _ => self.standing(key, window, route, now_ms),
        };
        match taken {
            Ok(()) => Verdict::Go(standing),
            Err((retry_ms, told)) => {
                let refused = Refused { kind: Refusal::User, own: told || !meter.shut };
                Verdict::Wait(Wait { refused, retry_ms, standing: Some(standing) })
            }
        }
    }

    /// Counts one; `Err`: the milliseconds to wait, and whether the client had been told so before.
    fn take(&mut self, (key, client): (Key, Client), window: Window, now_ms: u64) -> Result<(), (u64, bool)> {
        if self.meters.len() >= self.full_at.max(METERS_MAX) {
            self.meters.retain(|_, meter| meter.reset_ms > now_ms);
            self.full_at = self.meters.len() * 2;
        }
        let meter = self.meters.entry(key).or_default();
        let Err(retry_ms) = meter.take(window, now_ms) else { return Ok(()) };
        let reset_ms = meter.reset_ms;
        Err((retry_ms, self.was_told((key, client), now_ms, reset_ms)))
    }

    fn standing(&self, key: Key, window: Window, route: &Route, now_ms: u64) -> Standing {
        let meter = self.meters.get(&key).copied().unwrap_or_default();
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
    let webhook = route.webhook.unwrap_or(0);
    let token = route.token.as_deref().filter(|_| route.is_of_interaction());
    if let Some(token) = token {
        return (Key::Interaction(hashed(token)), limits.webhook);
    }
    match (route.kind, limits.webhook_edits, limits.channel_deletes) {
        (K::EditWebhookMessage | K::DeleteWebhookMessage | K::GetWebhookMessage, Some(window), _) => {
            (Key::WebhookEdits(webhook), window)
        }
        (K::ExecuteWebhook | K::EditWebhookMessage | K::DeleteWebhookMessage | K::GetWebhookMessage, ..) => {
            (Key::Webhook(webhook), limits.webhook)
        }
        (K::DeleteMessage, _, Some(window)) => (Key::Bucket(route.kind, major(route)), window),
        (
            K::CreateMessage
            | K::EditMessage
            | K::DeleteMessage
            | K::BulkDelete
            | K::ListMessages
            | K::GetMessage,
            ..,
        ) => (Key::Bucket(route.kind, major(route)), limits.channel_messages),
        (kind, ..) => (Key::Bucket(kind, major(route)), limits.other),
    }
}

/// A hash as Discord's look: it names the family of routes, not the resource, and not always the limit.
fn bucket_name(key: Key, route: &Route) -> String {
    let family = match key {
        Key::Webhook(_) | Key::WebhookEdits(_) => 0xb00c,
        Key::Bucket(RouteKind::DeleteMessage, _) => RouteKind::CreateMessage as u64,
        Key::Interaction(_) => 0x1a7e,
        Key::Everything | Key::Bot | Key::Address | Key::Hidden(_) | Key::OldEdits(_) | Key::Bucket(..) => {
            route.kind as u64
        }
    };
    format!("{:032x}", u128::from(family + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// Without limits every answer still carries the headers, and there is always more.
fn unlimited(route: &Route, now_ms: u64) -> Standing {
    let bucket = bucket_name(Key::Bucket(route.kind, 0), route);
    Standing { limit: 1_000_000, remaining: 999_999, reset_ms: now_ms + 1000, after_ms: 1000, bucket }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: (Key, Client) = (Key::Bot, Client(1));
    const OTHER: (Key, Client) = (Key::Bot, Client(2));

    #[test]
    fn a_wait_that_was_told_is_the_clients_to_keep() {
        let (window, mut meters) = (Window::new(1, 1000), Meters::default());
        assert_eq!(meters.take(ONE, window, 100), Ok(()));
        assert_eq!(meters.take(ONE, window, 200), Err((900, false)), "nobody had told");
        assert_eq!(meters.take(ONE, window, 450), Err((650, false)), "under way when it was told");
        assert_eq!(meters.take(ONE, window, 451), Err((649, true)), "told, and came all the same");
        assert_eq!(meters.take(OTHER, window, 451), Err((649, false)), "nobody had told that one");
        assert_eq!(meters.take(OTHER, window, 702), Err((398, true)));
        assert_eq!(meters.take(ONE, window, 1100), Ok(()), "the next window");
        assert_eq!(meters.take(ONE, window, 1101), Err((999, false)), "is told anew");
    }

    #[test]
    fn a_bucket_that_a_fault_closed_opens_in_time() {
        let (window, mut meters) = (Window::new(5, 1000), Meters::default());
        meters.shut(ONE, 100, 300);
        assert_eq!(meters.take(ONE, window, 101), Err((299, false)));
        assert_eq!(meters.take(OTHER, window, 399), Err((1, false)));
        assert_eq!(meters.take(ONE, window, 399), Err((1, true)));
        assert_eq!(meters.take(ONE, window, 400), Ok(()));
    }
}
