//! Speed of a rebuild: `cargo bench --bench rebuild [-- EVENTS]`. Medians of 5; see BENCHMARKS.md.
//!
//! All mirrors of a chat, half of whose events are receipts: read, decode, fold, load, digest, into empty views over
//! a log that is on disk; then one mirror of the 50 alone. Beside it, in the same run, a fold of the same events in
//! memory on one core, without log and views.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run has nothing to report")]

use events::sample::{self, Chat};
use mirror::bench::{Of, Rebuilt, append, fold_in_memory, median, rebuild};
use mirror::sqlite::DataDir;
use mirror::stores::embedded as ports;
use std::path::Path;
use std::time::Duration;

const ROUNDS: usize = 5;
const MIRRORS: u32 = 50;
const EVENTS_DEFAULT: usize = 1_000_000;
const EVENTS_QUICK: usize = 50_000;
/// The aims, in events a second.
const AIMS: [(&str, bool, f64); 2] = [("with raw", true, 500e3), ("without raw", false, 700e3)];

fn main() {
    let quick = std::env::var_os("MIRROR_BENCH_QUICK").is_some();
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let count = asked.unwrap_or(if quick { EVENTS_QUICK } else { EVENTS_DEFAULT });
    println!("rebuild: {count} events of {MIRRORS} mirrors, medians of {ROUNDS}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (name, raw, aim) in AIMS {
        let chat = Chat { seed: 1, count, mirrors: MIRRORS, raw };
        runtime.block_on(measure(name, chat, aim));
    }
}

async fn measure(name: &str, chat: Chat, aim: f64) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let directory = DataDir::open(place.path()).expect("an open data directory");
    let appended = append(&directory.log(), chat).await.expect("appended");
    directory.close().await.expect("closed");
    println!("{name}: {} bytes a record", appended.bytes / chat.count as u64);
    let (mut all, mut one, mut memory) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let (time, expected) = fold_in_memory(sample::chat(chat));
        memory.push(time);
        let directory = with_empty_views(place.path());
        let rebuilt = rebuild(&ports(&directory), Of::All(MIRRORS)).await.expect("rebuilt");
        assert_eq!((rebuilt.events, rebuilt.digest), (chat.count as u64, expected));
        all.push(rebuilt);
        directory.close().await.expect("closed");
        let directory = with_empty_views(place.path());
        one.push(rebuild(&ports(&directory), Of::One(sample::mirror(0))).await.expect("rebuilt"));
        directory.close().await.expect("closed");
    }
    report(chat.count as u64, aim, &all, &one, &memory);
}

fn with_empty_views(place: &Path) -> DataDir {
    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        // There may be none.
        let _ = std::fs::remove_file(place.join(file));
    }
    DataDir::open(place).expect("an open data directory")
}

fn report(count: u64, aim: f64, all: &[Rebuilt], one: &[Rebuilt], memory: &[Duration]) {
    let times = |of: &[Rebuilt], what: fn(&Rebuilt) -> Duration| of.iter().map(what).collect::<Vec<_>>();
    let whole = times(all, Rebuilt::time);
    line("fold in memory, one core", count, memory);
    line("rebuild: read, decode, fold", count, &times(all, |one| one.folding));
    line("rebuild: load and digest", count, &times(all, |one| one.loading));
    line("rebuild in all", count, &whole);
    let single = times(one, Rebuilt::time);
    line("rebuild of one mirror alone", one[0].events, &single);
    let seconds = |times: &[Duration]| median(times.to_vec()).as_secs_f64();
    println!("  rebuild to aim: {:.2} x of {:.0} k/s", count as f64 / seconds(&whole) / aim, aim / 1000.0);
    println!("  rebuild to fold in memory: {:.2} x", seconds(memory) / seconds(&whole));
    println!("  one mirror of the whole: {:.3}", seconds(&single) / seconds(&whole));
}

/// The median, and the fastest: on a shared machine the truth lies between them.
fn line(what: &str, events: u64, times: &[Duration]) {
    let rate = |time: Duration| events as f64 / time.as_secs_f64() / 1000.0;
    let (middle, least) = (median(times.to_vec()), times.iter().min().copied().unwrap_or_default());
    let seconds = middle.as_secs_f64();
    println!(
        "  {what:<28} {events:>8} events in {seconds:>6.3} s, {:>5.0} k/s (fastest {:.0})",
        rate(middle),
        rate(least)
    );
}
