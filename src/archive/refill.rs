//! Fills an empty log from the archive.
//!
//! ```text
//! archive   a b c d e f g
//! log       a b c               killed here, run again: what is there is compared, and d follows
//! ```
//! The log stamps its own numbers and offsets; the events are the same, in the same order, so that every view
//! is. What cannot be decoded is left out and counted: no event can be made of it.

use super::Archive;
use super::life::of_incarnation;
use super::store::{Name, Opened};
use events::codec::{DecodeError, decode};
use events::log::{Durable, Log, Read};
use events::{Event, EventId, Offset, Partition};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use tools::{JobError, Progress};

/// Events of one append.
const BATCH_EVENTS: usize = 500;
/// An append that failed may have been done in part: so many events may be there twice in a row.
const REPEATED_MAX: usize = 4 * BATCH_EVENTS;
/// Events of one read of the log.
const PAGE: usize = 4096;

/// What to fill from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refill {
    /// This incarnation; `None`: the newest that holds segments.
    pub incarnation: Option<u32>,
    /// Fill although segments are missing: what they held is lost.
    pub accept_holes: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a refill did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refilled {
    /// The partition.
    pub partition: u16,
    /// From this incarnation; 0: the archive holds nothing of the partition.
    pub incarnation: u32,
    /// Events of the archive that are in the log now.
    pub events: u64,
    /// How many of them were there already.
    pub known: u64,
    /// Records left out: no program can read them.
    pub unreadable: u64,
}

/// Appends everything archived of a partition to its log. Killed at any point and run again, it goes on.
///
/// # Errors
/// When the log or the archive does not answer, the archive is damaged, or the log holds anything else.
pub async fn refill(
    archive: &Archive,
    (log, partition): (&dyn Log, Partition),
    ask: Refill,
    progress: &dyn Progress,
) -> Result<Refilled, JobError> {
    let mut refilled = Refilled { partition: partition.0, ..Refilled::default() };
    let Some((number, segments)) = chosen(archive, partition, ask).await? else { return Ok(refilled) };
    refilled.incarnation = number;
    let known = Known { log, partition, at: log.floor(partition).await?, read: VecDeque::new() };
    let mut filling = Filling {
        log,
        partition,
        dry_run: ask.dry_run,
        known: Some(known),
        recent: VecDeque::new(),
        refilled,
    };
    let mut at = Offset(0);
    for segment in segments {
        let opened = archive.read(segment, None).await?;
        filling.segment(&opened, at).await?;
        at = at.max(segment.0.next);
        progress.at("restoring", filling.refilled.events, 0);
    }
    Ok(filling.refilled)
}

/// The segments to fill from.
async fn chosen(
    archive: &Archive,
    partition: Partition,
    ask: Refill,
) -> Result<Option<(u32, Vec<(Name, u64)>)>, JobError> {
    let all = archive.incarnations(partition).await?;
    let asked = |number: u32| ask.incarnation.is_none_or(|asked| asked == number);
    for incarnation in all.iter().rev().filter(|one| asked(one.number)) {
        let segments = of_incarnation(archive, partition, &all, incarnation.number).await?;
        if segments.is_empty() {
            continue;
        }
        if let (Some(hole), false) = (hole(&segments), ask.accept_holes) {
            return Err(JobError::Wrong(format!(
                "in {}, incarnation {}, nothing holds the offsets {} to {}: restore them from a copy of the \
                 archive, or give up what they held with --accept-holes",
                partition.0, incarnation.number, hole.0, hole.1
            )));
        }
        return Ok(Some((incarnation.number, segments)));
    }
    match ask.incarnation {
        Some(number) => Err(JobError::Wrong(format!(
            "the archive holds nothing of incarnation {number} of partition {}",
            partition.0
        ))),
        None => Ok(None),
    }
}

fn hole(segments: &[(Name, u64)]) -> Option<(Offset, Offset)> {
    let mut at = segments.first()?.0.from;
    for (name, _) in segments {
        if name.from > at {
            return Some((at, name.from));
        }
        at = at.max(name.next);
    }
    None
}

struct Filling<'a> {
    log: &'a dyn Log,
    partition: Partition,
    dry_run: bool,
    /// What the log holds already, until its end is met.
    known: Option<Known<'a>>,
    recent: VecDeque<EventId>,
    refilled: Refilled,
}

impl Filling<'_> {
    /// Takes what a segment holds from `from` on.
    async fn segment(&mut self, opened: &Opened, from: Offset) -> Result<(), JobError> {
        let mut batch = Vec::new();
        for entry in opened.entries.iter().filter(|entry| entry.offset >= from) {
            match decode(&entry.record) {
                Ok(event) if self.is_known(event.id).await? => self.refilled.known += 1,
                Ok(event) => batch.push(event),
                Err(DecodeError::Corrupt(_)) => {
                    self.refilled.unreadable += 1;
                    continue;
                }
                Err(newer @ DecodeError::Newer(_)) => return Err(JobError::undecodable(entry.offset, newer)),
            }
            self.refilled.events += 1;
            if batch.len() >= BATCH_EVENTS {
                self.append(std::mem::take(&mut batch)).await?;
            }
        }
        self.append(batch).await
    }

    async fn append(&self, batch: Vec<Event>) -> Result<(), JobError> {
        if batch.is_empty() || self.dry_run {
            return Ok(());
        }
        Ok(self.log.append(self.partition, batch, Durable::Everywhere).await?)
    }

    /// Whether the next event of the log is this one.
    async fn is_known(&mut self, event: EventId) -> Result<bool, JobError> {
        while let Some(known) = &mut self.known {
            match known.next().await? {
                None => self.known = None,
                Some((_, found)) if found == event => {
                    self.recent.push_back(found);
                    if self.recent.len() > REPEATED_MAX {
                        self.recent.pop_front();
                    }
                    return Ok(true);
                }
                // Of an append that failed and was done again.
                Some((_, found)) if self.recent.contains(&found) => {}
                Some((offset, found)) => {
                    return Err(JobError::Wrong(format!(
                        "partition {} holds the event {found} at offset {offset}, where the archive has {event}: \
                         only an empty log can be filled, or one that this was begun on",
                        self.partition.0
                    )));
                }
            }
        }
        Ok(false)
    }
}

/// What a log holds already.
struct Known<'a> {
    log: &'a dyn Log,
    partition: Partition,
    at: Offset,
    read: VecDeque<(Offset, EventId)>,
}

impl Known<'_> {
    async fn next(&mut self) -> Result<Option<(Offset, EventId)>, JobError> {
        if self.read.is_empty() {
            let read = Read { partition: self.partition, from: self.at, limit: PAGE, mirror: None };
            let page = self.log.read(read).await?;
            self.at = page.next.max(self.at);
            for entry in page.entries {
                let event = decode(&entry.record);
                let event = event.map_err(|error| JobError::undecodable(entry.offset, error))?;
                self.read.push_back((entry.offset, event.id));
            }
        }
        Ok(self.read.pop_front())
    }
}
