//! The HTTP server. It owns the accept loop and each connection, so that a fault can cut one without an answer or stop
//! listening for a time. A request that was read to its end runs to its end, whether or not the client still waits.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Standin, act,
    answer::{self, Answer},
    cdn::{self, serve::Body},
    control, gateway,
    rest::{Call, reply::ApiError},
    world::World,
};

/// Discord refuses larger requests.
const BODY_BYTES_MAX: usize = 25 * 1024 * 1024;

/// What is read of one.
const DRAINED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// Between two attempts to listen again on a port that something else holds.
const REBIND_PAUSE_MS: u64 = 20;

/// What all connections share.
pub(crate) struct Core {
    world: Mutex<World>,
    pub(crate) address: SocketAddr,
    /// `127.0.0.1:PORT`
    pub(crate) origin: String,
    /// Nobody listens until then.
    refuse_until: watch::Sender<Instant>,
    listening: watch::Sender<bool>,
}

/// The connection is to be dropped without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

impl Core {
    pub(crate) fn new(world: World, address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            address,
            origin: address.to_string(),
            refuse_until: watch::Sender::new(Instant::now()),
            listening: watch::Sender::new(true),
        })
    }

    /// The world, locked. Never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops listening for a time; open connections end after the answer that they wait for.
    pub(crate) fn refuse(&self, for_ms: u64) {
        self.refuse_until.send_replace(Instant::now() + Duration::from_millis(for_ms));
    }

    /// Waits until the listener is closed.
    pub(crate) async fn deaf(&self) {
        let _ = self.listening.subscribe().wait_for(|listening| !listening).await;
    }
}

/// Listens on a port of 127.0.0.1; 0 takes a free one.
pub(crate) async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Accepts connections for ever.
pub(crate) async fn accept(core: Arc<Core>, mut listener: TcpListener) {
    let mut refuse = core.refuse_until.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => Some(accepted),
            _ = refuse.changed() => None,
        };
        match accepted {
            Some(Ok((stream, _))) => drop(tokio::spawn(connection(Arc::clone(&core), stream))),
            Some(Err(_)) => sleep(Duration::from_millis(REBIND_PAUSE_MS)).await,
            None => {
                drop(listener);
                core.listening.send_replace(false);
                listener = listen_again(&core, &mut refuse).await;
                core.listening.send_replace(true);
            }
        }
    }
}

async fn listen_again(core: &Core, refuse: &mut watch::Receiver<Instant>) -> TcpListener {
    loop {
        let until = *refuse.borrow_and_update();
        tokio::select! {
            () = sleep_until(until) => {}
            _ = refuse.changed() => continue,
        }
        match bind(core.address.port()).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(REBIND_PAUSE_MS)).await,
        }
    }
}

async fn connection(core: Arc<Core>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut refuse = core.refuse_until.subscribe();
    let service = service_fn(move |request| serve(Arc::clone(&core), request));
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        _ = serving.as_mut() => {}
        _ = refuse.changed() => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}

async fn serve(core: Arc<Core>, mut request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    if gateway::upgrade::is_upgrade(request.headers()) {
        return Ok(boxed(gateway::upgrade::upgrade(&core, &mut request)));
    }
    let (head, body) = request.into_parts();
    if head.method != Method::POST && head.uri.path().starts_with("/attachments/") {
        return Ok(cdn::serve::serve(&core, head.uri.path(), head.uri.query().unwrap_or_default()));
    }
    let Some(bytes) = read(body).await else {
        return Ok(boxed(answer::bare(&ApiError::too_large().reply())));
    };
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    if let Some(path) = path.strip_prefix("/standin") {
        let asked = control::Asked { method: &head.method, path, query, body: &bytes };
        return Ok(boxed(control::answer(&Standin::inside(&core), &asked).await));
    }
    let Some(path) = api_path(path) else { return Ok(boxed(answer::bare(&ApiError::not_found().reply()))) };
    let call = Call::new(head.method, path, query, &head.headers, &bytes);
    // Spawned: hyper drops this future when the client leaves, and the effect must happen all the same.
    tokio::spawn(act::process(core, call)).await.ok().flatten().map(boxed).ok_or(Cut)
}

/// The body; `None` if it is too large. What is over is read too, up to a point: a client that still writes would not
/// see the answer.
async fn read(mut body: Incoming) -> Option<Bytes> {
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        length += data.len();
        if length <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&data);
        } else if length > DRAINED_BYTES_MAX {
            break;
        }
    }
    (length <= BODY_BYTES_MAX).then(|| bytes.freeze())
}

fn boxed(answer: Answer) -> Response<Body> {
    answer.map(|body| body.map_err(|never| match never {}).boxed_unsync())
}

/// What follows `/api/v10`; the version, and `/api` itself, may be left out.
fn api_path(path: &str) -> Option<&str> {
    let below = path.strip_prefix("/api").unwrap_or(path);
    let versioned = below.strip_prefix("/v10").or_else(|| below.strip_prefix("/v9"));
    Some(versioned.unwrap_or(below)).filter(|path| path.starts_with('/'))
}
