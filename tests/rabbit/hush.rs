//! A proxy before a broker that keeps to itself what it should deliver. It reads frames, as no other proxy here does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Between us and a broker that keeps what it should deliver to itself while `deaf` is set.
pub(crate) struct Hush {
    pub(crate) port: u16,
    pub(crate) deaf: Arc<AtomicBool>,
    /// Deliveries that were kept.
    pub(crate) kept: watch::Sender<usize>,
}

/// The number of `Deliver`. Source: RabbitMQ, "Stream protocol".
const DELIVER: u16 = 8;

impl Hush {
    pub(crate) async fn before(broker_port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hush = Self { port, deaf: Arc::default(), kept: watch::Sender::new(0) };
        let (deaf, kept) = (hush.deaf.clone(), hush.kept.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let broker = TcpStream::connect(("127.0.0.1", broker_port)).await.unwrap();
                tokio::spawn(hushed(client, broker, (deaf.clone(), kept.clone())));
            }
        });
        hush
    }
}

async fn hushed(client: TcpStream, broker: TcpStream, (deaf, kept): (Arc<AtomicBool>, watch::Sender<usize>)) {
    let (mut client_reads, mut client_writes) = client.into_split();
    let (mut broker_reads, mut broker_writes) = broker.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut client_reads, &mut broker_writes).await });
    while let Ok(length) = broker_reads.read_u32().await {
        let mut frame = vec![0; length as usize];
        if broker_reads.read_exact(&mut frame).await.is_err() {
            return;
        }
        if deaf.load(Ordering::SeqCst) && frame[..2] == DELIVER.to_be_bytes() {
            kept.send_modify(|kept| *kept += 1);
            continue;
        }
        let whole = [&length.to_be_bytes()[..], &frame].concat();
        if client_writes.write_all(&whole).await.is_err() {
            return;
        }
    }
}
