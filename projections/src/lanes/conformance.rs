//! What every backend of [`Lanes`] must do, as plain functions that panic where it does not.
//!
//! Each uses mirrors of its own, so all may run on one store, which need not be empty.

#![allow(clippy::expect_used, reason = "a conformance suite fails by panicking")]

use super::{Control, LaneId, Lanes, Saved};
use crate::key::Generation;
use crate::lane::{Deed, Intent, LaneRow, Phase, Settled};
use crate::views::conformance::join_all;
use events::event::{Place, Shown, ThreadShown};
use events::{ChannelId, MessageId, MirrorId, Offset, Version, WebhookId};
use uuid::Uuid;

/// Runs them all.
pub async fn all(lanes: &dyn Lanes) {
    fences_by_revision_and_epoch(lanes).await;
    keeps_the_whole_row(lanes).await;
    keeps_lanes_apart(lanes).await;
    saves_concurrently(lanes).await;
    replaces_control_only_as_expected(lanes).await;
    lets_one_of_many_win_the_control(lanes).await;
}

/// A row is written over the revision that it was made from, by no older owner, and over nothing else.
pub async fn fences_by_revision_and_epoch(lanes: &dyn Lanes) {
    const LAST: u64 = i64::MAX as u64;
    let lane = lane(1, 1);
    assert_eq!(lanes.load(lane).await.expect("load"), None);
    assert_eq!(
        lanes.save(lane, row(2, 0)).await,
        Saved::Fenced,
        "where there is no row, the first revision is 1"
    );
    assert_eq!(lanes.save(lane, row(0, 0)).await, Saved::Fenced, "nor is it 0");
    assert_eq!(lanes.load(lane).await.expect("load"), None);
    for (rev, epoch, saved, then) in [
        (1, 0, Saved::Yes, (1, 0)),
        (1, 0, Saved::Fenced, (1, 0)),
        (2, 5, Saved::Yes, (2, 5)),
        (3, 4, Saved::Fenced, (2, 5)),
        (3, 0, Saved::Fenced, (2, 5)),
        (2, 5, Saved::Fenced, (2, 5)),
        (4, 9, Saved::Fenced, (2, 5)),
        (3, 5, Saved::Yes, (3, 5)),
        (4, LAST, Saved::Yes, (4, LAST)),
        (5, 6, Saved::Fenced, (4, LAST)),
    ] {
        assert_eq!(lanes.save(lane, row(rev, epoch)).await, saved, "revision {rev}, epoch {epoch}");
        let found = lanes.load(lane).await.expect("load");
        assert_eq!(found, Some(row(then.0, then.1)), "after revision {rev}, epoch {epoch}");
    }
}

/// All of a row comes back, but for its owner's claim.
pub async fn keeps_the_whole_row(lanes: &dyn Lanes) {
    let lane = lane(8, 1);
    let whole = LaneRow {
        rev: 1,
        epoch: 3,
        claim: 3,
        phase: Phase::Intent(Intent {
            thread: None,
            post: Some(ThreadShown { version: Version(12), hash: 13 }),
            place: Place { message: MessageId(5), ..Place::default() },
            deed: Deed::Edit(MessageId(6)),
            part: 2,
            shown: Shown {
                version: Version(7),
                hash: 8,
                webhook: WebhookId(9),
                last: true,
                files: Vec::new(),
            },
            version: Version(-1),
            after: MessageId(10),
        }),
        last: MessageId(11),
        anchors: vec![MessageId(11), MessageId(12)],
        settled: vec![Settled { after: MessageId(1), until: MessageId(0) }],
        behind: Some(Offset(13)),
        hold: Some("held \u{1F600}".to_owned()),
        noticed: true,
        removals: (14, 15),
    };
    assert_eq!(lanes.save(lane, whole.clone()).await, Saved::Yes);
    assert_eq!(lanes.load(lane).await.expect("load"), Some(LaneRow { claim: 0, ..whole }));
}

/// Lanes of one mirror, and of one channel in two mirrors, are fenced apart.
pub async fn keeps_lanes_apart(lanes: &dyn Lanes) {
    let all = [lane(2, 1), lane(2, i64::MAX as u64), lane(3, 1)];
    for (epoch, lane) in [3, 2, 1].into_iter().zip(all.into_iter().rev()) {
        assert_eq!(lanes.save(lane, row(1, epoch)).await, Saved::Yes);
    }
    for (epoch, lane) in (1..).zip(all) {
        assert_eq!(lanes.load(lane).await.expect("load"), Some(row(1, epoch)));
    }
}

/// Of many that write the same revision at once, one does.
pub async fn saves_concurrently(lanes: &dyn Lanes) {
    let lane = lane(4, 1);
    let epochs = [3, 9, 1, 7, 2];
    let saved = join_all(epochs.map(|epoch| lanes.save(lane, row(1, epoch)))).await;
    let winners: Vec<_> = epochs.iter().zip(saved).filter(|(_, saved)| *saved == Saved::Yes).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(lanes.load(lane).await.expect("load"), Some(row(1, *winners[0].0)));
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

fn row(rev: u64, epoch: u64) -> LaneRow {
    LaneRow { rev, epoch, ..LaneRow::default() }
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
