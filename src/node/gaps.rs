//! What a lost session means: whatever happened until the next one cannot be known, and the log says so.

use super::{NodeError, Running};
use crate::commands::Desk;
use crate::discord::gateway::Happening;
use crate::follower::RETRY;
use events::event::{Gap, Place};
use events::log::Durable;
use events::{Body, Event, EventId, MessageId, Producer, Version};
use projections::lanes::LaneId;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Watches the connection; appends a `Gap` for every channel that publishes when a session is lost.
pub(super) async fn watch(
    mut happenings: mpsc::Receiver<Happening>,
    running: Arc<Running>,
    desk: Desk,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let mut lost: Option<Version> = None;
    loop {
        let happening = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            happening = happenings.recv() => happening,
        };
        let Some(happening) = happening else { return Ok(()) };
        running.heard(&happening);
        match happening {
            Happening::SessionLost => lost = Some(running.heard_until()),
            Happening::Ready(_) => {
                if let Some(from) = lost.take() {
                    note(&running, &desk, from).await;
                }
            }
            Happening::Resumed | Happening::Disconnected { .. } => {}
        }
    }
}

async fn note(running: &Running, desk: &Desk, from: Version) {
    let now = desk.clock.now();
    for lane in running.publishing() {
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
