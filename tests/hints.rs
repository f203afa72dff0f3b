//! Hints over a real broker: between nodes, over its death, through a cut, a stall and garbage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::{MirrorId, NodeId, Partition};
use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use mirror::rabbit::hints::{Hint, Hints, INBOX_MAX, OUTBOX_MAX, Settings};
use servers::{Proxy, Rabbit, RabbitOptions, given, with_servers};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything but a frozen broker takes.
const LONG: Duration = Duration::from_secs(30);

fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

fn settings(url: &str, cluster: &str, name: &str) -> Settings {
    let cluster = format!("{cluster}-{}", std::process::id());
    Settings { url: url.into(), cluster, node: node(name) }
}

/// A node that is connected.
async fn join(url: &str, cluster: &str, name: &str, stop: &CancellationToken) -> Hints {
    let mut hints = Hints::connect(&settings(url, cluster, name), stop.child_token()).unwrap();
    connected(&mut hints, true).await;
    hints
}

async fn connected(hints: &mut Hints, is: bool) {
    timeout(LONG, hints.connected.wait_for(|now| *now == is)).await.unwrap().unwrap();
}

async fn next(hints: &mut Hints) -> Hint {
    timeout(LONG, hints.received.recv()).await.unwrap().unwrap()
}

fn advanced(partition: u16) -> Hint {
    Hint::Advanced(Partition(partition))
}

/// Hints until the other hears one: what is hinted while nobody is connected is lost, and may be.
async fn heard_in_the_end(from: &Hints, to: &mut Hints, partition: u16) {
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < LONG, "no hint comes through");
        from.sender.send(advanced(partition));
        match timeout(Duration::from_millis(200), to.received.recv()).await {
            Ok(Some(hint)) if hint == advanced(partition) => return,
            Ok(Some(_)) | Err(_) => {}
            Ok(None) => panic!("hints ended before the stop"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_hear_each_other_and_not_themselves() {
    let Some(given) = given().unwrap() else { return };
    let stop = CancellationToken::new();
    let mut a = join(&given.amqp, "pair", "a", &stop).await;
    let mut b = join(&given.amqp, "pair", "b", &stop).await;
    let mirror = Hint::Mirror(MirrorId(Uuid::from_u128(7)));
    a.sender.send(mirror);
    a.sender.send(Hint::Drain(node("b")));
    assert_eq!((next(&mut b).await, next(&mut b).await), (mirror, Hint::Drain(node("b"))));
    b.sender.send(advanced(3));
    assert_eq!(next(&mut a).await, advanced(3), "the first that a hears is b's, not its own");

    let other = join(&given.amqp, "another-cluster", "a", &stop).await;
    other.sender.send(advanced(9));
    let leaving = CancellationToken::new();
    let mut c = Hints::connect(&settings(&given.amqp, "pair", "c"), leaving.clone()).unwrap();
    connected(&mut c, true).await;
    (100..140).for_each(|partition| c.sender.send(advanced(partition)));
    c.sender.send(Hint::Left(node("c")));
    leaving.cancel();
    let mut heard = Vec::new();
    while heard.last() != Some(&Hint::Left(node("c"))) {
        heard.push(next(&mut a).await);
    }
    // One that was under way at the stop may be said twice.
    heard.dedup();
    let all = (100..140).map(advanced).chain([Hint::Left(node("c"))]).collect::<Vec<_>>();
    assert_eq!(heard, all, "all that was said before the stop, and nothing of other clusters");
    timeout(LONG, &mut c.task).await.unwrap().unwrap();
    stop.cancel();
    timeout(LONG, &mut a.task).await.unwrap().unwrap();
    let rest = async { while a.received.recv().await.is_some() {} };
    timeout(LONG, rest).await.expect("it ends after the stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_death_of_the_broker_and_with_tls() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut rabbit =
        Rabbit::start(RabbitOptions { tls: true, ..RabbitOptions::at(dir.path()) }).await.unwrap();
    let secure = format!("amqps://mirror:mirror-test@localhost:{}/", rabbit.amqps_port());
    let stop = CancellationToken::new();
    let own_ca = format!("{secure}?ca={}", rabbit.ca().display());
    let mut a = join(&own_ca, "death", "a", &stop).await;
    let mut b = join(&rabbit.amqp_url(), "death", "b", &stop).await;
    a.sender.send(advanced(1));
    assert_eq!(next(&mut b).await, advanced(1), "over TLS with an own CA");
    let strange = Hints::connect(&settings(&secure, "death", "c"), stop.child_token()).unwrap();

    for partition in 10..12 {
        rabbit.kill().await.unwrap();
        connected(&mut a, false).await;
        connected(&mut b, false).await;
        // What is hinted meanwhile costs nobody any time.
        let start = Instant::now();
        (0..2_000).for_each(|at| a.sender.send(advanced(at)));
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(a.sender.counts().dropped.load(Relaxed) >= 2_000 - OUTBOX_MAX as u64);
        rabbit.restart().await.unwrap();
        connected(&mut a, true).await;
        connected(&mut b, true).await;
        heard_in_the_end(&a, &mut b, 5_000 + partition).await;
        heard_in_the_end(&b, &mut a, 6_000 + partition).await;
    }
    assert!(!*strange.connected.borrow(), "a broker of a CA that nobody vouches for is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_cuts_refusals_and_stalls() {
    let Some(given) = given().unwrap() else { return };
    let port = given.amqp.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(port).await.unwrap();
    // Noticed after two heartbeats.
    let through = format!("amqp://mirror:mirror-test@127.0.0.1:{}/?heartbeat=1", proxy.port());
    let stop = CancellationToken::new();
    let mut a = join(&through, "cuts", "a", &stop).await;
    let mut b = join(&given.amqp, "cuts", "b", &stop).await;

    proxy.cut();
    connected(&mut a, false).await;
    connected(&mut a, true).await;
    heard_in_the_end(&a, &mut b, 1).await;

    proxy.refuse(true);
    proxy.cut();
    connected(&mut a, false).await;
    b.sender.send(advanced(2));
    proxy.refuse(false);
    assert_eq!(next(&mut a).await, advanced(2), "its queue outlives a short cut");

    proxy.stall(true);
    let start = Instant::now();
    connected(&mut a, false).await;
    assert!(start.elapsed() < Duration::from_secs(15), "a silent broker is noticed: {:?}", start.elapsed());
    proxy.stall(false);
    connected(&mut a, true).await;
    heard_in_the_end(&a, &mut b, 3).await;
    heard_in_the_end(&b, &mut a, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_queues_drop_and_go_on() {
    let Some(given) = given().unwrap() else { return };
    let stop = CancellationToken::new();
    let a = join(&given.amqp, "full", "a", &stop).await;
    let mut b = join(&given.amqp, "full", "b", &stop).await;
    let all = 3 * INBOX_MAX as u64;
    let mut sent = 0;
    let start = Instant::now();
    while b.sender.counts().received.load(Relaxed) + b.sender.counts().dropped.load(Relaxed) < all {
        assert!(start.elapsed() < LONG, "hints stop coming");
        a.sender.send(advanced(sent));
        sent = (sent + 1) % 30_000;
        tokio::task::yield_now().await;
    }
    assert_eq!(b.received.len(), INBOX_MAX, "no more than that waits");
    assert!(b.sender.counts().dropped.load(Relaxed) > 0);
    while b.received.try_recv().is_ok() {}
    heard_in_the_end(&a, &mut b, 40_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_skipped() {
    let Some(given) = given().unwrap() else { return };
    let stop = CancellationToken::new();
    let a = join(&given.amqp, "garbage", "a", &stop).await;
    let mut b = join(&given.amqp, "garbage", "b", &stop).await;
    let url = given.amqp.clone() + "%2f";
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let exchange = format!("garbage-{}.nodes", std::process::id());
    let garbage: [&[u8]; 5] = [b"", b"\x01", b"\x02later", &[0xFF; 100], &[1; 100_000]];
    for payload in garbage {
        let (exchange, options) = (exchange.as_str().into(), BasicPublishOptions::default());
        let sent = channel.basic_publish(exchange, "".into(), options, payload, BasicProperties::default());
        sent.await.unwrap();
    }
    heard_in_the_end(&a, &mut b, 1).await;
    // Counted a moment after it is handed over.
    let counts = b.sender.counts();
    let counted = async {
        while counts.skipped.load(Relaxed) < 5 || counts.received.load(Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, counted).await.unwrap();
    assert_eq!(counts.skipped.load(Relaxed), 5, "garbage alone is skipped");
    // The queue goes by itself, so that nobody's messages wait for ever for a node that is no more.
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = format!("garbage-{}.nodes.b", std::process::id());
    channel.queue_declare(queue.as_str().into(), passive, FieldTable::default()).await.unwrap();
    channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap();
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_logged() {
    let Some(given) = given().unwrap() else { return };
    let lines = Lines::default();
    let writer = lines.clone();
    let listener =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(listener.finish()).unwrap();
    let stop = CancellationToken::new();
    let mut right = join(&given.amqp, "secret", "a", &stop).await;
    let wrong = given.amqp.replace("mirror-test", "hunter2");
    let wrong = Hints::connect(&settings(&wrong, "secret", "b"), stop.child_token()).unwrap();
    let logged = || String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    let refused = async {
        while !logged().contains("hints: not connected") {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, refused).await.unwrap();
    right.sender.send(advanced(1));
    stop.cancel();
    timeout(LONG, &mut right.task).await.unwrap().unwrap();
    assert!(!*wrong.connected.borrow());
    let logged = logged();
    for secret in ["hunter2", "mirror-test"] {
        let line = logged.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a password is logged");
    }
}
