//! What was posted a moment ago, by this node before it died or by another: Discord's limits count it still.

use super::Node;
use crate::discord::limits::POSTS_REMEMBERED;
use events::event::{Outcome, Receipt};
use events::log::{Read, ReadError};
use events::{Body, ChannelId, MessageId, Offset, Partition, Version};
use std::collections::BTreeMap;
use std::time::Duration;

/// Events looked at, from the end of the log: more than lanes could put there in a minute.
const LOOKED_AT_MAX: u64 = 8_192;
/// Events read at a time.
const PAGE: usize = 1_024;

/// Tells the limiter of the copies that the partition's last minute holds.
pub(super) async fn recall(node: &Node, partition: Partition) {
    let now = node.clock.now();
    match posts(node, partition, now).await {
        Ok(posts) => {
            for (copy, channel) in posts {
                let age = now.0.saturating_sub(copy.made().0).max(0).unsigned_abs();
                node.rest.posted(channel, Duration::from_micros(age));
            }
        }
        Err(error) => {
            tracing::warn!(%error, "what was posted a moment ago is not known: Discord may refuse more")
        }
    }
}

async fn posts(
    node: &Node,
    partition: Partition,
    now: Version,
) -> Result<BTreeMap<MessageId, ChannelId>, ReadError> {
    let log = &node.stores.ports.log;
    let since = MessageId::first_at(Version(now.0 - POSTS_REMEMBERED.as_micros() as i64));
    let tail = log.tail(partition).await?;
    let mut from = Offset(tail.0.saturating_sub(LOOKED_AT_MAX)).max(log.floor(partition).await?);
    let mut posts = BTreeMap::new();
    while from < tail {
        let page = log.read(Read { partition, from, limit: PAGE, mirror: None }).await?;
        let Some(last) = page.entries.last() else { break };
        from = last.offset.next();
        let events = page.entries.iter().filter_map(|entry| events::codec::decode(&entry.record).ok());
        let posted = events.filter_map(|event| {
            let Body::Receipt(Receipt { link, copy, outcome, .. }) = event.body else { return None };
            let is_posted = matches!(outcome, Outcome::Shown(_) | Outcome::Posted { .. });
            is_posted.then_some((copy, link))
        });
        posts.extend(posted.filter(|(copy, _)| *copy >= since));
    }
    Ok(posts)
}
