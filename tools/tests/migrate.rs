//! A migration gives the same views and lanes, wherever it is killed, into any number of partitions and back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use async_trait::async_trait;
use bytes::Bytes;
use events::event::Declared;
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{
    Body, ChannelId, Event, EventId, MessageId, MirrorId, Offset, Partition, Place, Producer, Version, codec,
};
use projections::change::{Change, Column, Row};
use projections::key::{Bucket, Generation, Key};
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved, memory::MemoryLanes};
use projections::register::Register;
use projections::settings::link_key;
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError, memory::MemoryViews};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tools::follow::Stepper;
use tools::migrate::{Copied, Migration, Standing, Switched, set_standing, standing};
use tools::{JobError, Ports, lanes, progress::Silent};
use uuid::Uuid;

const MIRRORS: u64 = 6;

fn ports(partitions: u16) -> Ports {
    let node = "a".parse().unwrap();
    Ports {
        log: Arc::new(MemoryLog::new(node)),
        views: Arc::new(MemoryViews::new()),
        lanes: Arc::new(MemoryLanes::new()),
        node,
        partitions,
    }
}

fn declared(number: u64) -> Event {
    Event {
        id: EventId(Uuid::from_u128(u128::from(number) + 1)),
        mirror: projections::sample::mirror(number),
        place: Place::default(),
        version: Version(1),
        observed: Version(1),
        producer: Producer::default(),
        body: Body::Declared(Declared { name: format!("mirror {number}") }),
        raw: Bytes::new(),
    }
}

fn history(seed: u64, events: usize) -> Vec<Event> {
    (0..MIRRORS).map(declared).chain(projections::sample::history(seed, MIRRORS, events)).collect()
}

async fn tell(ports: &Ports, events: &[Event]) {
    for event in events {
        let partition = ports.partition(event.mirror);
        ports.log.append(partition, vec![event.clone()], Durable::Everywhere).await.unwrap();
    }
    Stepper::new(ports.clone()).all().await.unwrap();
}

/// A source with a lane for each link, of which some are behind.
async fn source(partitions: u16, events: usize) -> Ports {
    let source = ports(partitions);
    tell(&source, &history(3, events)).await;
    let mut number = 0;
    for known in tools::mirrors::all(&source).await.unwrap() {
        let current = tools::mirrors::load(&source, known).await.unwrap();
        for link in current.settings.links.keys() {
            number += 1;
            let row = LaneRow {
                rev: 1,
                epoch: 7,
                claim: 7,
                last: MessageId(number),
                anchors: vec![MessageId(number)],
                behind: (number % 2 == 0).then_some(Offset(40)),
                hold: (number % 3 == 0).then(|| "held".to_owned()),
                noticed: true,
                ..LaneRow::default()
            };
            let lane = LaneId { mirror: current.known.id, link: *link };
            assert_eq!(source.lanes.save(lane, row).await, Saved::Yes);
        }
    }
    assert!(number > 5, "the history links channels");
    source
}

/// All that is in a log: how often each event, and the order within a mirror.
async fn content(ports: &Ports) -> BTreeMap<MirrorId, Vec<EventId>> {
    let mut content: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for partition in ports.all_partitions() {
        let read = Read { partition, from: Offset(0), limit: usize::MAX, mirror: None };
        for entry in ports.log.read(read).await.unwrap().entries {
            let event = codec::decode(&entry.record).unwrap();
            assert_eq!(ports.partition(event.mirror), partition, "where its mirror belongs");
            content.entry(event.mirror).or_default().push(event.id);
        }
    }
    content
}

async fn copy(source: &Ports, target: &Ports) -> Result<Copied, JobError> {
    Migration { source, target }.copy(&Silent).await
}

async fn switch(source: &Ports, target: &Ports) -> Result<Switched, JobError> {
    let (old, new) = (Stepper::new(source.clone()), Stepper::new(target.clone()));
    Migration { source, target }.switch((&old, &new), &Silent).await
}

async fn finish(source: &Ports, target: &Ports) {
    set_standing(source, Standing::Moved).await.unwrap();
    set_standing(target, Standing::Filled).await.unwrap();
}

/// The target's rows are the source's, but for what another log and other owners make of them.
async fn same_lanes(source: &Ports, target: &Ports) {
    let (old, new) = (lanes::all(source).await.unwrap(), lanes::all(target).await.unwrap());
    assert_eq!(old.len(), new.len());
    for ((lane, old), (moved, new)) in old.into_iter().zip(new) {
        let expected = LaneRow {
            rev: new.rev,
            epoch: 0,
            claim: new.claim,
            behind: old.behind.map(|_| Offset(0)),
            ..old
        };
        assert_eq!((lane, expected), (moved, new));
    }
}

#[tokio::test]
async fn there_and_back_in_parts_while_the_source_goes_on() {
    let old = source(1, 600).await;
    let new = ports(4);
    assert_eq!(standing(&new).await.unwrap(), Standing::Free);
    assert_eq!(copy(&old, &new).await.unwrap().events, 600 + MIRRORS);
    assert_eq!(standing(&new).await.unwrap(), Standing::Filling);
    let more: Vec<_> = history(3, 900).into_iter().skip(600 + MIRRORS as usize).collect();
    tell(&old, &more).await;
    let switched = switch(&old, &new).await.unwrap();
    assert_eq!((switched.copied.events, switched.mirrors.len()), (300, MIRRORS as usize));
    assert!(switched.lanes_walk, "nobody said how far the lanes have come");
    assert_eq!(content(&old).await, content(&new).await);
    same_lanes(&old, &new).await;
    finish(&old, &new).await;
    assert!(
        standing(&old).await.unwrap().refusal().is_some()
            && standing(&new).await.unwrap().refusal().is_none()
    );
    let again = copy(&old, &new).await.unwrap_err();
    assert!(matches!(&again, JobError::Wrong(words) if words.contains("already")), "{again}");

    // On it goes there, and then back into new stores, from several partitions into one.
    tell(&new, &history(9, 100)[MIRRORS as usize..]).await;
    let back = ports(1);
    switch(&new, &back).await.unwrap();
    assert_eq!(content(&new).await, content(&back).await);
    same_lanes(&new, &back).await;
    // Not into what was moved away: it is out of date.
    let refused = copy(&new, &old).await.unwrap_err();
    assert!(matches!(refused, JobError::Wrong(_)), "{refused}");
}

#[tokio::test]
async fn lanes_that_have_come_to_the_end_begin_at_the_end() {
    let old = source(1, 600).await;
    let lanes = Follower { partition: Partition(0), name: "lanes".to_owned() };
    let views = Follower { partition: Partition(0), name: "views".to_owned() };
    let end = old.views.position(&views).await.unwrap()[0];
    old.views.commit(Vec::new(), Some(Position { follower: lanes, mark: end })).await.unwrap();
    let new = ports(3);
    assert!(!switch(&old, &new).await.unwrap().lanes_walk);
    for partition in new.all_partitions() {
        let at = |name: &str| Follower { partition, name: name.to_owned() };
        let (lanes, views) = (new.views.position(&at("lanes")).await, new.views.position(&at("views")).await);
        assert_eq!(lanes.unwrap().first(), views.unwrap().first());
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let check = |refused: Result<Copied, JobError>, words: &str| {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    };
    let old = source(1, 600).await;
    let used = ports(4);
    tell(&used, &history(5, 10)).await;
    check(copy(&old, &used).await, "events of its own");

    let begun = ports(4);
    copy(&old, &begun).await.unwrap();
    let other = ports(1);
    tell(&other, &projections::sample::history(8, 2, 50)).await;
    check(copy(&other, &begun).await, "begun from another log");

    // Views that say what the log does not: nothing is switched.
    let new = ports(4);
    copy(&old, &new).await.unwrap();
    let key = Key {
        mirror: projections::sample::mirror(0),
        generation: Generation(0),
        bucket: Bucket::SETTINGS,
        row: link_key(ChannelId(999)),
    };
    let forged = Change { key, column: Column::Cut, register: Register::unit(Version(5)) };
    old.views.commit(vec![forged], None).await.unwrap();
    let refused = switch(&old, &new).await.unwrap_err().to_string();
    assert!(refused.contains("nothing was switched"), "{refused}");
    assert!(lanes::all(&new).await.unwrap().is_empty());

    // Retention took the beginning.
    let log = MemoryLog::new("a".parse().unwrap());
    let trimmed = Ports { log: Arc::new(log.clone()), ..ports(1) };
    tell(&trimmed, &history(5, 50)).await;
    log.trim(Partition(0), Offset(20));
    check(copy(&trimmed, &ports(4)).await, "archive.url");
}

/// Killed at every write, with and without its effect, and run again.
#[tokio::test]
async fn killed_anywhere_and_run_again_it_comes_to_the_same_end() {
    let old = source(1, 2500).await;
    let expected = content(&old).await;
    for has_effect in [false, true] {
        for writes in (0..).step_by(3) {
            let new = ports(3);
            let killed = Dying::over(&new, writes, has_effect);
            let ended = switch(&old, &killed).await;
            if ended.is_ok() {
                assert!(writes > 20, "{writes} writes are few");
                break;
            }
            assert!(matches!(ended, Err(JobError::Retry(_))), "{ended:?}");
            // The copy again, and again killed, a little later.
            let killed = Dying::over(&new, writes + 2, has_effect);
            let _ = switch(&old, &killed).await;
            switch(&old, &new).await.unwrap();
            same_lanes(&old, &new).await;
            let found = content(&new).await;
            let set = |ids: &[EventId]| ids.iter().copied().collect::<BTreeSet<_>>();
            for (mirror, ids) in &expected {
                assert_eq!(set(ids), set(&found[mirror]), "nothing is lost");
            }
        }
    }
}

/// Stores that die at a write.
struct Dying {
    inner: Ports,
    left: AtomicU32,
    has_effect: bool,
}

impl Dying {
    fn over(inner: &Ports, writes: u32, has_effect: bool) -> Ports {
        let dying = Arc::new(Self { inner: inner.clone(), left: AtomicU32::new(writes), has_effect });
        Ports { log: dying.clone(), views: dying.clone(), lanes: dying, ..inner.clone() }
    }

    /// Whether this write is done, and whether it is answered.
    fn write(&self) -> (bool, bool) {
        let lives =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        (lives || self.has_effect, lives)
    }
}

#[async_trait]
impl Log for Dying {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        let (done, answered) = self.write();
        if done {
            self.inner.log.append(partition, events, durable).await?;
        }
        if answered { Ok(()) } else { Err(AppendError::Retry("killed".to_owned())) }
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.inner.log.read(read).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.inner.log.tail(partition).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.inner.log.floor(partition).await
    }
}

#[async_trait]
impl Views for Dying {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        let (done, answered) = self.write();
        if done {
            self.inner.views.commit(changes, position).await?;
        }
        if answered { Ok(()) } else { Err(ViewsError::Retry("killed".to_owned())) }
    }
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.inner.views.position(follower).await
    }
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        self.inner.views.get(keys).await
    }
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        self.inner.views.scan(scan).await
    }
}

#[async_trait]
impl Lanes for Dying {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        self.inner.lanes.load(lane).await
    }
    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        let (done, answered) = self.write();
        if done {
            self.inner.lanes.save(lane, row).await;
        }
        if answered { Saved::Yes } else { Saved::Unknown }
    }
    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        self.inner.lanes.control(mirror).await
    }
    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        self.inner.lanes.set_control(mirror, expected, new).await
    }
}
