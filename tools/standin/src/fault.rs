//! Faults: what can go wrong between a client and Discord, as data. Scripted one by one, or drawn at seeded rates.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{CdnFault, RouteKind, ledger::Request};

/// A fault of one REST request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum RestFault {
    /// The effect happens, then the connection is cut without an answer.
    LostResponse,
    /// The effect happens `effect_ms` after arrival, the answer comes `answer_ms` after arrival (or never, if the client
    /// has left). A client whose deadline is shorter sees a timeout, then the effect.
    LateEffect {
        /// From arrival to effect.
        effect_ms: u64,
        /// From arrival to answer; not before the effect.
        answer_ms: u64,
    },
    /// The effect happens, the answer is this 5xx status.
    ErrorAfterEffect {
        /// For example 502.
        status: u16,
    },
    /// No effect; the answer is this 5xx status.
    ErrorBeforeEffect {
        /// For example 503.
        status: u16,
    },
    /// No effect; the connection is cut without an answer.
    CutBeforeEffect,
    /// No effect, the connection is cut, and new connections (gateway too) are refused for a time.
    Refuse {
        /// How long nobody listens.
        for_ms: u64,
    },
    /// 429 as from a Cloudflare block: no X-RateLimit headers, no Retry-After, a body that is not JSON.
    BareTooMany,
    /// 429 with the headers and body of the route's bucket, which stays closed as long as it says.
    UserTooMany {
        /// What Retry-After says.
        retry_ms: u64,
    },
    /// 429 of scope `shared`: others have used up what the channel's webhooks may do together.
    SharedTooMany {
        /// What Retry-After says.
        retry_ms: u64,
    },
    /// Cloudflare's block: everything is answered by a page of HTML for a time.
    Blocked {
        /// For how long; no header says so.
        for_ms: u64,
    },
    /// 429 with the headers and body of the global limit.
    GlobalTooMany {
        /// What Retry-After says; requests meanwhile are answered the same.
        retry_ms: u64,
    },
    /// READ_MESSAGE_HISTORY of the request's channel is lost for a time: lists are empty, not an error.
    HistoryLost {
        /// For how long.
        for_ms: u64,
    },
    /// For a time, lists of the request's channel lack the messages younger than `lag_ms`.
    HistoryLag {
        /// How far the list lags.
        lag_ms: u64,
        /// For how long.
        for_ms: u64,
    },
}

impl RestFault {
    /// Its name in the ledger.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LostResponse => "lost_response",
            Self::LateEffect { .. } => "late_effect",
            Self::ErrorAfterEffect { .. } => "error_after_effect",
            Self::ErrorBeforeEffect { .. } => "error_before_effect",
            Self::CutBeforeEffect => "cut_before_effect",
            Self::Refuse { .. } => "refuse",
            Self::BareTooMany => "bare_too_many",
            Self::UserTooMany { .. } => "user_too_many",
            Self::SharedTooMany { .. } => "shared_too_many",
            Self::Blocked { .. } => "blocked",
            Self::GlobalTooMany { .. } => "global_too_many",
            Self::HistoryLost { .. } => "history_lost",
            Self::HistoryLag { .. } => "history_lag",
        }
    }
}

/// A fault of one dispatch to one gateway session. A rule or rate for the event `HELLO`, `IDENTIFY` or `RESUME` strikes
/// there instead: `reconnect` at `HELLO` is op 7 before Hello, `close` at `IDENTIFY` refuses it, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum GatewayFault {
    /// Sent twice, each with its own sequence number.
    Duplicate,
    /// Never sent to this session; no gap in the sequence shows it.
    Drop,
    /// Sent after up to `window` later dispatches, at the latest after 100 ms.
    Reorder {
        /// At least 1.
        window: u8,
    },
    /// Sent; then the connection is cut. The session can be resumed.
    Cut,
    /// The connection is cut before it is sent, and RESUME is answered by op 9 `d: false`.
    SessionLost,
    /// Sent; then op 7, and the server closes two seconds later.
    Reconnect,
    /// Sent; then op 9 with this `d`.
    Invalid {
        /// May the session be resumed?
        resumable: bool,
    },
    /// Sent; then op 1, at which a client sends a heartbeat at once.
    Beat,
    /// Sent; then the server closes with this code.
    Close {
        /// For example 4000.
        code: u16,
    },
    /// Not sent on this connection, nor is anything after it, acknowledgements of heartbeats included; the TCP
    /// connection stays open.
    Zombie,
}

impl GatewayFault {
    /// Its name in the ledger.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Drop => "drop",
            Self::Reorder { .. } => "reorder",
            Self::Cut => "cut",
            Self::SessionLost => "session_lost",
            Self::Reconnect => "reconnect",
            Self::Invalid { .. } => "invalid",
            Self::Beat => "beat",
            Self::Close { .. } => "close",
            Self::Zombie => "zombie",
        }
    }
}

/// Which requests; a field that is absent matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matcher {
    /// `POST`, `GET`, ...
    pub method: Option<String>,
    /// The route.
    pub kind: Option<RouteKind>,
    /// The channel in the path, or the one that the webhook posts to.
    #[serde(deserialize_with = "crate::id::read_option")]
    pub channel: Option<u64>,
    /// The webhook in the path.
    #[serde(deserialize_with = "crate::id::read_option")]
    pub webhook: Option<u64>,
}

impl Matcher {
    /// All requests of one route.
    pub fn kind(kind: RouteKind) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }

    /// Does this request match?
    pub fn matches(&self, request: &Request) -> bool {
        self.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && self.kind.is_none_or(|kind| kind == request.kind)
            && self.channel.is_none_or(|channel| request.channel == Some(channel))
            && self.webhook.is_none_or(|webhook| request.webhook == Some(webhook))
    }
}

/// A scripted REST fault: from the `nth` matching request on, `times` times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Which requests.
    #[serde(default)]
    pub on: Matcher,
    /// The first one hit, counted from 1 since the plan was set.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many in a row are hit.
    #[serde(default = "one")]
    pub times: u32,
    /// What happens.
    #[serde(rename = "do")]
    pub fault: RestFault,
}

impl Rule {
    /// The next matching request gets this fault.
    pub fn next(on: Matcher, fault: RestFault) -> Self {
        Self { on, nth: 1, times: 1, fault }
    }
}

/// A scripted gateway fault: from the `nth` matching dispatch on, `times` times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayRule {
    /// The dispatch's name, such as `MESSAGE_CREATE`; absent: any but READY, RESUMED and GUILD_CREATE. Or `HELLO`,
    /// `IDENTIFY`, `RESUME`.
    #[serde(default)]
    pub event: Option<String>,
    /// The dispatch's channel.
    #[serde(default, deserialize_with = "crate::id::read_option")]
    pub channel: Option<u64>,
    /// The first one hit, counted from 1 since the plan was set.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many in a row are hit.
    #[serde(default = "one")]
    pub times: u32,
    /// What happens.
    #[serde(rename = "do")]
    pub fault: GatewayFault,
}

impl GatewayRule {
    /// The next dispatch of this name gets this fault.
    pub fn next(event: &str, fault: GatewayFault) -> Self {
        Self { event: Some(event.to_owned()), channel: None, nth: 1, times: 1, fault }
    }
}

fn one() -> u32 {
    1
}

/// A REST fault and how likely it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Probability per matching request, 0.0 to 1.0.
    pub p: f64,
    /// Which requests.
    #[serde(default)]
    pub on: Matcher,
    /// What happens.
    #[serde(rename = "do")]
    pub fault: RestFault,
}

/// A gateway fault and how likely it is per dispatch and session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatewayRate {
    /// Probability per dispatch, 0.0 to 1.0.
    pub p: f64,
    /// As in [`GatewayRule`].
    #[serde(default)]
    pub event: Option<String>,
    /// What happens.
    #[serde(rename = "do")]
    pub fault: GatewayFault,
}

/// A fault of downloads and how likely it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CdnRate {
    /// Probability per download, 0.0 to 1.0.
    pub p: f64,
    /// What happens.
    #[serde(rename = "do")]
    pub fault: CdnFault,
}

/// A plan of faults. Scripts come first, in order; then the rates, drawn in order from the seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// REST, one by one.
    pub script: Vec<Rule>,
    /// REST, at random.
    pub rates: Vec<Rate>,
    /// Gateway, one by one.
    pub gateway_script: Vec<GatewayRule>,
    /// Gateway, at random.
    pub gateway_rates: Vec<GatewayRate>,
    /// Downloads, at random; `Standin::set_cdn_faults` is their script.
    pub cdn_rates: Vec<CdnRate>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only the scripted REST faults given.
    pub fn script(script: Vec<Rule>) -> Self {
        Self { script, ..Self::default() }
    }

    /// Only the scripted gateway faults given.
    pub fn gateway(gateway_script: Vec<GatewayRule>) -> Self {
        Self { gateway_script, ..Self::default() }
    }

    /// Every fault that the lane protocol exists for, on writes of webhooks, each with probability `p`; late effects
    /// come after `late_ms`. The gateway duplicates, reorders, cuts, reconnects and loses sessions, but drops nothing.
    pub fn lively(p: f64, late_ms: u64) -> Self {
        let late = RestFault::LateEffect { effect_ms: late_ms, answer_ms: late_ms };
        let faults = [
            RestFault::LostResponse,
            late,
            RestFault::ErrorAfterEffect { status: 502 },
            RestFault::ErrorBeforeEffect { status: 503 },
            RestFault::CutBeforeEffect,
        ];
        let kinds =
            [RouteKind::ExecuteWebhook, RouteKind::EditWebhookMessage, RouteKind::DeleteWebhookMessage];
        let rate = |kind, fault| Rate { p, on: Matcher::kind(kind), fault };
        let rates = kinds.iter().flat_map(|&kind| faults.iter().map(move |&fault| rate(kind, fault)));
        let gateway = [
            (GatewayFault::Duplicate, p),
            (GatewayFault::Reorder { window: 2 }, p),
            (GatewayFault::Cut, p / 4.0),
            (GatewayFault::Reconnect, p / 4.0),
            (GatewayFault::SessionLost, p / 8.0),
        ];
        Self {
            rates: rates.collect(),
            gateway_rates: gateway
                .into_iter()
                .map(|(fault, p)| GatewayRate { p, event: None, fault })
                .collect(),
            ..Self::default()
        }
    }
}

impl Faults {
    /// [`Faults::lively`], and refusals of every kind on all routes, each with probability `p`: 429 of scope `user`,
    /// `shared` and `global` for `retry_ms`, and 429 without headers.
    pub fn hostile(p: f64, late_ms: u64, retry_ms: u64) -> Self {
        let refusals = [
            RestFault::UserTooMany { retry_ms },
            RestFault::SharedTooMany { retry_ms },
            RestFault::GlobalTooMany { retry_ms },
            RestFault::BareTooMany,
        ];
        let mut plan = Self::lively(p, late_ms);
        plan.rates.extend(refusals.map(|fault| Rate { p, on: Matcher::default(), fault }));
        plan
    }
}

/// A plan in force: how often each rule has matched, and the dice.
pub(crate) struct FaultEngine {
    plan: Faults,
    seen: Vec<u32>,
    gateway_seen: Vec<u32>,
    dice: ChaCha8Rng,
}

impl FaultEngine {
    pub(crate) fn new(plan: Faults, seed: u64) -> Self {
        let mut engine = Self {
            plan: Faults::none(),
            seen: Vec::new(),
            gateway_seen: Vec::new(),
            dice: ChaCha8Rng::seed_from_u64(seed),
        };
        engine.set(plan);
        engine
    }

    /// Puts another plan in force; rules count from 1 again, the dice roll on.
    pub(crate) fn set(&mut self, plan: Faults) {
        self.seen = vec![0; plan.script.len()];
        self.gateway_seen = vec![0; plan.gateway_script.len()];
        self.plan = plan;
    }

    pub(crate) fn plan(&self) -> &Faults {
        &self.plan
    }

    /// The fault of this request, if any. Every matching rule counts it; the first that fires wins.
    pub(crate) fn of_request(&mut self, request: &Request) -> Option<RestFault> {
        let mut hit = None;
        for (rule, seen) in self.plan.script.iter().zip(&mut self.seen) {
            if rule.on.matches(request) && fires(seen, rule.nth, rule.times) {
                hit = hit.or(Some(rule.fault));
            }
        }
        for rate in &self.plan.rates {
            if hit.is_none() && rate.on.matches(request) && chance(&mut self.dice, rate.p) {
                hit = Some(rate.fault);
            }
        }
        hit
    }

    /// The fault of a download that no script has one for, if any.
    pub(crate) fn of_download(&mut self) -> Option<CdnFault> {
        let (rates, dice) = (&self.plan.cdn_rates, &mut self.dice);
        rates.iter().find(|rate| chance(dice, rate.p)).map(|rate| rate.fault.clone())
    }

    /// The fault of this dispatch for one session, if any.
    pub(crate) fn of_dispatch(&mut self, event: &str, channel: Option<u64>) -> Option<GatewayFault> {
        let mut hit = None;
        for (rule, seen) in self.plan.gateway_script.iter().zip(&mut self.gateway_seen) {
            let named = rule.event.as_deref().is_none_or(|name| name == event);
            let here = rule.channel.is_none_or(|id| channel == Some(id));
            if named && here && fires(seen, rule.nth, rule.times) {
                hit = hit.or(Some(rule.fault));
            }
        }
        for rate in &self.plan.gateway_rates {
            let named = rate.event.as_deref().is_none_or(|name| name == event);
            if hit.is_none() && named && chance(&mut self.dice, rate.p) {
                hit = Some(rate.fault);
            }
        }
        hit
    }

    /// The fault of Hello, IDENTIFY or RESUME, if any: only what names it.
    pub(crate) fn of_point(&mut self, point: &str) -> Option<GatewayFault> {
        let mut hit = None;
        for (rule, seen) in self.plan.gateway_script.iter().zip(&mut self.gateway_seen) {
            if rule.event.as_deref() == Some(point) && fires(seen, rule.nth, rule.times) {
                hit = hit.or(Some(rule.fault));
            }
        }
        for rate in &self.plan.gateway_rates {
            let named = rate.event.as_deref() == Some(point);
            if hit.is_none() && named && chance(&mut self.dice, rate.p) {
                hit = Some(rate.fault);
            }
        }
        hit
    }
}

fn fires(seen: &mut u32, nth: u32, times: u32) -> bool {
    *seen += 1;
    *seen >= nth && *seen - nth < times
}

fn chance(dice: &mut ChaCha8Rng, p: f64) -> bool {
    p > 0.0 && dice.random_bool(p.min(1.0))
}
