//! The first answer to an interaction: `POST /interactions/{id}/{token}/callback`. The token in the path is all the
//! authorization there is.

use serde_json::{Value, json};

use super::{
    Call, form,
    message::{allowed, revision},
    reply::{ApiError, Reply},
    upload::files,
};
use crate::{
    id::Id,
    world::{
        Author, World,
        interaction::{Deed, EPHEMERAL, LOADING, Phase},
        mention::Allowed,
        message::Draft,
        payload::Way,
    },
};

/// Flags that an answer may set: SUPPRESS_EMBEDS, EPHEMERAL, SUPPRESS_NOTIFICATIONS, IS_COMPONENTS_V2.
const FLAGS_SETTABLE: u32 = 1 << 2 | EPHEMERAL | 1 << 12 | 1 << 15;

/// Ways to answer, as Discord numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Message = 4,
    DeferredMessage = 5,
    DeferredUpdate = 6,
    Update = 7,
}

/// See the module. 204, or with `with_response=true` 200 and what came of it.
pub(crate) fn callback(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let id = open(world, call)?;
    let body = call.object()?;
    let data = body.get("data").filter(|data| data.is_object()).cloned().unwrap_or_else(|| json!({}));
    let manner = manner(world, id, body)?;
    let original = match manner {
        Manner::Message => written(world, call, id, &data),
        Manner::DeferredMessage => thinking(world, id, &data),
        Manner::DeferredUpdate => pressed(world, id),
        Manner::Update => updated(world, call, id, &data),
    };
    let original = original.map_err(|error| error.within("data"))?;
    world.answered_first(id, original, matches!(manner, Manner::DeferredMessage | Manner::DeferredUpdate));
    match manner {
        Manner::Message | Manner::Update => world.replied(id, data.get("allowed_mentions").cloned()),
        Manner::DeferredMessage | Manner::DeferredUpdate => world.interactions.changed(),
    }
    if call.flag("with_response") { outcome(world, id, original, manner) } else { Ok(Reply::no_content()) }
}

/// The interaction of the path, if its first answer is still awaited.
fn open(world: &World, call: &Call) -> Result<u64, ApiError> {
    let known = call.route.interaction.and_then(|id| world.interactions.get(id));
    let known = known.filter(|known| call.route.token.as_deref() == Some(&*known.token));
    let known = known.ok_or(ApiError::unknown_interaction())?;
    match known.phase(world.now_ms()) {
        Phase::Open => Ok(known.id),
        Phase::Answered => Err(ApiError::already_acknowledged()),
        Phase::Missed | Phase::Over => Err(ApiError::unknown_interaction()),
    }
}

/// How this one may be answered: messages are updated where a button was pressed.
fn manner(world: &World, id: u64, body: &Value) -> Result<Manner, ApiError> {
    let deed = world.interactions.get(id).map(|known| &known.deed);
    match (body["type"].as_u64(), deed) {
        (Some(4), _) => Ok(Manner::Message),
        (Some(5), _) => Ok(Manner::DeferredMessage),
        (Some(6), Some(Deed::Button { .. })) => Ok(Manner::DeferredUpdate),
        (Some(7), Some(Deed::Button { .. })) => Ok(Manner::Update),
        (Some(8), _) => Err(ApiError::not_modelled("The stand-in does not model autocomplete (type 8).")),
        (Some(9), _) => Err(ApiError::not_modelled("The stand-in does not model modals (type 9).")),
        (None, _) => Err(form::required("type")),
        (Some(_), Some(Deed::Button { .. })) => Err(form::not_a_choice("type", &[4, 5, 6, 7, 9])),
        (Some(_), _) => Err(form::not_a_choice("type", &[4, 5, 9])),
    }
}

/// A new message says it.
pub(crate) fn written(world: &mut World, call: &Call, id: u64, data: &Value) -> Result<u64, ApiError> {
    let form = form::message(data)?;
    let files = files(call, data)?;
    form.not_empty(&files)?;
    let channel = channel(world, id)?;
    let mut draft = Draft::new(channel, Author::User(world.bot), form.content.as_deref().unwrap_or_default());
    draft.extra = form.extra();
    draft.flags = form.flags.unwrap_or(0) & FLAGS_SETTABLE;
    draft.tts = data["tts"].as_bool().unwrap_or(false);
    draft.allowed = allowed(data).unwrap_or_else(Allowed::users_only);
    draft.extra.attachments = files.into_iter().map(|file| world.store(channel, file)).collect();
    world.answer_to(id, draft).ok_or(ApiError::unknown_interaction())
}

/// "The bot is thinking", for all or for the one.
fn thinking(world: &mut World, id: u64, data: &Value) -> Result<u64, ApiError> {
    let flags = form::message(data)?.flags.unwrap_or(0) & EPHEMERAL;
    let mut draft = Draft::new(channel(world, id)?, Author::User(world.bot), "");
    draft.flags = flags | LOADING;
    world.answer_to(id, draft).ok_or(ApiError::unknown_interaction())
}

/// The message that the pressed button is on.
fn pressed(world: &World, id: u64) -> Result<u64, ApiError> {
    let known = world.interactions.get(id);
    let message = known.and_then(|known| match known.deed {
        Deed::Button { message } => Some((known.channel, message)),
        Deed::Command { .. } => None,
    });
    let there = message.filter(|(channel, message)| world.any_message(*channel, *message).is_some());
    there.map(|(_, message)| message).ok_or(ApiError::unknown_message())
}

fn updated(world: &mut World, call: &Call, id: u64, data: &Value) -> Result<u64, ApiError> {
    let (message, channel) = (pressed(world, id)?, channel(world, id)?);
    let revision = revision(world, call, data, (channel, message))?;
    world.revise_answer(channel, message, revision);
    Ok(message)
}

fn channel(world: &World, id: u64) -> Result<u64, ApiError> {
    let channel = world.interactions.get(id).map(|known| known.channel);
    channel.filter(|channel| world.channels.contains_key(channel)).ok_or(ApiError::unknown_channel())
}

fn outcome(world: &World, id: u64, original: u64, manner: Manner) -> Result<Reply, ApiError> {
    let known = world.interactions.get(id).ok_or(ApiError::unknown_interaction())?;
    let message = world.any_message(known.channel, original).ok_or(ApiError::unknown_message())?;
    let mut value = json!({"interaction": {
        "id": Id(id), "type": known.deed.number(), "response_message_id": Id(original), "channel_id": Id(known.channel),
        "response_message_loading": message.flags & LOADING != 0,
        "response_message_ephemeral": message.flags & EPHEMERAL != 0,
    }});
    if let Some(guild) = known.guild {
        value["interaction"]["guild_id"] = json!(Id(guild));
    }
    if matches!(manner, Manner::Message | Manner::Update) {
        let shown: Value = serde_json::from_str(&world.message_json(message, Way::Rest)).unwrap_or_default();
        value["resource"] = json!({"type": manner as u8, "message": shown});
    }
    Ok(Reply::json(&value))
}
