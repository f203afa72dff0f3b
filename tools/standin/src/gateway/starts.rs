//! Who may IDENTIFY: one per bucket and gap, so many a day.

use std::collections::HashMap;

use crate::Starts;

/// 24 hours, from the first IDENTIFY on.
const DAY_MS: u64 = 24 * 3_600_000;

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
    /// All of the day, whatever became of them.
    asked: u64,
    day_began_ms: u64,
    /// When the last of each bucket was let through.
    last_ms: HashMap<u64, u64>,
}

impl Desk {
    pub(crate) fn new(rules: Starts) -> Self {
        Self { rules, asked: 0, day_began_ms: 0, last_ms: HashMap::new() }
    }

    pub(crate) fn ask(&mut self, shard: u64, now_ms: u64) -> Start {
        if self.reset_after_ms(now_ms) == 0 {
            (self.asked, self.day_began_ms) = (0, now_ms);
        }
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

    /// How many IDENTIFYs are left, and for how long that number holds.
    pub(crate) fn left(&self, now_ms: u64) -> (u64, u64) {
        match self.reset_after_ms(now_ms) {
            0 => (self.rules.total, DAY_MS),
            reset_ms => (self.rules.total.saturating_sub(self.asked), reset_ms),
        }
    }

    fn reset_after_ms(&self, now_ms: u64) -> u64 {
        (self.day_began_ms + DAY_MS).saturating_sub(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_with_its_first_identify_and_ends_24_hours_later() {
        let began = 1_700_000_000_000;
        let mut desk = Desk::new(Starts { total: 2, ..Starts::default() });
        assert_eq!(desk.left(began), (2, DAY_MS));
        assert_eq!([desk.ask(0, began), desk.ask(0, began + 5)], [Start::Yes, Start::Yes]);
        assert_eq!(desk.left(began + 1_000), (0, DAY_MS - 1_000));
        assert_eq!(desk.ask(0, began + DAY_MS - 1), Start::Spent);
        assert_eq!(desk.left(began + DAY_MS), (2, DAY_MS));
        assert_eq!(desk.ask(0, began + DAY_MS), Start::Yes);
    }
}
