//! Replay: rebuilds a mirror's views from the log beside the ones in use, and swaps.
//!
//! ```text
//! control: active g ── building g+1 ────────────────────────────── active g+1, previous g
//! follower     writes g │ writes g and g+1 ───────────────────────────────────────────>
//! job                   T0  fold [from, T0) ─> load ─> caught up ─> compare ─> flip
//! ```
//! The follower reads the control row after each page, so whatever it does not write to g+1 lies before T0
//! and is folded by the job; the fold is a join, so what both write is harmless. There is no race to catch
//! up. A job that is killed leaves a build that nothing reads; the next one starts a new build.

mod base;
mod control;
mod fold;

pub use base::covers;
pub use control::rollback;
pub use fold::{Folded, fold, load};

use crate::census::{Census, census};
use crate::follow::Follow;
use crate::mirrors::Known;
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use crate::reader::{Stretch, first_at};
use crate::when::When;
use control::{clear, flip, start};
use events::{Offset, Partition};
use projections::digest::{Difference, digest, first_difference};
use projections::follow::FollowState;
use projections::views::{Follower, memory::MemoryViews};
use projections::{Generation, Views};
use serde::{Deserialize, Serialize};

/// What to rebuild.
#[derive(Clone, Debug)]
pub struct Rebuild {
    /// The mirror.
    pub mirror: Known,
    /// From here on; `None`: the log's floor.
    pub from: Option<When>,
    /// Up to here, exclusive. On an empty base the result is looked at and not kept: what the mirror was then.
    pub until: Option<When>,
    /// What is built on.
    pub base: Base,
    /// Flip even where the digests differ: the log is right, the views in use are not.
    pub accept_difference: bool,
}

/// What a rebuild is built on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Nothing: the stretch has to begin at or below the mirror's declaration.
    #[default]
    Empty,
    /// The views in use: a repair. It adds what they lack and proves nothing.
    Live,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The first offset read.
    pub from: Offset,
    /// The offset behind the last one read.
    pub until: Offset,
    /// Events of the mirror folded by the job.
    pub events: u64,
    /// Cells that they make.
    pub cells: u64,
    /// What became of them.
    pub result: Outcome,
}

/// What became of a rebuild.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new build is read now.
    Flipped {
        /// The new build.
        active: Generation,
        /// The old one, kept for a rollback.
        previous: Generation,
        /// The new build's digest.
        digest: String,
        /// The first row that differed, where a difference was accepted.
        difference: Option<String>,
    },
    /// The events were joined into the build in use.
    Repaired {
        /// That build.
        active: Generation,
    },
    /// What the mirror was at `until`. Nothing was kept.
    Seen(Box<Census>),
    /// A survey: nothing was read but the number of events.
    Surveyed,
}

/// Why nothing was swapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The stretch does not begin where the mirror does. Start lower, or repair.
    #[error("{0}")]
    NoBase(String),
    /// The builds differ: look at the row, then accept the difference or repair the log.
    #[error("the rebuilt views ({rebuilt}) differ from those in use ({live}); nothing was swapped. {row}")]
    Differs {
        /// Digest of the views in use.
        live: String,
        /// Digest of the rebuilt ones.
        rebuilt: String,
        /// The first row that differs.
        row: String,
    },
    /// Somebody else changed which builds exist meanwhile: run it again.
    #[error("another replay of this mirror came in between; run it again")]
    Overtaken,
    /// A store failed, or the input was wrong.
    #[error(transparent)]
    Job(#[from] JobError),
}

macro_rules! from_port {
    ($($error:ty),+) => {$(
        impl From<$error> for ReplayError {
            fn from(error: $error) -> Self {
                Self::Job(error.into())
            }
        }
    )+};
}

from_port!(events::log::ReadError, projections::views::ViewsError, projections::lanes::LanesError);

/// Rebuilds, repairs, or looks back, as `rebuild` says. Cancelled or killed at any point, and run again, it
/// comes to the same end.
///
/// # Errors
/// See [`ReplayError`]; whatever it is, the views in use are as before, or repaired in part.
pub async fn rebuild(
    ports: &Ports,
    follow: &dyn Follow,
    rebuild: &Rebuild,
    progress: &dyn Progress,
) -> Result<Report, ReplayError> {
    let job = Job { ports, follow, rebuild, progress };
    match (rebuild.base, rebuild.until) {
        (Base::Live, _) => job.repair().await,
        (Base::Empty, Some(_)) => job.look_back().await,
        (Base::Empty, None) => job.replace().await,
    }
}

/// What a rebuild would read, checked and counted; nothing is folded or written.
///
/// # Errors
/// As for [`rebuild`].
pub async fn survey(ports: &Ports, rebuild: &Rebuild) -> Result<Report, ReplayError> {
    let stretch = stretch(ports, rebuild).await?;
    if rebuild.base == Base::Empty {
        base::require(ports, &rebuild.mirror, stretch.from).await?;
    }
    let events = fold::count(&*ports.log, stretch).await?;
    Ok(Report { from: stretch.from, until: stretch.end, events, cells: 0, result: Outcome::Surveyed })
}

struct Job<'a> {
    ports: &'a Ports,
    follow: &'a dyn Follow,
    rebuild: &'a Rebuild,
    progress: &'a dyn Progress,
}

impl Job<'_> {
    /// Joins a stretch into the views in use.
    async fn repair(&self) -> Result<Report, ReplayError> {
        let mirror = self.rebuild.mirror.id;
        let stretch = stretch(self.ports, self.rebuild).await?;
        let active = self.ports.lanes.control(mirror).await?.active;
        let folded = fold(&*self.ports.log, stretch, active, self.progress).await?;
        let report = folded.report(stretch, Outcome::Repaired { active });
        load(&*self.ports.views, folded, self.progress).await?;
        if self.ports.lanes.control(mirror).await?.active != active {
            return Err(ReplayError::Overtaken);
        }
        Ok(report)
    }

    /// What the mirror was at the end of a stretch.
    async fn look_back(&self) -> Result<Report, ReplayError> {
        let stretch = stretch(self.ports, self.rebuild).await?;
        base::require(self.ports, &self.rebuild.mirror, stretch.from).await?;
        let views = MemoryViews::new();
        let folded = fold(&*self.ports.log, stretch, Generation(0), self.progress).await?;
        let mut report = folded.report(stretch, Outcome::Repaired { active: Generation(0) });
        load(&views, folded, self.progress).await?;
        let census = census(&views, self.rebuild.mirror.id, Generation(0)).await?;
        report.result = Outcome::Seen(Box::new(census));
        Ok(report)
    }

    /// Builds the next generation and swaps.
    async fn replace(&self) -> Result<Report, ReplayError> {
        let floor = stretch(self.ports, self.rebuild).await?;
        base::require(self.ports, &self.rebuild.mirror, floor.from).await?;
        let started = start(self.ports, self.rebuild.mirror.id).await?;
        match self.build(started).await {
            Ok(report) => Ok(report),
            Err(error) => {
                // The follower need not write a build that nobody will read; best effort.
                clear(self.ports, self.rebuild.mirror.id, started).await;
                Err(error)
            }
        }
    }

    async fn build(&self, started: control::Started) -> Result<Report, ReplayError> {
        let Ports { log, views, .. } = self.ports;
        // The tail is read after the control row was written: see the drawing.
        let stretch = stretch(self.ports, self.rebuild).await?;
        let folded = fold(&**log, stretch, started.building(), self.progress).await?;
        let place = Outcome::Repaired { active: started.building() };
        let mut report = folded.report(stretch, place);
        load(&**views, folded, self.progress).await?;
        self.follow.caught_up(stretch.partition, stretch.end).await?;
        let compared = self.compare(started).await?;
        if let Some(row) = &compared.difference
            && !self.rebuild.accept_difference
        {
            let [live, rebuilt] = compared.digests;
            return Err(ReplayError::Differs { live, rebuilt, row: row.clone() });
        }
        flip(self.ports, self.rebuild.mirror.id, started).await?;
        let [_, digest] = compared.digests;
        report.result = Outcome::Flipped {
            active: started.building(),
            previous: started.active(),
            digest,
            difference: compared.difference,
        };
        Ok(report)
    }

    /// Compares both builds at one position of the follower: free-running at first, then stopped for as long
    /// as one comparison takes. Where another node drives it, a difference must be seen again: a commit may have
    /// been half done.
    async fn compare(&self, started: control::Started) -> Result<Compared, ReplayError> {
        const FREE_TRIES: u64 = 2;
        const TRIES_MAX: u64 = 100;
        const SEEN_MIN: u64 = 3;
        let mut seen = 0;
        let (views, mirror) = (&*self.ports.views, self.rebuild.mirror.id);
        let partition = self.ports.partition(mirror);
        for attempt in 0..TRIES_MAX {
            self.progress.at("comparing", attempt, 0);
            let hold = if attempt < FREE_TRIES { None } else { self.follow.hold(partition).await? };
            let before = place(views, partition).await?;
            let live = digest(views, mirror, started.active()).await?;
            let rebuilt = digest(views, mirror, started.building()).await?;
            let row = match live == rebuilt {
                true => None,
                false => first_difference(views, mirror, started.active(), started.building()).await?,
            };
            let still = before == place(views, partition).await?;
            seen += u64::from(still && row.is_some());
            if hold.is_some() || (still && (row.is_none() || seen >= SEEN_MIN)) {
                let digests = [live.to_string(), rebuilt.to_string()];
                return Ok(Compared { digests, difference: row.as_ref().map(in_words) });
            }
        }
        Err(ReplayError::Overtaken)
    }
}

/// The stretch asked for, as far as the log goes now.
async fn stretch(ports: &Ports, rebuild: &Rebuild) -> Result<Stretch, JobError> {
    let all = Stretch::of_mirror(ports, rebuild.mirror.id).await?;
    let from = offset(ports, all, rebuild.from).await?.unwrap_or(all.from);
    if from < all.from {
        return Err(JobError::Trimmed { floor: all.from });
    }
    let end = offset(ports, all, rebuild.until).await?.unwrap_or(all.end).min(all.end);
    if end < from {
        return Err(JobError::Wrong(format!("the end, offset {end}, lies before the start, offset {from}")));
    }
    Ok(Stretch { from, end, ..all })
}

async fn offset(ports: &Ports, all: Stretch, when: Option<When>) -> Result<Option<Offset>, JobError> {
    match when {
        None => Ok(None),
        Some(When::Offset(offset)) => Ok(Some(offset)),
        Some(When::Time(time)) => {
            // Of the whole partition: a mirror's own events may lie far apart.
            let any = Stretch { mirror: None, ..all };
            first_at(&*ports.log, any, time).await.map(Some)
        }
    }
}

struct Compared {
    digests: [String; 2],
    difference: Option<String>,
}

fn in_words(difference: &Difference) -> String {
    format!("First row that differs (in use / rebuilt): {difference}")
}

/// Where the follower of the views is: equal before and after means that it wrote nothing in between.
pub(crate) async fn place(views: &dyn Views, partition: Partition) -> Result<Option<Offset>, JobError> {
    let follower = Follower { partition, name: FollowState::VIEWS.to_owned() };
    let marks = views.position(&follower).await?;
    Ok(marks.first().map(|mark| mark.offset))
}
