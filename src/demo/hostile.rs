//! A hostile Discord: twenty channels, the limits that anybody ever met, and every fault that leaves something to find.

use super::busy::busy;
use super::play::Play;
use standin::{
    Faults, Filter, GatewayFault, GatewayRate, Limits, Matcher, Rate, Request, RestFault, RouteKind, Rules,
    Standin,
};
use std::time::Duration;

/// Mirrors, and the channels of each.
const MIRRORS: usize = 4;
const CHANNELS: usize = 5;
/// Messages a second, over all mirrors: four channels of five receive each, thirty a minute at most in one, and what a
/// block holds up is to be made good in time.
const RATE: f64 = 1.4;

/// What is said in `length`.
pub(super) fn play(seed: u64, length: Duration) -> Play {
    let messages = (length.as_secs_f64() * RATE).ceil().max(1.0) as usize;
    let mut play = busy(seed, messages, MIRRORS, CHANNELS);
    let count = play.acts.len().max(1) as f64;
    for (number, (after, _)) in play.acts.iter_mut().enumerate() {
        *after = length.mul_f64(number as f64 / count);
    }
    play
}

/// Its limits: thirty messages a minute and channel that no header tells, and one bucket's name for several limits.
pub(super) fn limits() -> Limits {
    Limits::harsh()
}

/// Heartbeats so quick that a connection that fell silent is noticed within the run.
pub(super) fn rules() -> Rules {
    Rules { heartbeat_ms: 3_000, ..Rules::default() }
}

/// What goes wrong. Not among it: dispatches that are never sent, which nobody can know of before the next gap fill
/// (tests/node/gap.rs), and those of one channel in another order, for the log keeps the order in which they came.
pub(super) fn faults(late_ms: u64) -> Faults {
    let mut faults = Faults { rates: rest(late_ms), ..Faults::default() };
    faults.gateway_rates = gateway().map(|(fault, p)| GatewayRate { p, event: None, fault }).to_vec();
    faults
}

fn rest(late_ms: u64) -> Vec<Rate> {
    let unknown = [
        RestFault::LostResponse,
        RestFault::LateEffect { effect_ms: late_ms, answer_ms: late_ms },
        RestFault::ErrorAfterEffect { status: 502 },
        RestFault::ErrorBeforeEffect { status: 503 },
        RestFault::CutBeforeEffect,
        RestFault::HistoryLost { for_ms: 3_000 },
        RestFault::HistoryLag { lag_ms: 2_000, for_ms: 3_000 },
    ];
    let kinds = [
        RouteKind::ExecuteWebhook,
        RouteKind::EditWebhookMessage,
        RouteKind::DeleteWebhookMessage,
        RouteKind::ListMessages,
    ];
    let of = |kind: RouteKind| unknown.map(|fault| Rate { p: 0.01, on: Matcher::kind(kind), fault });
    let mut rates: Vec<_> = kinds.into_iter().flat_map(of).collect();
    let any = |p, fault| Rate { p, on: Matcher::default(), fault };
    rates.push(any(0.002, RestFault::Refuse { for_ms: 1_000 }));
    rates.push(any(0.004, RestFault::UserTooMany { retry_ms: 1_000 }));
    rates.push(any(0.004, RestFault::SharedTooMany { retry_ms: 1_500 }));
    rates.push(any(0.004, RestFault::GlobalTooMany { retry_ms: 2_000 }));
    rates.push(any(0.000_5, RestFault::BareTooMany));
    rates
}

fn gateway() -> [(GatewayFault, f64); 8] {
    [
        (GatewayFault::Zombie, 0.002),
        (GatewayFault::Duplicate, 0.03),
        (GatewayFault::Cut, 0.005),
        (GatewayFault::Reconnect, 0.005),
        (GatewayFault::SessionLost, 0.004),
        (GatewayFault::Invalid { resumable: true }, 0.003),
        (GatewayFault::Beat, 0.01),
        (GatewayFault::Close { code: 4000 }, 0.003),
    ]
}

/// Requests that came although whoever sent them could have known better, each with what was refused before it.
pub(super) fn overruns(discord: &Standin) -> Vec<String> {
    const BEFORE: usize = 3;
    let refused = |request: &Request| request.refused.is_some();
    let all: Vec<_> = discord.requests(&Filter::default()).into_iter().filter(refused).collect();
    let own = (0..all.len()).filter(|&at| all[at].refused.is_some_and(|refused| refused.own));
    let told = |at: usize| {
        let before = all[at.saturating_sub(BEFORE)..at].iter().map(line).collect::<Vec<_>>().join("; ");
        format!("our own fault: {}; before it: {before}", line(&all[at]))
    };
    own.map(told).collect()
}

fn line(request: &Request) -> String {
    let Request { at_ms, method, kind, channel, webhook, fault, refused, .. } = request;
    let refused = refused.map(|refused| refused.kind);
    format!("{at_ms} {method} {kind:?} channel {channel:?} webhook {webhook:?}, {refused:?}, fault {fault:?}")
}
