//! Large partitions, large values, and where paging goes on.

use crate::stage::Stage;
use bytes::Bytes;
use events::{EventId, MessageId, MirrorId, Offset, Partition, Version};
use mirror::scylla::{Settings, Store};
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError, scan_all};
use projections::{Bucket, Change, Column, Generation, Key, Prefix, Register, RowKey};
use std::time::Duration;
use uuid::Uuid;

fn change(message: u64, bytes: Bytes) -> Change {
    let mirror = MirrorId(Uuid::from_u64_pair(1, 2));
    let row = RowKey::Message(MessageId(message));
    let key = Key { mirror, generation: Generation(0), bucket: Bucket(9), row };
    Change { key, column: Column::Said, register: Register { version: Version(1), bytes } }
}

fn scan(limit: usize) -> Scan {
    let Key { mirror, generation, bucket, .. } = change(0, Bytes::new()).key;
    Scan { mirror, generation, bucket, prefix: Prefix::Messages, after: None, limit }
}

/// One partition of many rows, written in one commit, read whole, in small pages, and in pages beyond the driver's.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_partition_is_read_in_pages() {
    const ROWS: u64 = 12_000;
    let Some(stage) = Stage::given("size").await else { return };
    let views = stage.store.views();
    let text = Bytes::from(vec![b'x'; 200]);
    views.commit((0..ROWS).map(|id| change(id, text.clone())).collect(), None).await.expect("commit");
    for limit in [700, 1000, 2500, 100_000] {
        let rows = scan_all(&views, scan(limit)).await.expect("rows");
        let ids: Vec<_> = rows.iter().map(|(key, _)| key.row.clone()).collect();
        assert!(
            ids == (0..ROWS).map(|id| RowKey::Message(MessageId(id))).collect::<Vec<_>>(),
            "{limit} at a time"
        );
    }
    assert_eq!(views.scan(scan(0)).await.expect("none"), []);
    let keys: Vec<_> = (0..ROWS).step_by(5).map(|id| change(id, Bytes::new()).key).collect();
    let rows = views.get(&keys).await.expect("rows");
    assert!(rows.iter().all(|row| row.get(Column::Said).is_some_and(|said| said.bytes == text)));
    stage.end().await;
}

/// Values of MiBs pass; one past what the server takes is an error, and the store lives on.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_too_large_is_an_error() {
    let Some(stage) = Stage::given("large").await else { return };
    let settings = Settings { patience: Duration::from_secs(1), ..Settings::default() };
    let store = Store::connect(&stage.address, settings).await.expect("a store");
    let views = store.views();
    let fine: Vec<_> = (0..20).map(|id| change(id, Bytes::from(vec![id as u8; 1 << 20]))).collect();
    views.commit(fine.clone(), None).await.expect("20 MiB in values of one");
    for change in &fine {
        let row = views.get(std::slice::from_ref(&change.key)).await.expect("a row");
        assert!(row[0].get(Column::Said) == Some(&change.register));
    }
    for mebibytes in [9, 17] {
        let large = change(99, Bytes::from(vec![1; mebibytes << 20]));
        let refused = views.commit(vec![large], None).await.expect_err("too large");
        println!("{mebibytes} MiB: {refused}");
        assert!(matches!(refused, ViewsError::Retry(_) | ViewsError::Stopped(_)));
    }
    // The position is written behind all changes: none of them, no position.
    let follower = Follower { partition: Partition(0), name: "views".to_owned() };
    let mark = Mark { offset: Offset(7), event: EventId(Uuid::from_u64_pair(1, 7)) };
    let changes = vec![change(1, Bytes::from_static(b"v")), change(99, Bytes::from(vec![1; 9 << 20]))];
    let position = Position { follower: follower.clone(), mark };
    views.commit(changes, Some(position)).await.expect_err("too large");
    assert_eq!(views.position(&follower).await.expect("a ring"), []);
    views.commit(vec![change(100, Bytes::from_static(b"v"))], None).await.expect("it lives");
    stage.end().await;
}
