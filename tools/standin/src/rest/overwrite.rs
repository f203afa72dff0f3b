//! What a channel allows and denies to one role or member: put, removed.

use serde_json::Value;

use super::{
    Call, form,
    history::visible,
    reply::{ApiError, Reply},
};
use crate::{
    ledger::Actor,
    world::{Channel, World, permission::Overwrite},
};

/// Whom an overwrite is for, as `type` says it.
const ROLE: u64 = 0;
const MEMBER: u64 = 1;

/// `PUT /channels/{id}/permissions/{overwrite}`
pub(crate) fn put(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = place(world, call)?;
    let (id, body) = (call.route.overwrite.unwrap_or(0), call.object()?);
    let (allow, deny) = (bits(body, "allow")?, bits(body, "deny")?);
    is_there(world, channel, (id, body["type"].as_u64()))?;
    if !world.may_give(channel, allow | deny) {
        return Err(ApiError::missing_permissions());
    }
    let channel = channel.id;
    world.overwrite(channel, id, Some(Overwrite { id, allow, deny }), Actor::Bot);
    Ok(Reply::no_content())
}

/// `DELETE /channels/{id}/permissions/{overwrite}`
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = place(world, call)?;
    if !world.permissions_in(channel.id).manage_roles {
        return Err(ApiError::missing_permissions());
    }
    let known = channel.overwrites.iter().find(|one| Some(one.id) == call.route.overwrite);
    let (channel, id) = (channel.id, known.ok_or(ApiError::unknown_overwrite())?.id);
    world.overwrite(channel, id, None, Actor::Bot);
    Ok(Reply::no_content())
}

/// A channel that has overwrites: a thread has its parent's.
fn place<'a>(world: &'a World, call: &Call) -> Result<&'a Channel, ApiError> {
    let channel = visible(world, call)?;
    if channel.thread.is_some() { Err(ApiError::wrong_channel_type()) } else { Ok(channel) }
}

/// A role that is called a member, or the other way round, is not there either.
fn is_there(world: &World, channel: &Channel, (id, kind): (u64, Option<u64>)) -> Result<(), ApiError> {
    let guild = world.guilds.get(&channel.guild).ok_or(ApiError::unknown_guild())?;
    match kind {
        Some(ROLE) if guild.roles.iter().any(|role| role.id == id) => Ok(()),
        Some(MEMBER) if guild.members.contains_key(&id) => Ok(()),
        Some(ROLE | MEMBER) => Err(ApiError::unknown_overwrite()),
        Some(_) | None => Err(form::not_a_choice("type", &[ROLE, MEMBER])),
    }
}

/// A text, as the documents say, or a number, as Discord's OpenAPI file does; absent: none.
fn bits(body: &Value, name: &str) -> Result<u64, ApiError> {
    match &body[name] {
        Value::Null => Ok(0),
        Value::String(text) => text.parse().map_err(|_| form::not_snowflake(name, text)),
        other => other.as_u64().ok_or_else(|| form::not_snowflake(name, &other.to_string())),
    }
}
