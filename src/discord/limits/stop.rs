//! Everything stands still: a 429 for the whole bot, or a block by whoever stands before Discord.
//!
//! A block does not say how long it lasts, so when its time is thought to be over one request goes ahead and finds out.

/// What holds all requests back.
#[derive(Debug, Default)]
pub(super) struct Stop {
    until: u64,
    /// It was a block, and nothing has come through since.
    is_block: bool,
    /// The request that finds out.
    scout: Option<u64>,
}

impl Stop {
    /// Milliseconds until anything may be sent; `busy`: while the scout is out.
    pub(super) fn wait(&self, busy: u64, now: u64) -> u64 {
        self.until.saturating_sub(now).max(if self.scout.is_some() { busy } else { 0 })
    }

    /// The request of this number is sent.
    pub(super) const fn sent(&mut self, number: u64) {
        if self.is_block {
            self.scout = Some(number);
        }
    }

    /// Everything waits until then.
    pub(super) fn begin(&mut self, until: u64, is_block: bool) {
        self.until = until.max(self.until);
        self.is_block |= is_block;
    }

    /// The request of this number ended; `came_through`: with an answer of Discord's own.
    pub(super) fn ended(&mut self, number: u64, came_through: bool) {
        if self.scout == Some(number) {
            self.scout = None;
            self.is_block &= !came_through;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_block_one_goes_ahead() {
        let mut stop = Stop::default();
        stop.sent(1);
        stop.sent(2);
        stop.begin(1_000, true);
        stop.ended(1, true);
        assert_eq!((stop.wait(50, 400), stop.wait(50, 1_000)), (600, 0), "1 was answered before the block");
        stop.sent(3);
        assert_eq!(stop.wait(50, 1_000), 50);
        stop.ended(2, true);
        assert_eq!(stop.wait(50, 1_000), 50, "the scout alone tells");
        stop.begin(2_000, true);
        stop.ended(3, false);
        assert_eq!((stop.wait(50, 1_100), stop.wait(50, 2_000)), (900, 0));
        stop.sent(4);
        stop.ended(4, true);
        stop.sent(5);
        assert_eq!(stop.wait(50, 2_100), 0, "it is over");
    }

    #[test]
    fn a_wait_that_was_told_needs_no_scout() {
        let mut stop = Stop::default();
        stop.begin(1_000, false);
        assert_eq!((stop.wait(50, 1), stop.wait(50, 1_000)), (999, 0));
        stop.sent(1);
        assert_eq!(stop.wait(50, 1_000), 0);
    }
}
