//! Who works on what: which leases this node takes, renews and gives. Decisions only, in milliseconds of one's own
//! monotonic clock.
//!
//! ```text
//! every tick:  Leases::all ─> observe ─> decide ─> [Lost | Renew | Give | Take] ─> Leases::save ─> saved
//!
//! holder    sent ├──────── lease ────────┤ until        (it stops margin before)
//! observer     first seen ├──────── lease ────────┼─ margin ─┤ takes over
//! ```
//! No clock is compared with another. A holder counts from when it *sent* the renewal that held; an observer counts
//! from when it first saw the revision, which was later. So the holder's time is over before the observer's is.
//!
//! Time in which nobody could look does not count: after an outage of the store, or of this process, holders get
//! their chance to renew before anyone takes over.
//!
//! Every node computes the same shares from the same rows (`shares`); where views differ for a moment, the
//! condition of the write settles who has it, and the next tick evens it out.

mod choose;
mod shares;
mod step;
#[cfg(test)]
mod tests;

pub use step::Step;

use crate::lanes::Saved;
use crate::leases::{Holder, LeaseName, LeaseRow};
use bytes::Bytes;
use events::{NodeId, Version};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The times and limits. The same on all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a renewal holds.
    pub lease_ms: u64,
    /// How long before the end a holder stops, and how long after it others still wait.
    pub margin_ms: u64,
    /// How often a lease is renewed. [`Tenancy::observe`] is to be called at least as often.
    pub renew_every_ms: u64,
    /// Leases of each kind taken in one tick.
    pub takes_per_tick_max: usize,
}

impl Rules {
    /// Leases of this length, with the usual proportions.
    #[must_use]
    pub const fn of(lease_ms: u64) -> Self {
        let (margin_ms, renew_every_ms) = (lease_ms / 5, lease_ms / 4);
        Self { lease_ms, margin_ms, renew_every_ms, takes_per_tick_max: 16 }
    }
}

impl Default for Rules {
    /// A dead node is taken over after 24 s and two ticks; a request of 10 s fits into what remains of a lease
    /// right before it is renewed.
    fn default() -> Self {
        Self::of(20_000)
    }
}

/// What a node says about itself in the note of its name's lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeNote {
    /// It gives everything and takes nothing.
    pub draining: bool,
    /// When it started, by its own wall clock: for people.
    pub started: Version,
    /// The program's version.
    pub version: String,
}

impl NodeNote {
    /// As it is kept: MessagePack with names, so that other versions may know more or less.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        rmp_serde::to_vec_named(self).unwrap_or_default().into()
    }

    /// Reads a note; what cannot be read is a note that says nothing.
    #[must_use]
    pub fn decode(note: &[u8]) -> Self {
        rmp_serde::from_slice(note).unwrap_or_default()
    }
}

/// A lease that this process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Fences what earlier holders still do.
    pub epoch: u64,
    /// On one's own monotonic clock. The work has stopped [`Rules::margin_ms`] before.
    pub until_ms: u64,
}

/// What one process knows and holds.
#[derive(Debug)]
pub struct Tenancy {
    me: Holder,
    rules: Rules,
    note: NodeNote,
    looked: Option<Looked>,
    /// The newest row of each name, with when it was first seen.
    seen: BTreeMap<LeaseName, Seen>,
    held: BTreeMap<LeaseName, Held>,
    /// Steps that are being performed: nothing else is decided about these.
    flying: BTreeMap<LeaseName, Step>,
    /// Steps whose outcome nobody knows, and when they were sent: the next look settles them.
    doubts: BTreeMap<LeaseName, (Step, u64)>,
    /// What was lost and not yet said.
    lost: BTreeSet<LeaseName>,
    /// Until then surplus is kept: it was taken because nobody else did.
    keeps_until_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Looked {
    first_ms: u64,
    last_ms: u64,
}

#[derive(Clone, Debug)]
struct Seen {
    row: LeaseRow,
    since_ms: u64,
}

#[derive(Clone, Debug)]
struct Held {
    tenure: Tenure,
    /// When the renewal that holds was sent.
    renewed_ms: u64,
    /// What the next renewal carries; `None`: what the row has.
    note: Option<Bytes>,
    /// Renewed at the next tick.
    soon: bool,
    /// A [`Step::Give`] was handed out: its work has stopped or is about to.
    leaving: bool,
}

impl Tenancy {
    /// A process that holds nothing yet.
    #[must_use]
    pub fn new(me: Holder, rules: Rules, note: NodeNote) -> Self {
        Self {
            me,
            rules,
            note,
            looked: None,
            seen: BTreeMap::new(),
            held: BTreeMap::new(),
            flying: BTreeMap::new(),
            doubts: BTreeMap::new(),
            lost: BTreeSet::new(),
            keeps_until_ms: 0,
        }
    }

    /// Takes in every row there is. `now_ms` is read *after* they were loaded.
    pub fn observe(&mut self, rows: &[(LeaseName, LeaseRow)], now_ms: u64) {
        self.forgive(now_ms);
        for (name, row) in rows {
            self.see(*name, row, now_ms);
        }
        for (name, (step, asked_ms)) in std::mem::take(&mut self.doubts) {
            if self.seen.get(&name).map(|seen| &seen.row) == step.row() {
                self.took_effect(&step, asked_ms);
            }
        }
        let gone: Vec<_> = self.held.keys().copied().filter(|name| !self.is_mine(*name)).collect();
        for name in gone {
            self.end(name);
        }
    }

    /// What to do now. `wanted`: the partitions and shards that exist. Each step that saves is reported to
    /// [`Self::saved`], in any order and however late; until then nothing else is decided about its name.
    pub fn decide(&mut self, now_ms: u64, wanted: &[LeaseName], draining: bool) -> Vec<Step> {
        self.expire(now_ms);
        let lost = std::mem::take(&mut self.lost);
        let mut steps: Vec<_> = lost.iter().copied().map(Step::Lost).collect();
        if self.looked.is_some() {
            self.say_draining(draining);
            steps.extend(self.choose(now_ms, wanted, &lost));
        }
        for step in &steps {
            self.hand_out(step);
        }
        steps
    }

    /// What became of a step, and when its save was sent: a lease holds from then, not from the answer.
    pub fn saved(&mut self, step: &Step, outcome: Saved, asked_ms: u64) {
        let name = step.name();
        self.flying.remove(&name);
        match outcome {
            Saved::Yes => self.took_effect(step, asked_ms),
            Saved::Fenced => self.end(name),
            Saved::Unknown => {
                self.doubts.insert(name, (step.clone(), asked_ms));
            }
        }
    }

    /// The lease, if this process holds it. Who acts on it compares [`Tenure::until_ms`] with the clock.
    #[must_use]
    pub fn held(&self, name: LeaseName) -> Option<Tenure> {
        self.held.get(&name).map(|held| held.tenure)
    }

    /// The newest row that was seen of a lease.
    #[must_use]
    pub fn row(&self, name: LeaseName) -> Option<&LeaseRow> {
        self.seen.get(&name).map(|seen| &seen.row)
    }

    /// Everything that this process holds.
    pub fn tenures(&self) -> impl Iterator<Item = (LeaseName, Tenure)> + '_ {
        self.held.iter().map(|(name, held)| (*name, held.tenure))
    }

    /// What a lease's next renewal, or its giving, leaves to the next holder. `soon`: do not wait for the usual
    /// time of renewal.
    pub fn note(&mut self, name: LeaseName, note: Bytes, soon: bool) {
        if let Some(held) = self.held.get_mut(&name) {
            held.note = Some(note);
            held.soon |= soon;
        }
    }

    /// Another process that works under this node's name: this one does nothing until that one is gone.
    #[must_use]
    pub fn rival(&self) -> Option<Holder> {
        let holder = self.seen.get(&self.name()).and_then(|seen| seen.row.holder);
        holder.filter(|holder| holder.home != self.me.home)
    }

    /// The nodes that work now and are not draining, this one among them once it holds its name.
    #[must_use]
    pub fn live(&self, now_ms: u64) -> BTreeSet<NodeId> {
        self.nodes(now_ms).filter(|(_, drains)| !drains).map(|(node, _)| node).collect()
    }

    /// The nodes that may still do something: those that drain too.
    #[must_use]
    pub fn present(&self, now_ms: u64) -> BTreeSet<NodeId> {
        self.nodes(now_ms).map(|(node, _)| node).collect()
    }

    fn nodes(&self, now_ms: u64) -> impl Iterator<Item = (NodeId, bool)> + '_ {
        self.seen.iter().filter_map(move |(name, seen)| self.node(*name, seen, now_ms))
    }
}

/// What is known.
impl Tenancy {
    fn name(&self) -> LeaseName {
        LeaseName::Node(self.me.node)
    }

    /// A look credits at most the time between two renewals: more has passed unseen, and is not held against
    /// anyone.
    fn forgive(&mut self, now_ms: u64) {
        let Some(looked) = &mut self.looked else {
            self.looked = Some(Looked { first_ms: now_ms, last_ms: now_ms });
            return;
        };
        let blind = now_ms.saturating_sub(looked.last_ms).saturating_sub(self.rules.renew_every_ms);
        looked.last_ms = now_ms;
        looked.first_ms += blind;
        for seen in self.seen.values_mut() {
            seen.since_ms += blind;
        }
    }

    /// A row counts from when its revision was first seen; one that is older than what is known was overtaken.
    fn see(&mut self, name: LeaseName, row: &LeaseRow, now_ms: u64) {
        if self.seen.get(&name).is_none_or(|seen| seen.row.rev < row.rev) {
            self.seen.insert(name, Seen { row: row.clone(), since_ms: now_ms });
        }
    }

    /// Whether the newest row still gives it to this process, at the epoch it knows.
    fn is_mine(&self, name: LeaseName) -> bool {
        let row = self.seen.get(&name).map(|seen| &seen.row);
        let epoch = self.held.get(&name).map(|held| held.tenure.epoch);
        row.is_some_and(|row| row.holder == Some(self.me) && Some(row.epoch) == epoch)
    }

    fn took_effect(&mut self, step: &Step, asked_ms: u64) {
        let (name, Some(row)) = (step.name(), step.row()) else { return };
        self.see(name, row, asked_ms);
        let until_ms = asked_ms + self.rules.lease_ms;
        match step {
            Step::Lost(_) => {}
            Step::Give(..) => {
                self.held.remove(&name);
            }
            Step::Renew(..) => {
                if let Some(held) = self.held.get_mut(&name).filter(|held| held.tenure.epoch == row.epoch) {
                    held.tenure.until_ms = until_ms.max(held.tenure.until_ms);
                    held.renewed_ms = asked_ms;
                }
            }
            Step::Take(..) => {
                let tenure = Tenure { epoch: row.epoch, until_ms };
                let held = Held { tenure, renewed_ms: asked_ms, note: None, soon: false, leaving: false };
                self.held.insert(name, held);
            }
        }
    }

    /// It is not ours any more; whoever works on it is told with the next decision.
    fn end(&mut self, name: LeaseName) {
        if self.held.remove(&name).is_some_and(|held| !held.leaving) {
            self.lost.insert(name);
        }
    }

    fn expire(&mut self, now_ms: u64) {
        let margin_ms = self.rules.margin_ms;
        let over = |held: &Held| now_ms + margin_ms >= held.tenure.until_ms;
        let over: Vec<_> = self.held.iter().filter(|(_, held)| over(held)).map(|(name, _)| *name).collect();
        for name in over {
            // Whatever it was leaving for: the time for it is over.
            self.held.remove(&name);
            self.lost.insert(name);
        }
    }

    fn say_draining(&mut self, draining: bool) {
        let name = self.name();
        if self.note.draining != draining {
            self.note.draining = draining;
            if let Some(held) = self.held.get_mut(&name) {
                held.soon = true;
            }
        }
    }

    /// A node that works, and whether it drains.
    fn node(&self, name: LeaseName, seen: &Seen, now_ms: u64) -> Option<(NodeId, bool)> {
        let LeaseName::Node(node) = name else { return None };
        let (works, drains) = if node == self.me.node {
            (self.held.contains_key(&name), self.note.draining)
        } else {
            let moves = now_ms.saturating_sub(seen.since_ms) <= self.rules.lease_ms;
            (moves && seen.row.holder.is_some(), NodeNote::decode(&seen.row.note).draining)
        };
        works.then_some((node, drains))
    }
}
