//! One download.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;

use super::{File, fault::CdnFault};
use crate::server::{Core, Cut};

/// A body that may be cut.
pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// A piece of a download without end.
const PIECE: &[u8] = &[0; 64 * 1024];

/// Answers `GET /attachments/...`.
pub(crate) fn serve(core: &Core, path: &str, query: &str) -> Response<Body> {
    let mut world = core.world();
    let Some(file) = world.cdn.open(path, query) else {
        return answer(
            404,
            "text/plain;charset=UTF-8",
            whole(Bytes::from_static(b"This content is no longer available.")),
        );
    };
    world.ledger.counts.downloads += 1;
    let scripted = (!world.cdn.faults.is_empty()).then(|| world.cdn.faults.remove(0));
    let fault = scripted.or_else(|| world.faults.of_download());
    drop(world);
    fault.map_or_else(|| fine(&file, whole(file.bytes.clone())), |fault| suffer(&file, fault))
}

fn suffer(file: &File, fault: CdnFault) -> Response<Body> {
    let length = file.bytes.len() as u64;
    match fault {
        CdnFault::Slow { piece, pause_ms } => {
            promised(length, fine(file, slow(file.bytes.clone(), piece, pause_ms)))
        }
        CdnFault::Cut { after } => {
            let sent = file.bytes.slice(..after.min(file.bytes.len()));
            promised(length.max(after as u64 + 1), fine(file, cut_after(sent)))
        }
        CdnFault::LyingLength { length } => promised(length, fine(file, cut_after(file.bytes.clone()))),
        CdnFault::Endless => {
            let pieces = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(PIECE))));
            fine(file, StreamBody::new(pieces).boxed_unsync())
        }
        CdnFault::Redirect { to } => {
            let mut answer = answer(302, "", Empty::new().map_err(|never| match never {}).boxed_unsync());
            if let Ok(to) = HeaderValue::from_str(&to) {
                answer.headers_mut().insert(LOCATION, to);
            }
            answer
        }
        CdnFault::Status { status } => answer(status, "text/plain", whole(Bytes::new())),
    }
}

fn fine(file: &File, body: Body) -> Response<Body> {
    answer(
        200,
        if file.content_type.is_empty() { "application/octet-stream" } else { &file.content_type },
        body,
    )
}

fn answer(status: u16, kind: &str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        answer.headers_mut().insert(CONTENT_TYPE, kind);
    }
    answer
}

fn promised(length: u64, mut answer: Response<Body>) -> Response<Body> {
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer
}

/// All at once.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// These bytes, then nothing more on this connection.
fn cut_after(bytes: Bytes) -> Body {
    let end = stream::iter([Ok(Frame::data(bytes)), Err(Cut)]);
    StreamBody::new(end).boxed_unsync()
}

fn slow(bytes: Bytes, piece: usize, pause_ms: u64) -> Body {
    let piece = piece.max(1);
    let pieces = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        let next = rest.split_to(piece.min(rest.len()));
        Some((Ok(Frame::data(next)), rest))
    });
    let paused = pieces.then(move |frame| async move {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        frame
    });
    StreamBody::new(paused).boxed_unsync()
}
