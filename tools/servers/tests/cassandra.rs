//! A CQL server is killed, frozen, restarted on its data; it speaks TLS and asks for a user.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{process::Stdio, time::Duration};

use scylla::client::{session::Session, session_builder::SessionBuilder};
use servers::{Cassandra, CassandraOptions, with_servers};
use tokio::{process::Command, time::timeout};

async fn session(cassandra: &Cassandra) -> Session {
    SessionBuilder::new().known_node(format!("127.0.0.1:{}", cassandra.port())).build().await.unwrap()
}

async fn count(session: &Session) -> usize {
    let result = session.query_unpaged("SELECT id FROM kept.rows", ()).await.unwrap();
    result.into_rows_result().unwrap().rows_num()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_frozen_and_restarted_on_its_data() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut cassandra = Cassandra::start(CassandraOptions::at(dir.path())).await.unwrap();
    let client = session(&cassandra).await;
    let keyspace =
        "CREATE KEYSPACE kept WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
    client.query_unpaged(keyspace, ()).await.unwrap();
    client.query_unpaged("CREATE TABLE kept.rows (id int PRIMARY KEY)", ()).await.unwrap();
    for id in 0..200 {
        client.query_unpaged("INSERT INTO kept.rows (id) VALUES (?)", (id,)).await.unwrap();
    }
    let (pid, port) = (cassandra.pid().unwrap(), cassandra.port());
    cassandra.kill().await.unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    cassandra.restart().await.unwrap();
    assert_eq!(cassandra.port(), port);
    let client = session(&cassandra).await;
    assert_eq!(count(&client).await, 200, "every acknowledged row is there after kill -9");

    cassandra.freeze().await.unwrap();
    assert!(timeout(Duration::from_millis(400), count(&client)).await.is_err(), "frozen");
    cassandra.thaw().unwrap();
    assert_eq!(timeout(Duration::from_secs(20), count(&client)).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_users() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let options = CassandraOptions { auth: true, ..CassandraOptions::at(dir.path()) };
    let mut plain = Cassandra::start(options).await.unwrap();
    let address = format!("127.0.0.1:{}", plain.port());
    let builder = || SessionBuilder::new().known_node(&address);
    assert!(builder().user("cassandra", "wrong").build().await.is_err());
    let right = async || builder().user("cassandra", "cassandra").build().await.is_ok();
    // The user is made a moment after the port opens.
    timeout(Duration::from_secs(60), async { while !right().await {} }).await.unwrap();
    plain.kill().await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let options = CassandraOptions { tls: true, ..CassandraOptions::at(dir.path()) };
    let secure = Cassandra::start(options).await.unwrap();
    let mut client = Command::new("openssl");
    let address = format!("localhost:{}", secure.port());
    client.args(["s_client", "-verify_return_error", "-connect", &address, "-CAfile"]).arg(secure.ca());
    let output = client.stdin(Stdio::null()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
