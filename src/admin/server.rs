//! The node's side of the admin socket.

use super::{COMMAND_BYTES_MAX, COMMANDS_MAX, LINES_MAX, Line, SOCKET_FILE, Way};
use crate::commands::answer::LogEntry;
use crate::commands::{Command, CommandError, Desk, Listener, execute};
use crate::room::Room;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tools::{Meter, Progress};

/// A bound admin socket. Its file goes when it is dropped.
pub struct Admin {
    listener: UnixListener,
    path: PathBuf,
}

/// How long a client may take to say what it wants.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

type Body = BoxBody<Bytes, Infallible>;

impl Admin {
    /// Binds the socket in a data directory whose lock is held: a file that is there is a killed node's.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn bind(dir: &Path) -> io::Result<Self> {
        // Under another name until nobody else can open it.
        let fresh = format!("{SOCKET_FILE}.new");
        remove(&dir.join(&fresh))?;
        let listener = UnixListener::bind(&Way::to(dir, &fresh)?.path)?;
        fs::set_permissions(dir.join(&fresh), Permissions::from_mode(0o600))?;
        let path = dir.join(SOCKET_FILE);
        fs::rename(dir.join(&fresh), &path)?;
        Ok(Self { listener, path })
    }

    /// Answers commands until told to stop; those under way may then take `grace`, and are ended.
    pub async fn serve(&self, desk: Desk, stop: CancellationToken, grace: Duration) {
        let mut connections = JoinSet::new();
        let room = Room::new(COMMANDS_MAX);
        let next = || room.next(async || Ok(self.listener.accept().await?.0));
        while let Some((stream, permit)) = stop.run_until_cancelled(next()).await {
            while connections.try_join_next().is_some() {}
            let desk = desk.clone();
            connections.spawn(async move {
                connection(stream, desk).await;
                drop(permit);
            });
        }
        let rest = async { while connections.join_next().await.is_some() {} };
        if timeout(grace, rest).await.is_err() {
            tracing::info!("commands that were under way are ended");
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::debug!(%error, "the admin socket's file stays");
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn connection(stream: UnixStream, desk: Desk) {
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(respond(request, desk).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).keep_alive(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "an admin connection ended early");
    }
}

async fn respond(request: Request<Incoming>, desk: Desk) -> Response<Body> {
    if request.uri().path() != "/command" {
        return refuse(StatusCode::NOT_FOUND, "there is only /command");
    }
    if request.method() != Method::POST {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "POST a command as JSON");
    }
    let Ok(body) = Limited::new(request.into_body(), COMMAND_BYTES_MAX).collect().await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "a command takes at most 64 KiB");
    };
    match serde_json::from_slice(&body.to_bytes()) {
        Ok(command) => run(desk, command),
        Err(error) => refuse(StatusCode::BAD_REQUEST, &format!("no command: {error}")),
    }
}

fn refuse(status: StatusCode, words: &str) -> Response<Body> {
    let line = encode(&Line::Error(CommandError::Wrong(words.to_owned())));
    let mut response = Response::new(Full::new(line).boxed());
    *response.status_mut() = status;
    response
}

/// Begins a command and streams what it says. The task ends with its reader.
fn run(desk: Desk, command: Command) -> Response<Body> {
    let (lines, read) = mpsc::channel(LINES_MAX);
    tokio::spawn(async move {
        let reader = Reader(lines.clone());
        let last = tokio::select! {
            () = lines.closed() => return,
            result = execute(&desk, command, &reader) => match result {
                Ok(answer) => Line::Answer(Box::new(answer)),
                Err(error) => Line::Error(error),
            },
        };
        // A reader that has gone needs no answer.
        lines.send(last).await.ok();
    });
    let frames = stream::unfold(read, |mut read| async move {
        let line = read.recv().await?;
        Some((Ok(Frame::data(encode(&line))), read))
    });
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

fn encode(line: &Line) -> Bytes {
    // Plain data: it always encodes.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

/// The client at the other end.
struct Reader(mpsc::Sender<Line>);

impl Progress for Reader {
    fn report(&self, meter: Meter) {
        // A slow client misses reports, not entries.
        self.0.try_send(Line::Progress(meter)).ok();
    }
}

#[async_trait]
impl Listener for Reader {
    async fn entry(&self, entry: LogEntry) -> bool {
        self.0.send(Line::Entry(Box::new(entry))).await.is_ok()
    }
}
