//! What `mirror check` finds: facts in, lines out. Nothing here asks or reads anything.
//!
//! ```text
//! cli::check asks: the machine, the stores, Discord ──> facts ──> machine, bot, links ──> [Line] ──> Report
//! ```
//! Each line says what was looked at, how it stands, and, where it does not stand well, what to do.

pub mod bot;
pub mod links;
pub mod machine;

use serde::Serialize;
use std::fmt::{self, Write};

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, but something is or will be missing.
    Warn,
    /// It does not work.
    Fails,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fails => "fails",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was looked at.
    pub about: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Line {
    /// As it should be.
    #[must_use]
    pub fn ok(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self { about: about.into(), verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    /// It works, but.
    #[must_use]
    pub fn warn(about: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { about: about.into(), verdict: Verdict::Warn, found: found.into(), advice }
    }

    /// It does not work.
    #[must_use]
    pub fn fails(about: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fails, ..Self::warn(about, found, advice) }
    }
}

/// All that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order in which they were looked at.
    pub lines: Vec<Line>,
}

impl Report {
    /// Whether nothing fails.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.count(Verdict::Fails) == 0
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|line| line.verdict == verdict).count()
    }
}

/// For people: a line each, what to do below it, and a sum.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for Line { about, verdict, found, advice } in &self.lines {
            writeln!(text, "{:<6} {about}: {found}", verdict.word())?;
            advice.iter().try_for_each(|advice| writeln!(text, "       -> {advice}"))?;
        }
        let [fine, warned, failed] = [Verdict::Ok, Verdict::Warn, Verdict::Fails].map(|one| self.count(one));
        let warnings = if warned == 1 { "1 warning".to_owned() } else { format!("{warned} warnings") };
        let failures = if failed == 1 { "1 fails".to_owned() } else { format!("{failed} fail") };
        writeln!(text, "{fine} ok, {warnings}, {failures}")?;
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests;
