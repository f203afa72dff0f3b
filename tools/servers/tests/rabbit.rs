//! A broker is killed, frozen, restarted on its data, and reached through a proxy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{net::TcpListener, process::Stdio, time::Duration};

use servers::{Error, Ports, Proxy, Rabbit, RabbitCluster, RabbitOptions, with_servers};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::timeout,
};

/// One request to the management API; the status.
async fn manage(rabbit: &Rabbit, method: &str, path: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", rabbit.management_port())).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: x\r\nAuthorization: Basic bWlycm9yOm1pcnJvci10ZXN0\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// Whether the broker begins to speak AMQP within `limit`.
async fn greets(connection: &mut TcpStream, limit: Duration) -> bool {
    connection.write_all(b"AMQP\0\0\x09\x01").await.unwrap();
    let mut first = [0; 1];
    matches!(timeout(limit, connection.read_exact(&mut first)).await, Ok(Ok(_)))
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn killed_frozen_and_restarted_on_its_data() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut rabbit = Rabbit::start(RabbitOptions::at(dir.path())).await.unwrap();
    assert_eq!(manage(&rabbit, "PUT", "/api/queues/%2F/kept", r#"{"durable":true}"#).await, "201");
    // A broker answers before its metadata is on disk: only what it came to write may be asked for after a kill.
    rabbit.terminate().await.unwrap();
    rabbit.restart().await.unwrap();
    assert_eq!(manage(&rabbit, "GET", "/api/queues/%2F/kept", "").await, "200", "kept over a clean stop");

    let (pid, port) = (rabbit.pid().unwrap(), rabbit.amqp_port());
    rabbit.kill().await.unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "nothing listens after a kill");
    rabbit.restart().await.unwrap();
    assert_eq!(rabbit.amqp_port(), port);
    assert_eq!(manage(&rabbit, "GET", "/api/queues/%2F/kept", "").await, "200", "kept over kill -9");

    rabbit.freeze().await.unwrap();
    let mut frozen = connect(port).await;
    assert!(!greets(&mut frozen, SHORT).await, "a frozen broker takes connections and says nothing");
    rabbit.thaw().unwrap();
    let mut first = [0; 1];
    timeout(LONG, frozen.read_exact(&mut first)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_by_a_ca_of_its_own_and_a_proxy_that_it_advertises() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ports = Ports::free().unwrap();
    let proxy = Proxy::start(ports.at(1)).await.unwrap();
    let options = RabbitOptions {
        ports: Some(ports),
        tls: true,
        advertised_stream_port: Some(proxy.port()),
        extra_conf: "heartbeat = 7\n".to_owned(),
        ..RabbitOptions::at(dir.path())
    };
    let rabbit = Rabbit::start(options).await.unwrap();
    let config = std::fs::read_to_string(dir.path().join("rabbitmq.conf")).unwrap();
    assert!(config.contains(&format!("stream.advertised_port = {}\n", proxy.port())));
    assert!(config.ends_with("heartbeat = 7\n"));
    for port in [rabbit.amqps_port(), rabbit.stream_tls_port()] {
        let mut client = Command::new("openssl");
        client.args([
            "s_client",
            "-verify_return_error",
            "-connect",
            &format!("localhost:{port}"),
            "-CAfile",
        ]);
        let output = client.arg(rabbit.ca()).stdin(Stdio::null()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Through the proxy: the broker closes what does not speak the stream protocol.
    let mut through = connect(proxy.port()).await;
    through.write_all(&[0, 0, 0, 4, 9, 9, 9, 9]).await.unwrap();
    let mut rest = Vec::new();
    timeout(LONG, through.read_to_end(&mut rest)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    if !with_servers() {
        return;
    }
    let ports = Ports::free().unwrap();
    let taken = ports.at(1);
    let _listener = TcpListener::bind(("127.0.0.1", taken)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = RabbitOptions { ports: Some(ports), ..RabbitOptions::at(dir.path()) };
    match Rabbit::start(options).await {
        Err(Error::PortInUse { port }) => assert_eq!(port, taken),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_does_not_come_up_says_why() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let options =
        RabbitOptions { extra_conf: "no_such_setting = 1\n".to_owned(), ..RabbitOptions::at(dir.path()) };
    let error = Rabbit::start(options).await.unwrap_err();
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_brokers_are_one_and_two_of_them_go_on() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut cluster = RabbitCluster::start(dir.path(), 3).await.unwrap();
    let mut pids = Vec::new();
    for at in 0..3 {
        let port = cluster.broker(at).stream_port();
        assert_eq!(cluster.at_port(port), Some(at));
        assert!(cluster.stream_url().contains(&format!("127.0.0.1:{port}")));
        pids.push(cluster.broker(at).pid().unwrap());
    }
    let body = r#"{"durable":true,"arguments":{"x-queue-type":"quorum"}}"#;
    assert_eq!(manage(cluster.broker(0), "PUT", "/api/queues/%2F/kept", body).await, "201");
    // The one that the others joined first: what finds them must not die with it.
    cluster.broker(0).kill().await.unwrap();
    let left = manage(cluster.broker(1), "PUT", "/api/queues/%2F/later", body).await;
    assert_eq!(left, "201", "two of three are a majority");
    cluster.broker(0).restart().await.unwrap();
    cluster.wait_joined().await.unwrap();
    for queue in ["kept", "later"] {
        let path = format!("/api/queues/%2F/{queue}");
        assert_eq!(manage(cluster.broker(0), "GET", &path, "").await, "200", "{queue}");
    }
    pids[0] = cluster.broker(0).pid().unwrap();
    drop(cluster);
    let gone = async {
        while pids.iter().any(|pid| std::path::Path::new(&format!("/proc/{pid}")).exists()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, gone).await.expect("all end with their owner");
}
