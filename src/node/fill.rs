//! A link that this node learns of late: what was said in its channel meanwhile is read from history.
//!
//! Frames are captured by the links known when they come. Between the moment when a link is on the log and the
//! moment when the node that has the channel's shard knows of it, nobody captures. The same message captured
//! twice is one event, so reading a little too much does no harm.

use super::Node;
use super::gaps::Around;
use crate::discord::history::page;
use crate::follower::RETRY;
use crate::ingest::Scene;
use crate::links::Table;
use events::capture::history;
use events::log::{AppendError, Durable};
use events::{ChannelId, Event, GuildId, MessageId, Version};
use projections::lanes::LaneId;
use projections::sink::HistoryError;
use std::collections::HashMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pages of history read for one link: what was said before it was learned of is little, or a `Gap`'s matter.
const PAGES_MAX: usize = 20;

/// Links are known by the moment at which they were made: made again is another.
type Known = HashMap<LaneId, Version>;

/// One channel to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    channel: ChannelId,
    guild: GuildId,
    from: Version,
}

/// Watches the links until the node stops.
pub(super) async fn watch(node: &Node, around: Around, stop: CancellationToken) {
    let mut links = node.links.watch();
    let mut known = publishing(&links.borrow_and_update(), around);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = links.changed() => if changed.is_err() { return },
        }
        let table = links.borrow_and_update().clone();
        let now = publishing(&table, around);
        let fresh = fresh(&table, &known, &now);
        known = now;
        for stretch in fresh {
            tokio::select! {
                () = stop.cancelled() => return,
                () = fill(node, stretch) => {}
            }
        }
    }
}

/// Open links whose channel publishes and whose guild is on the shard.
fn publishing(table: &Table, around: Around) -> Known {
    let at = |lane: LaneId| {
        let link = table.settings(lane.mirror)?.links.get(&lane.link)?;
        (link.publishes() && around.has(link.linked.guild)).then_some((lane, link.linked_at))
    };
    table.lanes().filter_map(at).collect()
}

fn fresh(table: &Table, known: &Known, now: &Known) -> Vec<Stretch> {
    let new = now.iter().filter(|(lane, made)| known.get(lane) != Some(made));
    let stretch = |(lane, made): (&LaneId, &Version)| {
        let link = table.settings(lane.mirror)?.links.get(&lane.link)?;
        Some(Stretch { channel: lane.link, guild: link.linked.guild, from: *made })
    };
    new.filter_map(stretch).collect()
}

/// Reads what was said since, and appends it. What cannot be read is said and left.
async fn fill(node: &Node, stretch: Stretch) {
    let mut after = MessageId::first_at(stretch.from);
    for _ in 0..PAGES_MAX {
        let page = match page(&node.rest, stretch.channel, after).await {
            Ok(page) => page,
            Err(HistoryError::Wait(ms)) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                continue;
            }
            Err(HistoryError::Dead(why)) => {
                tracing::warn!(
                    channel = stretch.channel.0,
                    why,
                    "what was said since the link was made cannot be read"
                );
                return;
            }
        };
        for entry in &page.messages {
            append(node, captured(node, stretch.guild, entry.raw.get())).await;
        }
        match page.messages.last() {
            Some(last) if page.more => after = last.id,
            Some(_) | None => return,
        }
    }
}

fn captured(node: &Node, guild: GuildId, message: &str) -> Vec<Event> {
    let table = node.links.now();
    let guilds = node.guilds.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scene = Scene { table: &table, guilds: &guilds, webhooks: &node.webhooks, me: node.me };
    match history(message, guild, &scene, node.clock.now()) {
        Ok(captured) => captured.events,
        Err(error) => {
            tracing::warn!(%error, "a message of history cannot be captured");
            Vec::new()
        }
    }
}

async fn append(node: &Node, events: Vec<Event>) {
    for event in events {
        let partition = node.stores.ports.partition(event.mirror);
        loop {
            match node.stores.ports.log.append(partition, vec![event.clone()], Durable::Here).await {
                Ok(()) => break,
                Err(AppendError::Retry(why)) => {
                    tracing::warn!(why, "the log cannot append now; history waits");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error @ (AppendError::TooLarge { .. } | AppendError::Stopped(_))) => {
                    tracing::error!(%error, "a message of history cannot be kept");
                    break;
                }
            }
        }
    }
}
