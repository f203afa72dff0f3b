//! Reading through the archive: the suite of all logs, one mirror, holes.

use super::stage::{P0, archive, chat, entries, memory, node, seal_all, seal_upto, tell};
use async_trait::async_trait;
use events::log::conformance::{self, Subject};
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, Offset, Partition};
use mirror::archive::retention::retention;
use mirror::archive::{Archive, ArchivedLog, seal};
use object_store::ObjectStoreExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex};
use tools::progress::Silent;

/// A log that is sealed and cut off at random after each append.
struct Shrinking {
    inner: MemoryLog,
    archive: Archive,
    log: ArchivedLog,
    random: Mutex<ChaCha8Rng>,
}

impl Shrinking {
    fn over(inner: MemoryLog, archive: Archive, seed: u64) -> Self {
        let log = ArchivedLog::new(Arc::new(inner.clone()), archive.clone());
        Self { inner, archive, log, random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)) }
    }

    fn roll(&self, upto: u64) -> u64 {
        self.random.lock().unwrap().random_range(0..=upto)
    }

    async fn shrink(&self, partition: Partition) {
        let tail = self.inner.tail(partition).await.unwrap();
        let upto = Offset(self.roll(tail.0));
        seal::seal(&self.archive, (&self.inner, partition), Some(upto), &Silent).await.unwrap();
        let passed = retention(&self.archive, &self.inner, partition).await.unwrap().may_pass;
        assert!(passed >= upto, "sealed up to {passed}, asked for {upto}");
        self.inner.trim(partition, Offset(self.roll(passed.0)));
    }
}

#[async_trait]
impl Log for Shrinking {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.log.append(partition, events, durable).await?;
        self.shrink(partition).await;
        Ok(())
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.log.read(read).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.log.tail(partition).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.log.floor(partition).await
    }
}

struct Suite(u64);

#[async_trait]
impl Subject for Suite {
    type Log = Shrinking;
    async fn fresh(&self) -> Shrinking {
        Shrinking::over(memory(), archive().0, self.0)
    }
    async fn reopen(&self, log: Shrinking) -> Option<Shrinking> {
        Some(Shrinking::over(log.inner.as_node(node()), log.archive, self.0))
    }
    // What is cut off is archived: the floor of the whole does not move.
    async fn trim(&self, _: &Shrinking, _: Partition, _: Offset) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_an_archive_conforms() {
    for seed in 0..12 {
        println!("seed {seed}");
        conformance::run(&Suite(seed)).await;
    }
}

/// Everything is read, wherever the seam lies and whatever the page; one mirror too.
#[tokio::test(flavor = "multi_thread")]
async fn the_seam_is_not_seen() {
    let whole = memory();
    tell(&whole, &chat(4, 900)).await;
    let inner = memory();
    tell(&inner, &chat(4, 900)).await;
    let (archive, _) = archive();
    for upto in [100, 101, 350, 700] {
        seal_upto(&archive, &inner, upto).await;
    }
    let mirrors: Vec<_> = (0..6).map(events::sample::mirror).collect();
    for floor in [0, 1, 99, 100, 101, 350, 500, 699, 700] {
        inner.trim(P0, Offset(floor));
        let log = ArchivedLog::new(Arc::new(inner.clone()), archive.clone());
        assert_eq!(log.floor(P0).await.unwrap(), Offset(0));
        for limit in [1, 50, 4096] {
            for from in [0, 99, 100, 350, floor] {
                assert_eq!(entries(&log, from, limit, None).await, entries(&whole, from, limit, None).await);
            }
            for mirror in &mirrors {
                let (one, other) = (
                    entries(&log, 0, limit, Some(*mirror)).await,
                    entries(&whole, 0, limit, Some(*mirror)).await,
                );
                assert_eq!(one, other, "one mirror, floor {floor}");
            }
        }
    }
}

/// A hole is `Trimmed`, with the first offset that can be read from without meeting one.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_told() {
    let inner = memory();
    tell(&inner, &chat(4, 300)).await;
    let (archive, store) = archive();
    seal_upto(&archive, &inner, 100).await;
    seal_upto(&archive, &inner, 200).await;
    inner.trim(P0, Offset(150));
    let log = || ArchivedLog::new(Arc::new(inner.clone()), archive.clone());
    assert_eq!(log().floor(P0).await.unwrap(), Offset(0));
    // Retention passed what was not sealed: the archive no longer joins the log.
    inner.trim(P0, Offset(220));
    assert_eq!(log().floor(P0).await.unwrap(), Offset(220));
    let read = |from| Read { partition: P0, from: Offset(from), limit: 10, mirror: None };
    let refused = log().read(read(210)).await;
    assert!(matches!(refused, Err(ReadError::Trimmed { floor: Offset(220) })), "{refused:?}");
    // What lies in the archive can be read all the same, and ends at the hole.
    assert_eq!(log().read(read(90)).await.unwrap().entries.len(), 10);
    // A seal goes on behind the hole.
    let sealed = seal_all(&archive, &inner).await;
    assert_eq!((sealed.segments, sealed.events, sealed.upto), (1, 80, Offset(300)));
    inner.trim(P0, Offset(290));
    assert_eq!(log().floor(P0).await.unwrap(), Offset(220));
    // One segment is taken away from the middle.
    let name = archive.segments(P0, 1).await.unwrap()[2].0;
    store.delete(&name.to_string().as_str().into()).await.unwrap();
    assert_eq!(log().floor(P0).await.unwrap(), Offset(290));
}
