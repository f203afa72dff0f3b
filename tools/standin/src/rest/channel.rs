//! Channels and threads themselves: read, changed, removed.

use serde_json::Value;

use super::{
    Call, form,
    history::visible,
    reply::{ApiError, Reply},
    thread,
};
use crate::{ledger::Actor, world::World};

/// `GET /channels/{id}`
pub(crate) fn get(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let id = visible(world, call)?.id;
    Ok(Reply::json(&world.channel_json(id)))
}

/// `PATCH /channels/{id}`: a channel's name; of a thread, what `thread` reads.
pub(crate) fn edit(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let (id, body) = (channel.id, call.object()?);
    if channel.thread.is_some() {
        let change = thread::change(world, channel, body)?;
        world.change_thread(id, change, Actor::Bot);
    } else if let Some(name) = form::name(body, false)? {
        world.rename_channel(id, &name, Actor::Bot);
    }
    Ok(Reply::json(&world.channel_json(id)))
}

/// `DELETE /channels/{id}`
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let id = visible(world, call)?.id;
    let shown: Option<Value> = world.channel_json(id);
    world.remove_channel(id, Actor::Bot);
    Ok(Reply::json(&shown))
}
