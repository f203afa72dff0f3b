//! TLS, users and several contact points.

use crate::stage::{Stage, patient, replication};
use mirror::scylla::schema::Schema;
use mirror::scylla::{Address, Failure, Settings, Store};
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Lanes, Saved};
use servers::{Cassandra, CassandraOptions};
use std::time::Duration;

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

async fn refused(text: &str) -> Failure {
    let settings = Settings { connect_time_max: Duration::from_secs(3), ..Settings::default() };
    let failure = Store::connect(&address(text), settings).await.map(drop).expect_err("refused");
    let said = format!("{failure} {failure:?}");
    println!("{said}");
    assert!(!said.contains("hunter2") && !said.contains("cassandra:cassandra"), "{said}");
    failure
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_and_users_is_reached() {
    if !servers::with_servers() {
        return;
    }
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let options = CassandraOptions { tls: true, auth: true, ..CassandraOptions::at(place.path()) };
    let mut server = Cassandra::start(options).await.expect("a server");
    let (port, ca) = (server.port(), server.ca());
    let ca = ca.display();
    let right = format!("cqls://cassandra:cassandra@127.0.0.1:{port}/secure?ca={ca}");
    // The first user is made a moment after the server is up.
    let schema = loop {
        match Schema::connect(&address(&right), replication()).await {
            Ok(schema) => break schema,
            Err(failure) => println!("not yet: {failure}"),
        }
    };
    schema.apply().await.expect("applied");
    let store = Store::connect(&address(&right), patient()).await.expect("a store");
    let lane = LaneId { mirror: projections::sample::mirror(1), link: events::ChannelId(1) };
    let row = LaneRow { rev: 1, epoch: 1, ..LaneRow::default() };
    assert_eq!(store.lanes().save(lane, row).await, Saved::Yes);
    assert!(!format!("{store:?} {:?}", address(&right)).contains("cassandra:cassandra"));

    let wrong = refused(&format!("cqls://cassandra:hunter2@127.0.0.1:{port}/secure?ca={ca}")).await;
    assert!(matches!(wrong, Failure::Stopped(_)), "a wrong password: {wrong}");
    let nobody = refused(&format!("cqls://127.0.0.1:{port}/secure?ca={ca}")).await;
    assert!(matches!(nobody, Failure::Stopped(_)), "no user: {nobody}");
    let stranger = refused(&format!("cqls://cassandra:cassandra@127.0.0.1:{port}/secure")).await;
    assert!(matches!(stranger, Failure::Stopped(_)), "an authority that nobody trusts: {stranger}");
    let absent = refused(&format!("cqls://cassandra:hunter2@127.0.0.1:{port}/secure?ca={ca}.not")).await;
    assert!(matches!(absent, Failure::Stopped(_)), "no file: {absent}");
    refused(&format!("cql://cassandra:hunter2@127.0.0.1:{port}/secure")).await;
    server.kill().await.expect("killed");
    let gone = refused(&right).await;
    assert!(matches!(gone, Failure::Retry(_)), "no server: {gone}");
}

/// One contact point that lives is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_contact_point_is_passed_over() {
    let Some(stage) = Stage::given("contacts").await else { return };
    let hosts = [vec!["127.0.0.1:1".to_owned()], stage.address.hosts.clone()].concat();
    let several = Address { hosts, ..stage.address.clone() };
    let store = Store::connect(&several, patient()).await.expect("a store");
    projections::lanes::conformance::keeps_lanes_apart(&store.lanes()).await;
    stage.end().await;
}
