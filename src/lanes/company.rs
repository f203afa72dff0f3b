//! What becomes of other bots in our channels: see [`projections::company`].

use super::Env;
use crate::follower::RETRY;
use events::event::{Grant, Place};
use events::log::Durable;
use events::{Body, Event, EventId, MessageId, MirrorId, Producer, Version};
use projections::company::Echoer;
use std::sync::PoisonError;
use uuid::Uuid;

/// Takes an event; a mirror beside us is banned before any lane may say what it said.
pub(super) async fn hear(env: &Env, event: &Event) {
    let caught = env.company.lock().unwrap_or_else(PoisonError::into_inner).hear(event);
    if let Some(echoer) = caught.filter(|echoer| !is_banned(env, echoer)) {
        let (author, channel) = (echoer.author.0, echoer.channel.0);
        tracing::warn!(
            author,
            channel,
            "this webhook or bot says elsewhere what the mirror carries, as another mirror would: it is banned from the \
             mirror, or both would repeat each other for ever. `mirror unban` if that is wrong"
        );
        ban(env, &echoer).await;
    }
}

/// Whether the first send of a message is better waited with: somebody may be about to remove it.
pub(super) fn waits(env: &Env, mirror: MirrorId, message: MessageId) -> bool {
    let wall = env.clock.now();
    env.company.lock().unwrap_or_else(PoisonError::into_inner).waits(mirror, message, wall)
}

/// Banned, or unbanned: the operator has decided then.
fn is_banned(env: &Env, echoer: &Echoer) -> bool {
    let table = env.links.now();
    table.settings(echoer.mirror).is_some_and(|settings| settings.bans.contains_key(&echoer.author))
}

/// Appends until it is durable, or the node stops: nothing goes on before that.
async fn ban(env: &Env, echoer: &Echoer) {
    let event = banned(echoer, env.clock.now());
    let partition = env.ports.partition(echoer.mirror);
    while let Err(error) = env.ports.log.append(partition, vec![event.clone()], Durable::Everywhere).await {
        tracing::warn!(author = echoer.author.0, %error, "a ban cannot be appended now");
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = env.stop.cancelled() => return,
        }
    }
}

/// From right before the message that gave it away, so that this is not carried either.
fn banned(echoer: &Echoer, now: Version) -> Event {
    let grant = Grant { user: echoer.author, role: Grant::BANNED.to_owned(), purge: false };
    Event {
        id: EventId(Uuid::new_v4()),
        mirror: echoer.mirror,
        place: Place::default(),
        version: Version(echoer.message.made().0 - 1),
        observed: now,
        producer: Producer::default(),
        body: Body::RoleGranted(grant),
        raw: bytes::Bytes::new(),
    }
}
