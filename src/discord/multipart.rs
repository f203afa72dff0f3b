//! A body of several parts: a payload and files, streamed from where they lie and as long as it says.
//!
//! ```text
//! --boundary, payload_json ─ --boundary, files[0] ─ bytes ─ --boundary, files[1] ─ bytes ─ --boundary--
//! ```

use super::files::Spooled;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt as _, try_unfold};
use hyper::body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes read from a file at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A file to send.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, which holds no quotes and no control characters.
    pub name: String,
    /// Its bytes.
    pub file: Spooled,
}

/// Media type of a body with this boundary.
pub(super) fn content_type(boundary: &str) -> String {
    format!("multipart/form-data; boundary={boundary}")
}

enum Piece {
    Bytes(Bytes),
    File(Spooled, u64),
}

/// The body.
pub(super) struct Form {
    pieces: BoxStream<'static, io::Result<Bytes>>,
    left: u64,
}

impl Form {
    /// `payload` is JSON text. `boundary` is a word that nobody who wrote a file could know.
    pub(super) fn new(boundary: &str, payload: &[u8], files: &[Upload]) -> Self {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n"
        )
        .into_bytes();
        head.extend_from_slice(payload);
        let mut pieces = VecDeque::from([Piece::Bytes(head.into())]);
        for (number, Upload { name, file }) in files.iter().enumerate() {
            let name = quoted(name);
            let head = format!(
                "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"files[{number}]\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            pieces.push_back(Piece::Bytes(head.into()));
            pieces.push_back(Piece::File(file.clone(), 0));
        }
        pieces.push_back(Piece::Bytes(format!("\r\n--{boundary}--\r\n").into()));
        let left = pieces.iter().map(Piece::length).sum();
        Self { pieces: try_unfold(pieces, next).boxed(), left }
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file, at) => file.bytes() - at,
        }
    }
}

/// The next bytes, and what is left behind them.
async fn next(mut pieces: VecDeque<Piece>) -> io::Result<Option<(Bytes, VecDeque<Piece>)>> {
    match pieces.pop_front() {
        None => Ok(None),
        Some(Piece::Bytes(bytes)) => Ok(Some((bytes, pieces))),
        Some(Piece::File(file, at)) => {
            let bytes = file.read(at, CHUNK_BYTES).await?;
            let at = at + bytes.len() as u64;
            if at < file.bytes() {
                pieces.push_front(Piece::File(file, at));
            }
            Ok(Some((bytes, pieces)))
        }
    }
}

/// A name cannot end the quotes that it stands in. Source: WHATWG HTML, "Multipart form data".
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

impl Body for Form {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let poll = Pin::new(&mut self.pieces).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &poll {
            self.left -= bytes.len() as u64;
        }
        poll.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_quotes() {
        let name = quoted("a\"; filename=\"b\r\nContent-Type: text/html\r\n\r\n--x");
        assert_eq!(name, "a%22; filename=%22b%0D%0AContent-Type: text/html%0D%0A%0D%0A--x");
    }
}
