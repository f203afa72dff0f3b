//! The audit: removes a late duplicate, reports what it cannot explain, and removes nothing else.

use super::{Action, Lane, Mode, Now, Rules, remember};
use crate::sink::{Answer, No, Request};
use events::MessageId;

impl Lane {
    /// The next thing to look after between two works, if any.
    pub(super) fn audit(&mut self, now: Now, rules: &Rules) -> Option<Action> {
        if let Some(id) = self.late.pop() {
            return Some(self.remove(id, now, rules));
        }
        let claimed = std::mem::take(&mut self.claimed);
        self.heard.retain(|id| !claimed.contains(id));
        self.claimed = claimed;
        if self.heard.is_empty() {
            return None;
        }
        self.mode = Mode::Identifying;
        Some(Action::Identify(std::mem::take(&mut self.heard)))
    }

    /// Of those that no receipt knows: a settled intent's late effect goes, the rest is reported.
    pub(super) fn judge(&mut self, strangers: &[MessageId], now: Now, rules: &Rules) -> Action {
        for &id in strangers.iter().filter(|id| !self.claimed.contains(id)) {
            if self.is_late(id, rules) {
                self.late.push(id);
            } else if !self.strangers.contains(&id) {
                remember(&mut self.strangers, id);
            }
        }
        self.ready(now, rules)
    }

    /// Whether `id` can only be the late effect of an intent that was settled otherwise.
    pub(super) fn is_late(&self, id: MessageId, rules: &Rules) -> bool {
        let explained = self.row.settled.iter().any(|settled| settled.covers(id, rules.settle_wait_ms));
        (explained || !rules.guards.interval) && !self.claimed.contains(&id)
    }

    fn remove(&mut self, id: MessageId, now: Now, rules: &Rules) -> Action {
        const HOUR_US: i64 = 3_600_000_000;
        let hour = now.wall.0 / HOUR_US;
        let removed = if self.row.removals.0 == hour { self.row.removals.1 } else { 0 };
        if removed >= rules.removals_per_hour {
            return self.hold(format!(
                "{removed} late duplicates were removed within an hour, which is the limit: see what is wrong, \
                 then `mirror release`"
            ));
        }
        self.row.removals = (hour, removed + 1);
        self.mode = Mode::Removing(id);
        let thread = self.threads.iter().find(|(message, _)| *message == id).map(|(_, thread)| *thread);
        Action::Send(Request::Delete(id, thread))
    }

    pub(super) fn removed(&mut self, id: MessageId, answer: &Answer, now: Now, rules: &Rules) -> Action {
        match answer {
            Answer::Yes(..) | Answer::No(No::Missing | No::Refused(_)) => {
                remember(&mut self.claimed, id);
                self.row.spend(id, rules.settle_wait_ms);
                self.ready(now, rules)
            }
            Answer::No(No::Wait(ms)) => self.later(id, *ms),
            Answer::No(No::Dead(reason)) => self.hold(reason.clone()),
            Answer::Ambiguous(_) => self.later(id, rules.retry_ms),
        }
    }

    fn later(&mut self, id: MessageId, ms: u64) -> Action {
        self.late.push(id);
        self.row.removals.1 = self.row.removals.1.saturating_sub(1);
        self.pause(ms.max(1), "a late duplicate is to be removed")
    }
}
