//! What the proxy does to connections, against an echo.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use servers::Proxy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// Longer than anything on this machine takes.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

/// An echo, which also says what reached it.
async fn echo() -> (u16, mpsc::Receiver<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (reached, reaches) = mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let reached = reached.clone();
            tokio::spawn(async move {
                while let Ok(byte) = connection.read_u8().await {
                    let _ = reached.send(byte).await;
                    let _ = connection.write_u8(byte).await;
                }
            });
        }
    });
    (port, reaches)
}

async fn round(connection: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    connection.write_u8(byte).await?;
    timeout(LONG, connection.read_u8()).await.unwrap()
}

async fn client(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
}

#[tokio::test]
async fn cut() {
    let (port, _reaches) = echo().await;
    let proxy = Proxy::start(port).await.unwrap();
    let (mut first, mut second) = (client(&proxy).await, client(&proxy).await);
    assert_eq!(round(&mut first, 1).await.unwrap(), 1);
    assert_eq!(round(&mut second, 2).await.unwrap(), 2);
    proxy.cut();
    for connection in [&mut first, &mut second] {
        let error = timeout(LONG, connection.read_u8()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert_eq!(round(&mut client(&proxy).await, 3).await.unwrap(), 3, "new ones are served");
}

#[tokio::test]
async fn refuse() {
    let (port, _reaches) = echo().await;
    let proxy = Proxy::start(port).await.unwrap();
    let mut open = client(&proxy).await;
    assert_eq!(round(&mut open, 1).await.unwrap(), 1);
    proxy.refuse(true);
    assert!(round(&mut client(&proxy).await, 2).await.is_err());
    assert_eq!(round(&mut open, 3).await.unwrap(), 3, "what was open stays");
    proxy.refuse(false);
    assert_eq!(round(&mut client(&proxy).await, 4).await.unwrap(), 4);
}

#[tokio::test]
async fn stall() {
    let (port, mut reaches) = echo().await;
    let proxy = Proxy::start(port).await.unwrap();
    let mut open = client(&proxy).await;
    assert_eq!((round(&mut open, 1).await.unwrap(), reaches.recv().await), (1, Some(1)));

    proxy.stall(true);
    open.write_u8(2).await.unwrap();
    assert!(timeout(SHORT, reaches.recv()).await.is_err(), "nothing reaches the server");
    proxy.stall(false);
    assert_eq!(timeout(LONG, open.read_u8()).await.unwrap().unwrap(), 2);
    assert_eq!(reaches.recv().await, Some(2));

    proxy.stall_replies(true);
    open.write_u8(3).await.unwrap();
    assert_eq!(timeout(LONG, reaches.recv()).await.unwrap(), Some(3), "the request has its effect");
    assert!(timeout(SHORT, open.read_u8()).await.is_err(), "its answer is lost");
    proxy.cut();
    assert!(timeout(LONG, open.read_u8()).await.unwrap().is_err(), "a stalled connection can be cut");
}

#[tokio::test]
async fn a_target_that_is_not_there() {
    let (port, _reaches) = echo().await;
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_ne!(port, unused);
    let proxy = Proxy::start(unused).await.unwrap();
    assert!(round(&mut client(&proxy).await, 1).await.is_err());
}
