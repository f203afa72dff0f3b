//! Channels and threads themselves: read, changed, removed.

use serde_json::Value;

use super::{
    Call, form,
    history::visible,
    reply::{ApiError, Reply},
    thread,
};
use crate::{
    ledger::Actor,
    world::{
        Channel, World,
        channel::{ChannelChange, REQUIRE_TAG},
    },
};

/// `GET /channels/{id}`
pub(crate) fn get(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let id = visible(world, call)?.id;
    Ok(Reply::json(&world.channel_json(id)))
}

/// `PATCH /channels/{id}`: a channel's name, and whether a forum asks for tags; of a thread, what `thread` reads.
pub(crate) fn edit(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let (id, body) = (channel.id, call.object()?);
    may_change(world, channel, body)?;
    if channel.thread.is_some() {
        let change = thread::change(world, channel, body)?;
        world.change_thread(id, change, Actor::Bot);
    } else {
        let requires_tag = body["flags"].as_u64().map(|flags| flags & REQUIRE_TAG != 0);
        let change = ChannelChange { name: form::name(body, false)?, requires_tag };
        if change != ChannelChange::default() {
            world.change_channel(id, change, Actor::Bot);
        }
    }
    Ok(Reply::json(&world.channel_json(id)))
}

/// Its owner may change a thread but for locks, and whoever may write in it may bring it back.
fn may_change(world: &World, channel: &Channel, body: &Value) -> Result<(), ApiError> {
    let may = world.permissions_in(channel.id);
    let allowed = match &channel.thread {
        None => may.manage_channels,
        Some(thread) => {
            let own = thread.owner == world.bot && body.get("locked").is_none();
            let wakes = body["archived"] == false && !thread.locked && may.send_messages_in_threads;
            may.manage_threads || own || wakes && body.as_object().is_some_and(|body| body.len() == 1)
        }
    };
    if allowed { Ok(()) } else { Err(ApiError::missing_permissions()) }
}

/// `DELETE /channels/{id}`
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let may = world.permissions_in(channel.id);
    let allowed = if channel.thread.is_some() { may.manage_threads } else { may.manage_channels };
    if !allowed {
        return Err(ApiError::missing_permissions());
    }
    let id = channel.id;
    let shown: Option<Value> = world.channel_json(id);
    world.remove_channel(id, Actor::Bot);
    Ok(Reply::json(&shown))
}
