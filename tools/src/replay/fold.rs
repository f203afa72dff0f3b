//! Folds a stretch of the log in memory, and loads the result in key order.

use super::{Outcome, Report};
use crate::ports::JobError;
use crate::progress::Progress;
use crate::reader::Stretch;
use events::codec::decode;
use events::log::{Entry, Log, Page, Read};
use events::{MirrorId, Offset};
use futures_util::{StreamExt, TryStreamExt, stream};
use projections::fold::Fold;
use projections::{Change, Generation, Views};
use std::collections::VecDeque;
use tokio::task::{JoinHandle, spawn_blocking};

/// A stretch, folded.
#[derive(Debug)]
pub struct Folded {
    fold: Fold,
    events: u64,
}

impl Folded {
    fn new(generation: Generation) -> Self {
        Self { fold: Fold::new(generation), events: 0 }
    }

    fn absorb(&mut self, other: Self) {
        if self.fold.cells() == 0 {
            self.fold = other.fold;
        } else {
            self.fold.absorb(other.fold);
        }
        self.events += other.events;
    }

    /// The same, mirror by mirror; each part counts all events.
    pub fn by_mirror(self) -> impl Iterator<Item = (MirrorId, Self)> + Send {
        let Self { fold, events } = self;
        fold.by_mirror().into_iter().map(move |(mirror, fold)| (mirror, Self { fold, events }))
    }

    /// Events folded.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// All rows' changes, in key order.
    #[must_use]
    pub fn into_fold(self) -> Fold {
        self.fold
    }

    pub(super) fn report(&self, stretch: Stretch, result: Outcome) -> Report {
        let cells = self.fold.cells() as u64;
        Report { from: stretch.from, until: stretch.end, events: self.events, cells, result }
    }
}

/// Events read at a time.
const PAGE: usize = 8192;

/// Changes committed at a time.
const LOAD: usize = 50_000;

/// Pieces under way: the next is put in order while the views write one.
const LOADS: usize = 2;

/// Threads that decode and fold while one reads.
const FOLDS: usize = 2;

/// Folds `stretch` into one build. Its pages are dealt out to folds on threads of their own, which are joined in the
/// end: the fold is a join, so it does not matter which of them saw what.
///
/// # Errors
/// When the log does not answer, or holds a record that cannot be read: a rebuild never skips.
pub async fn fold(
    log: &dyn Log,
    stretch: Stretch,
    generation: Generation,
    progress: &dyn Progress,
) -> Result<Folded, JobError> {
    let mut busy: VecDeque<JoinHandle<Result<Folded, JobError>>> = VecDeque::new();
    let mut from = stretch.from;
    while let Some(Page { entries, next, .. }) = read(log, stretch, from).await? {
        let first = if busy.len() < FOLDS { None } else { busy.pop_front() };
        let part = match first {
            Some(first) => finished(first).await?,
            None => Folded::new(generation),
        };
        busy.push_back(spawn_blocking(move || add(part, &entries, stretch.end)));
        from = next;
        progress.at("folding", next.0.min(stretch.end.0) - stretch.from.0, stretch.end.0 - stretch.from.0);
    }
    let mut folded = Folded::new(generation);
    for part in busy {
        folded.absorb(finished(part).await?);
    }
    Ok(folded)
}

async fn finished(part: JoinHandle<Result<Folded, JobError>>) -> Result<Folded, JobError> {
    part.await.map_err(|error| JobError::Retry(format!("the fold did not finish: {error}")))?
}

async fn read(log: &dyn Log, stretch: Stretch, from: Offset) -> Result<Option<Page>, JobError> {
    if from >= stretch.end {
        return Ok(None);
    }
    let Stretch { partition, mirror, .. } = stretch;
    let page = log.read(Read { partition, from, limit: PAGE, mirror }).await?;
    let stuck = page.entries.is_empty() && page.next <= from;
    Ok((!stuck).then_some(page))
}

/// Counts the events of a stretch, undecoded.
pub(super) async fn count(log: &dyn Log, stretch: Stretch) -> Result<u64, JobError> {
    let (mut count, mut from) = (0, stretch.from);
    while let Some(Page { entries, next, .. }) = read(log, stretch, from).await? {
        count += entries.iter().take_while(|entry| entry.offset < stretch.end).count() as u64;
        from = next;
    }
    Ok(count)
}

fn add(mut folded: Folded, entries: &[Entry], end: Offset) -> Result<Folded, JobError> {
    for Entry { offset, record } in entries.iter().take_while(|entry| entry.offset < end) {
        let event = decode(record).map_err(|error| JobError::undecodable(*offset, error))?;
        folded.fold.add(&event);
        folded.events += 1;
    }
    Ok(folded)
}

/// Commits a fold in key order, in pieces; killed in between, it can be done again.
///
/// # Errors
/// When the views do not answer.
pub async fn load(views: &dyn Views, folded: Folded, progress: &dyn Progress) -> Result<(), JobError> {
    let mut changes = folded.fold.into_sorted();
    let pieces = std::iter::from_fn(|| {
        let piece: Vec<Change> = changes.by_ref().take(LOAD).collect();
        (!piece.is_empty()).then_some(piece)
    });
    let commits = stream::iter(pieces).map(|piece| async {
        let length = piece.len() as u64;
        views.commit(piece, None).await.map(|()| length)
    });
    let mut commits = commits.buffered(LOADS);
    let mut done = 0;
    while let Some(length) = commits.try_next().await? {
        done += length;
        progress.at("loading", done, 0);
    }
    Ok(())
}
