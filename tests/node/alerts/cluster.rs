//! Causes that take a cluster: a broker that is away, a log that a newer node has written to.

use super::play::Play;
use super::{at_rest, talk};
use crate::cluster::Cluster;
use crate::scrape::Scrape;
use events::Partition;
use mirror::rabbit::connect::Broker;
use mirror::rabbit::connect::frame::Frame;
use mirror::rabbit::connect::publish::Message;
use mirror::rabbit::read::stream_name;
use std::time::{Duration, Instant};

/// After so long a node tries again to work on a partition.
const AGAIN: Duration = Duration::from_secs(2);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away() {
    let Some(Cluster { stage, mut rabbit, dir: _dir, .. }) = Cluster::start().await else { return };
    let node = stage.start().await;
    let mut said = Vec::new();
    talk(&stage, &mut said, 1).await;
    let before = at_rest(&stage).await;
    rabbit.kill().await.unwrap();
    let mut say = |text: String| {
        stage.say(stage.channels[0], &text);
        said.push(text);
    };
    say("kept on the node's disk".to_owned());
    let alarm = |page: &Scrape| page.value("mirror_outbox_alarm") == 1.0;
    let stuck = stage.until_scrape("it says that nobody takes it", alarm).await;
    Play::over(&before, &stuck).fires(&["MirrorNotReady", "MirrorOutboxAlarm"]).await;
    // A mebibyte, and some.
    (0..300).for_each(|number| say(format!("{number}: {}", "x".repeat(1_900))));
    let full = |page: &Scrape| page.value("mirror_outbox_full") == 1.0;
    let full = stage.until_scrape("there is no more room", full).await;
    Play::over(&before, &full).fires(&["MirrorNotReady", "MirrorOutboxAlarm", "MirrorOutboxFull"]).await;
    rabbit.restart().await.unwrap();
    let appended = "mirror_events_appended_total{kind=\"created\"}";
    let is_well = |page: &Scrape| {
        let is_empty = ["alarm", "full", "events"]
            .iter()
            .all(|what| page.value(&format!("mirror_outbox_{what}")) == 0.0);
        is_empty && page.value(appended) >= said.len() as f64
    };
    stage.until_scrape("all of it is on the log", is_well).await;
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_a_newer_node_has_written_to() {
    let Some(Cluster { stage, rabbit, name, dir: _dir }) = Cluster::start().await else { return };
    let node = stage.start().await;
    talk(&stage, &mut Vec::new(), 1).await;
    let before = at_rest(&stage).await;
    let broker = Broker::new(rabbit.stream_url().parse().unwrap(), "mirror test").unwrap();
    publish(&broker, &stream_name(&name, Partition(0)), &[u8::MAX, 0x90]).await;
    let trouble = |page: &Scrape| page.value("mirror_partitions_in_trouble") == 1.0;
    let after = stage.until_scrape("the partition stops", trouble).await;
    Play::over(&before, &after).fires(&["MirrorNotReady", "MirrorPartitionInTrouble"]).await;
    let says = |status, body: &str| status == 503 && body.contains("upgrade it");
    stage.until_answer("/readyz", "it says what to do", says).await;
    // It is tried again and again, is in trouble all the time, and says so once.
    let began = Instant::now();
    while began.elapsed() < 3 * AGAIN {
        let page = stage.until_scrape("it answers", |_| true).await;
        assert!(trouble(&page), "{page:?}");
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(stage.log().matches("a partition cannot be worked on").count(), 1, "{}", stage.tail());
    node.stop().await;
}

/// One record, confirmed.
async fn publish(broker: &Broker, stream: &str, record: &[u8]) {
    let mut connection = broker.leader(stream).await.unwrap();
    connection.declare_publisher(1, "a newer node", stream).await.unwrap();
    connection.publish(1, &[Message { id: 1, filter: "", record }]).await.unwrap();
    while !matches!(connection.next().await.unwrap(), Frame::Confirmed { .. }) {}
}
