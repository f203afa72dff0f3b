//! Threads of a linked channel that are not linked themselves.

use super::payload::{Head, Id, Message, Thread};
use super::{CaptureError, Captured, Fact, Scene, Spot, ThreadAt, channel_of, guild_of, odd, parse, place};
use crate::event::identity::Mark;
use crate::event::{self, Author, Body, Created, Decor, Said};
use crate::id::{ChannelId, MessageId, UserId, Version, WebhookId};

impl Scene<'_> {
    /// Where a message is.
    pub(super) fn spot_of(&self, message: &Message<'_>) -> Result<Spot, CaptureError> {
        let id = message.id.ok_or_else(|| odd("a message has no id"))?;
        Ok(self.spot(channel_of(message.channel_id)?, id))
    }

    /// A channel that is linked is itself; a thread that is not stands for a place in its parent, unless it is private.
    /// The first message of a post has the post's id: it is what the post stands on, and so stands in the forum itself.
    pub(super) fn spot(&self, channel: ChannelId, message: Id) -> Spot {
        let own = Spot { place: place(channel, message), thread: None };
        if !self.context.members(channel).is_empty() {
            return own;
        }
        match self.context.thread(channel) {
            Some(at) if !at.is_private() => {
                let thread = Some(channel).filter(|channel| channel.0 != message.0);
                Spot { place: place(at.parent, message), thread }
            }
            Some(_) | None => own,
        }
    }

    /// A thread as it is now. One that we made follows another: it says nothing by itself.
    pub(super) fn thread(&self, kind: &str, data: &str) -> Result<Captured, CaptureError> {
        let head: Head = parse(data)?;
        let Ok(thread) = serde_json::from_str::<Thread>(data) else {
            return self.thread_in_part(kind, &head);
        };
        let (id, at) =
            (ChannelId(thread.id.0), ThreadAt { parent: ChannelId(thread.parent_id.0), kind: thread.kind });
        if at.is_private() {
            return Ok(Captured::default());
        }
        if !self.context.members(id).is_empty() {
            return self.other(kind, &head);
        }
        let owner = thread.owner_id.0;
        if owner == self.context.me().user.0 || self.context.is_ours(WebhookId(owner)) {
            return Ok(Captured::default());
        }
        let tag = |tag: &Id| self.context.tag_name(at.parent, tag.0).map(str::to_owned);
        let body = event::Thread {
            tags: thread.applied_tags.iter().filter_map(tag).collect(),
            name: thread.name,
            kind: thread.kind,
            archived: thread.thread_metadata.archived,
            locked: thread.thread_metadata.locked,
            owner: UserId(owner),
            deleted: false,
        };
        self.published(&[self.thread_fact(at.parent, thread.id, body)])
    }

    /// What names no owner cannot be told from one of ours.
    fn thread_in_part(&self, kind: &str, head: &Head) -> Result<Captured, CaptureError> {
        let private = head.kind.is_some_and(|kind| kind == ThreadAt::PRIVATE);
        if private { Ok(Captured::default()) } else { self.other(kind, head) }
    }

    pub(super) fn thread_deleted(&self, head: &Head) -> Result<Captured, CaptureError> {
        let (Some(id), Some(parent)) = (head.id, head.parent_id) else {
            return self.other("THREAD_DELETE", head);
        };
        if head.kind == Some(ThreadAt::PRIVATE) {
            return Ok(Captured::default());
        }
        let body = event::Thread { deleted: true, ..event::Thread::default() };
        // Of one version the bytes decide: nothing seen in the same moment outlives this.
        let version = Version(self.observed.0 + 1);
        self.published(&[Fact { version, ..self.thread_fact(ChannelId(parent.0), id, body) }])
    }

    fn thread_fact(&self, parent: ChannelId, thread: Id, body: event::Thread) -> Fact {
        let flags = [body.archived, body.locked, body.deleted].map(|flag| if flag { "1" } else { "0" });
        let texts =
            std::iter::once(body.name.as_str()).chain(flags).chain(body.tags.iter().map(String::as_str));
        let mark = Mark::of(texts);
        Fact { place: place(parent, thread), version: self.observed, mark, body: Body::Thread(body) }
    }

    /// The first message of a thread that was started without one. Discord says the same of a thread on an older
    /// message: then that message's own words, which have a greater version, are the ones that count.
    pub(super) fn thread_started(&self, message: &Message<'_>, spot: Spot) -> Result<Captured, CaptureError> {
        let reference = message.message_reference.as_ref();
        let thread = reference.and_then(|reference| reference.channel_id).unwrap_or(Id(spot.place.message.0));
        if self.context.thread(ChannelId(thread.0)).is_some_and(|at| at.is_private()) {
            return Ok(Captured::default());
        }
        let name = message.content.as_deref().unwrap_or_default();
        let created = message.created(Some(said(name)), guild_of(message))?;
        let created = Created { reply_to: None, ..created };
        let place = place(spot.place.channel, thread);
        self.published(&[Fact::versioned(place, before(thread, 1), Body::Created(created))])
    }

    pub(super) fn starter(&self, thread: &Thread) -> Result<Captured, CaptureError> {
        const THREAD_CREATED: u8 = 18;
        let name = "someone".to_owned();
        let author =
            Author { id: UserId(thread.owner_id.0), username: name.clone(), name, ..Author::default() };
        let created = Created {
            author,
            said: Some(said(&thread.name)),
            reply_to: None,
            decor: Decor::default(),
            kind: THREAD_CREATED,
            thread: None,
        };
        let place = place(ChannelId(thread.parent_id.0), thread.id);
        self.published(&[Fact::versioned(place, before(thread.id, 2), Body::Created(created))])
    }
}

/// Of a message of this type the name is all that is said: how that reads is a matter of rendering.
fn said(name: &str) -> Said {
    Said { text: name.to_owned(), ..Said::default() }
}

/// Before a message of this id was made: what that message itself says counts.
fn before(id: Id, us: i64) -> Version {
    Version(MessageId(id.0).made().0 - us)
}
