//! How far a job has come: said by the job, drawn by whoever runs it.

use serde::{Deserialize, Serialize};

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// What is being done (`folding`, `loading`, `comparing`).
    pub what: String,
    /// Units done.
    pub done: u64,
    /// Units in all; zero where nobody knows.
    pub total: u64,
}

/// Whoever draws progress. Called often and never waits: it may drop a report.
pub trait Progress: Send + Sync {
    /// Takes one report.
    fn report(&self, meter: Meter);
}

/// Draws nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: Meter) {}
}

impl dyn Progress + '_ {
    /// Reports `done` of `total` units of `what`.
    pub fn at(&self, what: &str, done: u64, total: u64) {
        self.report(Meter { what: what.to_owned(), done, total });
    }
}
