//! What many links cost: `cargo bench --bench links [-- LINKS]`; see BENCHMARKS.md.
//!
//! The resident memory of `mirror run` with so many links in the data directory, after it has mirrored a message and
//! been idle: after its first start, which folds the links from the log, and after a second one. Then what people wait
//! for while they talk everywhere at once: by themselves, beside a link that owes much, and beside one that is dead.

#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run has nothing to report")]
#![allow(clippy::disallowed_methods, reason = "to be idle for a while is what is measured")]

#[path = "node/links.rs"]
mod links;
#[path = "node/load.rs"]
mod load;
#[path = "node/stage.rs"]
mod stage;

use links::{Channel, link};
use load::load;
use stage::Stage;
use std::time::{Duration, Instant};

const LINKS_DEFAULT: usize = 10_000;
const LINKS_QUICK: usize = 500;
/// Channels of one mirror.
const SHAPES: [usize; 2] = [2, 100];
/// As many as Discord allows.
const CHANNELS_PER_GUILD: usize = 500;
const AIM_MIB: f64 = 150.0;
/// How often, and how many times at most, a message is said until the first copy; with many links it waits behind their
/// notices.
const AGAIN: Duration = Duration::from_millis(100);
const AGAIN_MAX: usize = 600;
/// So long the node has nothing to do before it is looked at.
const IDLE: Duration = Duration::from_secs(3);

fn main() {
    let quick = std::env::var_os("MIRROR_BENCH_QUICK").is_some();
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let links = asked.unwrap_or(if quick { LINKS_QUICK } else { LINKS_DEFAULT });
    println!("links: resident memory of a node (aim: <= {AIM_MIB} MiB)");
    measure(2, 2);
    SHAPES.into_iter().for_each(|size| measure(links, size));
}

fn measure(links: usize, size: usize) {
    let stage = Stage::new();
    let channels = channels(&stage, links);
    let groups: Vec<Vec<Channel>> = channels.chunks(size).map(<[Channel]>::to_vec).collect();
    stage.runtime.block_on(link(&stage.data(), &groups));
    println!("  {links} links, {} mirrors of {size}", groups.len());
    for start in ["first start", "second start"] {
        let (began, before) = (Instant::now(), stage.discord.counts().requests);
        let node = stage.start();
        let connected = began.elapsed();
        let mut seen = stage.discord.subscribe();
        let group = groups.last().expect("a mirror");
        // What is said before the node knows the link is not mirrored: said again until a copy comes.
        let say = || stage.say_and_see(&mut seen, (group[0].id, group[1].id), AGAIN).is_some();
        assert!(
            std::iter::repeat_with(say).take(AGAIN_MAX.max(links / 8)).any(|copied| copied),
            "no copy came"
        );
        let (mirrored, requests) = (began.elapsed(), stage.discord.counts().requests);
        std::thread::sleep(IDLE);
        println!(
            "    {start:<12} connected after {:.2} s, first copy after {:.2} s and {} requests; resident {:.0} MiB, at most {:.0} MiB",
            connected.as_secs_f64(),
            mirrored.as_secs_f64(),
            requests - before,
            node.memory_mib("VmRSS"),
            node.memory_mib("VmHWM")
        );
        node.stop();
    }
    if groups.len() > 2 {
        load(&stage, &groups);
    }
}

fn channels(stage: &Stage, count: usize) -> Vec<Channel> {
    let mut guild = 0;
    let make = |number: usize| {
        if number.is_multiple_of(CHANNELS_PER_GUILD) {
            guild = stage.discord.create_guild(&format!("guild-{}", number / CHANNELS_PER_GUILD));
        }
        Channel { guild, id: stage.discord.create_channel(guild, &format!("room-{number}")) }
    };
    (0..count).map(make).collect()
}
