//! One planned step, and the request that it makes.

use super::row::{Deed, Intent};
use crate::render::Rendered;
use crate::sink::{Request, Threading};
use events::event::{Attachment, Outcome, Place, Shown, ThreadShown};
use events::{ChannelId, MessageId, Version};

/// One planned step for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The source message.
    pub place: Place,
    /// What to do.
    pub deed: Deed,
    /// To which part.
    pub part: u16,
    /// What the copy shows afterwards (the webhook is filled in).
    pub shown: Shown,
    /// Version of the last receipt for that copy, or zero.
    pub known: Version,
    /// The part, for a create and an edit.
    pub rendered: Option<Box<Rendered>>,
    /// What becomes of a thread, for a [`Deed::Thread`].
    pub threading: Option<Box<Threading>>,
    /// The thread that the copy lies in, or is to lie in.
    pub thread: Option<ChannelId>,
    /// What the post shows of itself that [`Rendered::post`] makes.
    pub post: Option<ThreadShown>,
    /// The message's files, where the part carries some of them: the driver fetches them first.
    pub fetch: Vec<Attachment>,
}

impl Work {
    /// A deed, and nothing that goes with it yet.
    pub(crate) fn new(place: Place, deed: Deed) -> Self {
        Self {
            place,
            deed,
            part: 0,
            shown: Shown::default(),
            known: Version(0),
            rendered: None,
            threading: None,
            thread: None,
            post: None,
            fetch: Vec::new(),
        }
    }

    pub(super) fn notice() -> Self {
        Self::new(Place::default(), Deed::Notice)
    }
}

/// What a thread shows once the request took effect.
pub(super) fn threaded(intent: &Intent) -> Outcome {
    Outcome::Threaded(ThreadShown { version: intent.shown.version, hash: intent.shown.hash })
}

/// What a request carries.
pub(super) struct Contents {
    pub(super) rendered: Option<Box<Rendered>>,
    pub(super) threading: Option<Box<Threading>>,
    pub(super) thread: Option<ChannelId>,
}

/// The request of a deed.
pub(super) fn request(deed: Deed, contents: Contents, last: MessageId) -> Request {
    let Contents { rendered, threading, thread } = contents;
    let rendered = Box::new(Rendered { thread, ..*rendered.unwrap_or_default() });
    match deed {
        Deed::Create => Request::Create(rendered),
        Deed::Edit(copy) => Request::Edit(copy, rendered),
        Deed::Delete(copy) => Request::Delete(copy, thread),
        Deed::Thread(on) => Request::Thread(on, threading.unwrap_or_else(|| Box::new(Threading::Remove))),
        Deed::Notice => Request::Notice(last),
    }
}
