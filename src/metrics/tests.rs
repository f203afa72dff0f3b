//! What Prometheus is told, and what others are.

use super::*;
use crate::commands::answer::{LaneLine, Outbox};
use crate::commands::{ChannelInfo, CommandError};
use async_trait::async_trait;
use events::{ChannelId, MirrorId, Offset, Version};
use expect_test::expect;
use projections::lanes::LaneId;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A node that stands as it is told to.
struct Node(Mutex<NodeStatus>);

#[async_trait]
impl Live for Node {
    async fn status(&self) -> NodeStatus {
        self.0.lock().unwrap().clone()
    }
    async fn channel(&self, _: ChannelId) -> Option<ChannelInfo> {
        None
    }
    async fn drain(&self) -> Result<(), CommandError> {
        Ok(())
    }
    async fn walk(&self, _: LaneId, _: Offset) -> Result<(), CommandError> {
        Ok(())
    }
    async fn release(&self, _: LaneId, _: bool) -> Result<String, CommandError> {
        Ok(String::new())
    }
}

fn lane(state: LaneState) -> LaneLine {
    LaneLine {
        mirror: MirrorId::default(),
        mirror_name: "lounge".to_owned(),
        channel: ChannelId(42),
        name: "general".to_owned(),
        state,
        lag: None,
    }
}

fn status() -> NodeStatus {
    let waits = || LaneState::Waiting("a rate limit".to_owned());
    NodeStatus {
        name: "one".to_owned(),
        version: "0.1.0".to_owned(),
        started: Version(1_767_225_600_000_000),
        lanes: vec![lane(LaneState::Working), lane(waits()), lane(waits()), lane(LaneState::Idle)],
        ..NodeStatus::default()
    }
}

fn counters() -> Counters {
    let counters = Counters::default();
    counters.shown.store(7, Ordering::Relaxed);
    counters.refused.store(1, Ordering::Relaxed);
    counters
}

#[test]
fn a_node_in_text() {
    // Lines of one family come in any order.
    let text = text(&status(), &counters());
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    expect![[r##"
        # EOF
        # HELP mirror_copies_refused Messages that a channel refused.
        # HELP mirror_copies_removed Parts of copies that were removed.
        # HELP mirror_copies_shown Parts of copies that were posted or edited.
        # HELP mirror_lanes Lanes that do not rest, by what they do.
        # HELP mirror_node The node.
        # HELP mirror_node_start_time_seconds When the node began, since 1970.
        # HELP mirror_partitions_in_trouble Partitions held here that cannot be worked on.
        # TYPE mirror_copies_refused counter
        # TYPE mirror_copies_removed counter
        # TYPE mirror_copies_shown counter
        # TYPE mirror_lanes gauge
        # TYPE mirror_node info
        # TYPE mirror_node_start_time_seconds gauge
        # TYPE mirror_partitions_in_trouble gauge
        mirror_copies_refused_total 1
        mirror_copies_removed_total 0
        mirror_copies_shown_total 7
        mirror_lanes{state="held"} 0
        mirror_lanes{state="waiting"} 2
        mirror_lanes{state="working"} 1
        mirror_node_info{name="one",version="0.1.0"} 1
        mirror_node_start_time_seconds 1767225600
        mirror_partitions_in_trouble 0"##]]
    .assert_eq(&lines.join("\n"));
}

/// The alarm is on while no broker takes what waits, and where there is no more room.
#[test]
fn the_outbox_and_its_alarm() {
    let calm = Outbox { waiting: 3, bytes: 600, bytes_max: 1024, kept_bytes: 50, ..Outbox::default() };
    let stuck = Outbox { stuck: vec![2, 3], oldest_s: Some(7), ..calm.clone() };
    let full = Outbox { bytes: 1024, ..calm.clone() };
    for (outbox, alarm, is_full) in [(calm, 0, 0), (stuck.clone(), 1, 0), (full, 1, 1)] {
        let text = text(&NodeStatus { outbox: Some(outbox), ..status() }, &counters());
        assert!(text.contains(&format!("mirror_outbox_alarm {alarm}\n")), "{text}");
        assert!(text.contains(&format!("mirror_outbox_full {is_full}\n")), "{text}");
    }
    let text = text(&NodeStatus { outbox: Some(stuck), ..status() }, &counters());
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

/// As many lines for ten thousand lanes as for none.
#[test]
fn lanes_add_no_lines() {
    let lanes = vec![lane(LaneState::Held("an operator decides".to_owned())); 10_000];
    let many = text(&NodeStatus { lanes, ..status() }, &counters());
    let none = text(&NodeStatus { lanes: Vec::new(), ..status() }, &counters());
    assert_eq!(many.lines().count(), none.lines().count());
    assert!(many.contains("mirror_lanes{state=\"held\"} 10000\n"), "{many}");
}

#[tokio::test]
async fn is_served_at_one_path() {
    let metrics = Metrics::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = metrics.address().unwrap();
    let taken = Metrics::bind(address).await.map(drop).unwrap_err();
    assert!(taken.to_string().starts_with("telemetry.metrics: cannot listen on 127.0.0.1:"), "{taken}");
    let live = Arc::new(Node(Mutex::new(status())));
    let source = Source { live: live.clone(), counters: Arc::new(counters()) };
    let stop = CancellationToken::new();
    let server = tokio::spawn(metrics.serve(source, stop.clone()));
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
    // Each question is answered by how it stands then.
    live.0.lock().unwrap().troubles.push((3, "it cannot".to_owned()));
    assert!(ask("GET /metrics").await.contains("mirror_partitions_in_trouble 1\n"));
    let head = ask("HEAD /metrics").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    for (request, status) in [("GET /", "404"), ("GET /metrics/x", "404"), ("POST /metrics", "405")] {
        let answer = ask(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
    }
    stop.cancel();
    server.await.unwrap();
}
