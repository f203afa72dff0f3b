//! Append: from the outbox to the broker's confirm, and the outbox alone.

use crate::bare::Published;
use crate::rounds::{Amount, Rounds, ratio};
use crate::site::{P0, Site};
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
    let (mut rounds, amount) = (Rounds::<2>::new(), amount(&records));
    println!("outbox alone: {} in batches of {BATCH}, fsync; {}", said(amount), rounds.words());
    for turn in rounds.turns() {
        let time = match turn.1 {
            0 => rows(&records, BATCH),
            _ => alone(&events, BATCH).await,
        };
        rounds.took(turn, time);
    }
    let bare = rounds.line(0, "bare SQLite, a row an event", amount);
    let ours = rounds.line(1, "outbox, encoding included", amount);
    ratio("outbox to bare SQLite", ours / bare, ">= 1.0");
}

fn amount(records: &[Vec<u8>]) -> Amount {
    Amount { count: records.len(), bytes: records.iter().map(Vec::len).sum() }
}

fn said(Amount { count, bytes }: Amount) -> String {
    format!("{count} events, {bytes} bytes ({} a record)", bytes / count.max(1))
}

async fn alone(events: &[Event], batch: usize) -> Duration {
    let place = tempfile::tempdir().expect("a temporary directory");
    let directory = DataDir::open(place.path()).expect("an open data directory");
    let (outbox, _) = directory.outbox().expect("an outbox");
    let time = append(&outbox, events, batch, Durable::Here).await;
    outbox.close().await.expect("closed");
    directory.close().await.expect("closed");
    time
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
        let (mut rounds, amount) = (Rounds::<3>::new(), amount(&records));
        println!("append to confirm: {} in batches of {batch}; {}", said(amount), rounds.words());
        for turn in rounds.turns() {
            let time = match turn.1 {
                0 => bare(site, &records, batch).await,
                1 => ours(site, &events, batch, false).await,
                _ => ours(site, &events, batch, true).await,
            };
            rounds.took(turn, time);
        }
        let bare = rounds.line(0, "bare producer, each batch confirmed", amount);
        let each = rounds.line(1, "outbox and stream, each batch confirmed", amount);
        let last = rounds.line(2, "outbox and stream, the last batch confirmed", amount);
        ratio("each batch confirmed, to the bare producer", each / bare, ">= 0.6");
        ratio("the last batch confirmed, to the bare producer", last / bare, ">= 0.6");
    }
}

async fn bare(site: &Site, records: &[Vec<u8>], batch: usize) -> Duration {
    let published = Published::new(site, batch).await;
    let time = published.publish(records, batch).await;
    published.end().await;
    time
}

/// `flows`: as a node appends frames, each batch durable here, and in the end all of it everywhere.
async fn ours(site: &Site, events: &[Event], batch: usize, flows: bool) -> Duration {
    let open = site.log().await;
    // The first append makes the connection.
    append(&open.log, &events[..1], 1, Durable::Everywhere).await;
    let time = if flows {
        let here = append(&open.log, events, batch, Durable::Here).await;
        let began = Instant::now();
        open.log.append(P0, vec![], Durable::Everywhere).await.expect("confirmed");
        here + began.elapsed()
    } else {
        append(&open.log, events, batch, Durable::Everywhere).await
    };
    open.end().await;
    time
}
