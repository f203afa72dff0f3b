//! A keyspace to test in, and a session of our own beside the store.

use mirror::scylla::schema::{Replication, Schema};
use mirror::scylla::{Address, Settings, Store};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use std::time::Duration;
use uuid::Uuid;

/// Replication of one node.
pub(crate) fn replication() -> Replication {
    "SimpleStrategy:1".parse().expect("a replication")
}

/// More patience than a node has: the machine is shared.
pub(crate) fn patient() -> Settings {
    let request_time_max = Duration::from_secs(20);
    Settings { request_time_max, patience: Duration::from_secs(60), ..Settings::default() }
}

/// A keyspace of this test and run.
pub(crate) struct Stage {
    pub(crate) address: Address,
    pub(crate) store: Store,
}

impl Stage {
    /// On the server that the environment names. `None`: the run is without servers.
    pub(crate) async fn given(name: &str) -> Option<Self> {
        let given = servers::given().unwrap_or_else(|words| panic!("{words}"))?;
        Some(Self::at(&given.cql, name).await)
    }

    /// On the server with this URL.
    pub(crate) async fn at(url: &str, name: &str) -> Self {
        let run = &Uuid::new_v4().simple().to_string()[..8];
        let address: Address =
            format!("{}/{name}_{run}", url.trim_end_matches('/')).parse().expect("an address");
        let schema = Schema::connect(&address, replication()).await.expect("connected");
        schema.apply().await.expect("applied");
        let store = Store::connect(&address, patient()).await.expect("a store");
        Self { address, store }
    }

    /// A session that does what the store never would.
    pub(crate) async fn session(&self) -> Session {
        SessionBuilder::new().known_nodes(&self.address.hosts).build().await.expect("a session")
    }

    /// Of the server, for a proxy.
    pub(crate) fn port(&self) -> u16 {
        let (_, port) = self.address.hosts[0].rsplit_once(':').expect("a port");
        port.parse().expect("a number")
    }

    /// What failed stays, to be looked at.
    pub(crate) async fn end(self) {
        let text = format!("DROP KEYSPACE {}", self.address.keyspace);
        self.session().await.query_unpaged(text, ()).await.expect("dropped");
    }
}
