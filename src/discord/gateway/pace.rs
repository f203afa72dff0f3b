//! The pace of reconnects: two nodes that resume one session throw each other out at once, again and again, until
//! one of them learns that the shard is not its own any more. Discord would see hundreds of RESUMEs a second.

use std::time::Duration;
use tokio::time::Instant;

/// A connection that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(10);
/// The first wait, doubled each time up to the last. One early end alone is forgiven.
const FIRST: Duration = Duration::from_millis(250);
const LAST: Duration = Duration::from_secs(8);

/// How often connections ended soon after they began.
#[derive(Debug, Default)]
pub(super) struct Pace {
    began: Option<Instant>,
    early: u32,
}

impl Pace {
    /// A session began or went on: how long to wait, where the end of the last connection was not told.
    pub(super) fn began(&mut self, now: Instant) -> Duration {
        let wait = if self.began.is_some() { self.ended(now) } else { Duration::ZERO };
        self.began = Some(now);
        wait
    }

    /// The connection ended: how long to wait before the next.
    pub(super) fn ended(&mut self, now: Instant) -> Duration {
        // Where nothing could be reached, twilight waits by itself.
        let Some(began) = self.began.take() else { return Duration::ZERO };
        self.early = if now - began >= GOOD { 0 } else { self.early + 1 };
        match self.early {
            0 | 1 => Duration::ZERO,
            early => FIRST.saturating_mul(1 << (early - 2).min(16)).min(LAST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_end_at_once_are_made_ever_more_slowly() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for lasts_ms in [5, 5, 5, 5, 5, 5, 5, 5, 20_000, 5] {
            pace.began(now);
            now += Duration::from_millis(lasts_ms);
            waits.push(pace.ended(now).as_millis());
        }
        assert_eq!(waits, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 0, 0]);
        let again = [pace.began(now), pace.began(now), pace.began(now)].map(|wait| wait.as_millis());
        assert_eq!(again, [0, 250, 500], "ends that nobody told of count as well");
        assert_eq!(pace.ended(now), Duration::from_secs(1), "nor is the end of the last one forgiven");
        assert_eq!(pace.ended(now), Duration::ZERO, "no connection, no end");
    }
}
