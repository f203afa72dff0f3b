//! One channel that is read again: what is captured of it, and what is put on the log.

use super::ask::Stopped;
use super::group::Group;
use super::{Filler, Stretch};
use crate::ingest::Scene;
use events::capture::{CaptureError, Captured};
use events::event::{Gap, Place};
use events::{Body, Event, EventId, MessageId, MirrorId, Producer, Version};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// See the module.
pub(super) struct Here<'a> {
    pub(super) filler: &'a Filler,
    pub(super) group: &'a Group,
    pub(super) stretch: &'a Stretch,
    /// What was found out and is on the log, for people.
    found: AtomicUsize,
}

impl<'a> Here<'a> {
    pub(super) const fn new(filler: &'a Filler, group: &'a Group, stretch: &'a Stretch) -> Self {
        Self { filler, group, stretch, found: AtomicUsize::new(0) }
    }

    pub(super) fn found(&self) -> usize {
        self.found.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, events: usize) {
        self.found.fetch_add(events, Ordering::Relaxed);
    }

    /// Nothing was kept of the last session.
    pub(super) fn is_since_unknown(&self) -> bool {
        self.stretch.from <= Stretch::UNKNOWN
    }

    pub(super) fn from(&self) -> Version {
        self.stretch.from.max(self.linked_at())
    }

    /// When the channel was first linked to any mirror that it belongs to now.
    pub(super) fn linked_at(&self) -> Version {
        let (table, channel) = (self.filler.links.now(), self.stretch.channel);
        let links = table
            .members(channel)
            .iter()
            .filter_map(|member| Some(table.settings(member.mirror)?.links.get(&channel)?.linked_at));
        links.min().unwrap_or(self.stretch.to)
    }

    pub(super) fn captured(
        &self,
        capture: impl FnOnce(&Scene<'_>, Version) -> Result<Captured, CaptureError>,
    ) -> Vec<Event> {
        let filler = self.filler;
        let table = filler.links.now();
        let guilds = filler.guilds.read().unwrap_or_else(PoisonError::into_inner);
        let scene = Scene { table: &table, guilds: &guilds, webhooks: &filler.webhooks, me: filler.me };
        match capture(&scene, filler.clock.now()) {
            Ok(captured) => captured.events,
            Err(error) => {
                tracing::warn!(%error, "a part of history cannot be captured");
                Vec::new()
            }
        }
    }

    pub(super) async fn unread(&self, (from, to): (MessageId, MessageId), why: &str) -> Result<(), Stopped> {
        self.gap((from.min(to), to), &format!("history could not be read: {why}")).await
    }

    /// Says that something cannot be known, in every mirror of the channel.
    pub(super) async fn gap(&self, (from, to): (MessageId, MessageId), cause: &str) -> Result<(), Stopped> {
        let channel = self.stretch.channel;
        tracing::warn!(%channel, %from, %to, cause, "what was said in a channel meanwhile cannot be known");
        let table = self.filler.links.now();
        let mirrors: Vec<_> = table.members(channel).iter().map(|member| member.mirror).collect();
        let gap = Gap { from, to, cause: cause.to_owned() };
        let events = mirrors.into_iter().map(|mirror| self.gap_event(mirror, gap.clone())).collect();
        self.append(events).await
    }

    fn gap_event(&self, mirror: MirrorId, gap: Gap) -> Event {
        let now = self.filler.clock.now();
        Event {
            id: EventId((self.filler.ids)()),
            mirror,
            place: Place { channel: self.stretch.channel, ..Place::default() },
            version: now,
            observed: now,
            producer: Producer::default(),
            body: Body::Gap(gap),
            raw: bytes::Bytes::new(),
        }
    }

    /// Puts events on the log that are in no order with those of others.
    pub(super) async fn append(&self, events: Vec<Event>) -> Result<(), Stopped> {
        self.count(events.len());
        self.filler.append(events).await.map_err(|()| Stopped::Stopping)
    }
}
