//! Append: from the outbox to the broker's confirm, and the outbox alone.

use crate::bare::Published;
use crate::site::{P0, Site};
use crate::{ROUNDS, line, ratio};
use events::log::{Durable, Log};
use events::sample::{self, Chat};
use events::{Event, codec};
use mirror::sqlite::DataDir;
use rusqlite::Connection;
use std::time::{Duration, Instant};

const BATCHES: [usize; 2] = [256, 1000];
const CHAT: Chat = Chat { seed: 3, count: 0, mirrors: 50, raw: true };

fn events(count: usize) -> (Vec<Event>, Vec<Vec<u8>>) {
    let events: Vec<Event> = sample::chat(Chat { count, ..CHAT }).collect();
    let records = events.iter().map(encoded).collect();
    (events, records)
}

fn encoded(event: &Event) -> Vec<u8> {
    let mut record = Vec::new();
    codec::encode(event, &mut record).expect("a small event");
    record
}

/// Durable on this node, beside the same bytes as rows of bare SQLite.
pub(crate) async fn outbox(count: usize) {
    const BATCH: usize = 1000;
    let (events, records) = events(count);
    println!("outbox alone: {count} events in batches of {BATCH}, fsync, {} bytes a record", mean(&records));
    let (mut ours, mut bare) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        bare.push(rows(&records, BATCH));
        let place = tempfile::tempdir().expect("a temporary directory");
        let directory = DataDir::open(place.path()).expect("an open data directory");
        let (outbox, _) = directory.outbox().expect("an outbox");
        ours.push(append(&outbox, &events, BATCH, Durable::Here).await);
        outbox.close().await.expect("closed");
        directory.close().await.expect("closed");
    }
    let bare = line("bare SQLite, a row an event", count, &bare);
    let ours = line("outbox, encoding included", count, &ours);
    ratio("outbox to bare SQLite", ours / bare, ">= 1.0");
}

fn mean(records: &[Vec<u8>]) -> usize {
    records.iter().map(Vec::len).sum::<usize>() / records.len()
}

fn rows(records: &[Vec<u8>], batch: usize) -> Duration {
    let place = tempfile::tempdir().expect("a temporary directory");
    let connection = Connection::open(place.path().join("bare.db")).expect("open");
    let table = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE events (id INTEGER PRIMARY KEY, record BLOB NOT NULL)";
    connection.execute_batch(table).expect("a table");
    let began = Instant::now();
    for batch in records.chunks(batch) {
        let transaction = connection.unchecked_transaction().expect("begin");
        for record in batch {
            let insert = transaction.prepare_cached("INSERT INTO events (record) VALUES (?1)");
            insert.expect("insert").execute([record]).expect("a row");
        }
        transaction.commit().expect("commit");
    }
    began.elapsed()
}

/// Appends in batches; how long the log took.
async fn append(log: &dyn Log, events: &[Event], batch: usize, durable: Durable) -> Duration {
    let batches: Vec<Vec<Event>> = events.chunks(batch).map(<[Event]>::to_vec).collect();
    let began = Instant::now();
    for batch in batches {
        log.append(P0, batch, durable).await.expect("appended");
    }
    began.elapsed()
}

/// Durable here and confirmed by the broker, beside the bare producer, each batch confirmed before the next.
pub(crate) async fn confirmed(site: &Site, count: usize) {
    let (events, records) = events(count);
    for batch in BATCHES {
        println!("append to confirm: {count} events in batches of {batch}");
        let (mut ours, mut flowing, mut bare) = (vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let published = Published::new(site, batch).await;
            bare.push(published.publish(&records, batch).await);
            published.end().await;
            let open = site.log().await;
            // The first append makes the connection.
            append(&open.log, &events[..1], 1, Durable::Everywhere).await;
            ours.push(append(&open.log, &events, batch, Durable::Everywhere).await);
            flowing.push(flow(&open.log, &events, batch).await);
            open.end().await;
        }
        let bare = line("bare producer, each batch confirmed", count, &bare);
        let ours = line("outbox and stream, each batch confirmed", count, &ours);
        let flowing = line("outbox and stream, the last batch confirmed", count, &flowing);
        ratio("each batch confirmed, to the bare producer", ours / bare, ">= 0.6");
        ratio("the last batch confirmed, to the bare producer", flowing / bare, ">= 0.6");
    }
}

/// As a node appends frames: each batch durable here, and in the end all of it everywhere.
async fn flow(log: &dyn Log, events: &[Event], batch: usize) -> Duration {
    let began = Instant::now();
    append(log, events, batch, Durable::Here).await;
    log.append(P0, vec![], Durable::Everywhere).await.expect("confirmed");
    began.elapsed()
}
