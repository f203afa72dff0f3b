//! The servers, and what is made on them for one measurement.

use ::scylla::client::session::Session;
use ::scylla::client::session_builder::SessionBuilder;
use ::scylla::statement::Statement;
use events::Partition;
use mirror::rabbit::connect::Broker;
use mirror::rabbit::read::stream_name;
use mirror::rabbit::{RabbitLog, Settings};
use mirror::scylla::schema::Schema;
use mirror::scylla::{self, Store};
use mirror::sqlite::DataDir;
use secrecy::ExposeSecret;
use servers::{Cassandra, CassandraOptions, Rabbit, RabbitOptions};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const P0: Partition = Partition(0);

/// Where the servers are.
pub(crate) struct Site {
    /// `rabbitmq://...`.
    pub(crate) rabbitmq: String,
    /// `cql://.../`, without a keyspace.
    pub(crate) cql: String,
    _own: Option<(Rabbit, Cassandra, TempDir)>,
}

impl Site {
    pub(crate) async fn open() -> Self {
        if std::env::var_os("MIRROR_TEST_RABBITMQ").is_some() {
            let given = servers::given().expect("servers").expect("not none");
            return Self { rabbitmq: given.rabbitmq, cql: given.cql, _own: None };
        }
        let place = tempfile::tempdir().expect("a temporary directory");
        let rabbit = Rabbit::start(RabbitOptions::at(place.path().join("rabbitmq"))).await;
        let cassandra =
            CassandraOptions { lasting: true, ..CassandraOptions::at(place.path().join("cassandra")) };
        let cassandra = Cassandra::start(cassandra).await;
        let (rabbit, cassandra) = (rabbit.expect("RabbitMQ"), cassandra.expect("Cassandra"));
        Self { rabbitmq: rabbit.stream_url(), cql: cassandra.url(), _own: Some((rabbit, cassandra, place)) }
    }

    /// A name that no other run has.
    pub(crate) fn name() -> String {
        format!("bench_{}", &Uuid::new_v4().simple().to_string()[..8])
    }

    pub(crate) fn broker(&self) -> Broker {
        Broker::new(self.rabbitmq.parse().expect("an address"), "mirror bench").expect("a broker")
    }

    /// A log of one partition, empty.
    pub(crate) async fn log(&self) -> OpenLog {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directory = DataDir::open(place.path()).expect("an open data directory");
        let address = self.rabbitmq.parse().expect("an address");
        let settings = Settings { prefix: Self::name(), partitions: 1, ..Settings::new(address) };
        // Room for all: a broker that is slower than the outbox is not what holds an append up.
        let settings = Settings { outbox_bytes_max: 8 << 30, keep: Duration::from_secs(5), ..settings };
        let prefix = settings.prefix.clone();
        let outbox = directory.outbox().expect("an outbox");
        let log = RabbitLog::open(settings, outbox, directory.node()).await.expect("a log");
        OpenLog { log, prefix, directory, place, broker: self.broker() }
    }

    /// A keyspace with tables.
    pub(crate) async fn keyspace(&self) -> Keyspace {
        let url = format!("{}/{}", self.cql.trim_end_matches('/'), Self::name());
        let replication = "SimpleStrategy:1".parse().expect("a replication");
        let schema = Schema::connect(&address(&url), replication).await.expect("connected");
        schema.apply().await.expect("applied");
        Keyspace { url }
    }
}

/// A keyspace of one measurement.
pub(crate) struct Keyspace {
    /// `cql://.../KEYSPACE`.
    pub(crate) url: String,
}

impl Keyspace {
    pub(crate) async fn store(&self) -> Store {
        Store::connect(&address(&self.url), scylla::Settings::default()).await.expect("a store")
    }

    /// The driver, as its documentation shows it.
    pub(crate) async fn session(&self) -> Session {
        let address = address(&self.url);
        let mut builder = SessionBuilder::new().known_nodes(&address.hosts);
        if let Some((user, password)) = &address.user {
            builder = builder.user(user, password.expose_secret());
        }
        builder.build().await.expect("a session")
    }

    pub(crate) async fn end(self) {
        let text = format!("DROP KEYSPACE {}", address(&self.url).keyspace);
        let mut drop = Statement::new(text);
        drop.set_request_timeout(Some(Duration::from_secs(60)));
        self.session().await.query_unpaged(drop, ()).await.expect("dropped");
    }
}

pub(crate) fn address(url: &str) -> scylla::Address {
    url.parse().expect("an address")
}

/// A log and what it stands on.
pub(crate) struct OpenLog {
    pub(crate) log: RabbitLog,
    pub(crate) prefix: String,
    directory: DataDir,
    place: TempDir,
    broker: Broker,
}

impl OpenLog {
    pub(crate) fn stream(&self) -> String {
        stream_name(&self.prefix, P0)
    }

    pub(crate) async fn end(self) {
        self.log.close().await.expect("closed");
        self.directory.close().await.expect("closed");
        self.broker.delete(&stream_name(&self.prefix, P0)).await.expect("deleted");
        drop(self.place);
    }
}
