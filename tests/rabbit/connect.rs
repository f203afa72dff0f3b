//! Connecting: several addresses, TLS that is verified, and what cannot be had is said clearly.

use crate::stream::{LONG, P0, Publisher, Stream, all, events, in_the_end};
use events::Offset;
use mirror::rabbit::connect::{Broker, Failure};
use servers::{Proxy, Rabbit, RabbitOptions, given, with_servers};
use std::time::{Duration, Instant};
use tokio::time::timeout;

fn broker(url: &str) -> Broker {
    Broker::new(url.parse().unwrap(), "mirror test").unwrap()
}

async fn refused(url: &str) -> Failure {
    timeout(LONG, broker(url).open()).await.unwrap().expect_err("it is refused")
}

fn says(failure: &Failure, stopped: bool, words: &str) {
    let text = format!("{failure} {failure:?}");
    assert_eq!(matches!(failure, Failure::Stopped(_)), stopped, "{text}");
    assert!(text.contains(words), "{words:?} in {text}");
    assert!(!text.contains("mirror-test") && !text.contains("hunter2"), "no password: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_said_clearly() {
    let Some(given) = given().unwrap() else { return };
    let at = given.rabbitmq.rsplit_once('@').unwrap().1;
    says(&refused(&format!("rabbitmq://mirror:hunter2@{at}")).await, true, "password is wrong");
    let vhost = format!("{}/nowhere", given.rabbitmq.trim_end_matches('/'));
    says(&refused(&vhost).await, true, "virtual host");
    says(&refused("rabbitmq://mirror:hunter2@127.0.0.1:1").await, false, "127.0.0.1:1");
    let missing = broker(&given.rabbitmq).leader("no-such-stream").await.expect_err("no stream");
    says(&missing, false, "does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_declared_once() {
    let Some(given) = given().unwrap() else { return };
    let stream = Stream::new(&given.rabbitmq, &[]).await;
    stream.publisher().await.publish(&events(1, 0..3)).await;
    stream.broker.declare(&stream.name(), &[]).await.expect("the same again");
    let other = [("max-length-bytes", "1000000".to_owned())];
    stream.broker.declare(&stream.name(), &other).await.expect("with other arguments it is left as it is");
    assert_eq!(all(&stream.readers, Offset(0), 10, None).await.len(), 3, "and it keeps what it holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_address_serves_where_the_first_does_not() {
    let Some(given) = given().unwrap() else { return };
    let (user, at) = given.rabbitmq.rsplit_once('@').unwrap();
    let (dead, bad) = ("127.0.0.1:1", "no-such-host.invalid");
    let stream = Stream::new(&format!("{user}@{dead},{bad},{at}"), &[]).await;
    stream.publisher().await.publish(&events(1, 0..3)).await;
    assert_eq!(stream.readers.tail(P0).await.unwrap(), Offset(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_broker_is_given_up_in_time() {
    let Some(given) = given().unwrap() else { return };
    let (user, at) = given.rabbitmq.rsplit_once('@').unwrap();
    let port = at.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
    let proxy = Proxy::start(port).await.unwrap();
    proxy.stall(true);
    let start = Instant::now();
    let failure = refused(&format!("{user}@127.0.0.1:{}/", proxy.port())).await;
    says(&failure, false, "does not answer");
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_verified() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let rabbit = Rabbit::start(RabbitOptions { tls: true, ..RabbitOptions::at(dir.path()) }).await.unwrap();
    let url = |host: &str, ca: &str| {
        format!("rabbitmqs://mirror:mirror-test@{host}:{}/?ca={ca}", rabbit.stream_tls_port())
    };
    let ca = rabbit.ca();
    let ca = ca.to_str().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let broker = broker(&url(host, ca));
        let name = format!("tls-{host}");
        in_the_end(async || broker.declare(&name, &[]).await).await;
        let mut publisher = in_the_end(async || Publisher::to(&broker, &name, "p").await).await;
        publisher.publish(&events(1, 0..100)).await;
    }

    let other = dir.path().join("other");
    let strange = Rabbit::start(RabbitOptions { tls: true, ..RabbitOptions::at(&other) }).await.unwrap();
    says(&refused(&url("localhost", strange.ca().to_str().unwrap())).await, true, "certificate");
    let system = format!("rabbitmqs://mirror:mirror-test@localhost:{}/", rabbit.stream_tls_port());
    match Broker::new(system.parse().unwrap(), "mirror test") {
        Ok(broker) => says(&broker.open().await.expect_err("unknown to the system"), true, "certificate"),
        Err(failure) => says(&failure, true, "?ca=FILE"),
    }
    says(&refused(&url("a..b", ca)).await, true, "no name");
    let missing = Broker::new(url("localhost", "/no/such/file").parse().unwrap(), "t").expect_err("no file");
    says(&missing, true, "/no/such/file");
    let plain_port = format!("rabbitmqs://mirror:mirror-test@localhost:{}/?ca={ca}", rabbit.stream_port());
    assert!(broker(&plain_port).open().await.is_err(), "a port without TLS");
    let no_tls = format!("rabbitmq://mirror:mirror-test@localhost:{}/", rabbit.stream_tls_port());
    assert!(broker(&no_tls).open().await.is_err(), "a port with TLS");
}
