//! Limiters against Discord's limits, all of them at once and in a time of its own: none is overrun, all are used.

use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// Discord's windows, each begun by its first request.
#[derive(Default)]
struct Discord {
    windows: BTreeMap<(&'static str, u64), (u64, u32)>,
    /// Whether the channel's limit is there.
    is_hidden: bool,
    posted: u32,
    refused: u32,
}

impl Discord {
    /// Requests left in a window, and when it ends; `None`: one too many.
    fn take(&mut self, key: (&'static str, u64), most: u32, ms: u64, now: u64) -> Option<(u32, u64)> {
        let window = self.windows.entry(key).or_default();
        if now >= window.0 {
            *window = (now + ms, 0);
        }
        window.1 += 1;
        Some((most.checked_sub(window.1)?, window.0 - now))
    }

    fn post(&mut self, lane: Lane, now: u64) -> (u16, Headers) {
        let global = self.take(("bot", 0), 50, SECOND, now);
        let hidden = !self.is_hidden || self.take(("channel", lane.channel), 30, MINUTE, now).is_some();
        let bucket = self.take(("webhook", lane.webhook), 5, 2 * SECOND, now);
        let (Some(_), true, Some((left, after))) = (global, hidden, bucket) else {
            self.refused += 1;
            return (429, headers("scope=user retry=1 bucket=b limit=5 remaining=0 reset-after=1"));
        };
        self.posted += 1;
        let after = after as f64 / 1000.0;
        (200, headers(&format!("bucket=b limit=5 remaining={left} reset-after={after:.3}")))
    }
}

/// Posts one after another, for ever.
#[derive(Clone, Copy)]
struct Lane {
    node: usize,
    channel: u64,
    webhook: u64,
}

enum Event {
    Ask,
    Arrive(Ticket),
    Answer(Ticket, u16, Headers),
}

/// What is to be tried.
struct Trial {
    nodes: usize,
    sharing: Sharing,
    channels: u64,
    webhooks_each: u64,
    is_hidden: bool,
    /// The longest way there, and back.
    way_ms: u64,
    for_ms: u64,
}

const ONE: Trial = Trial {
    nodes: 1,
    sharing: Sharing::Alone,
    channels: 1,
    webhooks_each: 1,
    is_hidden: true,
    way_ms: 20,
    for_ms: 10 * MINUTE,
};

impl Trial {
    fn lanes(&self) -> Vec<Lane> {
        let all = (0..self.channels * self.webhooks_each).map(|n| Lane {
            node: n as usize % self.nodes,
            channel: n / self.webhooks_each,
            webhook: n,
        });
        all.collect()
    }

    /// Posts that the limits allow.
    fn allowed(&self) -> u64 {
        let seconds = self.for_ms / SECOND;
        let bucket = self.webhooks_each * 5 * seconds / 2;
        let channel = if self.is_hidden { bucket.min(30 * self.for_ms.div_ceil(MINUTE)) } else { bucket };
        (self.channels * channel).min(50 * seconds)
    }

    /// Plays it; gives (posted of a hundred that were allowed, refused).
    fn play(&self) -> (u64, u32) {
        let per_minute = if self.is_hidden { 30 } else { 0 };
        let settings = Settings { channel_per_minute: per_minute, ..Settings::default() };
        let mut limits: Vec<_> = (0..self.nodes).map(|_| Limits::new(settings)).collect();
        limits.iter_mut().for_each(|limits| limits.shared(self.sharing));
        let mut discord = Discord { is_hidden: self.is_hidden, ..Discord::default() };
        let (lanes, mut dice) = (self.lanes(), ChaCha8Rng::seed_from_u64(7));
        let mut queue: BinaryHeap<_> = (0..lanes.len()).map(|n| Reverse((MS, n))).collect();
        let mut next: Vec<_> = lanes.iter().map(|_| Event::Ask).collect();
        while let Some(Reverse((now, n))) = queue.pop().filter(|Reverse((at, _))| *at < MS + self.for_ms) {
            let (lane, way) = (lanes[n], dice.random_range(1..=self.way_ms));
            let limits = &mut limits[lane.node];
            let (after, event) = match std::mem::replace(&mut next[n], Event::Ask) {
                Event::Ask => {
                    let route = RouteKey { kind: Kind::ExecuteWebhook, major: lane.webhook };
                    match limits.permit(route, Some(lane.channel), now) {
                        Permit::Go(ticket) => (way, Event::Arrive(ticket)),
                        Permit::Wait(ms) => (ms, Event::Ask),
                    }
                }
                Event::Arrive(ticket) => {
                    let (status, headers) = discord.post(lane, now);
                    (way, Event::Answer(ticket, status, headers))
                }
                Event::Answer(ticket, status, headers) => {
                    limits.answered(ticket, status, &headers, now);
                    (0, Event::Ask)
                }
            };
            next[n] = event;
            queue.push(Reverse((now + after, n)));
        }
        (u64::from(discord.posted) * 100 / self.allowed(), discord.refused)
    }
}

#[test]
fn what_is_allowed_is_used_and_nothing_more() {
    for (name, trial) in [
        ("a webhook", Trial { is_hidden: false, ..ONE }),
        ("three webhooks of a channel", Trial { is_hidden: false, webhooks_each: 3, ..ONE }),
        ("a channel", ONE),
        ("a channel of three webhooks", Trial { webhooks_each: 3, ..ONE }),
        ("ten channels", Trial { channels: 10, for_ms: 3 * MINUTE, ..ONE }),
        ("two hundred channels", Trial { channels: 200, for_ms: MINUTE / 2, ..ONE }),
        (
            "sixty, free of the channel's limit",
            Trial { channels: 60, is_hidden: false, for_ms: MINUTE / 2, ..ONE },
        ),
    ] {
        let (used, refused) = trial.play();
        assert_eq!(refused, 0, "{name}");
        assert!((95..=100).contains(&used), "{name}: {used} of 100");
    }
}

#[test]
fn a_slow_way_costs_some_of_it_and_no_refusal() {
    for way_ms in [100, 240] {
        for trial in [Trial { way_ms, ..ONE }, Trial { way_ms, channels: 90, for_ms: MINUTE / 3, ..ONE }] {
            let (used, refused) = trial.play();
            assert_eq!(refused, 0, "{way_ms} ms");
            assert!(used >= 75, "{way_ms} ms: {used} of 100");
        }
    }
}

#[test]
fn three_nodes_use_what_one_bot_may() {
    let three = Trial { nodes: 3, sharing: Sharing::Among(3), channels: 120, for_ms: MINUTE / 3, ..ONE };
    let (used, refused) = three.play();
    assert_eq!(refused, 0);
    assert!((90..=100).contains(&used), "{used} of 100");
    let (_, refused) = Trial { sharing: Sharing::Alone, ..three }.play();
    assert!(refused > 0, "without shares they overrun it, and it is seen");
}
