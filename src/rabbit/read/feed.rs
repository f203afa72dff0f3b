//! A subscription: whole chunks of one stream, in order.
//!
//! The stock consumer goes silent for ever when a stream's leader moves, and with more than one credit its chunks
//! come out of order (each frame is handled in a task of its own). So this is the raw client, with one credit and a
//! handler that tells of every end: a lost connection, a moved or deleted stream.

use crate::rabbit::NO_RECORD;
use crate::rabbit::connect::{ANSWER_MAX, Connection, Failure, failure, refused};
use bytes::{Bytes, BytesMut};
use events::codec;
use events::log::Entry;
use events::{MirrorId, Offset};
use rabbitmq_stream_client::Client;
use rabbitmq_stream_client::types::{MessageResult, OffsetSpecification, ResponseCode, ResponseKind};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// What may wait to be taken: with one credit, a chunk and an end.
const HEARD_MAX: usize = 8;

/// A chunk, or the end.
pub(super) enum Heard {
    Chunk(Chunk),
    Lost,
}

/// What one chunk holds.
pub(super) struct Chunk {
    pub(super) subscription: u8,
    pub(super) first: u64,
    bodies: Vec<Bytes>,
}

impl Chunk {
    /// The offset behind its last message.
    pub(super) fn end(&self) -> u64 {
        self.first + self.bodies.len() as u64
    }
}

/// Takes what a connection brings, and wakes whoever waits for the partition.
struct Ear {
    heard: mpsc::Sender<Heard>,
    wake: watch::Sender<Offset>,
}

impl Ear {
    async fn hear(&self, item: MessageResult) {
        let Some(Ok(response)) = item else { return self.lost() };
        match response.kind() {
            ResponseKind::Deliver(deliver) => {
                let bodies = deliver.messages.iter().map(|message| message.data().unwrap_or_default());
                let chunk = Chunk {
                    subscription: deliver.subscription_id,
                    first: deliver.chunk_first_offset,
                    bodies: in_one_buffer(bodies),
                };
                let end = Offset(chunk.end());
                if self.heard.send(Heard::Chunk(chunk)).await.is_ok() {
                    self.wake.send_replace(end);
                }
            }
            ResponseKind::MetadataUpdate(_) => self.lost(),
            _ => {}
        }
    }

    fn lost(&self) {
        // Where nobody takes it any more, nobody needs to know.
        let _ = self.heard.try_send(Heard::Lost);
        self.wake.send_modify(|_| {});
    }
}

/// One allocation a chunk.
fn in_one_buffer<'a>(bodies: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<Bytes> {
    let mut buffer = BytesMut::with_capacity(bodies.clone().map(<[u8]>::len).sum());
    let ends: Vec<_> = bodies
        .map(|body| {
            buffer.extend_from_slice(body);
            buffer.len()
        })
        .collect();
    let whole = buffer.freeze();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends.iter().copied()).map(|(start, end)| whole.slice(start..end)).collect()
}

/// A connection that listens.
pub(super) struct Line {
    connection: Connection,
    pub(super) heard: mpsc::Receiver<Heard>,
}

impl Line {
    pub(super) async fn new(connection: Connection, wake: watch::Sender<Offset>) -> Self {
        let (heard, ears) = mpsc::channel(HEARD_MAX);
        let ear = Arc::new(Ear { heard, wake });
        let handler = move |item: MessageResult| {
            let ear = ear.clone();
            async move {
                ear.hear(item).await;
                Ok(())
            }
        };
        connection.client.set_handler(handler).await;
        Self { connection, heard: ears }
    }

    pub(super) async fn subscribe(
        &self,
        id: u8,
        stream: &str,
        at: OffsetSpecification,
        mirror: Option<MirrorId>,
    ) -> Result<(), Failure> {
        let mut properties = HashMap::new();
        if let Some(mirror) = mirror {
            properties.insert("filter.0".to_owned(), mirror.to_string());
            // What marks a place for everybody has no filter value.
            properties.insert("match-unfiltered".to_owned(), "true".to_owned());
        }
        let asked = self.connection.client.subscribe(id, stream, at, 1, properties);
        let answer =
            timeout(ANSWER_MAX, asked).await.map_err(|_| slow())?.map_err(|error| failure(&error))?;
        match answer.code() {
            ResponseCode::Ok => Ok(()),
            code => Err(refused(code)),
        }
    }

    pub(super) async fn unsubscribe(&self, id: u8) -> Result<(), Failure> {
        let asked = timeout(ANSWER_MAX, self.connection.client.unsubscribe(id)).await;
        asked.map_err(|_| slow())?.map_err(|error| failure(&error)).map(drop)
    }

    async fn credit(&self, id: u8) -> Result<(), Failure> {
        let asked = timeout(ANSWER_MAX, self.connection.client.credit(id, 1)).await;
        asked.map_err(|_| slow())?.map_err(|error| failure(&error))
    }
}

/// Asks something that only a living broker answers: a frozen one keeps its connections.
pub(super) async fn ping(client: &Client, stream: &str) -> Result<(), Failure> {
    let asked = timeout(ANSWER_MAX, client.metadata(vec![stream.to_owned()])).await;
    asked.map_err(|_| slow())?.map_err(|error| failure(&error)).map(drop)
}

fn slow() -> Failure {
    Failure::Retry("the broker does not answer".to_owned())
}

/// The one subscription of a feed's line.
const ID: u8 = 1;

/// A subscription that is read page by page.
pub(super) struct Feed {
    line: Line,
    pub(super) mirror: Option<MirrorId>,
    /// Where the next page begins.
    pub(super) at: Offset,
    /// Behind the last chunk taken; what lies before `from` is not ours.
    pub(super) taken: u64,
    /// Nothing was delivered yet.
    pub(super) is_fresh: bool,
    pub(super) buffer: VecDeque<Entry>,
}

/// What a feed has for its reader.
pub(super) enum Next {
    /// A chunk was taken into the buffer; it began here.
    Chunk(u64),
    /// Nothing has come yet.
    Nothing,
    Lost,
}

impl Feed {
    pub(super) async fn open(
        line: Line,
        stream: &str,
        from: Offset,
        mirror: Option<MirrorId>,
    ) -> Result<Self, Failure> {
        line.subscribe(ID, stream, OffsetSpecification::Offset(from.0), mirror).await?;
        Ok(Self { line, mirror, at: from, taken: from.0, is_fresh: true, buffer: VecDeque::new() })
    }

    /// What has come, without waiting.
    pub(super) async fn look(&mut self) -> Next {
        match self.line.heard.try_recv() {
            Ok(heard) => self.hear(heard).await,
            Err(mpsc::error::TryRecvError::Empty) => Next::Nothing,
            Err(mpsc::error::TryRecvError::Disconnected) => Next::Lost,
        }
    }

    /// What comes.
    pub(super) async fn wait(&mut self) -> Next {
        match self.line.heard.recv().await {
            Some(heard) => self.hear(heard).await,
            None => Next::Lost,
        }
    }

    async fn hear(&mut self, heard: Heard) -> Next {
        let Heard::Chunk(chunk) = heard else { return Next::Lost };
        if self.line.credit(ID).await.is_err() {
            return Next::Lost;
        }
        let (first, end) = (chunk.first, chunk.end());
        let skip = self.taken.saturating_sub(first) as usize;
        // Chunks begin before the offset asked for.
        let bodies = chunk.bodies.into_iter().enumerate().skip(skip);
        let wanted = bodies.filter(|(_, record)| is_wanted(record, self.mirror));
        let entries = wanted.map(|(at, record)| Entry { offset: Offset(first + at as u64), record });
        self.buffer.extend(entries);
        self.taken = self.taken.max(end);
        self.is_fresh = false;
        Next::Chunk(first)
    }

    /// To ask it for a sign of life while it waits.
    pub(super) fn client(&self) -> Arc<Client> {
        self.line.connection.client.clone()
    }
}

/// A record, and of the mirror asked for: the broker leaves whole chunks out, and nothing less.
fn is_wanted(record: &Bytes, mirror: Option<MirrorId>) -> bool {
    let is_record = record.first().is_some_and(|first| *first != NO_RECORD);
    is_record && mirror.is_none_or(|mirror| codec::mirror_of(record) == Some(mirror))
}
