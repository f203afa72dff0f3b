//! The guards of the lane on the CQL store: each switched off is caught.

use crate::scenes;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn each_guard_off_is_caught() {
    let Some(stage) = Stage::given("guards").await else { return };
    scenes::each_guard_off_is_caught(&stage.store.lanes());
    stage.end().await;
}
