//! What a copy waits for on its way through the cluster's stores, each step alone, with the same rest in between.

use crate::path::PAUSE;
use crate::site::{P0, Site};
use events::log::{Durable, Log};
use events::sample::{self, Chat};
use events::{ChannelId, Event, MirrorId};
use mirror::scylla::Store;
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Lanes, Saved};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Times each is done at most.
const TIMES_MAX: usize = 200;
/// Times before the first that counts.
const WARM_UP: usize = 10;

/// A copy takes at least: the frame durable here and on the stream, the control row and a commit, the intent's row, the
/// request, the receipt everywhere.
pub(crate) fn run(site: &Site, runtime: &Runtime, count: usize) {
    let count = count.min(TIMES_MAX);
    println!("  the steps of it alone, {count} times each with the same rest in between:");
    runtime.block_on(async {
        log(site, count).await;
        let keyspace = site.keyspace().await;
        rows(&keyspace.store().await, count).await;
        keyspace.end().await;
    });
}

async fn log(site: &Site, count: usize) {
    let open = site.log().await;
    let all = sample::chat(Chat { seed: 11, count: 2 * (WARM_UP + count), mirrors: 1, raw: true });
    let mut events: Vec<Event> = all.collect();
    for (what, durable) in
        [("one durable append here", Durable::Here), ("one append confirmed everywhere", Durable::Everywhere)]
    {
        let mut times = Vec::new();
        for event in events.split_off(events.len() - WARM_UP - count) {
            tokio::time::sleep(PAUSE).await;
            let began = Instant::now();
            open.log.append(P0, vec![event], durable).await.expect("appended");
            times.push(began.elapsed());
        }
        line(what, times);
    }
    open.end().await;
}

async fn rows(store: &Store, count: usize) {
    let lanes = store.lanes();
    let lane = LaneId { mirror: MirrorId(Uuid::new_v4()), link: ChannelId(1) };
    let (mut saves, mut reads) = (Vec::new(), Vec::new());
    for rev in 1..=(WARM_UP + count) as u64 {
        tokio::time::sleep(PAUSE).await;
        let began = Instant::now();
        let saved = lanes.save(lane, LaneRow { rev, epoch: 1, ..LaneRow::default() }).await;
        saves.push(began.elapsed());
        assert_eq!(saved, Saved::Yes);
        let began = Instant::now();
        lanes.control(lane.mirror).await.expect("a control row");
        reads.push(began.elapsed());
    }
    line("one save of a lane's row, an LWT", saves);
    line("one read of a control row", reads);
}

fn line(what: &str, mut times: Vec<Duration>) {
    times.drain(..WARM_UP);
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!("    {what:<40} p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
}
