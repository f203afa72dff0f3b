//! Migration: moves everything from one set of stores to another, embedded or shared, and back.
//!
//! ```text
//! copy    source log ──by offset──> target log, partition by the target's own number     (the source's node may run)
//!         place kept in the target: positions of the follower `migrate`, one per source partition
//! switch  source at rest: what is left, the views folded, digests equal per mirror, then the lanes' rows
//!         and last the mark `migrated`
//! ```
//! Killed at any point and run again, it goes on; an append whose place was not kept is done again, and the log
//! may hold an event twice. Generations are not moved: the target numbers its builds by itself, and a digest does
//! not depend on the number. Nothing is written in the source.

mod proof;

use crate::follow::Follow;
use crate::lanes;
use crate::mirrors;
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use events::codec::{DecodeError, decode};
use events::log::{Durable, Entry, Read};
use events::{Event, EventId, Offset, Partition};
use projections::lane::LaneRow;
use projections::views::{Follower, Mark, Position};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use proof::Proof;

/// Events of one read; the place is kept after each.
const PAGE: usize = 2048;
/// Events of one append.
const BATCH: usize = 512;
/// The follower whose positions are places in the source.
const COPYING: &str = "migrate";
/// The follower whose position in partition 0 says how stores stand: its offset is the [`Standing`], its event the
/// first one of the source.
const STANDING: &str = "migration";

/// How stores stand in a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In none, or it is over.
    Free = 0,
    /// They are being filled: no node may work on them.
    Filling = 1,
    /// They were filled, and are the ones in use.
    Filled = 2,
    /// They were filled in vain: the source is in use again.
    GivenUp = 3,
    /// All that they hold was moved elsewhere.
    Moved = 4,
}

impl Standing {
    /// What to do instead of working on these stores; `None`: nothing is in the way.
    #[must_use]
    pub const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Free | Self::Filled => None,
            Self::Filling => Some(
                "a migration into these stores was begun and is not finished: run `mirror migrate ... --switch`",
            ),
            Self::GivenUp => Some(
                "the migration into these stores was given up, and what they hold is out of date: use new ones",
            ),
            Self::Moved => Some(
                "what these stores hold was moved elsewhere: run the node there, or go back with \
                 `mirror migrate ... --back`",
            ),
        }
    }
}

/// What a copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Events appended by this run.
    pub events: u64,
    /// Records left out: no program can read them.
    pub unreadable: u64,
    /// Where each source partition is read on.
    pub next: Vec<Offset>,
}

/// What a switch did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched {
    /// What was left to copy.
    pub copied: Copied,
    /// Each mirror, with equal digests.
    pub mirrors: Vec<Proof>,
    /// Lanes moved.
    pub lanes: u64,
    /// The lanes have something to do yet: in the target they begin at the beginning of the log.
    pub lanes_walk: bool,
}

/// Where everything comes from and goes to.
#[derive(Clone, Copy)]
pub struct Migration<'a> {
    /// The source. For a copy only its log is read.
    pub source: &'a Ports,
    /// The target. No node may work on it.
    pub target: &'a Ports,
}

/// How stores stand.
///
/// # Errors
/// When the views do not answer.
pub async fn standing(ports: &Ports) -> Result<Standing, JobError> {
    let mark = position(ports, Partition(0), STANDING).await?;
    Ok(match mark.map_or(0, |mark| mark.offset.0) {
        0 => Standing::Free,
        1 => Standing::Filling,
        2 => Standing::Filled,
        3 => Standing::GivenUp,
        _ => Standing::Moved,
    })
}

/// Notes how stores stand from now on.
///
/// # Errors
/// When the views do not answer.
pub async fn set_standing(ports: &Ports, standing: Standing) -> Result<(), JobError> {
    let event = position(ports, Partition(0), STANDING).await?.map_or(NOTHING.event, |mark| mark.event);
    note(ports, standing, event).await
}

async fn note(ports: &Ports, standing: Standing, event: EventId) -> Result<(), JobError> {
    keep(ports, Partition(0), STANDING, Mark { offset: Offset(standing as u64), event }).await
}

async fn position(ports: &Ports, partition: Partition, name: &str) -> Result<Option<Mark>, JobError> {
    let follower = Follower { partition, name: name.to_owned() };
    Ok(ports.views.position(&follower).await?.first().copied())
}

async fn keep(ports: &Ports, partition: Partition, name: &str, mark: Mark) -> Result<(), JobError> {
    let follower = Follower { partition, name: name.to_owned() };
    Ok(ports.views.commit(Vec::new(), Some(Position { follower, mark })).await?)
}

impl Migration<'_> {
    /// Copies the log up to where it ends now.
    ///
    /// # Errors
    /// When a store does not answer, the source's log has lost its beginning or holds a record of a newer format,
    /// or the target holds anything else.
    pub async fn copy(&self, progress: &dyn Progress) -> Result<Copied, JobError> {
        self.claim().await?;
        let mut copied = Copied::default();
        for partition in self.source.all_partitions() {
            let next = self.copy_partition(partition, &mut copied, progress).await?;
            copied.next.push(next);
        }
        Ok(copied)
    }

    /// Where to read on.
    async fn place(&self, partition: Partition) -> Result<Offset, JobError> {
        let Some(mark) = position(self.target, partition, COPYING).await? else { return Ok(Offset(0)) };
        let read = Read { partition, from: mark.offset, limit: 1, mirror: None };
        let page = self.source.log.read(read).await?;
        let found = page.entries.first().map(|entry| Mark { offset: entry.offset, event: id(entry) });
        if found == Some(mark) {
            return Ok(mark.offset.next());
        }
        Err(JobError::Wrong(format!(
            "a migration into these stores was begun from another log: at offset {} there was the event {}",
            mark.offset, mark.event
        )))
    }

    /// Notes in the target that a migration has begun, and from which log: it holds nothing else.
    async fn claim(&self) -> Result<(), JobError> {
        let first = self.first().await?;
        match standing(self.target).await? {
            Standing::Free => {}
            Standing::Filling => return self.require_same(first).await,
            Standing::Filled => {
                return Err(JobError::Wrong("these stores have been migrated to already".to_owned()));
            }
            other @ (Standing::GivenUp | Standing::Moved) => {
                return Err(JobError::Wrong(other.refusal().unwrap_or_default().to_owned()));
            }
        }
        let mut is_used = !mirrors::all(self.target).await?.is_empty();
        for partition in self.target.all_partitions() {
            is_used |= self.target.log.tail(partition).await? > Offset(0);
        }
        if is_used {
            return Err(JobError::Wrong(
                "the target holds events of its own: migrate into stores that nobody has used".to_owned(),
            ));
        }
        note(self.target, Standing::Filling, first).await
    }

    /// A migration that was begun is gone on with from the same log only.
    async fn require_same(&self, first: EventId) -> Result<(), JobError> {
        let begun =
            position(self.target, Partition(0), STANDING).await?.map_or(NOTHING.event, |mark| mark.event);
        if begun == first || begun == NOTHING.event {
            return Ok(());
        }
        Err(JobError::Wrong(format!(
            "a migration into these stores was begun from another log, whose first event is {begun}"
        )))
    }

    /// The first event of the source, by which it is known again.
    async fn first(&self) -> Result<EventId, JobError> {
        for partition in self.source.all_partitions() {
            let log = &self.source.log;
            let floor = log.floor(partition).await?;
            if floor > Offset(0) {
                return Err(JobError::Wrong(format!(
                    "the source's log begins at offset {floor}; what lay before it only its archive can tell: \
                     configure that (archive.url) for the source"
                )));
            }
            let page = log.read(Read { partition, from: floor, limit: 1, mirror: None }).await?;
            if let Some(entry) = page.entries.first() {
                return Ok(id(entry));
            }
        }
        Ok(NOTHING.event)
    }

    async fn copy_partition(
        &self,
        partition: Partition,
        copied: &mut Copied,
        progress: &dyn Progress,
    ) -> Result<Offset, JobError> {
        let (mut from, end) = (self.place(partition).await?, self.source.log.tail(partition).await?);
        while from < end {
            let read = Read { partition, from, limit: PAGE, mirror: None };
            let page = self.source.log.read(read).await?;
            let Some(last) = page.entries.last() else { break };
            let mark = Mark { offset: last.offset, event: id(last) };
            self.append(&page.entries, copied).await?;
            keep(self.target, partition, COPYING, mark).await?;
            from = page.next;
            progress.at("copying", from.0, end.0);
        }
        Ok(from)
    }

    /// Appends a page's events, each to the partition that the target gives its mirror.
    async fn append(&self, entries: &[Entry], copied: &mut Copied) -> Result<(), JobError> {
        let mut by_partition: BTreeMap<Partition, Vec<Event>> = BTreeMap::new();
        for entry in entries {
            match decode(&entry.record) {
                Ok(event) => by_partition.entry(self.target.partition(event.mirror)).or_default().push(event),
                Err(DecodeError::Corrupt(_)) => copied.unreadable += 1,
                Err(newer @ DecodeError::Newer(_)) => return Err(JobError::undecodable(entry.offset, newer)),
            }
        }
        for (partition, events) in by_partition {
            for batch in events.chunks(BATCH) {
                self.target.log.append(partition, batch.to_vec(), Durable::Everywhere).await?;
                copied.events += batch.len() as u64;
            }
        }
        Ok(())
    }

    /// Copies what is left, proves that the target says the same, and moves the lanes. Nobody works on either. What
    /// remains is to note that the source is [`Standing::Moved`], and then that the target is [`Standing::Filled`]:
    /// in this order, so that there are never two to work on.
    ///
    /// # Errors
    /// As for [`Self::copy`], and when a mirror's views differ: nothing was switched then.
    pub async fn switch(
        &self,
        (follow_source, follow_target): (&dyn Follow, &dyn Follow),
        progress: &dyn Progress,
    ) -> Result<Switched, JobError> {
        let copied = self.copy(progress).await?;
        for (ports, follow) in [(self.source, follow_source), (self.target, follow_target)] {
            for partition in ports.all_partitions() {
                let tail = ports.log.tail(partition).await?;
                progress.at("folding", u64::from(partition.0), u64::from(ports.partitions));
                follow.caught_up(partition, tail).await?;
            }
        }
        let mirrors = proof::compare(self, progress).await?;
        let lanes = self.move_lanes().await?;
        let lanes_walk = !self.move_place().await?;
        Ok(Switched { copied, mirrors, lanes, lanes_walk })
    }

    /// A lane goes on where it was. Its place in the old log means nothing in the new one, and the epochs of its
    /// old owners bind no new one.
    async fn move_lanes(&self) -> Result<u64, JobError> {
        let rows = lanes::all(self.source).await?;
        let count = rows.len() as u64;
        for (lane, row) in rows {
            let known = self.target.lanes.load(lane).await?.unwrap_or_default();
            let behind = row.behind.map(|_| Offset(0));
            let moved = LaneRow { rev: known.rev, epoch: known.epoch, claim: known.claim, behind, ..row };
            if moved != known {
                lanes::save(self.target, lane, moved).await?;
            }
        }
        Ok(count)
    }

    /// Where every lane has come to the end, they begin at the end of the target; else at its beginning, which
    /// is slower and as right. Tells whether they begin at the end.
    async fn move_place(&self) -> Result<bool, JobError> {
        const LANES: &str = "lanes";
        for partition in self.source.all_partitions() {
            let handled =
                position(self.source, partition, LANES).await?.map_or(Offset(0), |mark| mark.offset.next());
            if handled < self.source.log.tail(partition).await? {
                return Ok(false);
            }
        }
        for partition in self.target.all_partitions() {
            let views = projections::follow::FollowState::VIEWS;
            if let Some(last) = position(self.target, partition, views).await? {
                keep(self.target, partition, LANES, last).await?;
            }
        }
        Ok(true)
    }
}

/// Stands for the end of an empty log.
const NOTHING: Mark = Mark { offset: Offset(0), event: EventId(uuid::Uuid::nil()) };

/// The event of a record; nil where it cannot be read.
fn id(entry: &Entry) -> EventId {
    decode(&entry.record).map_or_else(|_| EventId::default(), |event| event.id)
}
