//! What a gap fill asks Discord: pages of a channel, one message, one channel, the threads of a channel.

use crate::discord::answer::{Fault, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE};
use crate::discord::calls::{Call, Unbuildable};
use crate::discord::history::{AGAIN_MS, Page, page, refused, wait};
use crate::discord::rest::Rest;
use crate::discord::transport::Reply;
use async_trait::async_trait;
use events::{ChannelId, GuildId, MessageId, Version};
use projections::sink::HistoryError;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

/// How long a question waits for the limits while it holds its place among those that are asked at once: others may go
/// ahead meanwhile.
const PATIENCE: Duration = Duration::from_millis(250);
/// Pages of archived threads read of one channel, each of a hundred.
pub const ARCHIVE_PAGES_MAX: usize = 10;

/// The past of a channel, as Discord tells it. A thread is a channel.
#[async_trait]
pub trait Past: Send + Sync {
    /// The page right behind `after`. An empty one may also mean that the bot lacks Read Message History.
    async fn page(&self, channel: ChannelId, after: MessageId) -> Result<Page, HistoryError>;

    /// A message as JSON; `None`: it is gone. Unlike a page, Discord refuses this answer to whom it hides history from.
    async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Option<String>, HistoryError>;

    /// A channel as JSON; `None`: it is gone.
    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, HistoryError>;

    /// The threads of a guild that are not archived.
    async fn active(&self, guild: GuildId) -> Result<Vec<Thread>, HistoryError>;

    /// Public threads of a channel that were archived since then.
    async fn archived(&self, channel: ChannelId, since: Version) -> Result<Vec<Thread>, HistoryError>;
}

/// A thread as Discord lists it.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its id.
    pub id: ChannelId,
    /// The channel that it hangs in.
    pub parent: ChannelId,
    /// Discord's channel type.
    pub kind: u8,
    /// The last message ever written in it, though it may be gone.
    pub newest: Option<MessageId>,
    /// When it was archived or brought back last, or zero.
    pub turned: Version,
    /// The channel object, JSON text.
    pub raw: Box<RawValue>,
}

impl Thread {
    /// Reads a channel object; `None`: it is no thread's.
    #[must_use]
    pub fn read(raw: Box<RawValue>) -> Option<Self> {
        let told: Told = serde_json::from_str(raw.get()).ok()?;
        let turned = told.thread_metadata.archive_timestamp.and_then(|text| text.parse().ok());
        let turned = turned.map(|time: jiff::Timestamp| Version(time.as_microsecond()));
        Some(Self {
            id: ChannelId(told.id.parse().ok()?),
            parent: ChannelId(told.parent_id?.parse().ok()?),
            kind: told.kind,
            newest: told.last_message_id.and_then(|id| id.parse().ok()).map(MessageId),
            turned: turned.unwrap_or_default(),
            raw,
        })
    }
}

/// The last message that a channel object names.
#[must_use]
pub fn newest(channel_json: &str) -> Option<MessageId> {
    let told: Told = serde_json::from_str(channel_json).ok()?;
    told.last_message_id?.parse().ok()
}

#[async_trait]
impl Past for Arc<Rest> {
    async fn page(&self, channel: ChannelId, after: MessageId) -> Result<Page, HistoryError> {
        page(self, channel, after, PATIENCE).await
    }

    async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Option<String>, HistoryError> {
        one(self, self.calls.message(channel, message), UNKNOWN_MESSAGE).await
    }

    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, HistoryError> {
        one(self, self.calls.channel(channel), UNKNOWN_CHANNEL).await
    }

    async fn active(&self, guild: GuildId) -> Result<Vec<Thread>, HistoryError> {
        let page = listed(self, self.calls.active_threads(guild)).await?;
        Ok(page.threads.into_iter().filter_map(Thread::read).collect())
    }

    async fn archived(&self, channel: ChannelId, since: Version) -> Result<Vec<Thread>, HistoryError> {
        let (mut found, mut before): (Vec<Thread>, Option<String>) = (Vec::new(), None);
        for _ in 0..ARCHIVE_PAGES_MAX {
            let page = listed(self, self.calls.archived_threads(channel, before.as_deref())).await?;
            let threads: Vec<Thread> = page.threads.into_iter().filter_map(Thread::read).collect();
            // The one archived last comes first.
            let last = threads.last().map(|thread| thread.turned);
            before =
                last.and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok()).map(|at| at.to_string());
            found.extend(threads.into_iter().filter(|thread| thread.turned >= since));
            if !page.has_more || last.is_none_or(|last| last < since) {
                return Ok(found);
            }
        }
        Err(HistoryError::Dead(format!("over {ARCHIVE_PAGES_MAX} pages of threads were archived meanwhile")))
    }
}

#[derive(Deserialize)]
struct Told {
    id: String,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default, rename = "type")]
    kind: u8,
    #[serde(default)]
    last_message_id: Option<String>,
    #[serde(default)]
    thread_metadata: Times,
}

#[derive(Default, Deserialize)]
struct Times {
    #[serde(default)]
    archive_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
struct Listed {
    threads: Vec<Box<RawValue>>,
    #[serde(default)]
    has_more: bool,
}

/// What may be gone.
async fn one(
    rest: &Rest,
    call: Result<Call, Unbuildable>,
    gone: u64,
) -> Result<Option<String>, HistoryError> {
    let reply = ask(rest, &call.map_err(|error| HistoryError::Dead(error.0))?).await?;
    match (reply.status, Fault::read(&reply)) {
        (200, _) if reply.whole => {
            String::from_utf8(reply.body.to_vec()).map(Some).map_err(|_| HistoryError::Wait(AGAIN_MS))
        }
        (404, Some(fault)) if fault.code == gone => Ok(None),
        _ => Err(refused(&reply)),
    }
}

/// A channel of a kind that has no threads is refused the list, and has none.
async fn listed(rest: &Rest, call: Result<Call, Unbuildable>) -> Result<Listed, HistoryError> {
    let reply = ask(rest, &call.map_err(|error| HistoryError::Dead(error.0))?).await?;
    match (reply.status, reply.whole) {
        (200, true) => serde_json::from_slice(&reply.body).map_err(|_| HistoryError::Wait(AGAIN_MS)),
        (400, _) => Ok(Listed::default()),
        _ => Err(refused(&reply)),
    }
}

async fn ask(rest: &Rest, call: &Call) -> Result<Reply, HistoryError> {
    rest.call(call, PATIENCE).await.map_err(|failure| HistoryError::Wait(wait(&failure)))
}
