//! Resolving an intent whose outcome nobody knows: one's own after a lost answer, or an inherited one.
//!
//! Positive evidence counts at once: a message of the lane's own webhook that no receipt knows, behind the
//! last certain copy. The lane is serial and the webhook exclusive, so that is it; content is never
//! compared. Negative evidence needs W and two reads of history that each show an anchor.

use super::{Action, Deed, Doubt, Intent, Lane, Mode, Now, Phase, Rules, Settled, Sighting};
use crate::sink::{Answer, HistoryError, No, Request};
use events::MessageId;
use events::event::{Outcome, Shown};

impl Lane {
    /// History at opening: what is there that the row does not explain.
    pub(super) fn opening(
        &mut self,
        page: Result<Vec<Sighting>, HistoryError>,
        now: Now,
        rules: &Rules,
    ) -> Action {
        let seen = match page {
            Ok(seen) => seen,
            Err(HistoryError::Wait(ms)) => return Action::Wait(ms.max(1)),
            Err(HistoryError::Dead(reason)) => return self.hold(reason),
        };
        let unknown: Vec<MessageId> = seen.iter().filter(|s| s.ours && !s.known).map(|s| s.id).collect();
        let (late, open): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|id| self.is_late(*id, rules));
        let expected = usize::from(matches!(&self.row.phase, Phase::Intent(i) if i.deed == Deed::Create));
        let unexplained = open.iter().filter(|id| **id > self.row.last).count();
        // Each intent explains one message at most.
        if unexplained > expected || late.len() > self.row.settled.len() + expected {
            let lost = [late, open].concat();
            self.strangers = lost.iter().rev().take(super::MEMORY_MAX).rev().copied().collect();
            return self.hold(lost_past(&lost));
        }
        for id in late.into_iter().chain(open) {
            let thread = seen.iter().find(|seen| seen.id == id).and_then(|seen| seen.thread);
            self.heard(id, thread);
        }
        self.opened = true;
        self.inherit(now, rules)
    }

    /// What an earlier life left open.
    pub(super) fn inherit(&mut self, now: Now, rules: &Rules) -> Action {
        match &self.row.phase {
            Phase::Intent(Intent { deed: Deed::Create | Deed::Edit(_) | Deed::Thread(_), .. }) => {
                self.resolve(Doubt { since_ms: now.mono_ms, ..Doubt::default() }, now, rules)
            }
            Phase::Intent(Intent { deed: Deed::Delete(copy), .. }) => self.delete_again(*copy),
            Phase::Intent(_) | Phase::Idle | Phase::Done(_) => {
                self.row.phase = Phase::Idle;
                self.ready(now, rules)
            }
        }
    }

    /// It is the lane that says that it was us: Discord tells of our own delete as of somebody's.
    pub(super) fn delete_again(&mut self, copy: MessageId) -> Action {
        let request = Request::Delete(copy, self.thread());
        self.mode = Mode::Sending(Box::new(request.clone()));
        Action::Send(request)
    }

    /// Looks at what is known now, and asks for more where that is not enough.
    pub(super) fn resolve(&mut self, doubt: Doubt, now: Now, rules: &Rules) -> Action {
        let Phase::Intent(intent) = self.row.phase.clone() else { return Action::Stop };
        self.mode = Mode::Resolving(doubt);
        let left_ms = left_ms(doubt, now, rules);
        if let Deed::Edit(_) | Deed::Thread(_) = intent.deed {
            return match left_ms {
                0 => self.edit_unknown(&intent, now, rules),
                ms => self.wait_for(ms, "an edit may still take effect"),
            };
        }
        match self.evidence(&intent, rules) {
            Some(id) => self.found(&intent, id, rules),
            None if doubt.looked && left_ms > 0 => self.wait_for(left_ms, WAITS),
            None => Action::History(self.row.before_anchors(), intent.thread),
        }
    }

    /// A read of history while resolving.
    pub(super) fn looked(
        &mut self,
        page: Result<Vec<Sighting>, HistoryError>,
        doubt: Doubt,
        now: Now,
        rules: &Rules,
    ) -> Action {
        let Phase::Intent(intent) = self.row.phase.clone() else { return Action::Stop };
        let seen = match page {
            Ok(seen) => seen,
            Err(HistoryError::Wait(ms)) => return self.wait_for(ms.max(1), WAITS),
            Err(HistoryError::Dead(reason)) => return self.hold(reason),
        };
        for seen in seen.iter().filter(|seen| seen.ours && !seen.known) {
            self.heard(seen.id, seen.thread);
        }
        if let Some(id) = self.evidence(&intent, rules) {
            return self.found(&intent, id, rules);
        }
        self.mode = Mode::Resolving(Doubt { looked: true, ..doubt });
        let left_ms = left_ms(doubt, now, rules);
        if left_ms > 0 {
            return self.wait_for(left_ms, WAITS);
        }
        if rules.guards.anchor && !seen.iter().any(|s| self.row.anchors.contains(&s.id)) {
            return self.blind(&intent, doubt, rules);
        }
        if doubt.reads + 1 >= 2 || !rules.guards.twice {
            return self.without_effect(&intent, now, rules);
        }
        self.mode = Mode::Resolving(Doubt { looked: true, reads: doubt.reads + 1, ..doubt });
        self.wait_for((rules.settle_wait_ms / 4).max(1), WAITS)
    }

    /// History shows no anchor. All of them may have been removed: a notice is one, if it can be seen.
    fn blind(&mut self, intent: &Intent, doubt: Doubt, rules: &Rules) -> Action {
        if doubt.probed {
            return self.wait_for(rules.settle_wait_ms.max(rules.retry_ms), BLIND);
        }
        self.mode = Mode::Probing(Doubt { looked: true, probed: true, ..doubt });
        Action::Send(Request::Notice(intent.after))
    }

    /// What came of that notice; it is idempotent, so a doubtful answer costs nothing.
    pub(super) fn probed(&mut self, answer: &Answer, doubt: Doubt, rules: &Rules) -> Action {
        if let Answer::Yes(id, _) = answer {
            self.row.anchor(*id);
        }
        // Missing: one of the same nonce was posted of late, and is gone. Nothing was posted now.
        let probed = !matches!(answer, Answer::No(No::Missing | No::Wait(_)));
        self.mode = Mode::Resolving(Doubt { probed, ..doubt });
        self.wait_for(rules.retry_ms.max(1), BLIND)
    }

    /// The first message of ours behind the last certain copy that nothing claims, where it was to be posted.
    fn evidence(&self, intent: &Intent, rules: &Rules) -> Option<MessageId> {
        let place = |id: MessageId| self.threads.iter().find(|(message, _)| *message == id);
        let behind = |id: &&MessageId| {
            let is_there = place(**id).map(|(_, thread)| *thread) == intent.thread;
            is_there && **id > intent.after && !self.claimed.contains(id)
        };
        self.heard.iter().filter(behind).min().copied().filter(|_| rules.guards.evidence)
    }

    fn found(&mut self, intent: &Intent, id: MessageId, rules: &Rules) -> Action {
        // Where another create of late was settled as without effect, this may be that one, come late:
        // then it is written again, so that it shows what it should.
        let doubtful = self.row.settled.iter().any(|settled| settled.covers(id, rules.settle_wait_ms));
        let hash = if doubtful { 0 } else { intent.shown.hash };
        self.claim(id, intent.thread);
        let shown = Shown { hash, webhook: self.webhook, ..intent.shown.clone() };
        self.settle(intent, id, intent.outcome(shown))
    }

    fn without_effect(&mut self, intent: &Intent, now: Now, rules: &Rules) -> Action {
        self.row.settled.push(Settled { after: intent.after, until: MessageId::default() });
        if self.row.settled.len() > super::LaneRow::SETTLED_MAX {
            self.row.settled.remove(0);
        }
        self.row.phase = Phase::Idle;
        self.ready(now, rules)
    }

    /// Nobody knows what the copy shows: say so, and it is written again from the latest state. With a thread too:
    /// opened, changed or removed once more, it is the same.
    fn edit_unknown(&mut self, intent: &Intent, now: Now, rules: &Rules) -> Action {
        let copy = match intent.deed {
            Deed::Edit(copy) if rules.guards.verify_edit => copy,
            Deed::Edit(_) | Deed::Create | Deed::Delete(_) | Deed::Notice | Deed::Thread(_) => {
                self.row.phase = Phase::Idle;
                return self.ready(now, rules);
            }
        };
        let shown = Shown { hash: 0, webhook: self.webhook, ..intent.shown.clone() };
        self.settle(intent, copy, Outcome::Shown(shown))
    }

    fn wait_for(&mut self, ms: u64, why: &str) -> Action {
        self.waiting = Some(why.to_owned());
        Action::Wait(ms)
    }
}

/// What is left of W.
fn left_ms(doubt: Doubt, now: Now, rules: &Rules) -> u64 {
    let wait_ms = if rules.guards.wait { rules.settle_wait_ms } else { 0 };
    (doubt.since_ms + wait_ms).saturating_sub(now.mono_ms)
}

const WAITS: &str = "the outcome of a request is unknown: waiting until no late effect can come";
const BLIND: &str = "history shows none of the last known messages of this channel, so nothing can be \
                     concluded from it: is READ_MESSAGE_HISTORY missing?";

fn lost_past(ids: &[MessageId]) -> String {
    let first: Vec<String> = ids.iter().take(5).map(ToString::to_string).collect();
    format!(
        "{} messages of our webhook are in the channel that this data directory knows nothing of ({}{}): was an \
         old backup put back? Nothing is posted or removed here until `mirror release` says how to go on",
        ids.len(),
        first.join(", "),
        if ids.len() > first.len() { ", ..." } else { "" }
    )
}
