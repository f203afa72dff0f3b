//! Hints between nodes over AMQP: "look there, something has changed".
//!
//! ```text
//! HintSender --outbox--> task --publish--> exchange CLUSTER.nodes (fanout) --> a queue per node: CLUSTER.nodes.NODE
//!   full: dropped, counted        |                                                      |
//!   receiver <--inbox-- task <----'------------------------- consume, one's own left out -'
//! ```
//! A hint makes things quick, never right: whoever gets none finds out a little later. So every queue here is bounded
//! and drops when it is full, nothing is kept on disk, nothing is confirmed, and a lost connection is made again for
//! ever without anybody being told, except by [`Hints::connected`].
//!
//! The connection is made again by hand: lapin's own recovery never comes back for some queues while it says that it
//! is connected. Queues have names, and outlive a lost connection by [`EXPIRY`], so that a short cut loses little.

mod link;
mod wire;

use std::collections::VecDeque;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};
use std::time::Duration;

use events::NodeId;
use futures_util::StreamExt as _;
use lapin::message::Delivery;
use secrecy::SecretString;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use link::{Address, Link, Lost};
pub use link::{BadAddress, EXPIRY};
pub use wire::Hint;

/// Hints that may wait to be published: further ones are dropped.
pub const OUTBOX_MAX: usize = 256;
/// Hints that may wait to be received: further ones are dropped.
pub const INBOX_MAX: usize = 1_024;
/// Hints that are published in one go; among them the same is published once.
const BATCH_MAX: usize = 64;
/// A broker that takes no hint, or no acknowledgement, in this time is as good as gone. lapin says nothing to who was
/// about to send when the connection was reset.
const SEND_MAX: Duration = Duration::from_secs(5);
/// How often the connection is looked at, should its end not be told.
const LOOK: Duration = Duration::from_secs(1);
/// What is left to say at the stop is said within this.
const LEAVE_MAX: Duration = Duration::from_secs(1);
/// Waits between attempts to connect: from the first, doubled, to the last.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Where hints go, and whose they are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `amqp://user:password@host:5672/vhost`, or `amqps://...` with `?ca=FILE` for a CA of one's own.
    pub url: SecretString,
    /// Begins the names of the exchange and of the queues.
    pub cluster: String,
    /// This node. Its own hints do not come back to it.
    pub node: NodeId,
}

/// What went by since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Hints published.
    pub published: AtomicU64,
    /// Hints received from other nodes.
    pub received: AtomicU64,
    /// Hints dropped because a queue of ours was full.
    pub dropped: AtomicU64,
    /// Messages that were no hint, or one of a newer kind.
    pub skipped: AtomicU64,
}

/// Publishes hints. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HintSender {
    outbox: mpsc::Sender<Hint>,
    counts: Arc<Counts>,
}

impl HintSender {
    /// Publishes a hint soon, or drops it. Never waits.
    pub fn send(&self, hint: Hint) {
        if self.outbox.try_send(hint).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// What went by since the start.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// This node's end of the hints.
#[derive(Debug)]
pub struct Hints {
    /// Publishes.
    pub sender: HintSender,
    /// What other nodes published. It ends only after the stop.
    pub received: mpsc::Receiver<Hint>,
    /// Whether there is a connection. What was hinted while there was none is lost: look everywhere when it comes back.
    pub connected: watch::Receiver<bool>,
    /// Ends after the stop.
    pub task: JoinHandle<()>,
}

impl Hints {
    /// Begins to connect, and returns at once. From then on it never fails: it connects again and again until `stop`.
    ///
    /// # Errors
    /// The address is no address, or its CA cannot be read.
    pub fn connect(settings: &Settings, stop: CancellationToken) -> Result<Self, BadAddress> {
        let address = Address::parse(&settings.url)?;
        let counts = Arc::new(Counts::default());
        let (outbox, queued) = mpsc::channel(OUTBOX_MAX);
        let (inbox, received) = mpsc::channel(INBOX_MAX);
        let (connected_now, connected) = watch::channel(false);
        let node = settings.node;
        let names = link::Names::of(&settings.cluster, node);
        let batch = VecDeque::new();
        let worker =
            Worker { batch, node, address, names, queued, inbox, counts: counts.clone(), connected_now };
        let task = tokio::spawn(worker.run(stop));
        Ok(Self { sender: HintSender { outbox, counts }, received, connected, task })
    }

    /// Connects once, declares what a node does, and leaves.
    ///
    /// # Errors
    /// Why hints would not work.
    pub async fn probe(settings: &Settings) -> Result<(), String> {
        let address = Address::parse(&settings.url).map_err(|bad| bad.to_string())?;
        let names = link::Names::of(&settings.cluster, settings.node);
        let link = Box::pin(Link::open(&address, &names)).await.map_err(|lost| lost.to_string())?;
        // It was reached: whether it hears the good-bye is no part of the question.
        drop(timeout(LEAVE_MAX, link.close()).await);
        Ok(())
    }
}

/// What the task works on.
struct Worker {
    node: NodeId,
    address: Address,
    names: link::Names,
    queued: mpsc::Receiver<Hint>,
    /// Taken from the queue, not published yet.
    batch: VecDeque<Hint>,
    inbox: mpsc::Sender<Hint>,
    counts: Arc<Counts>,
    connected_now: watch::Sender<bool>,
}

impl Worker {
    async fn run(mut self, stop: CancellationToken) {
        let mut wait = RETRY_FIRST;
        while !stop.is_cancelled() {
            let opening = Box::pin(Link::open(&self.address, &self.names));
            match stop.run_until_cancelled(opening).await {
                Some(Ok(link)) => {
                    wait = RETRY_FIRST;
                    Box::pin(self.serve(link, &stop)).await;
                }
                Some(Err(lost)) => {
                    let again_in_ms = wait.as_millis() as u64;
                    tracing::warn!(why = %lost, again_in_ms, "hints: not connected");
                }
                None => return,
            }
            stop.run_until_cancelled(sleep(wait)).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }

    /// Works over one connection until it is lost or the node stops.
    async fn serve(&mut self, mut link: Link, stop: &CancellationToken) {
        tracing::info!("hints: connected");
        self.connected_now.send_replace(true);
        match stop.run_until_cancelled(self.work(&mut link)).await {
            Some(lost) => {
                tracing::warn!(why = %lost, "hints: lost the connection; changes are noticed later")
            }
            None => {
                // A node that leaves says so last.
                let _ = timeout(LEAVE_MAX, self.leave(link)).await;
            }
        }
        self.connected_now.send_replace(false);
    }

    /// Publishes and receives until the connection is lost.
    async fn work(&mut self, link: &mut Link) -> Lost {
        let mut look = interval(LOOK);
        loop {
            let done = tokio::select! {
                delivery = link.deliveries.next() => match delivery {
                    Some(Ok(delivery)) => self.take(delivery).await,
                    Some(Err(error)) => Err(Lost::from(error)),
                    None => Err(Lost::Ended),
                },
                _ = look.tick() => if link.is_open() { Ok(()) } else { Err(Lost::Ended) },
                // Without any sender left this arm rests.
                Some(hint) = self.queued.recv() => {
                    self.batch.push_back(hint);
                    self.publish(link).await
                }
            };
            if let Err(lost) = done {
                return lost;
            }
        }
    }

    async fn leave(&mut self, link: Link) -> Result<(), Lost> {
        self.publish(&link).await?;
        link.close().await
    }

    async fn take(&self, delivery: Delivery) -> Result<(), Lost> {
        match wire::decode(&delivery.data) {
            Some((from, _)) if from == self.node => {}
            Some((_, hint)) => {
                let count = match self.inbox.try_send(hint) {
                    Ok(()) => &self.counts.received,
                    Err(_) => &self.counts.dropped,
                };
                count.fetch_add(1, Relaxed);
            }
            None => {
                self.counts.skipped.fetch_add(1, Relaxed);
                tracing::debug!(
                    bytes = delivery.data.len(),
                    "hints: a message that is no hint of a known kind"
                );
            }
        }
        sent(link::acknowledge(&delivery)).await
    }

    /// Publishes what is begun and what waits. Dropped between two hints it loses neither.
    async fn publish(&mut self, link: &Link) -> Result<(), Lost> {
        while self.refill() {
            while let Some(hint) = self.batch.front() {
                let payload = wire::encode(self.node, *hint);
                sent(link.publish(&self.names, &payload)).await?;
                self.batch.pop_front();
                self.counts.published.fetch_add(1, Relaxed);
            }
        }
        Ok(())
    }

    /// Takes up more of what waits, each once: a busy partition hints often. Whether there is anything to publish.
    fn refill(&mut self) -> bool {
        for hint in std::iter::from_fn(|| self.queued.try_recv().ok()).take(BATCH_MAX) {
            if !self.batch.contains(&hint) {
                self.batch.push_back(hint);
            }
        }
        !self.batch.is_empty()
    }
}

/// What the broker takes, within a time.
async fn sent(sending: impl Future<Output = Result<(), Lost>>) -> Result<(), Lost> {
    timeout(SEND_MAX, sending).await.map_err(|_| Lost::Stuck)?
}

#[cfg(test)]
mod tests;
