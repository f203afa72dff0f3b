//! The bot's own messages, and its deletes of anybody's.

use serde_json::Value;

use super::{
    Call, form,
    history::visible,
    place::{may_edit, may_write, not_archived, takes_messages},
    reply::{ApiError, Reply},
    upload::{edited, files},
};
use crate::{
    clock, id,
    ledger::Actor,
    world::{
        Author, World,
        mention::Allowed,
        message::{Draft, Revision},
        payload::Way,
    },
};

const BULK_AGE_MAX_MS: u64 = 14 * 24 * 3600 * 1000;

pub(crate) fn shown(world: &World, channel: u64, id: u64) -> Result<Reply, ApiError> {
    let message = world.channels.get(&channel).and_then(|channel| channel.messages.get(&id));
    message
        .map(|message| Reply::text(world.message_json(message, Way::Rest)))
        .ok_or(ApiError::unknown_message())
}

/// `POST /channels/{id}/messages`
pub(crate) fn create(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    takes_messages(channel)?;
    let (channel, body) = (channel.id, call.object()?);
    let form = form::message(body)?;
    let files = files(call, body)?;
    may_write(world, visible(world, call)?, &form, &files)?;
    form.not_empty(&files)?;
    let nonce = nonce_text(body).map(|nonce| (world.bot, nonce));
    if let Some(earlier) = nonce.as_ref().filter(|_| body["enforce_nonce"] == true)
        && let Some(&id) = world.channels.get(&channel).and_then(|channel| channel.nonces.get(earlier))
    {
        return shown(world, channel, id);
    }
    let mut draft = Draft::new(channel, Author::User(world.bot), form.content.as_deref().unwrap_or_default());
    draft.extra = form.extra();
    draft.flags = form.flags.unwrap_or(0);
    draft.tts = body["tts"].as_bool().unwrap_or(false);
    draft.nonce = body.get("nonce").filter(|nonce| !nonce.is_null()).cloned();
    draft.reply_to = reply_target(world, channel, body)?;
    draft.allowed = allowed(body).unwrap_or_else(Allowed::everything);
    draft.extra.attachments = files.into_iter().map(|file| world.store(channel, file)).collect();
    let id = world.post(draft, Actor::Bot);
    if let (Some(nonce), Some(channel)) = (nonce, world.channels.get_mut(&channel)) {
        channel.nonces.insert(nonce, id);
    }
    shown(world, channel, id)
}

fn nonce_text(body: &Value) -> Option<String> {
    match body.get("nonce")? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(crate) fn allowed(body: &Value) -> Option<Allowed> {
    body.get("allowed_mentions").filter(|value| value.is_object()).map(Allowed::read)
}

fn reply_target(world: &World, channel: u64, body: &Value) -> Result<Option<u64>, ApiError> {
    let reference = &body["message_reference"];
    let Some(id) = id::from_json(&reference["message_id"]) else { return Ok(None) };
    if !world.permissions_in(channel).read_message_history {
        return Err(ApiError::no_history_no_reply());
    }
    let known = world.channels.get(&channel).is_some_and(|channel| channel.messages.contains_key(&id));
    match (known, reference["fail_if_not_exists"].as_bool()) {
        (true, _) => Ok(Some(id)),
        (false, Some(false)) => Ok(None),
        (false, _) => Err(form::unknown_reference()),
    }
}

/// `PATCH /channels/{id}/messages/{message}`: the author's only.
pub(crate) fn edit(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let id = call.route.message.unwrap_or(0);
    let message = channel.messages.get(&id).ok_or(ApiError::unknown_message())?;
    if message.author != Author::User(world.bot) {
        return Err(ApiError::not_your_message());
    }
    not_archived(channel)?;
    let channel = channel.id;
    may_edit(world, (channel, id))?;
    let revision = revision(world, call, call.object()?, (channel, id))?;
    world.revise(channel, id, revision, Actor::Bot);
    shown(world, channel, id)
}

/// The body of an edit of a message, or the part of one, checked; new files are kept.
pub(crate) fn revision(
    world: &mut World,
    call: &Call,
    body: &Value,
    (channel, id): (u64, u64),
) -> Result<Revision, ApiError> {
    let form = form::message(body)?;
    let new = files(call, body)?;
    let message = world.any_message(channel, id).ok_or(ApiError::unknown_message())?.clone();
    Ok(Revision {
        content: form.content,
        flags: form.flags,
        embeds: form.embeds,
        attachments: edited(world, &message, body, new),
        components: form.components,
        allowed: allowed(body),
    })
}

/// `DELETE /channels/{id}/messages/{message}`
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let id = call.route.message.unwrap_or(0);
    let message = channel.messages.get(&id).ok_or(ApiError::unknown_message())?;
    if message.author != Author::User(world.bot) && !world.permissions_in(channel.id).manage_messages {
        return Err(ApiError::missing_permissions());
    }
    world.remove(channel.id, id, Actor::Bot);
    Ok(Reply::no_content())
}

/// `POST /channels/{id}/messages/bulk-delete`: 2 to 100, none twice, none older than 14 days.
pub(crate) fn bulk_delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    if !world.permissions_in(channel.id).manage_messages {
        return Err(ApiError::missing_permissions());
    }
    let listed = call.object()?["messages"].as_array().cloned().unwrap_or_default();
    let ids: Vec<u64> = listed.iter().filter_map(id::from_json).collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if !(2..=100).contains(&ids.len()) || distinct.len() != ids.len() {
        return Err(ApiError::bulk_count());
    }
    let oldest = id::at_ms(clock::now_ms().saturating_sub(BULK_AGE_MAX_MS));
    if ids.iter().any(|&id| id < oldest) {
        return Err(ApiError::bulk_too_old());
    }
    let channel = channel.id;
    world.remove_many(channel, &ids, Actor::Bot);
    Ok(Reply::no_content())
}
