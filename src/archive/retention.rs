//! How far the broker's retention may cut, and what it has cut that was not sealed.
//!
//! ```text
//! segments  [ ....... ][ ...... ]          [ ..... ]
//! log                     floor [ ......................... tail      may pass: up to the seal behind the floor
//! log                               floor [ ............... tail      lost: from the seal to the floor
//! ```
//! mirror sets no retention itself: the broker does not know what is sealed. This is what its operator sets it by.

use super::life::recognise;
use super::store::Name;
use super::{Archive, Backed};
use events::log::Log;
use events::{Offset, Partition, Version};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tools::JobError;

/// Partitions that are asked after at once.
const PARTITIONS_MAX: usize = 8;
/// Lost stretches that are named.
pub const LOST_MAX: usize = 20;

/// What retention may cut of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// All before this offset may go: the log no longer holds it, or it is sealed.
    pub may_pass: Offset,
    /// When the newest sealed event before it was observed; none: nothing is sealed. `max-age` has to be greater than
    /// the age of this.
    pub sealed_until: Option<Version>,
    /// What is neither in the log nor in the archive, the first [`LOST_MAX`] stretches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
}

/// A stretch that the log has let go before it was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The first offset of it.
    pub from: Offset,
    /// The one behind it.
    pub next: Offset,
}

/// Looks up what retention may cut of `log`, which is the one without the archive.
///
/// # Errors
/// When the log or the archive does not answer, or the archive is damaged.
pub async fn retention(
    archive: &Archive,
    log: &dyn Log,
    partition: Partition,
) -> Result<Retention, JobError> {
    let life = recognise(archive, log, partition).await?;
    let floor = log.floor(partition).await?;
    let may_pass = life.sealed(floor);
    let newest = life.segments.iter().filter(|(name, _)| name.next <= may_pass);
    let sealed_until = match newest.max_by_key(|(name, _)| name.next) {
        Some((name, size)) => Some(archive.head(*name, *size).await?.observed_last),
        None => None,
    };
    let first = life.segments.first().map(|(name, _)| name.from);
    let begun = first.or(life.incarnation.map(|incarnation| incarnation.first.offset));
    let lost = lost(&life.segments, begun.unwrap_or_default(), floor);
    Ok(Retention { may_pass, sealed_until, lost })
}

/// The same of several partitions, in their order.
///
/// # Errors
/// As [`retention`].
pub async fn of_all(
    backed: &Backed,
    partitions: impl IntoIterator<Item = Partition>,
) -> Result<Vec<Retention>, JobError> {
    let one = |partition| retention(&backed.archive, &*backed.log, partition);
    stream::iter(partitions).map(one).buffered(PARTITIONS_MAX).try_collect().await
}

/// What no segment holds between `begun`, where sealing began, and the log's floor.
fn lost(segments: &[(Name, u64)], begun: Offset, floor: Offset) -> Vec<Lost> {
    let (mut at, mut lost) = (begun, Vec::new());
    let ends = segments.iter().map(|(name, _)| (name.from, name.next)).chain([(floor, floor)]);
    for (from, next) in ends {
        let from = from.min(floor);
        if from > at {
            lost.push(Lost { from: at, next: from });
        }
        at = at.max(next);
    }
    lost.truncate(LOST_MAX);
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_neither_is_lost() {
        let check = |segments: &[(u64, u64)], (begun, floor): (u64, u64), wanted: &[(u64, u64)]| {
            let name = |&(from, next)| {
                let (from, next) = (Offset(from), Offset(next));
                (Name { partition: Partition(0), incarnation: 1, from, next }, 1)
            };
            let segments: Vec<_> = segments.iter().map(name).collect();
            let found = lost(&segments, Offset(begun), Offset(floor));
            let found: Vec<_> = found.iter().map(|lost| (lost.from.0, lost.next.0)).collect();
            assert_eq!(found, wanted, "{segments:?} before {floor}");
        };
        check(&[], (0, 0), &[]);
        check(&[], (0, 7), &[(0, 7)]);
        check(&[], (7, 7), &[]);
        check(&[(0, 10)], (0, 0), &[]);
        check(&[(0, 10)], (0, 10), &[]);
        check(&[(0, 10)], (0, 13), &[(10, 13)]);
        // What was gone before anything was sealed is no news.
        check(&[(5, 10)], (5, 8), &[]);
        check(&[(0, 10), (20, 30)], (0, 40), &[(10, 20), (30, 40)]);
        check(&[(0, 10), (20, 30)], (0, 15), &[(10, 15)]);
        // The log still holds what the hole held.
        check(&[(0, 10), (20, 30)], (0, 10), &[]);
        check(&[(0, 25), (20, 30)], (0, 30), &[]);
    }
}
