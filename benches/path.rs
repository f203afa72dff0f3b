//! How long a copy takes: `cargo bench --bench path [-- MESSAGES]`; see BENCHMARKS.md.
//!
//! A whole node (the real binary, fsync on) against the stand-in without rate limits. Measured from the call that makes
//! the stand-in dispatch a message to the stand-in's execution of the webhook: both sides of its gateway and of its
//! REST server are within the time, so it is more than from the parsed frame to the request's bytes at the socket.

#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run has nothing to report")]
#![allow(clippy::disallowed_methods, reason = "a pause between two messages is what is measured")]

#[path = "node/links.rs"]
mod links;
#[path = "node/stage.rs"]
mod stage;

use events::log::{Durable, Log};
use events::sample::{self, Chat};
use links::{Channel, link};
use mirror::sqlite::DataDir;
use stage::{PATIENCE, Stage, is_copy};
use std::time::{Duration, Instant};

const MESSAGES_DEFAULT: usize = 1_000;
const MESSAGES_QUICK: usize = 100;
const WARM_UP: usize = 50;
/// Between two messages, so that the machine is idle when one comes.
const PAUSE: Duration = Duration::from_millis(20);
/// Links of the wide burst.
const WIDE: usize = 20;

fn main() {
    let quick = std::env::var_os("MIRROR_BENCH_QUICK").is_some();
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let count = asked.unwrap_or(if quick { MESSAGES_QUICK } else { MESSAGES_DEFAULT });
    let stage = Stage::new();
    println!("path: {count} messages, from the dispatch to the copy (aim: p50 <= 3 ms, p99 <= 10 ms)");
    print_times("one durable append on this disk", stage.runtime.block_on(appends(count)));
    let guild = stage.discord.create_guild("Harbour");
    let channels: Vec<Channel> = (0..2 + 2 * WIDE)
        .map(|number| Channel { guild, id: stage.discord.create_channel(guild, &format!("room-{number}")) })
        .collect();
    let groups: Vec<Vec<Channel>> = channels.chunks(2).map(<[Channel]>::to_vec).collect();
    stage.runtime.block_on(link(&stage.data(), &groups));
    let node = stage.start();
    one_by_one(&stage, WARM_UP, &groups[0], PAUSE);
    print_times("one link, idle in between", one_by_one(&stage, count, &groups[0], PAUSE));
    print_times("one link, no pause in between", one_by_one(&stage, count, &groups[0], Duration::ZERO));
    burst(&stage, "burst on one link", count, &groups[..1]);
    burst(&stage, "burst over 20 links", count, &groups[1..]);
    println!("  resident memory of the node afterwards: {:.0} MiB", node.memory_mib("VmRSS"));
    node.stop();
}

/// One event at a time on a log of its own: what durability costs here.
async fn appends(count: usize) -> Vec<Duration> {
    let place = tempfile::tempdir().expect("a temporary directory");
    let directory = DataDir::open(place.path()).expect("an open data directory");
    let mut times = Vec::with_capacity(count);
    for event in sample::chat(Chat { seed: 1, count, mirrors: 1, raw: true }) {
        let began = Instant::now();
        directory.log().append(events::Partition(0), vec![event], Durable::Here).await.expect("appended");
        times.push(began.elapsed());
    }
    times
}

fn one_by_one(stage: &Stage, count: usize, group: &[Channel], pause: Duration) -> Vec<Duration> {
    let mut seen = stage.discord.subscribe();
    let one = |_| {
        std::thread::sleep(pause);
        let copied = stage.say_and_see(&mut seen, (group[0].id, group[1].id), PATIENCE);
        copied.expect("a copy")
    };
    (0..count).map(one).collect()
}

fn print_times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!("  {what:<34} p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(50), at(99), at(100));
}

/// All messages at once, dealt out to the groups; until the last copy.
fn burst(stage: &Stage, what: &str, count: usize, groups: &[Vec<Channel>]) {
    let mut seen = stage.discord.subscribe();
    let began = Instant::now();
    for number in 0..count {
        let from = groups[number % groups.len()][0].id;
        stage.discord.say(from, stage.user, &format!("number {number} of a burst"));
    }
    let mut left = count;
    while left > 0 {
        let copied = |one: &_| groups.iter().any(|group| is_copy(one, group[1].id));
        assert!(stage.see(&mut seen, PATIENCE, copied), "{left} copies did not come");
        left -= 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("  {what:<34} {count} copies in {seconds:.2} s, {:.0} copies/s", count as f64 / seconds);
}
