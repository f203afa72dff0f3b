//! How an archive stands, and whether every byte of it is as it was written.

use super::life::{of_incarnation, recognise};
use super::retention::{Retention, retention};
use super::segment::{Index, Landmark, SegmentError};
use super::store::{Name, reaches};
use super::{Archive, ArchiveError};
use bytes::Bytes;
use events::codec::{DecodeError, decode};
use events::log::{Entry, Log, Read, ReadError};
use events::{EventId, MirrorId, Offset, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tools::{JobError, Ports, Progress};

/// Problems named in a report; more are only counted.
pub const NAMED_MAX: usize = 20;

/// How an archive stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where it is.
    pub archive: String,
    /// Each partition of the log.
    pub partitions: Vec<PartitionStatus>,
}

/// One partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionStatus {
    /// Its number.
    pub partition: u16,
    /// Lives of its log in the archive.
    pub incarnations: u32,
    /// The one that is this log; none: nothing of this log is sealed.
    pub incarnation: Option<u32>,
    /// Its segments,
    pub segments: u64,
    /// in so many bytes.
    pub bytes: u64,
    /// The first offset that can be read, from the archive or the log.
    pub reaches: Offset,
    /// The first offset of the log itself.
    pub floor: Offset,
    /// All that the log holds before this is sealed.
    pub sealed: Offset,
    /// How far retention may cut.
    pub retention: Retention,
    /// The offset of the next event.
    pub tail: Offset,
}

/// Tells how the archive stands beside the log.
///
/// # Errors
/// When the log or the archive does not answer, or the archive is damaged.
pub async fn status(archive: &Archive, ports: &Ports) -> Result<Status, JobError> {
    let mut partitions = Vec::new();
    for partition in ports.all_partitions() {
        partitions.push(partition_status(archive, &*ports.log, partition).await?);
    }
    Ok(Status { archive: archive.to_string(), partitions })
}

async fn partition_status(
    archive: &Archive,
    log: &dyn Log,
    partition: Partition,
) -> Result<PartitionStatus, JobError> {
    let incarnations = archive.incarnations(partition).await?.len() as u32;
    let life = recognise(archive, log, partition).await?;
    let (floor, tail) = (log.floor(partition).await?, log.tail(partition).await?);
    Ok(PartitionStatus {
        partition: partition.0,
        incarnations,
        incarnation: life.incarnation.map(|incarnation| incarnation.number),
        segments: life.segments.len() as u64,
        bytes: life.segments.iter().map(|(_, bytes)| bytes).sum(),
        reaches: reaches(&life.segments, floor),
        floor,
        sealed: life.sealed(floor),
        retention: retention(archive, log, partition).await?,
        tail,
    })
}

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Segments read.
    pub segments: u64,
    /// Their records.
    pub events: u64,
    /// Their stored bytes.
    pub bytes: u64,
    /// Records that no program can read, kept as they came.
    pub unreadable: u64,
    /// What is wrong, the first [`NAMED_MAX`].
    pub problems: Vec<Problem>,
    /// How much is wrong.
    pub problems_count: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The object, or where one is missing.
    pub object: String,
    /// What is wrong with it.
    pub why: String,
}

impl Report {
    /// Whether all is as it was written.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.problems_count == 0
    }

    fn add(&mut self, object: impl std::fmt::Display, why: impl std::fmt::Display) {
        self.problems_count += 1;
        if self.problems.len() < NAMED_MAX {
            self.problems.push(Problem { object: object.to_string(), why: why.to_string() });
        }
    }
}

/// Reads every segment of every incarnation, checks it against itself, its name and its neighbours, and against
/// the log where that still holds the same. Changes nothing.
///
/// # Errors
/// When the log or the archive does not answer. What is wrong is in the report.
pub async fn verify(archive: &Archive, ports: &Ports, progress: &dyn Progress) -> Result<Report, JobError> {
    let mut verifying = Verifying { archive, log: &*ports.log, progress, report: Report::default() };
    for partition in ports.all_partitions() {
        verifying.partition(partition).await?;
    }
    Ok(verifying.report)
}

struct Verifying<'a> {
    archive: &'a Archive,
    log: &'a dyn Log,
    progress: &'a dyn Progress,
    report: Report,
}

impl Verifying<'_> {
    async fn partition(&mut self, partition: Partition) -> Result<(), JobError> {
        let incarnations = match self.archive.incarnations(partition).await {
            Err(ArchiveError::Damaged { object, why }) => {
                self.report.add(object, why);
                return Ok(());
            }
            listed => listed?,
        };
        let of_log = match recognise(self.archive, self.log, partition).await {
            Ok(life) => life.incarnation,
            // The segments tell what is wrong.
            Err(JobError::Stopped(_)) => None,
            Err(error) => return Err(error),
        };
        for incarnation in &incarnations {
            let segments = self.archive.segments(partition, incarnation.number).await?;
            let with_log = of_log.is_some_and(|one| one.number == incarnation.number);
            for (name, _) in segments {
                self.segment(name, with_log).await?;
            }
            let chain = of_incarnation(self.archive, partition, &incarnations, incarnation.number).await?;
            self.holes(&chain);
        }
        Ok(())
    }

    async fn segment(&mut self, name: Name, with_log: bool) -> Result<(), JobError> {
        let bytes = match self.archive.bytes(name).await {
            Err(ArchiveError::Damaged { object, why }) => {
                self.report.add(object, why);
                return Ok(());
            }
            read => read?,
        };
        self.report.segments += 1;
        self.report.bytes += bytes.len() as u64;
        let looked = tokio::task::spawn_blocking(move || look(name, &bytes)).await;
        match looked.map_err(|error| JobError::Retry(error.to_string()))? {
            Err(error) => self.report.add(name, error),
            Ok(found) => {
                self.report.events += found.entries.len() as u64;
                self.report.unreadable += found.unreadable;
                if with_log {
                    self.beside_log(name, &found.entries).await?;
                }
            }
        }
        self.progress.at("verifying", self.report.events, 0);
        Ok(())
    }

    /// Compares with what the log still holds.
    async fn beside_log(&mut self, name: Name, entries: &[Entry]) -> Result<(), JobError> {
        let (mut at, mut rest) = (name.from, entries);
        let floor = self.log.floor(name.partition).await?;
        if at < floor {
            at = floor;
            rest = &entries[entries.partition_point(|entry| entry.offset < floor)..];
        }
        while let Some(first) = rest.first() {
            let read = Read { partition: name.partition, from: at, limit: rest.len(), mirror: None };
            let page = match self.log.read(read).await {
                // Retention overtook us: nothing to compare with.
                Err(ReadError::Trimmed { .. }) => return Ok(()),
                read => read?,
            };
            let count = page.entries.len().min(rest.len());
            if count == 0 || page.entries[..count] != rest[..count] {
                self.report.add(name, format!("the log holds something else at or behind {}", first.offset));
                return Ok(());
            }
            rest = &rest[count..];
            at = page.next;
        }
        Ok(())
    }

    fn holes(&mut self, chain: &[(Name, u64)]) {
        let mut at: Option<Offset> = None;
        for (name, _) in chain {
            if let Some(at) = at.filter(|at| *at < name.from) {
                self.report.add(name, format!("nothing holds the offsets {at} to {} before it", name.from));
            }
            at = at.max(Some(name.next));
        }
    }
}

struct Looked {
    entries: Vec<Entry>,
    unreadable: u64,
}

/// Checks a segment by itself.
fn look(name: Name, bytes: &Bytes) -> Result<Looked, SegmentError> {
    let (index, entries) = Index::verify(bytes)?;
    let head = index.head;
    let own =
        Name { partition: head.partition, incarnation: head.incarnation, from: head.from, next: head.next };
    if own != name {
        return Err(SegmentError::Damaged("it is another segment than its name says"));
    }
    let mut owners: BTreeMap<MirrorId, u32> = BTreeMap::new();
    let (mut unreadable, mut marks) = (0, Vec::new());
    for entry in &entries {
        let (mirror, event) = match decode(&entry.record) {
            Ok(event) => (event.mirror, event.id),
            Err(DecodeError::Newer(format)) => return Err(SegmentError::Newer(format.into())),
            Err(DecodeError::Corrupt(_)) => {
                unreadable += 1;
                (MirrorId::default(), EventId::default())
            }
        };
        *owners.entry(mirror).or_default() += 1;
        marks.push(Landmark { offset: entry.offset, event });
    }
    let runs: BTreeMap<MirrorId, u32> = index.runs().iter().map(|run| (run.mirror, run.count)).collect();
    let ends = (marks.first().copied(), marks.last().copied());
    if runs != owners || ends != (Some(head.first), Some(head.last)) {
        return Err(SegmentError::Damaged("its index does not say what is in it"));
    }
    Ok(Looked { entries, unreadable })
}
