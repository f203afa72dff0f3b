//! What every backend of [`Leases`] must do, as plain functions that panic where it does not.
//!
//! Each uses names of its own (numbers from 60,000 on), so all may run on one store, which need not be empty.

#![allow(clippy::expect_used, reason = "a conformance suite fails by panicking")]

use super::{Holder, LeaseName, LeaseRow, Leases};
use crate::lanes::Saved;
use crate::views::conformance::join_all;
use bytes::Bytes;
use events::{NodeId, Partition};
use uuid::Uuid;

/// Runs them all.
pub async fn all(leases: &dyn Leases) {
    fences_by_revision(leases).await;
    keeps_the_whole_row(leases).await;
    keeps_names_apart(leases).await;
    lists_all(leases).await;
    lets_one_of_many_take(leases).await;
    counts_every_write_of_many(leases).await;
}

/// A row is written over the revision that it was made from, and over nothing else.
pub async fn fences_by_revision(leases: &dyn Leases) {
    let name = partition(1);
    assert_eq!(leases.load(name).await.expect("load"), None);
    assert_eq!(leases.save(name, row(2, 1)).await, Saved::Fenced, "where there is no row, the first is 1");
    assert_eq!(leases.save(name, row(0, 1)).await, Saved::Fenced, "nor is it 0");
    assert_eq!(leases.load(name).await.expect("load"), None);
    for (rev, epoch, saved, then) in [
        (1, 1, Saved::Yes, (1, 1)),
        (1, 1, Saved::Fenced, (1, 1)),
        (0, 2, Saved::Fenced, (1, 1)),
        (3, 2, Saved::Fenced, (1, 1)),
        (2, 1, Saved::Yes, (2, 1)),
        (2, 2, Saved::Fenced, (2, 1)),
        (i64::MAX as u64, 2, Saved::Fenced, (2, 1)),
        (3, 2, Saved::Yes, (3, 2)),
        (1, 9, Saved::Fenced, (3, 2)),
    ] {
        assert_eq!(leases.save(name, row(rev, epoch)).await, saved, "revision {rev}, epoch {epoch}");
        let found = leases.load(name).await.expect("load");
        assert_eq!(found, Some(row(then.0, then.1)), "after revision {rev}, epoch {epoch}");
    }
}

/// All of a row comes back: held with a note of any bytes, then free without one, then held again.
pub async fn keeps_the_whole_row(leases: &dyn Leases) {
    const LAST: u64 = i64::MAX as u64;
    let name = partition(2);
    let long: Vec<u8> = (0..9_000_u32).map(|n| n as u8).collect();
    for (rev, holder, note) in [
        (1, Some(holder("a", 7)), Bytes::from(long)),
        (2, None, Bytes::new()),
        (3, Some(holder("sixteen-letters-", u64::MAX)), Bytes::from_static(&[0])),
        (4, None, Bytes::from_static(b"left behind")),
    ] {
        let row = LeaseRow { rev, epoch: LAST, holder, note };
        assert_eq!(leases.save(name, row.clone()).await, Saved::Yes);
        assert_eq!(leases.load(name).await.expect("load"), Some(row));
    }
}

/// Names of one number and different kinds are different leases.
pub async fn keeps_names_apart(leases: &dyn Leases) {
    let names = names(60_003);
    for (epoch, name) in (1..).zip(names) {
        assert_eq!(leases.save(name, row(1, epoch)).await, Saved::Yes, "{name}");
    }
    for (epoch, name) in (1..).zip(names) {
        assert_eq!(leases.load(name).await.expect("load"), Some(row(1, epoch)), "{name}");
    }
}

/// Every row is listed once, in its last form.
pub async fn lists_all(leases: &dyn Leases) {
    let names = names(60_004);
    for rev in 1..=3 {
        for name in names {
            assert_eq!(leases.save(name, row(rev, 10 + rev)).await, Saved::Yes, "{name}");
        }
    }
    let listed = leases.all().await.expect("all");
    for name in names {
        let found: Vec<_> = listed.iter().filter(|(found, _)| *found == name).collect();
        assert_eq!(found, [&(name, row(3, 13))], "{name}");
    }
}

/// Of many that take the same free lease at once, one does.
pub async fn lets_one_of_many_take(leases: &dyn Leases) {
    let name = partition(5);
    let holders = ["a", "b", "c", "d", "e"].map(|node| holder(node, 1));
    let take = |holder| LeaseRow { rev: 1, epoch: 1, holder: Some(holder), note: Bytes::new() };
    let saved = join_all(holders.map(|holder| leases.save(name, take(holder)))).await;
    let winners: Vec<_> = holders.iter().zip(saved).filter(|(_, saved)| *saved == Saved::Yes).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(leases.load(name).await.expect("load"), Some(take(*winners[0].0)));
}

/// Several write one row, each over what it has just read: the revision counts the writes that held.
pub async fn counts_every_write_of_many(leases: &dyn Leases) {
    const WRITERS: u64 = 4;
    const ROUNDS: u64 = 10;
    let name = partition(6);
    let held = join_all((0..WRITERS).map(|writer| async move {
        let mut held = 0;
        for _ in 0..ROUNDS {
            let rev = leases.load(name).await.expect("load").map_or(0, |row| row.rev);
            held += u64::from(leases.save(name, row(rev + 1, writer)).await == Saved::Yes);
        }
        held
    }))
    .await;
    let rev = leases.load(name).await.expect("load").map_or(0, |row| row.rev);
    assert_eq!(rev, held.iter().sum::<u64>(), "{held:?}");
    assert!(rev > 0, "somebody's write holds: {held:?}");
}

fn partition(number: u16) -> LeaseName {
    LeaseName::Partition(Partition(60_000 + number))
}

fn node(name: &str) -> NodeId {
    name.parse().expect("a name")
}

fn names(number: u16) -> [LeaseName; 4] {
    [
        LeaseName::Node(node(&number.to_string())),
        LeaseName::Partition(Partition(number)),
        LeaseName::Shard(u32::from(number)),
        LeaseName::Identify(number),
    ]
}

fn holder(name: &str, home: u64) -> Holder {
    Holder { node: node(name), home: Uuid::from_u64_pair(home, home) }
}

fn row(rev: u64, epoch: u64) -> LeaseRow {
    LeaseRow { rev, epoch, ..LeaseRow::default() }
}

#[cfg(test)]
mod tests {
    use crate::leases::LeaseName;
    use crate::leases::memory::MemoryLeases;

    #[tokio::test]
    async fn memory() {
        super::all(&MemoryLeases::new()).await;
    }

    #[test]
    fn a_name_is_spelled_in_one_way() {
        let mut names = super::names(7).to_vec();
        names.push(LeaseName::Cluster);
        for name in names {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for bad in [
            "",
            "cluster/",
            "cluster/1",
            "partition/07",
            "partition/+7",
            "partition/65536",
            "node/",
            "shard/-1",
        ] {
            assert!(bad.parse::<LeaseName>().is_err(), "{bad}");
        }
    }
}
