//! The lane: carries one link's owed changes out to its channel, strictly one request at a time.
//!
//! Discord's webhook execute has no idempotency key, so exactly one copy is a protocol, not a feature:
//!
//! ```text
//! Ready ─work─> Saving(intent) ─> Sending ─yes/no──> Saving(done) ─> Appending(receipt) ─> Ready
//!                                    └─ambiguous─> Resolving ─evidence─────┘
//!                                                      └─W, 2 reads with an anchor: no effect─> Ready
//! ```
//! [`Lane::step`] is pure: inputs in, one [`Action`] out; a driver performs it and brings the result back.
//! An intent is durable before its call, a receipt before the next intent. Whoever opens the lane later
//! finds the intent and resolves it the same way.

mod audit;
mod guards;
pub mod proof;
mod resolve;
mod row;
mod work;

#[cfg(test)]
mod tests;

pub use guards::Guards;
pub use row::{Deed, Intent, LaneRow, Phase, Receipted, Settled};
pub use work::Work;

use crate::lanes::Saved;
use crate::sink::{Answer, HistoryError, No, Request};
use events::event::{GoneBy, Outcome, Receipt, Shown, ThreadShown};
use events::{ChannelId, MessageId, Offset, Version, WebhookId};

/// What the lane is told besides its inputs.
#[derive(Clone, Debug)]
pub struct Rules {
    /// W: an effect can come so late after its request, and no later. Milliseconds.
    pub settle_wait_ms: u64,
    /// Pause before the same is tried again when nothing else says how long. Milliseconds.
    pub retry_ms: u64,
    /// Duplicates that the audit may remove per hour; past it the lane is held.
    pub removals_per_hour: u32,
    /// Which parts of the protocol are on. All, outside tests.
    pub guards: Guards,
}

impl Default for Rules {
    fn default() -> Self {
        Self { settle_wait_ms: 15_000, retry_ms: 1_000, removals_per_hour: 20, guards: Guards::default() }
    }
}

/// The time of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// A clock that only goes forward, milliseconds.
    pub mono_ms: u64,
    /// The wall clock.
    pub wall: Version,
}

/// What happened since the last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Begin, with the row as loaded.
    Open,
    /// The next planned step.
    Work(Box<Work>),
    /// Result of [`Action::Save`].
    Saved(Saved),
    /// Result of [`Action::Load`].
    Loaded(Box<LaneRow>),
    /// Result of [`Action::Send`].
    Answered(Answer),
    /// [`Action::Append`] is durable.
    Appended,
    /// Result of [`Action::History`], all pages, oldest first.
    History(Result<Vec<Sighting>, HistoryError>),
    /// Result of [`Action::Identify`]: the ids that no receipt knows.
    Strangers(Vec<MessageId>),
    /// A wait is over, or an echo came.
    Woken,
    /// The operator's decision on a held lane: go on; copies up to this id are accepted as they are.
    Release(MessageId),
}

/// A message seen in the lane's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its id.
    pub id: MessageId,
    /// Our webhook posted it.
    pub ours: bool,
    /// A receipt knows it.
    pub known: bool,
    /// The thread that it lies in.
    pub thread: Option<ChannelId>,
}

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the row, by condition.
    Save(Box<LaneRow>),
    /// Read the row again: the outcome of a write is unknown.
    Load,
    /// Send this, once.
    Send(Request),
    /// Put the receipt on the log; again until it is durable.
    Append(Receipted),
    /// Read all history behind this message: the channel's, and with it the thread's.
    History(MessageId, Option<ChannelId>),
    /// Tell which of these messages no receipt knows.
    Identify(Vec<MessageId>),
    /// Bring the next work; none: rest.
    Plan,
    /// Come back after so many milliseconds, or when an echo comes.
    Wait(u64),
    /// Held: nothing until the operator decides.
    Park,
    /// Another owner has the lane.
    Stop,
}

/// A lane at work.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What is durable, or about to be.
    pub row: LaneRow,
    link: ChannelId,
    at: Offset,
    mode: Mode,
    opened: bool,
    webhook: WebhookId,
    /// Messages of our webhook that were heard of and not claimed yet.
    heard: Vec<MessageId>,
    /// Where messages lie of which it was heard, if not in the channel itself.
    threads: Vec<(MessageId, ChannelId)>,
    /// Copies claimed lately, so that their echo is no news.
    claimed: Vec<MessageId>,
    /// Duplicates that the audit removes.
    late: Vec<MessageId>,
    /// Copies that nothing explains: reported, never removed.
    strangers: Vec<MessageId>,
    /// Why it waits, for people.
    waiting: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    Closed,
    Claiming,
    Opening,
    Ready,
    SavingIntent(Box<Request>),
    Asking(Box<Mode>),
    Sending(Box<Request>),
    SavingDone,
    Appending,
    Resolving(Doubt),
    Probing(Doubt),
    Pausing,
    Identifying,
    Removing(MessageId),
    Holding,
    Held,
    Stopped,
}

/// How far the resolving of an intent has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Doubt {
    /// When the outcome became unknown to this owner.
    since_ms: u64,
    /// History was read at least once.
    looked: bool,
    /// Reads after W that showed an anchor and no effect.
    reads: u8,
    /// A notice was posted to have an anchor.
    probed: bool,
}

/// Most messages remembered of each kind: heard, claimed, strangers.
pub const MEMORY_MAX: usize = 64;

impl Lane {
    /// A lane over its row, owned under `row.claim`.
    #[must_use]
    pub fn new(link: ChannelId, row: LaneRow) -> Self {
        Self {
            row,
            link,
            at: Offset::default(),
            mode: Mode::Closed,
            opened: false,
            webhook: WebhookId::default(),
            heard: Vec::new(),
            threads: Vec::new(),
            claimed: Vec::new(),
            late: Vec::new(),
            strangers: Vec::new(),
            waiting: None,
        }
    }

    /// Notes that our webhook posted `message` in this channel, or in this thread of it, as the gateway says.
    ///
    /// Says whether that is news: of a copy that it has claimed it is not.
    pub fn heard(&mut self, message: MessageId, thread: Option<ChannelId>) -> bool {
        let news = !self.claimed.contains(&message) && !self.heard.contains(&message);
        if news {
            remember(&mut self.heard, message);
            if let Some(thread) = thread {
                remember(&mut self.threads, (message, thread));
            }
        }
        news
    }

    /// Notes the offset of what it works on: where it goes on once a hold is over.
    pub fn at(&mut self, offset: Offset) {
        self.at = offset;
    }

    /// Notes a message that is certainly in the channel: one that history must show.
    pub fn saw(&mut self, message: MessageId) {
        self.row.anchor(message);
    }

    /// Why it is held or waits, for people.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.row.hold.as_deref().or(self.waiting.as_deref())
    }

    /// Copies of ours that nothing explains.
    #[must_use]
    pub fn strangers(&self) -> &[MessageId] {
        &self.strangers
    }

    /// Whether it can take work.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.mode == Mode::Ready
    }

    /// Whether a late duplicate is being removed.
    #[must_use]
    pub const fn is_healing(&self) -> bool {
        matches!(self.mode, Mode::Removing(_))
    }

    /// Takes one input and says what to do next.
    pub fn step(&mut self, input: Input, now: Now, rules: &Rules) -> Action {
        match (self.mode.clone(), input) {
            (_, Input::Open) => self.open(now, rules),
            (_, Input::Release(upto)) => self.release(upto),
            (mode, Input::Saved(saved)) => self.saved(mode, saved, now, rules),
            (Mode::Asking(mode), Input::Loaded(row)) => self.asked(*mode, &row, now, rules),
            (Mode::Ready, Input::Work(work)) => self.intend(*work, now, rules),
            (Mode::Sending(request), Input::Answered(answer)) => self.answered(&request, answer, now, rules),
            (Mode::Removing(id), Input::Answered(answer)) => self.removed(id, &answer, now, rules),
            (Mode::Probing(doubt), Input::Answered(answer)) => self.probed(&answer, doubt, rules),
            (Mode::Appending, Input::Appended) => self.receipted(now, rules),
            (Mode::Opening, Input::History(page)) => self.opening(page, now, rules),
            (Mode::Resolving(doubt), Input::History(page)) => self.looked(page, doubt, now, rules),
            (Mode::Resolving(doubt), Input::Woken) => self.resolve(doubt, now, rules),
            (Mode::Opening, Input::Woken) => Action::History(self.row.horizon(), self.thread()),
            (Mode::Identifying, Input::Strangers(ids)) => self.judge(&ids, now, rules),
            (Mode::Ready | Mode::Pausing, Input::Woken) => self.go_on(now, rules),
            (Mode::Held | Mode::Holding, _) => Action::Park,
            // An input that does not belong here answers an action of an earlier life: go by the row.
            (_, _) => Action::Stop,
        }
    }

    fn open(&mut self, now: Now, rules: &Rules) -> Action {
        if self.row.epoch < self.row.claim {
            self.row.epoch = self.row.claim;
            self.mode = Mode::Claiming;
            return self.save();
        }
        self.opened_row(now, rules)
    }

    /// Takes up what the row says: a receipt to append, a notice to post, history to read.
    fn opened_row(&mut self, now: Now, rules: &Rules) -> Action {
        if self.row.hold.is_some() {
            self.mode = Mode::Held;
            return Action::Park;
        }
        if let Phase::Done(done) = &self.row.phase {
            // It may be on the log already; there it does no harm twice.
            self.mode = Mode::Appending;
            return Action::Append(done.clone());
        }
        if !self.row.noticed && self.row.last == MessageId::default() {
            self.mode = Mode::Ready;
            return self.intend(Work::notice(), now, rules);
        }
        if rules.guards.open_by_history {
            self.mode = Mode::Opening;
            return Action::History(self.row.horizon(), self.thread());
        }
        self.opened = true;
        self.inherit(now, rules)
    }

    fn intend(&mut self, work: Work, now: Now, rules: &Rules) -> Action {
        let version = work.shown.version.max(Version(work.known.0 + 1));
        let version = if work.deed == Deed::Create { work.shown.version } else { version };
        let Work { place, deed, part, shown, rendered, threading, thread, post, .. } = work;
        let after = self.row.last;
        let intent = Intent { place, deed, part, shown, version, after, thread, post };
        let contents = work::Contents { rendered, threading, thread };
        let request = work::request(deed, contents, after);
        self.row.phase = Phase::Intent(intent);
        self.mode = Mode::SavingIntent(Box::new(request.clone()));
        if rules.guards.intent {
            return self.save();
        }
        self.saved(self.mode.clone(), Saved::Yes, now, rules)
    }

    fn saved(&mut self, mode: Mode, saved: Saved, now: Now, rules: &Rules) -> Action {
        match saved {
            // An older owner may have written last; behind a greater epoch there is nothing to claim.
            Saved::Fenced if rules.guards.own && mode == Mode::Claiming && self.row.claim > 0 => {
                self.mode = Mode::Asking(Box::new(mode));
                Action::Load
            }
            Saved::Fenced if rules.guards.own => self.stop(),
            Saved::Unknown => {
                self.mode = Mode::Asking(Box::new(mode));
                Action::Load
            }
            Saved::Yes | Saved::Fenced => self.written(mode, now, rules),
        }
    }

    fn written(&mut self, mode: Mode, now: Now, rules: &Rules) -> Action {
        match (mode, &self.row.phase) {
            (Mode::Claiming, _) => self.opened_row(now, rules),
            (Mode::SavingIntent(request), _) => {
                self.mode = Mode::Sending(request.clone());
                Action::Send(*request)
            }
            (Mode::SavingDone, Phase::Done(done)) => {
                self.mode = Mode::Appending;
                Action::Append(done.clone())
            }
            (Mode::Holding, _) => {
                self.mode = Mode::Held;
                Action::Park
            }
            (_, _) => Action::Stop,
        }
    }

    /// A serial read tells whether a write of unknown outcome is there.
    fn asked(&mut self, mode: Mode, stored: &LaneRow, now: Now, rules: &Rules) -> Action {
        let stored = LaneRow { claim: self.row.claim, ..stored.clone() };
        if stored == self.row {
            return self.written(mode, now, rules);
        }
        if self.row.follows(&stored) {
            self.mode = mode;
            return Action::Save(Box::new(self.row.clone()));
        }
        if mode == Mode::Claiming && stored.epoch < stored.claim {
            self.row = stored;
            return self.open(now, rules);
        }
        if rules.guards.own { self.stop() } else { self.written(mode, now, rules) }
    }

    fn stop(&mut self) -> Action {
        self.mode = Mode::Stopped;
        Action::Stop
    }

    fn answered(&mut self, request: &Request, answer: Answer, now: Now, rules: &Rules) -> Action {
        match answer {
            Answer::Yes(id, webhook) => {
                self.webhook = webhook;
                self.done(id)
            }
            Answer::No(No::Wait(ms)) => {
                // A delete may have had effect earlier, when its answer was lost.
                if !matches!(request, Request::Delete(..)) {
                    self.row.phase = Phase::Idle;
                }
                self.pause(ms.max(1), "Discord asked to wait")
            }
            Answer::No(No::Missing) => self.missing(now),
            Answer::No(No::Refused(reason)) => self.refused(reason, now),
            Answer::No(No::Dead(reason)) => {
                self.row.phase = Phase::Idle;
                self.hold(reason)
            }
            Answer::Ambiguous(_) => self.ambiguous(request, now, rules),
        }
    }

    fn ambiguous(&mut self, request: &Request, now: Now, rules: &Rules) -> Action {
        match request {
            Request::Create(_) | Request::Edit(..) | Request::Thread(..) => {
                self.resolve(Doubt { since_ms: now.mono_ms, ..Doubt::default() }, now, rules)
            }
            // Doing it again changes nothing: a delete of what is gone succeeds, a notice has a nonce.
            Request::Delete(..) | Request::Notice(_) => {
                self.pause(rules.retry_ms, "the outcome of a request is unknown")
            }
        }
    }

    /// The request took effect on `id`.
    fn done(&mut self, id: MessageId) -> Action {
        let Phase::Intent(intent) = self.row.phase.clone() else { return Action::Stop };
        let outcome = match intent.deed {
            Deed::Create => {
                self.claim(id, intent.thread);
                self.row.close(id);
                intent.outcome(Shown { webhook: self.webhook, ..intent.shown.clone() })
            }
            Deed::Edit(_) => intent.outcome(Shown { webhook: self.webhook, ..intent.shown.clone() }),
            Deed::Delete(_) => Outcome::Gone(GoneBy::Us),
            Deed::Thread(_) => work::threaded(&intent),
            Deed::Notice => {
                self.row.claimed(id, None);
                return self.noticed();
            }
        };
        self.settle(&intent, id, outcome)
    }

    fn settle(&mut self, intent: &Intent, id: MessageId, outcome: Outcome) -> Action {
        let copy = match intent.deed {
            Deed::Edit(copy) | Deed::Delete(copy) | Deed::Thread(copy) => copy,
            Deed::Create | Deed::Notice => id,
        };
        // The first message of a post lies in the thread that has its id.
        let thread = match outcome {
            Outcome::Posted { .. } => Some(ChannelId(copy.0)),
            Outcome::Shown(_) | Outcome::Gone(_) | Outcome::Threaded(_) | Outcome::Refused { .. } => {
                intent.thread
            }
        };
        let receipt = Receipt { link: self.link, part: intent.part, copy, outcome, thread };
        self.row.phase = Phase::Done(Receipted { place: intent.place, receipt, version: intent.version });
        self.mode = Mode::SavingDone;
        self.save()
    }

    fn missing(&mut self, now: Now) -> Action {
        let Phase::Intent(intent) = self.row.phase.clone() else { return Action::Stop };
        match intent.deed {
            Deed::Delete(copy) => self.settle(&intent, copy, Outcome::Gone(GoneBy::Us)),
            Deed::Edit(copy) => {
                let gone = Intent { version: now.wall, ..intent };
                self.settle(&gone, copy, Outcome::Gone(GoneBy::Another))
            }
            Deed::Thread(on) => {
                let missing = Outcome::Threaded(ThreadShown::none(intent.shown.version));
                self.settle(&intent, on, missing)
            }
            Deed::Create if intent.thread.is_some() => self.refused("its thread is gone".to_owned(), now),
            Deed::Create | Deed::Notice => {
                self.row.phase = Phase::Idle;
                self.hold("Discord does not know the channel or thread".to_owned())
            }
        }
    }

    fn refused(&mut self, reason: String, now: Now) -> Action {
        let Phase::Intent(intent) = self.row.phase.clone() else { return Action::Stop };
        match intent.deed {
            Deed::Create | Deed::Edit(_) => {
                let outcome = Outcome::Refused { version: intent.shown.version, reason };
                let whole = Intent { deed: Deed::Create, part: 0, ..intent };
                self.settle(&whole, MessageId::default(), outcome)
            }
            Deed::Thread(on) => {
                let refused = Outcome::Threaded(ThreadShown::none(intent.shown.version));
                self.settle(&intent, on, refused)
            }
            // A notice is a courtesy; without one the first copy is the first anchor, and what lies more
            // than a day back (no clock is so wrong) is not ours to explain.
            Deed::Notice => {
                const DAY_US: i64 = 86_400_000_000;
                self.row.last = MessageId::first_at(Version(now.wall.0 - DAY_US));
                self.noticed()
            }
            Deed::Delete(_) => self.hold(reason),
        }
    }

    /// The receipt is durable.
    fn receipted(&mut self, now: Now, rules: &Rules) -> Action {
        self.row.phase = Phase::Idle;
        self.go_on(now, rules)
    }

    fn noticed(&mut self) -> Action {
        self.row.phase = Phase::Idle;
        self.row.noticed = true;
        self.mode = Mode::Claiming;
        self.save()
    }

    fn go_on(&mut self, now: Now, rules: &Rules) -> Action {
        match self.row.phase {
            Phase::Intent(Intent { deed: Deed::Delete(copy), .. }) if self.opened => self.delete_again(copy),
            Phase::Intent(_) | Phase::Idle | Phase::Done(_) if self.opened => self.ready(now, rules),
            Phase::Intent(_) | Phase::Idle | Phase::Done(_) => self.opened_row(now, rules),
        }
    }

    /// Between two works: first look after what was heard, then ask for more.
    fn ready(&mut self, now: Now, rules: &Rules) -> Action {
        self.waiting = None;
        if let Some(action) = self.audit(now, rules) {
            return action;
        }
        self.mode = Mode::Ready;
        Action::Plan
    }

    fn pause(&mut self, ms: u64, why: &str) -> Action {
        self.waiting = Some(why.to_owned()).filter(|why| !why.is_empty());
        self.mode = Mode::Pausing;
        Action::Wait(ms)
    }

    fn hold(&mut self, reason: String) -> Action {
        self.row.hold = Some(reason);
        self.row.behind = Some(self.row.behind.map_or(self.at, |behind| behind.min(self.at)));
        self.mode = Mode::Holding;
        self.save()
    }

    fn release(&mut self, upto: MessageId) -> Action {
        self.row.hold = None;
        self.row.accept(upto);
        self.late.retain(|late| *late > upto);
        if upto > self.row.last {
            self.row.last = upto;
            self.row.phase = Phase::Idle;
        }
        self.strangers.clear();
        self.heard.clear();
        self.opened = false;
        self.mode = Mode::Claiming;
        self.save()
    }

    fn save(&mut self) -> Action {
        self.row.rev += 1;
        Action::Save(Box::new(self.row.clone()))
    }

    fn claim(&mut self, id: MessageId, thread: Option<ChannelId>) {
        self.heard.retain(|heard| *heard != id);
        self.threads.retain(|(heard, _)| *heard != id);
        remember(&mut self.claimed, id);
        self.row.claimed(id, thread);
    }

    /// The thread that the open intent is about.
    fn thread(&self) -> Option<ChannelId> {
        match &self.row.phase {
            Phase::Intent(intent) => intent.thread,
            Phase::Idle | Phase::Done(_) => None,
        }
    }
}

/// Keeps the newest [`MEMORY_MAX`].
fn remember<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= MEMORY_MAX {
        list.remove(0);
    }
    list.push(item);
}
