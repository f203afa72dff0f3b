//! What the views know: questions to them, and a quick model of them that answers.

use crate::deliver::{self, Known, Next};
use crate::message::{CreatedCell, Message};
use crate::render::{Rendered, Slots};
use crate::settings::{Link, Settings};
use crate::wanted::{Facts, Held, HeldCopy, plan};
use events::event::{GoneBy, Outcome, Receipt};
use events::{Body, ChannelId, Event, MessageId, MirrorId, Version};
use std::collections::BTreeMap;

/// The one mirror of a world.
pub const MIRROR: MirrorId = MirrorId(uuid::Uuid::from_u128(7));

/// Questions to what is folded, joined with the lane's own receipts.
pub trait Know {
    /// Takes an event in.
    fn fold(&mut self, event: &Event);
    /// What is known of a source message and its copies in the channel of `lane`.
    fn known(&self, lane: ChannelId, extra: &[Event], source: MessageId) -> Known;
    /// The next work for a source message; with the wall clock, a reply waits for what it answers.
    fn next(&self, lane: ChannelId, extra: &[Event], source: MessageId, patient: Option<Version>) -> Next;
    /// Whether a receipt knows this message.
    fn is_copy(&self, extra: &[Event], copy: MessageId) -> bool;
    /// The mirror's settings.
    fn settings(&self) -> Settings;
    /// What the parts should show, without the quote of a reply.
    fn parts(&self, known: &Known, slots: Slots) -> Vec<Rendered>;
}

/// One lane's messages in plain maps; a text is split at its bars. Same plan, no encoding.
#[derive(Clone, Default)]
pub struct Quick {
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
                thread: created.thread,
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
                held.copies[at].shown = (version, shown.clone());
            }
        }
        (Outcome::Shown(shown), None) => {
            let copy = HeldCopy {
                id: receipt.copy,
                part: receipt.part,
                shown: (version, shown.clone()),
                gone: None,
                within: receipt.thread,
            };
            held.copies.push(copy);
            held.copies.sort_by_key(|copy| (copy.part, copy.id));
        }
        (Outcome::Gone(by), Some(at)) => held.copies[at].gone = Some((version, *by)),
        (Outcome::Gone(_), None) => panic!("gone before it was shown"),
        (Outcome::Threaded(_) | Outcome::Posted { .. }, _) => panic!("the quick model knows no threads"),
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
            let copies = &mut self.known.get_mut(source).expect("a source").held.copies;
            let copy = copies.iter_mut().find(|copy| copy.id == event.place.message).expect("a copy");
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
        let facts = Facts {
            message: &known.message,
            link: lane,
            held: &known.held,
            settings: &self.settings,
            needed: false,
        };
        let plan = plan(facts, |slots, _| bars(&known.message, slots));
        deliver::work(&known, plan, None)
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
pub fn bars(message: &Message, slots: Slots) -> Vec<Rendered> {
    let (_, created) = message.created.as_ref().expect("a message");
    let texts: Vec<&str> = message.said().expect("a text").text.split('|').collect();
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
