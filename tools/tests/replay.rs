//! The laws of a rebuild: beside a live follower it gives what a rebuild at rest gives; stopped anywhere and
//! run again it comes to the same end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use async_trait::async_trait;
use bytes::Bytes;
use events::event::Declared;
use events::log::memory::MemoryLog;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Body, ChannelId, Event, EventId, MirrorId, Offset, Partition, Place, Producer, Version};
use projections::change::{Change, Column, Row};
use projections::digest::{Digest, digest};
use projections::key::{Bucket, Generation, Key};
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved, memory::MemoryLanes};
use projections::register::Register;
use projections::settings::link_key;
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError, memory::MemoryViews};
use proptest::prelude::*;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tools::follow::{Hold, Stepper};
use tools::mirrors::Known;
use tools::replay::{Base, Outcome, Rebuild, ReplayError, Report, rebuild, rollback, survey};
use tools::verify::verify;
use tools::when::When;
use tools::{Follow, JobError, Ports, progress::Silent};
use uuid::Uuid;

const PARTITION: Partition = Partition(0);

fn known() -> Known {
    Known { id: projections::sample::mirror(0), name: "lounge".to_owned() }
}

fn declared(mirror: MirrorId, number: u128) -> Event {
    Event {
        id: EventId(Uuid::from_u128(number)),
        mirror,
        place: Place::default(),
        version: Version(1),
        observed: Version(1),
        producer: Producer::default(),
        body: Body::Declared(Declared { name: format!("mirror {number}") }),
        raw: Bytes::new(),
    }
}

/// Two mirrors' histories, mixed, each declared first.
fn history(seed: u64, events: usize) -> Vec<Event> {
    let begin = (0..2).map(|number| declared(projections::sample::mirror(number), u128::from(number) + 1));
    begin.chain(projections::sample::history(seed, 2, events)).collect()
}

/// Stores that give way to others around every call: each is a point at which a job can be stopped.
#[derive(Clone)]
struct Slow<T>(T);

async fn yielding<T>(call: impl Future<Output = T>) -> T {
    tokio::task::yield_now().await;
    let result = call.await;
    tokio::task::yield_now().await;
    result
}

#[async_trait]
impl Log for Slow<MemoryLog> {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        yielding(self.0.append(partition, events, durable)).await
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        yielding(self.0.read(read)).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        yielding(self.0.tail(partition)).await
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        yielding(self.0.floor(partition)).await
    }
}

#[async_trait]
impl Views for Slow<Arc<MemoryViews>> {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        yielding(self.0.commit(changes, position)).await
    }
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        yielding(self.0.position(follower)).await
    }
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        yielding(self.0.get(keys)).await
    }
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        yielding(self.0.scan(scan)).await
    }
}

#[async_trait]
impl Lanes for Slow<Arc<MemoryLanes>> {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        yielding(self.0.load(lane)).await
    }
    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        yielding(self.0.save(lane, row)).await
    }
    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        yielding(self.0.control(mirror)).await
    }
    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        yielding(self.0.set_control(mirror, expected, new)).await
    }
}

/// A bench of stores in memory.
#[derive(Clone)]
struct Bench {
    log: MemoryLog,
    views: Arc<MemoryViews>,
    lanes: Arc<MemoryLanes>,
}

impl Bench {
    async fn with(events: Vec<Event>) -> Self {
        let log = MemoryLog::new("test".parse().unwrap()).with_page_events_max(7);
        let bench = Self { log, views: Arc::default(), lanes: Arc::default() };
        bench.append(events).await;
        bench
    }

    async fn append(&self, events: Vec<Event>) {
        self.log.append(PARTITION, events, Durable::Here).await.unwrap();
    }

    fn ports(&self) -> Ports {
        let (log, views, lanes) = (self.log.clone(), self.views.clone(), self.lanes.clone());
        Ports { log: Arc::new(log), views, lanes, node: "test".parse().unwrap(), partitions: 1 }
    }

    fn slow_ports(&self) -> Ports {
        let (log, views) = (Arc::new(Slow(self.log.clone())), Arc::new(Slow(self.views.clone())));
        Ports { log, views, lanes: Arc::new(Slow(self.lanes.clone())), ..self.ports() }
    }

    fn stepper(&self) -> Stepper {
        Stepper::new(self.ports())
    }

    async fn control(&self) -> Control {
        self.lanes.control(known().id).await.unwrap()
    }

    async fn digest(&self, generation: Generation) -> Digest {
        digest(&*self.views, known().id, generation).await.unwrap()
    }

    /// The digest of the build that is read.
    async fn active(&self) -> Digest {
        self.digest(self.control().await.active).await
    }
}

/// The digest that a follower alone comes to.
async fn plain(events: Vec<Event>) -> Digest {
    let bench = Bench::with(events).await;
    bench.stepper().all().await.unwrap();
    bench.active().await
}

fn asked() -> Rebuild {
    Rebuild { mirror: known(), from: None, until: None, base: Base::Empty, accept_difference: false }
}

async fn replay(bench: &Bench, asked: &Rebuild) -> Result<Report, ReplayError> {
    rebuild(&bench.ports(), &bench.stepper(), asked, &Silent).await
}

/// A follower to which events keep coming: some more each time that somebody looks where it is.
struct Feeding {
    bench: Bench,
    rest: Arc<Mutex<Vec<Event>>>,
}

impl Feeding {
    async fn feed(&self, count: usize) {
        let more: Vec<_> = {
            let mut rest = self.rest.lock().unwrap();
            let count = count.min(rest.len());
            rest.drain(..count).collect()
        };
        self.bench.append(more).await;
        self.bench.stepper().all().await.unwrap();
    }
}

#[async_trait]
impl Follow for Feeding {
    async fn caught_up(&self, _: Partition, _: Offset) -> Result<(), JobError> {
        self.feed(5).await;
        Ok(())
    }
    async fn hold(&self, _: Partition) -> Result<Option<Hold>, JobError> {
        // Held: nothing comes any more until the comparison is over.
        self.rest.lock().unwrap().clear();
        Ok(Some(Hold::idle()))
    }
}

#[async_trait]
impl Log for Feeding {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.bench.log.append(partition, events, durable).await
    }
    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.feed(1).await;
        self.bench.log.read(read).await
    }
    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        let tail = self.bench.log.tail(partition).await;
        self.feed(3).await;
        tail
    }
    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.bench.log.floor(partition).await
    }
}

#[async_trait]
impl Views for Feeding {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        self.feed(2).await;
        self.bench.views.commit(changes, position).await
    }
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.bench.views.position(follower).await
    }
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        self.bench.views.get(keys).await
    }
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        // Between two pages of a comparison, too.
        self.feed(1).await;
        self.bench.views.scan(scan).await
    }
}

/// A future that is dropped after so many polls.
struct Stopped<F> {
    future: Pin<Box<F>>,
    polls_left: usize,
}

impl<F: Future> Future for Stopped<F> {
    type Output = Option<F::Output>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn beside_a_live_follower_at_rest_and_live_agree(seed: u64, split in 2_usize..120) {
        run(async {
            let mut before = history(seed, 120);
            let rest = before.split_off(split.min(before.len()));
            let bench = Bench::with(before).await;
            bench.stepper().all().await.unwrap();
            let feeding = || Feeding { bench: bench.clone(), rest: Arc::default() };
            let rest = Arc::new(Mutex::new(rest));
            let fed = || Feeding { rest: Arc::clone(&rest), ..feeding() };
            let ports = Ports { log: Arc::new(fed()), views: Arc::new(fed()), ..bench.ports() };
            rebuild(&ports, &fed(), &asked(), &Silent).await.unwrap();
            bench.stepper().all().await.unwrap();
            let control = bench.control().await;
            prop_assert_eq!(control, Control { active: Generation(1), building: None, previous: Some(Generation(0)) });
            prop_assert_eq!(bench.digest(Generation(0)).await, bench.digest(Generation(1)).await);
            let verified = verify(&bench.ports(), &bench.stepper(), &[known()], &Silent).await.unwrap();
            prop_assert!(verified.is_fine(), "{verified:?}");
            Ok(())
        })?;
    }

    #[test]
    fn a_rebuild_finds_a_row_that_the_log_does_not_say(seed: u64) {
        run(async {
            let bench = Bench::with(history(seed, 60)).await;
            bench.stepper().all().await.unwrap();
            forge(&bench).await;
            let error = replay(&bench, &asked()).await.unwrap_err();
            prop_assert!(matches!(&error, ReplayError::Differs { row, .. } if row.contains("Link")), "{error}");
            prop_assert_eq!(bench.control().await, Control::default());
            let verified = verify(&bench.ports(), &bench.stepper(), &[known()], &Silent).await.unwrap();
            prop_assert!(!verified.is_fine());
            let report = replay(&bench, &Rebuild { accept_difference: true, ..asked() }).await.unwrap();
            let accepted = matches!(&report.result, Outcome::Flipped { difference: Some(_), .. });
            prop_assert!(accepted, "{report:?}");
            // The first attempt's build is not used again: it may hold rows that the log does not say.
            prop_assert_eq!(bench.control().await.active, Generation(2));
            prop_assert_eq!(bench.active().await, plain(history(seed, 60)).await);
            Ok(())
        })?;
    }
}

/// A link that no event made, in the build that is read.
async fn forge(bench: &Bench) {
    let generation = bench.control().await.active;
    let key = Key { mirror: known().id, generation, bucket: Bucket::SETTINGS, row: link_key(ChannelId(999)) };
    let change = Change { key, column: Column::Cut, register: Register::unit(Version(5)) };
    bench.views.commit(vec![change], None).await.unwrap();
}

#[test]
fn stopped_at_any_point_and_run_again_it_comes_to_the_same_end() {
    run(async {
        let wanted = plain(history(7, 40)).await;
        for polls in 0..100_000 {
            let bench = Bench::with(history(7, 40)).await;
            bench.stepper().all().await.unwrap();
            let (ports, asked) = (bench.slow_ports(), asked());
            let follow = Stepper::new(ports.clone());
            let future = Box::pin(rebuild(&ports, &follow, &asked, &Silent));
            let done = pin!(Stopped { future, polls_left: polls }).await;
            assert_eq!(bench.active().await, wanted, "stopped after {polls} polls");
            replay(&bench, &asked).await.unwrap();
            let control = bench.control().await;
            assert_eq!(bench.active().await, wanted, "stopped after {polls} polls, and run again");
            assert_eq!(bench.digest(control.previous.unwrap()).await, wanted);
            assert_eq!(control.building, None);
            if done.is_some() {
                assert!(polls > 20, "there was nowhere to stop it");
                return;
            }
        }
        panic!("it never ends");
    });
}

/// Several outboxes that fill a lost stream again do not keep the order between nodes.
#[test]
fn a_declaration_that_is_not_the_first_is_one_in_a_log_that_was_never_cut() {
    run(async {
        let mut events = history(3, 30);
        events[..20].rotate_left(1);
        let bench = Bench::with(events).await;
        bench.stepper().all().await.unwrap();
        assert!(replay(&bench, &asked()).await.is_ok());
        bench.log.trim(PARTITION, Offset(2));
        let error = replay(&bench, &asked()).await.unwrap_err().to_string();
        assert!(error.contains("no longer holds the beginning"), "{error}");
    });
}

#[test]
fn a_base_is_refused_where_something_would_be_missing_below_it() {
    run(async {
        let bench = Bench::with(history(3, 30)).await;
        bench.stepper().all().await.unwrap();
        let at = |offset| Rebuild { from: Some(When::Offset(Offset(offset))), ..asked() };
        let error = replay(&bench, &at(5)).await.unwrap_err().to_string();
        assert!(
            error.contains("declaration of 'lounge' at offset 0") && error.contains("--base live"),
            "{error}"
        );
        assert_eq!(survey(&bench.ports(), &at(5)).await.unwrap_err().to_string(), error);
        assert!(replay(&bench, &at(0)).await.is_ok());
        bench.log.trim(PARTITION, Offset(6));
        let error = replay(&bench, &at(6)).await.unwrap_err().to_string();
        assert!(error.contains("no longer holds the beginning") && error.contains("--base live"), "{error}");
        let error = replay(&bench, &at(2)).await.unwrap_err();
        assert!(matches!(error, ReplayError::Job(JobError::Trimmed { floor: Offset(6) })), "{error}");
        let repair = Rebuild { base: Base::Live, ..at(6) };
        let report = replay(&bench, &repair).await.unwrap();
        assert_eq!(report.result, Outcome::Repaired { active: Generation(1) });
        assert_eq!(bench.active().await, plain(history(3, 30)).await);
    });
}

#[test]
fn a_look_back_keeps_nothing_and_a_rollback_goes_back_and_forth() {
    run(async {
        let bench = Bench::with(history(5, 50)).await;
        bench.stepper().all().await.unwrap();
        let rows = bench.views.len();
        let back = Rebuild { until: Some(When::Offset(Offset(20))), ..asked() };
        let Outcome::Seen(census) = replay(&bench, &back).await.unwrap().result else { panic!("not seen") };
        let then = history(5, 50).into_iter().take(20).collect();
        assert_eq!((census.digest, bench.views.len()), (plain(then).await.to_string(), rows));
        assert!(rollback(&bench.ports(), known().id).await.is_err(), "there is nothing to go back to yet");
        replay(&bench, &asked()).await.unwrap();
        let there = rollback(&bench.ports(), known().id).await.unwrap();
        assert_eq!((there.active, there.previous), (Generation(0), Some(Generation(1))));
        // The follower goes on to write both.
        bench.append(projections::sample::history(6, 2, 20)).await;
        bench.stepper().all().await.unwrap();
        assert_eq!(bench.digest(Generation(0)).await, bench.digest(Generation(1)).await);
        let back = rollback(&bench.ports(), known().id).await.unwrap();
        assert_eq!((back.active, back.previous), (Generation(1), Some(Generation(0))));
    });
}
