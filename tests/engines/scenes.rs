//! The scenes of the lane's guards over the rows of a real store: its answer alone says whether a write holds.

use events::{ChannelId, MirrorId};
use projections::lane::LaneRow;
use projections::lane::proof::{Rows, SCENES, scenes};
use projections::lanes::{LaneId, Lanes, Saved};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

/// The lanes of a mirror that nobody else knows, each call waited for.
struct StoredRows<'a> {
    lanes: &'a dyn Lanes,
    mirror: MirrorId,
}

impl StoredRows<'_> {
    const fn id(&self, link: ChannelId) -> LaneId {
        LaneId { mirror: self.mirror, link }
    }
}

impl Rows for StoredRows<'_> {
    fn load(&self, lane: ChannelId) -> LaneRow {
        wait(self.lanes.load(self.id(lane))).expect("the row").unwrap_or_default()
    }

    fn save(&mut self, lane: ChannelId, row: &LaneRow) -> Saved {
        wait(self.lanes.save(self.id(lane), row.clone()))
    }
}

/// A story is told step by step: the world stands still until the store has answered.
fn wait<T>(answer: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(answer))
}

/// Every scene is right with its guard on and wrong with it off; no guard is without a scene.
pub(crate) fn each_guard_off_is_caught(lanes: &dyn Lanes) {
    assert_eq!(scenes::unproven(), [""; 0]);
    let rows = || StoredRows { lanes, mirror: MirrorId(Uuid::new_v4()) };
    let wrong: Vec<_> = SCENES.iter().filter_map(|scene| scene.check(rows).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
