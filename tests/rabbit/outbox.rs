//! What the outbox promises: nothing that it took is lost or hidden, whatever becomes of it, of the stream, of the way.

use crate::node::{Node, P0, by, copy, everything, make_anew, messages, numbers, settings};
use crate::stream::{event, events};
use events::Partition;
use events::log::{AppendError, Durable, Log};
use mirror::rabbit::{RabbitLog, Settings};
use servers::Proxy;
use std::time::Duration;
use tokio::time::Instant;

fn given() -> Option<String> {
    servers::given().unwrap_or_else(|words| panic!("{words}")).map(|given| given.rabbitmq)
}

/// A way to the broker that can be broken.
async fn proxied(url: &str) -> (Proxy, String) {
    let (rest, port) = url.trim_end_matches('/').rsplit_once(':').unwrap();
    let proxy = Proxy::start(port.parse().unwrap()).await.unwrap();
    let url = format!("{rest}:{}/", proxy.port());
    (proxy, url)
}

fn pairs(range: std::ops::RangeInclusive<u64>) -> Vec<(u64, u64)> {
    range.map(|number| (number, number)).collect()
}

/// Mirrors lie together, each in its own order; numbers go with the order on the stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_put_mirror_by_mirror() {
    let Some(url) = given() else { return };
    let node = Node::start(&settings(&url)).await;
    let batch = (0..60).map(|at| event([7, 3, 9][at as usize % 3], at, 10)).collect();
    node.append(batch, Durable::Everywhere).await;
    let found = everything(&node.log, P0).await;
    let mirrors: Vec<u128> = found.iter().map(|event| event.mirror.0.as_u128()).collect();
    assert!(mirrors.is_sorted() && mirrors.len() == 60, "{mirrors:?}");
    for own in found.chunk_by(|one, two| one.mirror == two.mirror) {
        assert!(own.is_sorted_by_key(|event| event.place.message));
    }
    assert!(found.iter().zip(1..).all(|(event, seq)| event.producer.seq == seq));
    node.stop().await;
}

/// A publish is cut by bytes; trap 1: the broker closes the connection over a frame that is too large, or stores nothing.
#[tokio::test(flavor = "multi_thread")]
async fn large_events_and_many_small_ones_arrive() {
    let Some(url) = given() else { return };
    let node = Node::start(&settings(&url)).await;
    let batch: Vec<_> = (0..12).map(|at| event(1, at, 250 * 1024)).collect();
    node.append(batch, Durable::Here).await;
    node.append(events(2, 12..3000), Durable::Everywhere).await;
    assert_eq!(messages(&node.log).await, (0..3000).collect::<Vec<_>>());
    let status = node.log.status();
    assert_eq!((status.waiting, status.bytes, status.oldest, &status.stuck), (0, 0, None, &vec![]));
    assert!(status.kept_bytes > 12 * 250 * 1024, "{status:?}");
    node.stop().await;
}

/// Trap 10: numbers that the broker knows are confirmed and not stored.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_lost_outbox_is_not_hidden() {
    let Some(url) = given() else { return };
    let settings = settings(&url);
    let node = Node::start(&settings).await;
    node.append(events(1, 1..6), Durable::Everywhere).await;
    drop(node.stop().await);
    let node = Node::start(&settings).await;
    node.append(events(1, 6..9), Durable::Everywhere).await;
    assert_eq!(messages(&node.log).await, (1..9).collect::<Vec<_>>());
    node.stop().await;
}

/// The same, and new events have numbers up to and beyond those that the broker knows before it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_outbox_from_a_backup_is_not_hidden() {
    let Some(url) = given() else { return };
    let settings = settings(&url);
    let node = Node::start(&settings).await;
    node.append(events(1, 1..6), Durable::Everywhere).await;
    let folder = node.stop().await;
    let (one, two) = (copy(folder.path()), copy(folder.path()));
    let node = Node::start_in(folder, &settings).await;
    node.append(events(1, 6..11), Durable::Everywhere).await;
    drop(node.stop().await);

    let node = Node::start_in(one, &settings).await;
    node.append(events(1, 20..23), Durable::Everywhere).await;
    drop(node.stop().await);

    let (proxy, away) = proxied(&url).await;
    proxy.refuse(true);
    let node = Node::start_in(two, &by(&away, &settings)).await;
    node.append(events(1, 30..42), Durable::Here).await;
    proxy.refuse(false);
    node.settle(P0).await;
    let expected: Vec<u64> = (1..11).chain(20..23).chain(30..42).collect();
    assert_eq!(messages(&node.log).await, expected);
    node.stop().await;
}

/// A stream that is made anew gets what is kept, also if nothing new is appended.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_made_anew_is_filled_again() {
    let Some(url) = given() else { return };
    let settings = settings(&url);
    let node = Node::start(&settings).await;
    node.append(events(1, 1..41), Durable::Everywhere).await;
    node.log.append(Partition(1), events(2, 1..4), Durable::Everywhere).await.unwrap();
    make_anew(&settings, P0).await;
    node.until("the loss is seen", |status| status.waiting == 0 || status.waiting == 40).await;
    let mut found = Vec::new();
    let start = Instant::now();
    while found.len() < 40 && start.elapsed() < Duration::from_secs(60) {
        found = numbers(&node.log).await;
    }
    assert_eq!(found, pairs(1..=40));
    node.append(events(1, 41..44), Durable::Everywhere).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=43));
    assert_eq!(everything(&node.log, Partition(1)).await.len(), 3, "the other one is as it was");

    // The same while the node is away.
    let folder = node.stop().await;
    make_anew(&settings, P0).await;
    let node = Node::start_in(folder, &settings).await;
    node.append(events(1, 44..45), Durable::Everywhere).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=44));
    node.stop().await;
}

/// What is stored and not known to be is sent again under its number, and stored once.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_confirmation_doubles_nothing() {
    let Some(url) = given() else { return };
    let (proxy, away) = proxied(&url).await;
    let settings = settings(&away);
    let node = Node::start(&settings).await;
    node.append(events(1, 1..2), Durable::Everywhere).await;
    proxy.stall_replies(true);
    node.append(events(1, 2..400), Durable::Here).await;
    let direct = Node::start(&by(&url, &settings)).await;
    let stored = async { while messages(&direct.log).await.len() < 256 {} };
    tokio::time::timeout(Duration::from_secs(30), stored).await.expect("requests pass");
    assert!(node.log.status().waiting >= 256, "nothing is taken for confirmed");
    proxy.cut();
    proxy.stall_replies(false);
    node.settle(P0).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=399));
    direct.stop().await;
    node.stop().await;
}

/// A broken way, again and again, under load: each event once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_lose_and_double_nothing() {
    let Some(url) = given() else { return };
    let (proxy, away) = proxied(&url).await;
    let node = Node::start(&settings(&away)).await;
    for round in 0..40 {
        let first = round * 50 + 1;
        node.append(events(1, first..first + 50), Durable::Here).await;
        if round % 4 == 0 {
            proxy.cut();
        }
    }
    node.settle(P0).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=2000));
    node.stop().await;
}

fn small(url: &str, bytes: u64) -> Settings {
    Settings { outbox_bytes_max: bytes, ..settings(url) }
}

/// Full, it refuses after a while and drops nothing; with a broker it goes on. What is kept gives way.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_outbox_waits_and_then_refuses() {
    const MAX: u64 = 64 * 1024;
    let Some(url) = given() else { return };
    let (proxy, away) = proxied(&url).await;
    let node = Node::start(&small(&away, MAX)).await;
    node.append(events(1, 0..1), Durable::Everywhere).await;
    proxy.refuse(true);
    proxy.cut();
    let (mut taken, start) = (1, Instant::now());
    let words = loop {
        match node.log.append(P0, vec![event(1, taken, 1000)], Durable::Here).await {
            Ok(()) => taken += 1,
            Err(AppendError::Retry(words)) => break words,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(words.contains("the outbox is full"), "{words}");
    assert!(start.elapsed() >= Duration::from_secs(5), "it waits for a while first");
    let status = node.log.status();
    assert!(status.bytes >= MAX && status.bytes < MAX + 2048, "{status:?}");
    assert_eq!((status.waiting, &status.stuck), (taken - 1, &vec![P0]));
    assert!(status.oldest.is_some_and(|oldest| oldest > Duration::from_secs(1)) && status.problem.is_some());
    proxy.refuse(false);
    node.append(vec![event(1, taken, 1000)], Durable::Here).await;
    node.settle(P0).await;
    for at in taken + 1..taken + 200 {
        node.append(vec![event(1, at, 1000)], Durable::Here).await;
    }
    node.settle(P0).await;
    assert_eq!(messages(&node.log).await, (0..taken + 200).collect::<Vec<_>>());
    node.until("what is kept gives way", |status| status.bytes + status.kept_bytes <= MAX).await;
    node.stop().await;
}

/// Everywhere says what is the matter; Here does not care. An empty batch asks for all before it.
#[tokio::test(flavor = "multi_thread")]
async fn everywhere_waits_and_says_why_not() {
    let Some(url) = given() else { return };
    let (proxy, away) = proxied(&url).await;
    proxy.refuse(true);
    let node = Node::start(&settings(&away)).await;
    node.append(events(1, 1..4), Durable::Here).await;
    match node.log.append(P0, Vec::new(), Durable::Everywhere).await {
        Err(AppendError::Retry(words)) => assert!(words.contains("in the outbox"), "{words}"),
        other => panic!("{other:?}"),
    }
    node.log.append(Partition(1), Vec::new(), Durable::Everywhere).await.expect("nothing waits there");
    match node.log.append(Partition(2), events(1, 1..2), Durable::Here).await {
        Err(AppendError::Stopped(words)) => assert!(words.contains("no partition 2"), "{words}"),
        other => panic!("{other:?}"),
    }
    proxy.refuse(false);
    node.settle(P0).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=3));
    node.stop().await;
}

/// A restart sends what was not sent, and what is kept is trimmed in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_sends_the_rest_and_kept_events_go() {
    let Some(url) = given() else { return };
    let (proxy, away) = proxied(&url).await;
    let settings = Settings { keep: Duration::from_secs(1), ..settings(&away) };
    proxy.refuse(true);
    let node = Node::start(&settings).await;
    node.append(events(1, 1..101), Durable::Here).await;
    let folder = node.stop().await;
    proxy.refuse(false);
    let node = Node::start_in(folder, &settings).await;
    assert!(node.log.status().bytes > 0 || node.log.status().kept_bytes > 0, "they were found again");
    node.settle(P0).await;
    node.until("they are removed", |status| status.kept_bytes == 0).await;
    let folder = node.stop().await;
    let node = Node::start_in(folder, &settings).await;
    assert_eq!((node.log.status().bytes, node.log.status().kept_bytes), (0, 0));
    node.append(events(1, 101..103), Durable::Everywhere).await;
    assert_eq!(numbers(&node.log).await, pairs(1..=102));
    node.stop().await;
}

/// Of a closed log.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_log_says_so() {
    let Some(url) = given() else { return };
    let node = Node::start(&settings(&url)).await;
    node.append(events(1, 1..2), Durable::Everywhere).await;
    let log: RabbitLog = node.log.clone();
    node.stop().await;
    for durable in [Durable::Here, Durable::Everywhere] {
        let refused = log.append(P0, events(1, 2..3), durable).await;
        assert!(matches!(refused, Err(AppendError::Stopped(_))), "{refused:?}");
    }
}
