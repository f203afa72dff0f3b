//! One channel or message, asked for while frames wait.

use super::answer::Fault;
use super::calls::{Call, Unbuildable};
use super::history::{AGAIN_MS, PATIENCE, wait};
use super::rest::Rest;
use crate::ingest::threads::{Lookup, Unanswered};
use async_trait::async_trait;
use events::{ChannelId, MessageId};
use std::time::Duration;

/// How often it is asked at most: frames wait meanwhile, so not for long.
const TRIES_MAX: u32 = 5;

#[async_trait]
impl Lookup for Rest {
    async fn channel(&self, channel: ChannelId) -> Result<Option<String>, Unanswered> {
        self.look_up(self.calls.channel(channel)).await
    }

    async fn message(&self, channel: ChannelId, message: MessageId) -> Result<Option<String>, Unanswered> {
        self.look_up(self.calls.message(channel, message)).await
    }
}

impl Rest {
    async fn look_up(&self, call: Result<Call, Unbuildable>) -> Result<Option<String>, Unanswered> {
        // What cannot be asked for is not there.
        let Ok(call) = call else { return Ok(None) };
        let mut why = String::new();
        for _ in 0..TRIES_MAX {
            let ms = match self.call(&call, PATIENCE).await {
                Ok(reply) if reply.status == 200 && reply.whole => {
                    return Ok(Some(String::from_utf8_lossy(&reply.body).into_owned()));
                }
                Ok(reply) if matches!(reply.status, 403 | 404) && Fault::read(&reply).is_some() => {
                    return Ok(None);
                }
                Ok(reply) => {
                    why = format!("status {}", reply.status);
                    reply.headers.wait_ms().unwrap_or(AGAIN_MS)
                }
                Err(failure) => {
                    why = format!("{failure:?}");
                    wait(&failure)
                }
            };
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        Err(Unanswered(why))
    }
}
