//! The conformance suites, on one store, and on three at once that take turns.

use crate::stage::{Stage, patient};
use async_trait::async_trait;
use events::MirrorId;
use mirror::scylla::Store;
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved};
use projections::leases::{LeaseName, LeaseRow, Leases};
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError};
use projections::{Change, Generation, Key, Row, laws, sample};
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn views_conform() {
    let Some(stage) = Stage::given("conform_views").await else { return };
    projections::views::conformance::all(&stage.store.views()).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_conform() {
    let Some(stage) = Stage::given("conform_lanes").await else { return };
    projections::lanes::conformance::all(&stage.store.lanes()).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_conform() {
    let Some(stage) = Stage::given("conform_leases").await else { return };
    projections::leases::conformance::all(&stage.store.leases()).await;
    stage.end().await;
}

/// Several nodes on one keyspace: each call goes through another's session.
struct Turns {
    stores: Vec<Store>,
    turn: AtomicUsize,
}

impl Turns {
    fn next(&self) -> &Store {
        &self.stores[self.turn.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }
}

#[async_trait]
impl Views for Turns {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        self.next().views().commit(changes, position).await
    }
    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.next().views().position(follower).await
    }
    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        self.next().views().get(keys).await
    }
    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        self.next().views().scan(scan).await
    }
}

#[async_trait]
impl Lanes for Turns {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        self.next().lanes().load(lane).await
    }
    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        self.next().lanes().save(lane, row).await
    }
    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        self.next().lanes().control(mirror).await
    }
    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        self.next().lanes().set_control(mirror, expected, new).await
    }
}

#[async_trait]
impl Leases for Turns {
    async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
        self.next().leases().all().await
    }
    async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
        self.next().leases().load(name).await
    }
    async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved {
        self.next().leases().save(name, row).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_stores_conform_as_one() {
    let Some(stage) = Stage::given("turns").await else { return };
    let mut stores = vec![stage.store.clone()];
    for _ in 1..3 {
        stores.push(Store::connect(&stage.address, patient()).await.expect("a store"));
    }
    let turns = Turns { stores, turn: AtomicUsize::new(0) };
    projections::views::conformance::all(&turns).await;
    projections::lanes::conformance::all(&turns).await;
    projections::leases::conformance::all(&turns).await;
    for seed in 0..8 {
        laws::two_at_once(&turns, &sample::history(seed, 2, 60), Generation(seed as u32), seed).await;
    }
    stage.end().await;
}
