//! Frames on the socket: text, or binary in one of Discord's three compressions.

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};
use futures_util::{
    SinkExt,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::CloseFrame},
};

use super::close;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// With `compress` in IDENTIFY, payloads from so many bytes on are compressed.
const PAYLOAD_BYTES_MIN: usize = 1024;

/// The client's frames.
pub(crate) type Frames = SplitStream<Socket>;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// For good: the client closed with 1000 or 1001, or the server with a code that ends the session.
    Goodbye,
    /// Anything else: the session can be resumed.
    Dropped,
}

impl Ended {
    pub(crate) fn of(code: Option<u16>) -> Self {
        if matches!(code, Some(1000 | 1001)) { Self::Goodbye } else { Self::Dropped }
    }
}

/// How frames are compressed.
pub(crate) enum Zip {
    /// Not at all, unless IDENTIFY asks for [`Zip::Payloads`].
    None,
    /// Larger payloads, each by itself.
    Payloads,
    /// `compress=zstd-stream`: one context; a frame is one gateway message, flushed.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    /// `compress=zlib-stream`: one context; a gateway message ends with the flush marker 00 00 ff ff.
    Zlib(ZlibEncoder<Vec<u8>>),
}

impl Zip {
    /// What the query of the handshake asks for; `None`: a compression that Discord does not know.
    pub(crate) fn asked(query: &str) -> Option<Self> {
        let asked = query.split('&').find_map(|pair| pair.strip_prefix("compress="));
        match asked {
            None => Some(Self::None),
            Some("zlib-stream") => Some(Self::Zlib(ZlibEncoder::new(Vec::new(), Compression::fast()))),
            Some("zstd-stream") => zstd::stream::write::Encoder::new(Vec::new(), 1).ok().map(Self::Zstd),
            Some(_) => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Payloads => "payload",
            Self::Zstd(_) => "zstd-stream",
            Self::Zlib(_) => "zlib-stream",
        }
    }

    fn pack(&mut self, text: String) -> io::Result<Message> {
        Ok(match self {
            Self::Payloads if text.len() >= PAYLOAD_BYTES_MIN => {
                let mut zip = ZlibEncoder::new(Vec::new(), Compression::fast());
                zip.write_all(text.as_bytes())?;
                Message::binary(zip.finish()?)
            }
            Self::None | Self::Payloads => Message::text(text),
            Self::Zstd(zip) => {
                zip.write_all(text.as_bytes())?;
                zip.flush()?;
                Message::binary(std::mem::take(zip.get_mut()))
            }
            Self::Zlib(zip) => {
                zip.write_all(text.as_bytes())?;
                zip.flush()?;
                Message::binary(std::mem::take(zip.get_mut()))
            }
        })
    }
}

/// The sending side.
pub(crate) struct Wire {
    sink: SplitSink<Socket, Message>,
    zip: Zip,
}

impl Wire {
    pub(crate) fn new(sink: SplitSink<Socket, Message>, zip: Zip) -> Self {
        Self { sink, zip }
    }

    /// `compress` of IDENTIFY. It is not used together with a compression of the whole transport.
    pub(crate) fn compress_payloads(&mut self) {
        if matches!(self.zip, Zip::None) {
            self.zip = Zip::Payloads;
        }
    }

    /// How frames are compressed.
    pub(crate) fn compression(&self) -> &'static str {
        self.zip.name()
    }

    pub(crate) async fn send(&mut self, payload: Value) -> Result<(), Ended> {
        self.send_all(vec![payload.to_string()]).await
    }

    pub(crate) async fn send_all(&mut self, frames: Vec<String>) -> Result<(), Ended> {
        if frames.is_empty() {
            return Ok(());
        }
        for text in frames {
            let frame = self.zip.pack(text).map_err(|_| Ended::Dropped)?;
            self.sink.feed(frame).await.map_err(|_| Ended::Dropped)?;
        }
        self.sink.flush().await.map_err(|_| Ended::Dropped)
    }

    /// Closes with one of Discord's codes. Always `Err`: the connection is over.
    pub(crate) async fn close<T>(&mut self, code: u16) -> Result<T, Ended> {
        let frame = CloseFrame { code: code.into(), reason: close::reason(code).into() };
        let _ = self.sink.send(Message::Close(Some(frame))).await;
        Err(if close::ends_session(code) { Ended::Goodbye } else { Ended::Dropped })
    }
}
