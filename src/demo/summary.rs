//! What the demo found, for people and for machines.

use serde::Serialize;
use std::fmt;

/// The result of a demo.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Messages that people wrote.
    pub source_messages: usize,
    /// Events on the log.
    pub events: u64,
    /// Copies shown after the talk.
    pub copies: usize,
    /// Edits by authors.
    pub edits: usize,
    /// Removals by people.
    pub deletes: usize,
    /// How often the node was killed.
    pub crashes: usize,
    /// Source messages without their copy.
    pub lost: usize,
    /// Copies too many.
    pub duplicated: usize,
    /// Copies out of order.
    pub misplaced: usize,
    /// Copies that a moderator removed at the end.
    pub wiped: usize,
    /// Copies in that channel after it was put back.
    pub restored: usize,
    /// What went wrong on Discord's side.
    pub faults: usize,
    /// Requests that Discord refused for a limit.
    pub refused: u64,
    /// Of these, such as the node could have known of.
    pub refused_own: u64,
    /// From writing to the copy, half of them within, milliseconds.
    pub latency_ms_p50: u64,
    /// 99 of 100 within.
    pub latency_ms_p99: u64,
    /// Events on the log per second of talk.
    pub events_per_second: f64,
    /// The whole run.
    pub wall_seconds: f64,
    /// Replays it.
    pub seed: u64,
    /// Examples of what is wrong.
    #[serde(skip)]
    pub examples: Vec<String>,
}

impl Summary {
    /// Whether nothing was lost, doubled or misplaced, what was wiped is back, and no limit was overrun.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        let is_whole = self.lost == 0 && self.duplicated == 0 && self.misplaced == 0;
        is_whole && self.restored >= self.wiped && (self.crashes > 0 || self.refused_own == 0)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_right() {
            "every message has exactly one copy, in order"
        } else {
            "SOMETHING IS WRONG"
        };
        writeln!(f, "\n{verdict}")?;
        writeln!(f, "  {} messages, {} edits, {} removals", self.source_messages, self.edits, self.deletes)?;
        writeln!(f, "  {} events on the log, {} copies, {} crashes", self.events, self.copies, self.crashes)?;
        writeln!(f, "  {} lost, {} doubled, {} misplaced", self.lost, self.duplicated, self.misplaced)?;
        writeln!(f, "  {} wiped by a moderator, {} there again", self.wiped, self.restored)?;
        if self.faults > 0 {
            let Self { faults, refused, refused_own, .. } = self;
            writeln!(
                f,
                "  {faults} faults of Discord's, {refused} requests refused, {refused_own} by our own fault"
            )?;
        }
        writeln!(
            f,
            "  a copy appears after {} ms (half of them), {} ms (99 of 100, crashes and rate limits included)",
            self.latency_ms_p50, self.latency_ms_p99
        )?;
        for example in &self.examples {
            writeln!(f, "  {example}")?;
        }
        write!(f, "  {} s; `--seed {}` plays it again", self.wall_seconds, self.seed)
    }
}
