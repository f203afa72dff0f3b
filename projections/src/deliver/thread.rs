//! Threads: which thread of a channel stands for which, and the next work for one.
//!
//! A thread stands on a message and has its id. So the thread that stands for it elsewhere stands on that message's
//! copy there, and the copy index leads from one to the other:
//!
//! ```text
//! #general   r ── thread r: m1, m2          people's own, on the source r
//! #lounge    c ── thread c: copies of m1, m2   ours, on r's copy c
//! ```
//! People may open one on a copy as well: then the source gets one from us. Whoever made a thread says what it is
//! called and whether it is archived; ours follow.

use super::{FRESH_US, Known, Next, Scope, Spot, is_owed, know, own, place, post};
use crate::copies::{self, CopySource};
use crate::lane::{Deed, Work};
use crate::message::Message;
use crate::sink::{ThreadState, Threading};
use crate::views::ViewsError;
use crate::wanted::{HeldCopy, Wanted, wanted};
use events::event::{Shown, Thread, ThreadShown};
use events::{ChannelId, MessageId, Version};

/// What a message has of a thread in the lane's channel.
enum Home {
    /// One that people made.
    Theirs(MessageId),
    /// One that we opened.
    Ours(MessageId, (Version, ThreadShown)),
    /// None, but it may be opened on this message; with what became of the last try.
    Open(MessageId, Option<(Version, ThreadShown)>),
    /// People removed the one that was there: it stays removed.
    Removed,
    /// None, and nothing that it could stand on.
    Nowhere,
}

/// Where people made a thread, and what they made of it.
struct Made<'a> {
    channel: ChannelId,
    at: Version,
    thread: &'a Thread,
}

/// A thread that people made on `known`, which is no source that is known: a copy?
pub(super) async fn on_copy(
    scope: Scope<'_>,
    known: &Known,
    patient: Option<Version>,
) -> Result<Next, ViewsError> {
    let Scope { views, mirror, generation, .. } = scope;
    let Some((at, thread)) = &known.message.thread else { return Ok(Next::Nothing) };
    let Some(index) = copies::source_of(views, mirror, generation, known.message.id).await? else {
        let fresh = patient.is_some_and(|wall| at.0 > wall.0 - FRESH_US) && !thread.deleted;
        return Ok(if fresh { Next::Unsettled } else { Next::Nothing });
    };
    if is_our_post(&index, known.message.id) {
        return Ok(Next::Nothing);
    }
    let source = know(scope, index.source).await?;
    if thread.deleted {
        // Where it was ours, others have not removed the one that it stands for.
        let held = copies::copies_in(views, mirror, generation, index.source, index.link).await?;
        if held.copies.iter().any(|copy| copy.id == known.message.id && copy.thread.is_some()) {
            return Ok(Next::Nothing);
        }
    }
    match own(scope, &source, Spot::default(), patient).await? {
        Next::Nothing => follow(scope, &source, &Made { channel: index.link, at: *at, thread }).await,
        next => Ok(next),
    }
}

/// A post of ours is taken for people's own by a node that has not used the webhook yet which made it.
fn is_our_post(index: &CopySource, copy: MessageId) -> bool {
    index.thread == Some(ChannelId(copy.0))
}

/// The next work for the thread on `source` that people made on `on`: on itself.
pub(super) async fn keep(scope: Scope<'_>, source: &Known, on: &Message) -> Result<Next, ViewsError> {
    let (Some((_, created)), Some((at, thread))) = (&on.created, &on.thread) else {
        return Ok(Next::Nothing);
    };
    follow(scope, source, &Made { channel: created.channel, at: *at, thread }).await
}

/// Makes our thread on `source` in this channel as people's own is.
async fn follow(scope: Scope<'_>, source: &Known, made: &Made<'_>) -> Result<Next, ViewsError> {
    let receives = scope.settings.links.get(&scope.link).is_some_and(crate::settings::Link::receives);
    if made.channel == scope.link || !receives {
        return Ok(Next::Nothing);
    }
    let state = state(made.thread);
    Ok(match home(scope, source).await? {
        Home::Ours(on, shown) if made.thread.deleted && shown.1.hash != ThreadShown::NONE => {
            step(source, (on, made.at), shown.0, (Threading::Remove, ThreadShown::NONE))
        }
        Home::Ours(on, shown) if is_behind(made, shown.1, &state) => {
            change(source, (on, made.at), shown.0, state)
        }
        Home::Open(on, last) if is_to_open(made, last) => open(source, on, made.at, last, state.name),
        Home::Ours(..) | Home::Open(..) | Home::Theirs(_) | Home::Removed | Home::Nowhere => Next::Nothing,
    })
}

/// Whether it shows less than people made of theirs. What Discord did not take is tried again once they have changed it.
fn is_behind(made: &Made<'_>, shown: ThreadShown, state: &ThreadState) -> bool {
    let tried = shown.hash == ThreadShown::NONE && shown.version == made.at;
    made.at >= shown.version && shown.hash != hash(state) && !tried
}

/// An archived thread is opened once something is to be said in it. One that could not be opened is tried again once
/// people have changed it.
fn is_to_open(made: &Made<'_>, last: Option<(Version, ThreadShown)>) -> bool {
    let tried = last.is_some_and(|(_, last)| last.version >= made.at);
    !tried && !made.thread.archived && !made.thread.deleted
}

/// The next work for a message that stands in a thread.
pub(super) async fn within(
    scope: Scope<'_>,
    known: &Known,
    thread: ChannelId,
    patient: Option<Version>,
) -> Result<Next, ViewsError> {
    let Scope { views, mirror, generation, .. } = scope;
    let made_on = MessageId(thread.0);
    let index = copies::source_of(views, mirror, generation, made_on).await?;
    let root = know(scope, index.map_or(made_on, |index| index.source)).await?;
    let ours = index.is_some_and(|index| is_our_post(&index, made_on));
    let told = super::message(scope, made_on).await?.thread.filter(|(_, thread)| thread.deleted || !ours);
    let name = told.as_ref().map_or("", |(_, thread)| thread.name.as_str());
    let parent = known.message.created.as_ref().map(|(_, created)| created.channel).unwrap_or_default();
    let made = told.as_ref().map(|(at, thread)| Made { channel: parent, at: *at, thread });
    let gone = made.as_ref().is_some_and(|made| made.thread.deleted);
    match made {
        _ if gone || parent == scope.link => Ok(Next::Nothing),
        _ if root.message.created.is_none() => {
            let fresh = patient.is_some_and(|wall| known.message.id.made().0 > wall.0 - FRESH_US);
            if fresh { Ok(Next::Unsettled) } else { aside(scope, known, name, patient).await }
        }
        Some(made) if !is_owed(scope, known, false) => follow(scope, &root, &made).await,
        None if !is_owed(scope, known, false) => Ok(Next::Nothing),
        made => Inside { scope, known, root, made, name }.next(patient).await,
    }
}

/// A message that is owed, in a thread on `root`.
struct Inside<'a> {
    scope: Scope<'a>,
    known: &'a Known,
    root: Known,
    made: Option<Made<'a>>,
    name: &'a str,
}

impl Inside<'_> {
    async fn next(&self, patient: Option<Version>) -> Result<Next, ViewsError> {
        let Self { scope, known, root, .. } = self;
        if let Some(copy) = known.held.copies.iter().find(|copy| copy.gone.is_none()) {
            // What was begun somewhere goes on there.
            return match copy.within {
                Some(thread) => self.into(MessageId(thread.0), patient).await,
                None => aside(*scope, known, self.name, patient).await,
            };
        }
        match own(*scope, root, Spot { needed: true, ..Spot::default() }, patient).await? {
            Next::Nothing => {}
            next => return Ok(next),
        }
        match home(*scope, root).await? {
            Home::Theirs(on) | Home::Ours(on, _) => self.into(on, patient).await,
            Home::Open(on, last) => self.opened(on, last, patient).await,
            Home::Removed => Ok(Next::Nothing),
            Home::Nowhere => aside(*scope, known, self.name, patient).await,
        }
    }

    async fn opened(
        &self,
        on: MessageId,
        last: Option<(Version, ThreadShown)>,
        patient: Option<Version>,
    ) -> Result<Next, ViewsError> {
        let at = self.made.as_ref().map_or(Version::default(), |made| made.at);
        if last.is_some_and(|(_, last)| last.version >= at) {
            return aside(self.scope, self.known, self.name, patient).await;
        }
        let name = if self.name.is_empty() { "thread" } else { self.name };
        Ok(open(&self.root, on, at, last, name.to_owned()))
    }

    /// Into the thread on this message, which must not be archived for it, unless something is removed.
    async fn into(&self, on: MessageId, patient: Option<Version>) -> Result<Next, ViewsError> {
        let Self { scope, known, root, made, .. } = self;
        let ours = root.held.threads.iter().find(|(thread, _)| *thread == on).map(|(_, shown)| *shown);
        let removes = wanted(&known.message, scope.link, scope.settings) == Wanted::Gone;
        if let (Some(made), Some(shown), false) = (made, ours, removes) {
            let usable = ThreadState { archived: false, locked: false, ..state(made.thread) };
            let theirs = super::message(*scope, on).await?.thread.is_some();
            if is_behind(made, shown.1, &usable) && !theirs {
                return Ok(change(root, (on, made.at), shown.0, usable));
            }
        }
        let spot = Spot { thread: Some(ChannelId(on.0)), ..Spot::default() };
        own(*scope, known, spot, patient).await
    }
}

/// In the channel itself, with the thread's name above. A forum has no such place.
async fn aside(
    scope: Scope<'_>,
    known: &Known,
    name: &str,
    patient: Option<Version>,
) -> Result<Next, ViewsError> {
    if post::is_forum(scope, scope.link) {
        return Ok(Next::Nothing);
    }
    let name = if name.is_empty() { "thread" } else { name };
    own(scope, known, Spot { aside: Some(name), ..Spot::default() }, patient).await
}

/// What `source` has of a thread in the lane's channel.
async fn home(scope: Scope<'_>, source: &Known) -> Result<Home, ViewsError> {
    let Known { message, held } = source;
    let of = |on: MessageId| held.threads.iter().find(|(thread, _)| *thread == on).map(|(_, shown)| *shown);
    let is_own = message.created.as_ref().is_some_and(|(_, created)| created.channel == scope.link);
    if post::is_forum(scope, scope.link) {
        return posted(scope, source, is_own).await;
    }
    let on = if is_own { Some(message.id) } else { carrier(&held.copies, &of) };
    let Some(on) = on else { return Ok(Home::Nowhere) };
    let made = if is_own { message.thread.clone() } else { super::message(scope, on).await?.thread };
    let stands = if is_own {
        message.deleted.is_none()
    } else {
        held.copies.iter().any(|copy| copy.id == on && copy.gone.is_none())
    };
    Ok(match (made, of(on)) {
        (Some((_, thread)), _) if thread.deleted => Home::Removed,
        (Some(_), _) => Home::Theirs(on),
        (None, Some(shown)) if shown.1.hash != ThreadShown::NONE => Home::Ours(on, shown),
        (None, last) if stands => Home::Open(on, last),
        (None, _) => Home::Nowhere,
    })
}

/// What it has of a post, if the lane's channel is a forum. What Discord tells of ours is that it is gone.
async fn posted(scope: Scope<'_>, source: &Known, is_own: bool) -> Result<Home, ViewsError> {
    let Known { message, held } = source;
    let post = if is_own { Some(message.id) } else { post::made(held) };
    let Some(post) = post else { return Ok(Home::Nowhere) };
    let told = super::message(scope, post).await?.thread;
    if told.is_some_and(|(_, thread)| thread.deleted) {
        return Ok(Home::Removed);
    }
    let shown = held.threads.iter().find(|(thread, _)| *thread == post).map(|(_, shown)| *shown);
    Ok(if is_own { Home::Theirs(post) } else { Home::Ours(post, shown.unwrap_or_default()) })
}

/// The copy that has a thread, even if it is gone by now; else the last that is there.
fn carrier(
    copies: &[HeldCopy],
    of: &impl Fn(MessageId) -> Option<(Version, ThreadShown)>,
) -> Option<MessageId> {
    let has = |copy: &&HeldCopy| of(copy.id).is_some_and(|(_, shown)| shown.hash != ThreadShown::NONE);
    let threaded = copies.iter().rfind(has);
    let live = || copies.iter().rfind(|copy| copy.gone.is_none());
    threaded.or_else(live).map(|copy| copy.id)
}

pub(super) fn state(thread: &Thread) -> ThreadState {
    let Thread { name, archived, locked, tags, .. } = thread.clone();
    ThreadState { name, archived, locked, tags }
}

/// Never [`ThreadShown::NONE`].
pub(super) fn hash(state: &ThreadState) -> u64 {
    let bytes = rmp_serde::to_vec(state).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(&bytes).max(1)
}

fn open(
    source: &Known,
    on: MessageId,
    at: Version,
    last: Option<(Version, ThreadShown)>,
    name: String,
) -> Next {
    let known = last.map_or(Version::default(), |(known, _)| known);
    let opened = hash(&ThreadState { name: name.clone(), ..ThreadState::default() });
    step(source, (on, at), known, (Threading::Open(name), opened))
}

fn change(source: &Known, on: (MessageId, Version), known: Version, state: ThreadState) -> Next {
    let changed = hash(&state);
    step(source, on, known, (Threading::Change(state), changed))
}

fn step(
    source: &Known,
    (on, version): (MessageId, Version),
    known: Version,
    (threading, hash): (Threading, u64),
) -> Next {
    let shown = Shown { version, hash, ..Shown::default() };
    let threading = Some(Box::new(threading));
    let work = Work::new(place(&source.message), Deed::Thread(on));
    Next::Work(Box::new(Work { shown, known, threading, ..work }))
}
