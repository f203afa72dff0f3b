//! The SQLite engine behind the ports: the conformance suites, and what only a data directory can do.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use async_trait::async_trait;
use bytes::Bytes;
use events::log::conformance::Subject;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{
    Body, ChannelId, Event, EventId, MessageId, MirrorId, Offset, Partition, Place, Producer, Service,
    Version, codec,
};
use mirror::sqlite::{DataDir, OpenError, Session, SqliteLog};
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, Saved};
use projections::leases::Leases;
use projections::views::{Follower, Mark, Position, Views};
use projections::{Bucket, Change, Column, Generation, Key, Register, RowKey};
use projections::{laws, sample};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;
use uuid::Uuid;

#[path = "engines/scenes.rs"]
mod scenes;

const P0: Partition = Partition(0);
/// Names the directory of a child process, which is this binary again.
const CHILD_DIRECTORY: &str = "MIRROR_TEST_DIRECTORY";

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(place: &Path) -> DataDir {
    DataDir::open(place).expect("an open data directory")
}

#[tokio::test(flavor = "multi_thread")]
async fn views_lanes_and_leases_conform() {
    let place = place();
    let directory = open(place.path());
    projections::views::conformance::all(&directory.views()).await;
    projections::lanes::conformance::all(&directory.lanes()).await;
    projections::leases::conformance::all(&directory.leases()).await;
}

/// The guards of the lane on its rows: each switched off is caught.
#[tokio::test(flavor = "multi_thread")]
async fn each_guard_off_is_caught() {
    let place = place();
    scenes::each_guard_off_is_caught(&open(place.path()).lanes());
}

/// Any order, duplication and batching, two projectors at once, and rebuilds beside a live follower: on SQLite
/// as in memory. Each law uses builds of its own in one store. A failure names its seed.
#[tokio::test(flavor = "multi_thread")]
async fn the_laws_of_the_fold_hold() {
    const SEEDS: u64 = 12;
    let place = place();
    let directory = open(place.path());
    for seed in 0..SEEDS {
        println!("seed {seed}");
        let history = sample::history(seed, 3, 60);
        let generation = |law: u32| Generation(2 * seed as u32 + law);
        laws::any_order(&directory.views(), &history, generation(0), seed).await;
        laws::two_at_once(&directory.views(), &history, generation(1), seed).await;
    }
    for seed in 0..SEEDS {
        println!("rebuild, seed {seed}");
        let place = self::place();
        let directory = open(place.path());
        let (log, views, lanes) = (directory.log(), directory.views(), directory.lanes());
        let ports = laws::Ports { log: &log, views: &views, lanes: &lanes };
        laws::rebuild(ports, &sample::history(seed, 3, 200), seed).await;
    }
}

/// Rows, positions, lanes and control rows are there after a close and an open.
#[tokio::test(flavor = "multi_thread")]
async fn views_and_lanes_survive() {
    let place = place();
    let first = open(place.path());
    let mirror = MirrorId(Uuid::from_u64_pair(1, 2));
    let lane = LaneId { mirror, link: ChannelId(3) };
    let row = LaneRow { rev: 1, epoch: 4, ..LaneRow::default() };
    let control = Control { active: Generation(1), building: Some(Generation(2)), previous: None };
    let row_key = RowKey::Message(MessageId(5));
    let key = Key { mirror, generation: Generation(1), bucket: Bucket(0), row: row_key };
    let register = Register::new(Version(6), &"seven");
    let change = Change { key: key.clone(), column: Column::Said, register: register.clone() };
    let follower = Follower { partition: P0, name: "views".to_owned() };
    let mark = Mark { offset: Offset(8), event: EventId(Uuid::from_u64_pair(9, 10)) };
    let position = Position { follower: follower.clone(), mark };
    first.views().commit(vec![change], Some(position)).await.expect("commit");
    assert_eq!(first.lanes().save(lane, row.clone()).await, Saved::Yes);
    assert_eq!(first.lanes().set_control(mirror, Control::default(), control).await, Saved::Yes);
    first.close().await.expect("closed");

    let second = open(place.path());
    let rows = second.views().get(&[key]).await.expect("rows");
    assert_eq!(rows[0].cells, [(Column::Said, register)]);
    assert_eq!(second.views().position(&follower).await.expect("position"), [mark]);
    assert_eq!(second.lanes().load(lane).await.expect("lane"), Some(row));
    assert_eq!(second.lanes().control(mirror).await.expect("control"), control);
    // A build that nobody wants any more is removed in steps; the others stay.
    assert_eq!(second.views().remove(mirror, Generation(0), 100).await, Ok(0));
    assert_eq!(second.views().remove(mirror, Generation(1), 100).await, Ok(1));
    assert_eq!(second.views().remove(mirror, Generation(1), 100).await, Ok(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_conforms() {
    events::log::conformance::run(&Engine).await;
}

struct Engine;

/// A log with the directory it lies in.
struct Opened {
    place: TempDir,
    directory: DataDir,
    log: SqliteLog,
}

impl Opened {
    fn at(place: TempDir) -> Self {
        let directory = open(place.path());
        let log = directory.log();
        Self { place, directory, log }
    }
}

#[async_trait]
impl Subject for Engine {
    type Log = Opened;

    async fn fresh(&self) -> Opened {
        Opened::at(place())
    }

    async fn reopen(&self, log: Opened) -> Option<Opened> {
        log.directory.close().await.expect("closed");
        Some(Opened::at(log.place))
    }

    async fn trim(&self, log: &Opened, partition: Partition, floor: Offset) -> bool {
        log.log.trim(partition, floor).await.expect("trimmed");
        true
    }
}

#[async_trait]
impl Log for Opened {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.log.append(partition, events, durable).await
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

/// An event of one of `mirrors` mirrors, told from others by `number`.
fn event(number: u64, mirrors: u64) -> Event {
    Event {
        id: EventId(Uuid::from_u64_pair(7, number)),
        mirror: MirrorId(Uuid::from_u64_pair(9, number % mirrors)),
        place: Place { service: Service::Discord, channel: ChannelId(3), message: MessageId(number) },
        version: Version(number as i64),
        observed: Version(1),
        producer: Producer::default(),
        body: Body::Deleted,
        raw: Bytes::from(format!(r#"{{"number":{number}}}"#)),
    }
}

/// The numbers of the events from `from` on, which must be in offset order.
async fn numbers(log: &dyn Log, mirror: Option<MirrorId>, limit: usize) -> Vec<u64> {
    let from = log.floor(P0).await.expect("floor");
    let mut read = Read { partition: P0, from, limit, mirror };
    let mut numbers = Vec::new();
    loop {
        let page = log.read(read).await.expect("a page");
        if page.entries.is_empty() {
            return numbers;
        }
        for entry in &page.entries {
            assert!(entry.offset >= read.from, "{} is before {}", entry.offset, read.from);
            read.from = entry.offset.next();
            numbers.push(codec::decode(&entry.record).expect("a record").place.message.0);
        }
        assert!(page.next >= read.from);
        read.from = page.next;
    }
}

/// Commits of any size, cut into chunks and mixed over mirrors, read back in order: all of it and each mirror.
#[tokio::test(flavor = "multi_thread")]
async fn mixed_mirrors_come_back_in_order() {
    const MIRRORS: u64 = 7;
    let place = place();
    let directory = open(place.path());
    let log = directory.log();
    let mut sent = 0;
    // Enough commits that some rows are in the index of mirrors and some are not yet.
    for size in [1, 2, 5000, 3, 1024, 1025, 1, 1023].into_iter().chain((0..330).map(|n| 1 + n % 9)) {
        log.append(P0, (sent..sent + size).map(|n| event(n, MIRRORS)).collect(), Durable::Here)
            .await
            .expect("append");
        sent += size;
    }
    assert_eq!(log.tail(P0).await.expect("tail"), Offset(sent));
    for floor in [0, 3000, 8700, sent - 20] {
        // A trim brings the index up to date: one event before that, and one right behind.
        for _ in 0..2 {
            log.append(P0, vec![event(sent, MIRRORS)], Durable::Here).await.expect("append");
            log.trim(P0, Offset(floor)).await.expect("trimmed");
            sent += 1;
        }
        log.append(P0, vec![event(sent, MIRRORS)], Durable::Here).await.expect("append");
        sent += 1;
        for limit in [100, 1000, 1_000_000] {
            assert_eq!(numbers(&log, None, limit).await, (floor..sent).collect::<Vec<_>>(), "limit {limit}");
            for one in 0..MIRRORS {
                let mirror = Some(MirrorId(Uuid::from_u64_pair(9, one)));
                let expected: Vec<_> = (floor..sent).filter(|n| n % MIRRORS == one).collect();
                assert_eq!(numbers(&log, mirror, limit).await, expected, "mirror {one}, limit {limit}");
            }
        }
    }
}

/// Followers await the tail instead of polling, also across a re-open.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_wakes_followers() {
    let place = place();
    let directory = open(place.path());
    let (log, mut tail) = (directory.log(), directory.log().appended(P0));
    assert_eq!(*tail.borrow_and_update(), Offset(0));
    log.append(P0, vec![event(1, 1), event(2, 1)], Durable::Here).await.expect("append");
    tail.changed().await.expect("the log lives");
    assert_eq!(*tail.borrow_and_update(), Offset(2));
    directory.close().await.expect("closed");
    assert_eq!(*open(place.path()).log().appended(P0).borrow(), Offset(2));
}

/// A closed directory refuses, and another opener finds it free at once.
#[tokio::test(flavor = "multi_thread")]
async fn closing_frees_the_directory() {
    let place = place();
    let first = open(place.path());
    let (log, name) = (first.log(), first.node());
    first.close().await.expect("closed");
    let refused = log.append(P0, vec![event(1, 1)], Durable::Here).await;
    assert!(matches!(refused, Err(AppendError::Stopped(_))), "{refused:?}");
    let wal = std::fs::metadata(place.path().join("log.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0, "the WAL is written back");
    let second = open(place.path());
    assert_eq!(second.node(), name, "a node keeps its name");
    drop(second);
    let third = DataDir::open_as(place.path(), Some("other".parse().expect("a name"))).expect("open");
    assert_eq!(third.node().as_str(), "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_state_survives() {
    let place = place();
    let first = open(place.path());
    let state = first.state();
    let session = |seq| Session {
        session: "s".into(),
        seq,
        resume_url: "wss://gateway".into(),
        heard: Version(7),
        lost: Version(3),
        bounds: BTreeMap::from([(ChannelId(u64::MAX >> 1), MessageId(9)), (ChannelId(2), MessageId(0))])
            .into(),
    };
    assert_eq!(state.load_session(0).await, Ok(None));
    state.save_session(0, session(1)).await.expect("saved");
    state.save_session(0, session(u64::MAX >> 1)).await.expect("saved");
    let bound = |channel, newest| BTreeMap::from([(ChannelId(channel), MessageId(newest))]);
    for (shard, bounds) in
        [(0, bound(2, 7)), (0, bound(u64::MAX >> 1, 9)), (0, bound(2, 0)), (1, bound(3, 1))]
    {
        state.save_bounds(shard, &bounds).await.expect("kept");
    }
    state.save_session(1, session(5)).await.expect("saved");
    state.clear_session(1).await.expect("cleared");
    for number in 0..3_u8 {
        state.put_dead(Version(1), "too large".into(), "channel 3".into(), vec![number]).await.expect("put");
    }
    state.set_value("partitions", "1").await.expect("set");
    first.close().await.expect("closed");

    let second = open(place.path());
    let state = second.state();
    assert_eq!(state.load_session(0).await, Ok(Some(session(u64::MAX >> 1))));
    assert_eq!(state.load_session(1).await, Ok(None));
    assert_eq!(state.dead_count().await, Ok(3));
    let dead = state.dead_after(1).await.expect("dead letters");
    assert_eq!(dead.iter().map(|one| one.payload[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(state.value("partitions").await, Ok(Some("1".to_owned())));
    assert_eq!(state.value("nothing").await, Ok(None));
}

/// A directory that cannot be used is refused with words, and left as it is.
#[test]
fn a_bad_directory_is_refused() {
    type Spoil = fn(&Path);
    let garbage: Spoil = |at| std::fs::write(at, vec![0x5a; 8192]).expect("written");
    let newer: Spoil = |at| sql(at, "PRAGMA user_version = 99");
    let foreign: Spoil = |at| sql(at, "PRAGMA application_id = 1");
    let cases = [
        ("log.db", garbage, "log.db cannot be used: file is not a database", "restore it from a backup"),
        ("views.db", garbage, "views.db cannot be used: file is not a database", "move it away"),
        ("log.db", newer, "log.db was written by a newer mirror (tables 99, this one knows 4)", "update"),
        ("views.db", newer, "views.db was written by a newer mirror", "update"),
        ("log.db", foreign, "log.db cannot be used: it is a database of another program", "restore"),
    ];
    for (file, spoil, problem, advice) in cases {
        let place = place();
        drop(open(place.path()));
        let at = place.path().join(file);
        spoil(&at);
        let before = std::fs::read(&at).expect("the file");
        let words = DataDir::open(place.path()).map(|_| ()).expect_err(problem).to_string();
        assert!(words.contains(problem) && words.contains(advice), "{words}");
        assert!(before == std::fs::read(&at).expect("the file"), "{file} is left as it was: {problem}");
    }
}

#[test]
fn a_file_is_not_a_directory() {
    let place = place();
    let file = place.path().join("file");
    std::fs::write(&file, "").expect("written");
    for path in [file.clone(), file.join("below")] {
        let refused = DataDir::open(&path).map(|_| ());
        assert!(matches!(refused, Err(OpenError::NotADirectory { .. })), "{refused:?}");
    }
}

fn sql(file: &Path, sql: &str) {
    rusqlite::Connection::open(file).expect("open").execute_batch(sql).expect("executed");
}

/// A person's `sqlite3` reads both files, with names and hex ids, while the node writes.
#[tokio::test(flavor = "multi_thread")]
async fn people_can_read_while_it_runs() {
    use rusqlite::{Connection, OpenFlags};
    let place = place();
    let directory = open(place.path());
    projections::views::conformance::all(&directory.views()).await;
    projections::lanes::conformance::all(&directory.lanes()).await;
    projections::leases::conformance::all(&directory.leases()).await;
    directory.log().append(P0, (0..10).map(|n| event(n, 2)).collect(), Durable::Here).await.expect("append");
    let file = |name| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        Connection::open_with_flags(place.path().join(name), flags).expect("a second connection")
    };
    let (log, views) = (file("log.db"), file("views.db"));
    let seen: i64 = log.query_row("SELECT sum(count) FROM show_commits", [], |row| row.get(0)).expect("sum");
    assert_eq!(seen, 10);
    directory
        .log()
        .append(P0, (10..12).map(|n| event(n, 1)).collect(), Durable::Here)
        .await
        .expect("append beside a reader");
    let seen: i64 = log.query_row("SELECT sum(count) FROM show_commits", [], |row| row.get(0)).expect("sum");
    assert_eq!(seen, 12);
    for (file, view) in
        [(&log, "show_lanes"), (&views, "show_messages"), (&views, "show_copies"), (&views, "show_settings")]
    {
        let sql = format!("SELECT count(*) FROM {view} WHERE length(mirror) = 32");
        let rows: i64 = file.query_row(&sql, [], |row| row.get(0)).expect(view);
        assert!(rows > 0, "{view} shows rows");
    }
    let sql = "SELECT node || ' ' || epoch || ' ' || rev FROM show_leases WHERE name = 'partition/60002'";
    assert_eq!(log.query_row(sql, [], |row| row.get(0)), Ok(None::<String>), "nobody holds it");
}

/// A directory of the first release, which knew no leases, gets their table at the first opening.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_directory_is_brought_up() {
    let place = place();
    let first = open(place.path());
    first.log().append(P0, vec![event(1, 1)], Durable::Here).await.expect("append");
    first.close().await.expect("closed");
    sql(
        &place.path().join("log.db"),
        "DROP VIEW show_leases; DROP TABLE leases; CREATE TABLE identifies (id); ALTER TABLE sessions DROP COLUMN heard;
         ALTER TABLE sessions DROP COLUMN lost; DROP TABLE bounds; PRAGMA user_version = 1",
    );
    let second = open(place.path());
    assert_eq!(numbers(&second.log(), None, 10).await, [1]);
    projections::leases::conformance::all(&second.leases()).await;
    let before = second.leases().all().await.expect("all");
    second.close().await.expect("closed");
    let third = open(place.path());
    assert_eq!(third.leases().all().await.expect("all"), before);
    assert!(!before.is_empty());
}

/// This binary again, as another process that runs one test of `mod child` on `place`.
fn child(test: &str, place: &Path) -> (Child, BufReader<ChildStdout>) {
    let this = std::env::current_exe().expect("this binary");
    let mut child = Command::new(this)
        .args(["--exact", &format!("child::{test}"), "--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD_DIRECTORY, place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process");
    let lines = BufReader::new(child.stdout.take().expect("its output"));
    (child, lines)
}

/// The rest of the next line that begins with `word`; `None` when the child has ended.
fn line_after(lines: &mut BufReader<ChildStdout>, word: &str) -> Option<String> {
    let mut lines = lines.lines().map_while(Result::ok);
    lines.find_map(|line| line.split_once(word).map(|(_, rest)| rest.trim().to_owned()))
}

/// What the child processes do: not tests by themselves.
mod child {
    use super::{CHILD_DIRECTORY, P0, event, open};
    use events::log::{Durable, Log};
    use std::path::PathBuf;

    fn directory() -> Option<PathBuf> {
        std::env::var_os(CHILD_DIRECTORY).map(PathBuf::from)
    }

    #[test]
    #[ignore = "the other process of the_second_node_is_refused"]
    fn holds() {
        let Some(place) = directory() else { return };
        let _held = open(&place);
        println!("held");
        // Until the parent closes the pipe or kills us.
        let _ = std::io::stdin().read_line(&mut String::new());
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "the other process of nothing_acknowledged_is_lost"]
    async fn appends() {
        let Some(place) = directory() else { return };
        let directory = open(&place);
        let log = directory.log();
        println!("holds {}", log.tail(P0).await.expect("tail"));
        let mut number = log.tail(P0).await.expect("tail").0;
        loop {
            // Sizes from 1 to 97, two appends at once.
            let size = 1 + number % 97;
            let batch =
                |from: u64| log.append(P0, (from..from + size).map(|n| event(n, 5)).collect(), Durable::Here);
            let (one, two) = tokio::join!(batch(number), batch(number + size));
            one.and(two).expect("append");
            number += 2 * size;
            println!("acked {number}");
        }
    }
}

#[test]
fn the_second_node_is_refused() {
    let place = place();
    let (mut child, mut lines) = child("holds", place.path());
    line_after(&mut lines, "held").expect("the child holds the directory");
    let refused = DataDir::open(place.path()).map(|_| ()).expect_err("in use");
    let OpenError::InUse { pid, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*pid, child.id());
    let words = refused.to_string();
    assert!(words.contains(&format!("in use by process {pid}: stop it, or use its admin socket")), "{words}");
    // SIGKILL: the kernel frees the lock, there is nothing to clean up or to wait for.
    child.kill().and_then(|()| child.wait()).expect("killed");
    drop(open(place.path()));
}

/// SIGKILL in the middle of appends, again and again: every acknowledged event is there, once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    const KILLS: usize = 8;
    let place = place();
    let mut acked = 0;
    for kill in 0..KILLS {
        let (mut child, mut lines) = child("appends", place.path());
        let held: u64 = line_after(&mut lines, "holds ").expect("it opens").parse().expect("a number");
        assert!(held >= acked, "kill {kill}: {acked} acknowledged, {held} there");
        for _ in 0..10 + 7 * kill {
            acked = line_after(&mut lines, "acked ").expect("it appends").parse().expect("a number");
        }
        child.kill().expect("killed");
        // What it said before it died counts too.
        while let Some(number) = line_after(&mut lines, "acked ") {
            acked = number.parse().unwrap_or(acked);
        }
        child.wait().expect("ended");
    }
    let directory = open(place.path());
    let found = numbers(&directory.log(), None, 1000).await;
    assert!(found.len() as u64 >= acked, "{acked} acknowledged, {} there", found.len());
    let mut sorted = found.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), found.len(), "none is there twice");
}
