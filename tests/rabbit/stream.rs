//! Streams of a test's own, and a plain publisher to them.

use bytes::Bytes;
use events::event::{Body, Event, Place, Producer, Service};
use events::{ChannelId, EventId, MessageId, MirrorId, Offset, Partition, Version, codec};
use mirror::rabbit::connect::frame::Frame;
use mirror::rabbit::connect::publish::Message;
use mirror::rabbit::connect::{Broker, Connection, Failure};
use mirror::rabbit::read::{Readers, stream_name};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Longer than anything but a frozen broker takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const P0: Partition = Partition(0);

/// One partition of a log of its own.
pub(crate) struct Stream {
    pub(crate) broker: Broker,
    pub(crate) prefix: String,
    pub(crate) readers: Readers,
}

impl Stream {
    /// Declared, and empty.
    pub(crate) async fn new(url: &str, arguments: &[(&str, String)]) -> Self {
        let broker = Broker::new(url.parse().unwrap(), "mirror test").unwrap();
        let prefix = format!("test-{}", Uuid::new_v4());
        broker.declare(&stream_name(&prefix, P0), arguments).await.expect("declare");
        let readers = Readers::new(broker.clone(), &prefix);
        Self { broker, prefix, readers }
    }

    pub(crate) fn name(&self) -> String {
        stream_name(&self.prefix, P0)
    }

    pub(crate) async fn publisher(&self) -> Publisher {
        Publisher::to(&self.broker, &self.name(), "p").await.expect("publisher")
    }
}

/// Publishes and waits for confirmation.
pub(crate) struct Publisher {
    connection: Connection,
    next: u64,
}

impl Publisher {
    pub(crate) async fn to(broker: &Broker, stream: &str, name: &str) -> Result<Self, Failure> {
        let mut connection = broker.leader(stream).await?;
        let last = connection.publisher_sequence(name, stream).await?;
        connection.declare_publisher(1, name, stream).await?;
        Ok(Self { connection, next: last + 1 })
    }

    /// One chunk of these, or a few.
    pub(crate) async fn publish(&mut self, events: &[Event]) {
        let records: Vec<(Vec<u8>, String)> = events
            .iter()
            .map(|event| {
                let mut record = Vec::new();
                codec::encode(event, &mut record).unwrap();
                (record, event.mirror.to_string())
            })
            .collect();
        let messages: Vec<Message<'_>> = records
            .iter()
            .zip(self.next..)
            .map(|((record, filter), id)| Message { id, filter, record })
            .collect();
        self.connection.publish(1, &messages).await.unwrap();
        self.next += messages.len() as u64;
        let mut waiting = messages.len();
        while waiting > 0 {
            match timeout(LONG, self.connection.next()).await.unwrap().unwrap() {
                Frame::Confirmed { ids, .. } => waiting -= ids.len(),
                other => panic!("expected a confirmation, got {other:?}"),
            }
        }
    }
}

/// Retries what a broker that just came up refuses.
pub(crate) async fn in_the_end<T, E: std::fmt::Debug>(mut attempt: impl AsyncFnMut() -> Result<T, E>) -> T {
    let mut last = None;
    let patient = async {
        loop {
            match attempt().await {
                Ok(done) => return done,
                Err(why) => last = Some(why),
            }
            // Nothing tells when a broker has all its streams up again.
            sleep(Duration::from_millis(100)).await;
        }
    };
    let done = timeout(LONG, patient).await;
    done.unwrap_or_else(|_| panic!("it works in the end: {last:?}"))
}

pub(crate) fn mirror(number: u128) -> MirrorId {
    MirrorId(Uuid::from_u128(number))
}

/// Small events of a mirror, told apart by their message ids.
pub(crate) fn events(of: u128, messages: std::ops::Range<u64>) -> Vec<Event> {
    messages.map(|message| event(of, message, 20)).collect()
}

pub(crate) fn event(of: u128, message: u64, raw: usize) -> Event {
    Event {
        id: EventId(Uuid::from_u128(of << 64 | u128::from(message))),
        mirror: mirror(of),
        place: Place { service: Service::Discord, channel: ChannelId(9), message: MessageId(message) },
        version: Version(1),
        observed: Version(1),
        producer: Producer::default(),
        body: Body::Deleted,
        raw: Bytes::from(vec![b' '; raw]),
    }
}

/// Reads until an empty page; the message ids with their offsets.
pub(crate) async fn all(
    readers: &Readers,
    from: Offset,
    limit: usize,
    mirror: Option<MirrorId>,
) -> Vec<(u64, u64)> {
    let mut read = events::log::Read { partition: P0, from, limit, mirror };
    let mut all = Vec::new();
    loop {
        let page = readers.read(read).await.expect("read");
        assert!(page.next >= read.from, "it never goes back");
        if page.entries.is_empty() {
            return all;
        }
        assert!(page.entries.len() <= limit);
        read.from = page.next;
        all.extend(page.entries.iter().map(|entry| {
            let event = codec::decode(&entry.record).unwrap();
            assert!(mirror.is_none_or(|mirror| event.mirror == mirror));
            (entry.offset.0, event.place.message.0)
        }));
    }
}
