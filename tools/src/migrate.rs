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
/// A position in partition 0 that says that it was begun, at the first event of the source.
const BEGUN: &str = "migrating";
/// One that says that all is done.
const DONE: &str = "migrated";

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

/// Whether a migration into these stores was begun and not brought to its end: no node may work on them.
///
/// # Errors
/// When the views do not answer.
pub async fn is_unfinished(target: &Ports) -> Result<bool, JobError> {
    if position(target, Partition(0), DONE).await?.is_some() {
        return Ok(false);
    }
    Ok(position(target, Partition(0), BEGUN).await?.is_some())
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
        if position(self.target, Partition(0), DONE).await?.is_some() {
            return Err(JobError::Wrong("these stores have been migrated to already".to_owned()));
        }
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
        if let Some(begun) = position(self.target, Partition(0), BEGUN).await? {
            if begun == first || begun == NOTHING {
                return Ok(());
            }
            return Err(JobError::Wrong(format!(
                "a migration into these stores was begun from another log, whose first event is {}",
                begun.event
            )));
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
        keep(self.target, Partition(0), BEGUN, first).await
    }

    /// The first event of the source, by which it is known again.
    async fn first(&self) -> Result<Mark, JobError> {
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
                return Ok(Mark { offset: entry.offset, event: id(entry) });
            }
        }
        Ok(NOTHING)
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

    /// Copies what is left, proves that the target says the same, and moves the lanes. Nobody works on either.
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
        keep(self.target, Partition(0), DONE, self.first().await?).await?;
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
