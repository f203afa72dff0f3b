//! What a request addresses: all that logs and the limiter may know of it. Never a token.

use http::Method;
use std::fmt;

/// One of the routes that the node uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Post a copy.
    ExecuteWebhook,
    /// Change a copy.
    EditCopy,
    /// Remove a copy.
    DeleteCopy,
    /// Read a copy.
    ReadCopy,
    /// Have a file's address signed anew.
    RefreshFiles,
    /// List a channel's webhooks.
    ListWebhooks,
    /// Make a webhook.
    CreateWebhook,
    /// Post as the bot.
    PostMessage,
    /// Read a page of a channel's messages.
    ReadMessages,
    /// Read one message.
    ReadMessage,
    /// Read a channel.
    ReadChannel,
    /// Open a thread on a message.
    OpenThread,
    /// Change a thread.
    ChangeThread,
    /// Remove a thread.
    RemoveThread,
    /// Make a post in a forum.
    MakePost,
    /// List a guild's threads and posts that are not archived.
    ListActive,
    /// List a channel's threads, or a forum's posts, that are.
    ListArchived,
    /// Read our own application.
    ReadApplication,
    /// Read the bot's own user.
    ReadUser,
    /// Read how many shards to run, and how they may start.
    ReadGateway,
    /// Make the application's commands these.
    RegisterCommands,
    /// Answer an interaction.
    AnswerInteraction,
    /// Change that answer.
    ChangeAnswer,
    /// Read a guild: its owner and roles.
    ReadGuild,
    /// Read a member of a guild.
    ReadMember,
}

impl Kind {
    /// All of them, each at its own place.
    pub const ALL: [Self; 25] = [
        Self::ExecuteWebhook,
        Self::EditCopy,
        Self::DeleteCopy,
        Self::ReadCopy,
        Self::RefreshFiles,
        Self::ListWebhooks,
        Self::CreateWebhook,
        Self::PostMessage,
        Self::ReadMessages,
        Self::ReadMessage,
        Self::ReadChannel,
        Self::OpenThread,
        Self::ChangeThread,
        Self::RemoveThread,
        Self::MakePost,
        Self::ListActive,
        Self::ListArchived,
        Self::ReadApplication,
        Self::ReadUser,
        Self::ReadGateway,
        Self::RegisterCommands,
        Self::AnswerInteraction,
        Self::ChangeAnswer,
        Self::ReadGuild,
        Self::ReadMember,
    ];

    /// Whether two nodes of a cluster use it: that with the channel's shard fills gaps, that with the mirror's partition
    /// looks for copies.
    #[must_use]
    pub const fn is_read_by_two(self) -> bool {
        matches!(self, Self::ReadMessages | Self::ReadMessage | Self::ReadChannel)
    }

    /// Method and path, with names where ids and tokens stand.
    #[must_use]
    pub const fn template(self) -> &'static str {
        match self {
            Self::ExecuteWebhook => "POST /webhooks/{webhook}/{token}",
            Self::EditCopy => "PATCH /webhooks/{webhook}/{token}/messages/{message}",
            Self::DeleteCopy => "DELETE /webhooks/{webhook}/{token}/messages/{message}",
            Self::ReadCopy => "GET /webhooks/{webhook}/{token}/messages/{message}",
            Self::RefreshFiles => "POST /attachments/refresh-urls",
            Self::ListWebhooks => "GET /channels/{channel}/webhooks",
            Self::CreateWebhook => "POST /channels/{channel}/webhooks",
            Self::PostMessage => "POST /channels/{channel}/messages",
            Self::ReadMessages => "GET /channels/{channel}/messages",
            Self::ReadMessage => "GET /channels/{channel}/messages/{message}",
            Self::ReadChannel => "GET /channels/{channel}",
            Self::OpenThread => "POST /channels/{channel}/messages/{message}/threads",
            Self::ChangeThread => "PATCH /channels/{channel}",
            Self::RemoveThread => "DELETE /channels/{channel}",
            Self::MakePost => "POST /channels/{channel}/threads",
            Self::ListActive => "GET /guilds/{guild}/threads/active",
            Self::ListArchived => "GET /channels/{channel}/threads/archived/public",
            Self::ReadApplication => "GET /applications/@me",
            Self::ReadUser => "GET /users/@me",
            Self::ReadGateway => "GET /gateway/bot",
            Self::RegisterCommands => "PUT /applications/{application}/commands",
            Self::AnswerInteraction => "POST /interactions/{interaction}/{token}/callback",
            Self::ChangeAnswer => "PATCH /webhooks/{application}/{token}/messages/@original",
            Self::ReadGuild => "GET /guilds/{guild}",
            Self::ReadMember => "GET /guilds/{guild}/members/{user}",
        }
    }

    /// Its method. (twilight's own enum of them is open, so it cannot be matched.)
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::ExecuteWebhook
            | Self::CreateWebhook
            | Self::PostMessage
            | Self::OpenThread
            | Self::MakePost
            | Self::AnswerInteraction
            | Self::RefreshFiles => Method::POST,
            Self::RegisterCommands => Method::PUT,
            Self::EditCopy | Self::ChangeThread | Self::ChangeAnswer => Method::PATCH,
            Self::DeleteCopy | Self::RemoveThread => Method::DELETE,
            Self::ReadCopy
            | Self::ListWebhooks
            | Self::ReadMessages
            | Self::ReadMessage
            | Self::ReadChannel
            | Self::ListActive
            | Self::ListArchived
            | Self::ReadApplication
            | Self::ReadUser
            | Self::ReadGateway
            | Self::ReadGuild
            | Self::ReadMember => Method::GET,
        }
    }
}

/// The last kind is listed, so all are.
const _: () = assert!(Kind::ALL.len() == Kind::ReadMember as usize + 1);

/// A route with its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which route.
    pub kind: Kind,
    /// The top-level resource (the id of a webhook, channel or guild), or zero.
    pub major: u64,
    /// The message addressed, or zero.
    pub message: u64,
    /// The channel in which it posts through a webhook, if it does.
    pub posts_in: Option<u64>,
}

impl Route {
    /// What the limiter learns a bucket for: the route and its top-level resource.
    #[must_use]
    pub const fn key(self) -> RouteKey {
        RouteKey { kind: self.kind, major: self.major }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.template())?;
        write!(f, " [{}", self.major)?;
        if self.message != 0 {
            write!(f, "/{}", self.message)?;
        }
        f.write_str("]")
    }
}

/// A route and its top-level resource: Discord counts requests per such pair.
/// Source: Discord, "Rate Limits".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteKey {
    /// Which route.
    pub kind: Kind,
    /// The top-level resource, or zero.
    pub major: u64,
}
