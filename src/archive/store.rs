//! What lies in an archive: the names of its objects, listed, read and written.

use super::segment::{Head, Index, Landmark, Run, SegmentError};
use super::{Archive, ArchiveError};
use bytes::Bytes;
use events::log::Entry;
use events::{EventId, MirrorId, Offset, Partition};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};
use std::fmt;
use tools::quoted;

/// Name of the manifest of an incarnation.
const MANIFEST: &str = "manifest.json";
/// Name of the manifest of all.
const ROOT: &str = "archive.json";
/// The format of both.
const FORMAT: u32 = 1;
/// Longest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
/// Digits of an offset in a name: they sort as numbers do.
const DIGITS: usize = 20;

/// One life of a partition's log: from its creation until it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incarnation {
    /// Its number, from 1.
    pub number: u32,
    /// The event that the first seal began with: the same event lies there for as long as it lives.
    pub first: Mark,
    /// The log lost its newest events in a fail-over, and gave their offsets to others. Up to there it is the
    /// older incarnation's.
    #[serde(default)]
    pub continues: Option<Continues>,
}

/// Where an incarnation branches off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continues {
    /// From this one.
    pub incarnation: u32,
    /// Its segments that end at or before this offset count.
    pub upto: Offset,
}

/// [`Landmark`] as it is written in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The place.
    pub offset: Offset,
    /// The event there.
    #[serde(with = "quoted")]
    pub event: EventId,
}

impl From<Landmark> for Mark {
    fn from(Landmark { offset, event }: Landmark) -> Self {
        Self { offset, event }
    }
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    partition: u16,
    incarnation: Incarnation,
}

#[derive(Serialize, Deserialize)]
struct Root {
    format: u32,
    partitions: u16,
}

/// The name of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Of this partition.
    pub partition: Partition,
    /// In this incarnation.
    pub incarnation: u32,
    /// It holds all from here on,
    pub from: Offset,
    /// up to here, exclusive.
    pub next: Offset,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, incarnation, from, next } = self;
        write!(f, "{}/{:0DIGITS$}-{:0DIGITS$}.seg", folder(*partition, *incarnation), from.0, next.0)
    }
}

impl Name {
    fn parse(partition: Partition, incarnation: u32, file: &str) -> Option<Self> {
        let (from, next) = file.strip_suffix(".seg")?.split_once('-')?;
        let offset =
            |digits: &str| (digits.len() == DIGITS).then(|| digits.parse().ok()).flatten().map(Offset);
        let (from, next) = (offset(from)?, offset(next)?);
        (from < next).then_some(Self { partition, incarnation, from, next })
    }

    /// Whether what lies at `offset` is in it.
    #[must_use]
    pub fn covers(&self, offset: Offset) -> bool {
        self.from <= offset && offset < self.next
    }
}

fn folder(partition: Partition, incarnation: u32) -> String {
    format!("{}/incarnation-{incarnation:06}", partition_folder(partition))
}

fn partition_folder(partition: Partition) -> String {
    format!("partition-{:05}", partition.0)
}

/// What was read of a segment.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What it says of itself.
    pub head: Head,
    /// What was asked for, by offset.
    pub entries: Vec<Entry>,
}

impl Archive {
    /// Notes how many partitions the log has, or checks it against what was noted.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] where the archive is another log's.
    pub async fn claim(&self, partitions: u16) -> Result<(), ArchiveError> {
        let root = Root { format: FORMAT, partitions };
        let known = match self.read_json::<Root>(&Path::from(ROOT)).await? {
            Some(known) => known,
            None if self.write_json(&Path::from(ROOT), &root).await? => root,
            None => self.read_json(&Path::from(ROOT)).await?.unwrap_or(root),
        };
        if known.format > FORMAT {
            return Err(newer(ROOT, known.format));
        }
        if known.partitions == partitions {
            return Ok(());
        }
        Err(ArchiveError::Refused(format!(
            "the archive {self} is of a log of {} partitions, this one has {partitions}: name another place",
            known.partitions
        )))
    }

    /// The incarnations of a partition, oldest first.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn incarnations(&self, partition: Partition) -> Result<Vec<Incarnation>, ArchiveError> {
        let prefix = Path::from(partition_folder(partition));
        let listed = self.store.list_with_delimiter(Some(&prefix)).await?;
        let number = |path: Path| path.filename()?.strip_prefix("incarnation-")?.parse::<u32>().ok();
        let mut found = Vec::new();
        for number in listed.common_prefixes.into_iter().filter_map(number) {
            let path = Path::from(format!("{}/{MANIFEST}", folder(partition, number)));
            if let Some(manifest) = self.read_json::<Manifest>(&path).await? {
                if manifest.format > FORMAT {
                    return Err(newer(&path, manifest.format));
                }
                found.push(Incarnation { number, ..manifest.incarnation });
            }
        }
        found.sort_by_key(|incarnation| incarnation.number);
        Ok(found)
    }

    /// Begins an incarnation; false: somebody else did.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn begin(&self, partition: Partition, begun: Incarnation) -> Result<bool, ArchiveError> {
        let manifest = Manifest { format: FORMAT, partition: partition.0, incarnation: begun };
        let path = Path::from(format!("{}/{MANIFEST}", folder(partition, begun.number)));
        self.write_json(&path, &manifest).await
    }

    /// The segments of an incarnation with their stored bytes, by offset.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn segments(
        &self,
        partition: Partition,
        incarnation: u32,
    ) -> Result<Vec<(Name, u64)>, ArchiveError> {
        let prefix = Path::from(folder(partition, incarnation));
        let mut listed = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(object) = listed.try_next().await? {
            let file = object.location.filename().unwrap_or_default();
            if let Some(name) = Name::parse(partition, incarnation, file) {
                found.push((name, object.size));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Writes a segment, whole or not at all. One that is there stays: it says the same.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn write(&self, name: Name, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.create(&Path::from(name.to_string()), bytes.into()).await.map(|_| ())
    }

    /// The bytes of a segment.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn bytes(&self, name: Name) -> Result<Bytes, ArchiveError> {
        let path = Path::from(name.to_string());
        let got = self.store.get(&path).await?;
        if got.meta.size > super::segment::STORED_BYTES_MAX {
            let error = SegmentError::Damaged("it is longer than a segment can be");
            return Err(ArchiveError::segment(name, &error));
        }
        Ok(got.bytes().await?)
    }

    /// Reads a segment: all of it, or one mirror's records without unpacking the others'.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn read(
        &self,
        (name, size): (Name, u64),
        mirror: Option<MirrorId>,
    ) -> Result<Opened, ArchiveError> {
        let opened = match mirror {
            None => self.read_all(name).await?,
            Some(mirror) => self.read_one(name, size, mirror).await?,
        };
        let Head { partition, incarnation, from, next, .. } = opened.head;
        if (Name { partition, incarnation, from, next }) == name {
            return Ok(opened);
        }
        Err(ArchiveError::segment(name, &SegmentError::Damaged("it is another segment than its name says")))
    }

    async fn read_all(&self, name: Name) -> Result<Opened, ArchiveError> {
        let bytes = self.bytes(name).await?;
        unpacked(name, move || {
            let index = Index::of(&bytes)?;
            index.all(&bytes).map(|entries| Opened { head: index.head, entries })
        })
        .await
    }

    async fn read_one(&self, name: Name, size: u64, mirror: MirrorId) -> Result<Opened, ArchiveError> {
        let index = self.index(name, size).await?;
        let Some(run) = index.run(mirror) else {
            return Ok(Opened { head: index.head, entries: Vec::new() });
        };
        self.read_run(name, index, run).await
    }

    async fn read_run(&self, name: Name, index: Index, run: Run) -> Result<Opened, ArchiveError> {
        let path = Path::from(name.to_string());
        let bytes = self.store.get_range(&path, index.bytes_of(run)).await?;
        unpacked(name, move || index.one(run, &bytes).map(|entries| Opened { head: index.head, entries }))
            .await
    }

    /// Head and index of a segment, without the rest of it.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn index(&self, name: Name, size: u64) -> Result<Index, ArchiveError> {
        let path = Path::from(name.to_string());
        let damaged = |error: SegmentError| ArchiveError::segment(name, &error);
        let head = self.head_bytes(&path, size).await?;
        let place = Index::place(&head, size).map_err(damaged)?;
        let end = self.store.get_range(&path, place).await?;
        Index::decode(&head, &end, size).map_err(damaged)
    }

    /// The head of a segment.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn head(&self, name: Name, size: u64) -> Result<Head, ArchiveError> {
        let bytes = self.head_bytes(&Path::from(name.to_string()), size).await?;
        Head::decode(&bytes).map_err(|error| ArchiveError::segment(name, &error))
    }

    async fn head_bytes(&self, path: &Path, size: u64) -> Result<Bytes, ArchiveError> {
        let end = size.min(super::segment::HEAD_BYTES as u64);
        if end == 0 {
            return Err(ArchiveError::segment(path, &SegmentError::Damaged("it is empty")));
        }
        Ok(self.store.get_range(path, 0..end).await?)
    }

    async fn read_json<T: serde::de::DeserializeOwned>(
        &self,
        path: &Path,
    ) -> Result<Option<T>, ArchiveError> {
        let got = match self.store.get(path).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let damaged = |why: String| ArchiveError::Damaged { object: path.to_string(), why };
        if got.meta.size > MANIFEST_BYTES_MAX {
            return Err(damaged("it is too long".to_owned()));
        }
        let bytes = got.bytes().await?;
        serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(error.to_string()))
    }

    async fn write_json<T: Serialize + Sync>(&self, path: &Path, value: &T) -> Result<bool, ArchiveError> {
        let refused = |error: serde_json::Error| ArchiveError::Refused(error.to_string());
        let bytes = serde_json::to_vec_pretty(value).map_err(refused)?;
        self.create(path, bytes.into()).await
    }

    /// Writes an object unless there is one; false: there is.
    async fn create(&self, path: &Path, bytes: Bytes) -> Result<bool, ArchiveError> {
        let once = PutOptions::from(PutMode::Create);
        match self.store.put_opts(path, bytes.into(), once).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn newer(object: impl fmt::Display, format: u32) -> ArchiveError {
    let why = format!("it has format {format}, newer than {FORMAT}: update this program");
    ArchiveError::Damaged { object: object.to_string(), why }
}

/// Unpacks beside the threads that wait for IO: a segment takes milliseconds.
async fn unpacked(
    name: Name,
    unpack: impl FnOnce() -> Result<Opened, SegmentError> + Send + 'static,
) -> Result<Opened, ArchiveError> {
    match tokio::task::spawn_blocking(unpack).await {
        Ok(opened) => opened.map_err(|error| ArchiveError::segment(name, &error)),
        Err(error) => Err(ArchiveError::Retry(error.to_string())),
    }
}

/// The first offset at or above `floor` that no segment holds: where a seal goes on, and what retention may
/// pass.
#[must_use]
pub fn covered(segments: &[(Name, u64)], floor: Offset) -> Offset {
    let mut at = floor;
    for (name, _) in segments {
        if name.from > at {
            break;
        }
        at = at.max(name.next);
    }
    at
}

/// The first offset from which segments reach up to `floor` without a hole.
#[must_use]
pub fn reaches(segments: &[(Name, u64)], floor: Offset) -> Offset {
    let mut by_end: Vec<_> = segments.iter().map(|(name, _)| *name).collect();
    by_end.sort_unstable_by_key(|name| std::cmp::Reverse(name.next));
    let mut at = floor;
    for name in by_end {
        if name.next < at {
            break;
        }
        at = at.min(name.from);
    }
    at
}
