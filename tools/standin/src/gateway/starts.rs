//! Who may IDENTIFY: one per bucket and gap, so many a day.

use std::collections::HashMap;

use crate::Starts;

/// What becomes of an IDENTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// A session begins.
    Yes,
    /// Another of its bucket was too short a time ago: op 9.
    Crowded,
    /// The day's are spent: the token is reset.
    Spent,
}

/// Counts IDENTIFYs.
pub(crate) struct Desk {
    pub(crate) rules: Starts,
    /// All, whatever became of them.
    pub(crate) asked: u64,
    /// When the last of each bucket was let through.
    last_ms: HashMap<u64, u64>,
}

impl Desk {
    pub(crate) fn new(rules: Starts) -> Self {
        Self { rules, asked: 0, last_ms: HashMap::new() }
    }

    pub(crate) fn ask(&mut self, shard: u64, now_ms: u64) -> Start {
        self.asked += 1;
        if self.asked > self.rules.total {
            return Start::Spent;
        }
        let bucket = shard % self.rules.max_concurrency.max(1);
        let free_ms = self.last_ms.get(&bucket).map_or(0, |last_ms| last_ms + self.rules.gap_ms);
        if now_ms < free_ms {
            return Start::Crowded;
        }
        self.last_ms.insert(bucket, now_ms);
        Start::Yes
    }
}
