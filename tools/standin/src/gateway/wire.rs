//! Frames on the socket: text, or binary in one zstd stream per connection.

use std::io::Write;

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

type Socket = WebSocketStream<TokioIo<Upgraded>>;
type Zip = zstd::stream::write::Encoder<'static, Vec<u8>>;

/// The client's frames.
pub(crate) type Frames = SplitStream<Socket>;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The client closed with 1000 or 1001: its session ends too.
    Goodbye,
    /// Anything else: the session can be resumed.
    Dropped,
}

impl Ended {
    pub(crate) fn of(code: Option<u16>) -> Self {
        if matches!(code, Some(1000 | 1001)) { Self::Goodbye } else { Self::Dropped }
    }
}

/// The sending side.
pub(crate) struct Wire {
    sink: SplitSink<Socket, Message>,
    zip: Option<Zip>,
}

impl Wire {
    pub(crate) fn new(sink: SplitSink<Socket, Message>, zipped: bool) -> std::io::Result<Self> {
        let zip = if zipped { Some(Zip::new(Vec::new(), 1)?) } else { None };
        Ok(Self { sink, zip })
    }

    /// One frame is one gateway message, flushed; the zstd stream goes on.
    fn pack(&mut self, text: String) -> Result<Message, Ended> {
        let Some(zip) = &mut self.zip else { return Ok(Message::text(text)) };
        zip.write_all(text.as_bytes()).and_then(|()| zip.flush()).map_err(|_| Ended::Dropped)?;
        Ok(Message::binary(std::mem::take(zip.get_mut())))
    }

    pub(crate) async fn send(&mut self, payload: Value) -> Result<(), Ended> {
        self.send_all(vec![payload.to_string()]).await
    }

    pub(crate) async fn send_all(&mut self, frames: Vec<String>) -> Result<(), Ended> {
        if frames.is_empty() {
            return Ok(());
        }
        for text in frames {
            let frame = self.pack(text)?;
            self.sink.feed(frame).await.map_err(|_| Ended::Dropped)?;
        }
        self.sink.flush().await.map_err(|_| Ended::Dropped)
    }

    /// Closes with one of Discord's codes. Always `Err`: the connection is over.
    pub(crate) async fn close<T>(&mut self, code: u16, reason: &'static str) -> Result<T, Ended> {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = self.sink.send(Message::Close(Some(frame))).await;
        Err(Ended::Dropped)
    }
}
