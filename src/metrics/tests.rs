//! What Prometheus is told, and what others are.

use super::*;
use crate::commands::answer::Outbox;
use crate::discord::gateway::Beat;
use crate::discord::route::Kind;
use crate::health::{LaneAt, PartitionAt, Session, ShardAt};
use crate::lanes::{LaneReport, LaneState};
use async_trait::async_trait;
use events::{ChannelId, MirrorId, Offset, Partition, Version};
use expect_test::expect;
use projections::lanes::LaneId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NOW: Version = Version(1_767_229_200_000_000);

/// A node that stands as it is told to.
struct Node(Mutex<Snapshot>);

#[async_trait]
impl Vitals for Node {
    async fn look(&self) -> Snapshot {
        self.0.lock().unwrap().clone()
    }
}

/// A lane that owes so many messages, the oldest for so long.
fn lane(number: u64, state: LaneState, waiting: u64, lag_s: Option<i64>) -> LaneAt {
    let mirror = MirrorId(uuid::Uuid::from_u128(u128::from(number)));
    let report = LaneReport {
        id: LaneId { mirror, link: ChannelId(number) },
        state,
        waiting,
        since: lag_s.map(|seconds| Version(NOW.0 - seconds * 1_000_000)),
        head: Some(Offset(1)),
        again: false,
        walking_from: None,
        trouble: Some("a rate limit".to_owned()),
        strangers: Vec::new(),
    };
    LaneAt { report, still: Duration::ZERO }
}

fn seen() -> Snapshot {
    let beat = Beat {
        frames: 120,
        silent: Duration::from_secs(7),
        frameless: Duration::from_secs(9),
        heartbeat: Duration::from_secs(41),
        queued: 2,
    };
    let at = PartitionAt {
        mark: Offset(95),
        tail: Some(Offset(100)),
        answers: true,
        sealed: Some(Offset(40)),
        unsealed: Duration::from_secs(60),
        ..PartitionAt::default()
    };
    let lanes = vec![
        lane(1, LaneState::Working, 3, Some(0)),
        lane(2, LaneState::Waiting, 4, Some(75)),
        lane(3, LaneState::Held, 5, Some(700)),
        lane(4, LaneState::Idle, 0, None),
    ];
    let seen = Snapshot {
        name: "one".to_owned(),
        started: Version(1_767_225_600_000_000),
        now: NOW,
        shards: vec![ShardAt { shard: 0, session: Session::Connected, beat }],
        partitions: vec![at],
        lanes,
        runs: (1, 64),
        dead: Some(2),
        seals_within: Some(Duration::from_secs(3_660)),
        invalid: (17, 2_000),
        ..Snapshot::default()
    };
    seen.counted.lanes.shown.store(7, Ordering::Relaxed);
    seen.counted.lanes.healed.store(1, Ordering::Relaxed);
    seen.counted.requests.limited(None);
    seen
}

fn text(seen: &Snapshot) -> String {
    page(seen, &health(seen))
}

/// Lines without those of families with a line for each of many labels, sorted: they come in any order.
fn sorted(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<_> = text.lines().filter(|line| keep(line)).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn a_node_in_text() {
    let many = ["discord_requests", "events_appended", "unready_reasons"];
    let keep = |line: &str| !line.starts_with('#') && !many.iter().any(|name| line.contains(name));
    let text = text(&seen());
    expect![[r#"
        mirror_ambiguous_outcomes_total 0
        mirror_archive_unsealed_events{partition="0"} 60
        mirror_archive_unsealed_seconds_limit 3660
        mirror_archive_unsealed_seconds{partition="0"} 60
        mirror_copies_refused_total 0
        mirror_copies_removed_total 0
        mirror_copies_shown_total 7
        mirror_dead_letters 2
        mirror_discord_invalid_requests 17
        mirror_discord_invalid_requests_limit 2000
        mirror_discord_limited_total{scope="global"} 0
        mirror_discord_limited_total{scope="shared"} 0
        mirror_discord_limited_total{scope="unannounced"} 1
        mirror_discord_limited_total{scope="user"} 0
        mirror_duplicates_removed_total 1
        mirror_gateway_frameless_seconds{shard="0"} 9
        mirror_gateway_frames_queued_limit 1024
        mirror_gateway_frames_queued{shard="0"} 2
        mirror_gateway_frames_total{shard="0"} 120
        mirror_gateway_ready{shard="0"} 1
        mirror_gateway_silent_seconds{shard="0"} 7
        mirror_healthy 1
        mirror_lanes_mute_partitions 0
        mirror_lanes_running 1
        mirror_lanes_running_limit 64
        mirror_lanes_still_seconds_max 0
        mirror_lanes{state="again"} 0
        mirror_lanes{state="held"} 1
        mirror_lanes{state="waiting"} 1
        mirror_lanes{state="working"} 1
        mirror_link_lag_messages{mirror="00000000-0000-0000-0000-000000000002",channel="2"} 4
        mirror_link_lag_messages{mirror="00000000-0000-0000-0000-000000000003",channel="3"} 5
        mirror_link_lag_seconds{mirror="00000000-0000-0000-0000-000000000002",channel="2"} 75
        mirror_link_lag_seconds{mirror="00000000-0000-0000-0000-000000000003",channel="3"} 700
        mirror_links_behind{seconds="1"} 2
        mirror_links_behind{seconds="10"} 2
        mirror_links_behind{seconds="3600"} 0
        mirror_links_behind{seconds="60"} 2
        mirror_links_behind{seconds="600"} 1
        mirror_links_lag_messages 12
        mirror_links_lag_seconds_max{state="again"} 0
        mirror_links_lag_seconds_max{state="held"} 700
        mirror_links_lag_seconds_max{state="waiting"} 75
        mirror_links_lag_seconds_max{state="working"} 0
        mirror_node_info{name="one",version="0.1.0"} 1
        mirror_node_start_time_seconds 1767225600
        mirror_partitions_in_trouble 0
        mirror_ready 1
        mirror_views_behind_events{partition="0"} 5
        mirror_views_still_seconds{partition="0"} 0"#]]
    .assert_eq(&sorted(&text, keep));
    assert!(text.ends_with("# EOF\n"));
    // A counter is there before it counts: the first of anything is a step that rates see.
    let zeros =
        |name: &str| text.lines().filter(|line| line.starts_with(name) && line.ends_with(" 0")).count();
    assert_eq!(zeros("mirror_events_appended_total{"), 15);
    assert_eq!(zeros("mirror_discord_requests_total{"), Kind::ALL.len() * 7);
}

/// The alarm is on while no broker takes what waits, and where there is no more room.
#[test]
fn the_outbox_and_its_alarm() {
    let calm = Outbox { waiting: 3, bytes: 600, bytes_max: 1024, kept_bytes: 50, ..Outbox::default() };
    let stuck = Outbox { stuck: vec![2, 3], oldest_s: Some(7), ..calm.clone() };
    let full = Outbox { bytes: 1024, ..calm.clone() };
    for (outbox, alarm, is_full) in [(calm, 0, 0), (stuck.clone(), 1, 0), (full, 1, 1)] {
        let text = text(&Snapshot { outbox: Some(outbox), ..seen() });
        assert!(text.contains(&format!("mirror_outbox_alarm {alarm}\n")), "{text}");
        assert!(text.contains(&format!("mirror_outbox_full {is_full}\n")), "{text}");
    }
    let text = text(&Snapshot { outbox: Some(stuck), ..seen() });
    let values: Vec<_> = text.lines().filter(|line| line.starts_with("mirror_outbox")).collect();
    expect![[r#"
        mirror_outbox_events 3
        mirror_outbox_bytes 600
        mirror_outbox_bytes_limit 1024
        mirror_outbox_kept_bytes 50
        mirror_outbox_oldest_seconds 7
        mirror_outbox_stuck_partitions 2
        mirror_outbox_full 0
        mirror_outbox_alarm 1"#]]
    .assert_eq(&values.join("\n"));
}

/// Every value of every label, by family and label.
fn labels(text: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut values: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((family, rest)) = line.split_once('{') else { continue };
        let (inner, _) = rest.rsplit_once('}').unwrap();
        for label in inner.split("\",") {
            let (name, value) = label.split_once("=\"").unwrap();
            let value = value.trim_end_matches('"').to_owned();
            values.entry((family.to_owned(), name.to_owned())).or_default().insert(value);
        }
    }
    values
}

/// However many links there are, and whatever they do, the page is as long and names as few of them.
#[test]
fn ten_thousand_links_are_bounded() {
    const LINKS: u64 = 10_000;
    let of = |links: u64| {
        let state = |link: u64| match link % 3 {
            0 => LaneState::Held,
            1 => LaneState::Waiting,
            _ => LaneState::Working,
        };
        let lanes = (1..=links).map(|link| lane(link, state(link), link, Some(link as i64))).collect();
        text(&Snapshot { lanes, ..seen() })
    };
    let (few, many) = (of(LINKS_MAX as u64), of(LINKS));
    assert_eq!(many.lines().count(), few.lines().count(), "no line more than for {LINKS_MAX}");
    assert!(many.lines().count() < 450, "{} lines", many.lines().count());
    assert!(many.len() < 64 * 1024, "{} bytes", many.len());
    for ((family, label), values) in labels(&many) {
        // The most are the routes; a partition or a shard is one of those held here.
        let most = if matches!(&*label, "mirror" | "channel") { LINKS_MAX } else { Kind::ALL.len() };
        assert!(values.len() <= most, "{family}{{{label}}} has {} values", values.len());
    }
    let named = |name: &str| labels(&many)[&(name.to_owned(), "channel".to_owned())].clone();
    let worst: BTreeSet<String> =
        (LINKS - LINKS_MAX as u64 + 1..=LINKS).map(|link| link.to_string()).collect();
    assert_eq!(named("mirror_link_lag_seconds"), worst, "the worst are named");
    assert_eq!(named("mirror_link_lag_messages"), worst);
    assert!(many.contains("mirror_links_lag_messages 50005000\n"), "and all are counted");
    assert!(many.contains("mirror_links_behind{seconds=\"600\"} 9401\n"));
    assert!(many.contains("mirror_lanes{state=\"held\"} 3333\n"));
    assert!(many.contains("mirror_links_lag_seconds_max{state=\"waiting\"} 10000\n"));
}

/// A lane that was told to go through the log again owes what was not owed before: that is no lag of the others.
#[test]
fn a_lane_that_goes_through_the_log_again_is_told_apart() {
    let mut again = lane(1, LaneState::Working, 9, Some(5_000));
    again.report.again = true;
    let text = text(&Snapshot { lanes: vec![again, lane(2, LaneState::Working, 1, Some(-5))], ..seen() });
    assert!(text.contains("mirror_links_lag_seconds_max{state=\"again\"} 5000\n"), "{text}");
    // Seen before it was said, by another node's clock.
    assert!(text.contains("mirror_links_lag_seconds_max{state=\"working\"} 0\n"), "{text}");
}

#[tokio::test]
async fn is_served_at_three_paths() {
    let metrics = Metrics::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = metrics.address().unwrap();
    let taken = Metrics::bind(address).await.map(drop).unwrap_err();
    assert!(taken.to_string().starts_with("telemetry.metrics: cannot listen on 127.0.0.1:"), "{taken}");
    let node = Arc::new(Node(Mutex::new(seen())));
    let (watched, watching) = watch::channel::<Arc<dyn Vitals>>(node.clone());
    let server = tokio::spawn(metrics.serve(watching));
    let ask = async |head: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("# EOF\n"), "{answer}");
    assert!(answer.contains("content-type: application/openmetrics-text"), "{answer}");
    assert!(answer.contains("mirror_partitions_in_trouble 0\n"), "{answer}");
    for path in ["/healthz", "/readyz"] {
        let answer = ask(&format!("GET {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    }
    // Each question is answered by how it stands then.
    node.0.lock().unwrap().troubles.push((Partition(3), "it cannot".to_owned()));
    let answer = ask("GET /metrics").await;
    assert!(answer.contains("mirror_partitions_in_trouble 1\n"), "{answer}");
    assert!(answer.contains("mirror_unready_reasons{kind=\"partition\"} 1\n"), "{answer}");
    let answer = ask("GET /readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.ends_with("\r\n\r\npartition 3: it cannot\n"),
        "{answer}"
    );
    assert!(ask("GET /healthz").await.starts_with("HTTP/1.1 200"), "a restart does not help");
    node.0.lock().unwrap().shards[0].beat.silent = Duration::from_secs(100);
    let answer = ask("GET /healthz").await;
    let words = "gateway: shard 0 has heard nothing for 100 s\npartition 3: it cannot\n";
    assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with(words), "{answer}");
    let head = ask("HEAD /metrics").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    for (request, status) in [("GET /", "404"), ("GET /metrics/x", "404"), ("POST /metrics", "405")] {
        let answer = ask(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
    }
    // A node that has begun takes the place of one that waited.
    let waiting = Some("Discord is not reached".to_owned());
    watched.send_replace(Arc::new(Node(Mutex::new(Snapshot { waiting, ..Snapshot::default() }))));
    assert!(ask("GET /healthz").await.starts_with("HTTP/1.1 200"));
    let answer = ask("GET /readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.ends_with("waiting: Discord is not reached\n"),
        "{answer}"
    );
    server.abort();
}

/// As many slow clients as there may be do not hold up whoever drops the server, and others are answered after them.
#[tokio::test]
async fn slow_clients_hold_up_nobody_for_good() {
    let metrics = Metrics::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = metrics.address().unwrap();
    let (_watched, watching) = watch::channel::<Arc<dyn Vitals>>(Arc::new(Node(Mutex::new(seen()))));
    let server = tokio::spawn(metrics.serve(watching));
    let mut slow = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        slow.push(TcpStream::connect(address).await.unwrap());
    }
    server.abort();
    let ended = tokio::time::timeout(Duration::from_secs(1), server).await;
    assert!(ended.is_ok(), "it ends with those who watch it");
}
