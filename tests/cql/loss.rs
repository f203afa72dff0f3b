//! Servers that are killed, answers that are lost: nothing acknowledged goes, nothing is decided twice.

use crate::stage::{Stage, patient};
use bytes::Bytes;
use events::{ChannelId, EventId, MessageId, MirrorId, Offset, Partition, Version};
use mirror::scylla::{Address, Settings, Store};
use projections::follow::{FollowState, Standing, reassert};
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Lanes, LanesError, Saved};
use projections::views::{Follower, Mark, Position, Views, ViewsError};
use projections::{Bucket, Change, Column, Generation, Key, Register, RowKey};
use servers::{Cassandra, CassandraOptions, Proxy};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const KILLS: usize = 3;
/// Acknowledgements of each kind between two kills.
const WORK: u64 = 25;

fn place() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

async fn start(place: &TempDir) -> Cassandra {
    Cassandra::start(CassandraOptions::at(place.path())).await.expect("a server")
}

/// As a node would have it, but sooner at the end of its patience.
fn impatient() -> Settings {
    let second = Duration::from_secs(1);
    Settings { request_time_max: 2 * second, patience: second, connect_time_max: 2 * second }
}

fn key(writer: u64, number: u64) -> Key {
    let row = RowKey::Message(MessageId(number));
    Key {
        mirror: MirrorId(Uuid::from_u64_pair(7, writer)),
        generation: Generation(0),
        bucket: Bucket(1),
        row,
    }
}

fn change(writer: u64, number: u64) -> Change {
    let register = Register { version: Version(1), bytes: Bytes::copy_from_slice(&number.to_be_bytes()) };
    Change { key: key(writer, number), column: Column::Said, register }
}

fn follower(writer: u64) -> Follower {
    Follower { partition: Partition(writer as u16), name: "views".to_owned() }
}

fn lane() -> LaneId {
    LaneId { mirror: MirrorId(Uuid::from_u64_pair(8, 1)), link: ChannelId(1) }
}

/// What everybody was told.
#[derive(Default)]
struct Told {
    /// The last commit of each writer that was acknowledged.
    commits: Mutex<BTreeMap<u64, u64>>,
    /// Revisions with the tag of who was told yes, and tags that were told no.
    yes: Mutex<Vec<(u64, u64)>>,
    no: Mutex<BTreeSet<u64>>,
    /// What somebody read at each revision.
    seen: Mutex<BTreeMap<u64, u64>>,
    unknown: AtomicU64,
    retries: AtomicU64,
    /// Acknowledged commits and revisions.
    acknowledged: tokio::sync::watch::Sender<[u64; 2]>,
}

impl Told {
    fn acknowledge(&self, kind: usize) {
        self.acknowledged.send_modify(|counts| counts[kind] += 1);
    }

    /// Until so many more of each are acknowledged.
    async fn work(&self, more: u64) {
        let mut acknowledged = self.acknowledged.subscribe();
        let until = acknowledged.borrow().map(|count| count + more);
        let enough = |counts: &[u64; 2]| counts[0] >= until[0] && counts[1] >= until[1];
        acknowledged.wait_for(enough).await.expect("they work");
    }

    /// Whoever reads a revision reads the same.
    fn see(&self, row: &LaneRow) {
        let tag = *self.seen.lock().expect("seen").entry(row.rev).or_insert(row.last.0);
        assert_eq!(tag, row.last.0, "revision {} was decided twice", row.rev);
    }
}

/// Commits row after row with the position, again until it is acknowledged.
async fn commit_on(store: Store, writer: u64, told: Arc<Told>, stop: CancellationToken) {
    let views = store.views();
    for number in 1.. {
        let mark = Mark { offset: Offset(number), event: EventId(Uuid::from_u64_pair(writer, number)) };
        loop {
            if stop.is_cancelled() {
                return;
            }
            let changes = (0..3).map(|part| change(writer, number * 10 + part)).collect();
            let position = Position { follower: follower(writer), mark };
            match views.commit(changes, Some(position)).await {
                Ok(()) => break,
                Err(ViewsError::Retry(_)) => told.retries.fetch_add(1, Ordering::Relaxed),
                Err(stopped @ ViewsError::Stopped(_)) => panic!("{stopped}"),
            };
        }
        told.commits.lock().expect("commits").insert(writer, number);
        told.acknowledge(0);
    }
}

/// Writes the next revision of the one lane, against others who do the same.
async fn save_on(store: Store, owner: u64, told: Arc<Told>, stop: CancellationToken) {
    let lanes = store.lanes();
    for turn in 0.. {
        if stop.is_cancelled() {
            return;
        }
        let stored = match lanes.load(lane()).await {
            Ok(stored) => stored.unwrap_or_default(),
            Err(LanesError::Retry(_)) => continue,
            Err(stopped @ LanesError::Stopped(_)) => panic!("{stopped}"),
        };
        told.see(&stored);
        let tag = owner * 1_000_000 + turn;
        let row = LaneRow { rev: stored.rev + 1, epoch: 1, last: MessageId(tag), ..LaneRow::default() };
        match lanes.save(lane(), row).await {
            Saved::Yes => {
                told.yes.lock().expect("yes").push((stored.rev + 1, tag));
                told.acknowledge(1);
            }
            Saved::Fenced => drop(told.no.lock().expect("no").insert(tag)),
            Saved::Unknown => drop(told.unknown.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

/// Two stores with a writer and an owner each, and a server that is killed again and again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_decided_twice() {
    if !servers::with_servers() {
        return;
    }
    let place = place();
    let mut server = start(&place).await;
    let stage = Stage::at(&server.url(), "loss").await;
    let (told, stop, mut work) = (Arc::new(Told::default()), CancellationToken::new(), Vec::new());
    for number in 1..=2 {
        let store = Store::connect(&stage.address, impatient()).await.expect("a store");
        work.push(tokio::spawn(commit_on(store.clone(), number, Arc::clone(&told), stop.clone())));
        work.push(tokio::spawn(save_on(store, number, Arc::clone(&told), stop.clone())));
    }
    for _ in 0..KILLS {
        told.work(WORK).await;
        server.kill().await.expect("killed");
        server.restart().await.expect("restarted");
        let ready = tokio::time::Instant::now();
        told.work(1).await;
        println!("both kinds were acknowledged again {:?} after the server was ready", ready.elapsed());
    }
    told.work(WORK).await;
    stop.cancel();
    for one in work {
        one.await.expect("no panic");
    }
    judge(&stage, &told).await;
    server.kill().await.expect("killed");
}

async fn judge(stage: &Stage, told: &Told) {
    let store = Store::connect(&stage.address, patient()).await.expect("a store");
    let commits = told.commits.lock().expect("commits").clone();
    for (&writer, &last) in &commits {
        let ring = store.views().position(&follower(writer)).await.expect("a ring");
        let position = ring[0].offset.0;
        assert!(position >= last, "writer {writer}: the position {position} is behind {last}");
        // All that was acknowledged, and all that the position says: it never leads.
        let keys: Vec<_> =
            (1..=position).flat_map(|n| (0..3).map(move |part| key(writer, n * 10 + part))).collect();
        let rows = store.views().get(&keys).await.expect("rows");
        let lost = rows.iter().filter(|row| row.is_empty()).count();
        assert_eq!(lost, 0, "writer {writer}: {lost} of {} acknowledged rows are lost", rows.len());
    }
    let stored = store.lanes().load(lane()).await.expect("a row").expect("a row");
    told.see(&stored);
    let (yes, no) = (told.yes.lock().expect("yes").clone(), told.no.lock().expect("no").clone());
    let seen = told.seen.lock().expect("seen").clone();
    let revisions: BTreeSet<_> = yes.iter().map(|(rev, _)| rev).collect();
    assert_eq!(revisions.len(), yes.len(), "two were told yes for one revision");
    for (rev, tag) in &yes {
        assert!(*rev <= stored.rev, "revision {rev} was acknowledged and is lost");
        assert!(seen.get(rev).is_none_or(|seen| seen == tag), "revision {rev} was told yes and is another's");
    }
    let denied: Vec<_> = seen.values().filter(|tag| no.contains(tag)).collect();
    assert!(denied.is_empty(), "{denied:?} were told no and are written");
    let (unknown, retries) = (told.unknown.load(Ordering::Relaxed), told.retries.load(Ordering::Relaxed));
    println!(
        "{} commits, {} revisions, {} refused, {unknown} unknown, {retries} retries",
        commits.values().sum::<u64>(),
        yes.len(),
        no.len()
    );
}

/// An answer that never comes: the write took effect, and the serial read finds its mark.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_a_serial_read() {
    let Some(stage) = Stage::given("lost_answer").await else { return };
    let proxy = Proxy::start(stage.port()).await.expect("a proxy");
    let address = Address { hosts: vec![format!("127.0.0.1:{}", proxy.port())], ..stage.address.clone() };
    let second = Duration::from_secs(1);
    let settings = Settings { request_time_max: second, patience: 30 * second, connect_time_max: second };
    let lanes = Store::connect(&address, settings).await.expect("a store").lanes();
    let row = |rev, epoch| LaneRow { rev, epoch, ..LaneRow::default() };
    assert_eq!(lanes.save(lane(), row(1, 1)).await, Saved::Yes);
    // Longer than a request may take: the first answer is lost for certain.
    let stall = async {
        proxy.stall_replies(true);
        tokio::time::sleep(2 * second).await;
        proxy.cut();
        proxy.stall_replies(false);
    };
    let save = async {
        tokio::time::sleep(second / 10).await;
        lanes.save(lane(), row(2, 1)).await
    };
    let ((), saved) = tokio::join!(stall, save);
    assert_eq!(saved, Saved::Yes, "it was written once, and that is known");
    assert_eq!(lanes.load(lane()).await.expect("a row"), Some(row(2, 1)));
    // The same with another owner's write in between: refused, or at least not claimed.
    let other = stage.store.lanes();
    assert_eq!(other.save(lane(), row(3, 9)).await, Saved::Yes);
    assert_eq!(lanes.save(lane(), row(3, 1)).await, Saved::Fenced);
    stage.end().await;
}

/// A commit of an older follower that was held up on its way sets the position back; whoever follows now notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_sets_the_position_back_for_a_moment() {
    let Some(stage) = Stage::given("late_commit").await else { return };
    let proxy = Proxy::start(stage.port()).await.expect("a proxy");
    let address = Address { hosts: vec![format!("127.0.0.1:{}", proxy.port())], ..stage.address.clone() };
    let older = Store::connect(&address, patient()).await.expect("a store").views();
    let newer = stage.store.views();
    let mark = |offset| Mark { offset: Offset(offset), event: EventId(Uuid::from_u64_pair(9, offset)) };
    let at = move |offset| Some(Position { follower: follower(1), mark: mark(offset) });
    newer.commit(Vec::new(), at(4)).await.expect("committed");
    // Whatever it asks, it has the answer only when others are farther on.
    proxy.stall_replies(true);
    let late = tokio::spawn(async move { older.commit(Vec::new(), at(5)).await });
    for offset in [6, 7] {
        newer.commit(Vec::new(), at(offset)).await.expect("committed");
    }
    proxy.stall_replies(false);
    late.await.expect("a task").expect("committed");
    let recorded = async || newer.position(&follower(1)).await.expect("a ring")[0].offset.0;
    assert_eq!(recorded().await, 5, "should it be 7, then a position is more than a plain write by now");
    let standing = Some(Standing { next: Offset(8), mark: Some(mark(7)) });
    let state = FollowState { follower: follower(1), at: standing };
    assert!(reassert(&newer, &state).await.expect("looked"));
    assert_eq!(recorded().await, 7);
    stage.end().await;
}

/// While nobody answers, calls end with "retry" within their patience; afterwards the same store works.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_a_retry() {
    if !servers::with_servers() {
        return;
    }
    let place = place();
    let mut server = start(&place).await;
    let stage = Stage::at(&server.url(), "frozen").await;
    let store = Store::connect(&stage.address, impatient()).await.expect("a store");
    store.views().commit(vec![change(1, 1)], None).await.expect("commit");
    server.freeze().await.expect("frozen");
    let began = tokio::time::Instant::now();
    let (views, keys) = (store.views(), [key(1, 1)]);
    let (read, write) = tokio::join!(views.get(&keys), views.commit(vec![change(1, 2)], None));
    assert!(matches!(read, Err(ViewsError::Retry(_))), "{read:?}");
    assert!(matches!(write, Err(ViewsError::Retry(_))), "{write:?}");
    assert_eq!(store.lanes().save(lane(), LaneRow { rev: 1, ..LaneRow::default() }).await, Saved::Unknown);
    println!("given up after {:?}", began.elapsed());
    server.thaw().expect("thawed");
    let mut tries = 0;
    while let Err(error) = store.views().get(&[key(1, 1)]).await {
        tries += 1;
        assert!(matches!(error, ViewsError::Retry(_)) && tries < 60, "{error}");
    }
    let stored = loop {
        if let Ok(stored) = store.lanes().load(lane()).await {
            break stored;
        }
    };
    println!("after {tries} tries; the write without an answer: {stored:?}");
    server.kill().await.expect("killed");
}
