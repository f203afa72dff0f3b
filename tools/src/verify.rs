//! Verify: what is derived agrees with the log, and the log with itself.
//!
//! Three questions: does a rebuild in memory give the views in use; does each producer's numbering run without
//! holes; has every live copy its receipt, and every receipt its copy. Nothing is written.

mod copies;
mod producers;

pub use producers::Hole;

use crate::follow::Follow;
use crate::mirrors::Known;
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use crate::reader::Stretch;
use crate::replay::{self, covers};
use events::{MirrorId, Offset};
use projections::Generation;
use projections::digest::{Digest, digest};
use projections::views::memory::MemoryViews;
use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Each mirror.
    pub mirrors: Vec<MirrorReport>,
    /// Each node in each partition.
    pub producers: Vec<ProducerReport>,
}

impl Report {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.mirrors.iter().all(MirrorReport::is_fine)
            && self.producers.iter().all(|one| one.holes.is_empty())
    }
}

/// One mirror: its views against its log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorReport {
    /// Its name.
    pub mirror: String,
    /// Its events in the log.
    pub events: u64,
    /// Digest of the views in use.
    pub live: String,
    /// Digest of the views rebuilt in memory.
    pub rebuilt: String,
    /// The first rows that differ (in use / rebuilt).
    pub differences: Vec<String>,
    /// Copies that are there, by the views.
    pub copies_live: u64,
    /// Receipts in the log, each counted once.
    pub receipts: u64,
    /// Live copies that no receipt knows.
    pub without_receipt: Vec<String>,
    /// Copies that the last receipt shows and the views do not hold.
    pub without_copy: Vec<String>,
    /// The log no longer holds its beginning, so that digests say nothing about it.
    pub trimmed: bool,
}

impl MirrorReport {
    /// Whether views and log agree.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        let copies = self.without_receipt.is_empty() && self.without_copy.is_empty();
        self.trimmed || (copies && self.live == self.rebuilt)
    }
}

/// One node's numbering in one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerReport {
    /// The partition.
    pub partition: u16,
    /// The node.
    pub node: String,
    /// Events read.
    pub events: u64,
    /// The first number read; 1 where the log holds its beginning.
    pub first: u64,
    /// The last number read.
    pub last: u64,
    /// Numbers that are missing: events that were lost.
    pub holes: Vec<Hole>,
}

/// Rows, copies or holes named in a report; more are only counted.
pub const NAMED_MAX: usize = 10;

/// Verifies `mirrors` and the partitions that hold them.
///
/// # Errors
/// When a store does not answer, or the log holds a record that cannot be read.
pub async fn verify(
    ports: &Ports,
    follow: &dyn Follow,
    mirrors: &[Known],
    progress: &dyn Progress,
) -> Result<Report, JobError> {
    let mut report = Report::default();
    for known in mirrors {
        report.mirrors.push(verify_mirror(ports, follow, known, progress).await?);
    }
    let mut partitions: Vec<_> = mirrors.iter().map(|known| ports.partition(known.id)).collect();
    partitions.sort_unstable();
    partitions.dedup();
    for partition in partitions {
        report.producers.extend(producers::verify(ports, partition, progress).await?);
    }
    Ok(report)
}

async fn verify_mirror(
    ports: &Ports,
    follow: &dyn Follow,
    known: &Known,
    progress: &dyn Progress,
) -> Result<MirrorReport, JobError> {
    let all = Stretch::of_mirror(ports, known.id).await?;
    follow.caught_up(all.partition, all.end).await?;
    let mut rebuilt = Rebuilt { ports, mirror: known.id, views: MemoryViews::new(), stretch: all, events: 0 };
    let (live, active) = rebuilt.meet(follow, progress).await?;
    let found = copies::verify(&rebuilt, active, progress).await?;
    let digest = digest(&rebuilt.views, known.id, BUILD).await?;
    let differences = if digest == live { Vec::new() } else { rebuilt.differences(active).await? };
    Ok(MirrorReport {
        mirror: known.name.clone(),
        events: rebuilt.events,
        live: live.to_string(),
        rebuilt: digest.to_string(),
        differences,
        trimmed: !covers(ports, known).await?,
        ..found
    })
}

/// The build in memory.
const BUILD: Generation = Generation(0);

/// A mirror rebuilt in memory, up to where the follower is.
struct Rebuilt<'a> {
    ports: &'a Ports,
    mirror: MirrorId,
    views: MemoryViews,
    /// From the log's floor up to what is folded.
    stretch: Stretch,
    events: u64,
}

impl Rebuilt<'_> {
    /// Folds up to the follower's place, digests the views in use there, and tells which build that is. A
    /// follower that moved meanwhile is met again, in the end stopped for as long as that takes. Where another
    /// node drives it, a difference must be seen again: a commit may have been half done.
    async fn meet(
        &mut self,
        follow: &dyn Follow,
        progress: &dyn Progress,
    ) -> Result<(Digest, Generation), JobError> {
        const FREE_TRIES: u32 = 2;
        const TRIES_MAX: u32 = 100;
        const SEEN_MIN: u32 = 3;
        let mut seen = 0;
        let Ports { views, lanes, .. } = self.ports;
        let partition = self.stretch.partition;
        let mut from = self.stretch.from;
        for attempt in 0..TRIES_MAX {
            let hold = if attempt < FREE_TRIES { None } else { follow.hold(partition).await? };
            let before = replay::place(&**views, partition).await?;
            let end = before.map_or(self.stretch.from, Offset::next);
            self.extend(from, end, progress).await?;
            from = from.max(end);
            let active = lanes.control(self.mirror).await?.active;
            let live = digest(&**views, self.mirror, active).await?;
            let still = before == replay::place(&**views, partition).await?;
            let equal = still && live == digest(&self.views, self.mirror, BUILD).await?;
            seen += u32::from(still && !equal);
            if hold.is_some() || equal || seen >= SEEN_MIN {
                return Ok((live, active));
            }
        }
        Err(JobError::Retry("the follower could not be met".to_owned()))
    }

    async fn extend(&mut self, from: Offset, end: Offset, progress: &dyn Progress) -> Result<(), JobError> {
        let stretch = Stretch { from, end, ..self.stretch };
        self.stretch.end = end;
        let folded = replay::fold(&*self.ports.log, stretch, BUILD, progress).await?;
        self.events += folded.events();
        replay::load(&self.views, folded, progress).await
    }

    /// The first rows that differ, in words. Both builds are looked at side by side in memory.
    async fn differences(&self, active: Generation) -> Result<Vec<String>, JobError> {
        let both = copies::SideBySide { live: &*self.ports.views, active, rebuilt: &self.views };
        let builds = [copies::LIVE, BUILD];
        let found = projections::digest::differences(&both, self.mirror, builds, NAMED_MAX).await?;
        Ok(found.iter().map(ToString::to_string).collect())
    }
}
