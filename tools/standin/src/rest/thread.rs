//! Threads and posts: started, changed, listed.

use serde_json::{Value, json};

use super::{
    Call, form,
    history::visible,
    message::{allowed, shown},
    place::{may_write, not_archived},
    reply::{ApiError, Reply},
    route::RouteKind,
    upload::files,
};
use crate::{
    id,
    ledger::Actor,
    world::{
        Author, Channel, World,
        channel_kind::ChannelKind,
        mention::Allowed,
        message::Draft,
        thread::{IDLE_MINUTES, NewThread, ThreadChange},
    },
};

/// Tags on one post.
const TAGS_MAX: usize = 5;

/// After how many minutes without a message a thread may be archived.
const IDLE_CHOICES: [u64; 4] = [60, 1440, 4320, 10_080];

const PAGE_MAX: usize = 100;
const PAGE_DEFAULT: usize = 50;

/// `POST /channels/{id}/messages/{message}/threads`
pub(crate) fn start(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let message = call.route.message.unwrap_or(0);
    if channel.thread.is_some() || channel.kind.has_posts() {
        return Err(ApiError::wrong_channel_type());
    }
    if !world.permissions_in(channel.id).create_public_threads {
        return Err(ApiError::missing_permissions());
    }
    channel.messages.get(&message).ok_or(ApiError::unknown_message())?;
    if world.channels.contains_key(&message) {
        return Err(ApiError::thread_exists());
    }
    let (channel, new) = (channel.id, new(world.bot, call.object()?)?);
    world.start_thread(channel, message, new, Actor::Bot).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&world.channel_json(message)).created())
}

/// `POST /channels/{id}/threads`: a thread of its own, or a post of a forum with its first message.
pub(crate) fn create(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let channel = visible(world, call)?;
    let body = call.object()?;
    if channel.thread.is_some() {
        return Err(ApiError::wrong_channel_type());
    }
    if channel.kind.has_posts() {
        return post(world, call);
    }
    let mut new = new(world.bot, body)?;
    // Discord's default, from the time before threads had a type.
    let asked = body["type"].as_u64().unwrap_or(ChannelKind::PrivateThread.number().into());
    let private = asked == u64::from(ChannelKind::PrivateThread.number());
    new.kind = private.then_some(ChannelKind::PrivateThread);
    let may = world.permissions_in(channel.id);
    let allowed = if private { may.create_private_threads } else { may.create_public_threads };
    if !allowed {
        return Err(ApiError::missing_permissions());
    }
    let channel = channel.id;
    let id = world.create_thread(channel, new, Actor::Bot).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&world.channel_json(id)).created())
}

fn post(world: &mut World, call: &Call) -> Result<Reply, ApiError> {
    let forum = visible(world, call)?;
    let body = call.object()?;
    let mut new = new(world.bot, body)?;
    new.tags = first_tags(forum, body)?;
    let message = &body["message"];
    let form = form::message(message)?;
    let files = files(call, message)?;
    may_write(world, forum, &form, &files)?;
    form.not_empty(&files)?;
    let text = form.content.as_deref().unwrap_or_default();
    let mut draft = Draft::new(forum.id, Author::User(world.bot), text);
    draft.flags = form.flags.unwrap_or(0);
    draft.extra = form.extra();
    draft.allowed = allowed(message).unwrap_or_else(Allowed::everything);
    let forum = forum.id;
    draft.extra.attachments = files.into_iter().map(|file| world.store(forum, file)).collect();
    let id = world.create_post(forum, new, draft, Actor::Bot).ok_or(ApiError::unknown_channel())?;
    let mut value = json!(world.channel_json(id));
    value["message"] = serde_json::from_slice(&shown(world, id, id)?.body).unwrap_or_default();
    Ok(Reply::json(&value).created())
}

fn new(owner: u64, body: &Value) -> Result<NewThread, ApiError> {
    let mut new = NewThread::new(&form::name(body, true)?.unwrap_or_default(), owner);
    new.idle_minutes = idle(body)?.unwrap_or(IDLE_MINUTES);
    Ok(new)
}

fn idle(body: &Value) -> Result<Option<u32>, ApiError> {
    let Some(asked) = body.get("auto_archive_duration").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let good = asked.as_u64().filter(|minutes| IDLE_CHOICES.contains(minutes));
    let minutes = good.and_then(|minutes| u32::try_from(minutes).ok());
    minutes.map(Some).ok_or_else(|| form::not_a_choice("auto_archive_duration", &IDLE_CHOICES))
}

/// The forum's tags that a body asks for.
fn tags(forum: &Channel, body: &Value) -> Result<Option<Vec<u64>>, ApiError> {
    let Some(asked) = body.get("applied_tags").and_then(Value::as_array) else { return Ok(None) };
    if asked.len() > TAGS_MAX {
        return Err(form::too_many("applied_tags", TAGS_MAX));
    }
    let known = |id: &u64| forum.tags.iter().any(|tag| tag.id == *id);
    let tags: Option<Vec<u64>> = asked.iter().map(|tag| id::from_json(tag).filter(known)).collect();
    tags.map(Some).ok_or(ApiError::unknown_tag())
}

/// The tags of a post that is to be made.
pub(crate) fn first_tags(forum: &Channel, body: &Value) -> Result<Vec<u64>, ApiError> {
    let tags = tags(forum, body)?.unwrap_or_default();
    if forum.lacks_tag(&tags) { Err(ApiError::tag_required()) } else { Ok(tags) }
}

/// What a PATCH of a thread asks for. An archived one can only be brought back.
pub(crate) fn change(world: &World, channel: &Channel, body: &Value) -> Result<ThreadChange, ApiError> {
    let forum = channel.parent.and_then(|id| world.channels.get(&id));
    let change = ThreadChange {
        name: form::name(body, false)?,
        archived: body["archived"].as_bool(),
        locked: body["locked"].as_bool(),
        idle_minutes: idle(body)?,
        tags: forum.map(|forum| tags(forum, body)).transpose()?.flatten(),
    };
    if change.archived != Some(false) {
        not_archived(channel)?;
    }
    Ok(change)
}

/// `GET /guilds/{id}/threads/active`
pub(crate) fn active(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let guild = call.route.guild.and_then(|id| world.guilds.get(&id)).ok_or(ApiError::unknown_guild())?;
    let threads = world.active_threads_json(guild);
    let members = world.thread_members_json(threads.iter());
    Ok(Reply::json(&json!({"threads": threads, "members": members, "has_more": false})))
}

/// `GET /channels/{id}/threads/archived/public` and `.../private`: the one archived last comes first.
pub(crate) fn archived(world: &World, call: &Call) -> Result<Reply, ApiError> {
    let Channel { id: parent, guild, .. } = *visible(world, call)?;
    let private = call.route.kind == RouteKind::PrivateArchivedThreads;
    let may = world.permissions_in(parent);
    if !may.read_message_history || private && !may.manage_threads {
        return Err(ApiError::missing_access());
    }
    let before = call.param("before").map_or(Ok(u64::MAX), |text| form::moment("before", text))?;
    let limit = call.param("limit").map_or(Ok(PAGE_DEFAULT), str::parse).unwrap_or(0);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(form::out_of_range("limit", PAGE_MAX as u64));
    }
    let here = world.channels_of(guild).filter(|channel| channel.parent == Some(parent));
    let mut found: Vec<(u64, u64)> = here
        .filter(|channel| (channel.kind == ChannelKind::PrivateThread) == private)
        .filter_map(|channel| {
            Some((channel.thread.as_ref().filter(|thread| thread.archived)?.turned_us, channel.id))
        })
        .filter(|(turned_us, _)| *turned_us < before)
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    let page = found.iter().take(limit).filter_map(|(_, id)| world.channel_json(*id));
    let threads: Vec<Value> = page.collect();
    let members = world.thread_members_json(threads.iter());
    Ok(Reply::json(&json!({"threads": threads, "members": members, "has_more": found.len() > limit})))
}
