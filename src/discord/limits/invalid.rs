//! The budget of invalid requests: Discord blocks the address of who spends it. From half of it on everything goes
//! slower, so slow that what is left lasts ten minutes even if all that is sent were refused.

const MINUTE_MS: u64 = 60_000;
/// The time of the budget.
const BUDGET_MS: u64 = 10 * MINUTE_MS;
/// Ten minutes, and the one that is running.
const MINUTES: usize = 11;

/// Refused requests by minute: exact enough, and of a fixed size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Invalid {
    minutes: [(u64, u32); MINUTES],
    sent_at: u64,
}

impl Invalid {
    /// One was refused.
    pub(super) const fn add(&mut self, now: u64) {
        let minute = now / MINUTE_MS;
        let slot = &mut self.minutes[(minute % MINUTES as u64) as usize];
        if slot.0 != minute {
            *slot = (minute, 0);
        }
        slot.1 += 1;
    }

    /// One is sent: the next is paced from here.
    pub(super) const fn sent(&mut self, now: u64) {
        self.sent_at = now;
    }

    /// Refused in the last ten minutes.
    pub(super) fn count(&self, now: u64) -> u32 {
        self.recent(now).map(|slot| slot.1).sum()
    }

    /// Whether so many are more than half of `most`.
    pub(super) fn is_short(&self, most: u32, now: u64) -> bool {
        self.count(now) > most / 2
    }

    /// Milliseconds until one more may be sent.
    pub(super) fn wait(&self, most: u32, now: u64) -> u64 {
        match most.checked_sub(self.count(now)) {
            _ if !self.is_short(most, now) => 0,
            None | Some(0) => self.forgotten(now),
            Some(left) => (self.sent_at + BUDGET_MS / u64::from(left)).saturating_sub(now),
        }
    }

    fn recent(&self, now: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let minute = now / MINUTE_MS;
        self.minutes.iter().copied().filter(move |slot| slot.1 > 0 && slot.0 + MINUTES as u64 > minute)
    }

    /// Until the oldest minute is forgotten.
    fn forgotten(&self, now: u64) -> u64 {
        let oldest = self.recent(now).map(|slot| slot.0).min();
        oldest.map_or(0, |minute| ((minute + MINUTES as u64) * MINUTE_MS).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_all_is_refused_for_an_hour_the_budget_still_lasts() {
        const MOST: u32 = 100;
        let (mut invalid, mut now, mut refused) = (Invalid::default(), 0, Vec::new());
        while now < 6 * BUDGET_MS {
            match invalid.wait(MOST, now) {
                0 => {
                    invalid.sent(now);
                    invalid.add(now);
                    refused.push(now);
                    now += 10;
                }
                ms => now += ms,
            }
        }
        let in_ten_minutes =
            |from: &u64| refused.iter().filter(|at| (*from..from + BUDGET_MS).contains(at)).count();
        let most = refused.iter().map(in_ten_minutes).max();
        assert!(most.is_some_and(|most| (60..=MOST as usize).contains(&most)), "{most:?}");
        assert!(refused.iter().rev().take(2).all(|at| *at > 5 * BUDGET_MS), "it never stops for good");
    }

    #[test]
    fn half_of_it_costs_nothing_and_then_it_is_slow() {
        let mut invalid = Invalid::default();
        invalid.sent(1_000);
        (0..50).for_each(|_| invalid.add(1_000));
        assert_eq!(invalid.wait(100, 1_000), 0);
        invalid.add(1_000);
        assert_eq!(invalid.wait(100, 1_000), 600_000 / 49);
        (0..48).for_each(|_| invalid.add(1_000));
        assert_eq!(invalid.wait(100, 1_000), 600_000, "the last one");
        invalid.add(1_000);
        assert_eq!(invalid.wait(100, 1_000), 659_000, "until the minute is forgotten");
        assert_eq!(invalid.wait(100, 660_000), 0);
    }
}
