//! When a node seals, decided without looking at a clock.

use events::Offset;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Looks at the tail within one margin.
const LOOKS: u32 = 4;
/// A machine that sleeps less than this between two looks does nothing else.
const LOOK_MIN: Duration = Duration::from_millis(50);

/// How a node seals.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Once so many events wait,
    pub events: u64,
    /// or once some have waited for so long.
    pub age: Duration,
    /// What has lain on the log for less than this is left alone: a fail-over could still take it back.
    pub margin: Duration,
}

impl Pace {
    /// How often to look.
    #[must_use]
    pub fn look(&self) -> Duration {
        (self.margin / LOOKS).max(LOOK_MIN)
    }
}

/// The tails that were seen, and since when something waits.
#[derive(Debug)]
pub struct Waiting {
    pace: Pace,
    /// Newest last; of those that are older than the margin, the newest alone.
    tails: VecDeque<(Instant, Offset)>,
    since: Option<Instant>,
}

impl Waiting {
    /// Nothing was seen yet.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self { pace, tails: VecDeque::new(), since: None }
    }

    /// The log ends at `tail`, and is sealed before `sealed`; up to where it is to be sealed now.
    pub fn look(&mut self, now: Instant, tail: Offset, sealed: Offset) -> Option<Offset> {
        self.tails.push_back((now, tail));
        let old = |seen: &(Instant, Offset)| now.duration_since(seen.0) >= self.pace.margin;
        while self.tails.get(1).is_some_and(old) {
            self.tails.pop_front();
        }
        let (_, settled) = *self.tails.front().filter(|seen| old(seen))?;
        if settled <= sealed {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        let due = settled.0 - sealed.0 >= self.pace.events || now.duration_since(since) >= self.pace.age;
        due.then_some(settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PACE: Pace = Pace { events: 100, age: Duration::from_secs(3600), margin: Duration::from_secs(60) };

    /// Looks of a second each, at these tails; the second at which each is due.
    fn looks(tails: impl Fn(u64) -> u64, sealed: u64, seconds: u64) -> Option<(u64, u64)> {
        let (began, mut waiting) = (Instant::now(), Waiting::new(PACE));
        (0..seconds).find_map(|at| {
            let now = began + SECOND * u32::try_from(at).unwrap();
            Some((at, waiting.look(now, Offset(tails(at)), Offset(sealed))?.0))
        })
    }

    #[test]
    fn enough_that_has_lain_for_a_margin_is_sealed() {
        assert_eq!(looks(|_| 500, 0, 100), Some((60, 500)));
        assert_eq!(looks(|at| if at < 30 { 99 } else { 200 }, 0, 3000), Some((90, 200)));
        assert_eq!(looks(|at| at, 0, 3000), Some((160, 100)), "what came in the last minute is not");
    }

    #[test]
    fn a_few_are_sealed_when_they_have_waited_long_and_nothing_is_never() {
        assert_eq!(looks(|_| 7, 0, 10_000), Some((3660, 7)));
        assert_eq!(looks(|_| 7, 7, 10_000), None);
        assert_eq!(looks(|_| 7, 9, 10_000), None, "a stream that was made anew");
    }

    #[test]
    fn it_keeps_no_more_than_it_needs() {
        let (began, mut waiting) = (Instant::now(), Waiting::new(PACE));
        for at in 0..1000 {
            waiting.look(began + SECOND * at, Offset(u64::from(at)), Offset(0));
            assert!(waiting.tails.len() <= 62);
        }
    }
}
