//! Capture: from a Discord frame to events. Pure, and remembers nothing.
//!
//! ```text
//! frame ── envelope ──> dispatch ── capture(context, observed) ──> [Event], Echo?
//! ```
//!
//! | dispatch, in a linked channel | events, one set per mirror | version |
//! |---|---|---|
//! | `MESSAGE_CREATE` | `Created` | when the id was made |
//! | `MESSAGE_UPDATE` with `edited_timestamp` | `Edited`, `Refreshed` (decor) | that time; `observed` |
//! | `MESSAGE_UPDATE` without | `Refreshed` (the message again, where it is whole) | `observed` |
//! | `MESSAGE_DELETE`, `MESSAGE_DELETE_BULK` | `Deleted` per id | `observed`; in the id 0 |
//! | `CHANNEL_DELETE`, `THREAD_DELETE` of the channel itself | `Cut` | `observed`; in the id 0 |
//! | `THREAD_CREATE`, `_UPDATE`, `_DELETE` of a thread in it that people made | `Thread` | `observed` |
//! | "started a thread" | `Created` of the thread's starter | just before the id was made |
//! | system messages that were not chosen ([`Systems`]), everything else | `Other` | `observed` |
//!
//! Messages, edits and system messages count where the member publishes; the rest in every linked channel,
//! for an id may be that of a copy. What happens in a thread that is not linked itself happens in its parent;
//! a private thread gives nothing. What we said ourselves is never an event: a message of our webhook gives
//! an [`Echo`]. Whether an edit is news is the fold's result, not capture's.

mod message;
mod names;
mod payload;
mod system;
mod thread;

pub use system::Systems;

use crate::event::identity::{Mark, source_id};
use crate::event::{Body, Created, Edited, Event, Other, Place, Producer, Refreshed, Service};
use crate::id::{ApplicationId, ChannelId, GuildId, MessageId, MirrorId, RoleId, UserId, Version, WebhookId};
use bytes::Bytes;
use payload::{Head, Id, Message};
use serde::Deserialize;
use serde_json::value::RawValue;

/// How far ahead of our clock a version may lie, in microseconds. A greater one would win its register for
/// ever, and CQL refuses three days.
pub const AHEAD_MAX_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A gateway frame, split but not read: `{op, d, s, t}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The opcode; 0 is a dispatch.
    pub op: u8,
    /// The sequence number, of a dispatch.
    pub seq: Option<u64>,
    /// The event name, of a dispatch.
    pub kind: Option<&'a str>,
    /// JSON text of `d` as sent; `null` where there is none.
    pub data: &'a str,
}

impl<'a> Envelope<'a> {
    /// The dispatch, where the frame is one.
    #[must_use]
    pub fn dispatch(&self) -> Option<Dispatch<'a>> {
        let kind = self.kind.filter(|_| self.op == 0)?;
        Some(Dispatch { kind, data: self.data })
    }
}

/// A dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatch<'a> {
    /// Discord's event name (`MESSAGE_CREATE`).
    pub kind: &'a str,
    /// JSON text of `d` as sent.
    pub data: &'a str,
}

/// One open link of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The mirror.
    pub mirror: MirrorId,
    /// Whether what is said in the channel is shown in the others.
    pub publishes: bool,
}

/// Who we are, and what we show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// The bot's user.
    pub user: UserId,
    /// Its application.
    pub application: ApplicationId,
    /// The system messages that we show.
    pub systems: Systems,
}

/// What a thread is, as far as capture has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadAt {
    /// The channel that it hangs in.
    pub parent: ChannelId,
    /// Discord's channel type: 10 announcement thread, 11 public thread, 12 private thread.
    pub kind: u8,
}

impl ThreadAt {
    /// Discord's channel type of a private thread.
    pub const PRIVATE: u8 = 12;

    /// Whether only those see it who were invited.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.kind == Self::PRIVATE
    }
}

/// What capture has to know: the links, who we are, and names.
pub trait Context {
    /// The open links of a channel, one per mirror; empty where it is not linked.
    fn members(&self, channel: ChannelId) -> &[Member];
    /// What a channel id is, if it is known to be a thread's.
    fn thread(&self, channel: ChannelId) -> Option<ThreadAt>;
    /// The name of a forum's tag, if known.
    fn tag_name(&self, forum: ChannelId, tag: u64) -> Option<&str>;
    /// Whether a webhook is one that we post copies with.
    fn is_ours(&self, webhook: WebhookId) -> bool;
    /// A channel's name, if known.
    fn channel_name(&self, channel: ChannelId) -> Option<&str>;
    /// A role's name, if known.
    fn role_name(&self, role: RoleId) -> Option<&str>;
    /// Who we are.
    fn me(&self) -> Me;
}

/// What one dispatch gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// To be appended, each to its mirror's partition, in this order.
    pub events: Vec<Event>,
    /// A copy of ours was seen.
    pub echo: Option<Echo>,
}

/// Our own webhook's message was created: proof that a request succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The channel; of a copy in a thread that is not linked itself, the thread's parent.
    pub channel: ChannelId,
    /// That thread.
    pub thread: Option<ChannelId>,
    /// The copy.
    pub message: MessageId,
    /// The webhook that posted it.
    pub webhook: WebhookId,
}

/// Why a payload gave no events. Either way it is put aside as a dead letter and the next one is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// Not what Discord documents; worth a look at the payload.
    #[error("an odd payload: {why}")]
    Odd {
        /// What is wrong; holds no part of a message's text.
        why: String,
    },
    /// A version over [`AHEAD_MAX_US`] ahead of our clock; worth a look at the clock.
    #[error("version {version} lies more than a day ahead of our clock")]
    Future {
        /// The version.
        version: Version,
    },
}

fn odd(why: impl Into<String>) -> CaptureError {
    CaptureError::Odd { why: why.into() }
}

/// Splits a gateway frame (JSON text).
///
/// # Errors
/// [`CaptureError::Odd`] where it is no JSON object with an `op`.
pub fn envelope(frame: &str) -> Result<Envelope<'_>, CaptureError> {
    #[derive(Deserialize)]
    struct Frame<'a> {
        op: u8,
        #[serde(default)]
        s: Option<u64>,
        #[serde(borrow, default)]
        t: Option<&'a str>,
        #[serde(borrow, default)]
        d: Option<&'a RawValue>,
    }
    let Frame { op, s, t, d } = parse(frame)?;
    Ok(Envelope { op, seq: s, kind: t, data: d.map_or("null", RawValue::get) })
}

/// The events of a dispatch, captured at `observed` by our clock.
///
/// # Errors
/// [`CaptureError`]; never panics.
pub fn capture(
    dispatch: &Dispatch<'_>,
    context: &dyn Context,
    observed: Version,
) -> Result<Captured, CaptureError> {
    let scene = Scene { context, observed, raw: Bytes::copy_from_slice(dispatch.data.as_bytes()) };
    match dispatch.kind {
        // Noise: nothing is said.
        "TYPING_START" => Ok(Captured::default()),
        // They carry a token and a session id: no secret may reach the log. Neither says anything in a channel.
        "INTERACTION_CREATE" | "VOICE_STATE_UPDATE" => Ok(Captured::default()),
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => scene.message(dispatch),
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => scene.deleted(&parse(dispatch.data)?),
        kind @ ("CHANNEL_DELETE" | "THREAD_DELETE") => scene.cut(kind, &parse(dispatch.data)?),
        kind @ ("THREAD_CREATE" | "THREAD_UPDATE") => scene.thread(kind, dispatch.data),
        // What has no channel, or one that we cannot read, is not about a linked channel.
        kind => {
            parse(dispatch.data).map_or_else(|_| Ok(Captured::default()), |head| scene.other(kind, &head))
        }
    }
}

/// The events of a message read by REST in `guild`: a backfill, or what a lost session missed.
///
/// A message that was edited gives `Created` without text claim (its first text is not known) and `Edited`.
///
/// # Errors
/// [`CaptureError`]; never panics.
pub fn history(
    message_json: &str,
    guild: GuildId,
    context: &dyn Context,
    observed: Version,
) -> Result<Captured, CaptureError> {
    let scene = Scene { context, observed, raw: Bytes::copy_from_slice(message_json.as_bytes()) };
    let message: Message<'_> = parse(message_json)?;
    let spot = scene.spot_of(&message)?;
    match speaker(&message, context) {
        Speaker::Us(webhook) => Ok(Captured::echo(spot, webhook)),
        Speaker::Another if message.is_thread_start() => scene.thread_started(&message, spot),
        Speaker::Another if !scene.is_said(&message) => scene.system("MESSAGE_CREATE", spot.place),
        Speaker::Another => scene.read_back(&message, spot, guild),
    }
}

/// The first message of a thread that was started without one, made up from what Discord says of the thread (JSON): who
/// started it is known by id alone, so what the message of that start says counts before it.
///
/// # Errors
/// [`CaptureError`]; never panics.
pub fn starter(
    thread_json: &str,
    context: &dyn Context,
    observed: Version,
) -> Result<Captured, CaptureError> {
    let scene = Scene { context, observed, raw: Bytes::copy_from_slice(thread_json.as_bytes()) };
    scene.starter(&parse(thread_json)?)
}

/// The events of a message of which it was found out later, by asking, that it is gone: the same facts as those of
/// the dispatch that was missed.
///
/// # Errors
/// [`CaptureError`]; never panics.
pub fn missing(
    channel: ChannelId,
    message: MessageId,
    context: &dyn Context,
    observed: Version,
) -> Result<Captured, CaptureError> {
    let scene = Scene { context, observed, raw: Bytes::new() };
    scene.linked(&[scene.once(channel, Id(message.0), Body::Deleted)])
}

/// The events of a thread of `parent` of which it was found out later, by asking, that it is gone.
///
/// # Errors
/// [`CaptureError`]; never panics.
pub fn missing_thread(
    parent: ChannelId,
    thread: ChannelId,
    context: &dyn Context,
    observed: Version,
) -> Result<Captured, CaptureError> {
    let scene = Scene { context, observed, raw: Bytes::new() };
    let head = Head { id: Some(Id(thread.0)), parent_id: Some(Id(parent.0)), ..Head::default() };
    scene.thread_deleted(&head)
}

/// Who speaks in a message.
enum Speaker {
    /// We do, through a webhook or as the bot.
    Us(Option<WebhookId>),
    /// Anybody else, or the payload does not say.
    Another,
}

fn speaker(message: &Message<'_>, context: &dyn Context) -> Speaker {
    let me = context.me();
    let webhook = message.webhook_id.map(|id| WebhookId(id.0));
    let by_webhook = webhook.is_some_and(|webhook| context.is_ours(webhook));
    let by_application = message.application_id == Some(Id(me.application.0));
    let by_user = message.author.as_ref().is_some_and(|author| author.id.0 == me.user.0);
    if by_webhook || by_application || by_user { Speaker::Us(webhook) } else { Speaker::Another }
}

impl Captured {
    fn echo(spot: Spot, webhook: Option<WebhookId>) -> Self {
        let Spot { place: Place { channel, message, .. }, thread } = spot;
        Self { events: Vec::new(), echo: webhook.map(|webhook| Echo { channel, thread, message, webhook }) }
    }
}

/// What all events of one dispatch share.
struct Scene<'a> {
    context: &'a dyn Context,
    observed: Version,
    raw: Bytes,
}

/// Where a message is.
#[derive(Clone, Copy, Debug)]
struct Spot {
    place: Place,
    /// The thread of that channel.
    thread: Option<ChannelId>,
}

/// One event, but for the mirror.
struct Fact {
    place: Place,
    version: Version,
    mark: Mark,
    body: Body,
}

impl Scene<'_> {
    /// Whether it is shown: somebody's words, or a system message that was chosen.
    fn is_said(&self, message: &Message<'_>) -> bool {
        message.is_words() || self.context.me().systems.holds(message.kind.unwrap_or(0))
    }

    fn message(&self, dispatch: &Dispatch<'_>) -> Result<Captured, CaptureError> {
        let message: Message<'_> = parse(dispatch.data)?;
        let spot = self.spot_of(&message)?;
        let is_new = dispatch.kind == "MESSAGE_CREATE";
        match speaker(&message, self.context) {
            Speaker::Us(webhook) if is_new => return Ok(Captured::echo(spot, webhook)),
            Speaker::Us(_) => return Ok(Captured::default()),
            Speaker::Another => {}
        }
        if message.is_private() {
            return Ok(Captured::default());
        }
        if message.is_thread_start() {
            return self.thread_started(&message, spot);
        }
        if !self.is_said(&message) {
            return self.system(dispatch.kind, spot.place);
        }
        let facts = if is_new { self.created(&message, spot)? } else { self.updated(&message, spot)? };
        self.published(&facts)
    }

    fn created(&self, message: &Message<'_>, spot: Spot) -> Result<Vec<Fact>, CaptureError> {
        let Spot { place, thread } = spot;
        let said = message.said(self.context);
        let created = Created { thread, ..message.created(Some(said), guild_of(message))? };
        Ok(vec![Fact::versioned(place, place.message.made(), Body::Created(created))])
    }

    fn updated(&self, message: &Message<'_>, spot: Spot) -> Result<Vec<Fact>, CaptureError> {
        let Spot { place, thread } = spot;
        let guild = guild_of(message);
        let edited = message.edited()?.filter(|_| message.content.is_some());
        let Some(version) = edited else {
            let said = message.is_full().then(|| message.said(self.context));
            let created = said.map(|said| message.created(Some(said), guild)).transpose()?;
            let created = created.map(|created| Created { thread, ..created });
            return Ok(vec![self.refreshed(place, Refreshed { created, decor: message.decor() })]);
        };
        let edited = Edited { author: message.author(guild), said: message.said(self.context) };
        let refreshed = Refreshed { created: None, decor: message.decor() };
        Ok(vec![Fact::versioned(place, version, Body::Edited(edited)), self.refreshed(place, refreshed)])
    }

    fn refreshed(&self, place: Place, refreshed: Refreshed) -> Fact {
        let mark = mark_of(&refreshed);
        Fact { place, version: self.observed, mark, body: Body::Refreshed(refreshed) }
    }

    fn read_back(&self, message: &Message<'_>, spot: Spot, guild: GuildId) -> Result<Captured, CaptureError> {
        let Spot { place, thread } = spot;
        let Some(version) = message.edited()? else {
            let said = message.said(self.context);
            let created = Created { thread, ..message.created(Some(said), guild)? };
            return self.published(&[Fact::versioned(place, place.message.made(), Body::Created(created))]);
        };
        let created = Created { thread, ..message.created(None, guild)? };
        let edited = Edited { author: message.author(guild), said: message.said(self.context) };
        self.published(&[
            Fact::versioned(place, place.message.made(), Body::Created(created)),
            Fact::versioned(place, version, Body::Edited(edited)),
        ])
    }

    fn system(&self, kind: &str, place: Place) -> Result<Captured, CaptureError> {
        self.published(&[self.other_fact(kind, place)])
    }

    fn deleted(&self, head: &Head) -> Result<Captured, CaptureError> {
        let channel = channel_of(head.channel_id)?;
        if head.id.is_none() && head.ids.is_empty() {
            return Err(odd("a deletion names no message"));
        }
        let Spot { place: Place { channel, .. }, .. } = self.spot(channel, Id(0));
        let facts: Vec<Fact> =
            head.id.iter().chain(&head.ids).map(|id| self.once(channel, *id, Body::Deleted)).collect();
        self.linked(&facts)
    }

    fn cut(&self, kind: &str, head: &Head) -> Result<Captured, CaptureError> {
        let channel = channel_of(head.id)?;
        if self.context.members(channel).is_empty() {
            return if kind == "THREAD_DELETE" { self.thread_deleted(head) } else { self.other(kind, head) };
        }
        self.linked(&[self.once(channel, Id(0), Body::Cut)])
    }

    /// What can happen once only: its id needs no version, so that two observers agree on it.
    fn once(&self, channel: ChannelId, message: Id, body: Body) -> Fact {
        let place = place(channel, message);
        Fact { place, version: self.observed, mark: Mark::Version(Version(0)), body }
    }

    fn other(&self, kind: &str, head: &Head) -> Result<Captured, CaptureError> {
        let of_channel = kind.starts_with("CHANNEL_") || kind.starts_with("THREAD_");
        let own = head.channel_id.or(head.id.filter(|_| of_channel));
        let at = own.map(|id| self.spot(ChannelId(id.0), Id(0)).place.channel);
        let own = at.map(|channel| Id(channel.0)).or(own);
        // A thread that is not linked itself may hang under a channel that is.
        let candidates = [own, head.parent_id.filter(|_| of_channel)];
        let is_linked = |id: &Id| !self.context.members(ChannelId(id.0)).is_empty();
        let Some(channel) = candidates.into_iter().flatten().find(is_linked) else {
            return Ok(Captured::default());
        };
        let place = place(ChannelId(channel.0), head.message_id.unwrap_or(Id(0)));
        self.linked(&[self.other_fact(kind, place)])
    }

    fn other_fact(&self, kind: &str, place: Place) -> Fact {
        let text = String::from_utf8_lossy(&self.raw);
        let mark = Mark::of([kind, &text]);
        Fact { place, version: self.observed, mark, body: Body::Other(Other { kind: kind.to_owned() }) }
    }

    /// Events for each mirror that the channel belongs to.
    fn linked(&self, facts: &[Fact]) -> Result<Captured, CaptureError> {
        self.events(facts, |_| true)
    }

    /// Events for each mirror that the channel publishes to.
    fn published(&self, facts: &[Fact]) -> Result<Captured, CaptureError> {
        self.events(facts, |member| member.publishes)
    }

    fn events(&self, facts: &[Fact], counts: impl Fn(&Member) -> bool) -> Result<Captured, CaptureError> {
        let mut captured = Captured::default();
        for fact in facts {
            for member in self.context.members(fact.place.channel).iter().filter(|member| counts(member)) {
                captured.events.push(self.event(fact, member.mirror)?);
            }
        }
        Ok(captured)
    }

    fn event(&self, fact: &Fact, mirror: MirrorId) -> Result<Event, CaptureError> {
        let Fact { place, version, mark, ref body } = *fact;
        if version.0.saturating_sub(self.observed.0) > AHEAD_MAX_US {
            return Err(CaptureError::Future { version });
        }
        Ok(Event {
            id: source_id(mirror, &place, body, mark),
            mirror,
            place,
            version,
            observed: self.observed,
            producer: Producer::default(),
            body: body.clone(),
            raw: self.raw.clone(),
        })
    }
}

impl Fact {
    fn versioned(place: Place, version: Version, body: Body) -> Self {
        Self { place, version, mark: Mark::Version(version), body }
    }
}

/// Two observers of one update agree on this; two updates of one message differ in it.
fn mark_of(refreshed: &Refreshed) -> Mark {
    let Refreshed { created, decor } = refreshed;
    let numbers = [decor.flags.to_string(), decor.pinned.to_string(), decor.embeds.len().to_string()];
    let said = created.iter().filter_map(|created| created.said.as_ref());
    let said = said.flat_map(|said| std::iter::once(&said.text).chain(&said.embeds));
    Mark::of(numbers.iter().chain(&decor.embeds).chain(said).map(String::as_str))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CaptureError> {
    // Serde would read an array as a struct, field by field.
    if text.trim_start().starts_with('[') {
        return Err(odd("an array in place of an object"));
    }
    // The message of a serde error can quote a value, which would be somebody's words: the place is enough.
    serde_json::from_str(text).map_err(|error| {
        let what = format!("{:?}", error.classify()).to_lowercase();
        odd(format!("{what} error at line {} column {}", error.line(), error.column()))
    })
}

fn place(channel: ChannelId, message: Id) -> Place {
    Place { service: Service::Discord, channel, message: MessageId(message.0) }
}

fn channel_of(id: Option<Id>) -> Result<ChannelId, CaptureError> {
    id.map(|id| ChannelId(id.0)).ok_or_else(|| odd("the payload names no channel"))
}

fn guild_of(message: &Message<'_>) -> GuildId {
    message.guild_id.map_or_else(GuildId::default, |id| GuildId(id.0))
}
