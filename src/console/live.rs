//! What changes while it is looked at: server-sent events, each a piece of a page.
//!
//! ```text
//! whoever knows ──piece──> channel of [`PIECES_MAX`] ──> connection        a slow viewer holds up its own only
//! ```

use super::jobs::Job;
use super::pages;
use super::pages::replay::Shown;
use super::reply::Body;
use super::snapshot::Snapshots;
use crate::commands::answer::LogEntry;
use crate::commands::ask::Log;
use crate::commands::{Command, Desk, Listener, execute};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};
use tools::{Meter, Progress};

/// Viewers at once.
pub(super) const VIEWERS_MAX: usize = 32;
/// Pieces that wait for a slow one.
const PIECES_MAX: usize = 64;
/// Between two looks at how everything stands.
const LOOK: Duration = Duration::from_secs(2);
/// Between two pieces of a job that has much to say.
const PACE: Duration = Duration::from_millis(200);
/// A viewer that has gone is noticed after so long at the latest, and a proxy does not take it for gone.
const BEAT: Duration = Duration::from_secs(15);

/// What is sent.
enum Piece {
    Html(String),
    /// There will be no more.
    End,
}

/// What is watched.
pub(super) enum Watched {
    /// How everything stands.
    Overview(Desk, Arc<Snapshots>),
    /// What happens.
    Events(Desk, Box<Log>),
    /// A job.
    Replay(Box<Job>),
}

/// A body that goes on until its reader has gone, or there is nothing more.
pub(super) fn body(watched: Watched, viewer: OwnedSemaphorePermit) -> Body {
    let (pieces, read) = mpsc::channel(PIECES_MAX);
    tokio::spawn(async move {
        let reader = pieces.clone();
        tokio::select! {
            () = reader.closed() => {}
            () = watch(watched, &pieces) => {}
        }
    });
    let first = Frame::data(Bytes::from_static(b"retry: 2000\n\n"));
    let frames = stream::unfold((read, viewer, Some(first)), |(mut read, viewer, first)| async move {
        let frame = match first {
            Some(first) => first,
            None => match timeout(BEAT, read.recv()).await {
                Ok(piece) => Frame::data(encode(&piece?)),
                Err(_) => Frame::data(Bytes::from_static(b": here\n\n")),
            },
        };
        Some((Ok(frame), (read, viewer, None)))
    });
    BodyExt::boxed(StreamBody::new(frames))
}

/// Each end of a line ends a field here, a bare carriage return too.
fn encode(piece: &Piece) -> Bytes {
    let text = match piece {
        Piece::Html(html) => {
            let lines = html
                .replace('\r', "&#13;")
                .split('\n')
                .fold(String::new(), |all, line| all + "data: " + line + "\n");
            lines + "\n"
        }
        Piece::End => "event: end\ndata:\n\n".to_owned(),
    };
    text.into()
}

async fn watch(watched: Watched, pieces: &mpsc::Sender<Piece>) {
    match watched {
        Watched::Overview(desk, snapshots) => overview(&desk, &snapshots, pieces).await,
        Watched::Events(desk, ask) => {
            // It follows the log until its viewer has gone. What fails is tried again by the browser.
            drop(execute(&desk, Command::Log(*ask), &Viewer(pieces.clone())).await);
        }
        Watched::Replay(job) => replay(*job, pieces).await,
    }
}

async fn overview(desk: &Desk, snapshots: &Arc<Snapshots>, pieces: &mpsc::Sender<Piece>) {
    let mut last = String::new();
    loop {
        if let Ok(snapshot) = snapshots.now(desk).await {
            let html = pages::overview::live(&snapshot).into_string();
            if html != last && pieces.send(Piece::Html(html.clone())).await.is_err() {
                return;
            }
            last = html;
        }
        sleep(LOOK).await;
    }
}

async fn replay(mut job: Job, pieces: &mpsc::Sender<Piece>) {
    loop {
        let state = job.now();
        let is_over = state.is_over();
        if pieces.send(Piece::Html(pages::replay::live(&state).into_string())).await.is_err() {
            return;
        }
        // Its end without a last word is one as well.
        if is_over || job.state.changed().await.is_err() {
            pieces.send(Piece::End).await.ok();
            return;
        }
        sleep(PACE).await;
    }
}

impl Job {
    /// As a page shows it.
    pub(super) fn shown(&self) -> Shown {
        Shown { what: self.what, started: self.started, state: self.now() }
    }
}

/// Whoever watches the log.
struct Viewer(mpsc::Sender<Piece>);

impl Progress for Viewer {
    fn report(&self, _: Meter) {}
}

#[async_trait]
impl Listener for Viewer {
    async fn entry(&self, entry: LogEntry) -> bool {
        let row = pages::feed::row(&entry).into_string();
        self.0.send(Piece::Html(row)).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_piece_cannot_end_it() {
        let check = |html: &str, wanted: &str| {
            let sent = encode(&Piece::Html(html.to_owned()));
            assert_eq!(std::str::from_utf8(&sent).unwrap(), wanted);
        };
        check("a", "data: a\n\n");
        check("a\nevent: end\n\nb", "data: a\ndata: event: end\ndata: \ndata: b\n\n");
        check("a\r\rid: 1\r\nb", "data: a&#13;&#13;id: 1&#13;\ndata: b\n\n");
    }
}
