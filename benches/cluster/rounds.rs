//! Rounds: every side once in each, the order turned round each time, the first not counted.

use mirror::bench::median;
use std::time::Duration;

/// Rounds that count.
pub(crate) const ROUNDS: usize = 3;
/// Rounds before them: files, connections and the servers' code are warm for all.
pub(crate) const WARM_UP: usize = 1;

/// What the sides took.
pub(crate) struct Rounds<const SIDES: usize> {
    warm_up: usize,
    times: [Vec<Duration>; SIDES],
}

impl<const SIDES: usize> Rounds<SIDES> {
    pub(crate) fn new() -> Self {
        Self::after(WARM_UP)
    }

    /// With so many rounds that are not counted.
    pub(crate) fn after(warm_up: usize) -> Self {
        Self { warm_up, times: std::array::from_fn(|_| Vec::new()) }
    }

    /// Round and side, in the order in which they are to be done.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (usize, usize)> + use<SIDES> {
        let side = |round: usize, at: usize| if round.is_multiple_of(2) { at } else { SIDES - 1 - at };
        (0..self.warm_up + ROUNDS).flat_map(move |round| (0..SIDES).map(move |at| (round, side(round, at))))
    }

    pub(crate) fn took(&mut self, (round, side): (usize, usize), time: Duration) {
        if round >= self.warm_up {
            self.times[side].push(time);
        }
    }

    /// What is said of the way it was measured.
    pub(crate) fn words(&self) -> String {
        format!("medians of {ROUNDS} rounds after {}, sides in turn", self.warm_up)
    }

    /// Prints a side's median rate, and the fastest; returns the first, in units a second.
    pub(crate) fn line(&self, side: usize, what: &str, Amount { count, bytes }: Amount) -> f64 {
        let times = &self.times[side];
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        let (middle, best) = (rate(self.median(side)), times.iter().min().copied().map_or(0.0, rate));
        let mib = bytes as f64 / self.median(side).as_secs_f64() / f64::from(1 << 20);
        println!("  {what:<54} {:>7.1} k/s (best {:.1}), {mib:.0} MiB/s", middle / 1e3, best / 1e3);
        middle
    }

    pub(crate) fn median(&self, side: usize) -> Duration {
        median(self.times[side].clone())
    }
}

/// How much a side does in one round.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// Prints a ratio and its aim.
pub(crate) fn ratio(what: &str, is: f64, aim: &str) {
    println!("  {what}: {is:.2} x (aim {aim})");
}
