//! One connection to one node of the broker.
//!
//! It belongs to one task, which reads its frames in the order in which they came: an answer is behind whatever the
//! broker delivered before it. It has no task of its own. Dropping it closes the socket.

use super::frame::{Code, Frame, Malformed, Request, key};
use super::{Failure, Lost};
use crate::rabbit::address::Address;
use bytes::{Buf, Bytes, BytesMut};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// An answer takes milliseconds; a frozen broker never gives one.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The same for the whole of connecting.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// Seconds without a word after which the broker gives a connection up.
const HEARTBEAT: u32 = 60;
/// The largest frame that we send. RabbitMQ 4.3 closes the connection over more, 4.0 does not mind.
pub const FRAME_BYTES_MAX: u32 = 1024 * 1024;
/// The largest that we take: a chunk is one frame, and holds what all writers had under way.
const CHUNK_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What is read from the socket at once.
const READ_BYTES: usize = 64 * 1024;
/// Frames set aside while an answer is waited for. What may come is bounded by the credits given.
const ASIDE_MAX: usize = 1024;

/// A socket, with or without TLS.
trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// See the head of this file.
pub struct Connection {
    socket: Box<dyn Socket>,
    /// Read, not yet taken.
    input: BytesMut,
    /// To be written.
    output: BytesMut,
    /// Came while an answer was waited for.
    aside: VecDeque<Frame>,
    correlation: u32,
    properties: HashMap<String, String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("to", &self.advertised()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and introduces us.
    pub(super) async fn open(
        address: &Address,
        (host, port): (&str, u16),
        tls: Option<&Arc<ClientConfig>>,
        name: &str,
    ) -> Result<Self, Failure> {
        let open = async {
            let socket = socket(host, port, tls).await?;
            let mut connection = Self {
                socket,
                input: BytesMut::with_capacity(READ_BYTES),
                output: BytesMut::new(),
                aside: VecDeque::new(),
                correlation: 0,
                properties: HashMap::new(),
            };
            connection.introduce(address, name).await?;
            Ok(connection)
        };
        let opened: Result<Self, Failure> =
            timeout(OPEN_MAX, open).await.unwrap_or_else(|_| Err(Lost::Silent.into()));
        opened.map_err(|failure| failure.at(host, port))
    }

    async fn introduce(&mut self, address: &Address, name: &str) -> Result<(), Failure> {
        let ours = [("product", "mirror"), ("version", env!("CARGO_PKG_VERSION")), ("connection_name", name)];
        self.grant(key::PEER_PROPERTIES, 1, |request| request.map(&ours)).await?;
        self.grant(key::SASL_HANDSHAKE, 1, |request| request).await?;
        let proof = format!("\0{}\0{}", address.user, address.password.expose_secret());
        self.grant(key::SASL_AUTHENTICATE, 1, |request| request.text("PLAIN").bytes(proof.as_bytes()))
            .await?;
        self.tune().await?;
        let mut body = self.grant(key::OPEN, 1, |request| request.text(&address.vhost)).await?;
        let pair = |body: &mut Bytes| Ok((super::frame::text(body)?, super::frame::text(body)?));
        self.properties = super::frame::list(&mut body, pair).map_err(Lost::from)?.into_iter().collect();
        Ok(())
    }

    /// The broker proposes limits unasked, once it knows who we are.
    async fn tune(&mut self) -> Result<(), Lost> {
        let (frame_bytes, heartbeat) = loop {
            match self.next().await? {
                Frame::Tune { frame_bytes, heartbeat } => break (frame_bytes, heartbeat),
                _ => continue,
            }
        };
        // 0 is no limit.
        let least = |ours: u32, theirs: u32| if theirs == 0 { ours } else { ours.min(theirs) };
        let (frame_bytes, heartbeat) = (least(FRAME_BYTES_MAX, frame_bytes), least(HEARTBEAT, heartbeat));
        self.push(Request::new(key::TUNE, 1).u32(frame_bytes).u32(heartbeat));
        self.flush().await
    }

    /// Where the broker says that this node is to be found, if it says so.
    #[must_use]
    pub fn advertised(&self) -> Option<(&str, u16)> {
        let host = self.properties.get("advertised_host")?;
        Some((host, self.properties.get("advertised_port")?.parse().ok()?))
    }

    /// Puts a request behind those that wait for the next [`Self::flush`].
    pub(crate) fn push(&mut self, request: Request) {
        self.output.unsplit(request.finish());
    }

    /// Puts a request that will be answered; returns the number that its answer bears.
    pub(crate) fn ask(&mut self, key: u16, version: u16, with: impl FnOnce(Request) -> Request) -> u32 {
        self.correlation = self.correlation.wrapping_add(1);
        let request = Request::new(key, version).u32(self.correlation);
        self.push(with(request));
        self.correlation
    }

    /// Writes what waits. Dropped half-way it goes on at the next call.
    pub(crate) async fn flush(&mut self) -> Result<(), Lost> {
        let write = async {
            while self.output.has_remaining() {
                self.socket.write_buf(&mut self.output).await?;
            }
            self.socket.flush().await
        };
        timeout(ANSWER_MAX, write).await.map_err(|_| Lost::Silent)?.map_err(Lost::from)
    }

    /// The next frame, whenever it comes. Dropped half-way it loses nothing.
    pub async fn next(&mut self) -> Result<Frame, Lost> {
        if let Some(frame) = self.aside.pop_front() {
            return Ok(frame);
        }
        self.receive().await
    }

    /// The next frame, soon.
    pub async fn next_soon(&mut self) -> Result<Frame, Lost> {
        timeout(ANSWER_MAX, self.next()).await.map_err(|_| Lost::Silent)?
    }

    async fn receive(&mut self) -> Result<Frame, Lost> {
        loop {
            if let Some(body) = self.whole()? {
                match Frame::decode(body)? {
                    Frame::Heartbeat | Frame::Other => {}
                    Frame::Closing { reason } => return Err(Lost::Closed(reason)),
                    frame => return Ok(frame),
                }
            } else if self.socket.read_buf(&mut self.input).await? == 0 {
                return Err(Lost::Ended);
            }
        }
    }

    /// A frame that is there in full.
    fn whole(&mut self) -> Result<Option<Bytes>, Malformed> {
        let Some(length) = self.input.first_chunk::<4>() else {
            self.input.reserve(READ_BYTES);
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > CHUNK_BYTES_MAX {
            return Err(Malformed);
        }
        if self.input.len() < 4 + length {
            // What is read goes on in the same place, so that a chunk is one slice.
            self.input.reserve((4 + length - self.input.len()).max(READ_BYTES));
            return Ok(None);
        }
        self.input.advance(4);
        Ok(Some(self.input.split_to(length).freeze()))
    }

    /// Whether it was told, among what is kept for [`Self::next`], that a stream has left.
    pub(crate) fn has_moved(&self) -> bool {
        self.aside.iter().any(|frame| matches!(frame, Frame::Moved { .. }))
    }

    /// Asks and waits for the answer; what else comes meanwhile is kept for [`Self::next`].
    pub(crate) async fn answer(
        &mut self,
        key: u16,
        version: u16,
        with: impl FnOnce(Request) -> Request,
    ) -> Result<(Code, Bytes), Lost> {
        let asked = self.ask(key, version, with);
        self.flush().await?;
        loop {
            match timeout(ANSWER_MAX, self.receive()).await.map_err(|_| Lost::Silent)?? {
                Frame::Answer { correlation, code, body } if correlation == asked => return Ok((code, body)),
                Frame::Metadata { correlation, body } if correlation == asked => return Ok((Code::OK, body)),
                other if self.aside.len() < ASIDE_MAX => self.aside.push_back(other),
                _ => return Err(Malformed.into()),
            }
        }
    }

    /// Asks for what is to be granted; returns what the answer adds.
    pub(crate) async fn grant(
        &mut self,
        key: u16,
        version: u16,
        with: impl FnOnce(Request) -> Request,
    ) -> Result<Bytes, Failure> {
        match self.answer(key, version, with).await? {
            (Code::OK, body) => Ok(body),
            (code, _) => Err(Failure::refused(code)),
        }
    }

    /// Says good-bye; a connection that is merely dropped leaves a line in the broker's log.
    pub async fn close(mut self) {
        let bye = |request: Request| request.u16(Code::OK.0).text("bye");
        let _ = self.answer(key::CLOSE, 1, bye).await;
        let _ = timeout(ANSWER_MAX, self.socket.shutdown()).await;
    }
}

async fn socket(host: &str, port: u16, tls: Option<&Arc<ClientConfig>>) -> Result<Box<dyn Socket>, Failure> {
    let name = ServerName::try_from(host.to_owned());
    if tls.is_some() && name.is_err() {
        return Err(Failure::Stopped("this is no name that a certificate could prove".to_owned()));
    }
    let tcp = TcpStream::connect((host, port)).await.map_err(Lost::from)?;
    // Requests are small and each is waited for.
    tcp.set_nodelay(true).map_err(Lost::from)?;
    let (Some(config), Ok(name)) = (tls, name) else { return Ok(Box::new(tcp)) };
    let secured = TlsConnector::from(config.clone()).connect(name, tcp).await;
    Ok(Box::new(secured.map_err(unproven)?))
}

/// A certificate that does not prove the broker will not do so later either.
fn unproven(error: io::Error) -> Failure {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(why)) => {
            Failure::Stopped(format!("the broker's certificate does not prove it: {why}"))
        }
        Some(_) | None => Lost::from(error).into(),
    }
}
