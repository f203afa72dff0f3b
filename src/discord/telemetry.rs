//! What the Discord side tells operators: one function per thing that can happen.
//!
//! None takes a URL, a token or a message's text, so none can log one.

use super::limits::{Noticed, Scope};
use super::requests::name;
use super::route::Route;
use super::transport::{Failure, Reply};
use events::{ChannelId, MessageId, MirrorId, WebhookId};
use std::time::Duration;

/// One exchange with Discord ended.
pub fn sent(route: Route, result: &Result<Reply, Failure>, took: Duration) {
    let ms = took.as_millis() as u64;
    match result {
        Ok(reply) => tracing::debug!(%route, status = reply.status, ms, "Discord answered"),
        Err(Failure::NotConnected(why)) => tracing::warn!(%route, why, ms, "Discord could not be reached"),
        Err(Failure::Ambiguous(why)) => tracing::warn!(%route, why, ms, "it is not known what Discord did"),
    }
}

/// The limiter learned something that holds requests back.
pub fn limited(route: Route, noticed: &Noticed, scope: Option<Scope>) {
    let scope = name(scope);
    match noticed {
        Noticed::Nothing => {}
        Noticed::Bucket { ms } => tracing::warn!(%route, ms, scope, "rate limited: this route waits"),
        Noticed::Everything { ms } => tracing::error!(%route, ms, scope, "rate limited: every request waits"),
        Noticed::Invalid { count } => {
            tracing::error!(
                %route,
                scope,
                count,
                "many refused requests in ten minutes: all go slowly, or Discord would block us"
            );
        }
    }
}

/// A webhook is ready for a lane.
pub fn webhook_opened(mirror: MirrorId, channel: ChannelId, webhook: WebhookId, made: bool) {
    tracing::info!(%mirror, %channel, %webhook, made, "webhook ready");
}

/// Discord made a post whose first message is not ours: it is removed, and made again.
pub fn post_discarded(post: MessageId) {
    tracing::warn!(%post, "a post was made without its first message; it is removed and made again");
}

/// Several webhooks in one channel carry the name of one mirror; the oldest is used.
pub fn webhook_doubled(mirror: MirrorId, channel: ChannelId, count: usize) {
    tracing::warn!(%mirror, %channel, count, "several webhooks carry this mirror's name; the oldest is used");
}

/// A webhook's token was refused; it is listed again once.
pub fn webhook_refused(mirror: MirrorId, channel: ChannelId) {
    tracing::warn!(%mirror, %channel, "a webhook's token was refused; the webhook is looked up again");
}

/// The table of names is full.
pub fn names_full(limit: usize) {
    tracing::warn!(limit, "the table of channel and role names is full; further names are not shown");
}

/// A gateway frame could not be understood by the shard.
pub fn frame_broken(why: &str) {
    tracing::error!(why, "a gateway frame could not be read");
}

/// A connection to the gateway could not be made; the shard tries again, waiting longer each time.
pub fn gateway_unreachable() {
    tracing::warn!("the gateway cannot be reached; trying again");
}

/// The gateway closed the connection, or it broke.
pub fn gateway_closed(code: Option<u16>) {
    tracing::info!(code, "the gateway connection ended; the shard reconnects");
}

/// An IDENTIFY is about to be sent.
pub fn identifying(shard: u32, left: u32) {
    tracing::info!(shard, left, "identifying with the gateway");
}

/// Something was typed or pressed, and there are too many of them, or nobody takes them.
pub fn interaction_dropped() {
    tracing::warn!("a slash command or button was not answered: too many wait");
}

/// Something was typed or pressed, and the answer did not reach Discord.
pub fn interaction_unanswered(interaction: u64, why: &str) {
    tracing::warn!(interaction, why, "a slash command or button was not answered");
}

/// The application's commands are registered.
pub fn commands_registered() {
    tracing::info!("slash commands are registered");
}

/// They are not, for now.
pub fn commands_not_registered(why: &str) {
    tracing::warn!(why, "slash commands cannot be registered now; tried again");
}
