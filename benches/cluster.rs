//! Speed of the cluster's stores: `cargo bench --bench cluster [-- EVENTS append|outbox|replay|one|small|views|path]`.
//! See BENCHMARKS.md.
//!
//! Each round does every side once, in the reverse order of the round before; the first is not counted. Connections,
//! declared streams and tables, prepared statements and the events themselves are there before a clock starts.
//!
//! Over real servers: those that `MIRROR_TEST_RABBITMQ` and `MIRROR_TEST_CQL` name, else a RabbitMQ and a Cassandra of
//! its own. They work on the same cores, so that what is worth something is the ratio to the bare client.

#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run has nothing to report")]
#![allow(clippy::disallowed_methods, reason = "a pause between two messages is what is measured")]

#[path = "cluster/append.rs"]
mod append;
#[path = "cluster/bare.rs"]
mod bare;
#[path = "cluster/costs.rs"]
mod costs;
#[path = "node/links.rs"]
mod links;
#[path = "cluster/path.rs"]
mod path;
#[path = "cluster/replay.rs"]
mod replay;
#[path = "cluster/rounds.rs"]
mod rounds;
#[path = "cluster/site.rs"]
mod site;
#[path = "node/stage.rs"]
mod stage;
#[path = "cluster/views.rs"]
mod views;

use site::Site;

/// How much of each.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Events appended in one round.
    pub(crate) append: usize,
    /// Events of the streams that are read.
    pub(crate) replay: usize,
    /// Events that arrive slowly.
    pub(crate) slow: usize,
    /// Events folded into views in one round.
    pub(crate) views: usize,
    /// Messages copied.
    pub(crate) messages: usize,
}

const FULL: Sizes = Sizes { append: 100_000, replay: 1_000_000, slow: 40_000, views: 50_000, messages: 500 };
const QUICK: Sizes = Sizes { append: 10_000, replay: 100_000, slow: 4_000, views: 5_000, messages: 50 };

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let quick = std::env::var_os("MIRROR_BENCH_QUICK").is_some();
    let mut sizes = if quick { QUICK } else { FULL };
    if let Some(events) = words.iter().find_map(|word| word.parse().ok()) {
        sizes.replay = events;
    }
    let parts: Vec<_> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|word| *word == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let site = runtime.block_on(Site::open());
    println!("cluster: servers on the same cores as what is measured");
    runtime.block_on(async {
        if wanted("outbox") {
            append::outbox(sizes.append).await;
        }
        if wanted("append") {
            append::confirmed(&site, sizes.append).await;
        }
        if wanted("replay") {
            replay::whole(&site, sizes.replay).await;
        }
        if wanted("one") {
            replay::one_mirror(&site, sizes.replay).await;
        }
        if wanted("small") {
            replay::slow(&site, sizes.slow).await;
        }
        if wanted("views") {
            views::commits(&site, sizes.views).await;
        }
    });
    if wanted("path") {
        path::run(&site, &runtime, sizes.messages);
    }
}
