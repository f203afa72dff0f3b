//! Webhooks: managed with the bot's token, used with their own.

use serde_json::Value;

use super::{
    Call, form,
    form::MessageForm,
    history::visible,
    message::{allowed, revision, shown},
    place::{may_edit, not_archived, takes_messages},
    reply::{ApiError, Reply},
    thread::first_tags,
    upload::files,
};
use crate::{
    id,
    ledger::Actor,
    world::{
        Author, Channel, Webhook, World, mention::Allowed, message::Draft, thread::NewThread,
        webhook::WebhookChange,
    },
};

const PER_CHANNEL_MAX: usize = 15;

/// Flags that a webhook may set: SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_COMPONENTS_V2.
const FLAGS_SETTABLE: u32 = 1 << 2 | 1 << 12 | 1 << 15;

/// The webhook of the path; with a token in the path, only if it is the right one.
fn found<'a>(world: &'a World, call: &Call) -> Result<&'a Webhook, ApiError> {
    let webhook =
        call.route.webhook.and_then(|id| world.webhooks.get(&id)).ok_or(ApiError::unknown_webhook())?;
    match &call.route.token {
        Some(token) if **token != *webhook.token => Err(ApiError::invalid_webhook_token()),
        Some(_) => Ok(webhook),
        None => may_manage(world, webhook.channel).map(|_| webhook),
    }
}

fn may_manage(world: &World, channel: u64) -> Result<&Channel, ApiError> {
    let channel = world.channels.get(&channel).ok_or(ApiError::unknown_channel())?;
    let may = world.permissions_in(channel.id);
    if !may.view_channel {
        return Err(ApiError::missing_access());
    }
    if may.manage_webhooks { Ok(channel) } else { Err(ApiError::missing_permissions()) }
}

/// `GET /channels/{id}/webhooks` and `GET /guilds/{id}/webhooks`
pub(crate) fn list(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let channels = match (call.route.channel, call.route.guild) {
        (Some(channel), _) => vec![may_manage(world, channel)?],
        (None, guild) => {
            let guild = guild.and_then(|id| world.guilds.get(&id)).ok_or(ApiError::unknown_guild())?;
            let all = guild.channels.iter().filter_map(|id| world.channels.get(id));
            all.filter(|channel| world.permissions_in(channel.id).manage_webhooks).collect()
        }
    };
    let webhooks =
        channels.iter().flat_map(|channel| &channel.webhooks).filter_map(|id| world.webhooks.get(id));
    Ok(Reply::json(&webhooks.map(|webhook| world.webhook_json(webhook, true)).collect::<Vec<_>>()))
}

/// `POST /channels/{id}/webhooks`
pub(crate) fn create(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = may_manage(world, visible(world, call)?.id)?;
    let name = form::webhook_name(call.object()?, true)?.unwrap_or_default();
    has_room(channel, 0)?;
    let channel = channel.id;
    let id = world.add_webhook(channel, &name, Actor::Bot).ok_or(ApiError::unknown_channel())?;
    described(world, id, true)
}

/// For this webhook, which may be there already.
fn has_room(channel: &Channel, webhook: u64) -> Result<(), ApiError> {
    let full = channel.webhooks.iter().filter(|id| **id != webhook).count() >= PER_CHANNEL_MAX;
    if full { Err(ApiError::too_many_webhooks()) } else { Ok(()) }
}

fn described(world: &World, id: u64, with_user: bool) -> Result<Reply, ApiError> {
    let webhook = world.webhooks.get(&id).ok_or(ApiError::unknown_webhook())?;
    Ok(Reply::json(&world.webhook_json(webhook, with_user)))
}

/// `GET /webhooks/{id}` with or without token
pub(crate) fn get(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let webhook = found(world, call)?;
    described(world, webhook.id, call.route.token.is_none())
}

fn actor(call: &Call) -> Actor {
    match (&call.route.token, call.route.webhook) {
        (Some(_), Some(id)) => Actor::Webhook(id),
        _ => Actor::Bot,
    }
}

/// `PATCH /webhooks/{id}` with or without token; only the bot may move it.
pub(crate) fn edit(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let id = found(world, call)?.id;
    let body = call.object()?;
    let asked = id::from_json(&body["channel_id"]).filter(|_| call.route.token.is_none());
    if let Some(channel) = asked {
        has_room(may_manage(world, channel)?, id)?;
    }
    let change = WebhookChange { name: form::webhook_name(body, false)?, channel: asked };
    world.change_webhook(id, &change, actor(call));
    described(world, id, call.route.token.is_none())
}

/// `DELETE /webhooks/{id}` with or without token
pub(crate) fn delete(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let id = found(world, call)?.id;
    world.remove_webhook(id, actor(call));
    Ok(Reply::no_content())
}

/// Where a webhook posts: its channel, or one of its threads.
fn target(world: &World, call: &Call, webhook: &Webhook) -> Result<u64, ApiError> {
    let Some(thread) = call.id("thread_id")? else { return Ok(webhook.channel) };
    let fits = world.channels.get(&thread).is_some_and(|thread| thread.parent == Some(webhook.channel));
    if fits { Ok(thread) } else { Err(ApiError::unknown_channel()) }
}

/// `POST /webhooks/{id}/{token}`: 204, or with `wait=true` 200 and the message.
pub(crate) fn execute(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let webhook = found(world, call)?;
    let body = call.object()?;
    let form = form::message(body)?;
    let files = files(call, body)?;
    form.not_empty(&files)?;
    let place = place(world, call, webhook)?;
    let author = author(webhook, body)?;
    let actor = Actor::Webhook(webhook.id);
    let mut draft = draft(webhook.channel, author, &form, body);
    let home = draft.channel;
    draft.extra.attachments = files.into_iter().map(|file| world.store(home, file)).collect();
    let (channel, id) = match place {
        Place::Channel(channel) => (channel, world.post(Draft { channel, ..draft }, actor)),
        Place::Post(new) => {
            let id = world.create_post(home, new, draft, actor).ok_or(ApiError::unknown_channel())?;
            (id, id)
        }
    };
    if call.flag("wait") { shown(world, channel, id) } else { Ok(Reply::no_content()) }
}

/// Where a webhook's message goes.
enum Place {
    Channel(u64),
    /// A new post of the webhook's forum.
    Post(NewThread),
}

fn place(world: &World, call: &Call, webhook: &Webhook) -> Result<Place, ApiError> {
    let channel = world.channels.get(&webhook.channel).ok_or(ApiError::unknown_channel())?;
    let body = call.object()?;
    let name = form::name_of(body, "thread_name", false)?;
    match (channel.kind.has_posts(), call.id("thread_id")?, name) {
        (true, None, None) => Err(ApiError::forum_needs_thread()),
        (true, Some(_), Some(_)) => Err(ApiError::forum_needs_one_thread()),
        (false, _, Some(_)) => Err(ApiError::not_a_forum()),
        (true, None, Some(name)) => {
            let mut new = NewThread::new(&name, webhook.id);
            new.tags = first_tags(channel, body)?;
            Ok(Place::Post(new))
        }
        (_, _, None) => {
            let target = target(world, call, webhook)?;
            world.channels.get(&target).map_or(Ok(()), takes_messages)?;
            Ok(Place::Channel(target))
        }
    }
}

fn draft(channel: u64, author: Author, form: &MessageForm, body: &Value) -> Draft {
    let mut draft = Draft::new(channel, author, form.content.as_deref().unwrap_or_default());
    draft.extra = form.extra();
    draft.flags = form.flags.unwrap_or(0) & FLAGS_SETTABLE;
    draft.tts = body["tts"].as_bool().unwrap_or(false);
    draft.allowed = allowed(body).unwrap_or_else(Allowed::users_only);
    draft
}

fn author(webhook: &Webhook, body: &Value) -> Result<Author, ApiError> {
    let name = form::username(body)?.unwrap_or_else(|| webhook.name.clone());
    let avatar = body["avatar_url"].as_str().map(str::to_owned).or_else(|| webhook.avatar.clone());
    Ok(Author::Webhook {
        id: webhook.id,
        name: name.into(),
        avatar: avatar.map(Into::into),
        application: webhook.application,
    })
}

/// The channel and the id of a message that this webhook posted.
fn own_message(world: &World, call: &Call) -> Result<(u64, u64), ApiError> {
    let webhook = found(world, call)?;
    let channel = target(world, call, webhook)?;
    let id = call.route.message.unwrap_or(0);
    let message = world.channels.get(&channel).and_then(|channel| channel.messages.get(&id));
    let own = message.filter(|message| message.author.webhook() == Some(webhook.id));
    own.map(|_| (channel, id)).ok_or(ApiError::unknown_message())
}

/// `GET /webhooks/{id}/{token}/messages/{message}`
pub(crate) fn get_message(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, id) = own_message(world, call)?;
    shown(world, channel, id)
}

/// `PATCH /webhooks/{id}/{token}/messages/{message}`
pub(crate) fn edit_message(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, id) = own_message(world, call)?;
    world.channels.get(&channel).map_or(Ok(()), not_archived)?;
    may_edit(world, (channel, id))?;
    let revision = revision(world, call, call.object()?, (channel, id))?;
    world.revise(channel, id, revision, actor(call));
    shown(world, channel, id)
}

/// `DELETE /webhooks/{id}/{token}/messages/{message}`
pub(crate) fn delete_message(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let (channel, id) = own_message(world, call)?;
    world.remove(channel, id, actor(call));
    Ok(Reply::no_content())
}
