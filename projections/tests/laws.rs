//! The laws of the fold, over random histories in memory. `PROPTEST_CASES` sets how many.

#![allow(clippy::unwrap_used, reason = "tests")]

use events::NodeId;
use events::log::memory::MemoryLog;
use projections::Generation;
use projections::lanes::memory::MemoryLanes;
use projections::laws::{self, Ports};
use projections::sample::history;
use projections::views::memory::MemoryViews;
use proptest::prelude::*;

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000);
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// Runs to the end on this thread: nothing here waits for anything.
fn run(law: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(law);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_order(seed in any::<u64>(), events in 0..250usize, mirrors in 1..4u64, order in any::<u64>()) {
        let history = history(seed, mirrors, events);
        run(laws::any_order(&MemoryViews::new(), &history, Generation(3), order));
    }

    #[test]
    fn two_at_once(seed in any::<u64>(), events in 0..250usize, order in any::<u64>()) {
        let history = history(seed, 2, events);
        run(laws::two_at_once(&MemoryViews::new(), &history, Generation(0), order));
    }

    #[test]
    fn rebuild(seed in any::<u64>(), events in 0..250usize, order in any::<u64>()) {
        let history = history(seed, 2, events);
        let node: NodeId = "one".parse().unwrap();
        let (log, views, lanes) = (MemoryLog::new(node), MemoryViews::new(), MemoryLanes::new());
        run(laws::rebuild(Ports { log: &log, views: &views, lanes: &lanes }, &history, order));
    }
}
