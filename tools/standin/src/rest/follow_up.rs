//! What comes after the first answer: webhook routes with the application's id and the interaction's token. They need no
//! other authorization, and work for a quarter of an hour.

use super::{
    Call,
    interaction::written,
    message::revision,
    reply::{ApiError, Reply},
};
use crate::world::{
    World,
    interaction::{Interaction, LOADING, Phase},
    message::Revision,
    payload::Way,
};

/// The interaction whose token this is.
fn found<'a>(world: &'a World, call: &Call) -> Result<&'a Interaction, ApiError> {
    let token = call.route.token.as_deref().unwrap_or_default();
    let known = world.interactions.by_token(token).ok_or(ApiError::invalid_webhook_token())?;
    match known.phase(world.now_ms()) {
        Phase::Answered => Ok(known),
        // Discord makes the webhook with the first answer.
        Phase::Open | Phase::Missed => Err(ApiError::unknown_webhook()),
        Phase::Over => Err(ApiError::invalid_webhook_token()),
    }
}

/// (interaction, channel, message): the message of the path, or for `@original` the first answer.
fn own(world: &World, call: &Call) -> Result<(u64, u64, u64), ApiError> {
    let known = found(world, call)?;
    let asked = call.route.message.or(known.original);
    let is_own = |id: &u64| known.original == Some(*id) || known.follow_ups.contains(id);
    let there = asked.filter(is_own).filter(|id| world.any_message(known.channel, *id).is_some());
    there.map(|id| (known.id, known.channel, id)).ok_or(ApiError::unknown_message())
}

fn shown(world: &World, channel: u64, id: u64) -> Result<Reply, ApiError> {
    let message = world.any_message(channel, id).ok_or(ApiError::unknown_message())?;
    Ok(Reply::text(world.message_json(message, Way::Rest)))
}

/// `POST /webhooks/{application}/{token}`: a message more. While the bot is "thinking" it is what it has thought.
pub(crate) fn create(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let known = found(world, call)?;
    let (interaction, channel, original) = (known.id, known.channel, known.original);
    if let Some(id) = original.filter(|id| is_loading(world, channel, *id)) {
        return revised(world, call, (interaction, channel, id));
    }
    let body = call.object()?;
    let id = written(world, call, interaction, body)?;
    if let Some(known) = world.interactions.get_mut(interaction) {
        known.follow_ups.push(id);
    }
    world.replied(interaction, body.get("allowed_mentions").cloned());
    shown(world, channel, id)
}

fn is_loading(world: &World, channel: u64, id: u64) -> bool {
    world.any_message(channel, id).is_some_and(|message| message.flags & LOADING != 0)
}

/// `GET /webhooks/{application}/{token}/messages/{message}`
pub(crate) fn get(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let (_, channel, id) = own(world, call)?;
    shown(world, channel, id)
}

/// `PATCH` of the same
pub(crate) fn edit(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let place = own(world, call)?;
    revised(world, call, place)
}

fn revised(
    world: &mut World,
    call: &Call,
    (interaction, channel, id): (u64, u64, u64),
) -> Result<Reply, ApiError> {
    let body = call.object()?;
    let revision = revision(world, call, body, (channel, id))?;
    if is_loading(world, channel, id) && is_empty(&revision) {
        return Err(ApiError::empty_message());
    }
    world.revise_answer(channel, id, revision);
    world.replied(interaction, body.get("allowed_mentions").cloned());
    shown(world, channel, id)
}

fn is_empty(revision: &Revision) -> bool {
    let none = |list: &Option<Vec<_>>| list.as_ref().is_none_or(Vec::is_empty);
    let text = revision.content.as_deref().unwrap_or_default();
    text.trim().is_empty()
        && none(&revision.embeds)
        && none(&revision.attachments)
        && none(&revision.components)
}

/// `DELETE` of the same
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let (_, channel, id) = own(world, call)?;
    world.remove_answer(channel, id);
    world.interactions.changed();
    Ok(Reply::no_content())
}
