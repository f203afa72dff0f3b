//! What the demo of a cluster found, for people and for machines.

use super::havoc::{Havoc, Measured};
use super::transient::Twice;
use serde::Serialize;
use std::fmt;

/// One round: a havoc under talk, and how the channels stood afterwards.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// What was done, and what was measured.
    pub havoc: Vec<(Havoc, Measured)>,
    /// Source messages without their copy.
    pub lost: usize,
    /// Copies too many.
    pub duplicated: usize,
    /// Copies out of order.
    pub misplaced: usize,
    /// How long it took, with the wait until everything stood still, seconds.
    pub seconds: f64,
}

impl Round {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.misplaced == 0
    }
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Node processes.
    pub nodes: usize,
    /// Partitions of the log.
    pub partitions: u16,
    /// Partitions in which a mirror lies.
    pub partitions_used: usize,
    /// How long a lease holds, milliseconds.
    pub lease_ms: u64,
    /// Messages that people wrote.
    pub source_messages: usize,
    /// Copies shown in the end.
    pub copies: usize,
    /// Edits by authors.
    pub edits: usize,
    /// Removals by people.
    pub deletes: usize,
    /// How often a node was killed.
    pub crashes: usize,
    /// Each round.
    pub rounds: Vec<Round>,
    /// Source messages without their copy.
    pub lost: usize,
    /// Copies too many that are still there.
    pub duplicated: usize,
    /// Copies out of order.
    pub misplaced: usize,
    /// Messages that stood twice in a channel for a while.
    pub transient: usize,
    /// The first of them.
    pub twice: Vec<Twice>,
    /// Copies that a moderator removed at the end.
    pub wiped: usize,
    /// Copies in that channel after it was put back.
    pub restored: usize,
    /// What went wrong on Discord's side.
    pub faults: usize,
    /// Requests refused for a limit that the nodes could have known of.
    pub refused_own: u64,
    /// What `mirror verify` found; empty: nothing.
    pub verify: String,
    /// The slowest take-over of a dead node, milliseconds.
    pub takeover_ms_max: u64,
    /// The slowest drain, milliseconds.
    pub drain_ms_max: u64,
    /// From writing to the copy, half of them within, milliseconds.
    pub latency_ms_p50: u64,
    /// 99 of 100 within.
    pub latency_ms_p99: u64,
    /// The whole run.
    pub wall_seconds: f64,
    /// Replays it.
    pub seed: u64,
    /// Examples of what is wrong.
    pub examples: Vec<String>,
}

impl Summary {
    /// Whether nothing was lost, doubled or misplaced, what was wiped is back, and `verify` agrees.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let copies = self.lost == 0 && self.duplicated == 0 && self.misplaced == 0;
        copies
            && self.rounds.iter().all(Round::is_right)
            && self.restored >= self.wiped
            && self.verify.is_empty()
            && (self.crashes > 0 || self.refused_own == 0)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = "every message has exactly one copy, in order";
        writeln!(f, "\n{}", if self.is_right() { right } else { "SOMETHING IS WRONG" })?;
        let Self { nodes, partitions, partitions_used, crashes, .. } = self;
        writeln!(
            f,
            "  {nodes} nodes share {partitions} partitions, of which {partitions_used} have mirrors; {crashes} SIGKILLs to nodes"
        )?;
        writeln!(f, "  {} messages, {} edits, {} removals", self.source_messages, self.edits, self.deletes)?;
        writeln!(
            f,
            "  {} copies; {} lost, {} doubled, {} misplaced; {} stood twice for a while",
            self.copies, self.lost, self.duplicated, self.misplaced, self.transient
        )?;
        if self.takeover_ms_max > 0 {
            let (took, lease) = (seconds(self.takeover_ms_max), seconds(self.lease_ms));
            writeln!(f, "  a dead node's work was taken over within {took} s (a lease holds {lease} s)")?;
        }
        if self.drain_ms_max > 0 {
            writeln!(f, "  a node handed over everything within {} s", seconds(self.drain_ms_max))?;
        }
        if self.faults > 0 {
            let own = self.refused_own;
            writeln!(f, "  {} faults of Discord's; {own} requests refused by our own fault", self.faults)?;
        }
        writeln!(f, "  {} wiped by a moderator, {} there again", self.wiped, self.restored)?;
        let verified =
            if self.verify.is_empty() { "the log, the views and the receipts agree" } else { &self.verify };
        writeln!(f, "  mirror verify: {verified}")?;
        writeln!(
            f,
            "  a copy appears after {} ms (half of them), {} ms (99 of 100, all havoc included)",
            self.latency_ms_p50, self.latency_ms_p99
        )?;
        for example in &self.examples {
            writeln!(f, "  {example}")?;
        }
        write!(f, "  {} s; `--seed {}` plays it again", self.wall_seconds, self.seed)
    }
}

fn seconds(ms: u64) -> f64 {
    (ms as f64 / 100.0).round() / 10.0
}
