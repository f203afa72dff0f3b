//! Seals: copies what the log holds into segments that never change.

use super::life::{begun, recognise};
use super::pace::{Pace, Waiting};
use super::segment::Draft;
use super::store::{Name, covered};
use super::{Archive, ArchiveError, Backed};
use events::log::{Log, Read};
use events::{Offset, Partition};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tools::{JobError, Progress};

/// Events of one read while sealing.
const PAGE: usize = 4096;
/// Until the archive or the log, which did not answer, is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// What a seal did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The partition.
    pub partition: u16,
    /// Into this incarnation; 0: the log is empty.
    pub incarnation: u32,
    /// So many segments were written,
    pub segments: u64,
    /// with so many events,
    pub events: u64,
    /// in so many bytes.
    pub bytes: u64,
    /// All that the log holds before this offset is sealed.
    pub upto: Offset,
}

/// Seals what lies before `upto`; `None`: up to the log's tail. Killed at any point and run again, it comes to
/// the same end; two at once do no harm.
///
/// # Errors
/// When the log or the archive does not answer, the archive is damaged, or the log holds a record of a newer
/// format.
pub async fn seal(
    archive: &Archive,
    (log, partition): (&dyn Log, Partition),
    upto: Option<Offset>,
    progress: &dyn Progress,
) -> Result<Sealed, JobError> {
    let mut sealed = Sealed { partition: partition.0, ..Sealed::default() };
    let Some((incarnation, life)) = begun(archive, log, partition).await? else { return Ok(sealed) };
    sealed.incarnation = incarnation.number;
    let tail = log.tail(partition).await?;
    let end = upto.map_or(tail, |upto| upto.min(tail));
    let floor = log.floor(partition).await?;
    let mut sealing =
        Sealing { archive, log, partition, incarnation: incarnation.number, segments: life.segments, sealed };
    loop {
        let at = covered(&sealing.segments, floor);
        let behind = sealing.segments.iter().map(|(name, _)| name.from).find(|from| *from > at);
        let stop = behind.map_or(end, |from| from.min(end));
        progress.at("sealing", sealing.sealed.events, 0);
        sealing.sealed.upto = at;
        if at >= stop || !sealing.stretch(at, stop, progress).await? {
            return Ok(sealing.sealed);
        }
    }
}

struct Sealing<'a> {
    archive: &'a Archive,
    log: &'a dyn Log,
    partition: Partition,
    incarnation: u32,
    segments: Vec<(Name, u64)>,
    sealed: Sealed,
}

impl Sealing<'_> {
    /// Seals `[from, stop)`; false: there is nothing in it.
    async fn stretch(
        &mut self,
        mut from: Offset,
        stop: Offset,
        progress: &dyn Progress,
    ) -> Result<bool, JobError> {
        let (mut draft, mut at, before) = (Draft::default(), from, self.sealed.segments);
        while at < stop {
            let read = Read { partition: self.partition, from: at, limit: PAGE, mirror: None };
            let page = self.log.read(read).await?;
            if page.next <= at {
                break;
            }
            for entry in page.entries.into_iter().filter(|entry| entry.offset < stop) {
                let offset = entry.offset;
                if draft.is_full() {
                    self.write(std::mem::take(&mut draft), (from, offset)).await?;
                    progress.at("sealing", self.sealed.events, 0);
                    from = offset;
                }
                draft.push(entry).map_err(|error| JobError::undecodable(offset, error))?;
            }
            at = page.next.min(stop);
        }
        self.write(draft, (from, at)).await?;
        Ok(self.sealed.segments > before)
    }

    async fn write(&mut self, draft: Draft, (from, next): (Offset, Offset)) -> Result<(), JobError> {
        let whose = (self.partition, self.incarnation);
        let made = tokio::task::spawn_blocking(move || draft.seal(whose, (from, next)));
        let made = made.await.map_err(|error| JobError::Retry(error.to_string()))?;
        let failed = |error: std::io::Error| ArchiveError::Retry(format!("cannot compress: {error}"));
        let Some((head, bytes)) = made.map_err(failed)? else { return Ok(()) };
        let size = bytes.len() as u64;
        let name = Name { partition: self.partition, incarnation: self.incarnation, from, next };
        self.archive.write(name, bytes).await?;
        self.segments.push((name, size));
        self.segments.sort_unstable_by_key(|(name, _)| (name.from, name.next));
        self.sealed.segments += 1;
        self.sealed.events += head.count;
        self.sealed.bytes += size;
        Ok(())
    }
}

/// Seals one partition while a node runs.
pub struct Sealer {
    archive: Archive,
    log: Arc<dyn Log>,
    partition: Partition,
    partitions: u16,
    pace: Pace,
    sealed: watch::Sender<Option<Offset>>,
}

impl Sealer {
    /// A sealer of one of `partitions`.
    #[must_use]
    pub fn new(backed: &Backed, (partition, partitions): (Partition, u16), pace: Pace) -> Self {
        let Backed { archive, log } = backed.clone();
        let sealed = watch::Sender::new(None);
        Self { archive, log, partition, partitions, pace, sealed }
    }

    /// How far it has sealed, once that is known.
    #[must_use]
    pub fn sealed(&self) -> watch::Receiver<Option<Offset>> {
        self.sealed.subscribe()
    }

    /// Seals what lies before `tail` at its pace, until `stop` or until nobody tells the tail any more. A store
    /// that does not answer is asked again later.
    ///
    /// # Errors
    /// When the archive is damaged or another log's, or the log has stopped: nothing more is sealed, and
    /// retention may pass no further. The node can go on.
    pub async fn run(self, tail: watch::Receiver<Offset>, stop: CancellationToken) -> Result<(), JobError> {
        let mut waiting = Waiting::new(self.pace);
        loop {
            let known = self.look().await;
            let pause = match known {
                Ok(sealed) => {
                    self.sealed.send_replace(Some(sealed));
                    let due = tokio::select! {
                        () = stop.cancelled() => None,
                        due = self.due(&mut waiting, &tail, sealed) => due,
                    };
                    let Some(upto) = due else { return Ok(()) };
                    self.round(upto, &stop).await?
                }
                Err(error) => retried(self.partition, error)?,
            };
            if pause {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY_PAUSE) => {}
                }
            }
        }
    }

    /// Waits until something is due, and says up to where; none: nobody tells the tail any more.
    async fn due(
        &self,
        waiting: &mut Waiting,
        tail: &watch::Receiver<Offset>,
        sealed: Offset,
    ) -> Option<Offset> {
        let mut looks = tokio::time::interval(self.pace.look());
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            tail.has_changed().ok()?;
            let due = waiting.look(Instant::now(), *tail.borrow(), sealed);
            if due.is_some() {
                return due;
            }
        }
    }

    async fn look(&self) -> Result<Offset, JobError> {
        self.archive.claim(self.partitions).await?;
        let life = recognise(&self.archive, &*self.log, self.partition).await?;
        Ok(life.sealed(self.log.floor(self.partition).await?))
    }

    /// Seals once. Tells whether to pause before the next.
    async fn round(&self, upto: Offset, stop: &CancellationToken) -> Result<bool, JobError> {
        let log = (&*self.log, self.partition);
        let sealed = tokio::select! {
            () = stop.cancelled() => return Ok(false),
            sealed = seal(&self.archive, log, Some(upto), &tools::progress::Silent) => sealed,
        };
        match sealed {
            // Nothing came of it: do not spin.
            Ok(sealed) => Ok(sealed.segments == 0),
            Err(error) => retried(self.partition, error),
        }
    }
}

/// `true` for what passes by itself.
fn retried(partition: Partition, error: JobError) -> Result<bool, JobError> {
    match error {
        // The floor moved while it was read: begin again there.
        JobError::Retry(_) | JobError::Trimmed { .. } => {
            tracing::warn!(partition = partition.0, %error, "cannot seal now");
            Ok(true)
        }
        JobError::Wrong(_) | JobError::Corrupt { .. } | JobError::Newer { .. } | JobError::Stopped(_) => {
            Err(error)
        }
    }
}
