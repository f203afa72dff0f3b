//! Brokers and nodes are killed and frozen under load: nothing that was acknowledged is lost, nothing is doubled.

use crate::node::{Node, P0, everything, settings};
use crate::stream::{LONG, events};
use events::log::{AppendError, Durable, Log};
use events::{Event, Partition};
use mirror::rabbit::RabbitLog;
use servers::{Rabbit, RabbitOptions};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Each number once, in order; all of these messages.
pub(crate) fn check(found: &[Event], messages: impl IntoIterator<Item = u64>) {
    let numbers: Vec<u64> = found.iter().map(|event| event.producer.seq).collect();
    assert_eq!(numbers, (1..=found.len() as u64).collect::<Vec<_>>(), "each number once, in order");
    let known: BTreeSet<u64> = found.iter().map(|event| event.place.message.0).collect();
    let lost: Vec<u64> = messages.into_iter().filter(|message| !known.contains(message)).collect();
    assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
}

/// Appends to one partition until told to stop; the number of messages that were acknowledged.
async fn load(log: RabbitLog, partition: Partition, stop: Arc<AtomicBool>) -> u64 {
    let mut next = 0;
    while !stop.load(Ordering::Acquire) {
        let durable = if next % 100 == 0 { Durable::Everywhere } else { Durable::Here };
        match log.append(partition, events(1, next..next + 10), durable).await {
            Ok(()) => {}
            // In the outbox all the same: a retry would be another event of the same id.
            Err(AppendError::Retry(_)) if durable == Durable::Everywhere => {}
            Err(other) => panic!("{other}"),
        }
        next += 10;
        // As fast as a busy chat, not as fast as the disk.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    next
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_and_frozen_under_load() {
    if !servers::with_servers() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut rabbit = Rabbit::start(RabbitOptions::at(folder.path())).await.unwrap();
    let node = Node::start(&settings(&rabbit.stream_url())).await;
    // A broker that is killed within a second of its very first stream does not offer that stream again.
    rabbit.terminate().await.unwrap();
    rabbit.restart().await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> =
        [P0, Partition(1)].map(|at| tokio::spawn(load(node.log.clone(), at, stop.clone()))).into();
    for _ in 0..2 {
        node.settle(P0).await;
        rabbit.kill().await.unwrap();
        node.until("it is noticed", |status| status.stuck.len() == 2).await;
        rabbit.restart().await.unwrap();
        node.settle(Partition(1)).await;
    }
    rabbit.freeze().await.unwrap();
    node.until("silence is noticed", |status| !status.stuck.is_empty()).await;
    rabbit.thaw().unwrap();
    stop.store(true, Ordering::Release);
    for (load, at) in loads.into_iter().zip([P0, Partition(1)]) {
        let appended = load.await.unwrap();
        node.settle(at).await;
        check(&everything(&node.log, at).await, 0..appended);
    }
    node.stop().await;
}

const CHILD: &str = "MIRROR_TEST_CHILD";

/// The process that is killed: it appends, and prints what is acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(asked) = std::env::var(CHILD) else { return };
    let [url, prefix, folder]: [&str; 3] = asked.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let directory = mirror::sqlite::DataDir::open_as(folder.as_ref(), Some(crate::node::name())).unwrap();
    let settings = mirror::rabbit::Settings { prefix: prefix.to_owned(), ..settings(url) };
    let outbox = directory.outbox().unwrap();
    let log = RabbitLog::open(settings, outbox, crate::node::name()).await.unwrap();
    let start = first(&log).await;
    for next in (start..).step_by(5) {
        log.append(P0, events(1, next..next + 5), Durable::Here).await.unwrap();
        println!("acknowledged {next}");
    }
}

/// Behind all that was ever appended here.
async fn first(log: &RabbitLog) -> u64 {
    crate::stream::in_the_end(async || log.append(P0, Vec::new(), Durable::Everywhere).await).await;
    everything(log, P0).await.iter().map(|event| event.place.message.0 + 1).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_between_outbox_and_confirmation() {
    let Some(given) = servers::given().unwrap_or_else(|words| panic!("{words}")) else { return };
    let settings = settings(&given.rabbitmq);
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(CHILD, format!("{} {} {}", given.rabbitmq, settings.prefix, folder.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok());
        for number in numbers.take(20 + round * 37) {
            acknowledged.extend(number..number + 5);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(acknowledged.len() >= 5 * 100, "{} were acknowledged", acknowledged.len());
    let node = Node::start_in(folder, &settings).await;
    tokio::time::timeout(LONG, node.settle(P0)).await.unwrap();
    check(&everything(&node.log, P0).await, acknowledged);
    node.stop().await;
}
