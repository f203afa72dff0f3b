//! A raw gateway client: frames as they come, zstd undone.

use std::{io::Write, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

pub(crate) struct Ws {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    zip: Option<zstd::stream::write::Decoder<'static, Vec<u8>>>,
}

pub(crate) enum Heard {
    Payload(Value),
    Closed(u16),
    Cut,
    Silence,
}

impl Ws {
    pub(crate) async fn connect(url: &str, zipped: bool) -> Self {
        let compress = if zipped { "&compress=zstd-stream" } else { "" };
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("{url}/?v=10&encoding=json{compress}")).await.unwrap();
        let zip = zipped.then(|| zstd::stream::write::Decoder::new(Vec::new()).unwrap());
        Self { socket, zip }
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
            Ok(Some(Ok(Message::Text(text)))) => Heard::Payload(serde_json::from_str(&text).unwrap()),
            Ok(Some(Ok(Message::Binary(bytes)))) => {
                let zip = self.zip.as_mut().expect("binary only when asked for");
                zip.write_all(&bytes).unwrap();
                zip.flush().unwrap();
                let plain = std::mem::take(zip.get_mut());
                Heard::Payload(serde_json::from_slice(&plain).expect("one frame, one whole message"))
            }
            Ok(Some(Ok(other))) => panic!("unexpected frame {other:?}"),
        }
    }
}
