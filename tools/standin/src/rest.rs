//! The REST routes: a call in, a reply out, the effect in between and under the world's lock.

pub(crate) mod body;
pub(crate) mod channel;
pub(crate) mod command;
mod command_form;
mod component;
pub(crate) mod follow_up;
pub(crate) mod form;
pub(crate) mod guild;
pub(crate) mod history;
pub(crate) mod interaction;
pub(crate) mod message;
pub(crate) mod overwrite;
pub(crate) mod place;
pub(crate) mod reaction;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod thread;
pub(crate) mod thread_member;
pub(crate) mod upload;
pub(crate) mod webhook;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use self::{
    reply::{ApiError, Reply},
    route::{Route, RouteKind},
    upload::Upload,
};
use crate::{ledger, limits::meters::Client, world::World};

/// A request, read to its end.
pub(crate) struct Call {
    pub(crate) client: Client,
    pub(crate) method: Method,
    pub(crate) route: Route,
    pub(crate) query: String,
    pub(crate) authorization: Option<Box<str>>,
    pub(crate) body: Result<Value, ApiError>,
    pub(crate) files: Vec<Upload>,
}

impl Call {
    /// `path` is below `/api/vN`.
    pub(crate) fn new(method: Method, path: &str, query: &str, headers: &HeaderMap, bytes: &Bytes) -> Self {
        let route = Route::parse(&method, path);
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let read = body::read(header(http::header::CONTENT_TYPE), bytes);
        let (body, files) = match read {
            Ok((body, files)) => (Ok(body), files),
            Err(error) => (Err(error), Vec::new()),
        };
        let authorization = header(http::header::AUTHORIZATION).map(Into::into);
        let client = Client::named(header(http::header::USER_AGENT).unwrap_or_default());
        Self { client, method, route, query: query.to_owned(), authorization, body, files }
    }

    /// A parameter of the query string, as text.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    /// A boolean parameter: Discord accepts true, True and 1.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("true" | "True" | "1"))
    }

    /// An id parameter.
    pub(crate) fn id(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.param(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| form::not_snowflake(name, text))
    }

    /// The body as an object, or the error that it is not one.
    pub(crate) fn object(&self) -> Result<&Value, ApiError> {
        match &self.body {
            Ok(value) if value.is_object() => Ok(value),
            Ok(_) => Err(form::not_an_object()),
            Err(error) => Err(error.clone()),
        }
    }

    /// The ledger's entry for it. A webhook's channel is looked up in the world, and an interaction's.
    pub(crate) fn entry(&self, world: &World) -> ledger::Request {
        let token = self.route.token.as_deref().filter(|_| self.route.is_of_interaction());
        let of_interaction = token.and_then(|token| Some(world.interactions.by_token(token)?.channel));
        let of_webhook = self.route.webhook.and_then(|id| Some(world.webhooks.get(&id)?.channel));
        let thread = self.id("thread_id").ok().flatten();
        let said =
            |body: &Value| body["content"].as_str().or(body["data"]["content"].as_str()).map(Into::into);
        let content = self.body.as_ref().ok().and_then(said);
        ledger::Request {
            seq: 0,
            at_ms: 0,
            method: self.method.as_str().into(),
            kind: self.route.kind,
            guild: self.route.guild,
            channel: self.route.channel.or(thread).or(of_webhook).or(of_interaction),
            webhook: self.route.webhook,
            target: self.route.message,
            status: None,
            fault: None,
            refused: None,
            effect: None,
            content,
        }
    }
}

/// Does what the call asks for; never waits.
pub(crate) fn answer(world: &mut World, call: &Call, origin: &str) -> Reply {
    answered(world, call, origin).unwrap_or_else(|error| error.reply())
}

fn answered(world: &mut World, call: &Call, origin: &str) -> Result<Reply, ApiError> {
    use RouteKind as K;
    if call.route.kind == K::Unknown {
        return Err(ApiError::not_found());
    }
    authorize(world, call)?;
    if let Some((name, text)) = &call.route.wrong {
        return Err(form::not_snowflake(name, text));
    }
    match call.route.kind {
        K::Gateway | K::GatewayBot => Ok(guild::gateway(world, call, origin)),
        K::Me | K::User | K::MyGuilds | K::Application => guild::account(world, call),
        K::Guild | K::GuildChannels | K::GuildRoles | K::GuildMember => guild::guild(world, call),
        K::Channel => channel::get(world, call),
        K::EditChannel => channel::edit(world, call),
        K::DeleteChannel => channel::delete(world, call),
        K::PutOverwrite => overwrite::put(world, call),
        K::DeleteOverwrite => overwrite::delete(world, call),
        K::ThreadMembers => thread_member::list(world, call),
        K::ThreadMember => thread_member::get(world, call),
        K::JoinThread => thread_member::add(world, call),
        K::LeaveThread => thread_member::remove(world, call),
        K::AddReaction => reaction::add(world, call),
        K::RemoveReaction | K::ClearReactions => reaction::remove(world, call),
        K::ListReactions => reaction::list(world, call),
        K::Pin | K::Unpin => reaction::pin(world, call),
        K::ListPins | K::OldPins => reaction::pins(world, call),
        K::StartThread => thread::start(world, call),
        K::CreateThread => thread::create(world, call),
        K::ActiveThreads => thread::active(world, call),
        K::ArchivedThreads | K::PrivateArchivedThreads => thread::archived(world, call),
        K::ListMessages => history::list(world, call),
        K::GetMessage => history::one(world, call),
        K::CreateMessage => message::create(world, call),
        K::EditMessage => message::edit(world, call),
        K::DeleteMessage => message::delete(world, call),
        K::BulkDelete => message::bulk_delete(world, call),
        K::GuildWebhooks | K::ChannelWebhooks => webhook::list(world, call),
        K::CreateWebhook => webhook::create(world, call),
        K::GetWebhook => webhook::get(world, call),
        K::EditWebhook => webhook::edit(world, call),
        K::DeleteWebhook => webhook::delete(world, call),
        K::ExecuteWebhook => webhook::execute(world, call),
        K::GetWebhookMessage => webhook::get_message(world, call),
        K::EditWebhookMessage => webhook::edit_message(world, call),
        K::DeleteWebhookMessage => webhook::delete_message(world, call),
        K::RefreshUrls => upload::refresh(world, call),
        K::Commands => command::list(world, call),
        K::PutCommands => command::put(world, call),
        K::CreateCommand => command::create(world, call),
        K::AnswerInteraction => interaction::callback(world, call),
        K::CreateFollowUp => follow_up::create(world, call),
        K::GetFollowUp => follow_up::get(world, call),
        K::EditFollowUp => follow_up::edit(world, call),
        K::DeleteFollowUp => follow_up::delete(world, call),
        K::Unknown => Err(ApiError::not_found()),
    }
}

/// The bot's token, for every route but `GET /gateway` and those with a token of a webhook or an interaction.
fn authorize(world: &World, call: &Call) -> Result<(), ApiError> {
    if call.route.kind == RouteKind::Gateway || call.route.token.is_some() {
        return Ok(());
    }
    let given = call.authorization.as_deref().and_then(|value| value.strip_prefix("Bot "));
    if given.map(str::trim) == Some(&world.token) { Ok(()) } else { Err(ApiError::unauthorized()) }
}
