//! Delivery: from what the views know to a lane's next work. Steps over ports; the driver is in the node.

mod local;
mod post;
mod thread;

use crate::copies::{self, Copies, CopySource};
use crate::key::{Bucket, Generation, Key, RowKey};
use crate::lane::{Deed, Receipted, Work};
use crate::message::{CreatedCell, Message};
use crate::render::{Local, Rendered, Reply, Slots, Source, Target, render};
use crate::settings::{Settings, is_namesake};
use crate::views::{Views, ViewsError};
use crate::wanted::{Facts, Files, Held, HeldCopy, Plan, Post, permitted, plan};
use events::event::{Attachment, Place, Quote, Service, Shown};
use events::{Body, ChannelId, Event, GuildId, MessageId, MirrorId, Version};

/// Where a question is asked: one link of one mirror, in one build of the views.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The views, joined with what the lane knows more (see [`crate::views::overlay`]).
    pub views: &'a dyn Views,
    /// The mirror.
    pub mirror: MirrorId,
    /// The build that is read.
    pub generation: Generation,
    /// The receiving channel.
    pub link: ChannelId,
    /// The mirror's settings.
    pub settings: &'a Settings,
    /// Which files copies carry.
    pub carry: &'a Carry<'a>,
}

/// Says which files of a message its copy carries when it is sent: those that were fetched, or before that those that
/// may be.
pub type Carry<'a> = dyn Fn(MessageId, &[Attachment]) -> Vec<u64> + Send + Sync + 'a;

/// Carries none.
#[must_use]
pub fn links_only(_: MessageId, _: &[Attachment]) -> Vec<u64> {
    Vec::new()
}

/// What an event means for the lanes of its mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// This message may be owed to every link.
    Message(MessageId),
    /// This link is to go through the mirror's log again from its beginning.
    Link(ChannelId),
    /// Every link is.
    All,
    /// Nothing is owed.
    Nothing,
}

/// What `event` means for the lanes. A link that is made (again) or restored goes through the whole log:
/// what is owed for the first time follows from its `since`, what it holds already is brought in step.
#[must_use]
pub fn touch(event: &Event) -> Touch {
    match &event.body {
        Body::Created(_) | Body::Edited(_) | Body::Deleted | Body::Thread(_) => {
            Touch::Message(event.place.message)
        }
        Body::Refreshed(refreshed) if refreshed.created.is_some() => Touch::Message(event.place.message),
        Body::Linked(_) | Body::Restored => Touch::Link(event.place.channel),
        Body::RoleGranted(grant) if grant.purge => Touch::All,
        Body::Refreshed(_)
        | Body::Receipt(_)
        | Body::Declared(_)
        | Body::Cut
        | Body::RoleGranted(_)
        | Body::RoleRevoked(_)
        | Body::Gap(_)
        | Body::Consent(_)
        | Body::Other(_) => Touch::Nothing,
    }
}

/// What the views know of one message in one link.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The message, without edits made under a ban.
    pub message: Message,
    /// What the channel shows of it.
    pub held: Held,
}

/// The next work for one message in one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wanted and held agree.
    Nothing,
    /// This is owed.
    Work(Box<Work>),
    /// It answers a fresh message that is not known yet: ask again soon.
    Unsettled,
}

/// How a message is to be shown.
#[derive(Clone, Copy, Debug, Default)]
struct Spot<'a> {
    /// In this thread of the channel.
    thread: Option<ChannelId>,
    /// In the channel itself, outside of its thread of this name.
    aside: Option<&'a str>,
    /// It carries a thread that something is owed in.
    needed: bool,
}

/// Plans the next work. With `patient`, what hangs on something fresh that is not known yet (the message answered, the
/// message that a thread stands on) is [`Next::Unsettled`].
///
/// # Errors
/// When the views do not answer.
pub async fn next(scope: Scope<'_>, id: MessageId, patient: Option<Version>) -> Result<Next, ViewsError> {
    let known = know(scope, id).await?;
    if known.message.created.is_none() && known.message.thread.is_some() {
        return thread::on_copy(scope, &known, patient).await;
    }
    if let Some(thread) = thread_of(&known.message) {
        return thread::within(scope, &known, thread, patient).await;
    }
    if post::is_gone(scope, &known.message) {
        return thread::keep(scope, &known, &known.message).await;
    }
    match own(scope, &known, Spot::default(), patient).await? {
        Next::Nothing => thread::keep(scope, &known, &known.message).await,
        next => Ok(next),
    }
}

fn thread_of(message: &Message) -> Option<ChannelId> {
    message.created.as_ref().and_then(|(_, created)| created.thread)
}

/// The next work for the message itself, shown in this spot.
async fn own(
    scope: Scope<'_>,
    known: &Known,
    spot: Spot<'_>,
    patient: Option<Version>,
) -> Result<Next, ViewsError> {
    if !is_owed(scope, known, spot.needed) {
        return Ok(Next::Nothing);
    }
    let makes_posts = spot.thread.is_none() && post::is_forum(scope, scope.link);
    if makes_posts && post::is_unnamed(known, patient) {
        return Ok(Next::Unsettled);
    }
    let reply = match known.message.created.as_ref().and_then(|(_, created)| created.reply_to.as_ref()) {
        Some(_) => resolve(scope, &known.message).await?,
        None => None,
    };
    let fresh = |wall: Version| {
        reply.as_ref().is_some_and(|reply| !reply.known && reply.answered.made().0 > wall.0 - FRESH_US)
    };
    if patient.is_some_and(fresh) {
        return Ok(Next::Unsettled);
    }
    let namesake = match &known.message.created {
        Some((_, created)) => {
            is_namesake(scope.views, (scope.mirror, scope.generation), &created.author).await?
        }
        None => false,
    };
    let local = local::local(scope, &known.message).await?;
    let around = Around { reply: reply.as_ref(), namesake, local: &local, aside: spot.aside };
    let made = |slots, files: Files<'_>| match files {
        Files::New => {
            let carried = (scope.carry)(known.message.id, &attachments(&known.message));
            parts(scope, &known.message, (around, &carried), slots)
        }
        Files::Held(ids) => parts(scope, &known.message, (around, ids), slots),
    };
    let plan = plan(facts(scope, known, spot.needed), made);
    Ok(match makes_posts {
        true => post::around(known, work(known, plan, post::standing(&known.held))),
        false => work(known, plan, spot.thread),
    })
}

/// A reply to a message younger than this may come before it is known.
const FRESH_US: i64 = 60_000_000;

/// Whether anything is owed, asked without rendering.
fn is_owed(scope: Scope<'_>, known: &Known, needed: bool) -> bool {
    plan(facts(scope, known, needed), |_, _| vec![Rendered::default()]) != Plan::Nothing
}

fn facts<'a>(scope: Scope<'a>, known: &'a Known, needed: bool) -> Facts<'a> {
    let Scope { link, settings, .. } = scope;
    Facts { message: &known.message, link, held: &known.held, settings, needed }
}

/// Reads what is known of a message in a link.
///
/// # Errors
/// When the views do not answer.
pub async fn know(scope: Scope<'_>, id: MessageId) -> Result<Known, ViewsError> {
    let Scope { views, mirror, generation, link, settings, .. } = scope;
    let message = permitted(message(scope, id).await?, settings);
    let held = held(&copies::copies_in(views, mirror, generation, id, link).await?);
    Ok(Known { message, held })
}

async fn message(scope: Scope<'_>, id: MessageId) -> Result<Message, ViewsError> {
    let Scope { mirror, generation, .. } = scope;
    let key = Key { mirror, generation, bucket: Bucket::of(id), row: RowKey::Message(id) };
    let rows = scope.views.get(&[key]).await?;
    Ok(rows.first().map(|row| Message::read(id, row)).unwrap_or_default())
}

fn held(copies: &Copies) -> Held {
    let refused = copies.refused.iter().map(|refused| refused.cell.version).max();
    let read = |copy: &copies::Copy| {
        let copies::Copy { id, part, within, gone, .. } = *copy;
        Some(HeldCopy { id, part, shown: copy.shown.clone()?, gone, within })
    };
    let threads = copies.copies.iter().filter_map(|copy| Some((copy.id, copy.thread?))).collect();
    Held { copies: copies.copies.iter().filter_map(read).collect(), refused, threads }
}

/// What a message answers, as one channel shows it.
struct Answered {
    answered: MessageId,
    author: String,
    text: String,
    target: Target,
    known: bool,
}

/// Resolves a reply: to the copy in the lane's own channel, to the original if that lies there, else to
/// the source. People often answer a copy.
async fn resolve(scope: Scope<'_>, message: &Message) -> Result<Option<Answered>, ViewsError> {
    let Some(reply) = message.created.as_ref().and_then(|(_, created)| created.reply_to.as_ref()) else {
        return Ok(None);
    };
    let Scope { views, mirror, generation, .. } = scope;
    let index = copies::source_of(views, mirror, generation, reply.message).await?;
    let (source, part) = index.map_or((reply.message, 0), |CopySource { source, part, .. }| (source, part));
    let target = permitted(self::message(scope, source).await?, scope.settings);
    let Some((_, created)) = &target.created else {
        let quote = reply.quote.clone().unwrap_or_default();
        let target = Target { guild: reply.guild, channel: reply.channel, message: reply.message };
        let answered = Answered {
            answered: reply.message,
            author: quote.author,
            text: quote.text,
            target,
            known: false,
        };
        return Ok(Some(answered));
    };
    // What its author took back, or is not to say here, is not said in a quote either.
    let is_unsaid = target.deleted.is_some() || scope.settings.is_shunned(created.author.id, source.made());
    let said = target.said().filter(|_| !is_unsaid);
    let words = said.map_or("", |said| &said.text);
    Ok(Some(Answered {
        answered: reply.message,
        author: created.author.name.clone(),
        text: words.chars().take(Quote::CHARS_MAX).collect(),
        target: nearest(scope, (source, part), created).await?,
        known: true,
    }))
}

/// Where a part of a message lies for this channel: its copy here, else the original.
async fn nearest(
    scope: Scope<'_>,
    (source, part): (MessageId, u16),
    created: &CreatedCell,
) -> Result<Target, ViewsError> {
    let channel = post::home(scope, created, source);
    let original = Target { guild: guild(scope, created.channel), channel, message: source };
    if created.channel == scope.link {
        return Ok(original);
    }
    let copies = copies::copies_in(scope.views, scope.mirror, scope.generation, source, scope.link).await?;
    let mut live = copies.copies.iter().filter(|copy| copy.is_live());
    let first = live.clone().next();
    let copy = live.find(|copy| copy.part == part).or(first);
    Ok(copy.map_or(original, |copy| Target {
        guild: guild(scope, scope.link),
        channel: copy.within.unwrap_or(scope.link),
        message: copy.id,
    }))
}

fn guild(scope: Scope<'_>, channel: ChannelId) -> GuildId {
    scope.settings.links.get(&channel).map(|link| link.linked.guild).unwrap_or_default()
}

/// What a message is rendered with besides its own words.
#[derive(Clone, Copy)]
struct Around<'a> {
    reply: Option<&'a Answered>,
    namesake: bool,
    local: &'a Local,
    aside: Option<&'a str>,
}

fn parts(
    scope: Scope<'_>,
    message: &Message,
    (around, carried): (Around<'_>, &[u64]),
    slots: Slots,
) -> Vec<Rendered> {
    let Around { reply, namesake, local, aside } = around;
    let (Some((_, created)), Some(said)) = (&message.created, message.said()) else { return Vec::new() };
    let source = Source {
        id: message.id,
        version: message.version(),
        channel: post::home(scope, created, message.id),
        guild: guild(scope, created.channel),
        author: &created.author,
        said,
        reply: reply.map(|answered| Reply {
            author: &answered.author,
            text: &answered.text,
            target: answered.target,
        }),
        namesake,
        aside,
        kind: created.kind,
        local,
        carried,
    };
    render(&source, slots)
}

/// A message's files: its own, and those that it forwards.
fn attachments(message: &Message) -> Vec<Attachment> {
    let said = message.said();
    let forwarded = said.and_then(|said| said.forward.as_ref()).map(|forward| &forward.attachments);
    said.map(|said| &said.attachments).into_iter().chain(forwarded).flatten().cloned().collect()
}

/// The work of a plan; a part that is posted goes into `thread`.
pub(crate) fn work(known: &Known, plan: Plan, thread: Option<ChannelId>) -> Next {
    let place = place(&known.message);
    let last = |id: MessageId| known.held.copies.iter().find(|copy| copy.id == id);
    let at = |id: MessageId| last(id).map(|copy| copy.shown.0).unwrap_or_default();
    let within = |id: MessageId| last(id).and_then(|copy| copy.within);
    let work = match plan {
        Plan::Nothing => return Next::Nothing,
        Plan::Create(post) => {
            let fetch = if post.files.is_empty() { Vec::new() } else { attachments(&known.message) };
            Work { fetch, thread, ..posted(place, Deed::Create, post, Version(0)) }
        }
        Plan::Edit(copy, post) => {
            Work { thread: within(copy), ..posted(place, Deed::Edit(copy), post, at(copy)) }
        }
        Plan::Delete(copy, part) => {
            let shown = last(copy).map(|copy| copy.shown.1.clone()).unwrap_or_default();
            let thread = within(copy);
            Work { part, shown, known: at(copy), thread, ..Work::new(place, Deed::Delete(copy)) }
        }
    };
    Next::Work(Box::new(work))
}

fn place(message: &Message) -> Place {
    let channel = message.created.as_ref().map(|(_, created)| created.channel).unwrap_or_default();
    Place { service: Service::Discord, channel, message: message.id }
}

fn posted(place: Place, deed: Deed, post: Post, known: Version) -> Work {
    let Post { part, rendered, hash, last, files } = post;
    let shown = Shown { version: rendered.version, hash, last, files, ..Shown::default() };
    Work { part, shown, known, rendered: Some(Box::new(rendered)), ..Work::new(place, deed) }
}

/// The event that puts a lane's outcome on the log.
#[must_use]
pub fn receipt_event(mirror: MirrorId, receipted: &Receipted, observed: Version) -> Event {
    let Receipted { place, receipt, version } = receipted.clone();
    Event {
        id: events::event::receipt_id(mirror, place.message, &receipt, version),
        mirror,
        place,
        version,
        observed,
        producer: events::Producer::default(),
        body: Body::Receipt(receipt),
        raw: bytes::Bytes::new(),
    }
}
