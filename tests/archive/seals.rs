//! Seals that are killed, that run twice, that run by themselves.

use super::stage::{Failing, Fate, P0, archive, chat, entries, memory, node, seal_all, seal_upto, tell};
use events::log::{Durable, Log};
use events::{Offset, Partition};
use mirror::archive::retention::{Lost, retention};
use mirror::archive::{Archive, ArchivedLog, Backed, Pace, Sealer, seal};
use object_store::ObjectStoreExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tools::JobError;
use tools::progress::Silent;

/// Killed at each of its writes, with and without effect, and run again: the same segments.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_killed_at_any_point_comes_to_the_same_end() {
    // Large enough for three segments.
    let log = memory();
    let large = |mut event: events::Event| {
        event.raw = vec![b' '; 200 << 10].into();
        event
    };
    for event in chat(2, 100) {
        log.append(P0, vec![large(event)], Durable::Here).await.unwrap();
    }
    let (whole, _) = archive();
    let sealed = seal_all(&whole, &log).await;
    assert_eq!((sealed.segments, sealed.events, sealed.upto), (3, 100, Offset(100)));
    let expected = whole.segments(P0, 1).await.unwrap();
    for fate in [Fate::Lost, Fate::Answerless] {
        for writes in 0..4 {
            let (again, store) = archive();
            let killed = Archive::over(Failing::after(store, writes, fate), "failing");
            let error = seal::seal(&killed, (&log, P0), None, &Silent).await;
            assert!(matches!(error, Err(JobError::Retry(_))), "{error:?}");
            seal_all(&again, &log).await;
            assert_eq!(again.segments(P0, 1).await.unwrap(), expected, "{fate:?} after {writes} writes");
            assert_eq!(again.incarnations(P0).await.unwrap().len(), 1);
            assert_eq!(seal_all(&again, &log).await.segments, 0, "nothing is left to do");
        }
    }
}

/// Two nodes at once, up to different offsets: segments may overlap, what is read does not.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_do_no_harm() {
    let log = memory();
    tell(&log, &chat(2, 500)).await;
    let whole = entries(&log, 0, 1000, None).await;
    let (archive, _) = archive();
    let ends = [400, 333, 250, 420].map(|upto| {
        let (archive, log) = (archive.clone(), log.clone());
        tokio::spawn(async move { seal::seal(&archive, (&log, P0), Some(Offset(upto)), &Silent).await })
    });
    for end in ends {
        end.await.unwrap().unwrap();
    }
    assert_eq!(archive.incarnations(P0).await.unwrap().len(), 1);
    let passed = retention(&archive, &log, P0).await.unwrap().may_pass;
    assert_eq!(passed, Offset(420));
    log.trim(P0, passed);
    let joined = ArchivedLog::new(Arc::new(log), archive);
    for limit in [1, 37, 1000] {
        assert_eq!(entries(&joined, 0, limit, None).await, whole);
    }
}

#[tokio::test]
async fn a_newer_record_is_not_sealed_over() {
    let (archive, _) = archive();
    let log = Newer(memory());
    tell(&log.0, &chat(2, 30)).await;
    let error = seal::seal(&archive, (&log, P0), None, &Silent).await.unwrap_err();
    assert_eq!(error, JobError::Newer { offset: Offset(20), format: 0xfe });
}

/// A log whose 20th record a newer program wrote.
struct Newer(events::log::memory::MemoryLog);

#[async_trait::async_trait]
impl Log for Newer {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<events::Event>,
        durable: Durable,
    ) -> Result<(), events::log::AppendError> {
        self.0.append(partition, events, durable).await
    }
    async fn read(&self, read: events::log::Read) -> Result<events::log::Page, events::log::ReadError> {
        let mut page = self.0.read(read).await?;
        for entry in page.entries.iter_mut().filter(|entry| entry.offset == Offset(20)) {
            entry.record = bytes::Bytes::from_static(b"\xfe...");
        }
        Ok(page)
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, events::log::ReadError> {
        self.0.tail(partition).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, events::log::ReadError> {
        self.0.floor(partition).await
    }
}

const PACE: Pace = Pace { events: 200, age: Duration::from_secs(3600), margin: Duration::from_secs(600) };

/// The node's sealer waits for enough, leaves the newest alone, goes on after a failure, and stops.
#[tokio::test(start_paused = true)]
async fn the_sealer_seals_when_enough_waits() {
    let log = Arc::new(memory());
    let (plain, store) = archive();
    // It is claimed and an incarnation is begun; further writes fail.
    let flaky = Archive::over(Failing::after(store.clone(), 2, Fate::Lost), "failing");
    let (tail_in, tail) = watch::channel(Offset(0));
    let stop = CancellationToken::new();
    let sealer = Sealer::new(&Backed { archive: flaky, log: log.clone() }, (P0, 1), PACE);
    let running = tokio::spawn(sealer.run(tail.clone(), stop.clone()));
    let minutes = |minutes: u64| tokio::time::sleep(Duration::from_secs(60 * minutes));
    tell(&*log, &chat(2, 150)).await;
    tail_in.send_replace(log.tail(P0).await.unwrap());
    minutes(30).await;
    assert!(plain.incarnations(P0).await.unwrap().is_empty(), "150 are fewer than 200");
    tell(&*log, &chat(3, 100)).await;
    tail_in.send_replace(log.tail(P0).await.unwrap());
    minutes(9).await;
    assert!(plain.incarnations(P0).await.unwrap().is_empty(), "a hundred are younger than ten minutes");
    minutes(4).await;
    assert_eq!(plain.incarnations(P0).await.unwrap().len(), 1);
    assert!(plain.segments(P0, 1).await.unwrap().is_empty(), "its writes fail");
    assert!(!running.is_finished(), "and it goes on trying");
    stop.cancel();
    running.await.unwrap().unwrap();

    let stop = CancellationToken::new();
    let sealer = Sealer::new(&Backed { archive: plain.clone(), log: log.clone() }, (P0, 1), PACE);
    let running = tokio::spawn(sealer.run(tail, stop.clone()));
    minutes(13).await;
    assert_eq!(plain.segments(P0, 1).await.unwrap().len(), 1);
    assert_eq!(retention(&plain, &*log, P0).await.unwrap().may_pass, Offset(250));
    tell(&*log, &chat(4, 50)).await;
    tail_in.send_replace(log.tail(P0).await.unwrap());
    minutes(60).await;
    assert_eq!(plain.segments(P0, 1).await.unwrap().len(), 1, "50 are few");
    minutes(15).await;
    assert_eq!(plain.segments(P0, 1).await.unwrap().len(), 2, "but have waited for an hour");
    drop(tail_in);
    running.await.unwrap().unwrap();
    assert_eq!(seal_upto(&plain, &*log, 300).await.events, 0, "nothing is left");
    assert_eq!(node().as_str(), "a");
}

/// A segment that is gone is written again while the log still holds what it held, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_filled_from_the_log() {
    let log = memory();
    tell(&log, &chat(2, 300)).await;
    let (archive, store) = archive();
    for upto in [100, 200, 300] {
        seal_upto(&archive, &log, upto).await;
    }
    let whole = archive.segments(P0, 1).await.unwrap();
    store.delete(&whole[1].0.to_string().as_str().into()).await.unwrap();
    assert_eq!(retention(&archive, &log, P0).await.unwrap().may_pass, Offset(100), "not past the hole");
    let sealed = seal_all(&archive, &log).await;
    assert_eq!((sealed.segments, sealed.events, sealed.upto), (1, 100, Offset(300)));
    assert_eq!(archive.segments(P0, 1).await.unwrap(), whole);
}

/// Retention that was set too sharp: what it took before the seal is named, and stays named once sealing goes on.
#[tokio::test(flavor = "multi_thread")]
async fn retention_that_passes_the_seal_is_told() {
    let log = memory();
    tell(&log, &chat(2, 300)).await;
    let (archive, _) = archive();
    let none = retention(&archive, &log, P0).await.unwrap();
    assert_eq!((none.may_pass, none.sealed_until, none.lost), (Offset(0), None, vec![]));
    seal_upto(&archive, &log, 100).await;
    log.trim(P0, Offset(100));
    let just = retention(&archive, &log, P0).await.unwrap();
    let observed = |entry: &events::log::Entry| events::codec::decode(&entry.record).unwrap().observed;
    let sealed = ArchivedLog::new(Arc::new(log.clone()), archive.clone());
    let newest = entries(&sealed, 0, 1000, None).await[..100].iter().map(observed).max();
    assert_eq!((just.may_pass, just.sealed_until, just.lost), (Offset(100), newest, vec![]));

    log.trim(P0, Offset(130));
    let lost = vec![Lost { from: Offset(100), next: Offset(130) }];
    let passed = retention(&archive, &log, P0).await.unwrap();
    assert_eq!((passed.may_pass, passed.sealed_until, &passed.lost), (Offset(130), newest, &lost));
    seal_all(&archive, &log).await;
    let after = retention(&archive, &log, P0).await.unwrap();
    assert_eq!((after.may_pass, after.lost), (Offset(300), lost));
    assert!(after.sealed_until > newest);
}
