//! The conformance suites, on one store and on two at once.

use crate::stage::Stage;

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
