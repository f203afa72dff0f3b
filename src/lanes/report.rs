//! How the lanes stand, for people.

use super::run::End;
use super::slot::Slot;
use events::event::{Outcome, Receipt};
use events::{MessageId, Offset, Version};
use projections::lane::{Lane, Receipted};
use projections::lanes::LaneId;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// How one lane stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneReport {
    /// Which.
    pub id: LaneId,
    /// What it does.
    pub state: LaneState,
    /// Messages that wait in it, at least.
    pub waiting: u64,
    /// Since when the first of what it owes is owed; none: nothing is, or it is not known yet.
    pub since: Option<Version>,
    /// Its place in the log: where the first of that is, or where it goes by the log.
    pub head: Option<Offset>,
    /// It goes through the whole log once more (a backfill, a restore): what it owes was not owed before.
    pub again: bool,
    /// It goes by the log from here, besides.
    pub walking_from: Option<Offset>,
    /// Why it is held or waits.
    pub trouble: Option<String>,
    /// Copies of ours in the channel that nothing explains: never removed.
    pub strangers: Vec<MessageId>,
}

/// What a lane does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneState {
    /// Nothing is owed.
    Idle,
    /// It works or is about to.
    Working,
    /// For a rate limit, or until an outcome is known.
    Waiting,
    /// Until the operator decides.
    Held,
}

/// What the lanes have done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Receipts of parts posted or edited, and of threads.
    pub shown: AtomicU64,
    /// Receipts of parts removed.
    pub gone: AtomicU64,
    /// Receipts of messages refused.
    pub refused: AtomicU64,
    /// Requests of which nobody knew at once what they did.
    pub ambiguous: AtomicU64,
    /// Late duplicates that the audit removed.
    pub healed: AtomicU64,
}

impl Counters {
    /// A receipt is on the log.
    pub fn receipt(&self, lane: LaneId, receipted: &Receipted) {
        let (LaneId { mirror, link: channel }, Receipt { copy, part, outcome, .. }) =
            (lane, &receipted.receipt);
        let message = receipted.place.message;
        let counter = match outcome {
            Outcome::Shown(_) | Outcome::Posted { .. } | Outcome::Threaded(_) => {
                tracing::debug!(%mirror, %channel, %message, %copy, part, "a copy is shown");
                &self.shown
            }
            Outcome::Gone(by) => {
                tracing::debug!(%mirror, %channel, %message, %copy, part, ?by, "a copy is gone");
                &self.gone
            }
            Outcome::Refused { reason, .. } => {
                tracing::warn!(%mirror, %channel, %message, part, reason, "a channel refuses a message");
                &self.refused
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody knows what a request did.
    pub fn ambiguous(&self, lane: LaneId, why: &str) {
        let LaneId { mirror, link: channel } = lane;
        tracing::warn!(%mirror, %channel, why, "the outcome of a request is unknown; evidence will tell");
        self.ambiguous.fetch_add(1, Ordering::Relaxed);
    }

    /// The audit removed what a settled request did late.
    pub fn healed(&self, lane: LaneId) {
        let LaneId { mirror, link: channel } = lane;
        tracing::warn!(%mirror, %channel, "a late duplicate was removed");
        self.healed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Says that a lane is held.
pub(super) fn held(id: LaneId, slot: &Slot, end: &End) {
    let why = slot.lane().and_then(Lane::trouble).unwrap_or("another owner has it");
    tracing::error!(mirror = %id.mirror, channel = id.link.0, why, ?end, "a lane is held; others go on");
}
