//! The ledger: every request, every effect on a channel, every injected fault. A test asks it "what was done to channel C,
//! by whom"; it never holds a token.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    RouteKind, clock,
    fault::Matcher,
    limits::{Refusal, Refused},
};

/// How much the ledger keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Every request and every effect (about 300 bytes a request that had an effect).
    #[default]
    All,
    /// The counters only.
    Counts,
}

/// One REST request, as it was answered.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Arrival order, from 1.
    pub seq: u64,
    /// Unix milliseconds at arrival.
    pub at_ms: u64,
    /// `GET`, `POST`, ...
    pub method: Box<str>,
    /// What the path asked for.
    pub kind: RouteKind,
    /// The guild in the path.
    #[serde(serialize_with = "crate::id::text_option")]
    pub guild: Option<u64>,
    /// The channel in the path, or the one that the webhook posts to, or that of the interaction.
    #[serde(serialize_with = "crate::id::text_option")]
    pub channel: Option<u64>,
    /// The webhook in the path; the application, where the token is an interaction's.
    #[serde(serialize_with = "crate::id::text_option")]
    pub webhook: Option<u64>,
    /// The message in the path.
    #[serde(serialize_with = "crate::id::text_option")]
    pub target: Option<u64>,
    /// The status that was answered; none while it runs and when the connection was cut instead.
    pub status: Option<u16>,
    /// The fault that was injected, by name.
    pub fault: Option<&'static str>,
    /// How it was refused, if it was for coming too often.
    pub refused: Option<Refused>,
    /// The message that was created, edited or deleted (the last one, for a bulk delete).
    #[serde(serialize_with = "crate::id::text_option")]
    pub effect: Option<u64>,
    /// `content` of the body, or of its `data`.
    pub content: Option<Arc<str>>,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the world (`Standin::say` and its like).
    User(#[serde(serialize_with = "crate::id::text")] u64),
    /// A moderator of the world (`Standin::delete`, `wipe`, ...).
    Moderator,
    /// The bot, with its token.
    Bot,
    /// Whoever holds this webhook's token.
    Webhook(#[serde(serialize_with = "crate::id::text")] u64),
}

/// What happened to a message or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A message appeared.
    Create,
    /// A message's text or own embeds changed.
    Edit,
    /// A message went away.
    Delete,
    /// Discord added to a message (unfurl, pin).
    Refresh,
    /// A reaction was added.
    React,
    /// Reactions went away.
    Unreact,
    /// A webhook was made.
    WebhookCreate,
    /// A webhook was renamed or moved.
    WebhookEdit,
    /// A webhook went away.
    WebhookDelete,
    /// A channel or thread appeared.
    ChannelCreate,
    /// A channel or thread was renamed, archived, ...
    ChannelEdit,
    /// A channel or thread went away with all its messages.
    ChannelDelete,
}

/// Who was notified by a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pings {
    /// Users, those replied to included.
    #[serde(serialize_with = "crate::id::text_list")]
    pub users: Vec<u64>,
    /// Roles.
    #[serde(serialize_with = "crate::id::text_list")]
    pub roles: Vec<u64>,
    /// `@everyone` or `@here`.
    pub everyone: bool,
}

impl Pings {
    /// Nobody was notified.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.roles.is_empty() && !self.everyone
    }
}

/// One change of the world.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    /// Order of all effects, from 1.
    pub seq: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The request that caused it.
    pub request: Option<u64>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub change: Change,
    /// Where.
    #[serde(serialize_with = "crate::id::text")]
    pub channel: u64,
    /// The message, the webhook, or the channel itself.
    #[serde(serialize_with = "crate::id::text")]
    pub subject: u64,
    /// The text after the change.
    pub content: Option<Arc<str>>,
    /// Who was notified.
    pub pings: Pings,
}

/// One injected fault.
#[derive(Clone, Debug, Serialize)]
pub struct FaultNote {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Its name, as in [`crate::RestFault`] and [`crate::GatewayFault`].
    pub fault: &'static str,
    /// The request that it hit; none for a gateway fault.
    pub request: Option<u64>,
    /// The dispatch that it hit, for a gateway fault.
    pub event: Option<Box<str>>,
    /// The channel, if the request or dispatch was about one.
    #[serde(serialize_with = "crate::id::text_option")]
    pub channel: Option<u64>,
}

/// Counters that are kept always, however long the run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// All REST requests.
    pub requests: u64,
    /// Those answered 429, by our limits or by a fault.
    pub too_many: u64,
    /// Refusals by kind.
    pub refused: BTreeMap<Refusal, u64>,
    /// Of these, the client's own: it overran an announced limit, or did not wait as it was told.
    pub refused_own: BTreeMap<Refusal, u64>,
    /// Those answered 401, 403 or 429 but for scope `shared` (Discord blocks an address after 10,000 in 10 minutes).
    pub invalid: u64,
    /// Requests by kind.
    pub by_kind: BTreeMap<RouteKind, u64>,
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Effects by what was done.
    pub by_change: BTreeMap<Change, u64>,
    /// Injected faults by name.
    pub by_fault: BTreeMap<&'static str, u64>,
    /// Messages that notified somebody.
    pub pings: u64,
    /// Files that came.
    pub files: u64,
    /// Downloads that were begun.
    pub downloads: u64,
    /// Gateway: IDENTIFY accepted, RESUME accepted, RESUME refused (op 9).
    pub identified: u64,
    /// RESUME accepted.
    pub resumed: u64,
    /// IDENTIFY or RESUME refused.
    pub refused_sessions: u64,
    /// Heartbeats that were acknowledged.
    pub heartbeats: u64,
    /// Sessions begun or resumed, by how their connection is compressed.
    pub by_compression: BTreeMap<&'static str, u64>,
}

/// Which requests a question is about; empty means all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Method, kind, channel, webhook.
    #[serde(flatten)]
    pub on: Matcher,
    /// The answered status.
    pub status: Option<u16>,
    /// Only those that a fault hit.
    pub faulty: bool,
    /// Only those with a greater sequence number.
    pub since: u64,
}

impl Filter {
    fn matches(&self, request: &Request) -> bool {
        request.seq > self.since
            && self.on.matches(request)
            && self.status.is_none_or(|status| request.status == Some(status))
            && (!self.faulty || request.fault.is_some())
    }
}

/// The request under way: effects made meanwhile are its effects.
#[derive(Clone, Copy, Default)]
struct Cause {
    request: Option<u64>,
    effect: Option<u64>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Ledger {
    keep: Keep,
    requests: Vec<Request>,
    effects: Vec<Effect>,
    faults: Vec<FaultNote>,
    by_channel: BTreeMap<u64, Vec<usize>>,
    /// Requests and effects noted before the last restart: numbers go on.
    request_seq: u64,
    request_base: u64,
    effect_seq: u64,
    cause: Cause,
    pub(crate) counts: Counts,
}

/// Fault notes kept at most: they are for reading, the counters are for judging.
const FAULT_NOTES_MAX: usize = 100_000;

impl Ledger {
    pub(crate) fn new(keep: Keep) -> Self {
        Self { keep, ..Self::default() }
    }

    /// Empties everything. Requests under way lose their entries.
    pub(crate) fn restart(&mut self, keep: Keep) {
        let (request_seq, effect_seq) = (self.request_seq, self.effect_seq);
        *self = Self { keep, request_seq, request_base: request_seq, effect_seq, ..Self::default() };
    }

    /// Notes an arrival; returns its sequence number.
    pub(crate) fn open(&mut self, mut request: Request) -> u64 {
        self.counts.requests += 1;
        *self.counts.by_kind.entry(request.kind).or_default() += 1;
        self.request_seq += 1;
        request.seq = self.request_seq;
        request.at_ms = clock::now_ms();
        if self.keep == Keep::All {
            self.requests.push(request);
        }
        self.request_seq
    }

    /// From here to [`Ledger::settle`], effects belong to this request.
    pub(crate) fn begin(&mut self, request: u64) {
        self.cause = Cause { request: Some(request), effect: None };
    }

    /// The request's effect is complete.
    pub(crate) fn settle(&mut self) {
        let cause = std::mem::take(&mut self.cause);
        if let Some(entry) = cause.request.and_then(|seq| self.entry(seq)) {
            entry.effect = cause.effect;
        }
    }

    /// Notes what the client was answered.
    pub(crate) fn close(&mut self, request: u64, status: Option<u16>, refused: Option<Refused>) {
        let counts = &mut self.counts;
        if let Some(status) = status {
            *counts.by_status.entry(status).or_default() += 1;
            counts.too_many += u64::from(status == 429);
            let free = refused.is_some_and(|refused| refused.kind == Refusal::Shared);
            counts.invalid += u64::from(matches!(status, 401 | 403 | 429) && !free);
        }
        if let Some(refused) = refused {
            *counts.refused.entry(refused.kind).or_default() += 1;
            *counts.refused_own.entry(refused.kind).or_default() += u64::from(refused.own);
        }
        if let Some(entry) = self.entry(request) {
            (entry.status, entry.refused) = (status, refused);
        }
    }

    fn entry(&mut self, seq: u64) -> Option<&mut Request> {
        self.requests.get_mut(usize::try_from(seq.checked_sub(self.request_base + 1)?).ok()?)
    }

    /// Notes a change of the world.
    pub(crate) fn effect(&mut self, mut effect: Effect) {
        *self.counts.by_change.entry(effect.change).or_default() += 1;
        self.counts.pings += u64::from(!effect.pings.is_empty());
        self.effect_seq += 1;
        effect.seq = self.effect_seq;
        effect.request = self.cause.request;
        self.cause.effect = Some(effect.subject);
        if self.keep == Keep::All {
            self.by_channel.entry(effect.channel).or_default().push(self.effects.len());
            self.effects.push(effect);
        }
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, note: FaultNote) {
        *self.counts.by_fault.entry(note.fault).or_default() += 1;
        if let Some(entry) = note.request.and_then(|seq| self.entry(seq)) {
            entry.fault = Some(note.fault);
        }
        if self.faults.len() < FAULT_NOTES_MAX {
            self.faults.push(note);
        }
    }

    pub(crate) fn requests(&self, filter: &Filter) -> Vec<Request> {
        self.requests.iter().filter(|request| filter.matches(request)).cloned().collect()
    }

    pub(crate) fn effects_on(&self, channel: u64) -> Vec<Effect> {
        let places = self.by_channel.get(&channel).into_iter().flatten();
        places.filter_map(|&place| self.effects.get(place)).cloned().collect()
    }

    pub(crate) fn effects(&self, want: impl Fn(&Effect) -> bool) -> Vec<Effect> {
        self.effects.iter().filter(|effect| want(effect)).cloned().collect()
    }

    pub(crate) fn faults(&self) -> Vec<FaultNote> {
        self.faults.clone()
    }
}
