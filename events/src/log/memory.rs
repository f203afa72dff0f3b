//! The log in memory: the model that the engines are compared with.

use super::{AppendError, Durable, Entry, Log, Page, Read, ReadError};
use crate::codec;
use crate::event::{Event, Producer};
use crate::id::{MirrorId, NodeId, Offset, Partition};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A log in memory, of any number of partitions, shared by any number of nodes.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    node: NodeId,
    page_events_max: usize,
    lanes: Arc<Mutex<BTreeMap<Partition, Lane>>>,
}

/// One partition. The entry at `entries[i]` has offset `floor + i`.
#[derive(Debug, Default)]
struct Lane {
    floor: u64,
    entries: Vec<(MirrorId, Bytes)>,
    seqs: BTreeMap<NodeId, u64>,
}

impl MemoryLog {
    /// An empty log, appended to by `node`.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        Self { node, page_events_max: usize::MAX, lanes: Arc::default() }
    }

    /// The same log, appended to by another node (or by the same one, opened again).
    #[must_use]
    pub fn as_node(&self, node: NodeId) -> Self {
        Self { node, ..self.clone() }
    }

    /// The same log with pages of at most `events`, whatever a reader asks for.
    #[must_use]
    pub fn with_page_events_max(&self, events: usize) -> Self {
        Self { page_events_max: events.max(1), ..self.clone() }
    }

    /// Removes what lies before `floor`, as retention does. Beyond the tail: all of it.
    pub fn trim(&self, partition: Partition, floor: Offset) {
        let mut lanes = self.lock();
        let lane = lanes.entry(partition).or_default();
        let gone = floor.0.min(lane.tail()).saturating_sub(lane.floor);
        lane.entries.drain(..gone as usize);
        lane.floor += gone;
    }

    // A panic elsewhere cannot leave a lane half written: each is changed by one append call at the end.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Partition, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn tail(&self) -> u64 {
        self.floor + self.entries.len() as u64
    }

    /// All of the events or, where one is too large, none.
    fn append(&mut self, node: NodeId, events: Vec<Event>) -> Result<(), AppendError> {
        let mut seq = self.seqs.get(&node).copied().unwrap_or(0);
        let mut entries = Vec::with_capacity(events.len());
        for (index, mut event) in events.into_iter().enumerate() {
            seq += 1;
            event.producer = Producer { node, seq };
            let mut record = Vec::new();
            codec::encode(&event, &mut record)
                .map_err(|error| AppendError::TooLarge { index, bytes: error.bytes })?;
            entries.push((event.mirror, Bytes::from(record)));
        }
        self.entries.append(&mut entries);
        self.seqs.insert(node, seq);
        Ok(())
    }

    fn read(&self, read: Read, limit: usize) -> Result<Page, ReadError> {
        let Some(skip) = read.from.0.checked_sub(self.floor) else {
            return Err(ReadError::Trimmed { floor: Offset(self.floor) });
        };
        let mut page = Page { next: read.from, ..Page::default() };
        for (at, (mirror, record)) in self.entries.iter().enumerate().skip(skip as usize) {
            if page.entries.len() == limit {
                break;
            }
            let offset = Offset(self.floor + at as u64);
            page.next = offset.next();
            if read.mirror.is_none_or(|wanted| wanted == *mirror) {
                page.entries.push(Entry { offset, record: record.clone() });
            }
        }
        Ok(page)
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, partition: Partition, events: Vec<Event>, _: Durable) -> Result<(), AppendError> {
        self.lock().entry(partition).or_default().append(self.node, events)
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        let limit = read.limit.min(self.page_events_max);
        self.lock()
            .get(&read.partition)
            .map_or_else(|| Ok(Page { next: read.from, ..Page::default() }), |lane| lane.read(read, limit))
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(Offset(self.lock().get(&partition).map_or(0, Lane::tail)))
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        Ok(Offset(self.lock().get(&partition).map_or(0, |lane| lane.floor)))
    }
}
