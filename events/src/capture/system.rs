//! System messages: what Discord says in somebody's name. Which of them count as words is a choice, made where they
//! are captured: the log then holds what was shown, and a rebuild asks nobody.

use std::fmt;
use std::ops::RangeInclusive;

/// The kinds that can be chosen, by name. Source: Discord reference, "Message Types".
/// Type 18, "started a thread", is none of them: a thread is mirrored as one, and stands on it (see [`super::thread`]).
const KINDS: [(&str, RangeInclusive<u64>); 4] =
    [("pins", 6..=6), ("joins", 7..=7), ("boosts", 8..=11), ("polls", 46..=46)];

/// A choice of system messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Systems(u8);

/// As [`Systems::parse`] reads it.
impl fmt::Display for Systems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = KINDS.iter().enumerate().filter(|(at, _)| self.0 & (1 << at) != 0);
        f.write_str(&chosen.map(|(_, (name, _))| *name).collect::<Vec<_>>().join(","))
    }
}

impl Systems {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self((1 << KINDS.len()) - 1);

    /// Reads names with commas between them: `pins`, `joins`, `boosts`, `polls`.
    ///
    /// # Errors
    /// A name that is none of these, in words.
    pub fn parse(names: &str) -> Result<Self, String> {
        let mut chosen = Self::NONE;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let at = KINDS.iter().position(|(known, _)| *known == name);
            let at = at.ok_or_else(|| format!("'{name}' is none of {}", Self::names()))?;
            chosen.0 |= 1 << at;
        }
        Ok(chosen)
    }

    /// Whether messages of this type are chosen.
    #[must_use]
    pub fn holds(self, kind: u64) -> bool {
        let is_chosen = |at: usize| self.0 & (1 << at) != 0;
        KINDS.iter().enumerate().any(|(at, (_, kinds))| is_chosen(at) && kinds.contains(&kind))
    }

    fn names() -> String {
        KINDS.map(|(name, _)| name).join(", ")
    }
}
