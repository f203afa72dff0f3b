//! Writes on a condition, whose answers can be lost.
//!
//! ```text
//! attempt ── applied ─────────────────────────────> Yes
//!    │└── refused ──> SERIAL read ── our mark ─────> Yes   (a server may finish our write for another's sake)
//!    │                            └─ another's ────> Fenced, or Unknown after a lost answer if ours may lie below it
//!    └── lost ─────> SERIAL read ── our mark ──────> Yes
//!          ▲                      ├─ as before ────> attempt again, while patience lasts; then Unknown
//!          └──────────────────────┘ another's ─────> as above
//! ```
//! A mark is made for one write, so whoever finds it knows that this very write was applied, however equal two rows
//! may be. "As before" proves nothing about a request that is still on its way; but its condition lets it in once at
//! most, and with our own mark, so that trying again is safe. Nothing is ever tried again without such a read.

use super::Failure;
use super::link::{Link, Page};
use super::retry;
use super::statements::Statement;
use super::value::Value;
use projections::lanes::Saved;
use scylla::errors::DeserializationError;
use serde::de::DeserializeOwned;
use std::cmp::Ordering;
use uuid::Uuid;

/// What a conditional write consists of.
pub(super) struct Conditional<'a> {
    /// The write; its values contain the mark.
    pub(super) write: (Statement, Vec<Value>),
    /// The serial read of the same row.
    pub(super) load: (Statement, &'a [Value]),
}

/// What a serial read says of our write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Our mark.
    Ours,
    /// The condition still holds.
    Before,
    /// Another's write, in the place of ours: ours was not and will not be applied.
    Instead,
    /// Another's write, which may lie over ours.
    Beyond,
}

/// What one attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Applied,
    Refused,
    Lost,
    /// It was not even sent.
    Untried,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Done(Saved),
    Again,
}

/// What is known once the row was read; `in_doubt`: an answer was lost, now or before.
const fn decide(found: Found, in_doubt: bool) -> Next {
    match (found, in_doubt) {
        (Found::Ours, _) => Next::Done(Saved::Yes),
        (Found::Before, true) => Next::Again,
        // Refused, and yet it holds now: it changed in between.
        (Found::Before | Found::Instead | Found::Beyond, false) | (Found::Instead, true) => {
            Next::Done(Saved::Fenced)
        }
        (Found::Beyond, true) => Next::Done(Saved::Unknown),
    }
}

/// Does it; `look` reads the row and says what it means.
pub(super) async fn save(
    link: &Link,
    conditional: &Conditional<'_>,
    look: impl Fn(Page) -> Result<Found, Failure>,
) -> Saved {
    let (mut pace, mut in_doubt) = (link.pace(), false);
    loop {
        match attempt(link, conditional).await {
            Answer::Applied => return Saved::Yes,
            Answer::Untried => {}
            answer @ (Answer::Refused | Answer::Lost) => {
                in_doubt |= answer == Answer::Lost;
                let (load, key) = conditional.load;
                let found = link.call(load, key).await.and_then(&look);
                let Ok(found) = found else { return Saved::Unknown };
                if let Next::Done(saved) = decide(found, in_doubt) {
                    return saved;
                }
            }
        }
        if !pace.next().await {
            return Saved::Unknown;
        }
    }
}

async fn attempt(link: &Link, conditional: &Conditional<'_>) -> Answer {
    let (write, values) = &conditional.write;
    match link.attempt(*write, values).await {
        Ok(true) => Answer::Applied,
        Ok(false) => Answer::Refused,
        Err(error) if retry::is_untried(&error) => Answer::Untried,
        Err(error) => {
            tracing::debug!(%error, ?write, "a conditional write without an answer");
            Answer::Lost
        }
    }
}

/// A row with a revision, as lanes and leases have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) rev: i64,
    pub(super) epoch: i64,
    pub(super) mark: Uuid,
    pub(super) row: bytes::Bytes,
}

impl Stored {
    /// What every statement that writes such a row binds first.
    pub(super) fn values(&self) -> [Value; 4] {
        let row = Value::Blob(self.row.clone());
        [Value::Big(self.rev), Value::Big(self.epoch), row, Value::Uuid(self.mark)]
    }

    /// The row's own content.
    pub(super) fn decode<T: DeserializeOwned>(&self, what: &str) -> Result<T, Failure> {
        let decoded = rmp_serde::from_slice(&self.row);
        decoded.map_err(|error| Failure::Stopped(format!("the row of {what} is damaged: {error}")))
    }
}

/// Reads rev, epoch, mark and row.
pub(super) fn stored(page: Page) -> Result<Option<Stored>, Failure> {
    let mut found = None;
    page.read(|mut columns| {
        let (rev, epoch, mark) = (columns.big()?, columns.big()?, columns.next()?);
        found = Some(Stored { rev, epoch, mark, row: columns.blob()? });
        Ok::<_, DeserializationError>(())
    })?;
    Ok(found)
}

/// What a stored row means for the write of `rev` and `epoch`.
pub(super) fn found(stored: Option<&Stored>, ours: &Stored, keeps_epoch: bool) -> Found {
    let (rev, epoch) = stored.map_or((0, 0), |stored| (stored.rev, stored.epoch));
    if stored.is_some_and(|stored| stored.mark == ours.mark) {
        return Found::Ours;
    }
    match rev.cmp(&(ours.rev - 1)) {
        Ordering::Equal if !keeps_epoch || epoch <= ours.epoch => Found::Before,
        Ordering::Equal => Found::Instead,
        Ordering::Greater if rev == ours.rev => Found::Instead,
        // Or so far below that others' writes could still let ours in.
        Ordering::Greater | Ordering::Less => Found::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_decides() {
        for (found, certain, in_doubt) in [
            (Found::Ours, Next::Done(Saved::Yes), Next::Done(Saved::Yes)),
            (Found::Before, Next::Done(Saved::Fenced), Next::Again),
            (Found::Instead, Next::Done(Saved::Fenced), Next::Done(Saved::Fenced)),
            (Found::Beyond, Next::Done(Saved::Fenced), Next::Done(Saved::Unknown)),
        ] {
            assert_eq!(decide(found, false), certain, "{found:?}, every answer came");
            assert_eq!(decide(found, true), in_doubt, "{found:?}, an answer was lost");
        }
    }

    #[test]
    fn a_stored_row_is_ours_before_instead_or_beyond() {
        let row =
            |rev, epoch, mark| Stored { rev, epoch, mark: Uuid::from_u128(mark), row: bytes::Bytes::new() };
        let ours = row(5, 7, 1);
        let check = |stored: Option<Stored>, with_epoch, without| {
            assert_eq!(found(stored.as_ref(), &ours, true), with_epoch, "{stored:?}");
            assert_eq!(found(stored.as_ref(), &ours, false), without, "{stored:?}");
        };
        check(Some(row(5, 7, 1)), Found::Ours, Found::Ours);
        check(Some(row(4, 7, 2)), Found::Before, Found::Before);
        check(Some(row(4, 8, 2)), Found::Instead, Found::Before);
        check(Some(row(3, 7, 2)), Found::Beyond, Found::Beyond);
        check(Some(row(5, 7, 2)), Found::Instead, Found::Instead);
        check(Some(row(6, 7, 2)), Found::Beyond, Found::Beyond);
        check(None, Found::Beyond, Found::Beyond);
        assert_eq!(found(None, &row(1, 0, 1), true), Found::Before);
    }
}
