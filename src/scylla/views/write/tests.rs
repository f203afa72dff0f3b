use super::*;
use bytes::Bytes;
use events::{MessageId, MirrorId, Version};
use projections::{Bucket, Column, Generation, Register, RowKey};

fn change(bucket: u32, message: u64, column: Column, version: i64, size: usize) -> Change {
    let row = RowKey::Message(MessageId(message));
    let key = Key { mirror: MirrorId::default(), generation: Generation(0), bucket: Bucket(bucket), row };
    Change {
        key,
        column,
        register: Register { version: Version(version), bytes: Bytes::from(vec![0; size]) },
    }
}

#[test]
fn one_change_is_left_per_cell_and_it_is_the_greatest() {
    let said = |version| change(1, 1, Column::Said, version, 1);
    let decor = change(1, 1, Column::Decor, 1, 1);
    let other = change(1, 2, Column::Said, 1, 1);
    let left = joined(vec![other.clone(), said(2), decor.clone(), said(9), said(5), said(9)]);
    assert_eq!(left, [said(9), decor, other]);
}

#[test]
fn a_batch_holds_one_partition_and_is_bounded() {
    let check = |changes: Vec<Change>, wanted: &[usize]| {
        let batches = batches(joined(changes)).expect("batches");
        assert_eq!(batches.iter().map(|batch| batch.writes.len()).collect::<Vec<_>>(), wanted);
    };
    let small = |bucket, message| change(bucket, message, Column::Said, 1, 10);
    check(vec![], &[]);
    check((0..120).map(|message| small(1, message)).collect(), &[50, 50, 20]);
    check((0..10).map(|message| small(message as u32 % 2, message)).collect(), &[5, 5]);
    check((0..3).map(|message| change(1, message, Column::Said, 1, 30_000)).collect(), &[2, 1]);
    check(vec![small(1, 1), change(1, 2, Column::Said, 1, 1 << 20), small(1, 3)], &[1, 1, 1]);
}

#[test]
fn what_cannot_be_written_is_refused() {
    assert!(batches(vec![change(1, 1, Column::Shown, 1, 1)]).is_err());
    assert!(batches(vec![change(1, 1, Column::Said, i64::MIN, 1)]).is_err());
    assert!(batches(vec![change(1, 1, Column::Said, i64::MIN + 1, 1)]).is_ok());
}
