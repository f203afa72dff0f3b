//! What every log must do, run against each engine.
//!
//! An engine's tests implement [`Subject`] and await [`run`]. A breach panics and says what was expected.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is a test suite that other crates' tests call: a breach has to fail the test"
)]

use super::{AppendError, Durable, Entry, Log, Read, ReadError};
use crate::codec::{self, EVENT_BYTES_MAX};
use crate::event::{Body, Event, Place, Producer, Service};
use crate::id::{ChannelId, EventId, MessageId, MirrorId, NodeId, Offset, Partition, Version};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use uuid::Uuid;

/// An engine under test.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Its log.
    type Log: Log;

    /// A new, empty log of [`PARTITIONS`] partitions or more.
    async fn fresh(&self) -> Self::Log;

    /// The same log, closed and opened again by the same node; `None` where the engine cannot do that.
    async fn reopen(&self, log: Self::Log) -> Option<Self::Log>;

    /// Removes what lies before `floor` (or, by whole commits, a part of it), as retention does. `false` where the engine cannot.
    async fn trim(&self, log: &Self::Log, partition: Partition, floor: Offset) -> bool;
}

/// How many partitions the suite uses: 0, 1, 2.
pub const PARTITIONS: u16 = 3;

/// Runs every check, each on a fresh log.
///
/// # Panics
/// Where the engine breaks the contract.
pub async fn run<S: Subject>(subject: &S) {
    round_trip(&subject.fresh().await).await;
    paging(&subject.fresh().await).await;
    middle_of_a_commit(&subject.fresh().await).await;
    mirror_filter(&subject.fresh().await).await;
    an_empty_log(&subject.fresh().await).await;
    too_large(&subject.fresh().await).await;
    concurrent_appends(&subject.fresh().await).await;
    partitions_are_apart(&subject.fresh().await).await;
    reopening(subject).await;
    trimming(subject).await;
}

/// What was appended is read, whole, in order, with the appender's numbers from 1.
pub async fn round_trip(log: &dyn Log) {
    let sent = events(0, 0..7);
    for batch in [&sent[..1], &sent[1..6], &[], &sent[6..]] {
        log.append(P0, batch.to_vec(), Durable::Everywhere).await.expect("append");
    }
    let read = all(log, P0).await;
    same(&read, &sent);
    gapless(&read);
}

/// `next` goes on without a gap or a repetition, whatever the limit.
pub async fn paging(log: &dyn Log) {
    let sent = events(0, 0..25);
    for batch in sent.chunks(4) {
        log.append(P0, batch.to_vec(), Durable::Everywhere).await.expect("append");
    }
    for limit in [1, 3, 4, 7, 25, 1000] {
        same(&pages(log, read(P0, limit)).await, &sent);
    }
    let page = log.read(read(P0, 3)).await.expect("read");
    assert!((1..=3 + 4).contains(&page.entries.len()), "a limit of 3 gave {}", page.entries.len());
}

/// Each offset can be read from, also one inside a commit: what lies at and after it comes, nothing else.
pub async fn middle_of_a_commit(log: &dyn Log) {
    log.append(P0, events(0, 0..5), Durable::Everywhere).await.expect("append");
    log.append(P0, events(0, 5..9), Durable::Everywhere).await.expect("append");
    let entries = all(log, P0).await;
    for (at, (offset, _)) in entries.iter().enumerate() {
        let rest = pages(log, Read { from: *offset, ..read(P0, 100) }).await;
        assert_eq!(rest, entries[at..], "read from offset {offset}");
    }
    for pair in entries.windows(2) {
        assert!(pair[0].0 < pair[1].0, "offsets grow: {} then {}", pair[0].0, pair[1].0);
    }
}

/// A read of one mirror gives its events alone, and an empty page only where no more of them lie ahead.
pub async fn mirror_filter(log: &dyn Log) {
    let mut sent = events(1, 0..3);
    sent.extend(events(2, 3..60));
    sent.extend(events(1, 60..64));
    for batch in sent.chunks(6) {
        log.append(P0, batch.to_vec(), Durable::Everywhere).await.expect("append");
    }
    for (number, limit) in [(1, 1), (1, 2), (1, 100), (2, 5), (3, 5)] {
        let mirror = mirror(number);
        let read = pages(log, Read { mirror: Some(mirror), ..read(P0, limit) }).await;
        let expected: Vec<Event> = sent.iter().filter(|event| event.mirror == mirror).cloned().collect();
        same(&read, &expected);
    }
}

/// The tail of an empty log is its floor; reading at the tail gives an empty page that stays there.
pub async fn an_empty_log(log: &dyn Log) {
    let tail = log.tail(P0).await.expect("tail");
    assert_eq!(tail, log.floor(P0).await.expect("floor"), "an empty log begins where it ends");
    for _ in 0..2 {
        let tail = log.tail(P0).await.expect("tail");
        let page = log.read(Read { from: tail, ..read(P0, 10) }).await.expect("read at the tail");
        assert_eq!((page.entries.len(), page.next), (0, tail), "nothing yet");
        log.append(P0, events(0, 0..3), Durable::Everywhere).await.expect("append");
        let news = pages(log, Read { from: page.next, ..read(P0, 10) }).await;
        assert_eq!(news.len(), 3, "what came after an empty page is read from its `next`");
        assert!(news.iter().all(|(offset, _)| *offset >= tail), "it lies at the tail or after");
        assert!(log.tail(P0).await.expect("tail") > news[2].0, "the tail is past the last event");
    }
}

/// An event over the limit is named by its index; the rest can be appended, and no number is lost.
pub async fn too_large(log: &dyn Log) {
    let mut batch = events(0, 0..5);
    batch[3].raw = Bytes::from(vec![b' '; EVENT_BYTES_MAX + 1]);
    match log.append(P0, batch.clone(), Durable::Everywhere).await {
        Err(AppendError::TooLarge { index: 3, bytes }) if bytes > EVENT_BYTES_MAX => {}
        other => panic!("expected TooLarge of index 3, got {other:?}"),
    }
    batch.remove(3);
    log.append(P0, batch.clone(), Durable::Everywhere).await.expect("the rest can be appended");
    let read = all(log, P0).await;
    gapless(&read);
    for event in batch {
        assert!(read.iter().any(|(_, known)| known.id == event.id), "event {} is there", event.id);
    }
}

/// Appends at once lose nothing, and each keeps its own order.
pub async fn concurrent_appends(log: &dyn Log) {
    const WRITERS: u64 = 8;
    const BATCHES: u64 = 12;
    let writer = |writer: u64| -> Task<'_> {
        Box::pin(async move {
            for batch in 0..BATCHES {
                let start = writer * 1000 + batch * 3;
                log.append(P0, events(0, start..start + 3), Durable::Everywhere).await.expect("append");
            }
        })
    };
    together((0..WRITERS).map(writer).collect()).await;
    let read = all(log, P0).await;
    gapless(&read);
    for writer in 0..WRITERS {
        let own = read.iter().map(|(_, event)| event.place.message.0).filter(|id| id / 1000 == writer);
        let expected: Vec<u64> = (writer * 1000..writer * 1000 + BATCHES * 3).collect();
        assert_eq!(own.collect::<Vec<_>>(), expected, "the events of writer {writer}, in its order");
    }
}

/// Each partition has its own events and its own numbers.
pub async fn partitions_are_apart(log: &dyn Log) {
    for round in 0..3 {
        for partition in 0..PARTITIONS {
            let start = u64::from(partition) * 100 + round * 2;
            log.append(Partition(partition), events(0, start..start + 2), Durable::Everywhere)
                .await
                .expect("append");
        }
    }
    for partition in 0..PARTITIONS {
        let read = all(log, Partition(partition)).await;
        let start = u64::from(partition) * 100;
        same(&read, &events(0, start..start + 6));
        gapless(&read);
    }
}

/// What was acknowledged is there after closing and opening, and the numbers go on.
pub async fn reopening<S: Subject>(subject: &S) {
    let log = subject.fresh().await;
    log.append(P0, events(0, 0..4), Durable::Everywhere).await.expect("append");
    let before = all(&log, P0).await;
    let Some(log) = subject.reopen(log).await else { return };
    assert_eq!(all(&log, P0).await, before, "opening a log again changes nothing");
    log.append(P0, events(0, 4..7), Durable::Everywhere).await.expect("append");
    let Some(log) = subject.reopen(log).await else { return };
    let read = all(&log, P0).await;
    same(&read, &events(0, 0..7));
    gapless(&read);
}

/// Below the floor is an error that names it, never a silent clamp; numbers and offsets go on.
pub async fn trimming<S: Subject>(subject: &S) {
    let log = subject.fresh().await;
    for start in (0..40).step_by(4) {
        log.append(P0, events(0, start..start + 4), Durable::Everywhere).await.expect("append");
    }
    let before = all(&log, P0).await;
    if !subject.trim(&log, P0, before[20].0).await {
        return;
    }
    let floor = log.floor(P0).await.expect("floor");
    assert!(floor > before[0].0 && floor <= before[20].0, "the floor moved to {floor}");
    for from in [before[0].0, Offset(floor.0 - 1)] {
        match log.read(Read { from, ..read(P0, 5) }).await {
            Err(ReadError::Trimmed { floor: named }) => assert_eq!(named, floor),
            other => panic!("expected Trimmed from {from}, got {other:?}"),
        }
    }
    log.append(P0, events(0, 40..43), Durable::Everywhere).await.expect("append");
    let kept = before.iter().filter(|(offset, _)| *offset >= floor).count();
    let rest = pages(&log, Read { from: floor, ..read(P0, 5) }).await;
    same(&rest, &events(0, 40 - kept as u64..43));
    assert_eq!(rest.last().map(|(_, event)| event.producer.seq), Some(43), "numbers go on after a trim");
    assert_eq!(rest[..kept], before[40 - kept..], "offsets stay");
}

const P0: Partition = Partition(0);

fn mirror(number: u128) -> MirrorId {
    MirrorId(Uuid::from_u128(number))
}

fn read(partition: Partition, limit: usize) -> Read {
    Read { partition, from: Offset(0), limit, mirror: None }
}

/// Small events of a mirror, told apart by their message ids.
fn events(of: u128, messages: std::ops::Range<u64>) -> Vec<Event> {
    messages.map(|message| event(of, message)).collect()
}

fn event(of: u128, message: u64) -> Event {
    Event {
        id: EventId(Uuid::from_u128(of << 64 | u128::from(message))),
        mirror: mirror(of),
        place: Place { service: Service::Discord, channel: ChannelId(9), message: MessageId(message) },
        version: Version(message as i64),
        observed: Version(-1),
        producer: Producer::default(),
        body: Body::Deleted,
        raw: Bytes::from(format!(r#"{{"id":"{message}"}}"#)),
    }
}

/// All that a partition holds, from its floor.
async fn all(log: &dyn Log, partition: Partition) -> Vec<(Offset, Event)> {
    let from = log.floor(partition).await.expect("floor");
    pages(log, Read { from, ..read(partition, 1000) }).await
}

/// Reads on until an empty page.
async fn pages(log: &dyn Log, mut read: Read) -> Vec<(Offset, Event)> {
    read.from = read.from.max(log.floor(read.partition).await.expect("floor"));
    let mut found = Vec::new();
    loop {
        let page = log.read(read).await.expect("read");
        if page.entries.is_empty() {
            return found;
        }
        assert!(page.next > read.from, "`next` moves on past {}", read.from);
        let inside = |entry: &Entry| entry.offset >= read.from && entry.offset < page.next;
        assert!(page.entries.iter().all(inside), "a page lies between `from` and `next`");
        let decode = |entry: &Entry| (entry.offset, codec::decode(&entry.record).expect("a whole record"));
        found.extend(page.entries.iter().map(decode));
        read.from = page.next;
    }
}

/// Equal, but for the producer, which the log stamps.
fn same(read: &[(Offset, Event)], sent: &[Event]) {
    let plain = |event: &Event| Event { producer: Producer::default(), ..event.clone() };
    let read: Vec<Event> = read.iter().map(|(_, event)| plain(event)).collect();
    assert_eq!(read, sent, "what was read is what was appended");
}

/// Each node's numbers are 1, 2, 3, ... in the order of the log.
fn gapless(read: &[(Offset, Event)]) {
    let mut last: BTreeMap<NodeId, u64> = BTreeMap::new();
    for (offset, event) in read {
        let Producer { node, seq } = event.producer;
        assert_ne!(node, NodeId::default(), "the log stamps its node at {offset}");
        let last = last.entry(node).or_default();
        assert_eq!(seq, *last + 1, "the number at offset {offset}");
        *last = seq;
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Awaits all at once; this crate has no runtime to spawn on.
async fn together(mut tasks: Vec<Task<'_>>) {
    std::future::poll_fn(|cx| {
        tasks.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        if tasks.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
