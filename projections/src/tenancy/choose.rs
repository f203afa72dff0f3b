//! Which leases to renew, give and take now.

use super::shares::{Kind, Shares};
use super::{Held, Step, Tenancy};
use crate::leases::{LeaseName, LeaseRow};
use std::collections::{BTreeMap, BTreeSet};

/// A lease that somebody took beyond its share, because nobody else did, is kept for so many lease times.
const KEPT_LEASES: u64 = 5;

/// Whose a lease is.
enum Standing {
    /// Anybody may take it, since then.
    Free(u64),
    Held,
}

impl Tenancy {
    /// All but what is lost.
    pub(super) fn choose(
        &mut self,
        now_ms: u64,
        wanted: &[LeaseName],
        lost: &BTreeSet<LeaseName>,
    ) -> Vec<Step> {
        let shares = Kind::ALL.map(|kind| self.shares(kind, now_ms, wanted));
        let gives = self.gives(&shares, now_ms, wanted);
        let mut renewals = self.renewals(now_ms);
        renewals.retain(|name| !gives.contains(name));
        let takes = self.takes(&shares, now_ms, lost);
        let renewals = renewals.into_iter().map(|name| Step::Renew(name, self.next(name)));
        let gives = gives.into_iter().map(|name| Step::Give(name, self.given(name)));
        let takes = takes.into_iter().map(|name| Step::Take(name, self.taken(name)));
        renewals.chain(gives).chain(takes).collect()
    }

    /// Who holds how many, as far as this process can see, and what may be taken.
    fn shares(&self, kind: Kind, now_ms: u64, wanted: &[LeaseName]) -> Shares {
        let mut counts: BTreeMap<_, _> = self.live(now_ms).into_iter().map(|node| (node, 0)).collect();
        let mut free = Vec::new();
        let names: Vec<_> = wanted.iter().copied().filter(|name| kind.has(*name)).collect();
        for name in &names {
            match self.standing(*name, now_ms) {
                Standing::Free(since_ms) => free.push((*name, since_ms)),
                Standing::Held => {
                    let holder = self.seen.get(name).and_then(|seen| seen.row.holder);
                    holder.and_then(|holder| counts.get_mut(&holder.node)).into_iter().for_each(|n| *n += 1);
                }
            }
        }
        Shares { kind, names, counts, free }
    }

    fn standing(&self, name: LeaseName, now_ms: u64) -> Standing {
        let Some(seen) = self.seen.get(&name) else {
            return Standing::Free(self.looked.map_or(now_ms, |looked| looked.first_ms));
        };
        let over_ms = seen.since_ms + self.rules.lease_ms + self.rules.margin_ms;
        match seen.row.holder {
            None => Standing::Free(seen.since_ms),
            Some(holder) if holder.home != self.me.home && now_ms >= over_ms => Standing::Free(over_ms),
            Some(_) => Standing::Held,
        }
    }

    /// Whether nothing is under way about it.
    fn is_idle(&self, name: LeaseName) -> bool {
        !self.flying.contains_key(&name) && !self.doubts.contains_key(&name)
    }

    /// What may be renewed or given now.
    fn idle(&self) -> impl Iterator<Item = (LeaseName, &Held)> {
        self.held.iter().map(|(name, held)| (*name, held)).filter(|(name, _)| self.is_idle(*name))
    }

    /// With the node's name everything is renewed, so that what a dead node had ends all at once.
    fn renewals(&self, now_ms: u64) -> Vec<LeaseName> {
        let due = |held: &Held| held.soon || now_ms >= held.renewed_ms + self.rules.renew_every_ms;
        let all = self.idle().any(|(name, held)| name == self.name() && due(held));
        let due = self.idle().filter(|(_, held)| !held.leaving && (all || due(held)));
        due.map(|(name, _)| name).collect()
    }

    /// What is to be given: what does not exist any more, everything without a name or in a drain, and one at a
    /// time of what is beyond this node's share. The name goes last.
    fn gives(&self, shares: &[Shares], now_ms: u64, wanted: &[LeaseName]) -> Vec<LeaseName> {
        let name = self.name();
        let everything = self.note.draining || !self.held.contains_key(&name);
        let surplus: Vec<_> = shares.iter().filter_map(|shares| self.surplus(shares, now_ms)).collect();
        let give = |work: LeaseName, held: &Held| {
            everything || held.leaving || !wanted.contains(&work) || surplus.contains(&work)
        };
        let work = self.idle().filter(|(work, _)| *work != name);
        let mut gives: Vec<_> = work.filter(|(work, held)| give(*work, held)).map(|(work, _)| work).collect();
        let under_way = || self.flying.keys().chain(self.doubts.keys()).chain(self.held.keys());
        if self.note.draining && self.held.contains_key(&name) && under_way().all(|other| *other == name) {
            gives.extend(self.is_idle(name).then_some(name));
        }
        gives
    }

    /// The last that was beyond this node's share, if none is leaving already for that.
    fn surplus(&self, shares: &Shares, now_ms: u64) -> Option<LeaseName> {
        let of_kind = || self.held.iter().filter(|(name, _)| shares.kind.has(**name));
        let leaving = of_kind().filter(|(_, held)| held.leaving).count();
        let beyond = shares.surplus(self.me.node) > leaving && now_ms >= self.keeps_until_ms;
        let mut stays = of_kind().filter(|(name, held)| !held.leaving && self.is_idle(**name));
        beyond.then(|| stays.next_back().map(|(name, _)| *name))?
    }

    /// What is to be taken: the name first, and while there is none, nothing else.
    fn takes(&mut self, shares: &[Shares], now_ms: u64, lost: &BTreeSet<LeaseName>) -> Vec<LeaseName> {
        if self.note.draining {
            return Vec::new();
        }
        let may =
            |name: &LeaseName| self.is_idle(*name) && !self.held.contains_key(name) && !lost.contains(name);
        let name = self.name();
        if !self.held.contains_key(&name) {
            let free = matches!(self.standing(name, now_ms), Standing::Free(_)) || self.was_mine(name);
            return if free && may(&name) { vec![name] } else { Vec::new() };
        }
        let (mut takes, mut beyond) = (Vec::new(), false);
        for shares in shares {
            let own = shares.names.iter().copied().filter(|name| self.was_mine(*name));
            let mut mine: Vec<_> = own.chain(shares.dealt(self.me.node)).filter(may).collect();
            let due = mine.len();
            let overdue = shares.overdue(now_ms, self.rules.lease_ms).filter(may);
            let overdue: Vec<_> = overdue.filter(|name| !mine.contains(name)).collect();
            mine.extend(overdue);
            mine.truncate(self.rules.takes_per_tick_max);
            beyond |= mine.len() > due;
            takes.extend(mine);
        }
        if beyond {
            self.keeps_until_ms = now_ms + KEPT_LEASES * self.rules.lease_ms;
        }
        takes
    }

    /// Whether this process had it, or an earlier one of this data directory: that one is gone, for its lock was
    /// free.
    fn was_mine(&self, name: LeaseName) -> bool {
        let holder = self.seen.get(&name).and_then(|seen| seen.row.holder);
        holder.is_some_and(|holder| holder.home == self.me.home)
    }

    pub(super) fn hand_out(&mut self, step: &Step) {
        let name = step.name();
        if step.row().is_some() {
            self.flying.insert(name, step.clone());
        }
        if let Some(held) = self.held.get_mut(&name) {
            held.leaving |= matches!(step, Step::Give(..));
            held.soon = false;
        }
    }

    /// The stored row with the next revision and what this process leaves in it.
    fn next(&self, name: LeaseName) -> LeaseRow {
        let mut row = self.seen.get(&name).map(|seen| seen.row.clone()).unwrap_or_default();
        row.rev += 1;
        if let Some(note) = self.held.get(&name).and_then(|held| held.note.clone()) {
            row.note = note;
        }
        if name == self.name() {
            row.note = self.note.encode();
        }
        row
    }

    fn given(&self, name: LeaseName) -> LeaseRow {
        LeaseRow { holder: None, ..self.next(name) }
    }

    fn taken(&self, name: LeaseName) -> LeaseRow {
        let row = self.next(name);
        LeaseRow { epoch: row.epoch + 1, holder: Some(self.me), ..row }
    }
}
