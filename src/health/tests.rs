//! What is wrong, by how a node stands; and what standing still is.

use super::*;
use crate::discord::gateway::Beat;
use crate::lanes::{LaneReport, LaneState};
use events::Offset;
use projections::lanes::LaneId;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn shard(session: Session, silent_s: u64) -> ShardAt {
    let (silent, heartbeat) = (SECOND * silent_s as u32, 40 * SECOND);
    ShardAt { shard: 3, session, beat: Beat { silent, heartbeat, ..Beat::default() } }
}

fn partition(mark: u64, tail: u64, still_s: u64) -> PartitionAt {
    let still = SECOND * still_s as u32;
    let (mark, tail) = (Offset(mark), Some(Offset(tail)));
    PartitionAt { partition: Partition(7), mark, tail, still, answers: true, ..PartitionAt::default() }
}

fn lane(link: u64, state: LaneState, trouble: Option<&str>, still_s: u64) -> LaneAt {
    let id = LaneId { mirror: MirrorId::default(), link: ChannelId(link) };
    let report = LaneReport {
        id,
        state,
        waiting: 1,
        since: None,
        head: Some(Offset(5)),
        again: false,
        walking_from: None,
        trouble: trouble.map(str::to_owned),
        strangers: Vec::new(),
    };
    LaneAt { report, still: SECOND * still_s as u32 }
}

fn well() -> Snapshot {
    Snapshot {
        shards: vec![shard(Session::Connected, 39)],
        partitions: vec![partition(10, 10, 0)],
        ..Snapshot::default()
    }
}

/// A snapshot, whether it is alive, and what is wrong.
fn check(seen: &Snapshot, is_alive: bool, reasons: &[&str]) {
    let judged = health(seen);
    let words: Vec<String> = judged.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(words, reasons, "{seen:?}");
    assert_eq!(judged.is_alive(), is_alive, "{words:?}");
    assert_eq!(judged.is_ready(), reasons.is_empty(), "{words:?}");
}

#[test]
fn a_node_that_does_all_is_ready() {
    check(&well(), true, &[]);
    // A few events are always on their way.
    check(&Snapshot { partitions: vec![partition(10, 1_000, 29)], ..well() }, true, &[]);
    // In a cluster another node may have all shards and partitions.
    check(&Snapshot { is_shared: true, ..Snapshot::default() }, true, &[]);
}

#[test]
fn what_passes_by_itself_or_needs_somebody_is_no_silence() {
    let waiting = Some("Discord is not reached".to_owned());
    check(&Snapshot { waiting, ..Snapshot::default() }, true, &["waiting: Discord is not reached"]);
    check(&Snapshot::default(), true, &["gateway: no shard works here yet"]);
    for (session, words) in [
        (Session::Connecting, "connecting"),
        (Session::Lost, "session lost, connecting anew"),
        (Session::Disconnected, "disconnected, connecting again"),
    ] {
        let seen = Snapshot { shards: vec![shard(session, 1)], ..well() };
        check(&seen, true, &[&format!("gateway: shard 3 {words}")]);
    }
    check(&Snapshot { shards: vec![shard(Session::Resumed, 1)], ..well() }, true, &[]);
    let stores = vec![("log", "it is away".to_owned())];
    check(&Snapshot { stores, ..well() }, true, &["log: does not answer: it is away"]);
    let troubles = vec![(Partition(2), "a newer format".to_owned())];
    check(&Snapshot { troubles, ..well() }, true, &["partition 2: a newer format"]);
    let behind = Snapshot { partitions: vec![partition(10, 1_035, 0)], ..well() };
    check(&behind, true, &["views: partition 7 is 1025 events behind the log"]);
}

#[test]
fn a_shard_is_silent_after_two_heartbeats_and_a_reconnect() {
    check(&Snapshot { shards: vec![shard(Session::Connected, 85)], ..well() }, true, &[]);
    let seen = Snapshot { shards: vec![shard(Session::Connected, 86)], ..well() };
    check(&seen, false, &["gateway: shard 3 has heard nothing for 86 s"]);
    let seen = Snapshot { shards: vec![shard(Session::Disconnected, 90)], ..well() };
    let words =
        ["gateway: shard 3 disconnected, connecting again", "gateway: shard 3 has heard nothing for 90 s"];
    check(&seen, false, &words);
}

#[test]
fn a_follower_with_something_to_read_that_does_not_move_is_silent() {
    let seen = Snapshot { partitions: vec![partition(10, 11, 31)], ..well() };
    check(&seen, false, &["views: partition 7 is 1 events behind the log and has not moved for 31 s"]);
    // Where the log does not say where it ends, the log is what is wrong.
    let at = PartitionAt { tail: None, ..partition(10, 0, 31) };
    check(&Snapshot { partitions: vec![at], ..well() }, true, &[]);
}

#[test]
fn lanes_that_do_not_answer_are_silent() {
    let at = PartitionAt { answers: false, mute: 61 * SECOND, ..partition(1, 1, 0) };
    let seen = Snapshot { partitions: vec![at], ..well() };
    check(&seen, false, &["lanes: those of partition 7 have not answered for 61 s"]);
    let at = PartitionAt { mute: 60 * SECOND, ..at };
    check(&Snapshot { partitions: vec![at], ..well() }, true, &[]);
}

#[test]
fn a_lane_that_owes_and_does_not_move_for_no_named_reason_is_silent() {
    let words = "lanes: that of channel 1 in mirror 00000000-0000-0000-0000-000000000000 has not moved for 301 s and \
                 names no reason";
    for (lane, reasons) in [
        (lane(1, LaneState::Working, None, 300), &[][..]),
        (lane(1, LaneState::Working, None, 301), &[words]),
        (lane(1, LaneState::Waiting, None, 301), &[words]),
        (lane(1, LaneState::Waiting, Some("a rate limit"), 9_999), &[]),
        (lane(1, LaneState::Held, Some("an operator decides"), 9_999), &[]),
        (lane(1, LaneState::Idle, None, 9_999), &[]),
    ] {
        check(&Snapshot { lanes: vec![lane], ..well() }, reasons.is_empty(), reasons);
    }
    let many = (1..=10_000).map(|link| lane(link, LaneState::Working, None, 400)).collect();
    let judged = health(&Snapshot { lanes: many, ..well() });
    assert_eq!(judged.reasons.len(), LANES_NAMED_MAX + 1);
    assert_eq!(judged.reasons.last().unwrap().to_string(), "lanes: 9990 more have not moved");
}

#[test]
fn every_reason_has_a_kind_of_its_own() {
    let kinds: std::collections::BTreeSet<&str> = Reason::KINDS.into_iter().collect();
    assert_eq!(kinds.len(), Reason::KINDS.len());
}

/// Looks of these seconds at a follower that is at `mark` of `tail`; for how long it stands still at the last.
fn still(looks: &[(u64, u64, u64)]) -> u64 {
    let (begun, mut memory) = (Instant::now(), Memory::default());
    let look = |&(at_s, mark, tail): &(u64, u64, u64)| {
        let mut seen = Snapshot { partitions: vec![partition(mark, tail, 0)], ..well() };
        memory.note(&mut seen, begun + SECOND * at_s as u32);
        seen.partitions[0].still.as_secs()
    };
    looks.iter().map(look).last().unwrap()
}

#[test]
fn only_what_has_something_to_do_stands_still() {
    assert_eq!(still(&[(0, 5, 5), (100, 5, 5)]), 0, "all is done");
    assert_eq!(still(&[(0, 5, 5), (100, 5, 6)]), 0, "something came just now");
    assert_eq!(still(&[(0, 5, 6), (10, 5, 7), (40, 5, 8)]), 40);
    assert_eq!(still(&[(0, 5, 6), (30, 6, 8), (40, 6, 9)]), 10, "it has moved");
    assert_eq!(still(&[(0, 5, 6), (30, 6, 6), (40, 6, 7), (45, 6, 7)]), 5, "it was done in between");
}

#[test]
fn a_lane_stands_still_while_it_is_due_and_is_forgotten_afterwards() {
    let (begun, mut memory) = (Instant::now(), Memory::default());
    let mut look = |at_s: u32, lanes: Vec<LaneAt>| {
        let mut seen = Snapshot { lanes, ..well() };
        memory.note(&mut seen, begun + SECOND * at_s);
        let still = seen.lanes.iter().map(|lane| lane.still.as_secs()).collect::<Vec<_>>();
        (still, memory.lanes.0.len())
    };
    let working = || vec![lane(1, LaneState::Working, None, 0), lane(2, LaneState::Held, None, 0)];
    assert_eq!(look(0, working()), (vec![0, 0], 1));
    assert_eq!(look(60, working()), (vec![60, 0], 1));
    // A rate limit is a reason; afterwards it counts anew.
    assert_eq!(look(70, vec![lane(1, LaneState::Waiting, Some("a rate limit"), 0)]), (vec![0], 0));
    assert_eq!(look(80, working()), (vec![0, 0], 1));
    assert_eq!(look(90, Vec::new()), (vec![], 0), "it works elsewhere now");
}
