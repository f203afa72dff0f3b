//! Reading streams: pages, where a stream begins and ends, and when there is more.
//!
//! ```text
//! read ──> a cursor that stands there, or a new one ──> page ──> the cursor waits for the next read
//! tail, floor ──> one line a partition, to the stream's leader
//! appended ──> one subscription at the end, while somebody listens
//! ```
//! A connection that fails is replaced once, by every address; then the caller is told to try again.

mod chunk;
mod cursor;
mod line;
mod news;
mod stats;

use super::connect::{Broker, Failure};
use cursor::{Cursor, Miss};
use events::log::{Page, Read, ReadError};
use events::{Offset, Partition};
use line::{Extent, Line};
use news::News;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, watch};
use tokio::time::Instant;

/// Cursors that wait for the next read. The one that waits longest goes first.
const CURSORS_MAX: usize = 32;
/// A cursor that waits longer than this is dropped: the broker ends connections that say nothing for a minute.
const CURSOR_IDLE_MAX: Duration = Duration::from_secs(30);
/// Reads under way at once, each with a connection.
const READS_MAX: usize = 64;
/// A place behind the end of a stream is put down to a broker that just started, for so long.
const BEYOND_MAX: Duration = Duration::from_secs(5);

/// The stream of a partition.
#[must_use]
pub fn stream_name(prefix: &str, partition: Partition) -> String {
    format!("{prefix}.events.{}", partition.0)
}

/// Reads the streams of one log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    broker: Broker,
    prefix: String,
    idle: Mutex<Vec<(Instant, Cursor)>>,
    lines: Mutex<FxHashMap<Partition, Arc<AsyncMutex<Line>>>>,
    /// Since when somebody wants to read behind the end of a stream.
    beyond: Mutex<FxHashMap<Partition, Instant>>,
    reads: Semaphore,
    news: News,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Miss> for ReadError {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Trimmed(floor) => Self::Trimmed { floor },
            Miss::Failed(failure) => failure.into(),
        }
    }
}

impl Readers {
    /// Of the streams `PREFIX.events.K`, which are there already. Connects to nothing yet.
    #[must_use]
    pub fn new(broker: Broker, prefix: &str) -> Self {
        Self(Arc::new(Inner {
            broker,
            prefix: prefix.to_owned(),
            idle: Mutex::default(),
            lines: Mutex::default(),
            beyond: Mutex::default(),
            reads: Semaphore::new(READS_MAX),
            news: News::default(),
        }))
    }

    /// See [`events::log::Log::read`]. A place that lies behind the end of the stream for long is
    /// [`ReadError::Trimmed`] too: the stream was lost or made anew, and what was there is gone.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read(&self, read: Read) -> Result<Page, ReadError> {
        let closed = |_| ReadError::Stopped("the log is closed".to_owned());
        let _permit = self.0.reads.acquire().await.map_err(closed)?;
        let stream = self.stream(read.partition);
        let limit = read.limit.max(1);
        if let Some(mut cursor) = self.cursor_at(&stream, read) {
            match cursor.page(limit).await {
                Ok(page) => return self.done(cursor, read, page).await,
                Err(Miss::Trimmed(floor)) => return Err(ReadError::Trimmed { floor }),
                Err(Miss::Failed(why)) => {
                    tracing::debug!(%stream, %why, "a reader's connection is lost; another is made");
                }
            }
        }
        let mut cursor = Box::pin(Cursor::open(&self.0.broker, &stream, read.from, read.mirror)).await?;
        let page = Page { anew: true, ..cursor.page(limit).await? };
        if page.entries.is_empty() {
            self.check_end(read).await?;
        }
        lock(&self.0.beyond).remove(&read.partition);
        self.done(cursor, read, page).await
    }

    /// The offset behind the last event that is confirmed.
    ///
    /// # Errors
    /// See [`ReadError`]; never [`ReadError::Trimmed`].
    pub async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(self.last(partition).await?.map_or(Offset(0), |last| last.end))
    }

    /// The first offset that is kept.
    ///
    /// # Errors
    /// See [`ReadError`]; never [`ReadError::Trimmed`].
    pub async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        let line = self.line(partition);
        let mut line = line.lock().await;
        Ok(Box::pin(line.floor(&self.0.broker)).await?)
    }

    /// Changes whenever something was appended to the partition, by whatever node, and when that can no longer be
    /// told for a while. To be called within a runtime.
    #[must_use]
    pub fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.0.news.of(partition, &self.0.broker, self.stream(partition))
    }

    fn stream(&self, partition: Partition) -> String {
        stream_name(&self.0.prefix, partition)
    }

    fn line(&self, partition: Partition) -> Arc<AsyncMutex<Line>> {
        let line = || Arc::new(AsyncMutex::new(Line::new(self.stream(partition))));
        lock(&self.0.lines).entry(partition).or_insert_with(line).clone()
    }

    async fn last(&self, partition: Partition) -> Result<Option<Extent>, Failure> {
        let line = self.line(partition);
        let mut line = line.lock().await;
        Box::pin(line.last(&self.0.broker)).await
    }

    /// A cursor that stands where the read begins.
    fn cursor_at(&self, stream: &str, read: Read) -> Option<Cursor> {
        let mut idle = lock(&self.0.idle);
        idle.retain(|(since, _)| since.elapsed() < CURSOR_IDLE_MAX);
        let at = idle.iter().position(|(_, cursor)| cursor.is_at(stream, read.from, read.mirror))?;
        Some(idle.remove(at).1)
    }

    /// Keeps the cursor for the next read.
    async fn done(&self, mut cursor: Cursor, read: Read, mut page: Page) -> Result<Page, ReadError> {
        if read.mirror.is_some() {
            // What retention took looks like what the filter left out.
            let floor = self.floor(read.partition).await?;
            if floor > read.from {
                return Err(ReadError::Trimmed { floor });
            }
        }
        if let Some(start) = cursor.passed() {
            // It knows where the last chunk begins, and that nothing in there is wanted: the place is its end.
            let last = self.last(read.partition).await?;
            if let Some(last) = last.filter(|last| last.start == start) {
                cursor.skip_to(last.end);
                page.next = page.next.max(last.end);
            }
        }
        let mut idle = lock(&self.0.idle);
        if idle.len() >= CURSORS_MAX {
            idle.remove(0);
        }
        idle.push((Instant::now(), cursor));
        Ok(page)
    }

    /// Nothing lies at a place that the caller brought: is there such a place?
    async fn check_end(&self, read: Read) -> Result<(), ReadError> {
        let end = self.tail(read.partition).await?;
        if read.from <= end {
            return Ok(());
        }
        let since = *lock(&self.0.beyond).entry(read.partition).or_insert_with(Instant::now);
        if since.elapsed() < BEYOND_MAX {
            let words = format!("offset {} lies behind the end of the stream, {end}", read.from);
            return Err(ReadError::Retry(words));
        }
        Err(ReadError::Trimmed { floor: self.floor(read.partition).await? })
    }
}
