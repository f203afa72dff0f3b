//! The conformance suites.

use crate::stage;

#[tokio::test(flavor = "multi_thread")]
async fn views_conform() {
    let Some(address) = stage::address("conform_views") else { return };
    let store = stage::store(&address).await;
    projections::views::conformance::all(&store.views()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_conform() {
    let Some(address) = stage::address("conform_lanes") else { return };
    let store = stage::store(&address).await;
    projections::lanes::conformance::all(&store.lanes()).await;
}
