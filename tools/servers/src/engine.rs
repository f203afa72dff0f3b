//! The same servers by a container engine and `compose.yaml`, where one works.

use std::{path::Path, time::Duration};

use tokio::{process::Command, time};

use crate::{Error, Given, PASSWORD, Ports, USER, cache::run};

/// An engine that does not answer in this time is none.
const INFO_MAX: Duration = Duration::from_secs(10);
/// What `compose.yaml` calls what is meant for tests.
const PROFILE: &[&str] = &["--profile", "services"];

/// Servers in containers. They outlive their owner if it is killed; the next start takes them over.
#[derive(Debug)]
pub(crate) struct Containers {
    engine: &'static str,
    project: String,
    ports: [(&'static str, u16); 4],
}

/// The first engine that works, not only its client.
pub(crate) async fn working() -> Option<&'static str> {
    for engine in ["docker", "podman"] {
        if succeeds(engine, &["info"]).await && succeeds(engine, &["compose", "version"]).await {
            return Some(engine);
        }
    }
    None
}

async fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let output =
        Command::new(program).args(arguments).stdin(std::process::Stdio::null()).kill_on_drop(true).output();
    matches!(time::timeout(INFO_MAX, output).await, Ok(Ok(output)) if output.status.success())
}

impl Containers {
    /// Starts them and waits until both are healthy.
    pub(crate) async fn start(engine: &'static str, dir: &Path, ports: [&Ports; 2]) -> Result<Self, Error> {
        let [rabbit, cql] = ports;
        // The name is the folder's, so that two checkouts do not share servers.
        let name = dir.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let containers = Self {
            engine,
            project: format!("mirror-{}", name.to_lowercase()),
            ports: [
                ("MIRROR_PORT_AMQP", rabbit.at(0)),
                ("MIRROR_PORT_STREAM", rabbit.at(1)),
                ("MIRROR_PORT_MANAGEMENT", rabbit.at(2)),
                ("MIRROR_PORT_CQL", cql.at(0)),
            ],
        };
        containers
            .compose("starting containers", &["up", "--detach", "--wait", "--wait-timeout", "240"])
            .await?;
        Ok(containers)
    }

    /// Stops them and removes their data.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        self.compose("stopping containers", &["down", "--volumes", "--timeout", "5"]).await
    }

    pub(crate) fn given(&self) -> Given {
        let [amqp, stream, _, cql] = self.ports.map(|(_, port)| port);
        Given {
            rabbitmq: format!("rabbitmq://{USER}:{PASSWORD}@127.0.0.1:{stream}/"),
            amqp: format!("amqp://{USER}:{PASSWORD}@127.0.0.1:{amqp}/"),
            cql: format!("cql://127.0.0.1:{cql}/"),
        }
    }

    pub(crate) fn ports(&self) -> Vec<(String, u16)> {
        let names = ["RabbitMQ, AMQP", "RabbitMQ, streams", "RabbitMQ, management", "CQL"];
        names.into_iter().zip(self.ports).map(|(name, (_, port))| (name.to_owned(), port)).collect()
    }

    async fn compose(&self, what: &'static str, verb: &[&str]) -> Result<(), Error> {
        let mut command = Command::new(self.engine);
        command.envs(self.ports.map(|(name, port)| (name, port.to_string())));
        command.args(["compose", "--project-name", &self.project, "--file", "compose.yaml"]).args(PROFILE);
        run(what, command, verb).await.map(drop)
    }
}
