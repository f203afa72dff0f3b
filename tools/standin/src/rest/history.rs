//! Reading messages. Lists are newest first, always; `after` gives the page that follows that id, newest of it first.

use serde_json::json;

use super::{
    Call, form,
    reply::{ApiError, Reply},
};
use crate::{
    id,
    world::{Channel, Message, World},
};

const PAGE_MAX: u64 = 100;
const PAGE_DEFAULT: u64 = 50;

/// The channel of the path, if the bot may see it.
pub(crate) fn visible<'a>(world: &'a World, call: &Call) -> Result<&'a Channel, ApiError> {
    let channel =
        call.route.channel.and_then(|id| world.channels.get(&id)).ok_or(ApiError::unknown_channel())?;
    if world.permissions_in(channel.id).view_channel { Ok(channel) } else { Err(ApiError::missing_access()) }
}

/// Which page of a channel.
enum Page {
    Newest,
    Before(u64),
    After(u64),
    Around(u64),
}

/// `GET /channels/{id}/messages`
pub(crate) fn list(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let limit = limit(call)?;
    let page = page(call)?;
    // Without READ_MESSAGE_HISTORY the list is empty: no error tells a client that it sees nothing.
    let Some(edge_ms) = world.history_edge_ms(channel.id) else { return Ok(Reply::json(&json!([]))) };
    let end = if edge_ms == u64::MAX { u64::MAX } else { id::at_ms(edge_ms) };
    let mut messages = select(channel, &page, limit, end);
    messages.sort_unstable_by_key(|message| std::cmp::Reverse(message.id));
    Ok(Reply::text(world.messages_json(messages.into_iter())))
}

fn select<'a>(channel: &'a Channel, page: &Page, limit: usize, end: u64) -> Vec<&'a Message> {
    let before = |id: u64, count: usize| channel.messages.range(..id.min(end)).rev().take(count);
    let after = |id: u64, count: usize| {
        let from = id.saturating_add(1);
        channel.messages.range(from..end.max(from)).take(count)
    };
    let found: Vec<(&u64, &Message)> = match *page {
        Page::Newest => before(end, limit).collect(),
        Page::Before(id) => before(id, limit).collect(),
        Page::After(id) => after(id, limit).collect(),
        Page::Around(id) => {
            let older = before(id, limit / 2).collect::<Vec<_>>();
            let rest = limit - older.len().min(limit / 2);
            let newer = after(id.saturating_sub(1), rest.min(limit - limit / 2));
            older.into_iter().chain(newer).collect()
        }
    };
    found.into_iter().map(|(_, message)| message).collect()
}

fn limit(call: &Call) -> Result<usize, ApiError> {
    let limit = call.param("limit").map_or(Ok(PAGE_DEFAULT), str::parse).unwrap_or(0);
    let good = (1..=PAGE_MAX).contains(&limit);
    usize::try_from(limit).ok().filter(|_| good).ok_or_else(|| form::out_of_range("limit", PAGE_MAX))
}

fn page(call: &Call) -> Result<Page, ApiError> {
    Ok(match (call.id("around")?, call.id("before")?, call.id("after")?) {
        (Some(id), _, _) => Page::Around(id),
        (None, Some(id), _) => Page::Before(id),
        (None, None, Some(id)) => Page::After(id),
        (None, None, None) => Page::Newest,
    })
}

/// `GET /channels/{id}/messages/{message}`: needs READ_MESSAGE_HISTORY; a lagging history shows it all the same.
pub(crate) fn one(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    world.history_edge_ms(channel.id).ok_or(ApiError::missing_access())?;
    let message =
        call.route.message.and_then(|id| channel.messages.get(&id)).ok_or(ApiError::unknown_message())?;
    Ok(Reply::text(world.message_json(message, crate::world::payload::Way::Rest)))
}
