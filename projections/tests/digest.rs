//! The digest sees every difference, and the difference is named.

#![allow(clippy::unwrap_used, reason = "tests")]

use events::{Event, Version};
use expect_test::expect;
use projections::digest::{Digest, differences, digest, first_difference};
use projections::fold::Fold;
use projections::sample::{history, mirror};
use projections::views::memory::MemoryViews;
use projections::{Bucket, Change, Column, Generation, Register, Views};

fn fold(history: &[Event], generation: u32) -> Vec<Change> {
    let mut fold = Fold::new(Generation(generation));
    history.iter().for_each(|event| fold.add(event));
    fold.into_changes().into_iter().filter(|change| change.key.mirror == mirror(0)).collect()
}

/// Any one cell changed, moved or lost changes the digest.
#[test]
fn every_cell_counts() {
    let changes = fold(&history(5, 1, 300), 0);
    assert!(changes.len() > 300);
    let whole = Digest::of(&changes);
    let differs = |what: &str, at: usize, change: &dyn Fn(&mut Change)| {
        let mut other = changes.clone();
        change(&mut other[at]);
        assert_ne!(Digest::of(&other), whole, "{what} of cell {at}: {:?}", changes[at].key.row);
    };
    for at in 0..changes.len() {
        let mut less = changes.clone();
        less.swap_remove(at);
        assert_ne!(Digest::of(&less), whole, "cell {at} lost");
        differs("version", at, &|change| change.register.version.0 += 1);
        differs("bytes", at, &|change| change.register.bytes = b"other".as_slice().into());
        differs("bucket", at, &|change| change.key.bucket = Bucket(change.key.bucket.0 ^ 1));
        differs("column", at, &|change| {
            change.column = if change.column == Column::Value { Column::Cut } else { Column::Value };
        });
    }
}

#[tokio::test]
async fn scan_and_memory_agree_and_builds_compare() {
    let history = history(6, 1, 400);
    let views = MemoryViews::new();
    for generation in [0, 7] {
        views.commit(fold(&history, generation), None).await.unwrap();
        let found = digest(&views, mirror(0), Generation(generation)).await.unwrap();
        assert_eq!(found, Digest::of(&fold(&history, 3)));
    }
    let none = first_difference(&views, mirror(0), Generation(0), Generation(7)).await.unwrap();
    assert_eq!(none, None);
    assert_eq!(Digest(0xab).to_string(), "000000000000000000000000000000ab");
}

/// A cell more, a cell less, a row more, a row less: each is found, in key order, and named.
#[tokio::test]
async fn differences_are_named() {
    let history = history(9, 1, 12);
    let changes = fold(&history, 0);
    let views = MemoryViews::new();
    let mut other = fold(&history, 1);
    other[2].register.version = Version(5);
    let last = other.len() - 1;
    let more = Register { version: Version(1), bytes: "more".into() };
    other.push(Change { column: Column::Gone, register: more, ..other[last].clone() });
    other.remove(last - 2);
    views.commit(changes, None).await.unwrap();
    views.commit(other, None).await.unwrap();
    let found = differences(&views, mirror(0), [Generation(0), Generation(1)], 9).await.unwrap();
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    expect![[r#"
        setting User 000000000000000d (bucket 0): value version 1700000007412000, 15 bytes, hash 2835f6ac / version 5, 15 bytes, hash 2835f6ac
        revision 1700000003116000 of message 1174109845642439678 by event d8056203-b5e3-5100-bd53-2555966c41df (bucket 77758): value version 1700000003116000, 1 bytes, hash 5baf644c / absent"#]].assert_eq(&lines.join("\n"));
    let first = first_difference(&views, mirror(0), Generation(0), Generation(1)).await.unwrap();
    assert_eq!(first.as_ref(), found.first());
    let back = differences(&views, mirror(0), [Generation(1), Generation(0)], 9).await.unwrap();
    assert_eq!(back.len(), found.len());
    assert_eq!(back[0].first, found[0].second);
}
