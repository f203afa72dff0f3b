//! The follower: where it resumes, what it passes over, where it stops.

#![allow(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use bytes::Bytes;
use events::event::Declared;
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Body, Event, EventId, MirrorId, Offset, Partition, Place, Producer, Version};
use projections::digest::digest;
use projections::follow::{Follow, FollowError, FollowState, Standing, Step, reassert, step};
use projections::lane::LaneRow;
use projections::lanes::memory::MemoryLanes;
use projections::lanes::{Control, LaneId, LanesError, Saved};
use projections::sample::{history, mirror};
use projections::settings::Settings;
use projections::views::memory::MemoryViews;
use projections::views::{Follower, Mark, Position};
use projections::{Generation, Lanes, Views};
use std::collections::BTreeMap;
use uuid::Uuid;

const PARTITION: Partition = Partition(3);
const CORRUPT: &[u8] = &[1, 0xff, 0xff];
const NEWER: &[u8] = &[200, 1, 2];

/// A log in memory with some records replaced.
struct Damaged {
    log: MemoryLog,
    damage: BTreeMap<u64, &'static [u8]>,
    /// Whoever reads from here is told that it cannot be read.
    broken: Option<u64>,
    /// Every page is read in another way than the one before.
    anew: bool,
}

#[async_trait]
impl Log for Damaged {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.log.append(partition, events, durable).await
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        if self.broken == Some(read.from.0) {
            return Err(ReadError::Stopped("damaged".to_owned()));
        }
        let mut page = self.log.read(read).await?;
        for entry in &mut page.entries {
            if let Some(bytes) = self.damage.get(&entry.offset.0) {
                entry.record = Bytes::from_static(bytes);
            }
        }
        page.anew = self.anew;
        Ok(page)
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        Log::tail(&self.log, partition).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        Log::floor(&self.log, partition).await
    }
}

struct World {
    log: Damaged,
    views: MemoryViews,
    lanes: MemoryLanes,
    state: FollowState,
}

impl World {
    /// A log of `events` events, which declare the mirror under the name of their offset.
    async fn of(events: u64) -> Self {
        let log = Damaged {
            log: MemoryLog::new("one".parse().unwrap()),
            damage: BTreeMap::new(),
            broken: None,
            anew: false,
        };
        log.append(PARTITION, (0..events).map(declared).collect(), Durable::Here).await.unwrap();
        let state = FollowState::resume(PARTITION);
        Self { log, views: MemoryViews::new(), lanes: MemoryLanes::new(), state }
    }

    async fn step(&mut self, limit: usize) -> Result<Step, FollowError> {
        let Self { log, views, lanes, state } = self;
        step(Follow { log, views, lanes, limit }, state).await
    }

    /// Steps until nothing comes; the offsets folded.
    async fn drain(&mut self) -> Vec<u64> {
        let mut offsets = Vec::new();
        loop {
            let step = self.step(4).await.unwrap();
            if step.events.is_empty() && step.dead.is_empty() {
                return offsets;
            }
            offsets.extend(step.events.iter().map(|(offset, _)| offset.0));
        }
    }

    fn crash(&mut self) {
        self.state = FollowState::resume(PARTITION);
    }

    /// Overwrites the recorded places, oldest first.
    async fn record(&mut self, marks: &[(u64, u64)]) {
        for (offset, number) in marks {
            let follower = Follower { partition: PARTITION, name: FollowState::VIEWS.to_owned() };
            let mark = Mark { offset: Offset(*offset), event: id(*number) };
            self.views.commit(Vec::new(), Some(Position { follower, mark })).await.unwrap();
        }
    }

    /// The newest recorded place.
    async fn recorded(&self) -> Option<u64> {
        let marks = self.views.position(&self.state.follower).await.unwrap();
        marks.first().map(|mark| mark.offset.0)
    }

    async fn name(&self) -> String {
        Settings::load(&self.views, mirror(0), Generation(0)).await.unwrap().name
    }
}

fn id(number: u64) -> EventId {
    EventId(Uuid::from_u64_pair(1, number))
}

fn declared(number: u64) -> Event {
    Event {
        id: id(number),
        mirror: mirror(0),
        place: Place::default(),
        version: Version(number as i64),
        observed: Version(0),
        producer: Producer::default(),
        body: Body::Declared(Declared { name: number.to_string() }),
        raw: Bytes::new(),
    }
}

type Resume<'a> = (&'a [(u64, u64)], u64, Result<u64, u64>);

/// Recorded places (oldest first, as offset and event) of a log of ten events, where the event at offset n
/// is n, whose first `trimmed` are gone: where reading goes on, or the floor that the error names.
#[tokio::test]
async fn resumes() {
    let table: [Resume; 15] = [
        (&[], 0, Ok(0)),
        (&[], 4, Ok(4)),
        (&[(3, 3)], 0, Ok(4)),
        (&[(2, 2), (5, 5)], 0, Ok(6)),
        (&[(9, 9)], 0, Ok(10)),
        // Offsets were used again by other events, or are no longer there.
        (&[(2, 2), (5, 77)], 0, Ok(3)),
        (&[(2, 2), (15, 15)], 0, Ok(3)),
        (&[(2, 70), (5, 77)], 0, Ok(0)),
        // Filled anew in another order: that an event is where it was is chance.
        (&[(2, 70), (5, 5)], 0, Ok(0)),
        (&[(2, 2), (3, 70), (5, 5)], 0, Ok(0)),
        (&[(2, 70), (5, 5)], 4, Ok(6)),
        // Retention passed the follower: only what it had read is gone, or more.
        (&[(3, 3)], 4, Ok(4)),
        (&[(2, 2)], 4, Err(4)),
        (&[(1, 1), (2, 2)], 6, Err(6)),
        // The places that are left are read again from the floor.
        (&[(2, 2), (8, 80)], 5, Ok(5)),
    ];
    for (marks, trimmed, wanted) in table {
        let mut world = World::of(10).await;
        world.record(marks).await;
        world.log.log.trim(PARTITION, Offset(trimmed));
        let found = match world.step(3).await {
            Ok(step) => Ok(step.events.first().map_or(step.next.0, |(offset, _)| offset.0)),
            Err(FollowError::Trimmed { floor }) => Err(floor.0),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found, wanted, "{marks:?}, floor {trimmed}");
    }
}

/// Older places are asked whether the log is the one that was read; one that is damaged proves nothing.
#[tokio::test]
async fn a_damaged_place_far_behind_stops_nobody() {
    let mut world = World::of(10).await;
    world.record(&[(2, 2), (3, 3), (5, 5)]).await;
    world.log.broken = Some(3);
    assert_eq!(world.step(3).await.unwrap().events[0].0, Offset(6));
}

#[tokio::test]
async fn goes_on_where_it_was_and_after_a_crash() {
    let mut world = World::of(10).await;
    let first = world.step(4).await.unwrap();
    assert_eq!((first.events.len(), first.next), (4, Offset(4)));
    assert_eq!(world.name().await, "3");
    world.crash();
    assert_eq!(world.drain().await, [4, 5, 6, 7, 8, 9]);
    assert_eq!(world.name().await, "9");
    world.crash();
    assert_eq!(world.drain().await, [0u64; 0]);
    world.log.append(PARTITION, vec![declared(10)], Durable::Here).await.unwrap();
    assert_eq!(world.drain().await, [10]);
}

/// A write of an older follower that arrives late sets the position back: whoever follows now records its own again,
/// what it took over as well as what it folded, and only where another one is recorded.
#[tokio::test]
async fn a_place_that_is_recorded_late_is_set_right() {
    let mut world = World::of(10).await;
    assert!(!reassert(&world.views, &world.state).await.unwrap(), "it stands nowhere yet");
    world.drain().await;
    for _ in 0..2 {
        world.record(&[(4, 4)]).await;
        assert_eq!(world.recorded().await, Some(4));
        assert!(reassert(&world.views, &world.state).await.unwrap());
        assert_eq!(world.recorded().await, Some(9));
        assert!(!reassert(&world.views, &world.state).await.unwrap(), "it is right");
        world.crash();
        assert_eq!(world.drain().await, [0u64; 0], "the one that takes over has nothing to fold");
    }
}

/// A corrupt record is handed over and passed; its place is recognised after a crash.
#[tokio::test]
async fn passes_over_corrupt_records() {
    let mut world = World::of(8).await;
    world.log.damage.extend([(2, CORRUPT), (3, CORRUPT), (7, &[])]);
    let step = world.step(4).await.unwrap();
    let dead: Vec<_> = step.dead.iter().map(|dead| (dead.offset.0, &dead.record[..])).collect();
    assert_eq!(dead, [(2, CORRUPT), (3, CORRUPT)]);
    assert!(step.dead.iter().all(|dead| dead.why.contains("corrupt")), "{:?}", step.dead);
    assert_eq!(step.events.len(), 2);
    world.crash();
    assert_eq!(world.drain().await, [4, 5, 6]);
    world.crash();
    let step = world.step(4).await.unwrap();
    assert_eq!((step.events, step.dead), (vec![], vec![]), "the last record, a corrupt one, is behind it");
}

/// What lies before an event of a newer format is folded; the event itself is never skipped.
#[tokio::test]
async fn stops_at_a_newer_format() {
    let mut world = World::of(8).await;
    world.log.damage.insert(5, NEWER);
    let step = world.step(8).await.unwrap();
    assert_eq!((step.events.len(), step.next), (5, Offset(5)));
    for _ in 0..3 {
        let error = world.step(8).await.unwrap_err();
        assert!(matches!(error, FollowError::Newer { offset: Offset(5), format: 200 }), "{error}");
        world.crash();
    }
    assert_eq!(world.name().await, "4");
    world.log.damage.clear();
    assert_eq!(world.drain().await, [5, 6, 7], "upgraded");
}

/// The log was trimmed while this one followed: said once, and on from where the driver decides.
#[tokio::test]
async fn says_what_was_trimmed() {
    let mut world = World::of(8).await;
    world.step(2).await.unwrap();
    world.log.log.trim(PARTITION, Offset(6));
    let error = world.step(2).await.unwrap_err();
    assert!(matches!(error, FollowError::Trimmed { floor: Offset(6) }), "{error}");
    assert!(error.to_string().contains("offset 6"), "{error}");
    world.state.at = Some(Standing { next: Offset(6), mark: None });
    assert_eq!(world.drain().await, [6, 7]);
}

/// The log is deleted and filled again in another order behind the back of one that follows: it does not go on where it
/// stood, or it would never see what lies before that now.
#[tokio::test]
async fn a_log_made_anew_is_read_from_its_floor() {
    let filled = async |numbers: &[u64]| {
        let mut world = World::of(0).await;
        world.log.anew = true;
        let events = numbers.iter().map(|number| declared(*number)).collect();
        world.log.append(PARTITION, events, Durable::Here).await.unwrap();
        world.log
    };
    let (views, lanes) = (MemoryViews::new(), MemoryLanes::new());
    let mut state = FollowState::resume(PARTITION);
    let mut folded = async |log: &Damaged| {
        let step = step(Follow { log, views: &views, lanes: &lanes, limit: 10 }, &mut state).await?;
        Ok::<_, FollowError>(step.events.iter().map(|(_, event)| event.version.0).collect::<Vec<_>>())
    };
    assert_eq!(folded(&filled(&[0, 1, 2, 3]).await).await.unwrap(), [0, 1, 2, 3]);
    assert_eq!(
        folded(&filled(&[0, 1, 2, 3, 4]).await).await.unwrap(),
        [4],
        "the same one, read in another way"
    );
    let other = filled(&[0, 7, 1, 2, 3, 4, 5]).await;
    assert!(matches!(folded(&other).await, Err(FollowError::Retry(_))));
    assert_eq!(folded(&other).await.unwrap(), [0, 7, 1, 2, 3, 4, 5]);
    assert_eq!(folded(&other).await.unwrap(), [0i64; 0]);
}

/// Each mirror is written to the builds that its control row names, from the next step on.
#[tokio::test]
async fn writes_every_build_that_exists() {
    let mut world = World::of(0).await;
    let history = history(3, 2, 200);
    let set = async |lanes: &MemoryLanes, old: Control, new: Control| {
        assert_eq!(lanes.set_control(mirror(0), old, new).await, Saved::Yes);
    };
    let control =
        Control { active: Generation(2), building: Some(Generation(5)), previous: Some(Generation(1)) };
    set(&world.lanes, Control::default(), control).await;
    world.log.append(PARTITION, history, Durable::Here).await.unwrap();
    world.drain().await;
    let found = async |mirror: MirrorId, generation| {
        digest(&world.views, mirror, Generation(generation)).await.unwrap()
    };
    let (one, other) = (found(mirror(0), 2).await, found(mirror(1), 0).await);
    for generation in 0..7 {
        let written = [1, 2, 5].contains(&generation);
        assert_eq!(found(mirror(0), generation).await == one, written, "build {generation} of mirror 0");
        assert_eq!(
            found(mirror(1), generation).await == other,
            generation == 0,
            "build {generation} of mirror 1"
        );
    }
}

/// A control row that is read only once so many are asked for at once.
struct Together {
    inner: MemoryLanes,
    asked: tokio::sync::Barrier,
}

#[async_trait]
impl Lanes for Together {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        self.inner.load(lane).await
    }

    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        self.inner.save(lane, row).await
    }

    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        self.asked.wait().await;
        self.inner.control(mirror).await
    }

    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        self.inner.set_control(mirror, expected, new).await
    }
}

/// One after the other, the rows of a page with many mirrors would decide how long a step takes.
#[tokio::test]
async fn control_rows_of_a_page_are_read_at_once() {
    const MIRRORS: usize = 5;
    let (log, views) = (MemoryLog::new("a".parse().unwrap()), MemoryViews::new());
    let lanes = Together { inner: MemoryLanes::new(), asked: tokio::sync::Barrier::new(MIRRORS) };
    let events = (0..MIRRORS as u128 * 2).map(|number| Event {
        mirror: MirrorId(Uuid::from_u128(number % MIRRORS as u128)),
        ..declared(number as u64)
    });
    log.append(PARTITION, events.collect(), Durable::Here).await.unwrap();
    let follow = Follow { log: &log, views: &views, lanes: &lanes, limit: 100 };
    let mut state = FollowState::resume(PARTITION);
    let stepped = tokio::time::timeout(std::time::Duration::from_secs(5), step(follow, &mut state)).await;
    assert_eq!(stepped.expect("each waits for the others").unwrap().events.len(), MIRRORS * 2);
}
