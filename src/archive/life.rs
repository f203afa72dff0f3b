//! Which incarnation in the archive is the log that is there now.
//!
//! ```text
//! archive    [ .... ][ .... ][ .... x ]      x: the last event sealed, at its offset
//! log                 floor [ ..... x ..... ] tail      the same event there: the same log
//! ```
//! A log that is shorter, or holds another event there, is another one: it was deleted and filled again. Where
//! an older segment's last event is found, the log lost its newest events only, and branches off there.

use super::segment::Landmark;
use super::store::{Continues, Incarnation, Name, covered};
use super::{Archive, ArchiveError};
use events::codec::decode;
use events::log::{Log, Read, ReadError};
use events::{EventId, Offset, Partition};
use tools::JobError;

/// What is sealed of the log that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The incarnation; none: nothing was sealed of this log.
    pub incarnation: Option<Incarnation>,
    /// Its segments with their stored bytes, by offset.
    pub segments: Vec<(Name, u64)>,
    /// The number of the next incarnation.
    number_next: u32,
    /// Where the next incarnation branches off.
    branches: Option<Continues>,
}

impl Life {
    /// The segment that holds what lies at `offset`.
    #[must_use]
    pub fn segment_at(&self, offset: Offset) -> Option<(Name, u64)> {
        let behind = self.segments.partition_point(|(name, _)| name.from <= offset);
        self.segments[..behind].iter().rev().find(|(name, _)| name.covers(offset)).copied()
    }

    /// How far the log is sealed, seen from its floor.
    #[must_use]
    pub fn sealed(&self, floor: Offset) -> Offset {
        covered(&self.segments, floor)
    }
}

/// Whether a landmark lies in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// The same event is there.
    Same,
    /// Another, or none.
    Other,
    /// It has been removed: nobody can tell.
    Removed,
}

/// Finds what is sealed of `log`.
///
/// # Errors
/// When the log or the archive does not answer, or the archive is damaged.
pub async fn recognise(archive: &Archive, log: &dyn Log, partition: Partition) -> Result<Life, JobError> {
    let incarnations = archive.incarnations(partition).await?;
    let Some(latest) = incarnations.last().copied() else {
        return Ok(Life { incarnation: None, segments: Vec::new(), number_next: 1, branches: None });
    };
    let segments = of_incarnation(archive, partition, &incarnations, latest.number).await?;
    let number_next = latest.number + 1;
    let sought = Sought { archive, log, partition };
    match sought.newest(latest, &segments).await? {
        Seen::Same | Seen::Removed => {
            Ok(Life { incarnation: Some(latest), segments, number_next, branches: None })
        }
        Seen::Other => {
            let branches = sought.branch(latest, &segments).await?;
            let upto = branches.map_or(Offset(0), |branch| branch.upto);
            let segments = segments.into_iter().filter(|(name, _)| name.next <= upto).collect();
            Ok(Life { incarnation: None, segments, number_next, branches })
        }
    }
}

/// The segments of an incarnation, with those of older ones that it continues.
///
/// # Errors
/// See [`ArchiveError`].
pub async fn of_incarnation(
    archive: &Archive,
    partition: Partition,
    all: &[Incarnation],
    number: u32,
) -> Result<Vec<(Name, u64)>, ArchiveError> {
    let mut found = archive.segments(partition, number).await?;
    let mut at = number;
    // Each continues a smaller one, so this ends.
    while let Some(Continues { incarnation, upto }) = all
        .iter()
        .find(|one| one.number == at)
        .and_then(|one| one.continues)
        .filter(|one| one.incarnation < at)
    {
        let older = archive.segments(partition, incarnation).await?;
        found.extend(older.into_iter().filter(|(name, _)| name.next <= upto));
        at = incarnation;
    }
    found.sort_unstable_by_key(|(name, _)| (name.from, name.next));
    Ok(found)
}

struct Sought<'a> {
    archive: &'a Archive,
    log: &'a dyn Log,
    partition: Partition,
}

impl Sought<'_> {
    /// Whether the newest sealed event is in the log.
    async fn newest(&self, latest: Incarnation, segments: &[(Name, u64)]) -> Result<Seen, JobError> {
        let mark = match segments.iter().max_by_key(|(name, _)| name.next) {
            Some((name, size)) => self.archive.head(*name, *size).await?.last,
            None => Landmark { offset: latest.first.offset, event: latest.first.event },
        };
        self.see(mark).await
    }

    /// The newest segment whose last event is in the log.
    async fn branch(
        &self,
        latest: Incarnation,
        segments: &[(Name, u64)],
    ) -> Result<Option<Continues>, JobError> {
        for (name, size) in segments.iter().rev() {
            let mark = self.archive.head(*name, *size).await?.last;
            match self.see(mark).await? {
                Seen::Same => return Ok(Some(Continues { incarnation: latest.number, upto: name.next })),
                Seen::Other => {}
                Seen::Removed => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn see(&self, mark: Landmark) -> Result<Seen, JobError> {
        if mark.offset >= self.log.tail(self.partition).await? {
            return Ok(Seen::Other);
        }
        match landmark(self.log, self.partition, mark.offset).await {
            Ok(Some(found)) if found == mark => Ok(Seen::Same),
            Ok(_) => Ok(Seen::Other),
            Err(ReadError::Trimmed { .. }) => Ok(Seen::Removed),
            Err(error) => Err(error.into()),
        }
    }
}

/// The first event at or behind `from`.
async fn landmark(log: &dyn Log, partition: Partition, from: Offset) -> Result<Option<Landmark>, ReadError> {
    let page = log.read(Read { partition, from, limit: 1, mirror: None }).await?;
    let first = page.entries.first();
    Ok(first.map(|entry| {
        let event = decode(&entry.record).map_or(EventId::default(), |event| event.id);
        Landmark { offset: entry.offset, event }
    }))
}

/// The incarnation to seal into, begun where there is none; `None`: the log is empty.
///
/// # Errors
/// When the log or the archive does not answer, or the archive is damaged.
pub(super) async fn begun(
    archive: &Archive,
    log: &dyn Log,
    partition: Partition,
) -> Result<Option<(Incarnation, Life)>, JobError> {
    /// Somebody else may begin one first; and then it is there.
    const TRIES: u32 = 3;
    for _ in 0..TRIES {
        let life = recognise(archive, log, partition).await?;
        if let Some(incarnation) = life.incarnation {
            return Ok(Some((incarnation, life)));
        }
        let floor = log.floor(partition).await?;
        let Some(first) = landmark(log, partition, floor).await? else { return Ok(None) };
        let new = Incarnation { number: life.number_next, first: first.into(), continues: life.branches };
        if archive.begin(partition, new).await? {
            return Ok(Some((new, life)));
        }
    }
    Err(JobError::Retry("another node begins to seal this partition too".to_owned()))
}
