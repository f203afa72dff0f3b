//! A TCP proxy that breaks connections on demand.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{Error, error::Doing};

/// Bytes on their way in one direction of one connection.
const BUFFER: usize = 64 * 1024;

/// What the proxy does to its connections now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// Connections made before this count are gone.
    cuts: u64,
    refuse: bool,
    stall_requests: bool,
    stall_replies: bool,
}

/// Stands on a port of 127.0.0.1 between clients and a server. Dropping it cuts everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
    accepts: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy to a port of 127.0.0.1. The target need not listen yet.
    ///
    /// # Errors
    /// The system has no port.
    pub async fn start(target: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.doing("listening for the proxy")?;
        let port = listener.local_addr().doing("asking for the proxy's port")?.port();
        let state = watch::Sender::new(State::default());
        let accepts = tokio::spawn(accept(listener, (Ipv4Addr::LOCALHOST, target).into(), state.subscribe()));
        Ok(Self { port, state, accepts })
    }

    /// The port that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Resets every connection that is open now. New ones are served.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Whether new connections are reset as soon as they are made. Those that are open stay.
    pub fn refuse(&self, on: bool) {
        self.state.send_modify(|state| state.refuse = on);
    }

    /// Whether nothing passes any more, in either direction. What was sent meanwhile passes afterwards.
    pub fn stall(&self, on: bool) {
        self.state.send_modify(|state| (state.stall_requests, state.stall_replies) = (on, on));
    }

    /// Whether nothing passes from the server to clients: requests have their effect, answers do not arrive.
    pub fn stall_replies(&self, on: bool) {
        self.state.send_modify(|state| state.stall_replies = on);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                if state.borrow().refuse {
                    reset(&client);
                } else {
                    connections.spawn(serve(client, target, state.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut client: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let cuts = state.borrow().cuts;
    let Ok(mut server) = TcpStream::connect(target).await else {
        reset(&client);
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (requests, replies) = (state.clone(), state.clone());
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    let cut = tokio::select! {
        _ = state.wait_for(|state| state.cuts != cuts) => true,
        () = pass(from_client, to_server, requests, |state| state.stall_requests) => false,
        () = pass(from_server, to_client, replies, |state| state.stall_replies) => false,
    };
    if cut {
        reset(&client);
        reset(&server);
    }
}

/// What is dropped after this is reset, not closed in order.
fn reset(connection: &TcpStream) {
    let _ = connection.set_zero_linger();
}

/// Passes bytes on in one direction until either end is done.
async fn pass(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut state: watch::Receiver<State>,
    stalled: fn(&State) -> bool,
) {
    let mut buffer = vec![0; BUFFER];
    let mut step = async || -> io::Result<bool> {
        let length = from.read(&mut buffer).await?;
        let _ = state.wait_for(|state| !stalled(state)).await;
        to.write_all(&buffer[..length]).await?;
        Ok(length > 0)
    };
    while step().await.unwrap_or(false) {}
}
