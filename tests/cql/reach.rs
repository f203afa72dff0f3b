//! TLS, users and several contact points.

use crate::stage::{Stage, patient, replication};
use mirror::scylla::schema::Schema;
use mirror::scylla::{Address, Failure, Settings, Store};
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Lanes, Saved};
use rustls::pki_types::pem::PemObject;
use scylla::client::session_builder::SessionBuilder;
use servers::{Cassandra, CassandraOptions};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

const PASSWORD: &str = "hunter2-of-the-cluster";

/// Hears every line of every level, and keeps those with the password.
#[derive(Clone, Default)]
struct Listener {
    hits: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<usize>>,
}

impl Write for Listener {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        *self.heard.lock().expect("heard") += 1;
        if line.contains(PASSWORD) {
            self.hits.lock().expect("hits").push(line.into_owned());
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Listener {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

async fn refused(text: &str) -> Failure {
    let settings = Settings { connect_time_max: Duration::from_secs(3), ..Settings::default() };
    let failure = Store::connect(&address(text), settings).await.map(drop).expect_err("refused");
    let said = format!("{failure} {failure:?}");
    println!("{said}");
    assert!(!said.contains("hunter2"), "{said}");
    failure
}

/// The same address, as a user whose password nothing else contains.
async fn as_our_own_user(right: &str) -> String {
    let ours = right.replace("cassandra:cassandra", &format!("mirror:{PASSWORD}"));
    let (tls, user) = (right.split_once("?ca=").expect("a file").1, ("cassandra", "cassandra"));
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(tls).expect("a file");
    let certificates =
        rustls::pki_types::CertificateDer::pem_slice_iter(&pem).map(|one| one.expect("a certificate"));
    assert!(roots.add_parsable_certificates(certificates).0 > 0);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = Arc::new(builder.expect("versions").with_root_certificates(roots).with_no_client_auth());
    let builder = SessionBuilder::new().known_nodes(&address(right).hosts).user(user.0, user.1);
    let session = builder.tls_context(Some(config)).build().await.expect("a session");
    let text =
        format!("CREATE ROLE mirror WITH PASSWORD = '{PASSWORD}' AND LOGIN = true AND SUPERUSER = true");
    session.query_unpaged(text, ()).await.expect("a role");
    ours
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
    let right = as_our_own_user(&right).await;
    let listener = Listener::default();
    let filter = EnvFilter::new("scylla=trace,mirror=trace,rustls=trace");
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(listener.clone());
    // For the whole process: one for a thread alone misses what another thread's test met first.
    tracing::subscriber::set_global_default(lines.finish()).expect("the first");
    let store = Store::connect(&address(&right), patient()).await.expect("a store");
    let lane = LaneId { mirror: projections::sample::mirror(1), link: events::ChannelId(1) };
    let row = LaneRow { rev: 1, epoch: 1, ..LaneRow::default() };
    assert_eq!(store.lanes().save(lane, row).await, Saved::Yes);
    assert!(!format!("{store:?} {:?}", address(&right)).contains(PASSWORD));

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
    assert!(*listener.heard.lock().expect("heard") > 100, "the driver tells what it does");
    assert_eq!(*listener.hits.lock().expect("hits"), [""; 0], "a password in a line");
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
