//! What every backend of [`Views`] must do, as plain functions that panic where it does not.
//!
//! Each uses mirrors of its own, so all may run on one store, which need not be empty.

#![allow(clippy::expect_used, reason = "a conformance suite fails by panicking")]

use super::{Follower, Mark, Position, Scan, Views};
use crate::change::{Change, Column, Row};
use crate::key::{Bucket, Generation, Key, Kind, Prefix, RowKey};
use crate::register::Register;
use bytes::Bytes;
use events::{ChannelId, EventId, MessageId, MirrorId, Offset, Partition, UserId, Version};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use uuid::Uuid;

/// Runs them all.
pub async fn all(views: &dyn Views) {
    joins_in_any_order_and_batch(views).await;
    joins_within_one_commit(views).await;
    keeps_columns_apart(views).await;
    keeps_large_and_empty_values(views).await;
    gets_in_the_order_asked(views).await;
    scans_each_prefix_in_key_order(views).await;
    scans_behind_a_row_that_is_not_there(views).await;
    keeps_partitions_apart(views).await;
    keeps_a_ring_of_positions(views).await;
    keeps_positions_of_followers_apart(views).await;
    joins_concurrent_commits(views).await;
}

/// Registers among which every rule of the join decides once, the greatest last. `i64::MIN` is not among them: in CQL
/// it is no timestamp but stands for "none", and versions are microseconds since 1970.
fn ladder() -> Vec<Register> {
    let rungs: [(i64, &[u8]); 11] = [
        (i64::MIN + 1, b"z"),
        (-5, b""),
        (-5, b"b"),
        (0, b""),
        (0, b"\0"),
        (7, b"a"),
        (7, b"a\0"),
        (7, b"ab"),
        (7, b"b"),
        (7, b"\xff"),
        (8, b""),
    ];
    rungs.map(|(version, bytes)| register(version, bytes)).into()
}

/// Every order (of a family that moves each pair both ways), batch size and duplication joins alike.
pub async fn joins_in_any_order_and_batch(views: &dyn Views) {
    let registers = ladder();
    let mut id = 0;
    for turn in 0..registers.len() {
        for (backwards, size) in [(false, 1), (true, 1), (false, 3), (true, 4), (false, 11), (true, 11)] {
            id += 1;
            let key = message(1, id);
            let mut order = registers.clone();
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            join_by_batches(views, &key, &order, size).await;
        }
    }
}

/// After each batch, repeated once, the cell holds the greatest register so far.
async fn join_by_batches(views: &dyn Views, key: &Key, order: &[Register], size: usize) {
    let mut greatest: Option<Register> = None;
    for batch in order.chunks(size) {
        for _ in 0..2 {
            commit(views, batch.iter().map(|one| change(key, Column::Said, one.clone())).collect()).await;
        }
        greatest = greatest.max(batch.iter().max().cloned());
        let row = get(views, key).await;
        assert_eq!(row.get(Column::Said), greatest.as_ref(), "order {order:?}, {size} at a time");
    }
}

/// One commit may hold the same cell many times, among other rows.
pub async fn joins_within_one_commit(views: &dyn Views) {
    let mut changes = Vec::new();
    for (at, one) in ladder().into_iter().enumerate() {
        for id in 1..=3 {
            let at = if id == 2 { changes.len() } else { at % (changes.len() + 1) };
            changes.insert(at, change(&message(2, id), Column::Created, one.clone()));
        }
    }
    commit(views, changes).await;
    for id in 1..=3 {
        let row = get(views, &message(2, id)).await;
        assert_eq!(row.cells, [(Column::Created, register(8, b""))], "row {id}");
    }
}

/// Columns join apart, and come back in order.
pub async fn keeps_columns_apart(views: &dyn Views) {
    for row in specimens() {
        let columns = columns(&row);
        let key = Key { mirror: mirror(3), generation: Generation(0), bucket: Bucket(5), row };
        for (at, column) in columns.iter().enumerate().rev() {
            commit(views, vec![change(&key, *column, register(at as i64, b"v"))]).await;
        }
        let cells: Vec<_> =
            columns.iter().zip(0..).map(|(column, at)| (*column, register(at, b"v"))).collect();
        assert_eq!(get(views, &key).await.cells, cells, "{key:?}");
    }
}

/// A value may be empty, and may be a MiB.
pub async fn keeps_large_and_empty_values(views: &dyn Views) {
    let large = vec![0xa5; 1024 * 1024];
    let key = message(4, 1);
    let cells = [(Column::Created, register(1, &large)), (Column::Decor, register(1, b""))];
    commit(views, cells.iter().map(|(column, one)| change(&key, *column, one.clone())).collect()).await;
    assert!(get(views, &key).await.cells == cells, "a MiB and an empty value come back");
}

/// Rows come in the order of the keys asked for; absent ones are empty; one may be asked for twice.
pub async fn gets_in_the_order_asked(views: &dyn Views) {
    for id in [1, 2, 3] {
        commit(views, vec![change(&message(5, id), Column::Said, register(id as i64, b"v"))]).await;
    }
    let asked = [3, 9, 1, 3, 2, 8];
    let rows = views.get(&asked.map(|id| message(5, id))).await.expect("get");
    let versions: Vec<_> = rows.iter().map(|row| row.get(Column::Said).map(|one| one.version.0)).collect();
    assert_eq!(versions, [Some(3), None, Some(1), Some(3), Some(2), None]);
    assert_eq!(views.get(&[]).await.expect("get"), []);
}

/// Each prefix gives its rows in key order, whatever the page size, ids and versions at their extremes.
pub async fn scans_each_prefix_in_key_order(views: &dyn Views) {
    let mut rows = specimens();
    // Neither in order nor all at once.
    rows.rotate_left(7);
    rows.reverse();
    let key = |row: &RowKey| Key {
        mirror: mirror(6),
        generation: Generation(1),
        bucket: Bucket(0),
        row: row.clone(),
    };
    for batch in rows.chunks(10) {
        let one = |row: &RowKey| change(&key(row), columns(row)[0], register(1, b"v"));
        commit(views, batch.iter().map(one).collect()).await;
    }
    rows.sort();
    for prefix in prefixes() {
        let wanted: Vec<_> = rows.iter().filter(|row| prefix.holds(row)).cloned().collect();
        for limit in [1, 2, 3, wanted.len().max(1), 1000] {
            let scan = Scan { limit, ..scan(6, prefix) };
            let found = read_pages(views, scan).await;
            assert!(found.iter().all(|(at, row)| *at == key(&at.row) && row.cells.len() == 1));
            let found: Vec<_> = found.into_iter().map(|(key, _)| key.row).collect();
            assert_eq!(found, wanted, "{prefix:?}, {limit} at a time");
        }
    }
}

/// What [`super::scan_all`] does, and each page goes on behind the one before.
async fn read_pages(views: &dyn Views, mut scan: Scan) -> Vec<(Key, Row)> {
    let mut rows: Vec<(Key, Row)> = Vec::new();
    loop {
        let page = views.scan(scan.clone()).await.expect("scan");
        assert!(page.len() <= scan.limit, "{} rows, asked for {}", page.len(), scan.limit);
        let first = page.first().map(|(key, _)| &key.row);
        assert!(
            scan.after.is_none() || first.is_none() || scan.after.as_ref() < first,
            "{scan:?}: {first:?}"
        );
        let full = page.len() == scan.limit;
        scan.after = page.last().map(|(key, _)| key.row.clone());
        rows.extend(page);
        if !full {
            return rows;
        }
    }
}

/// A page goes on behind a row that is not there (any more), and holds no more than asked for.
pub async fn scans_behind_a_row_that_is_not_there(views: &dyn Views) {
    for id in [10, 20, 30, 40] {
        let key = Key { generation: Generation(1), bucket: Bucket(0), ..message(7, id) };
        commit(views, vec![change(&key, Column::Said, register(1, b"v"))]).await;
    }
    for (after, limit, wanted) in [
        (0, 2, &[10, 20][..]),
        (10, 9, &[20, 30, 40]),
        (15, 2, &[20, 30]),
        (39, 2, &[40]),
        (40, 2, &[]),
        (99, 2, &[]),
    ] {
        let after = Some(RowKey::Message(MessageId(after)));
        let found = views.scan(Scan { after, limit, ..scan(7, Prefix::Messages) }).await.expect("scan");
        let found: Vec<_> = found.into_iter().map(|(key, _)| key.row).collect();
        let wanted: Vec<_> = wanted.iter().map(|id| RowKey::Message(MessageId(*id))).collect();
        assert_eq!(found, wanted);
    }
}

/// Mirrors, builds and buckets do not see each other.
pub async fn keeps_partitions_apart(views: &dyn Views) {
    let mut keys = Vec::new();
    for mirror_number in [80, 81] {
        for generation in [0, 1, u32::MAX] {
            for bucket in [0, 1, 256, u32::MAX] {
                let (generation, bucket) = (Generation(generation), Bucket(bucket));
                keys.push(Key { generation, bucket, ..message(mirror_number, 1) });
            }
        }
    }
    let value = |at: usize| register(at as i64, &[at as u8]);
    commit(views, keys.iter().enumerate().map(|(at, key)| change(key, Column::Said, value(at))).collect())
        .await;
    for (at, key) in keys.iter().enumerate() {
        let Key { mirror, generation, bucket, .. } = *key;
        let scan = Scan { mirror, generation, bucket, prefix: Prefix::Messages, after: None, limit: 10 };
        let row = Row { cells: vec![(Column::Said, value(at))] };
        assert_eq!(views.scan(scan).await.expect("scan"), [(key.clone(), row.clone())]);
        assert_eq!(get(views, key).await, row, "{key:?}");
    }
}

/// The ring holds the last [`Position::RING`] places, newest first; a rewind drops those beyond it.
pub async fn keeps_a_ring_of_positions(views: &dyn Views) {
    let follower = follower(9, "views");
    assert_eq!(views.position(&follower).await.expect("position"), []);
    for offset in 1..=100 {
        record(views, &follower, offset, offset).await;
    }
    let expect = async |wanted: Vec<(u64, u64)>, what: &str| {
        let wanted: Vec<_> = wanted.into_iter().map(|(offset, event)| mark(offset, event)).collect();
        assert_eq!(views.position(&follower).await.expect("position"), wanted, "{what}");
    };
    let ring = |newest: u64| (37..=newest).rev().map(|offset| (offset, offset)).collect::<Vec<_>>();
    expect(ring(100), "100 places").await;
    record(views, &follower, 100, 100).await;
    expect(ring(100), "the same place again").await;
    commit(views, vec![change(&message(9, 1), Column::Said, register(1, b"v"))]).await;
    expect(ring(100), "a commit without a position").await;
    record(views, &follower, 50, 7).await;
    expect([vec![(50, 7)], ring(49)].concat(), "a rewind to an offset with another event").await;
    record(views, &follower, 0, 1).await;
    expect(vec![(0, 1)], "a rewind to the start").await;
    record(views, &follower, i64::MAX as u64, 2).await;
    expect(vec![(i64::MAX as u64, 2), (0, 1)], "the greatest offset").await;
}

/// Each (partition, name) has its own ring, and a position comes with its changes.
pub async fn keeps_positions_of_followers_apart(views: &dyn Views) {
    let followers = [follower(90, "views"), follower(90, "lanes"), follower(91, "views")];
    for (offset, follower) in (1..).zip(&followers) {
        let position = Position { follower: follower.clone(), mark: mark(offset, offset) };
        let one = change(&message(90, offset), Column::Said, register(1, b"v"));
        views.commit(vec![one], Some(position)).await.expect("commit");
    }
    for (offset, follower) in (1..).zip(&followers) {
        assert_eq!(views.position(follower).await.expect("position"), [mark(offset, offset)]);
        assert!(!get(views, &message(90, offset)).await.is_empty(), "the changes beside a position");
    }
}

/// Commits under way at once join as if one after the other.
pub async fn joins_concurrent_commits(views: &dyn Views) {
    let ladder = ladder();
    let one = |turn: usize| {
        let register = |id: usize| ladder[(id * 3 + turn) % ladder.len()].clone();
        let changes = (0..ladder.len()).map(|id| change(&message(10, id as u64), Column::Said, register(id)));
        commit(views, changes.collect())
    };
    join_all((0..ladder.len()).map(one)).await;
    for id in 0..ladder.len() {
        assert_eq!(get(views, &message(10, id as u64)).await.get(Column::Said), ladder.last(), "row {id}");
    }
}

/// Rows of every kind, with keys at their extremes and in each other's way.
fn specimens() -> Vec<RowKey> {
    const IDS: [u64; 6] = [0, 1, 255, 256, 1 << 40, i64::MAX as u64];
    const VERSIONS: [i64; 5] = [i64::MIN, -1, 0, 1, i64::MAX];
    let mut rows = Vec::new();
    for id in IDS {
        rows.push(RowKey::Message(MessageId(id)));
        rows.push(RowKey::CopyIndex(MessageId(id)));
        for (link, part, copy) in [(1, 0, 9), (1, 0, 10), (1, 256, 0), (255, 1, 3), (256, u16::MAX, id)] {
            let (source, link, copy) = (MessageId(id), ChannelId(link), MessageId(copy));
            rows.push(RowKey::Copy { source, link, part, copy });
        }
        for version in VERSIONS {
            let (message, version) = (MessageId(id), Version(version));
            rows.push(RowKey::Revision { message, version, event: event(1) });
            rows.push(RowKey::Revision { message, version, event: event(u64::MAX) });
        }
    }
    rows.extend(settings());
    rows
}

fn settings() -> Vec<RowKey> {
    let eight = |number: u64| number.to_be_bytes().to_vec();
    let keys = [
        vec![],
        vec![0],
        vec![0, 0],
        vec![1],
        eight(7),
        [eight(7), vec![0]].concat(),
        eight(8),
        vec![255; 40],
    ];
    let of = |kind| keys.iter().map(move |key| RowKey::Setting { kind, key: key.clone() });
    Kind::ALL.into_iter().flat_map(of).collect()
}

fn prefixes() -> Vec<Prefix> {
    let mut prefixes = vec![Prefix::Messages, Prefix::Copies, Prefix::Revisions, Prefix::CopyIndex];
    prefixes.extend(Kind::ALL.map(Prefix::Settings));
    for id in [0, 1, 2, 256, i64::MAX as u64] {
        prefixes.push(Prefix::CopiesOf(MessageId(id)));
        prefixes.push(Prefix::RevisionsOf(MessageId(id)));
        prefixes.extend([0, 1, 255, 256].map(|link| Prefix::CopiesIn(MessageId(id), ChannelId(link))));
    }
    for number in [0, 7, 8, 9, u64::MAX] {
        prefixes.push(Prefix::SettingsOfName(number));
        prefixes.push(Prefix::RolesOf(UserId(number)));
    }
    prefixes
}

/// The columns that rows of this kind have.
fn columns(row: &RowKey) -> &'static [Column] {
    match row {
        RowKey::Message(_) => {
            &[Column::Created, Column::Said, Column::Decor, Column::Deleted, Column::Thread]
        }
        RowKey::Copy { .. } => &[Column::Shown, Column::Gone, Column::Refused, Column::Thread],
        RowKey::Revision { .. } => &[Column::Value],
        RowKey::CopyIndex(_) => &[Column::Gone, Column::Source],
        RowKey::Setting { kind: Kind::Link, .. } => &[Column::Value, Column::Cut, Column::Restored],
        RowKey::Setting { .. } => &[Column::Value],
    }
}

fn mirror(number: u64) -> MirrorId {
    MirrorId(Uuid::from_u64_pair(0xc0f0_4a6c_e000_8000, number))
}

fn event(number: u64) -> EventId {
    EventId(Uuid::from_u64_pair(number, number))
}

fn message(mirror_number: u64, id: u64) -> Key {
    let row = RowKey::Message(MessageId(id));
    Key { mirror: mirror(mirror_number), generation: Generation(0), bucket: Bucket(3), row }
}

fn scan(mirror_number: u64, prefix: Prefix) -> Scan {
    let (mirror, generation, bucket) = (mirror(mirror_number), Generation(1), Bucket(0));
    Scan { mirror, generation, bucket, prefix, after: None, limit: 10 }
}

fn register(version: i64, bytes: &[u8]) -> Register {
    Register { version: Version(version), bytes: Bytes::copy_from_slice(bytes) }
}

fn change(key: &Key, column: Column, register: Register) -> Change {
    Change { key: key.clone(), column, register }
}

fn follower(partition: u16, name: &str) -> Follower {
    Follower { partition: Partition(partition), name: name.to_owned() }
}

fn mark(offset: u64, number: u64) -> Mark {
    Mark { offset: Offset(offset), event: event(number) }
}

async fn commit(views: &dyn Views, changes: Vec<Change>) {
    views.commit(changes, None).await.expect("commit");
}

async fn record(views: &dyn Views, follower: &Follower, offset: u64, number: u64) {
    let position = Position { follower: follower.clone(), mark: mark(offset, number) };
    views.commit(Vec::new(), Some(position)).await.expect("commit");
}

async fn get(views: &dyn Views, key: &Key) -> Row {
    let rows = views.get(std::slice::from_ref(key)).await.expect("get");
    assert_eq!(rows.len(), 1);
    rows.into_iter().next().expect("a row for each key")
}

/// Drives all at once, on the task of the caller.
pub(crate) async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<Pin<Box<_>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = running.iter().map(|_| None).collect();
    let all = std::future::poll_fn(move |context| {
        for (future, slot) in running.iter_mut().zip(&mut done).filter(|(_, slot)| slot.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            return Poll::Ready(done.iter_mut().filter_map(Option::take).collect());
        }
        Poll::Pending
    });
    pin!(all).await
}

#[cfg(test)]
mod tests {
    use crate::views::memory::MemoryViews;

    #[tokio::test]
    async fn memory() {
        super::all(&MemoryViews::new()).await;
    }
}
