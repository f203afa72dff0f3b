//! A log that was lost whole is filled again.

use super::stage::{P0, archive, chat, entries, ids, memory, seal_all, seal_upto, tell};
use async_trait::async_trait;
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, Offset, Partition};
use mirror::archive::Archive;
use mirror::archive::refill::{Refill, Refilled, refill};
use object_store::ObjectStoreExt;
use std::sync::atomic::{AtomicU32, Ordering};
use tools::JobError;
use tools::progress::Silent;

async fn fill(archive: &Archive, log: &dyn Log, ask: Refill) -> Result<Refilled, JobError> {
    refill(archive, (log, P0), ask, &Silent).await
}

/// A log that takes so many appends, does half of the next, and fails.
struct Dying(MemoryLog, AtomicU32);

#[async_trait]
impl Log for Dying {
    async fn append(
        &self,
        partition: Partition,
        mut events: Vec<Event>,
        _: Durable,
    ) -> Result<(), AppendError> {
        let left = self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() {
            events.truncate(events.len() / 2);
            self.0.append(partition, events, Durable::Here).await?;
            return Err(AppendError::Retry("killed".to_owned()));
        }
        self.0.append(partition, events, Durable::Here).await
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.0.read(read).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.0.tail(partition).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.0.floor(partition).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_is_filled_also_after_being_killed() {
    let (archive, _) = archive();
    let old = memory();
    tell(&old, &chat(1, 1800)).await;
    // The same events twice, as a resumed session makes them.
    tell(&old, &chat(1, 1800)[1700..]).await;
    for upto in [700, 701, 1900] {
        seal_upto(&archive, &old, upto).await;
    }
    let whole = ids(&entries(&old, 0, 5000, None).await);
    for appends in 0..5 {
        let log = memory();
        let killed = fill(&archive, &Dying(log.clone(), AtomicU32::new(appends)), Refill::default()).await;
        assert!(matches!(killed, Err(JobError::Retry(_))), "{killed:?}");
        let survey = fill(&archive, &log, Refill { dry_run: true, ..Refill::default() }).await.unwrap();
        let refilled = fill(&archive, &log, Refill::default()).await.unwrap();
        assert_eq!(survey, refilled);
        assert!(refilled.known > 0 || appends == 0);
        assert_eq!((refilled.incarnation, refilled.events), (1, 1900));
        assert_eq!(ids(&entries(&log, 0, 5000, None).await), whole);
        let again = fill(&archive, &log, Refill::default()).await.unwrap();
        assert_eq!(again.known, 1900, "nothing is left to do");
        // It lives on, in an incarnation of its own.
        tell(&log, &chat(3, 10)).await;
        assert_eq!(
            fill(&archive, &log, Refill { incarnation: Some(1), ..Refill::default() }).await.unwrap(),
            again
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_holds_anything_else_is_not_filled() {
    let (archive, store) = archive();
    let log = memory();
    assert_eq!(fill(&archive, &log, Refill::default()).await.unwrap(), Refilled::default());
    let old = memory();
    tell(&old, &chat(1, 300)).await;
    for upto in [100, 200, 300] {
        seal_upto(&archive, &old, upto).await;
    }
    tell(&log, &chat(2, 5)).await;
    let refused = fill(&archive, &log, Refill::default()).await.unwrap_err();
    assert!(matches!(&refused, JobError::Wrong(words) if words.contains("only an empty log")), "{refused}");
    let refused = fill(&archive, &memory(), Refill { incarnation: Some(7), ..Refill::default() }).await;
    assert!(matches!(refused, Err(JobError::Wrong(_))), "{refused:?}");

    let middle = archive.segments(P0, 1).await.unwrap()[1].0;
    store.delete(&middle.to_string().as_str().into()).await.unwrap();
    let log = memory();
    let refused = fill(&archive, &log, Refill::default()).await.unwrap_err();
    assert!(matches!(&refused, JobError::Wrong(words) if words.contains("100 to 200")), "{refused}");
    assert_eq!(log.tail(P0).await.unwrap(), Offset(0));
    let refilled = fill(&archive, &log, Refill { accept_holes: true, ..Refill::default() }).await.unwrap();
    assert_eq!((refilled.events, log.tail(P0).await.unwrap()), (200, Offset(200)));
    // What was filled is sealed as a new incarnation, for its offsets are others.
    assert_eq!(seal_all(&archive, &log).await.incarnation, 2);
}
