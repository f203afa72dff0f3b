//! What a lost session means: whatever happened until the next one cannot be known, and the log says so.

use super::{NodeError, Running};
use crate::commands::Desk;
use crate::discord::gateway::Happening;
use crate::follower::RETRY;
use events::event::{Gap, Place};
use events::log::Durable;
use events::{Body, Event, EventId, GuildId, MessageId, Producer, Version};
use projections::lanes::LaneId;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A shard among others: which guilds it hears of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    pub(super) shard: u32,
    pub(super) shards: u32,
}

impl Around {
    /// Discord's rule. Source: Discord, "Gateway, Sharding".
    pub(super) fn has(self, guild: GuildId) -> bool {
        (guild.0 >> 22) % u64::from(self.shards.max(1)) == u64::from(self.shard)
    }
}

/// Watches the connection; appends a `Gap` for every channel that publishes when a session is lost. `lost`: since then, before
/// it begins.
pub(super) async fn watch(
    mut happenings: mpsc::Receiver<Happening>,
    around: Around,
    (running, desk): (Arc<Running>, Desk),
    mut lost: Option<Version>,
) -> Result<(), NodeError> {
    // Ends with the gateway.
    while let Some(happening) = happenings.recv().await {
        running.heard(around.shard, &happening);
        match happening {
            Happening::SessionLost => lost = Some(running.heard_until()),
            Happening::Ready(_) => {
                if let Some(from) = lost.take() {
                    note(&running, &desk, around, from).await;
                }
            }
            Happening::Resumed | Happening::Disconnected { .. } => {}
        }
    }
    Ok(())
}

async fn note(running: &Running, desk: &Desk, around: Around, from: Version) {
    let now = desk.clock.now();
    for lane in running.publishing(|guild| around.has(guild)) {
        let event = gap(desk, lane, (from, now));
        let partition = desk.ports.partition(lane.mirror);
        while let Err(error) = desk.ports.log.append(partition, vec![event.clone()], Durable::Here).await {
            tracing::warn!(%error, "a gap cannot be noted now");
            tokio::time::sleep(RETRY).await;
        }
    }
    tracing::warn!(
        "the gateway session was lost; what was said meanwhile is not known (see `mirror log --kind gap`)"
    );
}

fn gap(desk: &Desk, lane: LaneId, (from, to): (Version, Version)) -> Event {
    let gap = Gap {
        from: MessageId::first_at(from),
        to: MessageId::first_at(to),
        cause: "the gateway session was lost".to_owned(),
    };
    Event {
        id: EventId((desk.ids)()),
        mirror: lane.mirror,
        place: Place { channel: lane.link, ..Place::default() },
        version: to,
        observed: to,
        producer: Producer::default(),
        body: Body::Gap(gap),
        raw: bytes::Bytes::new(),
    }
}
