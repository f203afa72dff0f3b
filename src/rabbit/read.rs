//! Reading streams by pages: each sequence of reads goes on in a subscription that waits in a pool.
//!
//! ```text
//! read(from) ──> the feed that stands at `from`, or a new one ──> page ──> back into the pool, one credit open
//!                                                 what comes meanwhile wakes whoever watches the partition ─┘
//! ```
//! A stream tells its end only by delivering its last chunk. So a stream is never empty: whoever declares it puts
//! an origin there first ([`super::log`]). And a filtered subscription is silent about what it leaves out: where
//! nothing comes, a fence is put behind the end, which every subscription gets.

mod feed;

use super::connect::{Brokers, Failure};
use super::{NO_RECORD, stream};
use events::log::{Page, Read, ReadError};
use events::{Offset, Partition};
use feed::{Feed, Heard, Line, Next};
use rabbitmq_stream_client::types::{Message, OffsetSpecification};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Feeds that wait besides one for each partition.
const IDLE_MAX: usize = 8;
/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a filtered read waits before it puts a fence behind the end.
const FENCE_AFTER: Duration = Duration::from_millis(150);
/// How often feeds that wait are asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Tries of one read.
const TRIES: usize = 2;

/// Reads the streams of a log. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers {
    all: Arc<All>,
}

struct All {
    brokers: Brokers,
    prefix: String,
    partitions: u16,
    idle: Mutex<Vec<(Partition, Feed)>>,
    places: Mutex<BTreeMap<Partition, Arc<Place>>>,
}

/// What is known of one partition.
struct Place {
    /// Something may be read, or a feed has ended.
    wake: watch::Sender<Offset>,
    /// Certainly not beyond the end.
    tail: AtomicU64,
    probe: tokio::sync::Mutex<Option<Probe>>,
}

/// Asks for the first and the last chunk.
struct Probe {
    line: Line,
    next_id: u8,
}

impl Readers {
    /// Must be called inside a runtime.
    pub(super) fn new(brokers: Brokers, prefix: String, partitions: u16) -> Self {
        let all =
            Arc::new(All { brokers, prefix, partitions, idle: Mutex::default(), places: Mutex::default() });
        tokio::spawn(keep_alive(Arc::downgrade(&all)));
        Self { all }
    }

    /// Changes when something can be read, or has to be read anew.
    pub(super) fn appended(&self, partition: Partition) -> watch::Receiver<Offset> {
        self.all.place(partition).wake.subscribe()
    }

    pub(super) async fn read(&self, read: Read) -> Result<Page, ReadError> {
        let mut last = Failure::Retry("the stream ended".to_owned());
        for _ in 0..TRIES {
            let mut feed = match self.all.feed(read).await {
                Ok(feed) => feed,
                Err(Open::Trimmed(floor)) => return Err(ReadError::Trimmed { floor }),
                Err(Open::Failed(failure)) => {
                    last = failure;
                    continue;
                }
            };
            match self.all.fill(&mut feed, read).await {
                Ok(page) => {
                    feed.at = page.next;
                    self.all.keep(read.partition, feed);
                    return Ok(page);
                }
                Err(Open::Trimmed(floor)) => return Err(ReadError::Trimmed { floor }),
                Err(Open::Failed(failure)) => last = failure,
            }
        }
        Err(last.into())
    }

    /// The end: all that was confirmed before the call lies below it.
    pub(super) async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(self.all.ends(partition, OffsetSpecification::Last).await?.1)
    }

    /// The first offset that can be read.
    pub(super) async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(self.all.ends(partition, OffsetSpecification::First).await?.0)
    }
}

/// Why there is no page.
enum Open {
    Trimmed(Offset),
    Failed(Failure),
}

impl From<Failure> for Open {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl All {
    fn place(&self, partition: Partition) -> Arc<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(partition).or_insert_with(|| Arc::new(Place::new())).clone()
    }

    /// The feed that stands where the read begins, or a new one.
    async fn feed(&self, read: Read) -> Result<Feed, Open> {
        if let Some(feed) = self.take(read) {
            return Ok(feed);
        }
        let stream = stream(&self.prefix, read.partition);
        if read.mirror.is_some() {
            // A filtered feed cannot tell that it begins later than asked for.
            let (floor, _) = self.ends(read.partition, OffsetSpecification::First).await?;
            if read.from < floor {
                return Err(Open::Trimmed(floor));
            }
        }
        let connection = self.brokers.leader(&stream).await?;
        let line = Line::new(connection, self.place(read.partition).wake.clone()).await;
        Ok(Feed::open(line, &stream, read.from, read.mirror).await?)
    }

    fn take(&self, read: Read) -> Option<Feed> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |(partition, feed): &(Partition, Feed)| {
            *partition == read.partition && feed.mirror == read.mirror && feed.at == read.from
        };
        let at = idle.iter().rposition(fits)?;
        Some(idle.remove(at).1)
    }

    fn keep(&self, partition: Partition, feed: Feed) {
        let oldest = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((partition, feed));
            (idle.len() > usize::from(self.partitions) + IDLE_MAX).then(|| idle.remove(0))
        };
        // Whoever counts on it reads again, and has a new one.
        if let Some((partition, _)) = oldest {
            self.place(partition).wake.send_modify(|_| {});
        }
    }

    async fn fill(&self, feed: &mut Feed, read: Read) -> Result<Page, Open> {
        let place = self.place(read.partition);
        let mut page = Page { entries: Vec::new(), next: read.from };
        let mut is_fenced = false;
        loop {
            while page.entries.len() < read.limit
                && let Some(entry) = feed.buffer.pop_front()
            {
                page.next = entry.offset.next();
                page.entries.push(entry);
            }
            if page.entries.len() >= read.limit && !feed.buffer.is_empty() {
                return Ok(page);
            }
            page.next = page.next.max(Offset(feed.taken));
            if page.entries.len() >= read.limit {
                return Ok(page);
            }
            let was_fresh = feed.is_fresh;
            let next = match feed.look().await {
                Next::Nothing if !page.entries.is_empty() => return Ok(page),
                Next::Nothing if place.tail.load(Ordering::Acquire) <= feed.taken => return Ok(page),
                Next::Nothing => match timeout(self.wait(read, is_fenced), feed.wait()).await {
                    Ok(next) => next,
                    Err(_) if read.mirror.is_some() && !is_fenced => {
                        is_fenced = true;
                        self.fence(read.partition).await?;
                        continue;
                    }
                    Err(_) => Next::Lost,
                },
                next => next,
            };
            match next {
                Next::Chunk(first) if was_fresh && read.mirror.is_none() && first > read.from.0 => {
                    self.begins_late(read, first).await?;
                }
                Next::Chunk(_) | Next::Nothing => {}
                // What is here is right; what follows is read by another feed.
                Next::Lost if !page.entries.is_empty() => return Ok(page),
                Next::Lost => return Err(Failure::Retry("the subscription ended".to_owned()).into()),
            }
            place.tail.fetch_max(feed.taken, Ordering::AcqRel);
        }
    }

    const fn wait(&self, read: Read, is_fenced: bool) -> Duration {
        if read.mirror.is_some() && !is_fenced { FENCE_AFTER } else { PATIENCE }
    }

    /// A subscription below the floor is served from the floor without a word.
    async fn begins_late(&self, read: Read, _first: u64) -> Result<(), Open> {
        let (floor, _) = self.ends(read.partition, OffsetSpecification::First).await?;
        if floor > read.from { Err(Open::Trimmed(floor)) } else { Ok(()) }
    }

    /// Puts something behind the end that every subscription gets.
    async fn fence(&self, partition: Partition) -> Result<(), Failure> {
        let stream = stream(&self.prefix, partition);
        let connection = self.brokers.leader(&stream).await?;
        let client = &connection.client;
        let declared = timeout(PATIENCE, client.declare_publisher(1, None, &stream)).await;
        declared
            .map_err(|_| Failure::Retry("the broker does not answer".to_owned()))?
            .map_err(|error| super::connect::failure(&error))?;
        let fence = Message::builder().body(vec![NO_RECORD]).publishing_id(1).build();
        let sent = timeout(PATIENCE, client.publish(1, vec![fence], 1)).await;
        sent.map_err(|_| Failure::Retry("the broker does not answer".to_owned()))?
            .map_err(|error| super::connect::failure(&error))?;
        // Closed only once it has arrived: the connection is asked another question behind it.
        let _ = timeout(PATIENCE, client.metadata(vec![stream])).await;
        Ok(())
    }

    /// Where the first or the last chunk begins and ends.
    async fn ends(
        &self,
        partition: Partition,
        which: OffsetSpecification,
    ) -> Result<(Offset, Offset), Failure> {
        let place = self.place(partition);
        let stream = stream(&self.prefix, partition);
        let mut probe = place.probe.lock().await;
        let mut last = Failure::Retry("the broker does not answer".to_owned());
        for _ in 0..TRIES {
            let mut at = match probe.take() {
                Some(at) => at,
                None => match self.brokers.leader(&stream).await {
                    // Nobody is woken by a probe.
                    Ok(connection) => {
                        Probe { line: Line::new(connection, watch::Sender::default()).await, next_id: 1 }
                    }
                    Err(failure) => {
                        last = failure;
                        continue;
                    }
                },
            };
            match at.ask(&stream, which.clone()).await {
                Ok((first, end)) => {
                    *probe = Some(at);
                    place.tail.fetch_max(end.0, Ordering::AcqRel);
                    return Ok((first, end));
                }
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }
}

impl Place {
    fn new() -> Self {
        Self { wake: watch::Sender::default(), tail: AtomicU64::new(0), probe: tokio::sync::Mutex::default() }
    }
}

impl Probe {
    async fn ask(&mut self, stream: &str, which: OffsetSpecification) -> Result<(Offset, Offset), Failure> {
        let id = self.next_id;
        self.next_id = if id == u8::MAX { 1 } else { id + 1 };
        self.line.subscribe(id, stream, which, None).await?;
        let chunk = async {
            loop {
                match self.line.heard.recv().await {
                    Some(Heard::Chunk(chunk)) if chunk.subscription == id => return Some(chunk),
                    // Of an earlier question.
                    Some(Heard::Chunk(_)) => {}
                    Some(Heard::Lost) | None => return None,
                }
            }
        };
        let chunk = timeout(PATIENCE, chunk).await.ok().flatten();
        let chunk = chunk.ok_or_else(|| Failure::Retry(format!("stream {stream} does not answer now")))?;
        self.line.unsubscribe(id).await?;
        Ok((Offset(chunk.first), Offset(chunk.end())))
    }
}

/// Asks feeds that wait whether their broker lives: a frozen one keeps its connections and says nothing.
async fn keep_alive(all: Weak<All>) {
    let mut every = tokio::time::interval(PING_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let Some(all) = all.upgrade() else { return };
        let waiting: Vec<_> = {
            let idle = all.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.iter().map(|(partition, feed)| (*partition, feed.client())).collect()
        };
        for (partition, client) in waiting {
            let Err(why) = feed::ping(&client, &stream(&all.prefix, partition)).await else { continue };
            tracing::warn!(partition = partition.0, %why, "a subscription has ended; it is made anew");
            let mut idle = all.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // With it go those over the same dead broker that were not asked yet: each is asked in its turn.
            idle.retain(|(at, feed)| *at != partition || !Arc::ptr_eq(&feed.client(), &client));
            drop(idle);
            all.place(partition).wake.send_modify(|_| {});
        }
    }
}
