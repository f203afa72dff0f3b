//! Several brokers as one RabbitMQ.
//!
//! ```text
//! epmd ── node 0 ── node 1 ── node 2      Erlang nodes mirrorPORT@localhost, one cookie
//!            each: a guard, data, ports of its own, and the address that it tells clients
//! ```
//! epmd, by which the nodes find each other, has a guard of its own: it must outlive each of them.

use std::path::{Path, PathBuf};

use tokio::{net::TcpStream, process::Command, time::Duration};

use crate::{
    Error, PASSWORD, Ports, Rabbit, RabbitOptions, USER, cache,
    cache::{run, text},
    error::Doing,
    guarded::Guarded,
    rabbit::{ask, node_name},
};

/// It listens within milliseconds.
const EPMD_MAX: Duration = Duration::from_secs(20);

/// Brokers of ours that are one cluster. Dropping it kills them all.
#[derive(Debug)]
pub struct RabbitCluster {
    brokers: Vec<Rabbit>,
    dir: PathBuf,
    home: PathBuf,
    /// Behind the brokers, so that it is dropped after them.
    epmd: Guarded,
    epmd_ports: Ports,
}

impl RabbitCluster {
    /// Starts `count` brokers with their data below `dir`, and waits until all are ready and know each other.
    ///
    /// # Errors
    /// Something must be installed, or a broker did not come up.
    pub async fn start(dir: impl Into<PathBuf>, count: usize) -> Result<Self, Error> {
        let (home, dir) = (cache::rabbitmq().await?, dir.into());
        std::fs::create_dir_all(&dir).doing(format!("making {}", dir.display()))?;
        let dir = std::fs::canonicalize(&dir).doing("finding the data folder")?;
        let epmd_ports = Ports::free()?;
        let epmd = epmd(&home, &dir, epmd_ports.at(0)).await?;
        let ports = (0..count).map(|_| Ports::free()).collect::<Result<Vec<_>, _>>()?;
        let (extra_conf, mut brokers) = (peers(&ports), Vec::new());
        // All first: each waits for one of the others.
        for (at, ports) in ports.into_iter().enumerate() {
            let options = RabbitOptions {
                ports: Some(ports),
                extra_conf: extra_conf.clone(),
                epmd_port: Some(epmd_ports.at(0)),
                ..RabbitOptions::at(dir.join(at.to_string()))
            };
            brokers.push(Rabbit::launched(options).await?);
        }
        for broker in &mut brokers {
            broker.wait_ready().await?;
        }
        let mut cluster = Self { brokers, dir, home, epmd, epmd_ports };
        cluster.wait_joined().await?;
        Ok(cluster)
    }

    /// Waits until each broker sees all of them at work.
    ///
    /// # Errors
    /// They do not find each other in time.
    pub async fn wait_joined(&mut self) -> Result<(), Error> {
        let managements: Vec<u16> = self.brokers.iter().map(Rabbit::management_port).collect();
        let joined = async || {
            for management in &managements {
                if running(*management).await != managements.len() {
                    return false;
                }
            }
            true
        };
        self.epmd.until(crate::rabbit::READY_MAX, joined).await
    }

    /// One of them, to be killed, frozen or started again.
    ///
    /// # Panics
    /// There are not so many.
    pub fn broker(&mut self, at: usize) -> &mut Rabbit {
        &mut self.brokers[at]
    }

    /// Which broker has this stream port.
    #[must_use]
    pub fn at_port(&self, stream_port: u16) -> Option<usize> {
        self.brokers.iter().position(|broker| broker.stream_port() == stream_port)
    }

    /// `rabbitmq://user:password@127.0.0.1:port,127.0.0.1:port2/` with the address of each, for the log.
    #[must_use]
    pub fn stream_url(&self) -> String {
        let hosts: Vec<_> =
            self.brokers.iter().map(|broker| format!("127.0.0.1:{}", broker.stream_port())).collect();
        format!("rabbitmq://{USER}:{PASSWORD}@{}/", hosts.join(","))
    }

    /// Has a stream elect a leader anew, that broker if it can.
    ///
    /// # Errors
    /// The broker's own tool failed.
    pub async fn move_leader(&self, stream: &str, to: usize) -> Result<(), Error> {
        let to = self.brokers[to].node();
        let arguments = ["-n", &to, "restart_stream", stream, "--preferred-leader-node", &to];
        run("restarting a stream", self.tool("rabbitmq-streams"), &arguments).await.map(drop)
    }

    /// One of RabbitMQ's own tools.
    fn tool(&self, name: &str) -> Command {
        let erlang = erlang(&self.home);
        let path = std::env::var("PATH").unwrap_or_default();
        let mut tool = Command::new(self.home.join("sbin").join(name));
        tool.env("PATH", format!("{}:{path}", text(&erlang)));
        // Where the cookie is.
        tool.env("HOME", self.dir.join("0")).env("RABBITMQ_CONF_ENV_FILE", self.dir.join("none"));
        tool.env("ERL_EPMD_PORT", self.epmd_ports.at(0).to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        tool.env("RABBITMQ_CTL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        tool
    }
}

/// Erlang's programs, beside RabbitMQ's home.
fn erlang(home: &Path) -> PathBuf {
    home.ancestors().nth(3).unwrap_or(home).join("erlang/bin")
}

async fn epmd(home: &Path, dir: &Path, port: u16) -> Result<Guarded, Error> {
    let program = text(&erlang(home).join("epmd"));
    let command =
        [program, "-port".to_owned(), port.to_string(), "-address".to_owned(), "127.0.0.1".to_owned()];
    let mut epmd = Guarded::start("epmd", dir, &command).await?;
    let listens = async || TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    epmd.until(EPMD_MAX, listens).await?;
    Ok(epmd)
}

/// The lines of `rabbitmq.conf` that name all members.
fn peers(ports: &[Ports]) -> String {
    let mut lines = "cluster_formation.peer_discovery_backend = classic_config\n".to_owned();
    for (number, ports) in (1..).zip(ports) {
        lines += &format!("cluster_formation.classic_config.nodes.{number} = {}\n", node_name(ports));
    }
    lines
}

/// How many members are at work, as the one with this management port sees it.
async fn running(management: u16) -> usize {
    let answer = ask(management, "/api/nodes?columns=running").await.unwrap_or_default();
    answer.matches("\"running\":true").count()
}
