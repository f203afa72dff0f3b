//! Real servers for tests: RabbitMQ 4 with its stream plugin, and Apache Cassandra 5, on 127.0.0.1.
//!
//! They are started from packages unpacked into a folder of the user's cache, without a container engine and without
//! root; they can be killed, frozen and started again on the same data, and they never outlive the process that
//! started them, however it ends. [`Proxy`] stands between a client and a server and cuts, refuses or stalls.
//!
//! ```no_run
//! # async fn example() -> Result<(), servers::Error> {
//! let mut rabbit = servers::Rabbit::start(servers::RabbitOptions::at("target/my-test")).await?;
//! let url = rabbit.stream_url();
//! rabbit.kill().await?;       // SIGKILL of the VM
//! rabbit.restart().await?;    // same data, same ports, ready
//! # Ok(()) }
//! ```

mod cache;
mod cassandra;
mod engine;
mod error;
mod given;
mod guarded;
mod ports;
mod promtool;
mod proxy;
mod rabbit;
mod rabbit_cluster;
pub mod services;
mod tls;

pub use cassandra::{Cassandra, CassandraOptions};
pub use error::Error;
pub use given::{Given, given, with_servers};
pub use ports::Ports;
pub use promtool::Promtool;
pub use proxy::Proxy;
pub use rabbit::{Rabbit, RabbitOptions};
pub use rabbit_cluster::RabbitCluster;

/// User of every server that [`Rabbit`] starts.
pub const USER: &str = "mirror";
/// Password of [`USER`].
pub const PASSWORD: &str = "mirror-test";
