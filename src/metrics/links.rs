//! How far links lag, within bounds: sums and the worst over all of them, and by name only the worst few.

use crate::health::{LaneAt, Snapshot};
use crate::lanes::{LaneReport, LaneState};
use events::Version;
use projections::lanes::LaneId;
use std::cmp::Reverse;

/// Links that are named at most.
pub const LINKS_MAX: usize = 50;
/// Those that owe something for less than this are not named: every copy takes a moment.
const NAMED_SECONDS_MIN: u64 = 1;
/// How many links are behind for more than each of these.
pub const BEHIND_SECONDS: [u64; 5] = [1, 10, 60, 600, 3_600];
/// What lanes do that owe something.
pub(super) const STATES: [&str; 4] = ["working", "waiting", "held", "again"];

/// The lag of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lag {
    pub(super) id: LaneId,
    pub(super) messages: u64,
    pub(super) seconds: u64,
}

/// The lag of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lags {
    /// The oldest by state, in seconds; as [`STATES`].
    pub(super) oldest: [u64; STATES.len()],
    /// Lanes in each of them.
    pub(super) lanes: [u64; STATES.len()],
    /// Messages that all of them owe.
    pub(super) messages: u64,
    /// Links behind for more than each of [`BEHIND_SECONDS`].
    pub(super) behind: [u64; BEHIND_SECONDS.len()],
    /// The worst, by seconds and then by messages.
    pub(super) worst: Vec<Lag>,
}

/// Adds up what links lag.
pub(super) fn lags(seen: &Snapshot) -> Lags {
    let (mut lags, mut named) = (Lags::default(), Vec::new());
    for LaneAt { report, .. } in &seen.lanes {
        let seconds = seconds(report, seen.now);
        lags.messages += report.waiting;
        for (behind, _) in lags.behind.iter_mut().zip(BEHIND_SECONDS).filter(|(_, least)| seconds >= *least) {
            *behind += 1;
        }
        if let Some(state) = place(report) {
            lags.lanes[state] += 1;
            lags.oldest[state] = lags.oldest[state].max(seconds);
        }
        if seconds >= NAMED_SECONDS_MIN {
            named.push(Lag { id: report.id, messages: report.waiting, seconds });
        }
    }
    named.sort_unstable_by_key(|lag| (Reverse(lag.seconds), Reverse(lag.messages), lag.id));
    named.truncate(LINKS_MAX);
    lags.worst = named;
    lags
}

/// For so long the oldest of what a lane owes is owed. Clocks of two nodes may differ, and less than nothing is nothing.
fn seconds(report: &LaneReport, now: Version) -> u64 {
    let age_us = report.since.map_or(0, |since| now.0.saturating_sub(since.0));
    u64::try_from(age_us).unwrap_or(0) / 1_000_000
}

/// Which of [`STATES`]; none: it owes nothing.
const fn place(report: &LaneReport) -> Option<usize> {
    match report.state {
        LaneState::Idle => None,
        LaneState::Held => Some(2),
        LaneState::Working | LaneState::Waiting if report.again => Some(3),
        LaneState::Working => Some(0),
        LaneState::Waiting => Some(1),
    }
}
