//! Connections to brokers: raw clients for reading, producers for writing.
//!
//! The raw client holds itself alive (its dispatcher has a clone of it), so it is closed by hand: [`Connection`]
//! does that when it is dropped. Every call has a time limit of ours: the client has none.

use super::Address;
use rabbitmq_stream_client::error::ClientError;
use rabbitmq_stream_client::types::{Broker as Node, ResponseCode};
use rabbitmq_stream_client::{Client, ClientOptions, Environment, TlsConfiguration};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long a broker may take to answer a question.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(2);
/// A connection without a sign of life for four times as long is closed by the client, seconds.
const HEARTBEAT_S: u32 = 5;

/// Why a broker did not do what was asked, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again later.
    #[error("{0}")]
    Retry(String),
    /// It will be refused again: a wrong password, a missing right.
    #[error("{0}")]
    Stopped(String),
}

/// How to reach the brokers.
#[derive(Clone, Debug)]
pub(super) struct Brokers {
    address: Address,
}

/// A raw client, closed when dropped.
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let client = self.client.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { timeout(ANSWER_MAX, client.close()).await });
        }
    }
}

impl Brokers {
    pub(super) fn new(address: Address) -> Self {
        Self { address }
    }

    /// Any broker that answers.
    pub(super) async fn any(&self) -> Result<Connection, Failure> {
        let mut last = Failure::Retry("no broker is named".to_owned());
        for (host, port) in &self.address.hosts {
            match self.at(host, *port).await {
                Ok(connection) => return Ok(connection),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// A broker that leads the stream, so that what is confirmed can be read there at once.
    pub(super) async fn leader(&self, stream: &str) -> Result<Connection, Failure> {
        let any = self.any().await?;
        let Node { host, port } = self.leader_of(&any, stream).await?;
        let here = self.address.hosts.iter().any(|(name, at)| *name == host && u32::from(*at) == port);
        if here && self.address.hosts.len() == 1 {
            return Ok(any);
        }
        self.at(&host, u16::try_from(port).unwrap_or_default()).await
    }

    async fn leader_of(&self, connection: &Connection, stream: &str) -> Result<Node, Failure> {
        let asked = timeout(ANSWER_MAX, connection.client.metadata(vec![stream.to_owned()])).await;
        let known = asked.map_err(|_| slow())?.map_err(|error| failure(&error))?;
        match known.get(stream) {
            Some(metadata) if metadata.response_code == ResponseCode::Ok => Ok(metadata.leader.clone()),
            // Right after a start the broker does not know its own streams yet: nothing is made anew for it.
            Some(_) | None => Err(Failure::Retry(format!("the broker does not offer stream {stream} now"))),
        }
    }

    async fn at(&self, host: &str, port: u16) -> Result<Connection, Failure> {
        let connected = timeout(CONNECT_MAX, Client::connect(self.options(host, port)?)).await;
        let client = connected.map_err(|_| slow())?.map_err(|error| failure(&error))?;
        Ok(Connection { client: Arc::new(client) })
    }

    /// Makes a stream where there is none. One that is there stays as it is.
    pub(super) async fn declare(&self, stream: &str, arguments: &[(&str, String)]) -> Result<(), Failure> {
        let any = self.any().await?;
        let arguments: HashMap<_, _> =
            arguments.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let asked = timeout(CONNECT_MAX, any.client.create_stream(stream, arguments)).await;
        let answer = asked.map_err(|_| slow())?.map_err(|error| failure(&error))?;
        match answer.code() {
            // With other arguments than ours it is a stream all the same.
            ResponseCode::Ok | ResponseCode::StreamAlreadyExists | ResponseCode::PreconditionFailed => Ok(()),
            code => Err(refused(code)),
        }
    }

    /// What producers are made of.
    pub(super) async fn environment(&self) -> Result<Environment, Failure> {
        let mut last = Failure::Retry("no broker is named".to_owned());
        for (host, port) in &self.address.hosts {
            let mut builder = Environment::builder()
                .host(host)
                .port(*port)
                .username(&self.address.user)
                .password(self.address.password.expose_secret())
                .virtual_host(&self.address.vhost)
                .heartbeat(HEARTBEAT_S);
            if let Some(tls) = self.tls()? {
                builder = builder.tls(tls);
            }
            match timeout(CONNECT_MAX, builder.build()).await {
                Ok(Ok(environment)) => return Ok(environment),
                Ok(Err(error)) => last = failure(&error),
                Err(_) => last = slow(),
            }
        }
        Err(last)
    }

    fn options(&self, host: &str, port: u16) -> Result<ClientOptions, Failure> {
        let options = ClientOptions::builder()
            .host(host)
            .port(port)
            .user(&self.address.user)
            .password(self.address.password.expose_secret())
            .v_host(&self.address.vhost)
            .heartbeat(HEARTBEAT_S)
            .client_provided_name("mirror".to_owned());
        Ok(match self.tls()? {
            Some(tls) => options.tls(tls).build(),
            None => options.build(),
        })
    }

    fn tls(&self) -> Result<Option<TlsConfiguration>, Failure> {
        let Some(tls) = &self.address.tls else { return Ok(None) };
        // Without a file of authorities the client verifies nothing, and says nothing of it.
        let Some(ca) = &tls.ca else {
            let words = "rabbitmqs:// needs ?ca=FILE, the authorities that sign the brokers' certificates";
            return Err(Failure::Stopped(words.to_owned()));
        };
        if !ca.is_file() {
            return Err(Failure::Stopped(format!("there is no file {}", ca.display())));
        }
        let tls = TlsConfiguration::builder().add_root_certificates(ca.clone()).build();
        tls.map(Some).map_err(|why| Failure::Stopped(why.to_owned()))
    }
}

fn slow() -> Failure {
    Failure::Retry("the broker does not answer".to_owned())
}

/// What the client's error means. Its own `Debug` could show a password; its words do not.
pub(super) fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::RequestError(code) => refused(code),
        ClientError::Io(error) if is_certificate(error) => Failure::Stopped(format!(
            "the broker's certificate is not signed by the authority named: {error}"
        )),
        other => Failure::Retry(other.to_string()),
    }
}

fn is_certificate(error: &std::io::Error) -> bool {
    let words = error.to_string();
    error.kind() == std::io::ErrorKind::InvalidData
        && (words.contains("ertificate") || words.contains("ignature"))
}

pub(super) fn refused(code: &ResponseCode) -> Failure {
    match code {
        ResponseCode::AuthenticationFailure | ResponseCode::AuthenticationFailureLoopback => {
            Failure::Stopped("the broker refuses the user or the password".to_owned())
        }
        ResponseCode::VirtualHostAccessFailure => {
            Failure::Stopped("the user may not use this virtual host, or there is none".to_owned())
        }
        ResponseCode::AccessRefused => Failure::Stopped("the user may not use these streams".to_owned()),
        other => Failure::Retry(format!("the broker answers {other:?}")),
    }
}
