//! Folds a stretch of the log in memory, and loads the result in key order.

use super::{Outcome, Report};
use crate::ports::JobError;
use crate::progress::Progress;
use crate::reader::Stretch;
use events::codec::decode;
use events::log::{Entry, Log, Page, Read};
use futures_util::future::join;
use projections::fold::Fold;
use projections::{Generation, Views};

/// A stretch, folded.
#[derive(Debug)]
pub struct Folded {
    fold: Fold,
    events: u64,
}

impl Folded {
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

/// Folds `stretch` into one build: a page is decoded and folded on another thread while the next is read.
///
/// # Errors
/// When the log does not answer, or holds a record that cannot be read: a rebuild never skips.
pub async fn fold(
    log: &dyn Log,
    stretch: Stretch,
    generation: Generation,
    progress: &dyn Progress,
) -> Result<Folded, JobError> {
    let mut folded = Folded { fold: Fold::new(generation), events: 0 };
    let mut page = read(log, stretch, stretch.from).await?;
    while let Some(Page { entries, next }) = page {
        let inside: Vec<_> = entries.into_iter().take_while(|entry| entry.offset < stretch.end).collect();
        let work = tokio::task::spawn_blocking(move || add(folded, &inside));
        let (done, read) = join(work, read(log, stretch, next)).await;
        folded = done.map_err(|error| JobError::Retry(format!("the fold did not finish: {error}")))??;
        page = read?;
        progress.at("folding", next.0.min(stretch.end.0) - stretch.from.0, stretch.end.0 - stretch.from.0);
    }
    Ok(folded)
}

async fn read(log: &dyn Log, stretch: Stretch, from: events::Offset) -> Result<Option<Page>, JobError> {
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
    while let Some(Page { entries, next }) = read(log, stretch, from).await? {
        count += entries.iter().take_while(|entry| entry.offset < stretch.end).count() as u64;
        from = next;
    }
    Ok(count)
}

fn add(mut folded: Folded, entries: &[Entry]) -> Result<Folded, JobError> {
    for Entry { offset, record } in entries {
        let event = decode(record).map_err(|error| JobError::undecodable(*offset, error))?;
        folded.fold.add(&event);
    }
    folded.events += entries.len() as u64;
    Ok(folded)
}

/// Commits a fold in key order, in pieces; killed in between, it can be done again.
///
/// # Errors
/// When the views do not answer.
pub async fn load(views: &dyn Views, folded: Folded, progress: &dyn Progress) -> Result<(), JobError> {
    let mut changes = folded.fold.into_sorted();
    let mut done = 0;
    loop {
        let piece: Vec<_> = changes.by_ref().take(LOAD).collect();
        if piece.is_empty() {
            return Ok(());
        }
        done += piece.len() as u64;
        views.commit(piece, None).await?;
        progress.at("loading", done, 0);
    }
}
