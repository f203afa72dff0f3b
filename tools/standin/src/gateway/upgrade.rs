//! The handshake: from an HTTP request to a connection.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

use super::{
    Talk,
    wire::{Wire, Zip},
};
use crate::server::Core;

/// Versions of the gateway that are spoken; a client that names none gets the current one.
const VERSIONS: &[&str] = &["9", "10"];

/// Does a client ask for a WebSocket?
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    let value = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// What the query of the address asks for.
struct Wanted {
    zip: Zip,
    version_is_known: bool,
}

fn wanted(query: &str) -> Option<Wanted> {
    let param = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let is_json = param("encoding=").is_none_or(|encoding| encoding == "json");
    let version_is_known = param("v=").is_none_or(|version| VERSIONS.contains(&version));
    Zip::asked(query).filter(|_| is_json).map(|zip| Wanted { zip, version_is_known })
}

/// Answers the handshake and starts the connection.
pub(crate) fn upgrade(core: &Arc<Core>, request: &mut Request<Incoming>) -> Response<Full<Bytes>> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).cloned();
    let (Some(key), Some(wanted)) = (key, wanted(request.uri().query().unwrap_or_default())) else {
        return refusal();
    };
    let (upgrading, core) = (hyper::upgrade::on(request), Arc::clone(core));
    tokio::spawn(async move {
        let Ok(upgraded) = upgrading.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let (sink, frames) = socket.split();
        let wire = Wire::new(sink, wanted.zip);
        let _ = Talk::new(core, wire, frames).run(wanted.version_is_known).await;
    });
    switching(&key)
}

fn refusal() -> Response<Full<Bytes>> {
    let mut refusal = Response::new(Full::new(Bytes::from_static(
        b"the stand-in speaks WebSocket with encoding=json, and compress=zstd-stream, zlib-stream or none\n",
    )));
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    refusal
}

fn switching(key: &HeaderValue) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}
