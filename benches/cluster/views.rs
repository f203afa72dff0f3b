//! Projection into CQL: commits of folded changes, beside the driver's own inserts of the same rows: concurrent, one for
//! each row, which the aim is about; and in batches of one partition each, which is how a commit writes.

use crate::rounds::{Amount, Rounds, ratio};
use crate::site::{Keyspace, P0, Site, address};
use events::sample::{self, Chat};
use events::{Event, EventId, MirrorId, Offset};
use futures_util::{StreamExt, TryStreamExt, stream};
use mirror::scylla::Store;
use projections::fold::Fold;
use projections::follow::FollowState;
use projections::key::Bucket;
use projections::views::{Follower, Mark, Position, Views};
use projections::{Change, Column, Generation, Key, RowKey};
use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlValue;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// Events of one commit: a step of a follower that has fallen behind.
const STEP: usize = 1024;
/// Events of one commit while a follower keeps step.
const STEP_SMALL: usize = 16;
/// Inserts under way at once, as many as the store has requests.
const IN_FLIGHT: usize = 128;
/// Batches under way at once, and rows of one: as a commit of ours.
const BATCHES_IN_FLIGHT: usize = 32;
const BATCH_ROWS: usize = 50;
/// Rounds before the first that counts: a cold JVM is half as fast.
const WARM_UP: usize = 2;

pub(crate) async fn commits(site: &Site, count: usize) {
    let (ours, bare) = (site.keyspace().await, site.keyspace().await);
    let (store, driver) = (ours.store().await, Bare::connect(&bare).await);
    let events: Vec<Event> = sample::chat(Chat { seed: 9, count, mirrors: 50, raw: false }).collect();
    for (step, events) in [(STEP, &events[..]), (STEP_SMALL, &events[..count / 8])] {
        beside(&store, &driver, (events, step)).await;
    }
    drop((store, driver));
    ours.end().await;
    bare.end().await;
}

async fn beside(store: &Store, driver: &Bare, (events, step): (&[Event], usize)) {
    println!("views: {} events folded into CQL, {step} a commit", events.len());
    let (mut rounds, mut amount, mut cells) = (Rounds::<3>::after(WARM_UP), None, 0);
    for turn in rounds.turns() {
        // Each round writes a build of its own, to which no side has written; the bare sides write two.
        let (round, side) = turn;
        let build = Generation((step * 100 + round * 2 + usize::from(side == 2)) as u32);
        let commits = changes(events, step, build);
        cells = commits.iter().map(Vec::len).sum();
        let rows = || commits.iter().map(|changes| grouped(changes)).collect::<Vec<_>>();
        amount = Some(counted(&rows()));
        let time = match side {
            0 => driver.insert(rows()).await,
            1 => driver.batches(rows()).await,
            _ => commit(store, commits).await,
        };
        rounds.took(turn, time);
    }
    let amount = amount.expect("a round");
    println!("  {} rows, {cells} cells, {} bytes; {}", amount.count, amount.bytes, rounds.words());
    let inserts = rounds.line(0, "bare driver, concurrent inserts: rows", amount);
    let batches = rounds.line(1, "bare driver, unlogged batches of a partition: rows", amount);
    let ours = rounds.line(2, "commit, with the position: rows", amount);
    ratio("commit to bare concurrent inserts of the same rows", ours / inserts, ">= 0.9");
    ratio("commit to bare batches of the same rows", ours / batches, "none: for comparison");
}

fn counted(commits: &[Vec<Inserted>]) -> Amount {
    let bytes = |row: &Inserted| row.columns.iter().map(|(_, value)| size(value)).sum::<usize>();
    let bytes = commits.iter().flatten().map(bytes).sum();
    Amount { count: commits.iter().map(Vec::len).sum(), bytes }
}

/// Of the cells' values.
fn size(value: &CqlValue) -> usize {
    match value {
        CqlValue::Blob(bytes) => bytes.len(),
        _ => 0,
    }
}

/// What each commit holds.
fn changes(events: &[Event], step: usize, generation: Generation) -> Vec<Vec<Change>> {
    let fold = |events: &[Event]| {
        let mut fold = Fold::default();
        events.iter().for_each(|event| fold.add_to(event, generation));
        fold.into_changes()
    };
    events.chunks(step).map(fold).collect()
}

async fn commit(store: &Store, commits: Vec<Vec<Change>>) -> Duration {
    let views = store.views();
    let follower = Follower { partition: P0, name: FollowState::VIEWS.to_owned() };
    let began = Instant::now();
    for (number, changes) in commits.into_iter().enumerate() {
        let mark = Mark { offset: Offset(number as u64), event: EventId::default() };
        let position = Position { follower: follower.clone(), mark };
        views.commit(changes, Some(position)).await.expect("committed");
    }
    began.elapsed()
}

/// One row: its table, its partition, its columns with values, and its timestamp.
struct Inserted {
    partition: (MirrorId, Generation, Bucket),
    table: &'static str,
    columns: Vec<(&'static str, CqlValue)>,
    timestamp: i64,
}

/// One insert a row, with all its cells.
fn grouped(changes: &[Change]) -> Vec<Inserted> {
    let mut rows: HashMap<&Key, Inserted> = HashMap::new();
    for change in changes {
        let row = rows.entry(&change.key).or_insert_with(|| row(&change.key));
        row.columns.push((cell(change.column), CqlValue::Blob(change.register.bytes.to_vec())));
        row.timestamp = row.timestamp.max(change.register.version.0);
    }
    rows.into_values().collect()
}

fn row(key: &Key) -> Inserted {
    let id = |id: u64| CqlValue::BigInt(id as i64);
    let (table, own) = match &key.row {
        RowKey::Message(message) => ("messages", vec![("message", id(message.0))]),
        RowKey::CopyIndex(copy) => ("copy_index", vec![("copy", id(copy.0))]),
        RowKey::Copy { source, link, part, copy } => {
            let part = CqlValue::Int(i32::from(*part));
            let own = [("source", id(source.0)), ("link", id(link.0)), ("part", part), ("copy", id(copy.0))];
            ("copies", own.to_vec())
        }
        RowKey::Revision { message, version, event } => {
            let event = CqlValue::Blob(event.0.as_bytes().to_vec());
            let version = CqlValue::BigInt(version.0);
            ("revisions", vec![("message", id(message.0)), ("version", version), ("event", event)])
        }
        RowKey::Setting { kind, key } => {
            let kind = CqlValue::Int(i32::from(*kind as u8));
            ("settings", vec![("kind", kind), ("key", CqlValue::Blob(key.clone()))])
        }
    };
    let mut columns = vec![
        ("mirror", CqlValue::Uuid(key.mirror.0)),
        ("generation", CqlValue::BigInt(key.generation.0.into())),
        ("bucket", CqlValue::BigInt(key.bucket.0.into())),
    ];
    columns.extend(own);
    let partition = (key.mirror, key.generation, key.bucket);
    Inserted { table, partition, columns, timestamp: i64::MIN + 1 }
}

const fn cell(column: Column) -> &'static str {
    match column {
        Column::Created => "created",
        Column::Said => "said",
        Column::Decor => "decor",
        Column::Deleted => "deleted",
        Column::Shown => "shown",
        Column::Gone => "gone",
        Column::Refused => "refused",
        Column::Source => "source",
        Column::Value => "value",
        Column::Cut => "cut",
        Column::Restored => "restored",
        Column::Thread => "thread",
    }
}

/// A prepared statement with its values.
type Bound = (PreparedStatement, Vec<CqlValue>);

/// The driver, as its documentation shows it.
struct Bare {
    session: Session,
    keyspace: String,
}

impl Bare {
    async fn connect(keyspace: &Keyspace) -> Self {
        Self { session: keyspace.session().await, keyspace: address(&keyspace.url).keyspace }
    }

    async fn prepared(&self, commits: &[Vec<Inserted>]) -> HashMap<String, PreparedStatement> {
        let mut prepared = HashMap::new();
        for row in commits.iter().flatten() {
            if let Entry::Vacant(new) = prepared.entry(self.text(row)) {
                let mut statement = self.session.prepare(new.key().as_str()).await.expect("prepared");
                statement.set_consistency(Consistency::Quorum);
                new.insert(statement);
            }
        }
        prepared
    }

    /// An insert a row, many at once.
    async fn insert(&self, commits: Vec<Vec<Inserted>>) -> Duration {
        let prepared = self.prepared(&commits).await;
        let bound = |row: Inserted| (prepared[&self.text(&row)].clone(), values(row));
        let commits: Vec<Vec<Bound>> =
            commits.into_iter().map(|rows| rows.into_iter().map(bound).collect()).collect();
        let began = Instant::now();
        for rows in commits {
            let insert = |(statement, values): Bound| async move {
                self.session.execute_unpaged(&statement, values).await.map(drop)
            };
            let all = stream::iter(rows).map(insert).buffer_unordered(IN_FLIGHT);
            all.try_collect::<()>().await.expect("inserted");
        }
        began.elapsed()
    }

    /// The rows of a partition together, in an unlogged batch.
    async fn batches(&self, commits: Vec<Vec<Inserted>>) -> Duration {
        let prepared = self.prepared(&commits).await;
        let batch = |rows: Vec<Inserted>| {
            let (mut batch, mut bound) = (Batch::new(BatchType::Unlogged), vec![]);
            batch.set_consistency(Consistency::Quorum);
            for row in rows {
                batch.append_statement(prepared[&self.text(&row)].clone());
                bound.push(values(row));
            }
            (batch, bound)
        };
        let commits: Vec<Vec<(Batch, Vec<Vec<CqlValue>>)>> =
            commits.into_iter().map(|rows| together(rows).into_iter().map(batch).collect()).collect();
        let began = Instant::now();
        for batches in commits {
            let send = |(batch, bound): (Batch, Vec<Vec<CqlValue>>)| async move {
                self.session.batch(&batch, bound).await.map(drop)
            };
            let all = stream::iter(batches).map(send).buffer_unordered(BATCHES_IN_FLIGHT);
            all.try_collect::<()>().await.expect("inserted");
        }
        began.elapsed()
    }

    fn text(&self, row: &Inserted) -> String {
        let names: Vec<&str> = row.columns.iter().map(|(name, _)| *name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let (keyspace, table, names) = (&self.keyspace, row.table, names.join(", "));
        format!("INSERT INTO {keyspace}.{table} ({names}) VALUES ({marks}) USING TIMESTAMP ?")
    }
}

fn values(row: Inserted) -> Vec<CqlValue> {
    let values = row.columns.into_iter().map(|(_, value)| value);
    values.chain([CqlValue::BigInt(row.timestamp)]).collect()
}

/// Rows by partition, at most so many of it together.
fn together(rows: Vec<Inserted>) -> Vec<Vec<Inserted>> {
    let mut partitions: HashMap<_, Vec<Vec<Inserted>>> = HashMap::new();
    for row in rows {
        let pieces = partitions.entry(row.partition).or_default();
        match pieces.last_mut() {
            Some(piece) if piece.len() < BATCH_ROWS => piece.push(row),
            _ => pieces.push(vec![row]),
        }
    }
    partitions.into_values().flatten().collect()
}
