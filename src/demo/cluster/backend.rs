//! The servers behind the nodes: of our own, or given; and the proxies by which connections are broken.

use anyhow::Context as _;
use servers::{Cassandra, CassandraOptions, Ports, Proxy, Rabbit, RabbitOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use uuid::Uuid;

/// The offsets of AMQP and of streams in a broker's block of ports.
const AMQP: u16 = 0;
const STREAM: u16 = 1;

/// Servers and the ways to them.
pub(super) struct Backend {
    /// Ours, unless one is given.
    own: Option<Own>,
    /// Address of streams, as nodes get it.
    log: String,
    /// Address of AMQP, as nodes get it.
    hints: String,
    /// To streams and AMQP; none to a given broker, which tells clients its own port.
    lines: Vec<Proxy>,
    /// Each node's own way to CQL.
    cql: Vec<Proxy>,
    /// Where each node shows its metrics.
    metrics: Ports,
    /// Begins the streams' names, and is the keyspace.
    pub(super) name: String,
}

struct Own {
    rabbit: Rabbit,
    cassandra: Cassandra,
}

impl Backend {
    /// Starts servers below `dir`, or takes those that the environment gives where nothing is done to them (`hurts`).
    ///
    /// # Errors
    /// When a server does not come up.
    pub(super) async fn start(dir: &Path, nodes: usize, hurts: bool) -> anyhow::Result<Self> {
        let name = format!("demo_{:08x}", Uuid::new_v4().as_fields().0);
        let given = servers::given().ok().flatten().filter(|_| !hurts);
        match given {
            Some(given) => {
                let port = port(&given.cql).context("MIRROR_TEST_CQL has no port")?;
                let cql = ways(port, nodes).await?;
                let (log, hints, metrics) = (given.rabbitmq, given.amqp, Ports::free()?);
                Ok(Self { own: None, log, hints, lines: Vec::new(), cql, metrics, name })
            }
            None => Self::own(&dir.join(&name), nodes, name).await,
        }
    }

    async fn own(dir: &Path, nodes: usize, name: String) -> anyhow::Result<Self> {
        let ports = Ports::free()?;
        let (stream, amqp) = (Proxy::start(ports.at(STREAM)).await?, Proxy::start(ports.at(AMQP)).await?);
        let rabbit = RabbitOptions {
            ports: Some(ports),
            advertised_stream_port: Some(stream.port()),
            ..RabbitOptions::at(dir.join("rabbitmq"))
        };
        let cassandra = CassandraOptions::at(dir.join("cassandra"));
        let (rabbit, cassandra) = tokio::try_join!(Rabbit::start(rabbit), Cassandra::start(cassandra))?;
        Ok(Self {
            log: with_port(&rabbit.stream_url(), stream.port()),
            hints: with_port(&rabbit.amqp_url(), amqp.port()),
            lines: vec![stream, amqp],
            cql: ways(cassandra.port(), nodes).await?,
            metrics: Ports::free()?,
            name,
            own: Some(Own { rabbit, cassandra }),
        })
    }

    /// What a node is told.
    #[must_use]
    pub(super) fn environment(&self, node: usize) -> Vec<(String, String)> {
        let port = self.cql.get(node).map_or(0, Proxy::port);
        let pairs = [
            ("MIRROR_LOG", self.log.clone()),
            ("MIRROR_HINTS", self.hints.clone()),
            ("MIRROR_VIEWS", format!("cql://127.0.0.1:{port}/{}", self.name)),
            ("MIRROR_CLUSTER_NAME", self.name.clone()),
            ("MIRROR_TELEMETRY_METRICS", self.metrics(node).to_string()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Where a node shows its metrics.
    #[must_use]
    pub(super) fn metrics(&self, node: usize) -> SocketAddr {
        let port = self.metrics.at(u16::try_from(node).unwrap_or_default());
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Address of streams, for what is done to them directly.
    #[must_use]
    pub(super) fn log(&self) -> &str {
        &self.log
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) async fn kill(&mut self, which: Servers) -> anyhow::Result<()> {
        let own = self.own.as_mut().context("given servers are not killed")?;
        if which.rabbit {
            own.rabbit.kill().await?;
        }
        if which.cql {
            own.cassandra.kill().await?;
        }
        Ok(())
    }

    /// Starts what was killed on the same data; both at once.
    ///
    /// # Errors
    /// When a server does not come up.
    pub(super) async fn restart(&mut self, which: Servers) -> anyhow::Result<()> {
        let own = self.own.as_mut().context("given servers are not started")?;
        let rabbit = async { if which.rabbit { own.rabbit.restart().await } else { Ok(()) } };
        let cassandra = async { if which.cql { own.cassandra.restart().await } else { Ok(()) } };
        tokio::try_join!(rabbit, cassandra)?;
        Ok(())
    }

    /// The connections that can be cut: streams, AMQP, then each node's to CQL.
    #[must_use]
    pub(super) fn ways(&self) -> Vec<&Proxy> {
        self.lines.iter().chain(&self.cql).collect()
    }

    /// The way to streams.
    #[must_use]
    pub(super) fn stream(&self) -> Option<&Proxy> {
        self.lines.first()
    }

    /// A node's way to CQL.
    #[must_use]
    pub(super) fn cql(&self, node: usize) -> Option<&Proxy> {
        self.cql.get(node)
    }
}

/// Which of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Servers {
    /// RabbitMQ.
    pub(super) rabbit: bool,
    /// The CQL server.
    pub(super) cql: bool,
}

async fn ways(target: u16, count: usize) -> anyhow::Result<Vec<Proxy>> {
    let mut ways = Vec::new();
    for _ in 0..count {
        ways.push(Proxy::start(target).await?);
    }
    Ok(ways)
}

fn port(url: &str) -> Option<u16> {
    let host = url.split("://").nth(1)?.split('/').next()?;
    host.rsplit(':').next()?.parse().ok()
}

/// The same address on another port.
fn with_port(url: &str, to: u16) -> String {
    match port(url) {
        Some(from) => url.replacen(&format!(":{from}/"), &format!(":{to}/"), 1),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_the_proxys_port() {
        assert_eq!(port("cql://127.0.0.1:9042/"), Some(9042));
        assert_eq!(with_port("rabbitmq://a:b@127.0.0.1:5552/", 7), "rabbitmq://a:b@127.0.0.1:7/");
    }
}
