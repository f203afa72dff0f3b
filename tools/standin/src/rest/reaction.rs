//! Reactions and pins.

use serde_json::{Value, json};

use super::{
    Call, form,
    history::visible,
    place::not_archived,
    reply::{ApiError, Reply},
    route::RouteKind,
};
use crate::{
    clock::Stamp,
    world::{Message, World, payload::Way, reaction::Emoji},
};

/// Different emoji on one message; pinned messages in one channel.
const EMOJI_MAX: usize = 20;
const PINS_MAX: usize = 250;

const USERS_MAX: usize = 100;
const USERS_DEFAULT: usize = 25;
const PAGE_MAX: usize = 50;

/// The message of the path, if the bot may look.
fn found<'a>(world: &'a World, call: &Call) -> Result<&'a Message, ApiError> {
    let channel = visible(world, call)?;
    call.route.message.and_then(|id| channel.messages.get(&id)).ok_or(ApiError::unknown_message())
}

fn emoji(call: &Call) -> Result<Emoji, ApiError> {
    let text = call.route.emoji.as_deref().unwrap_or_default();
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    Emoji::read(&text).ok_or(ApiError::unknown_emoji())
}

/// `PUT .../reactions/{emoji}/@me`
pub(crate) fn add(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    not_archived(visible(world, call)?)?;
    let (message, emoji) = (found(world, call)?, emoji(call)?);
    let may = world.permissions_in(message.channel);
    if !may.read_message_history || message.reacted(&emoji).is_none() && !may.add_reactions {
        return Err(ApiError::missing_permissions());
    }
    if message.reacted(&emoji).is_none() && message.reactions().len() >= EMOJI_MAX {
        return Err(ApiError::too_many_reactions());
    }
    let (channel, id, bot) = (message.channel, message.id, world.bot);
    world.react(channel, id, bot, &emoji);
    Ok(Reply::no_content())
}

/// `DELETE .../reactions`, `.../reactions/{emoji}`, `.../reactions/{emoji}/{user}`
pub(crate) fn remove(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let message = found(world, call)?;
    let own =
        call.route.kind == RouteKind::RemoveReaction && call.route.user.is_none_or(|user| user == world.bot);
    if !own && !world.permissions_in(message.channel).manage_messages {
        return Err(ApiError::missing_permissions());
    }
    let (channel, id) = (message.channel, message.id);
    match (call.route.kind, &call.route.emoji) {
        (RouteKind::RemoveReaction, _) => {
            let user = call.route.user.unwrap_or(world.bot);
            world.unreact(channel, id, user, &emoji(call)?);
        }
        (_, Some(_)) => drop(world.clear_reactions(channel, id, Some(&emoji(call)?))),
        (_, None) => drop(world.clear_reactions(channel, id, None)),
    }
    Ok(Reply::no_content())
}

/// `GET .../reactions/{emoji}`: who reacted, by id.
pub(crate) fn list(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let (message, emoji) = (found(world, call)?, emoji(call)?);
    let after = call.id("after")?.unwrap_or(0);
    let limit = limit(call, USERS_DEFAULT, USERS_MAX)?;
    let mut users = message.reacted(&emoji).map(|reaction| reaction.users.clone()).unwrap_or_default();
    users.sort_unstable();
    let page = users.into_iter().filter(|user| *user > after).take(limit);
    Ok(Reply::json(&page.map(|user| world.user_json(user)).collect::<Vec<_>>()))
}

fn limit(call: &Call, default: usize, max: usize) -> Result<usize, ApiError> {
    let limit = call.param("limit").map_or(Ok(default), str::parse).unwrap_or(0);
    if (1..=max).contains(&limit) { Ok(limit) } else { Err(form::out_of_range("limit", max as u64)) }
}

/// `PUT` and `DELETE .../messages/pins/{message}`, and the old `.../pins/{message}`
pub(crate) fn pin(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    not_archived(channel)?;
    if !world.permissions_in(channel.id).pin_messages {
        return Err(ApiError::missing_permissions());
    }
    let pinned = call.route.kind == RouteKind::Pin;
    let message = found(world, call)?;
    let count = channel.messages.values().filter(|message| message.pinned_us.is_some()).count();
    if pinned && message.pinned_us.is_none() && count >= PINS_MAX {
        return Err(ApiError::too_many_pins());
    }
    let (channel, id, bot) = (channel.id, message.id, world.bot);
    world.pin(channel, id, bot, pinned);
    Ok(Reply::no_content())
}

/// `GET .../messages/pins`: the last pinned first. The old `GET .../pins` gives the messages only, all of them.
pub(crate) fn pins(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let readable = world.permissions_in(channel.id).read_message_history;
    let before = call.param("before").map_or(Ok(u64::MAX), |text| form::moment("before", text))?;
    let pinned = channel.messages.values().filter_map(|message| Some((message.pinned_us?, message)));
    let mut pinned: Vec<_> = pinned.filter(|(at_us, _)| readable && *at_us < before).collect();
    pinned.sort_unstable_by_key(|(at_us, message)| std::cmp::Reverse((*at_us, message.id)));
    if call.route.kind == RouteKind::OldPins {
        return Ok(Reply::text(world.messages_json(pinned.into_iter().map(|(_, message)| message))));
    }
    let limit = limit(call, PAGE_MAX, PAGE_MAX)?;
    let item = |(at_us, message): &(u64, &Message)| {
        let shown: Value = serde_json::from_str(&world.message_json(message, Way::Rest)).unwrap_or_default();
        json!({"pinned_at": Stamp(*at_us), "message": shown})
    };
    let items: Vec<_> = pinned.iter().take(limit).map(item).collect();
    Ok(Reply::json(&json!({"items": items, "has_more": pinned.len() > limit})))
}
