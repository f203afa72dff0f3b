//! The sink: the one port that touches Discord. Only lanes hold one.

use crate::lanes::LaneId;
use crate::render::Rendered;
use async_trait::async_trait;
use events::{ChannelId, MessageId, WebhookId};
use serde::Serialize;

/// The port.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Sends one request, once: nothing below retries it.
    async fn send(&self, lane: LaneId, request: Request) -> Answer;

    /// The messages of the lane's channel, or of this thread of it, behind `after`, oldest first, at most
    /// [`HISTORY_MAX`]. A thread that is not there has none. Of a forum the posts are what messages are elsewhere.
    async fn history(
        &self,
        lane: LaneId,
        thread: Option<ChannelId>,
        after: MessageId,
    ) -> Result<History, HistoryError>;
}

/// Messages in one history page: Discord's own limit.
pub const HISTORY_MAX: usize = 100;

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Post a part, with a post of the forum around it where it has one. Discord has no idempotency key for it: see
    /// [`crate::lane`].
    Create(Box<Rendered>),
    /// Make a copy show this.
    Edit(MessageId, Box<Rendered>),
    /// Remove a copy, which may lie in a thread. What lies in a forum itself is a post: it goes with all in it.
    Delete(MessageId, Option<ChannelId>),
    /// Make the thread on this message so. Doing it again changes nothing.
    Thread(MessageId, Box<Threading>),
    /// Post the notice that the channel is linked: an anchor. Idempotent by a nonce of its lane and of the last certain
    /// copy before it: the first notice is of no use where that was removed, or lies far back. A forum knows no nonce:
    /// there the answer is a post that is there already, whoever made it, and only where there is none one is made.
    Notice(MessageId),
}

/// What becomes of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Threading {
    /// It is opened, under this name.
    Open(String),
    /// It is made to show this.
    Change(ThreadState),
    /// It is removed.
    Remove,
}

/// What a thread shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ThreadState {
    /// Its name.
    pub name: String,
    /// It is archived.
    pub archived: bool,
    /// It is locked.
    pub locked: bool,
    /// Names of its tags, where it is a forum post.
    pub tags: Vec<String>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took effect. For a create: on this message, by this webhook.
    Yes(MessageId, WebhookId),
    /// It had no effect and never will.
    No(No),
    /// It may have had effect, or may have it yet.
    Ambiguous(String),
}

/// Why a request had no effect, by what the lane does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// Try the same again after so many milliseconds: a rate limit, or no connection was made.
    Wait(u64),
    /// The copy does not exist.
    Missing,
    /// Discord does not take this content; the next one may do.
    Refused(String),
    /// The webhook, the channel or the permission is gone: quarantine.
    Dead(String),
}

/// A page of a channel's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Oldest first.
    pub messages: Vec<Seen>,
    /// There may be more behind the last.
    pub more: bool,
}

/// One message seen in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: MessageId,
    /// Whether the lane's own webhook posted it.
    pub ours: bool,
}

/// Why history could not be read, by what the lane does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// Try again after so many milliseconds.
    Wait(u64),
    /// Not allowed, or no such channel: quarantine.
    Dead(String),
}
