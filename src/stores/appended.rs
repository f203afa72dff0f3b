//! What comes onto the log, counted by kind where it is appended, whoever appends it.

use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Body, Event, Offset, Partition};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What events are called, each at its place.
const KINDS: [&str; 15] = [
    "created",
    "edited",
    "refreshed",
    "deleted",
    "receipt",
    "declared",
    "linked",
    "cut",
    "restored",
    "granted",
    "revoked",
    "gap",
    "thread",
    "consent",
    "other",
];

const fn place(body: &Body) -> usize {
    match body {
        Body::Created(_) => 0,
        Body::Edited(_) => 1,
        Body::Refreshed(_) => 2,
        Body::Deleted => 3,
        Body::Receipt(_) => 4,
        Body::Declared(_) => 5,
        Body::Linked(_) => 6,
        Body::Cut => 7,
        Body::Restored => 8,
        Body::RoleGranted(_) => 9,
        Body::RoleRevoked(_) => 10,
        Body::Gap(_) => 11,
        Body::Thread(_) => 12,
        Body::Consent(_) => 13,
        Body::Other(_) => 14,
    }
}

/// Events that this node has appended since its start.
#[derive(Debug, Default)]
pub struct Appended([AtomicU64; KINDS.len()]);

impl Appended {
    /// How many of each kind, by its name.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KINDS.into_iter().zip(&self.0).map(|(kind, count)| (kind, count.load(Ordering::Relaxed)))
    }

    fn count(&self, noted: &Noted) {
        let Noted { place, mirror, channel, message } = noted;
        self.0[*place].fetch_add(1, Ordering::Relaxed);
        tracing::debug!(kind = KINDS[*place], %mirror, %channel, %message, "an event is on the log");
    }
}

/// What is told of an event once it is there.
struct Noted {
    place: usize,
    mirror: events::MirrorId,
    channel: events::ChannelId,
    message: events::MessageId,
}

impl Noted {
    const fn of(event: &Event) -> Self {
        let Event { mirror, place: at, body, .. } = event;
        Self { place: place(body), mirror: *mirror, channel: at.channel, message: at.message }
    }
}

/// A log that counts what it takes. What an append may have left there in part is counted when it is whole.
pub(super) struct Counting {
    pub(super) log: Arc<dyn Log>,
    pub(super) appended: Arc<Appended>,
}

#[async_trait]
impl Log for Counting {
    async fn append(
        &self,
        partition: Partition,
        events: Vec<Event>,
        durable: Durable,
    ) -> Result<(), AppendError> {
        let noted: Vec<Noted> = events.iter().map(Noted::of).collect();
        self.log.append(partition, events, durable).await?;
        noted.iter().for_each(|event| self.appended.count(event));
        Ok(())
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.log.read(read).await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.log.tail(partition).await
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.log.floor(partition).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::log::memory::MemoryLog;
    use events::sample::{Chat, chat};
    use events::{NodeId, event::Gap};

    #[tokio::test]
    async fn each_event_is_counted_once_under_its_name() {
        let appended = Arc::new(Appended::default());
        let log = Arc::new(MemoryLog::new(NodeId::default()));
        let log = Counting { log, appended: appended.clone() };
        let one = chat(Chat { seed: 1, count: 1, mirrors: 1, raw: false }).next().unwrap();
        let event = |body| Event { body, ..one.clone() };
        log.append(Partition(0), Vec::new(), Durable::Here).await.unwrap();
        assert_eq!(appended.kinds().map(|(_, count)| count).sum::<u64>(), 0);
        let (gap, cut) = (event(Body::Gap(Gap::default())), event(Body::Cut));
        log.append(Partition(0), vec![gap, cut.clone(), cut], Durable::Here).await.unwrap();
        let counted: Vec<_> = appended.kinds().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("cut", 2), ("gap", 1)]);
    }
}
