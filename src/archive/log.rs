//! A log that reaches as far back as its archive.
//!
//! ```text
//! archive  [ ....... ][ ....... ][ ... ]
//! inner                     floor [ ........... tail
//! read(from) ──> inner; below its floor ──> the segment there; the page's `next` leads on, across the seam
//! ```
//! The floor is the first offset from which segments reach the inner floor without a hole. The archive is used
//! only while it is of the same log: see [`super::life`].

use super::life::{Life, recognise};
use super::store::{Name, Opened, reaches};
use super::{Archive, ArchiveError};
use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, MirrorId, Offset, Partition};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tools::JobError;

/// Opened segments that are kept, over all partitions: at most about so many times 8 MiB.
const OPENED_MAX: usize = 8;
/// How often a read goes on at a floor that moved meanwhile.
const TRIES_MAX: usize = 8;

/// A log with its archive behind it.
pub struct ArchivedLog {
    inner: Arc<dyn Log>,
    archive: Archive,
    lives: Mutex<HashMap<Partition, (Offset, Arc<Life>)>>,
    opened: Arc<Mutex<Cache>>,
}

type Key = (Name, Option<MirrorId>);

/// What was opened last; the newest is at the end.
#[derive(Default)]
struct Cache(Vec<(Key, Arc<Opened>)>);

impl Cache {
    fn get(&mut self, key: &Key) -> Option<Arc<Opened>> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        let found = self.0.remove(at);
        self.0.push(found.clone());
        Some(found.1)
    }

    fn put(&mut self, key: Key, opened: Arc<Opened>) {
        self.0.retain(|(known, _)| *known != key);
        if self.0.len() >= OPENED_MAX {
            self.0.remove(0);
        }
        self.0.push((key, opened));
    }
}

impl ArchivedLog {
    /// Reads `archive` below the floor of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Log>, archive: Archive) -> Self {
        Self { inner, archive, lives: Mutex::default(), opened: Arc::default() }
    }

    /// What is sealed of the inner log, as it was when its floor was this one.
    async fn life(&self, partition: Partition, floor: Offset) -> Result<Arc<Life>, ReadError> {
        let known = lock(&self.lives).get(&partition).cloned();
        if let Some((_, life)) = known.filter(|(at, _)| *at == floor) {
            return Ok(life);
        }
        let life = recognise(&self.archive, &*self.inner, partition).await.map_err(unreadable)?;
        let life = Arc::new(life);
        lock(&self.lives).insert(partition, (floor, life.clone()));
        Ok(life)
    }

    /// Reads below `floor`, and goes on behind it where nothing of the mirror lies below.
    async fn archived(&self, read: Read, mut floor: Offset) -> Result<Page, ReadError> {
        let mut at = read.from;
        for _ in 0..TRIES_MAX {
            match self.below(Read { from: at, ..read }, floor).await? {
                page if !page.entries.is_empty() => return Ok(page),
                page => at = page.next,
            }
            match self.inner.read(Read { from: at, ..read }).await {
                Err(ReadError::Trimmed { floor: moved }) => floor = moved,
                answer => return answer,
            }
        }
        Err(ReadError::Retry("the log is being cut off faster than it is read".to_owned()))
    }

    /// The first page of what is asked for and lies below `floor`; an empty one whose `next` is at the floor
    /// or behind it.
    async fn below(&self, read: Read, floor: Offset) -> Result<Page, ReadError> {
        let life = self.life(read.partition, floor).await?;
        let mut at = read.from;
        while at < floor {
            let Some(segment) = life.segment_at(at) else {
                return Err(ReadError::Trimmed { floor: reaches(&life.segments, floor) });
            };
            let opened = self.open(segment, read.mirror).await?;
            let page = page(&opened, Read { from: at, ..read });
            if !page.entries.is_empty() {
                return Ok(page);
            }
            at = page.next;
        }
        Ok(Page { next: at, ..Page::default() })
    }

    async fn open(
        &self,
        segment: (Name, u64),
        mirror: Option<MirrorId>,
    ) -> Result<Arc<Opened>, ArchiveError> {
        let key = (segment.0, mirror);
        if let Some(opened) = lock(&self.opened).get(&key) {
            return Ok(opened);
        }
        let opened = Arc::new(self.archive.read(segment, mirror).await?);
        lock(&self.opened).put(key, opened.clone());
        Ok(opened)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a segment holds from `read.from` on, up to the limit.
fn page(opened: &Opened, read: Read) -> Page {
    let start = opened.entries.partition_point(|entry| entry.offset < read.from);
    let rest = &opened.entries[start..];
    let entries = rest[..rest.len().min(read.limit.max(1))].to_vec();
    let next = match entries.last() {
        Some(last) if entries.len() < rest.len() => last.offset.next(),
        Some(_) | None => opened.head.next,
    };
    Page { entries, next, anew: false }
}

fn unreadable(error: JobError) -> ReadError {
    match error {
        JobError::Retry(words) => ReadError::Retry(words),
        JobError::Trimmed { floor } => ReadError::Trimmed { floor },
        other @ (JobError::Wrong(_)
        | JobError::Corrupt { .. }
        | JobError::Newer { .. }
        | JobError::Stopped(_)) => ReadError::Stopped(other.to_string()),
    }
}

#[async_trait]
impl Log for ArchivedLog {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.inner.append(partition, events, durable).await
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        match self.inner.read(read).await {
            Err(ReadError::Trimmed { floor }) => self.archived(read, floor).await,
            answer => answer,
        }
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.inner.tail(partition).await
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        let floor = self.inner.floor(partition).await?;
        if floor == Offset(0) {
            return Ok(floor);
        }
        let life = self.life(partition, floor).await?;
        Ok(reaches(&life.segments, floor))
    }
}
