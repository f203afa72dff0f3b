//! A raw gateway client: frames as they come, compression undone.

use std::{io::Write, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

/// What the address asks for.
enum Unzip {
    /// Binary frames are compressed by themselves.
    Each,
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
    Zlib(flate2::write::ZlibDecoder<Vec<u8>>),
}

impl Unzip {
    fn new(query: &str) -> Self {
        match query.strip_prefix("compress=") {
            Some("zstd-stream") => Self::Zstd(zstd::stream::write::Decoder::new(Vec::new()).unwrap()),
            Some("zlib-stream") => Self::Zlib(flate2::write::ZlibDecoder::new(Vec::new())),
            _ => Self::Each,
        }
    }

    fn plain(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Each => {
                let mut zip = flate2::write::ZlibDecoder::new(Vec::new());
                zip.write_all(bytes).unwrap();
                zip.finish().expect("whole by itself")
            }
            Self::Zstd(zip) => {
                zip.write_all(bytes).unwrap();
                zip.flush().unwrap();
                std::mem::take(zip.get_mut())
            }
            Self::Zlib(zip) => {
                assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]), "clients wait for this suffix");
                zip.write_all(bytes).unwrap();
                zip.flush().unwrap();
                std::mem::take(zip.get_mut())
            }
        }
    }
}

pub(crate) struct Ws {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    zip: Unzip,
    /// Was the last frame binary?
    pub(crate) is_binary: bool,
}

pub(crate) enum Heard {
    Payload(Value),
    Closed(u16),
    Cut,
    Silence,
}

impl Ws {
    /// `query` comes after the encoding; with a version of its own it comes alone.
    pub(crate) async fn connect(url: &str, query: &str) -> Result<Self, String> {
        let usual = if query.contains("v=") { String::new() } else { "v=10&encoding=json&".to_owned() };
        let connected = tokio_tungstenite::connect_async(format!("{url}/?{usual}{query}")).await;
        let (socket, _) = connected.map_err(|error| error.to_string())?;
        Ok(Self { socket, zip: Unzip::new(query), is_binary: false })
    }

    pub(crate) async fn send(&mut self, payload: &str) {
        self.socket.send(Message::text(payload.to_owned())).await.unwrap();
    }

    pub(crate) async fn close(&mut self, code: u16) {
        let frame =
            tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
        self.socket.close(Some(frame)).await.unwrap();
    }

    pub(crate) async fn hear(&mut self, wait_ms: u64) -> Heard {
        match tokio::time::timeout(Duration::from_millis(wait_ms), self.socket.next()).await {
            Err(_) => Heard::Silence,
            Ok(None | Some(Err(_))) => Heard::Cut,
            Ok(Some(Ok(Message::Close(frame)))) => {
                frame.map_or(Heard::Cut, |frame| Heard::Closed(frame.code.into()))
            }
            Ok(Some(Ok(Message::Text(text)))) => {
                self.is_binary = false;
                Heard::Payload(serde_json::from_str(&text).unwrap())
            }
            Ok(Some(Ok(Message::Binary(bytes)))) => {
                self.is_binary = true;
                let plain = self.zip.plain(&bytes);
                Heard::Payload(serde_json::from_slice(&plain).expect("one frame, one whole message"))
            }
            Ok(Some(Ok(other))) => panic!("unexpected frame {other:?}"),
        }
    }
}
