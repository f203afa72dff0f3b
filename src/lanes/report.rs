//! How the lanes stand, for people.

use super::run::End;
use super::slot::Slot;
use events::event::Outcome;
use events::{MessageId, Offset};
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
    /// Messages that wait in it.
    pub waiting: u64,
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
}

impl Counters {
    /// Counts a receipt.
    pub fn receipt(&self, receipted: &Receipted) {
        let counter = match receipted.receipt.outcome {
            Outcome::Shown(_) | Outcome::Posted { .. } | Outcome::Threaded(_) => &self.shown,
            Outcome::Gone(_) => &self.gone,
            Outcome::Refused { .. } => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Says that a lane is held.
pub(super) fn held(id: LaneId, slot: &Slot, end: &End) {
    let why = slot.lane().and_then(Lane::trouble).unwrap_or("another owner has it");
    tracing::error!(mirror = %id.mirror, channel = id.link.0, why, ?end, "a lane is held; others go on");
}
