//! The log on streams: the outbox takes what is appended, writers send it on, readers bring back what all wrote.

use super::Address;
use super::connect::{Broker, Failure};
use super::outbox::Outbox;
use super::read::{Readers, stream_name};
use super::write::{Line, Writer};
use crate::sqlite::{self, NodeState, SqliteLog};
use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, NodeId, Offset, Partition};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long an append waits for the stream.
const EVERYWHERE_MAX: Duration = Duration::from_secs(10);
/// How often what was kept long enough is removed from the outbox.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// Waits between attempts to declare: doubled from the first to the last.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How long a close waits for the stream to take what is left, and then for the writers to end.
const FLUSH_MAX: Duration = Duration::from_secs(2);
const END_MAX: Duration = Duration::from_secs(2);

/// Where the log is, and how much the outbox keeps.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers.
    pub address: Address,
    /// Begins the streams' names.
    pub prefix: String,
    /// How many there are.
    pub partitions: u16,
    /// Bytes that may wait in the outbox; past it an append waits, and is refused after a while.
    pub outbox_bytes_max: u64,
    /// How long confirmed events stay in the outbox, while there is room.
    pub keep: Duration,
    /// Further arguments of streams that are declared: `max-length-bytes` and the like.
    pub arguments: Vec<(&'static str, String)>,
}

impl Settings {
    /// The usual ones.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            prefix: "mirror".to_owned(),
            partitions: 16,
            outbox_bytes_max: 1 << 30,
            keep: Duration::from_secs(600),
            arguments: vec![
                // The largest filter a chunk can have: fewer chunks are read in vain.
                ("stream-filter-size-bytes", "255".to_owned()),
                // Not all on the broker that is asked, which is the first of the address.
                ("queue-leader-locator", "balanced".to_owned()),
            ],
        }
    }
}

/// How the outbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Events that the stream has not confirmed.
    pub waiting: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The most that they may be; past it appends wait.
    pub bytes_max: u64,
    /// Bytes of confirmed events that are kept; they go where room is needed.
    pub kept_bytes: u64,
    /// How long the oldest waits.
    pub oldest: Option<Duration>,
    /// Partitions with something to send and no broker that takes it.
    pub stuck: Vec<Partition>,
    /// Why not, of the first.
    pub problem: Option<String>,
}

/// The log. Cheap to clone. Writing ends when the last clone is dropped, too; [`RabbitLog::close`] is the way to know
/// that it has.
#[derive(Clone)]
pub struct RabbitLog {
    inner: Arc<Inner>,
}

struct Inner {
    outbox: Arc<Outbox>,
    readers: Readers,
    lines: Vec<Arc<Line>>,
    stop: CancellationToken,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop.cancel();
        self.tasks.get_mut().detach_all();
    }
}

impl RabbitLog {
    /// Opens the log over an outbox. Where no broker answers, it goes on trying: appends go into the outbox.
    ///
    /// # Errors
    /// When the outbox cannot be read, or the brokers refuse for good.
    pub async fn open(
        settings: Settings,
        outbox: (SqliteLog, NodeState),
        node: NodeId,
    ) -> Result<Self, Failure> {
        let broker = Broker::new(settings.address.clone(), &format!("mirror {node}"))?;
        let streams: Vec<_> =
            (0..settings.partitions).map(|at| stream_name(&settings.prefix, Partition(at))).collect();
        let outbox = Arc::new(Outbox::new(outbox, settings.outbox_bytes_max, settings.keep));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let declaring =
            Declaring { broker: broker.clone(), streams: streams.clone(), how: settings.arguments };
        // One attempt in front of everybody, so that a wrong password is heard of.
        match declaring.all().await {
            Ok(()) => {}
            Err(stopped @ Failure::Stopped(_)) => return Err(stopped),
            Err(Failure::Retry(why)) => {
                tracing::warn!(why, "no broker answers now; what is appended waits in the outbox");
                tasks.spawn(declaring.until_done(stop.clone()));
            }
        }
        let mut lines = Vec::new();
        for (at, stream) in streams.into_iter().enumerate() {
            let partition = Partition(at as u16);
            let mark = outbox.open(partition).await.map_err(|failure| broken(&failure))?;
            let line = Arc::new(Line::default());
            line.confirmed.send_replace(mark.confirmed);
            lines.push(line.clone());
            let (outbox, stop, broker) = (outbox.clone(), stop.clone(), broker.clone());
            let sent = outbox.tail(partition).0;
            let writer =
                Writer { broker, stream, partition, node, outbox, line, stop, mark, sent, refused: None };
            tasks.spawn(writer.run());
        }
        tasks.spawn(tidy(outbox.clone(), stop.clone()));
        let readers = Readers::new(broker, &settings.prefix);
        Ok(Self { inner: Arc::new(Inner { outbox, readers, lines, stop, tasks: tasks.into() }) })
    }

    /// Changes when something can be read.
    #[must_use]
    pub fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.inner.readers.appended(partition)
    }

    /// How the outbox stands.
    #[must_use]
    pub fn status(&self) -> OutboxStatus {
        let Inner { outbox, lines, .. } = &*self.inner;
        let ((bytes, kept_bytes), oldest) = outbox.held();
        let bytes_max = outbox.bytes_max();
        let mut status = OutboxStatus { bytes, bytes_max, kept_bytes, oldest, ..OutboxStatus::default() };
        for (at, line) in lines.iter().enumerate() {
            let partition = Partition(at as u16);
            let waiting = outbox.tail(partition).0.saturating_sub(line.confirmed.borrow().0);
            status.waiting += waiting;
            if let Some(problem) = line.problem().filter(|_| waiting > 0) {
                status.stuck.push(partition);
                status.problem.get_or_insert(problem);
            }
        }
        status
    }

    /// Sends what it can within a moment, then stops and closes the outbox. What was not sent is sent by the next start.
    ///
    /// # Errors
    /// When the file is not closed in time.
    pub async fn close(&self) -> Result<(), sqlite::Failure> {
        let _ = timeout(FLUSH_MAX, self.flush()).await;
        self.inner.stop.cancel();
        let mut tasks = self.inner.tasks.lock().await;
        let ends = async { while tasks.join_next().await.is_some() {} };
        if timeout(END_MAX, ends).await.is_err() {
            tasks.shutdown().await;
        }
        self.inner.outbox.close().await
    }

    /// Waits until all is sent that can be.
    async fn flush(&self) {
        for (at, line) in self.inner.lines.iter().enumerate() {
            if line.problem().is_none() {
                let _ = self.everywhere(Partition(at as u16)).await;
            }
        }
    }

    fn line(&self, partition: Partition) -> Result<&Arc<Line>, String> {
        let count = self.inner.lines.len();
        let line = self.inner.lines.get(usize::from(partition.0));
        line.ok_or_else(|| format!("the log has {count} partitions, and no partition {}", partition.0))
    }

    /// Waits until the stream has all that the outbox has now.
    async fn everywhere(&self, partition: Partition) -> Result<(), AppendError> {
        let line = self.line(partition).map_err(AppendError::Stopped)?;
        let tail = self.inner.outbox.tail(partition);
        let mut confirmed = line.confirmed.subscribe();
        line.hurry.notify_one();
        let waited = tokio::select! {
            () = self.inner.stop.cancelled() => return Err(AppendError::Stopped("the log is closed".to_owned())),
            waited = timeout(EVERYWHERE_MAX, confirmed.wait_for(|confirmed| *confirmed >= tail)) => waited,
        };
        waited.map(|_| ()).map_err(|_| {
            let why = line.problem().unwrap_or_else(|| "it does not answer".to_owned());
            AppendError::Retry(format!("it is in the outbox, but not on the stream yet: {why}"))
        })
    }
}

#[async_trait]
impl Log for RabbitLog {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        self.line(partition).map_err(AppendError::Stopped)?;
        if !events.is_empty() {
            self.inner.outbox.append(partition, events).await?;
        }
        match durable {
            Durable::Here => Ok(()),
            Durable::Everywhere => self.everywhere(partition).await,
        }
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.line(read.partition).map_err(ReadError::Stopped)?;
        self.inner.readers.read(read).await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.line(partition).map_err(ReadError::Stopped)?;
        self.inner.readers.tail(partition).await
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.line(partition).map_err(ReadError::Stopped)?;
        self.inner.readers.floor(partition).await
    }
}

fn broken(failure: &sqlite::Failure) -> Failure {
    Failure::Stopped(format!("the outbox cannot be used: {failure}"))
}

/// The streams that are to be there.
struct Declaring {
    broker: Broker,
    streams: Vec<String>,
    how: Vec<(&'static str, String)>,
}

impl Declaring {
    async fn all(&self) -> Result<(), Failure> {
        for stream in &self.streams {
            Box::pin(self.broker.declare(stream, &self.how)).await?;
        }
        Ok(())
    }

    /// Until it has succeeded once, and never again: a stream that somebody deletes stays deleted, for what is made
    /// anew in its place begins with other offsets.
    async fn until_done(self, stop: CancellationToken) {
        let mut pause = RETRY_FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
            match self.all().await {
                Ok(()) => return,
                Err(why) => tracing::debug!(%why, "the streams cannot be declared now"),
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }
}

/// Lets confirmed events go once they were kept long enough, or sooner where room is needed.
async fn tidy(outbox: Arc<Outbox>, stop: CancellationToken) {
    let mut every = tokio::time::interval(TIDY_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(why) = outbox.tidy().await {
            tracing::warn!(%why, "the outbox cannot be tidied now");
        }
    }
}
