//! From a message payload to what the event says.

use super::names::names;
use super::payload::{self, EmbedKind, Member, Message, User};
use super::{CaptureError, Context, odd};
use crate::event::{
    Attachment, Author, AuthorKind, Created, Decor, Forward, Poll, PollTerms, Quote, ReplyTo, Said, Sticker,
};
use crate::id::{ChannelId, GuildId, MessageId, UserId, Version};
use serde_json::value::RawValue;

/// Message types that are somebody's words: default, reply, slash command, context menu command.
/// Source: Discord reference, "Message Types".
const WORDS: [u64; 4] = [0, 19, 20, 23];
/// Message type of a poll's result, whose embed says it.
const POLL_RESULT: u64 = 46;
/// The message type that says that a thread was started.
const THREAD_CREATED: u64 = 18;
/// Flag: shown to one user only.
const EPHEMERAL: u64 = 1 << 6;
/// Flag: published from a followed channel; its reference names its origin and is no reply.
const IS_CROSSPOST: u64 = 1 << 1;
/// `message_reference.type` of a reply.
const REPLY: u64 = 0;
/// `message_reference.type` of a forward.
const FORWARD: u64 = 1;

impl Message<'_> {
    /// Whether it is somebody's words, as far as the payload says.
    pub(super) fn is_words(&self) -> bool {
        WORDS.contains(&self.kind.unwrap_or(0))
    }

    /// Whether it says that a thread was started: one without a message, or one on an older message.
    pub(super) fn is_thread_start(&self) -> bool {
        self.kind == Some(THREAD_CREATED)
    }

    /// Whether only one user sees it.
    pub(super) fn is_private(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// Whether the payload holds the whole message.
    pub(super) fn is_full(&self) -> bool {
        self.author.is_some() && self.content.is_some() && self.attachments.is_some()
    }

    /// When its author changed it last, cut to milliseconds; `None` where never.
    pub(super) fn edited(&self) -> Result<Option<Version>, CaptureError> {
        let Some(text) = &self.edited_timestamp else { return Ok(None) };
        let time: jiff::Timestamp = text.parse().map_err(|_| odd("edited_timestamp is no time"))?;
        Ok(Some(Version(time.as_microsecond()).to_millis()))
    }

    /// The message as its author wrote it; without text claim where `said` is `None`.
    pub(super) fn created(&self, said: Option<Said>, guild: GuildId) -> Result<Created, CaptureError> {
        let author = self.author(guild).ok_or_else(|| odd("a new message has no author"))?;
        let decor = self.decor();
        let kind = self.kind.and_then(|kind| u8::try_from(kind).ok()).unwrap_or(0);
        Ok(Created { author, said, reply_to: self.reply_to(guild), decor, kind, thread: None })
    }

    /// The author as shown.
    pub(super) fn author(&self, guild: GuildId) -> Option<Author> {
        let user = self.author.as_ref()?;
        let member = self.member.as_ref();
        Some(Author {
            id: UserId(user.id.0),
            name: display_name(user, member),
            username: user.username.clone(),
            avatar: avatar(user, member, guild),
            kind: self.author_kind(user),
        })
    }

    // The answer to an interaction has a webhook id too (its application's), but a bot for an author.
    fn author_kind(&self, user: &User) -> AuthorKind {
        if self.webhook_id == Some(user.id) {
            AuthorKind::Webhook
        } else if user.bot {
            AuthorKind::Bot
        } else {
            AuthorKind::User
        }
    }

    /// What the author wrote.
    pub(super) fn said(&self, context: &dyn Context) -> Said {
        let embeds = self.embeds_where(true);
        let names = names(self, &embeds, context);
        Said {
            text: self.content.clone().unwrap_or_default(),
            attachments: self.attachments.iter().flatten().map(attachment).collect(),
            stickers: self.sticker_items.iter().map(sticker).collect(),
            embeds,
            poll: self.poll.as_ref().map(poll),
            forward: self.forward(),
            names,
        }
    }

    /// What Discord added.
    pub(super) fn decor(&self) -> Decor {
        Decor { embeds: self.embeds_where(false), flags: self.flags, pinned: self.pinned }
    }

    /// The embeds that the author sent, or those that Discord added. A person can send none but a poll's result.
    fn embeds_where(&self, sent: bool) -> Vec<String> {
        let speaks = self.author.as_ref().is_some_and(|user| self.author_kind(user) != AuthorKind::User);
        let is_result = self.kind == Some(POLL_RESULT);
        let is_own = |embed: &RawValue| (speaks && is_rich(embed)) || (is_result && is_poll_result(embed));
        let is_sent = |embed: &&&RawValue| is_own(embed) == sent;
        self.embeds.iter().filter(is_sent).map(|embed| embed.get().to_owned()).collect()
    }

    fn forward(&self) -> Option<Forward> {
        let reference = self.message_reference.as_ref()?;
        let snapshot = self.message_snapshots.first().filter(|_| reference.kind == FORWARD)?;
        let message = &snapshot.message;
        Some(Forward {
            text: message.content.clone(),
            attachments: message.attachments.iter().map(attachment).collect(),
            embeds: message.embeds.iter().map(|embed| embed.get().to_owned()).collect(),
            stickers: message.sticker_items.iter().map(sticker).collect(),
        })
    }

    fn reply_to(&self, guild: GuildId) -> Option<ReplyTo> {
        let reference = self.message_reference.as_ref()?;
        if reference.kind != REPLY || self.flags & IS_CROSSPOST != 0 {
            return None;
        }
        let message = reference.message_id?;
        let channel = reference.channel_id.or(self.channel_id)?;
        Some(ReplyTo {
            channel: ChannelId(channel.0),
            message: MessageId(message.0),
            guild: reference.guild_id.map_or(guild, |id| GuildId(id.0)),
            quote: self.quote(),
        })
    }

    fn quote(&self) -> Option<Quote> {
        let referenced = self.referenced_message.as_ref()?;
        let text = referenced.content.chars().take(Quote::CHARS_MAX).collect();
        Some(Quote { author: display_name(&referenced.author, None), text })
    }
}

/// Nickname, else global name, else user name.
pub(super) fn display_name(user: &User, member: Option<&Member>) -> String {
    let nick = member.and_then(|member| member.nick.as_ref());
    let shown = [nick, user.global_name.as_ref()].into_iter().flatten().find(|name| !name.is_empty());
    shown.unwrap_or(&user.username).clone()
}

fn avatar(user: &User, member: Option<&Member>, guild: GuildId) -> Option<String> {
    let id = user.id.0;
    let is_hash = |text: &&String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if let Some(hash) = member.and_then(|member| member.avatar.as_ref()).filter(is_hash) {
        return Some(format!("guilds/{guild}/users/{id}/avatars/{hash}"));
    }
    user.avatar.as_ref().filter(is_hash).map(|hash| format!("avatars/{id}/{hash}"))
}

/// Links unfurl to other types (`link`, `image`, `video`, `article`, `gifv`).
fn is_rich(embed: &RawValue) -> bool {
    kind_of(embed).is_none_or(|kind| kind == "rich")
}

fn is_poll_result(embed: &RawValue) -> bool {
    kind_of(embed).is_some_and(|kind| kind == "poll_result")
}

fn kind_of(embed: &RawValue) -> Option<String> {
    let kind: EmbedKind = serde_json::from_str(embed.get()).unwrap_or_default();
    kind.kind
}

fn attachment(from: &payload::Attachment) -> Attachment {
    Attachment {
        id: from.id.0,
        name: from.filename.clone(),
        url: from.url.clone(),
        size: from.size,
        content_type: from.content_type.clone(),
        description: from.description.clone(),
        seconds: from
            .duration_secs
            .filter(|seconds| seconds.is_finite() && *seconds > 0.0)
            .map(|seconds| seconds.ceil() as u32),
    }
}

fn sticker(from: &payload::Sticker) -> Sticker {
    Sticker { id: from.id.0, name: from.name.clone(), format: from.format_type }
}

fn poll(from: &payload::Poll) -> Poll {
    let answers = from.answers.iter().map(|answer| words(&answer.poll_media)).collect();
    Poll { question: words(&from.question), answers, terms: terms(from) }
}

/// What a reader has to know before answering; a poll of one answer and unknown end needs no words.
fn terms(from: &payload::Poll) -> Option<PollTerms> {
    let ends = from.expiry.as_ref().and_then(|text| text.parse().ok());
    let ends = ends.map(|time: jiff::Timestamp| Version(time.as_microsecond())).unwrap_or_default();
    let terms = PollTerms { multiple: from.allow_multiselect, ends };
    (terms != PollTerms::default()).then_some(terms)
}

/// An emoji of Unicode stands before the words; a custom one is a name.
fn words(from: &payload::PollText) -> String {
    let text = from.text.as_deref().filter(|text| !text.is_empty());
    let emoji = from.emoji.as_ref().and_then(|emoji| Some((emoji.id, emoji.name.as_deref()?)));
    match (emoji, text) {
        (Some((None, emoji)), Some(text)) => format!("{emoji} {text}"),
        (Some((None, emoji)), None) => emoji.to_owned(),
        (Some((Some(_), name)), None) => format!(":{name}:"),
        (Some((Some(_), _)) | None, text) => text.unwrap_or_default().to_owned(),
    }
}
