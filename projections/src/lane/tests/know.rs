//! What the views know: the real ones, and a quick model of them for the big table.

use crate::copies;
use crate::deliver::{self, Known, Next, Scope};
use crate::key::Generation;
use crate::message::{CreatedCell, Message};
use crate::project::project;
use crate::render::{Rendered, Slots, Source, render};
use crate::settings::{Link, Settings};
use crate::views::Views;
use crate::views::memory::MemoryViews;
use crate::views::overlay::Overlay;
use crate::wanted::{Facts, Held, HeldCopy, plan};
use events::event::{GoneBy, Outcome, Receipt};
use events::{Body, ChannelId, Event, GuildId, MessageId, MirrorId, Version};
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub(super) const MIRROR: MirrorId = MirrorId(uuid::Uuid::from_u128(7));

/// Questions to what is folded, joined with the lane's own receipts.
pub(super) trait Know {
    fn fold(&mut self, event: &Event);
    fn known(&self, lane: ChannelId, extra: &[Event], source: MessageId) -> Known;
    fn next(&self, lane: ChannelId, extra: &[Event], source: MessageId, patient: Option<Version>) -> Next;
    fn is_copy(&self, extra: &[Event], copy: MessageId) -> bool;
    fn settings(&self) -> Settings;
    /// What the parts should show, without the quote of a reply.
    fn parts(&self, known: &Known, slots: Slots) -> Vec<Rendered>;
}

/// The future's value: memory never waits.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory waits for nothing"),
    }
}

/// The real views, plans and rendering.
#[derive(Default)]
pub(super) struct Real {
    views: MemoryViews,
    settings: Settings,
}

impl Real {
    fn ask<T>(&self, lane: ChannelId, extra: &[Event], ask: impl AsyncFnOnce(Scope<'_>) -> T) -> T {
        let views = Overlay::new(&self.views, Generation(0), extra);
        let scope = Scope {
            views: &views,
            mirror: MIRROR,
            generation: Generation(0),
            link: lane,
            settings: &self.settings,
        };
        at_once(ask(scope))
    }
}

impl Know for Real {
    fn fold(&mut self, event: &Event) {
        let mut changes = Vec::new();
        project(event, Generation(0), &mut changes);
        at_once(self.views.commit(changes, None)).unwrap();
        if event.place.message.0 == 0 {
            self.settings = at_once(Settings::load(&self.views, MIRROR, Generation(0))).unwrap();
        }
    }

    fn known(&self, lane: ChannelId, extra: &[Event], source: MessageId) -> Known {
        self.ask(lane, extra, async |scope| deliver::know(scope, source).await.unwrap())
    }

    fn next(&self, lane: ChannelId, extra: &[Event], source: MessageId, patient: Option<Version>) -> Next {
        self.ask(lane, extra, async |scope| deliver::next(scope, source, patient).await.unwrap())
    }

    fn is_copy(&self, extra: &[Event], copy: MessageId) -> bool {
        let views = Overlay::new(&self.views, Generation(0), extra);
        at_once(copies::source_of(&views, MIRROR, Generation(0), copy)).unwrap().is_some()
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn parts(&self, known: &Known, slots: Slots) -> Vec<Rendered> {
        let (_, created) = known.message.created.as_ref().unwrap();
        let source = Source {
            id: known.message.id,
            version: known.message.version(),
            channel: created.channel,
            guild: GuildId(0),
            author: &created.author,
            said: known.message.said().unwrap(),
            reply: None,
            namesake: false,
            kind: created.kind,
        };
        render(&source, slots)
    }
}

/// One lane's messages in plain maps; a text is split at its bars. Same plan, no encoding.
#[derive(Clone, Default)]
pub(super) struct Quick {
    known: BTreeMap<MessageId, Known>,
    copies: BTreeMap<MessageId, MessageId>,
    settings: Settings,
}

impl Quick {
    fn one(&self, extra: &[Event], source: MessageId) -> Known {
        let mut known = self.known.get(&source).cloned().unwrap_or_default();
        extra.iter().filter(|event| event.place.message == source).for_each(|event| tell(&mut known, event));
        known
    }
}

/// Folds an event about this source message.
fn tell(known: &mut Known, event: &Event) {
    known.message.id = event.place.message;
    match &event.body {
        Body::Created(created) => {
            let cell = CreatedCell {
                claimed: true,
                channel: event.place.channel,
                author: created.author.clone(),
                said: created.said.clone(),
                reply_to: None,
                kind: 0,
            };
            known.message.created = Some((event.version, cell));
        }
        Body::Edited(edited) => {
            if known.message.edited.as_ref().is_none_or(|(version, _)| *version < event.version) {
                known.message.edited = Some((event.version, edited.said.clone()));
            }
        }
        Body::Deleted => known.message.deleted = Some(event.version),
        Body::Receipt(receipt) => note(&mut known.held, receipt, event.version),
        other => panic!("the quick model does not know {other:?}"),
    }
}

fn note(held: &mut Held, receipt: &Receipt, version: Version) {
    let at = held.copies.iter().position(|copy| copy.id == receipt.copy);
    match (&receipt.outcome, at) {
        (Outcome::Shown(shown), Some(at)) => {
            if held.copies[at].shown.0 < version {
                held.copies[at].shown = (version, *shown);
            }
        }
        (Outcome::Shown(shown), None) => {
            let copy =
                HeldCopy { id: receipt.copy, part: receipt.part, shown: (version, *shown), gone: None };
            held.copies.push(copy);
            held.copies.sort_by_key(|copy| (copy.part, copy.id));
        }
        (Outcome::Gone(by), Some(at)) => held.copies[at].gone = Some((version, *by)),
        (Outcome::Gone(_), None) => panic!("gone before it was shown"),
        (Outcome::Refused { version, .. }, _) => held.refused = held.refused.max(Some(*version)),
    }
}

impl Know for Quick {
    fn fold(&mut self, event: &Event) {
        if let Body::Linked(linked) = &event.body {
            let never = Version::default();
            let linked = linked.clone();
            let link = Link { linked, linked_at: event.version, cut_at: never, restored_at: never };
            self.settings.links.insert(event.place.channel, link);
            return;
        }
        if let Some(source) = self.copies.get(&event.place.message) {
            let copies = &mut self.known.get_mut(source).unwrap().held.copies;
            let copy = copies.iter_mut().find(|copy| copy.id == event.place.message).unwrap();
            copy.gone = copy.gone.or(Some((event.version, GoneBy::Another)));
            return;
        }
        if let Body::Receipt(receipt) = &event.body
            && receipt.copy.0 != 0
        {
            self.copies.insert(receipt.copy, event.place.message);
        }
        tell(self.known.entry(event.place.message).or_default(), event);
    }

    fn known(&self, _lane: ChannelId, extra: &[Event], source: MessageId) -> Known {
        self.one(extra, source)
    }

    fn next(&self, lane: ChannelId, extra: &[Event], source: MessageId, _patient: Option<Version>) -> Next {
        let known = self.one(extra, source);
        if known.message.created.is_none() {
            return Next::Nothing;
        }
        let facts =
            Facts { message: &known.message, link: lane, held: &known.held, settings: &self.settings };
        let plan = plan(facts, |slots| bars(&known.message, slots));
        deliver::work(&known, plan)
    }

    fn is_copy(&self, extra: &[Event], copy: MessageId) -> bool {
        let says = |event: &Event| matches!(&event.body, Body::Receipt(receipt) if receipt.copy == copy);
        self.copies.contains_key(&copy) || extra.iter().any(says)
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn parts(&self, known: &Known, slots: Slots) -> Vec<Rendered> {
        bars(&known.message, slots)
    }
}

/// A message's parts, split at its bars.
pub(super) fn bars(message: &Message, slots: Slots) -> Vec<Rendered> {
    let (_, created) = message.created.as_ref().unwrap();
    let texts: Vec<&str> = message.said().unwrap().text.split('|').collect();
    let count = match slots {
        Slots::Free => texts.len(),
        Slots::Fixed(count) => texts.len().min(usize::from(count)),
    };
    let part = |at: usize| {
        let until = if at + 1 == count { texts.len() } else { at + 1 };
        let content = texts[at..until].join("|");
        let username = created.author.name.clone();
        Rendered { username, content, version: message.version(), ..Rendered::default() }
    };
    (0..count).map(part).collect()
}
