//! The event: one immutable fact about a mirror.
//!
//! What the fold reads is typed; the payload as Discord sent it rides last, as bytes ([`Event::raw`]),
//! and is never parsed there. Structs are positional and append-only, enum tags are fixed letters:
//! a record written today decodes for ever.

pub mod consent;
pub mod identity;

pub use consent::{Consent, ConsentStep, Terms};
pub use identity::receipt_id;

use crate::id::{
    ChannelId, EventId, GuildId, MessageId, MirrorId, NodeId, RoleId, UserId, Version, WebhookId,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One immutable fact about a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The same for the same fact, however often and by whomever it is seen.
    pub id: EventId,
    /// The mirror it belongs to.
    pub mirror: MirrorId,
    /// What it is about.
    pub place: Place,
    /// Orders it among the facts about the same thing; see each [`Body`].
    pub version: Version,
    /// Our clock when it was captured. Enters no register.
    pub observed: Version,
    /// Who appended it. Stamped by [`crate::log::Log::append`]; enters no register.
    pub producer: Producer,
    /// What happened.
    pub body: Body,
    /// The payload as Discord sent it (JSON text), or empty. Lies behind the encoded event in a record.
    #[serde(skip)]
    pub raw: Bytes,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The chat service.
    pub service: Service,
    /// The channel; zero for an event about the mirror itself.
    pub channel: ChannelId,
    /// The message; for a receipt the *source* message; zero where no message is meant.
    pub message: MessageId,
}

/// A chat service. Only Discord today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Service {
    /// Discord.
    #[default]
    #[serde(rename = "d")]
    Discord,
}

/// Who appended an event. `seq` is gapless per (node, partition) from 1: a hole is proof of loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Producer {
    /// The node.
    pub node: NodeId,
    /// Its running number in this partition.
    pub seq: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A message was written. Version: when Discord made its id.
    #[serde(rename = "C")]
    Created(Created),
    /// Its author changed it. Version: `edited_timestamp` cut to milliseconds.
    #[serde(rename = "E")]
    Edited(Edited),
    /// Discord changed what it adds to a message (unfurl, flags, pin). Version: observation.
    #[serde(rename = "R")]
    Refreshed(Refreshed),
    /// A message, source or copy, is gone. Version: observation; the id takes 0 instead.
    #[serde(rename = "D")]
    Deleted,
    /// What one copy shows now, that it is gone, or that a message was refused. Version: greater than
    /// that of every earlier receipt for the same copy.
    #[serde(rename = "P")]
    Receipt(Receipt),
    /// A mirror was made or renamed. Version: time of the command, as for all that follow.
    #[serde(rename = "M")]
    Declared(Declared),
    /// `place.channel` is a member of the mirror from now on.
    #[serde(rename = "L")]
    Linked(Linked),
    /// `place.channel` is no longer a member.
    #[serde(rename = "X")]
    Cut,
    /// What others removed from `place.channel` before this is owed again.
    #[serde(rename = "S")]
    Restored,
    /// A user holds a role in this mirror from now on (a ban is a role).
    #[serde(rename = "G")]
    RoleGranted(Grant),
    /// A user no longer holds it.
    #[serde(rename = "V")]
    RoleRevoked(Grant),
    /// Something in `place.channel` could not be known.
    #[serde(rename = "Y")]
    Gap(Gap),
    /// A thread that people made under `place.channel`, or a post in that forum, as it is now; `place.message` is its
    /// id, which is that of the message it stands on, or of the post's first one. Version: observation.
    #[serde(rename = "T")]
    Thread(Thread),
    /// Somebody asks that `place.channel` become a member, or answers. Version: time of the step. Since format 3.
    #[serde(rename = "K")]
    Consent(Consent),
    /// Any other dispatch of a linked channel: kept now, folded when we learn to. Version: observation.
    #[serde(rename = "O")]
    Other(Other),
}

impl Body {
    /// The fixed letter of this kind, as it is encoded.
    #[must_use]
    pub const fn letter(&self) -> u8 {
        match self {
            Self::Created(_) => b'C',
            Self::Edited(_) => b'E',
            Self::Refreshed(_) => b'R',
            Self::Deleted => b'D',
            Self::Receipt(_) => b'P',
            Self::Declared(_) => b'M',
            Self::Linked(_) => b'L',
            Self::Cut => b'X',
            Self::Restored => b'S',
            Self::RoleGranted(_) => b'G',
            Self::RoleRevoked(_) => b'V',
            Self::Gap(_) => b'Y',
            Self::Thread(_) => b'T',
            Self::Consent(_) => b'K',
            Self::Other(_) => b'O',
        }
    }
}

/// A message as its author wrote it first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Who wrote it.
    pub author: Author,
    /// The first text, or `None` where it was read from history after an edit and is not known.
    pub said: Option<Said>,
    /// The message it answers.
    pub reply_to: Option<ReplyTo>,
    /// What Discord added.
    pub decor: Decor,
    /// Discord's message type (0 default, 19 reply, ...).
    pub kind: u8,
    /// The thread it stands in; `place.channel` is that thread's parent. Since format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ChannelId>,
}

/// A message as its author changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Who wrote it, where the payload says so (a partial update does not).
    pub author: Option<Author>,
    /// The whole new text.
    pub said: Said,
}

/// What an update says besides an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refreshed {
    /// The message again, from a full update without an edit: the answer to a deferred interaction
    /// fills in its text this way. `None` for a partial update and beside an [`Edited`].
    pub created: Option<Created>,
    /// What Discord adds now.
    pub decor: Decor,
}

/// The author of a message as shown when it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// User id; for a webhook its id.
    pub id: UserId,
    /// Display name: nickname, else global name, else user name.
    pub name: String,
    /// Unique user name.
    pub username: String,
    /// Path of the avatar below the CDN's root, without ending (`avatars/1/ab12`), or none.
    pub avatar: Option<String>,
    /// What kind of author.
    pub kind: AuthorKind,
}

/// What kind of author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorKind {
    /// A person.
    #[default]
    #[serde(rename = "u")]
    User,
    /// A bot.
    #[serde(rename = "b")]
    Bot,
    /// A webhook of somebody else.
    #[serde(rename = "w")]
    Webhook,
}

/// What the author wrote, with the names that its text mentions as they were then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The text, Discord markdown.
    pub text: String,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Stickers.
    pub stickers: Vec<Sticker>,
    /// Embeds of bots and webhooks, JSON text each, as sent.
    pub embeds: Vec<String>,
    /// A poll.
    pub poll: Option<Poll>,
    /// A forwarded message.
    pub forward: Option<Forward>,
    /// Names of what the text mentions.
    pub names: Names,
}

/// A file at Discord's CDN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Attachment id.
    pub id: u64,
    /// File name.
    pub name: String,
    /// Signed URL; good for about a day.
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// MIME type, where known.
    pub content_type: Option<String>,
    /// Alternative text.
    pub description: Option<String>,
    /// Of a voice message: how long it is, in seconds. Since format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

/// A sticker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticker {
    /// Sticker id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Discord's format type: 1 PNG, 2 APNG, 3 Lottie, 4 GIF.
    pub format: u8,
}

/// A poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// The answers on offer.
    pub answers: Vec<String>,
    /// How it is answered, where that is not plain. Since format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<PollTerms>,
}

/// How a poll is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollTerms {
    /// Several answers may be chosen.
    pub multiple: bool,
    /// Until when; zero: that is not known.
    pub ends: Version,
}

/// A forwarded message: a snapshot without author.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// Its text.
    pub text: String,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// Its embeds, JSON text each.
    pub embeds: Vec<String>,
    /// Its stickers. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stickers: Vec<Sticker>,
}

/// Display names at capture, so that a later rename changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Users.
    pub users: Vec<(UserId, String)>,
    /// Channels.
    pub channels: Vec<(ChannelId, String)>,
    /// Roles.
    pub roles: Vec<(RoleId, String)>,
}

/// What a message answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Channel of the message answered.
    pub channel: ChannelId,
    /// The message answered.
    pub message: MessageId,
    /// Its guild, for a link to it.
    pub guild: GuildId,
    /// What Discord showed of it, if it did.
    pub quote: Option<Quote>,
}

/// The first words of a message that is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its author's display name.
    pub author: String,
    /// Its text, at most [`Quote::CHARS_MAX`] characters.
    pub text: String,
}

impl Quote {
    /// Longest quoted text, in characters.
    pub const CHARS_MAX: usize = 100;
}

/// What Discord added to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decor {
    /// Unfurled links, JSON text each.
    pub embeds: Vec<String>,
    /// Message flags.
    pub flags: u64,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// The result of one request, about one part of one source message (`place.message`) in one link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The receiving channel.
    pub link: ChannelId,
    /// Which part of the source message, from 0.
    pub part: u16,
    /// The copy; zero where the message was refused.
    pub copy: MessageId,
    /// How it stands.
    pub outcome: Outcome,
    /// The thread of the receiving channel that the copy lies in. Since format 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ChannelId>,
}

/// How a copy stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The copy shows this.
    #[serde(rename = "s")]
    Shown(Shown),
    /// The copy is gone.
    #[serde(rename = "g")]
    Gone(GoneBy),
    /// The thread on this copy is there, by our doing, and shows this. Since format 2.
    #[serde(rename = "t")]
    Threaded(ThreadShown),
    /// The copy is the first message of a post in a forum, which its sending made: both show this. Since format 2.
    #[serde(rename = "p")]
    Posted {
        /// What the copy shows.
        shown: Shown,
        /// What the post shows of itself.
        post: ThreadShown,
    },
    /// Discord refused the message as it was at `version`.
    #[serde(rename = "r")]
    Refused {
        /// The source version refused.
        version: Version,
        /// Discord's words.
        reason: String,
    },
}

/// What a copy shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The source version it shows.
    pub version: Version,
    /// Hash of what the part was rendered from, the author's words; zero: not known to show it, so it is
    /// written again.
    pub hash: u64,
    /// The webhook that posted it.
    pub webhook: WebhookId,
    /// This part completes the first send: the number of parts is fixed from here on.
    pub last: bool,
    /// Ids of the source's attachments that the copy carries as files of its own. Since format 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<u64>,
}

/// What the thread on a copy was made to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadShown {
    /// Version of the [`Thread`] it shows.
    pub version: Version,
    /// Hash of what it shows; [`Self::NONE`]: there is no thread.
    pub hash: u64,
}

impl ThreadShown {
    /// No hash of anything: the thread was removed, or could not be made.
    pub const NONE: u64 = 0;

    /// There is no thread, as of this version.
    #[must_use]
    pub const fn none(version: Version) -> Self {
        Self { version, hash: Self::NONE }
    }
}

/// Who removed a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GoneBy {
    /// Somebody else: it stays removed.
    #[serde(rename = "a")]
    Another,
    /// We did. Sorts after `a`: where both are said, it was us.
    #[serde(rename = "u")]
    Us,
}

/// A mirror was made or renamed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Its name, unique on this system.
    pub name: String,
}

/// How a channel takes part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The channel's guild.
    pub guild: GuildId,
    /// The parent channel, where the channel is a thread.
    pub parent: Option<ChannelId>,
    /// The channel's name, for people.
    pub name: String,
    /// Messages made before this are not sent for the first time. [`Linked::BEGINNING`]: a backfill.
    pub since: Version,
    /// What is said here is shown in the others.
    pub publishes: bool,
    /// What is said in the others is shown here.
    pub receives: bool,
    /// It is a forum or a media channel: whatever is said in it stands in a post. Since format 2.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forum: bool,
}

impl Linked {
    /// `since` of a link that receives the whole history.
    pub const BEGINNING: Version = Version(0);
}

/// A role in a mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    pub user: UserId,
    /// Which role: [`Grant::BANNED`], [`Grant::FORGET`].
    pub role: String,
    /// For a ban: copies made before it are removed too.
    pub purge: bool,
}

impl Grant {
    /// The role of a user whose messages are no longer mirrored.
    pub const BANNED: &'static str = "banned";
    /// The role of a user who asked to be forgotten: what is done about it, the operator decides.
    pub const FORGET: &'static str = "asks to be forgotten";
}

/// A stretch of a channel's history that could not be known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// After this message.
    pub from: MessageId,
    /// Up to this one.
    pub to: MessageId,
    /// Why.
    pub cause: String,
}

/// A thread, or a forum post, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Discord's channel type: 10 announcement thread, 11 public thread.
    pub kind: u8,
    /// It is archived.
    pub archived: bool,
    /// It is locked.
    pub locked: bool,
    /// Names of the tags of a forum post.
    pub tags: Vec<String>,
    /// Who made it.
    pub owner: UserId,
    /// It is gone; the rest then says nothing.
    pub deleted: bool,
}

/// A dispatch that is kept but not folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Other {
    /// Discord's event name (`MESSAGE_REACTION_ADD`).
    pub kind: String,
}
