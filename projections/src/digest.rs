//! The digest: 128 bits that tell whether two builds of a mirror's views are equal.
//!
//! It is the wrapping sum of one hash per cell, so that order does not matter, computed by a scan bucket by
//! bucket and never maintained. The mirror and the generation are not hashed: builds compare.

use crate::change::{Change, Column, Row};
use crate::key::{Bucket, Generation, Key, Kind, Prefix, RowKey};
use crate::register::Register;
use crate::settings::{REGISTRY, bucket_of_key, scan_kind};
use crate::views::{Scan, Views, ViewsError, scan_all};
use events::MirrorId;
use std::collections::BTreeSet;
use std::fmt;
use xxhash_rust::xxh3::xxh3_128;

/// The digest of one build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Digest(pub u128);

impl Digest {
    /// Adds one cell.
    pub fn add(&mut self, key: &Key, column: Column, register: &Register) {
        let mut bytes = Vec::with_capacity(64 + register.bytes.len());
        write_row(&mut bytes, key);
        bytes.push(column as u8);
        bytes.extend_from_slice(&register.version.0.to_be_bytes());
        bytes.extend_from_slice(&register.bytes);
        self.0 = self.0.wrapping_add(xxh3_128(&bytes));
    }

    /// Adds all cells of a row.
    pub fn add_row(&mut self, key: &Key, row: &Row) {
        for (column, register) in &row.cells {
            self.add(key, *column, register);
        }
    }

    /// The digest of changes of one build, one per cell (see [`crate::fold::Fold::into_sorted`]).
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut digest = Self::default();
        // The registry of all mirrors is no part of any build.
        for Change { key, column, register } in changes.into_iter().filter(|at| at.key.mirror != REGISTRY) {
            digest.add(key, *column, register);
        }
        digest
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A row's place within its build, such that no two rows write the same and no row begins another.
fn write_row(bytes: &mut Vec<u8>, key: &Key) {
    bytes.extend_from_slice(&key.bucket.0.to_be_bytes());
    match &key.row {
        RowKey::Message(id) => {
            bytes.push(1);
            bytes.extend_from_slice(&id.0.to_be_bytes());
        }
        RowKey::Copy { source, link, part, copy } => {
            bytes.push(2);
            for id in [source.0, link.0, u64::from(*part), copy.0] {
                bytes.extend_from_slice(&id.to_be_bytes());
            }
        }
        RowKey::Revision { message, version, event } => {
            bytes.push(3);
            bytes.extend_from_slice(&message.0.to_be_bytes());
            bytes.extend_from_slice(&version.0.to_be_bytes());
            bytes.extend_from_slice(event.0.as_bytes());
        }
        RowKey::CopyIndex(id) => {
            bytes.push(4);
            bytes.extend_from_slice(&id.0.to_be_bytes());
        }
        RowKey::Setting { kind, key } => {
            bytes.extend_from_slice(&[5, *kind as u8]);
            bytes.extend_from_slice(&(key.len() as u64).to_be_bytes());
            bytes.extend_from_slice(key);
        }
    }
}

/// The digest of one build, by a scan of all its rows.
///
/// # Errors
/// When the views do not answer.
pub async fn digest(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
) -> Result<Digest, ViewsError> {
    let build = Build { views, mirror, generation };
    let mut digest = Digest::default();
    for bucket in build.buckets().await? {
        digest.0 = digest.0.wrapping_add(build.digest_bucket(bucket).await?.0);
    }
    Ok(digest)
}

/// One row that differs between two builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its bucket.
    pub bucket: Bucket,
    /// The row.
    pub row: RowKey,
    /// Its cells in the first build.
    pub first: Row,
    /// Its cells in the second.
    pub second: Row,
}

/// The first row, in key order, that differs between two builds.
///
/// # Errors
/// When the views do not answer.
pub async fn first_difference(
    views: &dyn Views,
    mirror: MirrorId,
    first: Generation,
    second: Generation,
) -> Result<Option<Difference>, ViewsError> {
    Ok(differences(views, mirror, [first, second], 1).await?.pop())
}

/// The first rows, in key order and at most `limit`, that differ between two builds.
///
/// # Errors
/// When the views do not answer.
pub async fn differences(
    views: &dyn Views,
    mirror: MirrorId,
    builds: [Generation; 2],
    limit: usize,
) -> Result<Vec<Difference>, ViewsError> {
    let [first, second] = builds.map(|generation| Build { views, mirror, generation });
    let buckets: BTreeSet<_> = first.buckets().await?.union(&second.buckets().await?).copied().collect();
    let mut found = Vec::new();
    for bucket in buckets {
        for prefix in prefixes(bucket) {
            found.extend(diff(
                bucket,
                first.rows(bucket, *prefix).await?,
                second.rows(bucket, *prefix).await?,
            ));
            if found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Merges two scans of the same rows, both in key order.
fn diff(bucket: Bucket, first: Vec<(Key, Row)>, second: Vec<(Key, Row)>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut second = second.into_iter().map(|(key, row)| (key.row, row)).peekable();
    for (row, first) in first.into_iter().map(|(key, row)| (key.row, row)) {
        while let Some((row, second)) = second.next_if(|(other, _)| *other < row) {
            found.push(Difference { bucket, row, first: Row::default(), second });
        }
        let second = second.next_if(|(other, _)| *other == row).map(|(_, row)| row).unwrap_or_default();
        if first != second {
            found.push(Difference { bucket, row, first, second });
        }
    }
    found.extend(second.map(|(row, second)| Difference { bucket, row, first: Row::default(), second }));
    found
}

#[derive(Clone, Copy)]
struct Build<'a> {
    views: &'a dyn Views,
    mirror: MirrorId,
    generation: Generation,
}

impl Build<'_> {
    /// Every bucket with rows, the settings among them.
    async fn buckets(self) -> Result<BTreeSet<Bucket>, ViewsError> {
        let rows = scan_kind(self.views, self.mirror, self.generation, Kind::Bucket).await?;
        let known = rows.iter().filter_map(|(key, _)| bucket_of_key(&key.row));
        Ok(known.chain([Bucket::SETTINGS]).collect())
    }

    async fn digest_bucket(self, bucket: Bucket) -> Result<Digest, ViewsError> {
        let mut digest = Digest::default();
        for prefix in prefixes(bucket) {
            for (key, row) in self.rows(bucket, *prefix).await? {
                digest.add_row(&key, &row);
            }
        }
        Ok(digest)
    }

    async fn rows(self, bucket: Bucket, prefix: Prefix) -> Result<Vec<(Key, Row)>, ViewsError> {
        let Self { views, mirror, generation } = self;
        scan_all(views, Scan { mirror, generation, bucket, prefix, after: None, limit: PAGE }).await
    }
}

/// Rows read at a time: few enough for an engine to read them at once, without another thread.
const PAGE: usize = 1000;

/// What lies in a bucket: messages of Discord's first hour share theirs with the settings.
fn prefixes(bucket: Bucket) -> &'static [Prefix] {
    const MESSAGES: [Prefix; 4] = [Prefix::Messages, Prefix::Copies, Prefix::Revisions, Prefix::CopyIndex];
    const ALL: [Prefix; 12] = [
        MESSAGES[0],
        MESSAGES[1],
        MESSAGES[2],
        MESSAGES[3],
        Prefix::Settings(Kind::Mirror),
        Prefix::Settings(Kind::Link),
        Prefix::Settings(Kind::Role),
        Prefix::Settings(Kind::User),
        Prefix::Settings(Kind::Name),
        Prefix::Settings(Kind::Bucket),
        Prefix::Settings(Kind::Gap),
        Prefix::Settings(Kind::Request),
    ];
    if bucket == Bucket::SETTINGS { &ALL } else { &MESSAGES }
}

impl fmt::Display for Difference {
    /// `message 123 (bucket 7): said version 9, 5 bytes, hash 0123abcd / absent`: the first build, then the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (bucket {}):", Named(&self.row), self.bucket.0)?;
        let mut sign = ' ';
        for column in Column::ALL {
            let (first, second) = (self.first.get(column), self.second.get(column));
            if first != second {
                let name = format!("{column:?}").to_lowercase();
                write!(f, "{sign}{name} {} / {}", Cell(first), Cell(second))?;
                sign = ',';
            }
        }
        Ok(())
    }
}

struct Named<'a>(&'a RowKey);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RowKey::Message(id) => write!(f, "message {id}"),
            RowKey::Copy { source, link, part, copy } => {
                write!(f, "copy {copy} of message {source} part {part} in channel {link}")
            }
            RowKey::Revision { message, version, event } => {
                write!(f, "revision {version} of message {message} by event {event}")
            }
            RowKey::CopyIndex(copy) => write!(f, "source of copy {copy}"),
            RowKey::Setting { kind, key } => {
                write!(f, "setting {kind:?} ")?;
                key.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

struct Cell<'a>(Option<&'a Register>);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("absent"),
            Some(Register { version, bytes }) => {
                write!(f, "version {version}, {} bytes, hash {:08x}", bytes.len(), xxh3_128(bytes) as u32)
            }
        }
    }
}
