//! Replay: all of a stream, one mirror of a thousand, and a stream that was written slowly.

use crate::bare;
use crate::rounds::{Amount, Rounds, ratio};
use crate::site::{OpenLog, P0, Site};
use events::log::{Durable, Log, Read};
use events::sample::{self, Chat};
use events::{Event, MirrorId, Offset, codec};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Events of one append: what a busy node takes together.
const BATCH: usize = 1000;
/// Events of one read: what a follower and a rebuild ask for.
const PAGE: usize = 4096;
/// Mirrors of which one is wanted, and how many events of one come after another where they speak in runs: the mix
/// that the aim was measured with.
const MIRRORS: usize = 1000;
const RUN: usize = 20;
/// Events that arrive in a millisecond: 2,000 a second.
const ARRIVING: usize = 2;

/// All of it, beside the bare client.
pub(crate) async fn whole(site: &Site, count: usize) {
    println!("replay: {count} events of 50 mirrors, with raw, appended in batches of {BATCH}");
    let open = filled(site, sample::chat(Chat { seed: 5, count, mirrors: 50, raw: true })).await;
    beside_bare(site, &open, count).await;
    open.end().await;
}

/// One mirror of a thousand, beside all of it: where they take turns event by event, which no filter of chunks can do
/// much about, and where they speak in runs.
pub(crate) async fn one_mirror(site: &Site, count: usize) {
    one_of(site, count, &format!("in runs of {RUN}"), |number| (number / RUN) % MIRRORS).await;
    one_of(site, count, "mixed evenly", |number| number % MIRRORS).await;
}

async fn one_of(site: &Site, count: usize, mixed: &str, turn: impl Fn(usize) -> usize) {
    let one = sample::chat(Chat { seed: 5, count, mirrors: 1, raw: true });
    let events =
        one.enumerate().map(|(number, event)| Event { mirror: sample::mirror(turn(number) as u32), ..event });
    let open = filled(site, events).await;
    let (mut rounds, mut all, mut one) = (Rounds::<2>::new(), None, None);
    for turn in rounds.turns() {
        let mirror = (turn.1 == 1).then(|| sample::mirror(0));
        let (time, amount) = read(&open.log, mirror, true).await;
        *(if turn.1 == 0 { &mut all } else { &mut one }) = Some(amount);
        rounds.took(turn, time);
    }
    let (all, one) = (all.expect("a round"), one.expect("a round"));
    assert_eq!(all.count, count);
    println!(
        "replay of one mirror: {count} events, {} bytes, of {MIRRORS} mirrors, {mixed}, appended in batches of {BATCH}; {}",
        all.bytes,
        rounds.words()
    );
    rounds.line(0, "all, decoded", all);
    rounds.line(1, &format!("one mirror, decoded: {} events, {} bytes", one.count, one.bytes), one);
    let share = rounds.median(1).as_secs_f64() / rounds.median(0).as_secs_f64();
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
    let (mut rounds, stream) = (Rounds::<4>::new(), open.stream());
    let mut amount = Amount { count, bytes: 0 };
    for turn in rounds.turns() {
        let time = match turn.1 {
            0 => bare::consume(site, &stream, count).await,
            1 => bare::receive(site, &stream, count).await,
            side => {
                let (time, found) = read(&open.log, None, side == 3).await;
                assert_eq!(found.count, count);
                amount = found;
                time
            }
        };
        rounds.took(turn, time);
    }
    println!("  {} bytes; {}", amount.bytes, rounds.words());
    let stock = rounds.line(0, "bare client, its Consumer", amount);
    let raw = rounds.line(1, "bare client, raw, credit for one chunk", amount);
    let ours = rounds.line(2, "read", amount);
    rounds.line(3, "read and decode", amount);
    ratio("read to the bare Consumer", ours / stock, ">= 0.9");
    ratio("read to the bare raw client", ours / raw, ">= 0.9");
}

async fn filled(site: &Site, mut events: impl Iterator<Item = Event>) -> OpenLog {
    let open = site.log().await;
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

/// All pages; how long they took, and what there was. As with the bare clients, the clock starts with the first event
/// in hand: connection and subscription are outside.
async fn read(log: &dyn Log, mirror: Option<MirrorId>, decodes: bool) -> (Duration, Amount) {
    let (mut from, mut limit, mut found) = (Offset(0), 1, Amount { count: 0, bytes: 0 });
    let end = log.tail(P0).await.expect("a tail");
    let mut began = Instant::now();
    while from < end {
        let page = log.read(Read { partition: P0, from, limit, mirror }).await.expect("a page");
        if limit == 1 {
            (began, limit) = (Instant::now(), PAGE);
        }
        for entry in &page.entries {
            found.bytes += entry.record.len();
            if decodes {
                std::hint::black_box(codec::decode(&entry.record).expect("a record"));
            }
        }
        found.count += page.entries.len();
        from = page.next;
    }
    let time = began.elapsed();
    assert!(found.bytes > 0);
    (time, found)
}
