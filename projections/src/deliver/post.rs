//! Posts of forums: all that is said there stands in one, and its first message makes it.
//!
//! ```text
//! ideas      post r: r, m1, m2          people's own; r is its first message
//! proposals  post c: c, copies of m1, m2   ours; c, the copy of r, is made with the post around it
//! ```
//! So a post has the id of its first message, as a thread has that of the message it stands on, and what is true of
//! threads ([`super::thread`]) is true of posts. The first message goes alone where it is taken back: the post stays.

use super::{FRESH_US, Known, Next, Scope, thread};
use crate::lane::Deed;
use crate::message::{CreatedCell, Message};
use crate::render::Rendered;
use crate::sink::ThreadState;
use crate::wanted::{Held, HeldCopy};
use events::event::ThreadShown;
use events::{ChannelId, MessageId, Version};

/// Longest name of a post, in characters: Discord's own limit.
const NAME_CHARS_MAX: usize = 100;
/// What a post is called whose first message has no words.
const UNNAMED: &str = "post";

/// Whether this channel of the mirror is a forum.
pub(super) fn is_forum(scope: Scope<'_>, channel: ChannelId) -> bool {
    scope.settings.links.get(&channel).is_some_and(|link| link.linked.forum)
}

/// Where a message can be looked at: its thread, its post, its channel.
pub(super) fn home(scope: Scope<'_>, created: &CreatedCell, id: MessageId) -> ChannelId {
    let own = if is_forum(scope, created.channel) { ChannelId(id.0) } else { created.channel };
    created.thread.unwrap_or(own)
}

/// Whether people have removed the post that this is the first message of: of the message itself nobody tells then.
pub(super) fn is_gone(scope: Scope<'_>, message: &Message) -> bool {
    let stands = |(_, created): &(Version, CreatedCell)| is_forum(scope, created.channel);
    let gone = message.thread.as_ref().is_some_and(|(_, thread)| thread.deleted);
    gone && message.created.as_ref().is_some_and(stands)
}

/// The post that we made for a message, if any of it is left there.
pub(super) fn standing(held: &Held) -> Option<ChannelId> {
    held.copies.iter().rfind(|copy| copy.gone.is_none()).and_then(|copy| copy.within)
}

/// The post that we made for a message last.
pub(super) fn made(held: &Held) -> Option<MessageId> {
    let is_first = |copy: &&HeldCopy| copy.within == Some(ChannelId(copy.id.0));
    held.copies.iter().rfind(is_first).map(|copy| copy.id)
}

/// Whether a post is to be made whose name is not known, though it may be soon.
pub(super) fn is_unnamed(known: &Known, patient: Option<Version>) -> bool {
    let is_fresh = patient.is_some_and(|wall| known.message.id.made().0 > wall.0 - FRESH_US);
    is_fresh && known.message.thread.is_none() && standing(&known.held).is_none()
}

/// The same work, with a post around what is posted.
pub(super) fn around(known: &Known, next: Next) -> Next {
    let Next::Work(mut work) = next else { return next };
    let is_new = work.deed == Deed::Create && work.thread.is_none();
    if let Some(rendered) = work.rendered.as_mut().filter(|_| is_new) {
        let (version, state) = named(&known.message, rendered);
        work.post = Some(ThreadShown { version, hash: thread::hash(&state) });
        rendered.post = Some(state);
    }
    Next::Work(work)
}

/// As its author named it; where nobody told, as the message begins.
fn named(message: &Message, rendered: &Rendered) -> (Version, ThreadState) {
    if let Some((at, thread)) = message.thread.as_ref().filter(|(_, thread)| !thread.name.is_empty()) {
        return (*at, ThreadState { archived: false, locked: false, ..thread::state(thread) });
    }
    let line = rendered.content.lines().map(str::trim).find(|line| !line.is_empty());
    let name = line.unwrap_or(UNNAMED).chars().take(NAME_CHARS_MAX).collect();
    (Version::default(), ThreadState { name, ..ThreadState::default() })
}
