//! The log on streams: the outbox takes what is appended, writers send it on, readers bring back what all wrote.

use super::Address;
use super::connect::{Broker, Failure};
use super::read::{Readers, stream_name};
use super::write::Writer;
use crate::sqlite::{self, NodeState, SqliteLog};
use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, NodeId, Offset, Partition};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long an append waits for the stream, or for room in the outbox.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the outbox is looked at: its size, and what may go.
const TIDY_EVERY: Duration = Duration::from_secs(1);
/// Waits between attempts to declare: doubled from the first to the last.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LAST: Duration = Duration::from_secs(5);

/// Where the log is, and how much the outbox keeps.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers.
    pub address: Address,
    /// Begins the streams' names.
    pub prefix: String,
    /// How many there are.
    pub partitions: u16,
    /// Bytes in the outbox; past it an append waits.
    pub outbox_bytes_max: u64,
    /// How long confirmed events stay in the outbox.
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
            // The largest filter a chunk can have: fewer chunks are read in vain.
            arguments: vec![("stream-filter-size-bytes", "255".to_owned())],
        }
    }
}

/// How the outbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Events that the stream has not confirmed.
    pub waiting: u64,
    /// Bytes that the file holds.
    pub bytes: u64,
    /// The most that it may hold.
    pub bytes_max: u64,
    /// Partitions with something to send and no broker that takes it.
    pub stuck: Vec<Partition>,
}

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct RabbitLog {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    outbox: SqliteLog,
    readers: Readers,
    lines: BTreeMap<Partition, Line>,
    used: watch::Sender<u64>,
    stop: CancellationToken,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
}

/// One partition's writer, as others see it.
struct Line {
    confirmed: watch::Sender<Offset>,
    connected: watch::Receiver<bool>,
}

impl RabbitLog {
    /// Opens the log over an outbox. Where no broker answers, it goes on trying: appends go into the outbox.
    ///
    /// # Errors
    /// When the outbox cannot be read, or the brokers refuse for good.
    pub async fn open(
        settings: Settings,
        (outbox, state): (SqliteLog, NodeState),
        node: NodeId,
    ) -> Result<Self, Failure> {
        let brokers = Broker::new(settings.address.clone(), "mirror")?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        // One attempt in front of everybody, so that a wrong password is heard of.
        match declare_all(&brokers, &settings).await {
            Ok(()) => {}
            Err(Failure::Stopped(why)) => return Err(Failure::Stopped(why)),
            Err(Failure::Retry(why)) => {
                tracing::warn!(why, "no broker answers now; what is appended waits in the outbox");
                tasks.spawn(declare_later(brokers.clone(), settings.clone(), stop.clone()));
            }
        }
        let mut lines = BTreeMap::new();
        for partition in (0..settings.partitions).map(Partition) {
            let kept = state.value(&Writer::key(partition)).await.map_err(|failure| broken(&failure))?;
            let kept = kept.and_then(|number| number.parse().ok()).map_or(Offset(0), Offset);
            let confirmed = watch::Sender::new(kept);
            let (connect, connected) = watch::channel(true);
            let writer = Writer {
                brokers: brokers.clone(),
                prefix: settings.prefix.clone(),
                partition,
                node,
                outbox: outbox.clone(),
                state: state.clone(),
                confirmed: confirmed.clone(),
                connected: connect,
            };
            tasks.spawn(writer.run(stop.clone()));
            lines.insert(partition, Line { confirmed, connected });
        }
        let readers = Readers::new(brokers, &settings.prefix);
        let used = watch::Sender::new(outbox.used_bytes().await.map_err(|failure| broken(&failure))?);
        let inner = Inner { settings, outbox, readers, lines, used, stop, tasks: JoinSet::new().into() };
        let log = Self { inner: Arc::new(inner) };
        tasks.spawn(tidy(log.clone()));
        *log.inner.tasks.lock().await = tasks;
        Ok(log)
    }

    /// Changes when something can be read.
    #[must_use]
    pub fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.inner.readers.appended(partition)
    }

    /// How the outbox stands.
    #[must_use]
    pub fn status(&self) -> OutboxStatus {
        let mut status = OutboxStatus {
            bytes: *self.inner.used.borrow(),
            bytes_max: self.inner.settings.outbox_bytes_max,
            ..OutboxStatus::default()
        };
        for (partition, line) in &self.inner.lines {
            let tail = *self.inner.outbox.appended(*partition).borrow();
            let waiting = tail.0.saturating_sub(line.confirmed.borrow().0);
            status.waiting += waiting;
            if waiting > 0 && !*line.connected.borrow() {
                status.stuck.push(*partition);
            }
        }
        status
    }

    /// Stops sending and closes the outbox. What was not sent is sent by the next start.
    ///
    /// # Errors
    /// When the file is not closed in time.
    pub async fn close(&self) -> Result<(), sqlite::Failure> {
        self.inner.stop.cancel();
        let mut tasks = self.inner.tasks.lock().await;
        let ends = async { while tasks.join_next().await.is_some() {} };
        if timeout(PATIENCE, ends).await.is_err() {
            tasks.abort_all();
        }
        self.inner.outbox.close().await
    }

    /// Waits until the stream has all that the outbox has now.
    async fn everywhere(&self, partition: Partition) -> Result<(), AppendError> {
        let Some(line) = self.inner.lines.get(&partition) else {
            return Err(AppendError::Stopped(format!("the log has no partition {}", partition.0)));
        };
        let tail = *self.inner.outbox.appended(partition).borrow();
        let mut confirmed = line.confirmed.subscribe();
        let reached = confirmed.wait_for(|confirmed| *confirmed >= tail);
        match timeout(PATIENCE, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(AppendError::Stopped("the log is closed".to_owned())),
            Err(_) => Err(AppendError::Retry(
                "the stream has not confirmed it in time; it is in the outbox".to_owned(),
            )),
        }
    }

    /// Waits for room in the outbox.
    async fn room(&self) -> Result<(), AppendError> {
        let max = self.inner.settings.outbox_bytes_max;
        let mut used = self.inner.used.subscribe();
        match timeout(PATIENCE, used.wait_for(|used| *used < max)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(AppendError::Retry(format!(
                "the outbox is full ({} MiB wait for the broker): frames wait; bring the broker back, or raise cluster.outbox_mb",
                max >> 20
            ))),
        }
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
        if !events.is_empty() {
            self.room().await?;
            let (events, places) = by_mirror(events);
            let kept = self.inner.outbox.append(partition, events, Durable::Here).await;
            kept.map_err(|error| match error {
                AppendError::TooLarge { index, bytes } => {
                    AppendError::TooLarge { index: places[index], bytes }
                }
                AppendError::Retry(_) | AppendError::Stopped(_) => error,
            })?;
        }
        match durable {
            Durable::Here => Ok(()),
            Durable::Everywhere => self.everywhere(partition).await,
        }
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.inner.readers.read(read).await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.inner.readers.tail(partition).await
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.inner.readers.floor(partition).await
    }
}

/// A reader of one mirror skips chunks: the fewer chunks hold it, the better. Across mirrors order is free. Tells where
/// each event was.
fn by_mirror(events: Vec<Event>) -> (Vec<Event>, Vec<usize>) {
    let mut numbered: Vec<_> = events.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, event)| event.mirror);
    let places = numbered.iter().map(|(place, _)| *place).collect();
    (numbered.into_iter().map(|(_, event)| event).collect(), places)
}

fn broken(failure: &sqlite::Failure) -> Failure {
    Failure::Stopped(format!("the outbox cannot be used: {failure}"))
}

async fn declare_all(brokers: &Broker, settings: &Settings) -> Result<(), Failure> {
    brokers.stock_tls()?;
    for partition in (0..settings.partitions).map(Partition) {
        brokers.declare(&stream_name(&settings.prefix, partition), &settings.arguments).await?;
    }
    Ok(())
}

/// Only until it has succeeded once: a broker that has just started does not know its own streams yet.
async fn declare_later(brokers: Broker, settings: Settings, stop: CancellationToken) {
    let mut pause = RETRY_FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        match declare_all(&brokers, &settings).await {
            Ok(()) => return,
            Err(why) => tracing::warn!(%why, "the streams cannot be declared now"),
        }
        pause = (pause * 2).min(RETRY_LAST);
    }
}

/// Lets confirmed events go once they were kept long enough, or at once where room is needed.
async fn tidy(log: RabbitLog) {
    let inner = &log.inner;
    let mut every = tokio::time::interval(TIDY_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen: BTreeMap<Partition, VecDeque<(Instant, Offset)>> = BTreeMap::new();
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let Ok(used) = inner.outbox.used_bytes().await else { continue };
        let is_full = used > inner.settings.outbox_bytes_max / 2;
        for (partition, line) in &inner.lines {
            let marks = seen.entry(*partition).or_default();
            let confirmed = *line.confirmed.borrow();
            if marks.back().is_none_or(|(_, last)| *last != confirmed) {
                marks.push_back((Instant::now(), confirmed));
            }
            let old = |(at, _): &(Instant, Offset)| is_full || at.elapsed() >= inner.settings.keep;
            let mut floor = None;
            while marks.front().is_some_and(old) {
                floor = marks.pop_front().map(|(_, confirmed)| confirmed);
            }
            if let Some(floor) = floor
                && let Err(why) = inner.outbox.trim(*partition, floor).await
            {
                tracing::warn!(%why, "the outbox cannot be tidied now");
            }
        }
        inner.used.send_replace(used);
    }
}
