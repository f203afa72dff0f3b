//! Requests, built and checked by twilight-http; sent by [`super::transport`].

use super::files::Spooled;
use super::multipart::Upload;
use super::route::{Kind, Route};
use super::webhooks::Hook;
use events::{ChannelId, GuildId, MessageId, UserId};
use projections::render::Rendered;
use projections::sink::{HISTORY_MAX, ThreadState, Threading};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::value::RawValue;
use std::error::Error as _;
use twilight_http::Client;
use twilight_http::request::{Method, Request, RequestBuilder, TryIntoRequest};
use twilight_model::channel::message::AllowedMentions;
use twilight_model::id::Id;

/// One request, and what may be said of it.
pub struct Call {
    /// What it addresses.
    pub route: Route,
    /// The request; its path may hold a token, so a `Call` has no `Debug`.
    pub request: Request,
    /// Files that go with it.
    pub files: Vec<Upload>,
}

/// Why a request cannot be built: its content breaks a rule of Discord's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unbuildable(pub String);

/// Builds requests. Holds no token: a webhook's comes with its [`Hook`], the bot's is added when sent.
pub struct Calls(Client);

/// A nonce that Discord remembers for a few minutes: at most this long. Source: Discord, "Create Message".
pub const NONCE_CHARS_MAX: usize = 25;

/// Nothing that a copy says may notify anyone; sent with every create and every edit.
#[derive(Serialize)]
struct Mentions {
    parse: [(); 0],
}

const NOBODY: Mentions = Mentions { parse: [] };

#[derive(Serialize)]
struct Execute<'a> {
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
    content: &'a str,
    embeds: Vec<&'a RawValue>,
    allowed_mentions: Mentions,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Described<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    applied_tags: Vec<String>,
}

/// What goes with a file of the same number.
#[derive(Serialize)]
struct Described<'a> {
    id: usize,
    filename: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// A file that is to stay.
#[derive(Serialize)]
struct Kept {
    id: String,
}

/// Text and embeds are always named: what is not named is not changed.
#[derive(Serialize)]
struct Edit<'a> {
    content: &'a str,
    embeds: Vec<&'a RawValue>,
    allowed_mentions: Mentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<Kept>>,
}

#[derive(Serialize)]
struct Post<'a> {
    content: &'a str,
    nonce: &'a str,
    enforce_nonce: bool,
    allowed_mentions: Mentions,
}

impl Calls {
    /// A builder. twilight's client starts a task for its limiter, so call this inside a runtime.
    #[must_use]
    pub fn new() -> Self {
        Self(Client::builder().ratelimiter(None).build())
    }

    /// Posts one part of a message through a webhook, with `files` as the part names them, and waits for the message
    /// that results. The post around it, where it makes one, has these `tags` of the forum.
    ///
    /// # Errors
    /// Where Discord's documented limits are broken.
    pub fn execute(
        &self,
        hook: &Hook,
        part: &Rendered,
        files: Vec<Spooled>,
        tags: &[u64],
    ) -> Result<Call, Unbuildable> {
        let uploads = part.files.iter().zip(files);
        let uploads: Vec<Upload> =
            uploads.map(|(shown, file)| Upload { name: shown.name.clone(), file }).collect();
        let body = json(&Execute {
            username: &part.username,
            avatar_url: part.avatar_url.as_deref(),
            content: &part.content,
            embeds: embeds(part)?,
            allowed_mentions: NOBODY,
            attachments: described(part, uploads.len()),
            thread_name: part.post.as_ref().map(|post| post.name.as_str()),
            applied_tags: tags.iter().map(u64::to_string).collect(),
        })?;
        let mut request = self
            .0
            .execute_webhook(id(hook.id.0)?, hook.token.expose_secret())
            .username(&part.username)
            .content(&part.content)
            .payload_json(&body);
        if let Some(thread) = part.thread.or(hook.thread) {
            request = request.thread_id(id(thread.0)?);
        }
        let mut call = call(Kind::ExecuteWebhook, hook.id.0, 0, request.wait())?;
        call.route.posts_in = Some(hook.channel.0);
        Ok(Call { files: uploads, ..call })
    }

    /// Makes a copy show `part`. Of its files those in `keep` stay; without that, all do.
    ///
    /// # Errors
    /// Where Discord's documented limits are broken.
    pub fn edit(
        &self,
        hook: &Hook,
        copy: MessageId,
        part: &Rendered,
        keep: Option<&[u64]>,
    ) -> Result<Call, Unbuildable> {
        let kept = |ids: &[u64]| ids.iter().map(|id| Kept { id: id.to_string() }).collect();
        let body = json(&Edit {
            content: &part.content,
            embeds: embeds(part)?,
            allowed_mentions: NOBODY,
            attachments: keep.map(kept),
        })?;
        let mut request = self
            .0
            .update_webhook_message(id(hook.id.0)?, hook.token.expose_secret(), id(copy.0)?)
            .content(Some(&part.content))
            .payload_json(&body);
        if let Some(thread) = part.thread.or(hook.thread) {
            request = request.thread_id(id(thread.0)?);
        }
        call(Kind::EditCopy, hook.id.0, copy.0, request)
    }

    /// Removes a copy, which may lie in a thread.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn delete(
        &self,
        hook: &Hook,
        copy: MessageId,
        thread: Option<ChannelId>,
    ) -> Result<Call, Unbuildable> {
        let mut request =
            self.0.delete_webhook_message(id(hook.id.0)?, hook.token.expose_secret(), id(copy.0)?);
        if let Some(thread) = thread.or(hook.thread) {
            request = request.thread_id(id(thread.0)?);
        }
        call(Kind::DeleteCopy, hook.id.0, copy.0, request)
    }

    /// A copy, as it is.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn copy(&self, hook: &Hook, copy: MessageId, thread: Option<ChannelId>) -> Result<Call, Unbuildable> {
        let mut request = self.0.webhook_message(id(hook.id.0)?, hook.token.expose_secret(), id(copy.0)?);
        if let Some(thread) = thread.or(hook.thread) {
            request = request.thread_id(id(thread.0)?);
        }
        call(Kind::ReadCopy, hook.id.0, copy.0, request)
    }

    /// Asks for a file's address to be signed anew. The route is undocumented.
    ///
    /// # Errors
    /// None that is known.
    pub fn refresh(&self, url: &str) -> Result<Call, Unbuildable> {
        let body = json(&serde_json::json!({ "attachment_urls": [url] }))?;
        let request =
            RequestBuilder::raw(Method::Post, "attachments/refresh-urls".to_owned()).body(body).build();
        let request = request.map_err(|error| Unbuildable(error.to_string()))?;
        let route = Route { kind: Kind::RefreshFiles, major: 0, message: 0, posts_in: None };
        Ok(Call { route, request, files: Vec::new() })
    }

    /// Posts as the bot. The same `nonce` within a few minutes gives the message that is there already.
    ///
    /// # Errors
    /// Where Discord's documented limits are broken.
    pub fn post(&self, channel: ChannelId, content: &str, nonce: &str) -> Result<Call, Unbuildable> {
        if nonce.len() > NONCE_CHARS_MAX {
            return Err(Unbuildable(format!("a nonce has at most {NONCE_CHARS_MAX} characters")));
        }
        let body = json(&Post { content, nonce, enforce_nonce: true, allowed_mentions: NOBODY })?;
        let request = self.0.create_message(id(channel.0)?).content(content).payload_json(&body);
        call(Kind::PostMessage, channel.0, 0, request)
    }

    /// Makes the thread on a message so. With `tags` it is a post, and these ids of its forum's are what it has.
    ///
    /// # Errors
    /// Where Discord's documented limits are broken.
    pub fn thread(
        &self,
        channel: ChannelId,
        on: MessageId,
        to: &Threading,
        tags: Option<&[u64]>,
    ) -> Result<Call, Unbuildable> {
        let thread = id(on.0)?;
        match to {
            Threading::Open(name) => {
                let request = self.0.create_thread_from_message(id(channel.0)?, id(on.0)?, name);
                call(Kind::OpenThread, channel.0, on.0, request)
            }
            Threading::Change(ThreadState { name, archived, locked, tags: _ }) => {
                let tags: Option<Vec<_>> =
                    tags.map(|tags| tags.iter().map(|tag| id(*tag)).collect()).transpose()?;
                let request = self.0.update_thread(thread).name(name).archived(*archived).locked(*locked);
                let request = request.applied_tags(tags.as_deref());
                call(Kind::ChangeThread, on.0, on.0, request)
            }
            Threading::Remove => call(Kind::RemoveThread, on.0, on.0, self.0.delete_channel(thread)),
        }
    }

    /// Makes a post in a forum, as the bot: its name and text, and these ids of the forum's tags.
    ///
    /// # Errors
    /// Where Discord's documented limits are broken.
    pub fn post_in_forum(
        &self,
        forum: ChannelId,
        (name, content): (&str, &str),
        tags: &[u64],
    ) -> Result<Call, Unbuildable> {
        let nobody = AllowedMentions::default();
        let tags: Vec<_> = tags.iter().map(|tag| id(*tag)).collect::<Result<_, _>>()?;
        let request = self.0.create_forum_thread(id(forum.0)?, name);
        let request = if tags.is_empty() { request } else { request.applied_tags(&tags) };
        let request = request.message().content(content);
        call(Kind::MakePost, forum.0, 0, request.allowed_mentions(Some(&nobody)))
    }

    /// A guild's threads and posts that are not archived.
    ///
    /// # Errors
    /// Where the id is zero.
    pub fn active_threads(&self, guild: GuildId) -> Result<Call, Unbuildable> {
        call(Kind::ListActive, guild.0, 0, self.0.active_threads(id(guild.0)?))
    }

    /// A channel's archived threads, or a forum's posts, from those on that were archived before a time.
    ///
    /// # Errors
    /// Where the id is zero.
    pub fn archived_threads(&self, channel: ChannelId, before: Option<&str>) -> Result<Call, Unbuildable> {
        let request = self.0.public_archived_threads(id(channel.0)?).limit(HISTORY_MAX as u64);
        // twilight puts it into the query as it is, where a plus is a space.
        let before = before.map(|before| before.replace('+', "%2B"));
        let request = before.iter().fold(request, |request, before| request.before(before));
        call(Kind::ListArchived, channel.0, 0, request)
    }

    /// Opens an archived thread, so that it can be written in.
    ///
    /// # Errors
    /// Where the id is zero.
    pub fn unarchive(&self, thread: ChannelId) -> Result<Call, Unbuildable> {
        let request = self.0.update_thread(id(thread.0)?).archived(false);
        call(Kind::ChangeThread, thread.0, thread.0, request)
    }

    /// The page of a channel's messages right behind `after`. Discord answers newest first.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn messages(&self, channel: ChannelId, after: MessageId) -> Result<Call, Unbuildable> {
        let from = id(after.0.max(1))?;
        let request = self.0.channel_messages(id(channel.0)?).after(from).limit(HISTORY_MAX as u16);
        call(Kind::ReadMessages, channel.0, 0, request)
    }

    /// One message.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn message(&self, channel: ChannelId, message: MessageId) -> Result<Call, Unbuildable> {
        let request = self.0.message(id(channel.0)?, id(message.0)?);
        call(Kind::ReadMessage, channel.0, message.0, request)
    }

    /// A channel's webhooks.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn webhooks(&self, channel: ChannelId) -> Result<Call, Unbuildable> {
        call(Kind::ListWebhooks, channel.0, 0, self.0.channel_webhooks(id(channel.0)?))
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// Where the name is not one that Discord takes.
    pub fn create_webhook(&self, channel: ChannelId, name: &str) -> Result<Call, Unbuildable> {
        call(Kind::CreateWebhook, channel.0, 0, self.0.create_webhook(id(channel.0)?, name))
    }

    /// A channel.
    ///
    /// # Errors
    /// Where the id is zero.
    pub fn channel(&self, channel: ChannelId) -> Result<Call, Unbuildable> {
        call(Kind::ReadChannel, channel.0, 0, self.0.channel(id(channel.0)?))
    }

    /// A guild.
    ///
    /// # Errors
    /// Where the id is zero.
    pub fn guild(&self, guild: GuildId) -> Result<Call, Unbuildable> {
        call(Kind::ReadGuild, guild.0, 0, self.0.guild(id(guild.0)?))
    }

    /// A member of a guild.
    ///
    /// # Errors
    /// Where an id is zero.
    pub fn member(&self, guild: GuildId, user: UserId) -> Result<Call, Unbuildable> {
        call(Kind::ReadMember, guild.0, 0, self.0.guild_member(id(guild.0)?, id(user.0)?))
    }

    /// Our own application.
    ///
    /// # Errors
    /// None that is known.
    pub fn application(&self) -> Result<Call, Unbuildable> {
        call(Kind::ReadApplication, 0, 0, self.0.current_user_application())
    }

    /// The bot's own user.
    ///
    /// # Errors
    /// None that is known.
    pub fn user(&self) -> Result<Call, Unbuildable> {
        call(Kind::ReadUser, 0, 0, self.0.current_user())
    }

    /// How many shards to run, and how they may start.
    ///
    /// # Errors
    /// None that is known.
    pub fn gateway(&self) -> Result<Call, Unbuildable> {
        call(Kind::ReadGateway, 0, 0, self.0.gateway().authed())
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self::new()
    }
}

/// What is said of the first `count` files of a part.
fn described(part: &Rendered, count: usize) -> Vec<Described<'_>> {
    let files = part.files.iter().take(count).enumerate();
    files
        .map(|(id, file)| Described { id, filename: &file.name, description: file.description.as_deref() })
        .collect()
}

fn call(kind: Kind, major: u64, message: u64, request: impl TryIntoRequest) -> Result<Call, Unbuildable> {
    let request = request.try_into_request().map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Unbuildable(format!("{error}{cause}"))
    })?;
    Ok(Call { route: Route { kind, major, message, posts_in: None }, request, files: Vec::new() })
}

fn id<T>(id: u64) -> Result<Id<T>, Unbuildable> {
    Id::new_checked(id).ok_or_else(|| Unbuildable("an id is zero".to_owned()))
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Unbuildable> {
    serde_json::to_vec(body).map_err(|error| Unbuildable(error.to_string()))
}

fn embeds(part: &Rendered) -> Result<Vec<&RawValue>, Unbuildable> {
    part.embeds
        .iter()
        .map(|embed| serde_json::from_str(embed))
        .collect::<Result<_, _>>()
        .map_err(|error: serde_json::Error| Unbuildable(format!("an embed is not JSON: {error}")))
}
