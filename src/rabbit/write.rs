//! The writer of one partition: from the outbox onto the stream, each event under its number.
//!
//! ```text
//! outbox ──page behind what was sent──> publish ──> broker ──confirm──> confirmed moves on ──> whoever waits
//!   ^  a lost connection, a refusal, no confirm in time: begin again behind what the broker says it has
//! ```
//! An event's number in the outbox is its publishing id, so whatever is sent again is stored once. The producer is
//! the stock one, which is trusted with nothing: it has no time limit, hangs when its broker dies, and says `Ok`
//! for what was not stored. So each confirm is checked, an end is heard of through `OnClosed`, and where nothing
//! moves for a while the producer is made anew. What is unconfirmed is bounded: it decides how large chunks grow.

use super::connect::{Broker, Failure};
use super::read::stream_name;
use crate::sqlite::{NodeState, SqliteLog};
use async_trait::async_trait;
use bytes::Bytes;
use events::codec;
use events::log::{Log, Read, ReadError};
use events::{NodeId, Offset, Partition};
use rabbitmq_stream_client::types::Message;
use rabbitmq_stream_client::{Dedup, OnClosed, Producer};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Events read from the outbox at once.
const PAGE_EVENTS: usize = 256;
/// Bytes sent and not confirmed: a chunk holds no more than what is under way together.
const UNCONFIRMED_BYTES_MAX: usize = 512 * 1024;
/// What AMQP and the frame add to a record.
const OVERHEAD_BYTES: usize = 64;
/// How long a confirm may take.
const CONFIRM_MAX: Duration = Duration::from_secs(5);
/// How long a producer may take to be made or closed.
const PRODUCER_MAX: Duration = Duration::from_secs(5);
/// Confirms that may wait to be counted.
const CONFIRMS_MAX: usize = 16 * 1024;
/// Waits between attempts: from the first, doubled, to the last.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LAST: Duration = Duration::from_secs(3);
/// How often the confirmed number is kept, at most.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// What a writer works with.
pub(super) struct Writer {
    pub(super) brokers: Broker,
    pub(super) prefix: String,
    pub(super) partition: Partition,
    pub(super) node: NodeId,
    pub(super) outbox: SqliteLog,
    pub(super) state: NodeState,
    /// All before it is on the stream.
    pub(super) confirmed: watch::Sender<Offset>,
    /// Whether the broker takes what is sent.
    pub(super) connected: watch::Sender<bool>,
}

/// What the producer says.
enum Heard {
    Confirmed(u64),
    Refused,
    Closed,
}

/// Tells of the end of a connection.
struct Bell(mpsc::Sender<Heard>);

#[async_trait]
impl OnClosed for Bell {
    async fn on_closed(&self, _: Vec<Message>) {
        let _ = self.0.send(Heard::Closed).await;
    }
}

/// A producer that is closed by hand. Its own drop would wait for its broker, and block the thread for ever where the
/// runtime ends: one that could not be closed is left to the end of the process.
struct Held(Option<Producer<Dedup>>);

impl Drop for Held {
    fn drop(&mut self) {
        std::mem::forget(self.0.take());
    }
}

impl Held {
    async fn close(&mut self) {
        if let Some(producer) = self.0.take() {
            let _ = timeout(PRODUCER_MAX, producer.close()).await;
        }
    }
}

/// One connection's worth of work.
struct Session {
    producer: Held,
    heard: mpsc::Receiver<Heard>,
    tell: mpsc::Sender<Heard>,
    /// Where the next page begins.
    next: Offset,
    /// What is under way: number and bytes.
    flying: BTreeMap<u64, usize>,
    moved: Instant,
}

impl Writer {
    /// The name under which the confirmed number is kept.
    pub(super) fn key(partition: Partition) -> String {
        format!("confirmed.{}", partition.0)
    }

    /// Writes until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut pause = RETRY_FIRST;
        let mut appended = self.outbox.appended(self.partition);
        while !stop.is_cancelled() {
            // Nothing to send: no connection is needed.
            let confirmed = *self.confirmed.borrow();
            let idle = async { appended.wait_for(|tail| *tail > confirmed).await.is_ok() };
            tokio::select! {
                () = stop.cancelled() => break,
                more = idle => if !more { break },
            }
            let before = *self.confirmed.borrow();
            let ended = tokio::select! {
                () = stop.cancelled() => break,
                ended = self.session() => ended,
            };
            self.connected.send_replace(false);
            pause = if *self.confirmed.borrow() > before { RETRY_FIRST } else { (pause * 2).min(RETRY_LAST) };
            if let Err(why) = ended {
                tracing::warn!(partition = self.partition.0, %why, "the stream cannot be written now; the outbox keeps what comes");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(pause) => {}
            }
        }
        self.keep().await;
    }

    /// Sends until something goes wrong.
    async fn session(&self) -> Result<(), Failure> {
        let mut session = self.begin().await?;
        let ended = self.work(&mut session).await;
        // Its own drop would block the thread, and wait for a dead broker.
        session.producer.close().await;
        ended
    }

    async fn begin(&self) -> Result<Session, Failure> {
        let stream = stream_name(&self.prefix, self.partition);
        let (tell, heard) = mpsc::channel(CONFIRMS_MAX);
        let stored = self.stored(&stream).await?;
        let made = async {
            let environment = self.brokers.environment().await?;
            let builder = environment.producer().name(self.node.as_str());
            let builder = builder.filter_value_extractor(filter_value).batch_size(PAGE_EVENTS);
            let builder = builder.on_closed(Box::new(Bell(tell.clone())));
            builder.build(&stream).await.map_err(|error| Failure::Retry(error.to_string()))
        };
        let producer = timeout(PRODUCER_MAX, made).await.map_err(|_| slow())??;
        self.connected.send_replace(true);
        Ok(Session {
            producer: Held(Some(producer)),
            heard,
            tell,
            next: stored,
            flying: BTreeMap::new(),
            moved: Instant::now(),
        })
    }

    /// Behind what the broker has of us. Less than was confirmed: the stream lost it, and gets it again.
    async fn stored(&self, stream: &str) -> Result<Offset, Failure> {
        let mut connection = self.brokers.leader(stream).await?;
        let last = connection.publisher_sequence(self.node.as_str(), stream).await?;
        connection.close().await;
        let floor =
            self.outbox.floor(self.partition).await.map_err(|error| Failure::Retry(error.to_string()))?;
        let confirmed = *self.confirmed.borrow();
        // Numbers begin with 1 and offsets with 0, so a number is the offset behind its event.
        let stored = Offset(last).min(*self.outbox.appended(self.partition).borrow());
        if stored < confirmed {
            tracing::error!(
                partition = self.partition.0,
                confirmed = confirmed.0,
                found = stored.0,
                "the stream has lost what it had confirmed; it gets it again from the outbox"
            );
            if stored < floor {
                tracing::error!(
                    partition = self.partition.0,
                    "part of it is no longer in the outbox: `mirror archive restore` fills the stream"
                );
            }
        }
        self.confirmed.send_replace(stored.max(floor.min(confirmed)));
        Ok(stored.max(floor))
    }

    async fn work(&self, session: &mut Session) -> Result<(), Failure> {
        let mut appended = self.outbox.appended(self.partition);
        let mut kept = Instant::now();
        loop {
            appended.mark_unchanged();
            self.send(session).await?;
            if kept.elapsed() >= KEEP_EVERY {
                self.keep().await;
                kept = Instant::now();
            }
            let is_waiting = !session.flying.is_empty();
            tokio::select! {
                heard = session.heard.recv() => self.hear(session, heard.as_ref())?,
                changed = appended.changed() => if changed.is_err() { return Ok(()) },
                () = tokio::time::sleep_until(session.moved + CONFIRM_MAX), if is_waiting => return Err(slow()),
            }
            while let Ok(heard) = session.heard.try_recv() {
                self.hear(session, Some(&heard))?;
            }
        }
    }

    /// Sends pages while there are any, and room for them.
    async fn send(&self, session: &mut Session) -> Result<(), Failure> {
        loop {
            let room = UNCONFIRMED_BYTES_MAX.saturating_sub(session.flying.values().sum());
            // While something is under way, what comes gathers: chunks decide how fast a stream is read.
            if room < UNCONFIRMED_BYTES_MAX / 2 {
                return Ok(());
            }
            let read =
                Read { partition: self.partition, from: session.next, limit: PAGE_EVENTS, mirror: None };
            let page = match self.outbox.read(read).await {
                Ok(page) => page,
                Err(ReadError::Trimmed { floor }) => {
                    session.next = floor;
                    continue;
                }
                Err(error) => return Err(Failure::Retry(error.to_string())),
            };
            if page.entries.is_empty() {
                return Ok(());
            }
            if page.entries.len() < PAGE_EVENTS && session.flying.len() >= PAGE_EVENTS {
                return Ok(());
            }
            let mut batch = Vec::with_capacity(page.entries.len());
            let mut bytes = 0;
            for entry in page.entries {
                let size = entry.record.len() + OVERHEAD_BYTES;
                if bytes + size > room && !batch.is_empty() {
                    break;
                }
                bytes += size;
                let number = entry.offset.0 + 1;
                session.flying.insert(number, size);
                session.next = entry.offset.next();
                batch.push(message(&entry.record, number));
            }
            if session.flying.len() == batch.len() {
                session.moved = Instant::now();
            }
            let tell = session.tell.clone();
            let confirmed = move |status: Result<rabbitmq_stream_client::ConfirmationStatus, _>| {
                let tell = tell.clone();
                async move {
                    let heard = match status {
                        Ok(status) if status.confirmed() => Heard::Confirmed(status.publishing_id()),
                        Ok(_) | Err::<_, rabbitmq_stream_client::error::ProducerPublishError>(_) => {
                            Heard::Refused
                        }
                    };
                    let _ = tell.send(heard).await;
                }
            };
            let Some(producer) = session.producer.0.as_mut() else { return Ok(()) };
            let sent = timeout(CONFIRM_MAX, producer.batch_send(batch, confirmed)).await;
            sent.map_err(|_| slow())?.map_err(|error| Failure::Retry(error.to_string()))?;
        }
    }

    fn hear(&self, session: &mut Session, heard: Option<&Heard>) -> Result<(), Failure> {
        match heard {
            Some(Heard::Confirmed(number)) => {
                session.flying.remove(number);
                session.moved = Instant::now();
                // Confirms come in any order; what counts is what has none missing before it.
                let behind =
                    session.flying.first_key_value().map_or(session.next, |(first, _)| Offset(first - 1));
                self.confirmed.send_if_modified(|known| {
                    let moves = behind > *known;
                    *known = behind.max(*known);
                    moves
                });
                Ok(())
            }
            Some(Heard::Refused) => Err(Failure::Retry("the broker refused an event".to_owned())),
            Some(Heard::Closed) | None => Err(Failure::Retry("the connection was lost".to_owned())),
        }
    }

    /// Keeps the confirmed number, so that a later start notices what a stream has lost.
    async fn keep(&self) {
        let confirmed = *self.confirmed.borrow();
        if let Err(why) = self.state.set_value(&Self::key(self.partition), &confirmed.to_string()).await {
            tracing::debug!(partition = self.partition.0, %why, "the confirmed number cannot be kept now");
        }
    }
}

fn slow() -> Failure {
    Failure::Retry("the broker does not answer".to_owned())
}

fn message(record: &Bytes, number: u64) -> Message {
    Message::builder().body(record.to_vec()).publishing_id(number).build()
}

/// The mirror: a reader of one alone skips chunks without it.
fn filter_value(message: &Message) -> String {
    let record = message.data().unwrap_or_default();
    let simply = codec::mirror_of(record);
    let mirror =
        simply.or_else(|| codec::decode(&Bytes::copy_from_slice(record)).ok().map(|event| event.mirror));
    mirror.unwrap_or_default().to_string()
}
