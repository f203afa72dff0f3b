//! Reads a stretch of the log, decoded. Jobs never skip: a record that cannot be read ends the job.

use crate::ports::{JobError, Ports};
use events::codec::decode;
use events::log::{Log, Read};
use events::{Event, MirrorId, Offset, Partition, Version};

/// A stretch of one partition, `[from, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The partition.
    pub partition: Partition,
    /// Of this mirror alone, or of all.
    pub mirror: Option<MirrorId>,
    /// The first offset.
    pub from: Offset,
    /// The offset behind the last.
    pub end: Offset,
}

impl Stretch {
    /// All events of `mirror` that are there now.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn of_mirror(ports: &Ports, mirror: MirrorId) -> Result<Self, JobError> {
        let partition = ports.partition(mirror);
        let from = ports.log.floor(partition).await?;
        let end = ports.log.tail(partition).await?;
        Ok(Self { partition, mirror: Some(mirror), from, end })
    }
}

/// Reads a stretch page by page.
pub struct Reader<'a> {
    log: &'a dyn Log,
    stretch: Stretch,
    limit: usize,
}

impl<'a> Reader<'a> {
    /// Events a page.
    const LIMIT: usize = 4096;

    /// Reads `stretch` from its start.
    #[must_use]
    pub fn new(log: &'a dyn Log, stretch: Stretch) -> Self {
        Self { log, stretch, limit: Self::LIMIT }
    }

    /// Reads pages of about `limit` events.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Where it reads on.
    #[must_use]
    pub const fn at(&self) -> Offset {
        self.stretch.from
    }

    /// The next events; `None` at the end of the stretch. May be empty in between.
    ///
    /// # Errors
    /// When the log does not answer, or holds a record that cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<(Offset, Event)>>, JobError> {
        let Stretch { partition, mirror, from, end } = self.stretch;
        if from >= end {
            return Ok(None);
        }
        let page = self.log.read(Read { partition, from, limit: self.limit, mirror }).await?;
        if page.entries.is_empty() && page.next <= from {
            return Ok(None);
        }
        self.stretch.from = page.next.max(from);
        let inside = page.entries.into_iter().take_while(|entry| entry.offset < end);
        let events = inside.map(|entry| match decode(&entry.record) {
            Ok(event) => Ok((entry.offset, event)),
            Err(error) => Err(JobError::undecodable(entry.offset, error)),
        });
        events.collect::<Result<Vec<_>, _>>().map(Some)
    }
}

/// The first offset in `stretch` whose event was observed at or after `time`; the end where there is none.
///
/// Offsets are halved over, for observation times grow with offsets but for the clocks of several nodes.
///
/// # Errors
/// When the log does not answer, or holds a record that cannot be read.
pub async fn first_at(log: &dyn Log, stretch: Stretch, time: Version) -> Result<Offset, JobError> {
    let (mut low, mut high) = (stretch.from.0, stretch.end.0);
    while low < high {
        let middle = low + (high - low) / 2;
        match observed_from(log, Stretch { from: Offset(middle), ..stretch }).await? {
            Some((at, observed)) if observed < time => low = at.next().0,
            Some(_) | None => high = middle,
        }
    }
    Ok(Offset(low))
}

/// The first event of a stretch: where it lies, and when it was observed.
async fn observed_from(log: &dyn Log, stretch: Stretch) -> Result<Option<(Offset, Version)>, JobError> {
    let mut reader = Reader::new(log, stretch).with_limit(1);
    while let Some(events) = reader.next().await? {
        if let Some((offset, event)) = events.first() {
            return Ok(Some((*offset, event.observed)));
        }
    }
    Ok(None)
}
