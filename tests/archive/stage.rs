//! Logs, events, and a store that fails when it is told to.

use async_trait::async_trait;
use events::log::memory::MemoryLog;
use events::log::{Durable, Entry, Log, Read};
use events::sample::{self, Chat};
use events::{Event, MirrorId, NodeId, Offset, Partition, codec};
use futures_util::stream::BoxStream;
use mirror::archive::{Archive, seal};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tools::progress::Silent;

pub(crate) const P0: Partition = Partition(0);

pub(crate) fn node() -> NodeId {
    "a".parse().unwrap()
}

pub(crate) fn memory() -> MemoryLog {
    MemoryLog::new(node())
}

/// An archive in memory, and its store.
pub(crate) fn archive() -> (Archive, Arc<InMemory>) {
    let store = Arc::new(InMemory::new());
    (Archive::over(store.clone(), "memory"), store)
}

pub(crate) fn chat(seed: u64, count: usize) -> Vec<Event> {
    sample::chat(Chat { seed, count, mirrors: 5, raw: true }).collect()
}

/// Appends, in batches of 7.
pub(crate) async fn tell(log: &dyn Log, events: &[Event]) {
    for batch in events.chunks(7) {
        log.append(P0, batch.to_vec(), Durable::Here).await.unwrap();
    }
}

pub(crate) async fn seal_all(archive: &Archive, log: &dyn Log) -> seal::Sealed {
    seal::seal(archive, (log, P0), None, &Silent).await.unwrap()
}

pub(crate) async fn seal_upto(archive: &Archive, log: &dyn Log, upto: u64) -> seal::Sealed {
    seal::seal(archive, (log, P0), Some(Offset(upto)), &Silent).await.unwrap()
}

/// All entries from `from` on, in pages of `limit`.
pub(crate) async fn entries(log: &dyn Log, from: u64, limit: usize, mirror: Option<MirrorId>) -> Vec<Entry> {
    let mut read = Read { partition: P0, from: Offset(from), limit, mirror };
    let mut found = Vec::new();
    loop {
        let page = log.read(read).await.unwrap();
        if page.entries.is_empty() {
            return found;
        }
        assert!(page.next > read.from, "`next` moves on");
        assert!(page.entries.iter().all(|entry| entry.offset >= read.from && entry.offset < page.next));
        found.extend(page.entries);
        read.from = page.next;
    }
}

pub(crate) fn ids(entries: &[Entry]) -> Vec<events::EventId> {
    entries.iter().map(|entry| codec::decode(&entry.record).unwrap().id).collect()
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It fails, and nothing is there.
    Lost,
    /// It fails, and yet the object is there: the answer was lost.
    Answerless,
}

/// A store whose writes after the first few fail, as when the process is killed.
#[derive(Debug)]
pub(crate) struct Failing {
    inner: Arc<InMemory>,
    left: AtomicU32,
    fate: Fate,
}

impl Failing {
    pub(crate) fn after(inner: Arc<InMemory>, writes: u32, fate: Fate) -> Arc<Self> {
        Arc::new(Self { inner, left: AtomicU32::new(writes), fate })
    }
}

impl std::fmt::Display for Failing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            return self.inner.put_opts(location, payload, opts).await;
        }
        if self.fate == Fate::Answerless {
            self.inner.put_opts(location, payload, opts).await?;
        }
        Err(object_store::Error::Generic { store: "failing", source: "killed".into() })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
