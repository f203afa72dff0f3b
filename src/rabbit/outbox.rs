//! The outbox: what this node has to send on, on its own disk.
//!
//! ```text
//! append ──> room? ──> SQLite, fsync: the event has its number ──> ... sent, confirmed ... ──> kept ──> removed
//!              └ none: wait a while, then Retry                     `write`                     `keep`
//! ```
//! It is the embedded log in a file of its own. An event's number is its offset there + 1, and the id under which it is
//! published. What is confirmed stays for a while: streams do not fsync, and a failover can lose what they confirmed.
//! It never drops what waits: full, it makes appends wait, and refuses them after a while.

mod ledger;

use crate::sqlite::{Failure, NodeState, SqliteLog};
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, Offset, Partition};
use ledger::Ledger;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long an append waits for room.
const ROOM_MAX: Duration = Duration::from_secs(10);
/// What an event takes besides its payload, about.
const EVENT_BYTES_TYPICAL: usize = 256;

/// How far a partition is sent, and under which name. Kept now and then, not with each confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// All before this offset is on the stream; it is the last number that was confirmed, too.
    pub(super) confirmed: Offset,
    /// Numbers up to this one were sent under an earlier name.
    pub(super) base: u64,
    /// The name that it is published under; empty where nothing was.
    pub(super) name: String,
}

impl Mark {
    fn key(partition: Partition) -> String {
        format!("sent.{}", partition.0)
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.confirmed.0, self.base, self.name)
    }

    /// One that cannot be read is as good as none: all is sent again, under another name.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let mut number = || parts.next()?.parse().ok();
        let (confirmed, base) = (number()?, number()?);
        Some(Self { confirmed: Offset(confirmed), base, name: parts.next()?.to_owned() })
    }
}

/// See the head of this file.
pub(super) struct Outbox {
    log: SqliteLog,
    state: NodeState,
    bytes_max: u64,
    keep: Duration,
    ledger: Mutex<Ledger>,
    /// Changes when there may be more room.
    room: watch::Sender<()>,
}

/// Room that was promised to an append; given back when dropped.
struct Promise<'o> {
    outbox: &'o Outbox,
    bytes: u64,
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.outbox.ledger().settle(self.bytes);
        self.outbox.room.send_replace(());
    }
}

impl Outbox {
    pub(super) fn new((log, state): (SqliteLog, NodeState), bytes_max: u64, keep: Duration) -> Self {
        let room = watch::Sender::new(());
        Self { log, state, bytes_max, keep, ledger: Mutex::default(), room }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what a partition holds, and says how far it is sent.
    pub(super) async fn open(&self, partition: Partition) -> Result<Mark, Failure> {
        let mark = self.state.value(&Mark::key(partition)).await?;
        let mut mark = mark.and_then(|text| Mark::parse(&text)).unwrap_or_default();
        // A mark behind the end is of a later life of this file: it was put back from a backup.
        mark.confirmed = mark.confirmed.min(self.tail(partition));
        let stretches = self.log.stretches(partition).await?;
        self.ledger().found(partition, &stretches, mark.confirmed, Instant::now());
        Ok(mark)
    }

    /// Keeps events; they are safe when it returns.
    pub(super) async fn append(&self, partition: Partition, events: Vec<Event>) -> Result<(), AppendError> {
        let bytes: usize = events.iter().map(|event| event.raw.len() + EVENT_BYTES_TYPICAL).sum();
        let promise = self.promise(bytes as u64).await?;
        let done = self.log.append(partition, events, Durable::Here).await;
        self.ledger().grew(partition, self.log.written(partition), Instant::now());
        drop(promise);
        done
    }

    async fn promise(&self, bytes: u64) -> Result<Promise<'_>, AppendError> {
        let mut room = self.room.subscribe();
        let wait = async {
            while !self.ledger().promise(bytes, self.bytes_max) {
                // The sender lives as long as we do.
                let _ = room.changed().await;
            }
        };
        let waited = timeout(ROOM_MAX, wait).await;
        waited.map(|()| Promise { outbox: self, bytes }).map_err(|_| AppendError::Retry(self.full()))
    }

    fn full(&self) -> String {
        let mib = self.bytes_max >> 20;
        format!(
            "the outbox is full ({mib} MiB wait for the broker): bring the broker back, or raise cluster.outbox_mb"
        )
    }

    /// The offset behind the last event.
    pub(super) fn tail(&self, partition: Partition) -> Offset {
        self.log.written(partition).0
    }

    /// Changes with each append.
    pub(super) fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.log.appended(partition)
    }

    pub(super) async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.log.floor(partition).await
    }

    /// At most about `limit` events from an offset on.
    pub(super) async fn page(
        &self,
        partition: Partition,
        from: Offset,
        limit: usize,
    ) -> Result<Page, ReadError> {
        self.log.read(Read { partition, from, limit, mirror: None }).await
    }

    /// All before `confirmed` is on the stream; less than before, where the stream lost something.
    pub(super) fn confirmed(&self, partition: Partition, confirmed: Offset) {
        self.ledger().confirmed(partition, confirmed, Instant::now());
        self.room.send_replace(());
    }

    /// Keeps how far a partition is sent.
    pub(super) async fn save(&self, partition: Partition, mark: &Mark) -> Result<(), Failure> {
        self.state.set_value(&Mark::key(partition), &mark.text()).await
    }

    /// Removes what was kept long enough.
    pub(super) async fn tidy(&self) -> Result<(), Failure> {
        let floors = self.ledger().expire(self.keep, self.bytes_max, Instant::now());
        for (partition, floor) in floors {
            self.log.trim(partition, floor).await?;
        }
        Ok(())
    }

    /// Whether the partition holds something, confirmed or not.
    pub(super) fn holds(&self, partition: Partition) -> bool {
        self.ledger().holds(partition)
    }

    /// Bytes that wait, and that are kept; since when the oldest waits.
    pub(super) fn held(&self) -> ((u64, u64), Option<Duration>) {
        let ledger = self.ledger();
        (ledger.bytes(), ledger.oldest().map(|since| since.elapsed()))
    }

    pub(super) const fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        self.log.close().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_kept_as_text() {
        let mark = Mark { confirmed: Offset(7), base: 3, name: "mirror.a.0badcafe".to_owned() };
        assert_eq!(Mark::parse(&mark.text()), Some(mark));
        assert_eq!(Mark::parse(&Mark::default().text()), Some(Mark::default()));
        assert_eq!(Mark::parse("7 x y"), None);
    }
}
