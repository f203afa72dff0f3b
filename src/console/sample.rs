//! A state of things for tests of pages.

use super::snapshot::Snapshot;
use crate::commands::answer::{
    GapLine, LaneLine, LaneState, LinkLine, MirrorLine, NodeStatus, PartitionLine, Status,
};
use events::{ChannelId, GuildId, MessageId, MirrorId, Offset, Version};
use uuid::Uuid;

pub(super) const NOW: Version = Version(1_764_000_000_000_000);

pub(super) fn mirror_id() -> MirrorId {
    MirrorId(Uuid::from_u128(7))
}

fn link(channel: u64, name: &str, open: bool) -> LinkLine {
    LinkLine {
        channel: ChannelId(channel),
        name: name.to_owned(),
        guild: GuildId(41),
        open,
        publishes: true,
        receives: true,
        since: Version::default(),
    }
}

fn lane(channel: u64, state: LaneState, lag: u64) -> LaneLine {
    LaneLine {
        mirror: mirror_id(),
        mirror_name: "lounge".to_owned(),
        channel: ChannelId(channel),
        name: String::new(),
        state,
        lag: Some(lag),
    }
}

/// One mirror with these links.
fn snapshot_of(links: Vec<LinkLine>, lanes: Vec<LaneLine>) -> Snapshot {
    let mirror = MirrorLine {
        id: mirror_id(),
        name: "lounge".to_owned(),
        generation: 2,
        building: None,
        previous: Some(1),
        links,
        banned: vec!["77".to_owned()],
        forget: vec!["78".to_owned()],
        gaps: vec![GapLine {
            channel: ChannelId(42),
            from: MessageId(100),
            to: MessageId(200),
            cause: "the session was lost for longer than history is read".to_owned(),
            at: NOW,
        }],
    };
    let node = NodeStatus {
        name: "main".to_owned(),
        pid: 7,
        version: "0.1.0".to_owned(),
        started: NOW,
        session: "connected".to_owned(),
        ..NodeStatus::default()
    };
    let partition =
        PartitionLine { tail: Offset(1_234), views: Some(Offset(1_233)), ..PartitionLine::default() };
    let status = Status { node: Some(node), partitions: vec![partition], lanes, ..Status::default() };
    Snapshot::new(status, vec![mirror], NOW)
}

/// One link of each state.
pub(super) fn snapshot() -> Snapshot {
    let links = vec![
        link(42, "general", true),
        link(43, "lobby", true),
        link(44, "attic", true),
        link(45, "harbour", true),
        link(46, "old", false),
    ];
    let lanes = vec![
        lane(42, LaneState::Working, 3),
        lane(43, LaneState::Idle, 0),
        lane(44, LaneState::Held("its webhook was deleted".to_owned()), 9),
        lane(45, LaneState::Waiting("a rate limit".to_owned()), 12),
    ];
    snapshot_of(links, lanes)
}

/// Nothing is wrong, and nothing is owed.
pub(super) fn calm() -> Snapshot {
    snapshot_of(vec![link(43, "lobby", true)], vec![lane(43, LaneState::Idle, 0)])
}
