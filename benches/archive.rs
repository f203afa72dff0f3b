//! Speed of the archive: `cargo bench --bench archive [-- EVENTS]`. Medians of 5 rounds after one; see BENCHMARKS.md.
//!
//! A chat is sealed into a directory; then all of it is read back through `Log::read` of a log whose own part was cut
//! off, and decoded: what a replay does before it folds. Beside it, in the same run and in turn, the same pages from the
//! embedded log, which is SQLite, and from memory. Last, one mirror of the 50 alone.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]

use events::log::memory::MemoryLog;
use events::log::{Durable, Log, Read};
use events::sample::{self, Chat};
use events::{Event, MirrorId, NodeId, Offset, Partition, codec};
use mirror::archive::{Archive, ArchivedLog, seal};
use mirror::bench::median;
use mirror::sqlite::DataDir;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tools::progress::Silent;

const ROUNDS: usize = 5;
const WARM_UP: usize = 1;
const MIRRORS: u32 = 50;
const EVENTS_DEFAULT: usize = 300_000;
const EVENTS_QUICK: usize = 30_000;
/// Events of one read: what a follower and a rebuild ask for.
const PAGE: usize = 4096;
const P0: Partition = Partition(0);
/// The aim, in events a second.
const AIM: f64 = 500e3;

fn main() {
    let quick = std::env::var_os("MIRROR_BENCH_QUICK").is_some();
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let count = asked.unwrap_or(if quick { EVENTS_QUICK } else { EVENTS_DEFAULT });
    println!(
        "archive: {count} events of {MIRRORS} mirrors, medians of {ROUNDS} rounds after {WARM_UP}, sides in turn"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (name, raw) in [("with raw", true), ("without raw", false)] {
        runtime.block_on(measure(name, Chat { seed: 1, count, mirrors: MIRRORS, raw }));
    }
}

/// What is read, in the order of a round; the next round goes the other way round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Memory,
    Sqlite,
    Archive,
    One,
}

const SIDES: [Side; 4] = [Side::Memory, Side::Sqlite, Side::Archive, Side::One];

async fn measure(name: &str, chat: Chat) {
    let log = filled(chat).await;
    let place = tempfile::tempdir().expect("a temporary directory");
    // By the same name, so that its records are the same bytes.
    let directory = DataDir::open_as(place.path(), Some(name_of_node())).expect("an open data directory");
    let sqlite = directory.log();
    fill(&sqlite, chat).await;
    let bytes: usize = read(&log, None).await.bytes;
    println!("{name}: {bytes} bytes, {} a record", bytes / chat.count);
    let (mut sealing, mut times) = (vec![], SIDES.map(|_| vec![]));
    let (mut stored, mut found) = (0, 0);
    for round in 0..WARM_UP + ROUNDS {
        let place = tempfile::tempdir().expect("a temporary directory");
        let archive = Archive::open(&place.path().display().to_string()).expect("an archive");
        let began = Instant::now();
        stored = seal::seal(&archive, (&log, P0), None, &Silent).await.expect("sealed").bytes;
        let sealed = began.elapsed();
        let mut turns: Vec<usize> = (0..SIDES.len()).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for side in turns {
            // What is left in memory is one event; each reader opens the archive anew.
            let empty = Arc::new(Cut(log.clone(), Offset(chat.count as u64 - 1)));
            let archived = ArchivedLog::new(empty, archive.clone());
            let read = match SIDES[side] {
                Side::Memory => read(&log, None).await,
                Side::Sqlite => read(&sqlite, None).await,
                Side::Archive => read(&archived, None).await,
                Side::One => read(&archived, Some(sample::mirror(0))).await,
            };
            if SIDES[side] == Side::One {
                found = read.count;
            } else {
                assert_eq!((read.count, read.bytes), (chat.count, bytes));
            }
            if round >= WARM_UP {
                times[side].push(read.time);
            }
        }
        if round >= WARM_UP {
            sealing.push(sealed);
        }
    }
    directory.close().await.expect("closed");
    println!("  {stored} bytes stored, {:.1} x smaller", bytes as f64 / stored as f64);
    line("seal, fsync included", chat.count, &sealing);
    report(chat.count, &times, found);
}

fn report(count: usize, [memory, sqlite, archived, one]: &[Vec<Duration>; 4], found: usize) {
    line("read and decode from memory", count, memory);
    line("read and decode from SQLite, no archive", count, sqlite);
    line("read and decode from the archive", count, archived);
    line(&format!("one mirror from the archive, {found} events"), found, one);
    let seconds = |times: &[Duration]| median(times.to_vec()).as_secs_f64();
    println!("  archive to memory: {:.2} x (no aim)", seconds(memory) / seconds(archived));
    println!("  archive to SQLite, the same records: {:.2} x (no aim)", seconds(sqlite) / seconds(archived));
    let rate = count as f64 / seconds(archived);
    println!("  archive to aim: {:.2} x of {:.0} k/s (aim >= 1)", rate / AIM, AIM / 1e3);
    println!("  one mirror of the whole: {:.3} (no aim)", seconds(one) / seconds(archived));
}

fn line(what: &str, count: usize, times: &[Duration]) {
    let rate = |time: Duration| count as f64 / time.as_secs_f64() / 1e3;
    let fastest = times.iter().min().copied().unwrap_or_default();
    println!("  {what:<40} {:>6.0} k/s (best {:.0})", rate(median(times.to_vec())), rate(fastest));
}

fn name_of_node() -> NodeId {
    "bench".parse().expect("a name")
}

async fn filled(chat: Chat) -> MemoryLog {
    let log = MemoryLog::new(name_of_node());
    fill(&log, chat).await;
    log
}

async fn fill(log: &dyn Log, chat: Chat) {
    let mut events = sample::chat(chat);
    loop {
        let batch: Vec<Event> = events.by_ref().take(1000).collect();
        if batch.is_empty() {
            return;
        }
        log.append(P0, batch, Durable::Here).await.expect("appended");
    }
}

struct Found {
    time: Duration,
    count: usize,
    bytes: usize,
}

async fn read(log: &dyn Log, mirror: Option<MirrorId>) -> Found {
    let (mut from, mut count, mut bytes) = (Offset(0), 0, 0);
    let began = Instant::now();
    loop {
        let page = log.read(Read { partition: P0, from, limit: PAGE, mirror }).await.expect("a page");
        if page.entries.is_empty() {
            return Found { time: began.elapsed(), count, bytes };
        }
        for entry in &page.entries {
            bytes += entry.record.len();
            std::hint::black_box(codec::decode(&entry.record).expect("a record"));
        }
        count += page.entries.len();
        from = page.next;
    }
}

/// A log of which retention took all before an offset.
struct Cut(MemoryLog, Offset);

#[async_trait::async_trait]
impl Log for Cut {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), events::log::AppendError> {
        self.0.append(partition, events, durable).await
    }

    async fn read(&self, read: Read) -> Result<events::log::Page, events::log::ReadError> {
        if read.from < self.1 {
            return Err(events::log::ReadError::Trimmed { floor: self.1 });
        }
        self.0.read(read).await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, events::log::ReadError> {
        self.0.tail(partition).await
    }

    async fn floor(&self, _: Partition) -> Result<Offset, events::log::ReadError> {
        Ok(self.1)
    }
}
