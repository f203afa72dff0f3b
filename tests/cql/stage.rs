//! A keyspace to test in.

use mirror::scylla::schema::{Replication, Schema};
use mirror::scylla::{Address, Settings, Store};
use std::time::Duration;

/// The server's address with a keyspace of this test. `None`: the run is without servers.
pub(crate) fn address(keyspace: &str) -> Option<Address> {
    let given = servers::given().unwrap_or_else(|words| panic!("{words}"))?;
    Some(format!("{}/{keyspace}", given.cql.trim_end_matches('/')).parse().expect("an address"))
}

pub(crate) fn replication() -> Replication {
    "SimpleStrategy:1".parse().expect("a replication")
}

/// More patience than a node has: the machine is shared.
pub(crate) fn settings() -> Settings {
    Settings {
        request_time_max: Duration::from_secs(20),
        patience: Duration::from_secs(60),
        ..Settings::default()
    }
}

/// A store whose tables are there.
pub(crate) async fn store(address: &Address) -> Store {
    let schema = Schema::connect(address, replication()).await.expect("connected");
    schema.apply().await.expect("applied");
    Store::connect(address, settings()).await.expect("a store")
}
