//! The command line's side of the admin socket.

use super::{LINE_BYTES_MAX, Line, SOCKET_FILE, Way};
use crate::commands::{Answer, Command, CommandError, Listener};
use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::io::ErrorKind;
use std::path::Path;
use tokio::net::UnixStream;

/// Asks the node of a data directory; `None` where no node runs.
///
/// # Errors
/// What the node said, or that it went away before it answered.
pub async fn ask(dir: &Path, command: &Command, to: &dyn Listener) -> Option<Result<Answer, CommandError>> {
    match connect(dir).await {
        Ok(None) => None,
        Ok(Some(stream)) => Some(converse(stream, command, to).await),
        Err(error) => Some(Err(error)),
    }
}

/// Nobody listens where there is no file, or the file of a killed node.
async fn connect(dir: &Path) -> Result<Option<UnixStream>, CommandError> {
    let failed = |error: std::io::Error| {
        let socket = dir.join(SOCKET_FILE);
        CommandError::Failed(format!("{} cannot be opened: {error}", socket.display()))
    };
    if !dir.join(SOCKET_FILE).exists() {
        return Ok(None);
    }
    let way = Way::to(dir, SOCKET_FILE).map_err(failed)?;
    match UnixStream::connect(&way.path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

async fn converse(stream: UnixStream, command: &Command, to: &dyn Listener) -> Result<Answer, CommandError> {
    let gone = |error: hyper::Error| CommandError::Failed(format!("the node went away: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(gone)?;
    let body = serde_json::to_vec(command).map_err(|error| CommandError::Failed(error.to_string()))?;
    let request = Request::post("/command").header("host", "mirror").body(Full::new(Bytes::from(body)));
    let request = request.map_err(|error| CommandError::Failed(error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(gone)?;
        listen(response.into_body(), to).await
    };
    // The connection carries the exchange; where it ends first, the exchange says why.
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        result = &mut exchange => result,
        _ = connection => exchange.await,
    }
}

async fn listen(mut body: Incoming, to: &dyn Listener) -> Result<Answer, CommandError> {
    let mut buffer = BytesMut::new();
    let stopped = || CommandError::Failed("the node stopped before it answered; ask again".to_owned());
    loop {
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end + 1);
            if let Some(last) = take(&line, to).await {
                return last;
            }
        }
        if buffer.len() > LINE_BYTES_MAX {
            return Err(CommandError::Failed("the node's answer is too long".to_owned()));
        }
        let frame = body.frame().await.ok_or_else(stopped)?.map_err(|_| stopped())?;
        if let Ok(data) = frame.into_data() {
            buffer.extend_from_slice(&data);
        }
    }
}

/// Hands a line on; the last one is returned.
async fn take(line: &[u8], to: &dyn Listener) -> Option<Result<Answer, CommandError>> {
    match serde_json::from_slice(line) {
        Ok(Line::Progress(meter)) => to.report(meter),
        Ok(Line::Entry(entry)) => {
            if !to.entry(*entry).await {
                return Some(Err(CommandError::Failed("nobody reads the output any more".to_owned())));
            }
        }
        Ok(Line::Answer(answer)) => return Some(Ok(*answer)),
        Ok(Line::Error(error)) => return Some(Err(error)),
        Err(error) => {
            let words = format!("the node speaks another version: {error}");
            return Some(Err(CommandError::Failed(words)));
        }
    }
    None
}
