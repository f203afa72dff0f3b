//! Discord's payloads, as far as capture reads them.
//!
//! What an event stands on (ids, type, text, time of the edit) must have the right type. Everything else is
//! read leniently: a field that cannot be understood counts as absent, for the payload is kept whole anyway
//! and one odd field must not lose a message.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A Discord id: JSON text of digits, quoted as Discord sends them, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Id(pub(super) u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let digits = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        digits.parse().map(Self).map_err(|_| D::Error::custom("an id is not a number of 64 bits"))
    }
}

/// What routes a dispatch.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) channel_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) message_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) parent_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) ids: Vec<Id>,
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<u8>,
}

/// A thread, as its creation or a change of it tells. One that tells no name or owner is told of in part only.
#[derive(Debug, Deserialize)]
pub(super) struct Thread {
    pub(super) id: Id,
    pub(super) parent_id: Id,
    #[serde(rename = "type")]
    pub(super) kind: u8,
    pub(super) name: String,
    pub(super) owner_id: Id,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) thread_metadata: ThreadMetadata,
    #[serde(default, deserialize_with = "items")]
    pub(super) applied_tags: Vec<Id>,
}

/// Whether a thread can be written in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ThreadMetadata {
    #[serde(deserialize_with = "lenient")]
    pub(super) archived: bool,
    #[serde(deserialize_with = "lenient")]
    pub(super) locked: bool,
}

/// A message, whole or in part.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    pub(super) id: Option<Id>,
    pub(super) channel_id: Option<Id>,
    pub(super) guild_id: Option<Id>,
    pub(super) webhook_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) application_id: Option<Id>,
    pub(super) author: Option<User>,
    #[serde(deserialize_with = "lenient")]
    pub(super) member: Option<Member>,
    #[serde(rename = "type")]
    pub(super) kind: Option<u64>,
    pub(super) content: Option<String>,
    pub(super) edited_timestamp: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) flags: u64,
    #[serde(deserialize_with = "lenient")]
    pub(super) pinned: bool,
    #[serde(deserialize_with = "present_items")]
    pub(super) attachments: Option<Vec<Attachment>>,
    #[serde(borrow, deserialize_with = "objects")]
    pub(super) embeds: Vec<&'a RawValue>,
    #[serde(deserialize_with = "items")]
    pub(super) mentions: Vec<User>,
    #[serde(deserialize_with = "items")]
    pub(super) sticker_items: Vec<Sticker>,
    #[serde(deserialize_with = "lenient")]
    pub(super) poll: Option<Poll>,
    #[serde(deserialize_with = "lenient")]
    pub(super) message_reference: Option<Reference>,
    #[serde(deserialize_with = "lenient")]
    pub(super) referenced_message: Option<Referenced>,
    #[serde(borrow, deserialize_with = "items")]
    pub(super) message_snapshots: Vec<Snapshot<'a>>,
}

/// A user, or a webhook as author.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: Id,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) global_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) avatar: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) bot: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) member: Option<Member>,
}

/// A user in a guild.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Member {
    #[serde(deserialize_with = "lenient")]
    pub(super) nick: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) avatar: Option<String>,
}

/// A file.
#[derive(Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: Id,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) filename: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) size: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) content_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) duration_secs: Option<f64>,
}

/// A sticker.
#[derive(Debug, Deserialize)]
pub(super) struct Sticker {
    pub(super) id: Id,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) format_type: u8,
}

/// A poll.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Poll {
    #[serde(deserialize_with = "lenient")]
    pub(super) question: PollText,
    #[serde(deserialize_with = "items")]
    pub(super) answers: Vec<PollAnswer>,
    #[serde(deserialize_with = "lenient")]
    pub(super) allow_multiselect: bool,
    #[serde(deserialize_with = "lenient")]
    pub(super) expiry: Option<String>,
}

/// One answer on offer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PollAnswer {
    #[serde(deserialize_with = "lenient")]
    pub(super) poll_media: PollText,
}

/// The words of a poll; an answer may be an emoji alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PollText {
    #[serde(deserialize_with = "lenient")]
    pub(super) text: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) emoji: Option<Emoji>,
}

/// An emoji.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Emoji {
    #[serde(deserialize_with = "lenient")]
    pub(super) id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: Option<String>,
}

/// The message that a reply answers or a forward shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: u64,
    #[serde(deserialize_with = "lenient")]
    pub(super) message_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) channel_id: Option<Id>,
    #[serde(deserialize_with = "lenient")]
    pub(super) guild_id: Option<Id>,
}

/// What Discord shows of the message answered.
#[derive(Debug, Deserialize)]
pub(super) struct Referenced {
    pub(super) author: User,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) content: String,
    #[serde(default, deserialize_with = "items")]
    pub(super) mentions: Vec<User>,
}

/// A forwarded message.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot<'a> {
    #[serde(borrow)]
    pub(super) message: Forwarded<'a>,
}

/// What a forward shows: no author.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Forwarded<'a> {
    #[serde(deserialize_with = "lenient")]
    pub(super) content: String,
    #[serde(deserialize_with = "items")]
    pub(super) attachments: Vec<Attachment>,
    #[serde(borrow, deserialize_with = "objects")]
    pub(super) embeds: Vec<&'a RawValue>,
    #[serde(deserialize_with = "items")]
    pub(super) mentions: Vec<User>,
    #[serde(deserialize_with = "items")]
    pub(super) sticker_items: Vec<Sticker>,
}

/// The type of an embed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EmbedKind {
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
}

/// The value, or its default where it is of another shape.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    let raw = <&'de RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// The items of a list that have the right shape.
fn items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let raw: Vec<&'de RawValue> = lenient(from)?;
    Ok(raw.into_iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect())
}

/// The objects of a list, as text.
fn objects<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<&'de RawValue>, D::Error> {
    let mut raw: Vec<&'de RawValue> = lenient(from)?;
    raw.retain(|item| item.get().starts_with('{'));
    Ok(raw)
}

/// Like [`items`], telling a list that is there from one that is not.
fn present_items<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Vec<T>>, D::Error> {
    items(from).map(Some)
}
