//! Replay: all of a stream, one mirror of a thousand, and a stream that was written slowly.

use crate::bare;
use crate::site::{OpenLog, P0, Site};
use crate::{ROUNDS, line, ratio};
use events::log::{Durable, Log, Read};
use events::sample::{self, Chat};
use events::{Event, MirrorId, Offset, codec};
use mirror::bench::median;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Events of one append: what a busy node takes together.
const BATCH: usize = 1000;
/// Events of one read: what a follower and a rebuild ask for.
const PAGE: usize = 4096;
/// Events that arrive in a millisecond: 2,000 a second.
const ARRIVING: usize = 2;

/// All of it, beside the bare client.
pub(crate) async fn whole(site: &Site, count: usize) {
    println!("replay: {count} events of 50 mirrors, with raw, appended in batches of {BATCH}");
    let open = filled(site, count, 50).await;
    beside_bare(site, &open, count).await;
    open.end().await;
}

/// One mirror of a thousand, beside all of it.
pub(crate) async fn one_mirror(site: &Site, count: usize) {
    println!("replay of one mirror: {count} events of 1000 mirrors, appended in batches of {BATCH}");
    let open = filled(site, count, 1000).await;
    let (mut all, mut one, mut found) = (vec![], vec![], 0);
    for round in 0..ROUNDS {
        let (time, events) = read(&open.log, None, true).await;
        assert_eq!(events, count);
        all.push(time);
        let (time, events) = read(&open.log, Some(sample::mirror(round as u32)), true).await;
        found = events;
        one.push(time);
    }
    line("all, decoded", count, &all);
    line(&format!("one mirror, decoded: {found} events"), found, &one);
    let share = median(one).as_secs_f64() / median(all).as_secs_f64();
    println!("  one mirror of the whole: {share:.3} (aim <= 0.2)");
    open.end().await;
}

/// What arrived at 2,000 events a second lies in small chunks.
pub(crate) async fn slow(site: &Site, count: usize) {
    println!("replay of {count} events that arrived at {} a second", ARRIVING * 1000);
    let open = site.log().await;
    arrive(&open, count).await;
    beside_bare(site, &open, count).await;
    open.end().await;
}

async fn beside_bare(site: &Site, open: &OpenLog, count: usize) {
    let (mut ours, mut decoded, mut stock, mut raw) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        stock.push(bare::consume(site, &open.stream(), count).await);
        ours.push(checked(read(&open.log, None, false).await, count));
        raw.push(bare::receive(site, &open.stream(), count).await);
        decoded.push(checked(read(&open.log, None, true).await, count));
    }
    let stock = line("bare client, its Consumer", count, &stock);
    let raw = line("bare client, raw, credit for one chunk", count, &raw);
    let ours = line("read", count, &ours);
    line("read and decode", count, &decoded);
    ratio("read to the bare Consumer", ours / stock, ">= 0.9");
    ratio("read to the bare raw client", ours / raw, ">= 0.9");
}

fn checked((time, found): (Duration, usize), count: usize) -> Duration {
    assert_eq!(found, count);
    time
}

async fn filled(site: &Site, count: usize, mirrors: u32) -> OpenLog {
    let open = site.log().await;
    let mut events = sample::chat(Chat { seed: 5, count, mirrors, raw: true });
    loop {
        let batch: Vec<Event> = events.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        open.log.append(P0, batch, Durable::Here).await.expect("appended");
        // What lies in the outbox, unsent, is bounded in a node too.
        if open.log.status().waiting > 50_000 {
            open.log.append(P0, vec![], Durable::Everywhere).await.expect("confirmed");
        }
    }
    open.log.append(P0, vec![], Durable::Everywhere).await.expect("confirmed");
    open
}

/// Appends on a clock, without waiting for one append before the next.
async fn arrive(open: &OpenLog, count: usize) {
    let mut clock = interval(Duration::from_millis(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut events = sample::chat(Chat { seed: 7, count, mirrors: 50, raw: true });
    let mut appends = JoinSet::new();
    for _ in 0..count / ARRIVING {
        clock.tick().await;
        let (log, batch) = (open.log.clone(), events.by_ref().take(ARRIVING).collect());
        appends.spawn(async move { log.append(P0, batch, Durable::Here).await });
        while let Some(done) = appends.try_join_next() {
            done.expect("a task").expect("appended");
        }
    }
    while let Some(done) = appends.join_next().await {
        done.expect("a task").expect("appended");
    }
    open.log.append(P0, vec![], Durable::Everywhere).await.expect("confirmed");
}

/// All pages; how long they took, and how many events there were.
async fn read(log: &dyn Log, mirror: Option<MirrorId>, decodes: bool) -> (Duration, usize) {
    let (mut from, mut count, mut bytes) = (Offset(0), 0, 0);
    let began = Instant::now();
    let end = log.tail(P0).await.expect("a tail");
    while from < end {
        let page = log.read(Read { partition: P0, from, limit: PAGE, mirror }).await.expect("a page");
        for entry in &page.entries {
            bytes += entry.record.len();
            if decodes {
                std::hint::black_box(codec::decode(&entry.record).expect("a record"));
            }
        }
        count += page.entries.len();
        from = page.next;
    }
    let time = began.elapsed();
    assert!(bytes > 0);
    (time, count)
}
