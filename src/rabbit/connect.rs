//! Connections to the broker, and what to do when one cannot be had.
//!
//! The stream protocol is spoken here directly (`frame`, `connection`), not through `rabbitmq-stream-client`, whose
//! traps cannot be stepped round from outside: it hands each frame to a task of its own, so that an answer may pass
//! what was delivered before it ("is there more?" cannot be asked) and chunks come out of order as soon as two are
//! under way; it sets no TCP_NODELAY (40 ms a request); it takes a frame's inner length on trust (13 bytes ask for
//! 17 GB); its TLS trusts a file alone, and panics at a host that is no name; it does not know `StreamStats`. What
//! is needed is a dozen small frames.

pub mod connection;
pub mod frame;
pub mod publish;

use super::address::{Address, Tls};
use bytes::{Buf, Bytes};
pub use connection::Connection;
use frame::{Code, Frame, Malformed, key};
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why something could not be done, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again later: a node is down, a stream moves, an answer is late.
    #[error("{0}")]
    Retry(String),
    /// Ask the operator: it will not go away by itself.
    #[error("{0}")]
    Stopped(String),
}

impl Failure {
    /// What an answer means. "Does not exist" is said of streams that do, right after a broker's start: it is never
    /// a reason to make one anew.
    pub(crate) fn refused(code: Code) -> Self {
        let words = format!("the broker says: {code}");
        match code {
            Code::AUTHENTICATION | Code::LOOPBACK | Code::VHOST | Code::REFUSED | Code::PRECONDITION => {
                Self::Stopped(words)
            }
            _ => Self::Retry(words),
        }
    }

    fn at(self, host: &str, port: u16) -> Self {
        match self {
            Self::Retry(words) => Self::Retry(format!("{host}:{port}: {words}")),
            Self::Stopped(words) => Self::Stopped(format!("{host}:{port}: {words}")),
        }
    }
}

/// How a connection was lost. Another one may do.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other side is gone.
    #[error("the broker ended the connection")]
    Ended,
    /// It said why.
    #[error("the broker closed the connection: {0}")]
    Closed(String),
    /// It is frozen, or the net swallows what is sent.
    #[error("the broker does not answer")]
    Silent,
    /// The stream is led by another node now, restarts, or was deleted.
    #[error("the stream moves or is gone")]
    Moved,
    /// It speaks another protocol, or is broken.
    #[error("{0}")]
    Malformed(#[from] Malformed),
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Retry(lost.to_string())
    }
}

/// The broker, all nodes of it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broker {
    address: Arc<Address>,
    tls: Option<Arc<ClientConfig>>,
    name: Arc<str>,
    /// Which of the addresses served last.
    first: Arc<AtomicUsize>,
}

impl Broker {
    /// Connects to nothing yet. `name` is how the broker's own tools show our connections.
    ///
    /// # Errors
    /// [`Failure::Stopped`] where the authority's file cannot be read.
    pub fn new(address: Address, name: &str) -> Result<Self, Failure> {
        let client = |tls: &Tls| {
            let client = crate::tls::client(tls.ca.as_deref()).map_err(Failure::Stopped)?;
            Ok::<_, Failure>(Arc::new(client.with_no_client_auth()))
        };
        let tls = address.tls.as_ref().map(client).transpose()?;
        Ok(Self { address: Arc::new(address), tls, name: name.into(), first: Arc::default() })
    }

    /// Where it is, without the password.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A connection to any node that answers, the one that served last or the first of the address first.
    ///
    /// # Errors
    /// None does: [`Failure::Retry`] unless every one says that it never will.
    pub async fn open(&self) -> Result<Connection, Failure> {
        let mut refusals = Refusals::default();
        for (at, (host, port)) in self.hosts() {
            match self.open_at(host, *port).await {
                Ok(connection) => return Ok(self.served(at, connection)),
                Err(why) => refusals.add(why),
            }
        }
        Err(refusals.all())
    }

    /// All addresses, beginning with the one that served last: a dead or frozen one costs time once.
    fn hosts(&self) -> impl Iterator<Item = (usize, &(String, u16))> {
        let (hosts, first) = (&self.address.hosts, self.first.load(Ordering::Relaxed));
        hosts.iter().enumerate().cycle().skip(first).take(hosts.len())
    }

    fn served(&self, at: usize, connection: Connection) -> Connection {
        self.first.store(at, Ordering::Relaxed);
        connection
    }

    async fn open_at(&self, host: &str, port: u16) -> Result<Connection, Failure> {
        Box::pin(Connection::open(&self.address, (host, port), self.tls.as_ref(), &self.name)).await
    }

    /// A connection to the node that leads `stream`: it takes what is published, and knows what is committed. Each
    /// node is asked where that is until one knows: one that just came up may not, though all others do.
    ///
    /// # Errors
    /// See [`Failure`]; a stream that does not exist is one to retry.
    pub async fn leader(&self, stream: &str) -> Result<Connection, Failure> {
        let mut refusals = Refusals::default();
        for (at, (host, port)) in self.hosts() {
            match self.leader_by(host, *port, stream).await {
                Ok(connection) => return Ok(self.served(at, connection)),
                Err(why) => refusals.add(why),
            }
        }
        Err(refusals.all())
    }

    /// The same by one node.
    async fn leader_by(&self, host: &str, port: u16, stream: &str) -> Result<Connection, Failure> {
        let mut any = self.open_at(host, port).await?;
        let (host, port) = leader_of(&mut any, stream).await?;
        // One that is reached by another name than its own (a proxy, a single node) is reached that way again.
        if any.advertised() == Some((host.as_str(), port)) {
            return Ok(any);
        }
        any.close().await;
        self.open_at(&host, port).await
    }

    /// Makes a stream where there is none. One that is there stays as it is.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn declare(&self, stream: &str, arguments: &[(&str, String)]) -> Result<(), Failure> {
        let mut connection = self.open().await?;
        let pairs: Vec<_> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (code, _) = connection.answer(key::CREATE, 1, |request| request.text(stream).map(&pairs)).await?;
        connection.close().await;
        match code {
            Code::OK | Code::STREAM_EXISTS => Ok(()),
            Code::PRECONDITION => {
                tracing::warn!(stream, "the stream exists with other arguments; it is left as it is");
                Ok(())
            }
            code => Err(Failure::refused(code)).map_err(|failure| named(failure, stream)),
        }
    }

    /// Deletes a stream with all that it holds. For tests and operators: the log never does that.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn delete(&self, stream: &str) -> Result<(), Failure> {
        let mut connection = self.open().await?;
        connection.grant(key::DELETE, 1, |request| request.text(stream)).await?;
        connection.close().await;
        Ok(())
    }
}

/// What all nodes said, who were asked one after the other.
#[derive(Default)]
struct Refusals {
    words: Vec<String>,
    /// One of them may do later.
    is_hope: bool,
}

impl Refusals {
    fn add(&mut self, why: Failure) {
        self.is_hope |= matches!(why, Failure::Retry(_));
        let (Failure::Retry(words) | Failure::Stopped(words)) = why;
        if !self.words.contains(&words) {
            self.words.push(words);
        }
    }

    fn all(self) -> Failure {
        let words = self.words.join("; ");
        if self.is_hope { Failure::Retry(words) } else { Failure::Stopped(words) }
    }
}

fn named(failure: Failure, stream: &str) -> Failure {
    match failure {
        Failure::Retry(words) => Failure::Retry(format!("stream {stream}: {words}")),
        Failure::Stopped(words) => Failure::Stopped(format!("stream {stream}: {words}")),
    }
}

/// Where the leader of a stream is.
async fn leader_of(connection: &mut Connection, stream: &str) -> Result<(String, u16), Failure> {
    let asked = ask_leader(connection, stream);
    connection.flush().await?;
    told_leader(connection, stream, asked).await
}

/// Asks where the leader of a stream is, without waiting.
pub(crate) fn ask_leader(connection: &mut Connection, stream: &str) -> u32 {
    connection.ask(key::METADATA, 1, |request| request.u32(1).text(stream))
}

/// The answer to [`ask_leader`]. A connection that was told of a stream's move meanwhile is of no more use.
pub(crate) async fn told_leader(
    connection: &mut Connection,
    stream: &str,
    asked: u32,
) -> Result<(String, u16), Failure> {
    let body = loop {
        match connection.next_soon().await? {
            Frame::Metadata { correlation, body } if correlation == asked => break body,
            Frame::Moved { .. } => return Err(Lost::Moved.into()),
            _ => {}
        }
    };
    let (code, leader) = parse_metadata(body).map_err(Lost::from)?;
    match (code, leader) {
        (Code::OK, Some(leader)) => Ok(leader),
        (Code::OK, None) => Err(Failure::Retry(format!("stream {stream} has no leader now"))),
        (code, _) => Err(named(Failure::refused(code), stream)),
    }
}

/// The one stream that was asked for: how it is, and where its leader.
fn parse_metadata(mut body: Bytes) -> Result<(Code, Option<(String, u16)>), Malformed> {
    let body = &mut body;
    let brokers = frame::list(body, |body| {
        let (reference, host, port) = (body.try_get_u16()?, frame::text(body)?, body.try_get_u32()?);
        Ok((reference, host, u16::try_from(port).map_err(|_| Malformed)?))
    })?;
    let streams = frame::list(body, |body| {
        let (_, code, leader) = (frame::text(body)?, Code(body.try_get_u16()?), body.try_get_u16()?);
        frame::list(body, |body| Ok(body.try_get_u16()?))?;
        Ok((code, leader))
    })?;
    let &(code, leader) = streams.first().ok_or(Malformed)?;
    let at = brokers.into_iter().find(|(reference, ..)| *reference == leader);
    Ok((code, at.map(|(_, host, port)| (host, port))))
}
