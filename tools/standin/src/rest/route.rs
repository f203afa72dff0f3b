//! What a request is about: the path as one value, with its secret (a webhook token) kept apart.

use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};

/// The kinds of REST routes, named after what they do; one rate-limit bucket family each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// `GET /gateway`
    Gateway,
    /// `GET /gateway/bot`
    GatewayBot,
    /// `GET /users/@me`
    Me,
    /// `GET /users/{id}`
    User,
    /// `GET /users/@me/guilds`
    MyGuilds,
    /// `GET /applications/@me` and `GET /oauth2/applications/@me`
    Application,
    /// `GET /guilds/{id}`
    Guild,
    /// `GET /guilds/{id}/channels`
    GuildChannels,
    /// `GET /guilds/{id}/roles`
    GuildRoles,
    /// `GET /guilds/{id}/members/{user}`
    GuildMember,
    /// `GET /guilds/{id}/threads/active`
    ActiveThreads,
    /// `GET /guilds/{id}/webhooks`
    GuildWebhooks,
    /// `GET /channels/{id}`
    Channel,
    /// `PATCH /channels/{id}`
    EditChannel,
    /// `DELETE /channels/{id}`
    DeleteChannel,
    /// `PUT /channels/{id}/permissions/{overwrite}`
    PutOverwrite,
    /// `DELETE` of the same
    DeleteOverwrite,
    /// `GET /channels/{id}/messages`
    ListMessages,
    /// `GET /channels/{id}/messages/{message}`
    GetMessage,
    /// `POST /channels/{id}/messages`
    CreateMessage,
    /// `PATCH /channels/{id}/messages/{message}`
    EditMessage,
    /// `DELETE /channels/{id}/messages/{message}`
    DeleteMessage,
    /// `POST /channels/{id}/messages/bulk-delete`
    BulkDelete,
    /// `PUT .../messages/{message}/reactions/{emoji}/@me`
    AddReaction,
    /// `DELETE .../messages/{message}/reactions/{emoji}/@me`, or another user's
    RemoveReaction,
    /// `DELETE .../messages/{message}/reactions`, or all with one emoji
    ClearReactions,
    /// `GET .../messages/{message}/reactions/{emoji}`
    ListReactions,
    /// `GET /channels/{id}/messages/pins`
    ListPins,
    /// `GET /channels/{id}/pins`
    OldPins,
    /// `PUT /channels/{id}/messages/pins/{message}`, and the old `/channels/{id}/pins/{message}`
    Pin,
    /// `DELETE` of the same
    Unpin,
    /// `POST /channels/{id}/messages/{message}/threads`
    StartThread,
    /// `POST /channels/{id}/threads`
    CreateThread,
    /// `GET /channels/{id}/threads/archived/public`
    ArchivedThreads,
    /// `GET /channels/{id}/threads/archived/private`
    PrivateArchivedThreads,
    /// `GET /channels/{id}/thread-members`
    ThreadMembers,
    /// `GET /channels/{id}/thread-members/{user}`
    ThreadMember,
    /// `PUT` of the same, or of `@me`
    JoinThread,
    /// `DELETE` of the same, or of `@me`
    LeaveThread,
    /// `GET /channels/{id}/webhooks`
    ChannelWebhooks,
    /// `POST /channels/{id}/webhooks`
    CreateWebhook,
    /// `GET /webhooks/{id}`, with or without token
    GetWebhook,
    /// `PATCH /webhooks/{id}`, with or without token
    EditWebhook,
    /// `DELETE /webhooks/{id}`, with or without token
    DeleteWebhook,
    /// `POST /webhooks/{id}/{token}`
    ExecuteWebhook,
    /// `GET /webhooks/{id}/{token}/messages/{message}`
    GetWebhookMessage,
    /// `PATCH /webhooks/{id}/{token}/messages/{message}`
    EditWebhookMessage,
    /// `DELETE /webhooks/{id}/{token}/messages/{message}`
    DeleteWebhookMessage,
    /// `POST /attachments/refresh-urls`
    RefreshUrls,
    /// `GET /applications/{id}/commands`
    Commands,
    /// `PUT` of the same
    PutCommands,
    /// `POST` of the same
    CreateCommand,
    /// `POST /interactions/{id}/{token}/callback`
    AnswerInteraction,
    /// `POST /webhooks/{application}/{token}` with the token of an interaction
    CreateFollowUp,
    /// `GET /webhooks/{application}/{token}/messages/{message}`, or `@original`
    GetFollowUp,
    /// `PATCH` of the same
    EditFollowUp,
    /// `DELETE` of the same
    DeleteFollowUp,
    /// Anything else: answered 404
    Unknown,
}

/// Stands for the id of the first answer to an interaction.
const ORIGINAL: &str = "@original";

impl fmt::Display for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A parsed path. The token never leaves this struct: not into the ledger, not into a log line.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) kind: RouteKind,
    pub(crate) guild: Option<u64>,
    pub(crate) channel: Option<u64>,
    pub(crate) webhook: Option<u64>,
    pub(crate) application: Option<u64>,
    pub(crate) interaction: Option<u64>,
    pub(crate) message: Option<u64>,
    pub(crate) user: Option<u64>,
    /// A role or a member.
    pub(crate) overwrite: Option<u64>,
    /// As it is in the path, encoded.
    pub(crate) emoji: Option<Box<str>>,
    pub(crate) token: Option<Box<str>>,
    /// The first part that should be an id and is none: its name, and what stands there.
    pub(crate) wrong: Option<(&'static str, Box<str>)>,
}

impl Route {
    fn of(kind: RouteKind) -> Self {
        Self {
            kind,
            guild: None,
            channel: None,
            webhook: None,
            application: None,
            interaction: None,
            message: None,
            user: None,
            overwrite: None,
            emoji: None,
            token: None,
            wrong: None,
        }
    }

    /// Notes what is no id.
    fn id(&mut self, name: &'static str, text: &str) -> Option<u64> {
        let id = text.parse().ok();
        if id.is_none() && self.wrong.is_none() {
            self.wrong = Some((name, text.into()));
        }
        id
    }

    fn guild(mut self, id: &str) -> Self {
        self.guild = self.id("guild_id", id);
        self
    }

    fn channel(mut self, id: &str) -> Self {
        self.channel = self.id("channel_id", id);
        self
    }

    fn webhook(mut self, id: &str) -> Self {
        self.webhook = self.id("webhook_id", id);
        self
    }

    fn application(mut self, id: &str) -> Self {
        self.application = self.id("application_id", id);
        self
    }

    fn interaction(mut self, id: &str) -> Self {
        self.interaction = self.id("interaction_id", id);
        self
    }

    fn message(mut self, id: &str) -> Self {
        self.message = self.id("message_id", id);
        self
    }

    fn user(mut self, id: &str) -> Self {
        self.user = self.id("user_id", id);
        self
    }

    fn overwrite(mut self, id: &str) -> Self {
        self.overwrite = self.id("overwrite_id", id);
        self
    }

    fn emoji(mut self, emoji: &str) -> Self {
        self.emoji = Some(emoji.into());
        self
    }

    fn token(mut self, token: &str) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Reads a method and a path below `/api/vN`.
    pub(crate) fn parse(method: &Method, path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.first() {
            Some(&"channels") => Self::in_channel(method.as_str(), &parts[1..]),
            Some(&"webhooks") => Self::in_webhook(method.as_str(), &parts[1..]),
            Some(&"guilds") => Self::in_guild(method.as_str(), &parts[1..]),
            _ => Self::elsewhere(method.as_str(), &parts),
        }
    }

    fn elsewhere(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("POST", ["attachments", "refresh-urls"]) => Self::of(K::RefreshUrls),
            ("GET", ["gateway"]) => Self::of(K::Gateway),
            ("GET", ["gateway", "bot"]) => Self::of(K::GatewayBot),
            ("GET", ["users", "@me"]) => Self::of(K::Me),
            ("GET", ["users", "@me", "guilds"]) => Self::of(K::MyGuilds),
            ("GET", ["users", id]) => Self::of(K::User).user(id),
            ("GET", ["applications", "@me"] | ["oauth2", "applications", "@me"]) => Self::of(K::Application),
            ("GET", ["applications", id, "commands"]) => Self::of(K::Commands).application(id),
            ("PUT", ["applications", id, "commands"]) => Self::of(K::PutCommands).application(id),
            ("POST", ["applications", id, "commands"]) => Self::of(K::CreateCommand).application(id),
            ("POST", ["interactions", id, token, "callback"]) => {
                Self::of(K::AnswerInteraction).interaction(id).token(token)
            }
            _ => Self::of(K::Unknown),
        }
    }

    fn in_guild(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("GET", [id]) => Self::of(K::Guild).guild(id),
            ("GET", [id, "channels"]) => Self::of(K::GuildChannels).guild(id),
            ("GET", [id, "roles"]) => Self::of(K::GuildRoles).guild(id),
            ("GET", [id, "members", user]) => Self::of(K::GuildMember).guild(id).user(user),
            ("GET", [id, "threads", "active"]) => Self::of(K::ActiveThreads).guild(id),
            ("GET", [id, "webhooks"]) => Self::of(K::GuildWebhooks).guild(id),
            _ => Self::of(K::Unknown),
        }
    }

    fn in_channel(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("GET", [id]) => Self::of(K::Channel).channel(id),
            ("PATCH", [id]) => Self::of(K::EditChannel).channel(id),
            ("DELETE", [id]) => Self::of(K::DeleteChannel).channel(id),
            ("GET", [id, "messages"]) => Self::of(K::ListMessages).channel(id),
            ("POST", [id, "messages"]) => Self::of(K::CreateMessage).channel(id),
            ("POST", [id, "messages", "bulk-delete"]) => Self::of(K::BulkDelete).channel(id),
            (_, [_, "messages", "pins", ..] | [_, "pins", ..]) => Self::in_pins(method, parts),
            ("PUT", [id, "permissions", whose]) => Self::of(K::PutOverwrite).channel(id).overwrite(whose),
            ("DELETE", [id, "permissions", whose]) => {
                Self::of(K::DeleteOverwrite).channel(id).overwrite(whose)
            }
            (_, [id, "thread-members", rest @ ..]) => Self::in_members(method, rest).channel(id),
            (_, [id, "messages", m, "reactions", rest @ ..]) => {
                Self::in_reactions(method, rest).channel(id).message(m)
            }
            ("GET", [id, "messages", m]) => Self::of(K::GetMessage).channel(id).message(m),
            ("PATCH", [id, "messages", m]) => Self::of(K::EditMessage).channel(id).message(m),
            ("DELETE", [id, "messages", m]) => Self::of(K::DeleteMessage).channel(id).message(m),
            ("POST", [id, "messages", m, "threads"]) => Self::of(K::StartThread).channel(id).message(m),
            ("POST", [id, "threads"]) => Self::of(K::CreateThread).channel(id),
            ("GET", [id, "threads", "archived", "public"]) => Self::of(K::ArchivedThreads).channel(id),
            ("GET", [id, "threads", "archived", "private"]) => {
                Self::of(K::PrivateArchivedThreads).channel(id)
            }
            ("GET", [id, "webhooks"]) => Self::of(K::ChannelWebhooks).channel(id),
            ("POST", [id, "webhooks"]) => Self::of(K::CreateWebhook).channel(id),
            _ => Self::of(K::Unknown),
        }
    }

    /// `@me` is nobody else, and only joins and leaves.
    fn in_members(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("GET", []) => Self::of(K::ThreadMembers),
            ("PUT", ["@me"]) => Self::of(K::JoinThread),
            ("DELETE", ["@me"]) => Self::of(K::LeaveThread),
            ("GET", [user]) => Self::of(K::ThreadMember).user(user),
            ("PUT", [user]) => Self::of(K::JoinThread).user(user),
            ("DELETE", [user]) => Self::of(K::LeaveThread).user(user),
            _ => Self::of(K::Unknown),
        }
    }

    fn in_reactions(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("PUT", [emoji, "@me"]) => Self::of(K::AddReaction).emoji(emoji),
            ("DELETE", [emoji, "@me"]) => Self::of(K::RemoveReaction).emoji(emoji),
            ("DELETE", [emoji, user]) => Self::of(K::RemoveReaction).emoji(emoji).user(user),
            ("DELETE", [emoji]) => Self::of(K::ClearReactions).emoji(emoji),
            ("DELETE", []) => Self::of(K::ClearReactions),
            ("GET", [emoji]) => Self::of(K::ListReactions).emoji(emoji),
            _ => Self::of(K::Unknown),
        }
    }

    fn in_pins(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        match (method, parts) {
            ("GET", [id, "messages", "pins"]) => Self::of(K::ListPins).channel(id),
            ("GET", [id, "pins"]) => Self::of(K::OldPins).channel(id),
            ("PUT", [id, "messages", "pins", m] | [id, "pins", m]) => Self::of(K::Pin).channel(id).message(m),
            ("DELETE", [id, "messages", "pins", m] | [id, "pins", m]) => {
                Self::of(K::Unpin).channel(id).message(m)
            }
            _ => Self::of(K::Unknown),
        }
    }

    fn in_webhook(method: &str, parts: &[&str]) -> Self {
        use RouteKind as K;
        let (kind, message) = match (method, parts) {
            ("GET", [_] | [_, _]) => (K::GetWebhook, None),
            ("PATCH", [_] | [_, _]) => (K::EditWebhook, None),
            ("DELETE", [_] | [_, _]) => (K::DeleteWebhook, None),
            ("POST", [_, _]) => (K::ExecuteWebhook, None),
            ("GET", [_, _, "messages", m]) => (K::GetWebhookMessage, Some(*m)),
            ("PATCH", [_, _, "messages", m]) => (K::EditWebhookMessage, Some(*m)),
            ("DELETE", [_, _, "messages", m]) => (K::DeleteWebhookMessage, Some(*m)),
            _ => return Self::of(K::Unknown),
        };
        let message = message.filter(|message| *message != ORIGINAL);
        let route = message.into_iter().fold(Self::of(kind).webhook(parts[0]), Self::message);
        parts.get(1).map_or(route.clone(), |token| route.token(token))
    }

    /// A webhook with the application's id and a token is an interaction's.
    pub(crate) fn known_to(mut self, application: u64) -> Self {
        use RouteKind as K;
        self.kind = match self.kind {
            kind if self.webhook != Some(application) || self.token.is_none() => kind,
            K::ExecuteWebhook => K::CreateFollowUp,
            K::GetWebhookMessage => K::GetFollowUp,
            K::EditWebhookMessage => K::EditFollowUp,
            K::DeleteWebhookMessage => K::DeleteFollowUp,
            kind => kind,
        };
        self
    }

    /// Is it one of those that an interaction's token opens?
    pub(crate) fn is_of_interaction(&self) -> bool {
        use RouteKind as K;
        matches!(
            self.kind,
            K::AnswerInteraction | K::CreateFollowUp | K::GetFollowUp | K::EditFollowUp | K::DeleteFollowUp
        )
    }
}
