//! What every backend of [`Lanes`] must do, as plain functions that panic where it does not.
//!
//! Each uses mirrors of its own, so all may run on one store, which need not be empty.

#![allow(clippy::expect_used, reason = "a conformance suite fails by panicking")]

use super::{Control, LaneId, Lanes, Saved};
use crate::key::Generation;
use crate::lane::LaneRow;
use crate::views::conformance::join_all;
use events::{ChannelId, MirrorId};
use uuid::Uuid;

/// Runs them all.
pub async fn all(lanes: &dyn Lanes) {
    fences_by_epoch(lanes).await;
    keeps_lanes_apart(lanes).await;
    saves_concurrently(lanes).await;
    replaces_control_only_as_expected(lanes).await;
    lets_one_of_many_win_the_control(lanes).await;
}

/// A row of a lower epoch is not written; an equal or higher one is.
pub async fn fences_by_epoch(lanes: &dyn Lanes) {
    let lane = lane(1, 1);
    assert_eq!(lanes.load(lane).await.expect("load"), None);
    for (epoch, saved, then) in [
        (0, Saved::Yes, 0),
        (5, Saved::Yes, 5),
        (4, Saved::Fenced, 5),
        (0, Saved::Fenced, 5),
        (5, Saved::Yes, 5),
        (i64::MAX as u64, Saved::Yes, i64::MAX as u64),
        (6, Saved::Fenced, i64::MAX as u64),
    ] {
        assert_eq!(lanes.save(lane, row(epoch)).await, saved, "epoch {epoch}");
        assert_eq!(lanes.load(lane).await.expect("load"), Some(row(then)), "after epoch {epoch}");
    }
}

/// Lanes of one mirror, and of one channel in two mirrors, are fenced apart.
pub async fn keeps_lanes_apart(lanes: &dyn Lanes) {
    let all = [lane(2, 1), lane(2, i64::MAX as u64), lane(3, 1)];
    for (epoch, lane) in [3, 2, 1].into_iter().zip(all.into_iter().rev()) {
        assert_eq!(lanes.save(lane, row(epoch)).await, Saved::Yes);
    }
    for (epoch, lane) in (1..).zip(all) {
        assert_eq!(lanes.load(lane).await.expect("load"), Some(row(epoch)));
    }
}

/// Whatever order concurrent writes take, the highest epoch is there in the end.
pub async fn saves_concurrently(lanes: &dyn Lanes) {
    let lane = lane(4, 1);
    let saved = join_all([3, 9, 1, 7, 2].map(|epoch| lanes.save(lane, row(epoch)))).await;
    assert_eq!(saved[1], Saved::Yes, "nothing fences the highest epoch");
    assert_eq!(lanes.load(lane).await.expect("load"), Some(row(9)));
}

/// A control row is replaced only where it is as expected in every field.
pub async fn replaces_control_only_as_expected(lanes: &dyn Lanes) {
    let (mirror, other) = (mirror(5), mirror(6));
    let building = control(0, Some(1), None);
    let swapped = control(1, None, Some(0));
    assert_eq!(lanes.control(mirror).await.expect("control"), Control::default());
    for (expected, new, saved, then) in [
        (swapped, building, Saved::Fenced, Control::default()),
        (Control::default(), building, Saved::Yes, building),
        (Control::default(), swapped, Saved::Fenced, building),
        (control(0, Some(2), None), swapped, Saved::Fenced, building),
        (control(0, Some(1), Some(0)), swapped, Saved::Fenced, building),
        (control(1, Some(1), None), swapped, Saved::Fenced, building),
        (building, swapped, Saved::Yes, swapped),
        (swapped, swapped, Saved::Yes, swapped),
        (swapped, control(u32::MAX, None, None), Saved::Yes, control(u32::MAX, None, None)),
    ] {
        assert_eq!(lanes.set_control(mirror, expected, new).await, saved, "{expected:?} -> {new:?}");
        assert_eq!(lanes.control(mirror).await.expect("control"), then, "{expected:?} -> {new:?}");
    }
    assert_eq!(lanes.control(other).await.expect("control"), Control::default());
}

/// Of many that replace the same row at once, one does.
pub async fn lets_one_of_many_win_the_control(lanes: &dyn Lanes) {
    let mirror = mirror(7);
    let new = |generation| control(generation, None, None);
    let set = (1..9).map(|generation| lanes.set_control(mirror, Control::default(), new(generation)));
    let saved = join_all(set).await;
    let winners: Vec<_> = (1..9).zip(saved).filter(|(_, saved)| *saved == Saved::Yes).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(lanes.control(mirror).await.expect("control"), new(winners[0].0));
}

fn mirror(number: u64) -> MirrorId {
    MirrorId(Uuid::from_u64_pair(0xc0f0_4a6c_e000_8001, number))
}

fn lane(mirror_number: u64, link: u64) -> LaneId {
    LaneId { mirror: mirror(mirror_number), link: ChannelId(link) }
}

#[allow(clippy::needless_update, reason = "a lane's row has more fields than its fence")]
fn row(epoch: u64) -> LaneRow {
    LaneRow { epoch, ..LaneRow::default() }
}

fn control(active: u32, building: Option<u32>, previous: Option<u32>) -> Control {
    Control {
        active: Generation(active),
        building: building.map(Generation),
        previous: previous.map(Generation),
    }
}

#[cfg(test)]
mod tests {
    use crate::lanes::memory::MemoryLanes;

    #[tokio::test]
    async fn memory() {
        super::all(&MemoryLanes::new()).await;
    }
}
