//! Members of threads: listed, added, removed.

use serde_json::{Value, json};

use super::{
    Call, form,
    history::visible,
    place::not_archived,
    reply::{ApiError, Reply},
};
use crate::world::{Channel, World, channel_kind::ChannelKind, thread::Thread};

/// Also what a page has if nothing is said.
const PAGE_MAX: usize = 100;

/// `GET /channels/{id}/thread-members`: for applications that may list members.
pub(crate) fn list(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, thread) = place(world, call)?;
    if !world.rules.privileged.members {
        return Err(ApiError::missing_access());
    }
    let (after, limit) = page(call)?;
    let behind = thread.members.range(after..).take(limit);
    let shown = behind.filter_map(|(&user, _)| shown(world, call, (channel, user)));
    Ok(Reply::json(&shown.collect::<Vec<_>>()))
}

/// `GET /channels/{id}/thread-members/{user}`
pub(crate) fn get(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, _) = place(world, call)?;
    let member = shown(world, call, (channel, user(world, call)));
    Ok(Reply::json(&member.ok_or(ApiError::unknown_member())?))
}

/// `PUT /channels/{id}/thread-members/{user}`; whoever is in it already may be put there again.
pub(crate) fn add(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, user) = (place(world, call)?.0, user(world, call));
    not_archived(channel)?;
    if user != world.bot && !world.permissions_in(channel.id).send_messages_in_threads {
        return Err(ApiError::missing_permissions());
    }
    if !world.users.contains_key(&user) {
        return Err(ApiError::unknown_user());
    }
    let channel = channel.id;
    world.join_thread(channel, user);
    Ok(Reply::no_content())
}

/// `DELETE /channels/{id}/thread-members/{user}`: others are a moderator's business, or that of whoever made a private one.
pub(crate) fn remove(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let ((channel, thread), user) = (place(world, call)?, user(world, call));
    not_archived(channel)?;
    let own = channel.kind == ChannelKind::PrivateThread && thread.owner == world.bot;
    if user != world.bot && !own && !world.permissions_in(channel.id).manage_threads {
        return Err(ApiError::missing_permissions());
    }
    let channel = channel.id;
    if user != world.bot && !thread.members.contains_key(&user) {
        return Err(ApiError::unknown_member());
    }
    world.leave_thread(channel, user);
    Ok(Reply::no_content())
}

/// From which id on, and how many. Only a list with guild members comes in pages.
fn page(call: &Call) -> Result<(u64, usize), ApiError> {
    if !call.flag("with_member") {
        return Ok((0, usize::MAX));
    }
    let after = call.id("after")?.map_or(0, |id| id.saturating_add(1));
    let limit = call.param("limit").map_or(Ok(PAGE_MAX), str::parse).unwrap_or(0);
    if (1..=PAGE_MAX).contains(&limit) {
        Ok((after, limit))
    } else {
        Err(form::out_of_range("limit", PAGE_MAX as u64))
    }
}

/// The thread of the path.
fn place<'a>(world: &'a World, call: &Call) -> Result<(&'a Channel, &'a Thread), ApiError> {
    let channel = visible(world, call)?;
    channel.thread.as_ref().map(|thread| (channel, thread)).ok_or(ApiError::wrong_channel_type())
}

fn user(world: &World, call: &Call) -> u64 {
    call.route.user.unwrap_or(world.bot)
}

fn shown(world: &World, call: &Call, (channel, user): (&Channel, u64)) -> Option<Value> {
    let mut member = world.thread_member_json(channel.id, user)?;
    if call.flag("with_member") {
        member["member"] = json!(world.member_json(channel.guild, user));
    }
    Some(member)
}
