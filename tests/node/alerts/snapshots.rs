//! Rules over snapshots: from where on they fire, and lanes that stand still without a word, which takes a fault in the node.

use super::play::Play;
use crate::scrape::Scrape;
use events::{ChannelId, MirrorId, Offset, Version};
use mirror::commands::answer::Outbox;
use mirror::discord::gateway::Beat;
use mirror::discord::limits::{Headers, Limits, Permit, Settings};
use mirror::discord::route::{Kind, RouteKey};
use mirror::health::{LaneAt, Memory, PartitionAt, Session, ShardAt, Snapshot, health};
use mirror::lanes::{LaneReport, LaneState};
use mirror::metrics::page;
use projections::lanes::LaneId;
use std::time::Duration;
use tokio::time::Instant;

const HEARTBEAT: Duration = Duration::from_secs(41);

/// A node that is well.
fn well() -> Snapshot {
    let beat = Beat { heartbeat: HEARTBEAT, ..Beat::default() };
    let at = PartitionAt { mark: Offset(7), tail: Some(Offset(7)), answers: true, ..PartitionAt::default() };
    Snapshot {
        shards: vec![ShardAt { shard: 0, session: Session::Connected, beat }],
        partitions: vec![at],
        dead: Some(0),
        invalid: (0, Settings::default().invalid_max),
        outbox: Some(Outbox { bytes_max: 1_000, ..Outbox::default() }),
        ..Snapshot::default()
    }
}

fn scrape(seen: &Snapshot) -> Scrape {
    Scrape::read(&page(seen, &health(seen)))
}

/// What a node of a cluster shows of its outbox.
pub(crate) fn outbox() -> Scrape {
    scrape(&well())
}

/// A node that was well stands so; these alerts fire.
async fn check(then: Snapshot, alerts: &[&str]) {
    Play::over(&scrape(&well()), &scrape(&then)).fires(alerts).await;
}

/// The same after it has been seen to stand so for a while.
async fn check_after(mut then: Snapshot, still: Duration, alerts: &[&str]) {
    let (mut memory, now) = (Memory::default(), Instant::now());
    memory.note(&mut then, now);
    memory.note(&mut then, now + still);
    check(then, alerts).await;
}

fn lane(state: LaneState, trouble: Option<&str>) -> LaneAt {
    let report = LaneReport {
        id: LaneId { mirror: MirrorId::default(), link: ChannelId(42) },
        state,
        waiting: 1,
        since: Some(Version(0)),
        head: Some(Offset(5)),
        again: false,
        walking_from: None,
        trouble: trouble.map(str::to_owned),
        strangers: Vec::new(),
    };
    LaneAt { report, still: Duration::ZERO }
}

#[tokio::test]
async fn nothing_is_wrong() {
    check(well(), &[]).await;
}

#[tokio::test]
async fn views_that_are_behind_or_do_not_move() {
    let at = |tail| PartitionAt { tail: Some(Offset(tail)), ..well().partitions[0] };
    // Moving: it was just seen elsewhere.
    check(Snapshot { partitions: vec![at(20_000)], ..well() }, &["MirrorNotReady", "MirrorViewsBehind"])
        .await;
    let stuck = Snapshot { partitions: vec![at(8)], ..well() };
    check_after(stuck.clone(), Duration::from_secs(29), &[]).await;
    check_after(stuck, Duration::from_secs(31), &["MirrorNotReady", "MirrorViewsStill"]).await;
}

#[tokio::test]
async fn lanes_that_do_not_move_or_do_not_answer() {
    let six_minutes = Duration::from_secs(360);
    let stuck = Snapshot { lanes: vec![lane(LaneState::Working, None)], ..well() };
    check_after(stuck, six_minutes, &["MirrorLanesStill", "MirrorNotReady"]).await;
    let limited = Snapshot { lanes: vec![lane(LaneState::Waiting, Some("a rate limit"))], ..well() };
    check_after(limited, six_minutes, &[]).await;
    let at = PartitionAt { answers: false, ..well().partitions[0] };
    let mute = Snapshot { partitions: vec![at], ..well() };
    check_after(mute, six_minutes, &["MirrorLanesStill", "MirrorNotReady"]).await;
}

/// The limiter itself counts them, in its own time.
#[tokio::test]
async fn many_refused_requests() {
    let refused = |times: u32| {
        let (mut limits, mut now) = (Limits::new(Settings::default()), 0);
        let route = RouteKey { kind: Kind::CreateWebhook, major: 1 };
        let mut ended = 0;
        while ended < times {
            match limits.permit(route, None, now) {
                Permit::Wait(ms) => now += ms,
                Permit::Go(ticket) => {
                    limits.answered(ticket, 403, &Headers::default(), now);
                    ended += 1;
                }
            }
        }
        limits.invalid(now)
    };
    check(Snapshot { invalid: refused(800), ..well() }, &[]).await;
    check(Snapshot { invalid: refused(801), ..well() }, &["MirrorInvalidRequests"]).await;
}
