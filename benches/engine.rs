//! Speed of the SQLite engine: `cargo bench --bench engine [-- EVENTS log|latency|views]`. Medians of 5;
//! see BENCHMARKS.md.
//!
//! Append is measured beside bare SQLite in the same run: the same bytes, one row an event, the same batches,
//! `synchronous=FULL`. Bare SQLite gets its records encoded; ours encodes within the time.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]

use bytes::Bytes;
use events::event::{Author, Created, Decor, Said};
use events::log::{Durable, Log, Read};
use events::{
    Body, ChannelId, Event, EventId, MessageId, MirrorId, Offset, Partition, Place, Producer, Service,
    UserId, Version, codec,
};
use mirror::sqlite::DataDir;
use projections::views::{Follower, Mark, Position, Scan, Views, scan_all};
use projections::{Bucket, Change, Column, Generation, Key, Prefix, Register, RowKey};
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

const ROUNDS: usize = 5;
const BATCH: usize = 1000;
const MIRRORS: u64 = 50;
const P0: Partition = Partition(0);
const EVENTS_DEFAULT: usize = 200_000;
const EVENTS_QUICK: usize = 20_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let default =
        if std::env::var_os("MIRROR_BENCH_QUICK").is_some() { EVENTS_QUICK } else { EVENTS_DEFAULT };
    let count = words.iter().find_map(|word| word.parse().ok()).unwrap_or(default);
    let parts: Vec<_> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|word| *word == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("{count} events of {MIRRORS} mirrors, batches of {BATCH}, medians of {ROUNDS}");
    runtime.block_on(async {
        for (name, raw_bytes) in [("with raw", 640), ("without raw", 0)] {
            if wanted("log") {
                log(name, &events(count, raw_bytes)).await;
            }
        }
        if wanted("latency") {
            latency().await;
        }
        if wanted("views") {
            views(count).await;
        }
    });
}

/// Messages of a chat, mixed over the mirrors.
fn events(count: usize, raw_bytes: usize) -> Vec<Event> {
    (0..count as u64).map(|number| message(number, raw_bytes)).collect()
}

fn message(number: u64, raw_bytes: usize) -> Event {
    // Spread like hashes, so that neither mirrors nor users come in turn.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let text = "so the build fails only on the second run, did you look at the lock file there? ";
    let author = Author {
        id: UserId(800_000_000_000_000_000 + mixed % 700),
        name: format!("Person {}", mixed % 700),
        username: format!("person{}", mixed % 700),
        avatar: Some(format!("avatars/{}/a1b2c3d4e5f60718293a4b5c6d7e8f90", mixed % 700)),
        kind: Default::default(),
    };
    let said = Said { text: text[..20 + (mixed % 60) as usize].to_owned(), ..Said::default() };
    let created =
        Created { author, said: Some(said), reply_to: None, decor: Decor::default(), kind: 0, thread: None };
    Event {
        id: EventId(Uuid::from_u64_pair(mixed, number)),
        mirror: MirrorId(Uuid::from_u64_pair(5, mixed % MIRRORS)),
        place: Place {
            service: Service::Discord,
            channel: ChannelId(700_000_000_000_000_000 + mixed % MIRRORS),
            message: id(number),
        },
        version: id(number).made(),
        observed: Version(id(number).made().0 + 120_000),
        producer: Producer::default(),
        body: Body::Created(created),
        raw: Bytes::from(vec![b'x'; raw_bytes]),
    }
}

/// A message every 20 seconds.
fn id(number: u64) -> MessageId {
    MessageId((300_000_000_000 + number * 20_000) << 22)
}

/// Time by the clock, and of the processors over all threads; the second is worth more on a busy machine.
#[derive(Clone, Copy)]
struct Spent {
    wall: Duration,
    cpu: Duration,
}

struct Instant {
    wall: std::time::Instant,
    cpu: Duration,
}

impl Instant {
    fn now() -> Self {
        Self { wall: std::time::Instant::now(), cpu: cpu() }
    }

    fn elapsed(&self) -> Spent {
        Spent { wall: self.wall.elapsed(), cpu: cpu().saturating_sub(self.cpu) }
    }
}

/// What this process has used, to 10 ms (`man proc_pid_stat`, fields 14 and 15); zero where there is no such file.
fn cpu() -> Duration {
    const TICK_MS: u64 = 10;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * TICK_MS)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Prints a line; gives the rates by the clock and by the processor, in thousands a second.
fn report(what: &str, count: usize, spent: &[Spent]) -> (f64, f64) {
    let wall: Vec<_> = spent.iter().map(|one| one.wall).collect();
    let cpu = median(spent.iter().map(|one| one.cpu).collect());
    let rate = |time: Duration| count as f64 / time.as_secs_f64() / 1000.0;
    let (least, most) = (wall.iter().min().copied(), wall.iter().max().copied());
    let (slowest, fastest) = (most.map_or(0.0, rate), least.map_or(0.0, rate));
    let middle = rate(median(wall));
    let cpu_us = cpu.as_secs_f64() * 1e6 / count as f64;
    println!(
        "  {what:<46} {middle:>6.0} k/s ({slowest:.0} to {fastest:.0}), {cpu_us:.2} us of processor each"
    );
    (middle, rate(cpu))
}

async fn log(name: &str, events: &[Event]) {
    let records: Vec<Vec<u8>> = events.iter().map(encoded).collect();
    let bytes: usize = records.iter().map(Vec::len).sum();
    println!("log, {name}: {} bytes a record", bytes / records.len());
    let (mut plain, mut tuned, mut ours, mut reads, mut one) = (vec![], vec![], vec![], vec![], vec![]);
    let mut one_count = 0;
    for _ in 0..ROUNDS {
        plain.push(bare(&records, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
        tuned.push(bare(&records, mirror::sqlite::schema::LOG.writer));
        let place = place();
        let directory = open(place.path());
        ours.push(append(&directory, events).await);
        let (time, count) = read(&directory, None).await;
        assert_eq!(count, events.len());
        reads.push(time);
        let (time, count) = read(&directory, Some(events[0].mirror)).await;
        one.push(time);
        one_count = count;
        directory.close().await.expect("closed");
    }
    let plain = report("bare SQLite, a row an event", events.len(), &plain);
    let tuned = report("bare SQLite with our settings", events.len(), &tuned);
    let ours = report("append, encoding included", events.len(), &ours);
    for (what, bare) in [("bare SQLite", plain), ("with our settings", tuned)] {
        let (wall, cpu) = (ours.0 / bare.0, ours.1 / bare.1);
        println!("  append to {what}: {wall:.2} x by the clock, {cpu:.2} x by the processor");
    }
    report("read and decode", events.len(), &reads);
    report("read and decode one mirror of the 50", one_count, &one);
}

fn encoded(event: &Event) -> Vec<u8> {
    let mut record = Vec::new();
    codec::encode(event, &mut record).expect("a small event");
    record
}

/// The same bytes as plain rows.
fn bare(records: &[Vec<u8>], settings: &str) -> Spent {
    let place = place();
    let connection = Connection::open(place.path().join("bare.db")).expect("open");
    connection.execute_batch(settings).expect("settings");
    connection
        .execute_batch("CREATE TABLE events (id INTEGER PRIMARY KEY, record BLOB NOT NULL)")
        .expect("table");
    let start = Instant::now();
    for batch in records.chunks(BATCH) {
        let transaction = connection.unchecked_transaction().expect("begin");
        let mut insert =
            transaction.prepare_cached("INSERT INTO events (record) VALUES (?1)").expect("insert");
        for record in batch {
            insert.execute([record]).expect("a row");
        }
        drop(insert);
        transaction.commit().expect("commit");
    }
    start.elapsed()
}

async fn append(directory: &DataDir, events: &[Event]) -> Spent {
    let batches: Vec<Vec<Event>> = events.chunks(BATCH).map(<[Event]>::to_vec).collect();
    let log = directory.log();
    let start = Instant::now();
    for batch in batches {
        log.append(P0, batch, Durable::Here).await.expect("append");
    }
    start.elapsed()
}

async fn read(directory: &DataDir, mirror: Option<MirrorId>) -> (Spent, usize) {
    let log = directory.log();
    let (mut from, mut count) = (Offset(0), 0);
    let start = Instant::now();
    loop {
        let page = log.read(Read { partition: P0, from, limit: 4096, mirror }).await.expect("a page");
        if page.entries.is_empty() {
            return (start.elapsed(), count);
        }
        for entry in &page.entries {
            std::hint::black_box(codec::decode(&entry.record).expect("a record"));
        }
        count += page.entries.len();
        from = page.next;
    }
}

/// One event at a time on an idle log: what durability costs a message.
async fn latency() {
    const TIMES: usize = 500;
    let place = place();
    let directory = open(place.path());
    let log = directory.log();
    let mut times = Vec::with_capacity(TIMES);
    for event in events(TIMES, 640) {
        let start = Instant::now();
        log.append(P0, vec![event], Durable::Here).await.expect("append");
        times.push(start.elapsed().wall);
    }
    times.sort_unstable();
    let at = |share: usize| times[TIMES * share / 100];
    println!("one durable event: p50 {:?}, p99 {:?}", at(50), at(99));
}

/// What a message with one copy writes: four cells in three rows, plus two rows of settings now and then.
fn changes(number: u64, generation: u32) -> [Change; 4] {
    let mirror = MirrorId(Uuid::from_u64_pair(5, number % MIRRORS));
    let (source, copy) = (id(number), MessageId(id(number).0 + 77));
    let change = |row, column, bytes: usize| Change {
        key: Key { mirror, generation: Generation(generation), bucket: Bucket::of(source), row },
        column,
        register: Register { version: source.made(), bytes: Bytes::from(vec![b'v'; bytes]) },
    };
    let one = RowKey::Copy { source, link: ChannelId(700_000_000_000_000_000), part: 0, copy };
    [
        change(RowKey::Message(source), Column::Created, 150),
        change(RowKey::Message(source), Column::Decor, 4),
        change(one, Column::Shown, 30),
        change(RowKey::CopyIndex(copy), Column::Source, 24),
    ]
}

async fn views(count: usize) {
    println!("views: {count} messages with a copy each, 3 rows and 4 cells a message");
    let (mut live, mut loads, mut scans) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let place = place();
        let directory = open(place.path());
        live.push(commit_live(&directory, count as u64).await);
        loads.push(load(&directory, count as u64).await);
        scans.push(scan(&directory, count as u64).await);
        directory.close().await.expect("closed");
    }
    report("messages a second, batches of 1000, positions", count, &live);
    report("messages a second, sorted load of a new build", count, &loads);
    report("rows a second, scan of a build by bucket", 3 * count, &scans);
}

async fn commit_live(directory: &DataDir, count: u64) -> Spent {
    let views = directory.views();
    let follower = Follower { partition: P0, name: "views".to_owned() };
    let batch = |first: u64| (first..first + BATCH as u64).flat_map(|number| changes(number, 0)).collect();
    let batches: Vec<(u64, Vec<Change>)> =
        (0..count).step_by(BATCH).map(|first| (first + BATCH as u64, batch(first))).collect();
    let start = Instant::now();
    for (offset, changes) in batches {
        let mark = Mark { offset: Offset(offset), event: EventId::default() };
        let position = Position { follower: follower.clone(), mark };
        views.commit(changes, Some(position)).await.expect("commit");
    }
    start.elapsed()
}

async fn load(directory: &DataDir, count: u64) -> Spent {
    const LOAD: usize = 50_000;
    let mut all: Vec<Change> = (0..count).flat_map(|number| changes(number, 1)).collect();
    all.sort_by(|one, other| one.key.cmp(&other.key));
    let batches: Vec<Vec<Change>> = all.chunks(LOAD).map(<[Change]>::to_vec).collect();
    let views = directory.views();
    let start = Instant::now();
    for batch in batches {
        views.commit(batch, None).await.expect("commit");
    }
    start.elapsed()
}

async fn scan(directory: &DataDir, count: u64) -> Spent {
    let views = directory.views();
    let buckets = Bucket::of(id(0)).0..=Bucket::of(id(count - 1)).0;
    let (start, mut rows) = (Instant::now(), 0);
    for bucket in buckets {
        for one in 0..MIRRORS {
            let mirror = MirrorId(Uuid::from_u64_pair(5, one));
            for prefix in [Prefix::Messages, Prefix::Copies, Prefix::CopyIndex] {
                let (generation, bucket) = (Generation(1), Bucket(bucket));
                let scan = Scan { mirror, generation, bucket, prefix, after: None, limit: 1000 };
                rows += scan_all(&views, scan).await.expect("rows").len() as u64;
            }
        }
    }
    assert_eq!(rows, 3 * count);
    start.elapsed()
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(place: &Path) -> DataDir {
    DataDir::open(place).expect("an open data directory")
}
