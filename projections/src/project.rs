//! The projector: what one event changes. Pure.
//!
//! ```text
//! Created    messages.created, decor          users, names, buckets
//! Edited     messages.said                    revisions, users, buckets
//! Refreshed  messages.decor (, created)       buckets (, users, names)
//! Deleted    messages.deleted                 revisions, copy_index.gone, buckets
//! Thread     messages.thread                  buckets
//! Receipt    copies.shown | gone | refused    copy_index.source, buckets of source and copy
//!            | thread | shown and thread      (a thread: bucket of the source alone)
//! others     settings; Other: nothing
//! ```
//! `observed`, `producer` and offsets enter no register, nothing is ever removed, and the order of the
//! events does not matter: every cell is a [`Register`].

use crate::change::{Change, Column};
use crate::copies::{CopySource, RefusedCell};
use crate::key::{Bucket, Generation, Key, RowKey};
use crate::message::CreatedCellRef;
use crate::register::{Arena, Register};
use crate::requests::{AskedCell, EndCell, RequestEnd, request_key};
use crate::settings::{
    RoleCell, UserCellRef, bucket_key, gap_key, link_key, mirror_key, name_key, registry_key, role_key,
    user_key,
};
use bytes::Bytes;
use events::event::{
    Author, Consent, ConsentStep, Created, Decor, Edited, GoneBy, Grant, Outcome, Receipt, Refreshed, Thread,
};
use events::{Body, Event, MessageId, Version};

/// Adds to `changes` what `event` changes in one build of its mirror's views.
pub fn project(event: &Event, generation: Generation, changes: &mut Vec<Change>) {
    Projector { event, generation, arena: None, changes }.project();
}

/// [`project`], with the values written into `arena`.
pub(crate) fn project_into(
    event: &Event,
    generation: Generation,
    arena: &mut Arena,
    changes: &mut Vec<Change>,
) {
    Projector { event, generation, arena: Some(arena), changes }.project();
}

/// A register with this version and no more to say is the same for everybody.
const ALWAYS: Register = Register::unit(Version(0));

struct Projector<'a> {
    event: &'a Event,
    generation: Generation,
    arena: Option<&'a mut Arena>,
    changes: &'a mut Vec<Change>,
}

impl Projector<'_> {
    fn project(&mut self) {
        let event = self.event;
        let channel = event.place.channel;
        match &event.body {
            Body::Created(created) => self.created(created),
            Body::Edited(edited) => self.edited(edited),
            Body::Refreshed(refreshed) => self.refreshed(refreshed),
            Body::Deleted => self.deleted(),
            Body::Receipt(receipt) => self.receipt(receipt),
            Body::Declared(declared) => self.declared(&declared.name),
            Body::Linked(linked) => self.set(link_key(channel), linked),
            Body::Cut => self.setting(link_key(channel), Column::Cut, Register::unit(event.version)),
            Body::Restored => {
                self.setting(link_key(channel), Column::Restored, Register::unit(event.version));
            }
            Body::RoleGranted(grant) => self.role(true, grant),
            Body::RoleRevoked(grant) => self.role(false, grant),
            Body::Thread(thread) => self.thread(thread),
            Body::Gap(gap) => self.set(gap_key(channel, gap.from, event.id), gap),
            Body::Consent(consent) => self.consent(consent),
            Body::Other(_) => {}
        }
    }

    fn created(&mut self, created: &Created) {
        self.first(created);
        self.decor(&created.decor);
    }

    fn refreshed(&mut self, refreshed: &Refreshed) {
        match &refreshed.created {
            Some(created) => self.first(created),
            None => self.bucket(Bucket::of(self.source())),
        }
        self.decor(&refreshed.decor);
    }

    /// The message as first written, and what that says about its author.
    fn first(&mut self, created: &Created) {
        let cell = self.now(&CreatedCellRef::of(self.event.place.channel, created));
        self.message(Column::Created, cell);
        self.user(&created.author);
        // Negative: the earliest use of a name wins.
        let used = Version(self.event.version.0.saturating_neg());
        self.setting(name_key(&created.author.name, created.author.id), Column::Value, Register::unit(used));
        self.bucket(Bucket::of(self.source()));
    }

    fn decor(&mut self, decor: &Decor) {
        // Most messages have none, and that is written the same each time.
        const NONE: &[u8] = &[0x93, 0x90, 0x00, 0xc2];
        let plain = decor.embeds.is_empty() && decor.flags == 0 && !decor.pinned;
        let cell = if plain {
            Register { version: self.event.version, bytes: Bytes::from_static(NONE) }
        } else {
            self.now(decor)
        };
        self.message(Column::Decor, cell);
    }

    fn edited(&mut self, edited: &Edited) {
        let said = self.now(&edited.said);
        self.message(Column::Said, said.clone());
        self.revision(said);
        if let Some(author) = &edited.author {
            self.user(author);
        }
        self.bucket(Bucket::of(self.source()));
    }

    /// The id may be a source's or a copy's: both are told.
    fn deleted(&mut self) {
        let gone = Register::unit(self.event.version);
        self.message(Column::Deleted, gone.clone());
        self.revision(gone);
        let id = self.source();
        let by = self.now(&GoneBy::Another);
        self.change(Bucket::of(id), RowKey::CopyIndex(id), Column::Gone, by);
        self.bucket(Bucket::of(id));
    }

    /// It stands on a source or on a copy: which, is asked when it is read.
    fn thread(&mut self, thread: &Thread) {
        let cell = self.now(thread);
        self.message(Column::Thread, cell);
        self.bucket(Bucket::of(self.source()));
    }

    fn receipt(&mut self, receipt: &Receipt) {
        let source = self.source();
        let copy = |copy| RowKey::Copy { source, link: receipt.link, part: receipt.part, copy };
        let (row, column, cell) = match &receipt.outcome {
            Outcome::Shown(shown) => (copy(receipt.copy), Column::Shown, self.now(shown)),
            Outcome::Posted { shown, post } => {
                let post = self.now(post);
                self.change(Bucket::of(source), copy(receipt.copy), Column::Thread, post);
                (copy(receipt.copy), Column::Shown, self.now(shown))
            }
            Outcome::Gone(by) => (copy(receipt.copy), Column::Gone, self.now(by)),
            Outcome::Threaded(shown) => (copy(receipt.copy), Column::Thread, self.now(shown)),
            Outcome::Refused { version, reason } => {
                let refused = RefusedCell { version: *version, reason: reason.clone() };
                (copy(MessageId(0)), Column::Refused, self.now(&refused))
            }
        };
        self.change(Bucket::of(source), row, column, cell);
        self.bucket(Bucket::of(source));
        match receipt.outcome {
            Outcome::Shown(_) | Outcome::Posted { .. } | Outcome::Gone(_) => self.copy_source(receipt),
            // A thread may stand on the source itself, which is nobody's copy.
            Outcome::Threaded(_) | Outcome::Refused { .. } => {}
        }
    }

    fn copy_source(&mut self, receipt: &Receipt) {
        let Receipt { link, part, thread, .. } = *receipt;
        let cell = CopySource { source: self.source(), link, part, thread };
        let bucket = Bucket::of(receipt.copy);
        let register = self.register(Version(0), &cell);
        self.change(bucket, RowKey::CopyIndex(receipt.copy), Column::Source, register);
        if bucket != Bucket::of(self.source()) {
            self.bucket(bucket);
        }
    }

    /// The mirror's name: its own setting, and its entry among all mirrors.
    fn declared(&mut self, name: &str) {
        let name = self.now(&name);
        self.setting(mirror_key(), Column::Value, name.clone());
        let key = registry_key(self.event.mirror);
        self.changes.push(Change { key, column: Column::Value, register: name });
    }

    fn role(&mut self, granted: bool, grant: &Grant) {
        let key = role_key(grant.user, self.event.version, self.event.id);
        self.set(key, &RoleCell { granted, grant: grant.clone() });
    }

    fn consent(&mut self, consent: &Consent) {
        let Consent { request, by, guild, step } = consent;
        let row = request_key(*request);
        let end = match step {
            ConsentStep::Denied(_) => return,
            ConsentStep::Asked(terms) => {
                let channel = self.event.place.channel;
                let asked = AskedCell { channel, by: *by, guild: *guild, terms: terms.clone() };
                return self.set(row, &asked);
            }
            // By its own version: that of the link that it leads to.
            ConsentStep::Accepted => {
                let by = self.now(by);
                return self.setting(row, Column::Restored, by);
            }
            ConsentStep::Refused => RequestEnd::Refused,
            ConsentStep::Withdrawn => RequestEnd::Withdrawn,
        };
        // Negative: the earliest end counts.
        let first = Version(self.event.version.0.saturating_neg());
        let register = self.register(first, &EndCell { end, by: *by });
        self.setting(row, Column::Cut, register);
    }

    fn user(&mut self, author: &Author) {
        self.set(user_key(author.id), &UserCellRef::of(author));
    }

    fn revision(&mut self, said: Register) {
        let message = self.source();
        let row = RowKey::Revision { message, version: self.event.version, event: self.event.id };
        self.change(Bucket::of(message), row, Column::Value, said);
    }

    /// The bucket has rows from now on: whoever scans the mirror finds it.
    fn bucket(&mut self, bucket: Bucket) {
        self.setting(bucket_key(bucket), Column::Value, ALWAYS);
    }

    fn message(&mut self, column: Column, register: Register) {
        let id = self.source();
        self.change(Bucket::of(id), RowKey::Message(id), column, register);
    }

    fn set<T: serde::Serialize>(&mut self, row: RowKey, value: &T) {
        let register = self.now(value);
        self.setting(row, Column::Value, register);
    }

    fn setting(&mut self, row: RowKey, column: Column, register: Register) {
        self.change(Bucket::SETTINGS, row, column, register);
    }

    fn change(&mut self, bucket: Bucket, row: RowKey, column: Column, register: Register) {
        let key = Key { mirror: self.event.mirror, generation: self.generation, bucket, row };
        self.changes.push(Change { key, column, register });
    }

    fn source(&self) -> MessageId {
        self.event.place.message
    }

    /// A register as of the event.
    fn now<T: serde::Serialize>(&mut self, value: &T) -> Register {
        self.register(self.event.version, value)
    }

    fn register<T: serde::Serialize>(&mut self, version: Version, value: &T) -> Register {
        match &mut self.arena {
            Some(arena) => arena.register(version, value),
            None => Register::new(version, value),
        }
    }
}
