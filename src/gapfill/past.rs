//! What a gap fill asks Discord: pages of a channel, whether one message is there, which is the newest.

use crate::discord::answer::{Fault, UNKNOWN_MESSAGE};
use crate::discord::calls::Call;
use crate::discord::history::{AGAIN_MS, PATIENCE, Page, page, refused, wait};
use crate::discord::rest::Rest;
use crate::discord::transport::Reply;
use async_trait::async_trait;
use events::{ChannelId, MessageId};
use projections::sink::HistoryError;
use serde::Deserialize;
use std::sync::Arc;

/// The past of a channel, as Discord tells it.
#[async_trait]
pub trait Past: Send + Sync {
    /// The page right behind `after`. An empty one may also mean that the bot lacks Read Message History.
    async fn page(&self, channel: ChannelId, after: MessageId) -> Result<Page, HistoryError>;

    /// Whether a message is there. Unlike a page, Discord refuses this answer to whom it hides history from.
    async fn is_there(&self, channel: ChannelId, message: MessageId) -> Result<bool, HistoryError>;

    /// The last message ever written in the channel, though it may be gone.
    async fn newest(&self, channel: ChannelId) -> Result<Option<MessageId>, HistoryError>;
}

#[async_trait]
impl Past for Arc<Rest> {
    async fn page(&self, channel: ChannelId, after: MessageId) -> Result<Page, HistoryError> {
        page(self, channel, after).await
    }

    async fn is_there(&self, channel: ChannelId, message: MessageId) -> Result<bool, HistoryError> {
        let call = self.calls.message(channel, message).map_err(|error| HistoryError::Dead(error.0))?;
        let reply = ask(self, &call).await?;
        match (reply.status, Fault::read(&reply)) {
            (200, _) => Ok(true),
            (404, Some(fault)) if fault.code == UNKNOWN_MESSAGE => Ok(false),
            _ => Err(refused(&reply)),
        }
    }

    async fn newest(&self, channel: ChannelId) -> Result<Option<MessageId>, HistoryError> {
        let call = self.calls.channel(channel).map_err(|error| HistoryError::Dead(error.0))?;
        let reply = ask(self, &call).await?;
        if reply.status != 200 {
            return Err(refused(&reply));
        }
        let told: Told = serde_json::from_slice(&reply.body).map_err(|_| HistoryError::Wait(AGAIN_MS))?;
        Ok(told.last_message_id.and_then(|id| id.parse().ok()))
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    last_message_id: Option<String>,
}

async fn ask(rest: &Rest, call: &Call) -> Result<Reply, HistoryError> {
    rest.call(call, PATIENCE).await.map_err(|failure| HistoryError::Wait(wait(&failure)))
}
