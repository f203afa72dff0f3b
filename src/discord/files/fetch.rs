//! One file, fetched: resolved by ourselves, checked, and read from the very address that was checked.
//!
//! ```text
//! resolve ─> all public? ─> connect to one of these ─> TLS ─> GET ─> 200, no encoding, length told ─> file
//! ```

use super::address::is_public;
use super::source::Source;
use super::spool::{Room, Spooled, Writing};
use crate::discord::transport::AGENT;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// To resolve a name, and to make a connection.
const CONNECT_TIME: Duration = Duration::from_secs(3);
/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;
/// Longest answer before its body, in bytes, and most headers in it.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

/// Why a file is shown as a link instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a host that files are fetched from.
    #[error("its address is not on the list")]
    Elsewhere,
    /// The host's name leads into a private network.
    #[error("its host resolves to an address that is not public")]
    Private,
    /// No connection, or it broke.
    #[error("{0}")]
    Broken(String),
    /// Another status than 200; a redirect is one.
    #[error("status {0}")]
    Status(u16),
    /// More than is carried.
    #[error("it is too large")]
    TooLarge,
    /// Not as long as it said, or it does not say.
    #[error("it is not as long as it says")]
    Length,
    /// Compressed, though we asked for it as it is.
    #[error("it is encoded")]
    Encoded,
    /// It took too long.
    #[error("it took too long")]
    Late,
    /// There is no room for it here now.
    #[error("no room here: {0}")]
    Room(String),
}

impl Refusal {
    /// Whether its signed address may have expired.
    pub(super) const fn may_be_expired(&self) -> bool {
        matches!(self, Self::Status(403 | 404))
    }
}

/// Turns a name into addresses.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of `host`.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
pub struct System;

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Fetches files.
pub(super) struct Fetcher {
    pub resolver: Arc<dyn Resolve>,
    pub tls: Arc<ClientConfig>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Fetcher {
    /// Fetches into `room`, which is as large as the file says it is.
    pub(super) async fn fetch(&self, source: &Source, room: Room) -> Result<Spooled, Refusal> {
        let stream = self.connect(source).await?;
        let mut shape = http1::Builder::new();
        shape.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
        let (mut sender, connection) = shape.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with us, whatever the other side does.
        let mut driven = JoinSet::new();
        driven.spawn(connection);
        let answer = sender.send_request(request(source)?).await.map_err(broken)?;
        check(&answer, room.bytes())?;
        store(answer, room).await
    }

    /// A connection to an address that was checked.
    async fn connect(&self, source: &Source) -> Result<Box<dyn Stream>, Refusal> {
        let mut why = "its host has no address".to_owned();
        for address in self.addresses(source).await?.into_iter().take(ADDRESSES_MAX) {
            match timeout(CONNECT_TIME, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return self.encrypt(source, stream).await,
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => why = "no connection in time".to_owned(),
            }
        }
        Err(Refusal::Broken(why))
    }

    async fn addresses(&self, source: &Source) -> Result<Vec<SocketAddr>, Refusal> {
        let resolving = self.resolver.resolve(&source.host, source.port);
        let found = timeout(CONNECT_TIME, resolving).await.map_err(|_| Refusal::Late)?.map_err(broken)?;
        if source.public && !found.iter().all(|address| is_public(address.ip())) {
            return Err(Refusal::Private);
        }
        Ok(found)
    }

    async fn encrypt(&self, source: &Source, stream: TcpStream) -> Result<Box<dyn Stream>, Refusal> {
        if !source.encrypted {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(source.host.clone()).map_err(broken)?;
        let connecting = TlsConnector::from(self.tls.clone()).connect(name, stream);
        let stream = timeout(CONNECT_TIME, connecting).await.map_err(|_| Refusal::Late)?.map_err(broken)?;
        Ok(Box::new(stream))
    }
}

fn request(source: &Source) -> Result<Request<Empty<Bytes>>, Refusal> {
    Request::get(&source.path)
        .header(HOST, source.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::new())
        .map_err(broken)
}

/// What is known before the first byte comes. `bytes` is what Discord said that it has.
fn check(answer: &Response<Incoming>, bytes: u64) -> Result<(), Refusal> {
    let headers = answer.headers();
    match (answer.status().as_u16(), length(headers)) {
        (200, _) if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") => {
            Err(Refusal::Encoded)
        }
        (200, Some(length)) if length > bytes => Err(Refusal::TooLarge),
        (200, Some(length)) if length == bytes => Ok(()),
        (200, _) => Err(Refusal::Length),
        (status, _) => Err(Refusal::Status(status)),
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn store(answer: Response<Incoming>, room: Room) -> Result<Spooled, Refusal> {
    let mut body = answer.into_body();
    let mut writing = Writing::begin(room).await?;
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(broken)?.into_data() {
            writing.add(piece).await?;
        }
    }
    writing.end()
}

/// In words that hold no part of the address: it is signed.
fn broken(error: impl std::fmt::Display) -> Refusal {
    Refusal::Broken(error.to_string())
}
