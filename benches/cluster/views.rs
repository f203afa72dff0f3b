//! Projection into CQL: commits of folded changes, beside the driver's own concurrent inserts of the same rows.

use crate::site::{P0, Site, address};
use crate::{ROUNDS, line, ratio};
use events::sample::{self, Chat};
use events::{Event, EventId, Offset};
use futures_util::{StreamExt, TryStreamExt, stream};
use mirror::scylla::{Settings, Store};
use projections::fold::Fold;
use projections::follow::FollowState;
use projections::views::{Follower, Mark, Position, Views};
use projections::{Change, Column, Generation, Key, RowKey};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
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
/// Rounds before the first that counts: a cold JVM is half as fast.
const WARM_UP: usize = 2;

pub(crate) async fn commits(site: &Site, count: usize) {
    let url = site.keyspace().await;
    let store = Store::connect(&address(&url), Settings::default()).await.expect("a store");
    let bare = Bare::connect(&site.keyspace().await).await;
    let events: Vec<Event> = sample::chat(Chat { seed: 9, count, mirrors: 50, raw: false }).collect();
    for (step, events) in [(STEP, &events[..]), (STEP_SMALL, &events[..count / 8])] {
        println!(
            "views: {} events folded into CQL, {step} a commit, beside concurrent inserts",
            events.len()
        );
        let (mut ours, mut inserts, mut rows, mut cells) = (vec![], vec![], 0, 0);
        for round in 0..WARM_UP + ROUNDS {
            let commits = changes(events, step, Generation(round as u32));
            cells = commits.iter().map(Vec::len).sum();
            let inserted = commits.iter().map(|changes| grouped(changes)).collect::<Vec<_>>();
            rows = inserted.iter().map(Vec::len).sum();
            let times = (bare.insert(inserted).await, commit(&store, commits).await);
            if round >= WARM_UP {
                inserts.push(times.0);
                ours.push(times.1);
            }
        }
        println!("  {rows} rows, {cells} cells, in all commits");
        let inserts = line("bare driver, concurrent prepared inserts: rows", rows, &inserts);
        let ours = line("commit, with the position: rows", rows, &ours);
        ratio("commit to bare inserts, per row", ours / inserts, ">= 0.9");
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

/// One row: its table, its columns with values, and its timestamp.
struct Inserted {
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
    Inserted { table, columns, timestamp: i64::MIN + 1 }
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
    }
}

/// The driver, as its documentation shows it.
struct Bare {
    session: Session,
    keyspace: String,
}

impl Bare {
    async fn connect(url: &str) -> Self {
        let address = address(url);
        let session = SessionBuilder::new().known_nodes(&address.hosts).build().await.expect("a session");
        Self { session, keyspace: address.keyspace }
    }

    async fn insert(&self, commits: Vec<Vec<Inserted>>) -> Duration {
        let mut prepared = HashMap::new();
        for row in commits.iter().flatten() {
            let text = self.text(row);
            if let Entry::Vacant(new) = prepared.entry(text) {
                let mut statement = self.session.prepare(new.key().as_str()).await.expect("prepared");
                statement.set_consistency(Consistency::LocalQuorum);
                new.insert(statement);
            }
        }
        let commits = commits.into_iter().map(|rows| {
            rows.into_iter().map(|row| (prepared[&self.text(&row)].clone(), values(row))).collect::<Vec<_>>()
        });
        let commits: Vec<Vec<(PreparedStatement, Vec<CqlValue>)>> = commits.collect();
        let began = Instant::now();
        for rows in commits {
            let insert = |(statement, values): (PreparedStatement, Vec<CqlValue>)| async move {
                self.session.execute_unpaged(&statement, values).await.map(drop)
            };
            let all = stream::iter(rows).map(insert).buffer_unordered(IN_FLIGHT);
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
