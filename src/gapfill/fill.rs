//! One channel, read again.

use super::compare::{Comparison, Known};
use super::group::{Found, Group};
use super::known::known;
use super::{Cause, Filler, Stretch};
use crate::discord::history::Page;
use crate::ingest::Scene;
use events::capture::{CaptureError, Captured, history, missing};
use events::event::{Gap, Place};
use events::{Body, Event, EventId, MessageId, MirrorId, Producer, Version};
use projections::sink::HistoryError;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Pages read of one channel: the rest is a `Gap`'s matter.
pub const PAGES_MAX: usize = 100;
/// Messages asked for one by one.
pub const ASKED_MAX: usize = 100;
/// How long one channel may take, without what it waits for others: half as long as live frames wait, so that one that
/// is slow leaves the others the time to come before these.
pub const TIME_MAX: Duration = Duration::from_secs(300);
/// Read again before the loss: what Discord sent late.
const OVERLAP_US: i64 = 10_000_000;
/// How long history may lag behind the newest message that Discord names, in looks a second apart.
const LAG_LOOKS_MAX: usize = 15;
/// How long Discord may refuse before that is an answer: whoever may not read now may in a moment.
const REFUSED_MAX: Duration = Duration::from_secs(15);
/// Between two looks, and before the views are asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// What stays unknown, whatever is read.
const UNSEEN: &str = "the gateway session was lost: what was written and removed again meanwhile, all edits but \
     the last of a message, reactions and pins are not known";
const TOO_OLD: &str =
    "the gateway session was lost: edits and deletions of messages before this are not known";

/// Why a channel could not be read to the end.
pub(super) enum Stopped {
    /// The node stops: it is read again at the next start.
    Stopping,
    /// In words.
    Unreadable(String),
}

/// One fill under way.
pub(super) struct Fill<'a> {
    filler: &'a Filler,
    group: &'a Group,
    stretch: &'a Stretch,
    /// Later by what was waited for others.
    began: Instant,
    /// Since when Discord refuses.
    refused: Option<Instant>,
    /// What was found out and is on the log, for people.
    pub(super) found: usize,
}

impl<'a> Fill<'a> {
    pub(super) fn new(filler: &'a Filler, group: &'a Group, stretch: &'a Stretch) -> Self {
        Self { filler, group, stretch, began: Instant::now(), refused: None, found: 0 }
    }

    /// Reads the channel, appends what is new, and says what cannot be known.
    pub(super) async fn run(&mut self) -> Result<(), Stopped> {
        let (from, to) = (MessageId::first_at(self.from()), MessageId::first_at(self.stretch.to));
        let (known, newest) = match self.begin().await {
            Ok(begun) => begun,
            Err(Stopped::Unreadable(why)) => {
                self.end().await?;
                return self.unread((from, to), &why).await;
            }
            Err(Stopped::Stopping) => return Err(Stopped::Stopping),
        };
        // Messages are dated by Discord's clock, the loss by ours.
        let to = newest.map_or(to, |newest| newest.max(to));
        let is_new = self.is_since_unknown() && known.entries.is_empty();
        let heard = self.beginning(&known);
        let from = MessageId::first_at(Version((heard.0 - OVERLAP_US).max(self.linked_at().0)));
        let first = known.entries.keys().next().map_or(from, |first| from.min(*first));
        let start = MessageId(first.0.saturating_sub(1));
        let mut comparison = Comparison::new(&known, start);
        if let Err(stopped) = self.read(&mut comparison, (&known, MessageId::first_at(heard)), newest).await {
            let Stopped::Unreadable(why) = stopped else { return Err(stopped) };
            self.end().await?;
            self.unread((comparison.at(), to), &why).await?;
        }
        if self.stretch.cause == Cause::SessionLost && !is_new {
            if known.older {
                self.gap((MessageId(0), start), TOO_OLD).await?;
            }
            self.gap((from, to), UNSEEN).await?;
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(Known, Option<MessageId>), Stopped> {
        let known = self.known().await?;
        let newest = match self.stretch.newest {
            Some(newest) => Some(newest).filter(|newest| *newest != MessageId(0)),
            None => self.newest().await?,
        };
        Ok((known, newest))
    }

    /// When nothing was kept of the last session: from the last message that is known, or since the link was made.
    fn beginning(&self, known: &Known) -> Version {
        let newest = || known.entries.keys().next_back().map_or(Version(0), |id| id.made());
        let told = if self.is_since_unknown() { newest() } else { self.stretch.from };
        told.max(self.linked_at())
    }

    fn is_since_unknown(&self) -> bool {
        self.stretch.from <= Stretch::UNKNOWN
    }

    fn from(&self) -> Version {
        self.stretch.from.max(self.linked_at())
    }

    /// When the channel was first linked to any mirror that it belongs to now.
    fn linked_at(&self) -> Version {
        let (table, channel) = (self.filler.links.now(), self.stretch.channel);
        let links = table
            .members(channel)
            .iter()
            .filter_map(|member| Some(table.settings(member.mirror)?.links.get(&channel)?.linked_at));
        links.min().unwrap_or(self.stretch.to)
    }

    /// What is known, once the views hold all that was heard.
    async fn known(&self) -> Result<Known, Stopped> {
        let Stretch { channel, cause, .. } = *self.stretch;
        if cause == Cause::LinkedLate {
            return Ok(Known::default());
        }
        loop {
            let table = self.filler.links.now();
            let from = if self.is_since_unknown() { self.stretch.to } else { self.stretch.from };
            let found = async {
                for member in table.members(channel) {
                    let partition = self.filler.ports.partition(member.mirror);
                    let tail = self.filler.ports.log.tail(partition).await?;
                    self.filler.follow.caught_up(partition, tail).await?;
                }
                known(&self.filler.ports, &table, channel, from).await
            };
            match found.await {
                Ok(known) => return Ok(known),
                Err(error) => {
                    tracing::warn!(channel = channel.0, %error, "what is known of a channel cannot be read now");
                    self.wait(AGAIN).await?;
                }
            }
        }
    }

    async fn read(
        &mut self,
        comparison: &mut Comparison<'_>,
        (known, heard): (&Known, MessageId),
        newest: Option<MessageId>,
    ) -> Result<(), Stopped> {
        let mut looks = 0;
        for _ in 0..PAGES_MAX {
            let page = self.page(comparison.at()).await?;
            self.take(&page, comparison, (known, heard)).await?;
            // Discord's own clock says where live frames begin: at the newest message when this began.
            let Some(newest) = newest.filter(|newest| *newest > comparison.at()) else {
                return self.doubts(comparison).await;
            };
            if !page.more {
                // A later message than history shows: it may lag, or that message is gone.
                looks += 1;
                if looks > LAG_LOOKS_MAX || !self.is_there(newest).await? {
                    return self.doubts(comparison).await;
                }
                self.wait(AGAIN).await?;
            }
        }
        Err(Stopped::Unreadable(format!("there were more than {PAGES_MAX} pages of history to read")))
    }

    async fn take(
        &mut self,
        page: &Page,
        comparison: &mut Comparison<'_>,
        (known, heard): (&Known, MessageId),
    ) -> Result<(), Stopped> {
        let seen: Vec<_> = page.messages.iter().map(|entry| entry.id).collect();
        let mut found: Found = Vec::new();
        let live = self.filler.live.first(self.stretch.channel);
        let is_missed = |id: MessageId| {
            live.is_none_or(|live| id < live) && self.stretch.newest.is_none_or(|newest| id <= newest)
        };
        for entry in page.messages.iter().filter(|entry| is_missed(entry.id)) {
            let guild = self.stretch.guild;
            let told = self.captured(|scene, now| history(entry.raw.get(), guild, scene, now));
            found.push((entry.id, known.news(told, heard)));
        }
        // What is gone comes with the page that proves it.
        let gone = comparison.page(&seen);
        let upto = comparison.at();
        found.extend(gone.into_iter().map(|id| (upto, self.gone(id))));
        self.merged(upto, found).await
    }

    /// Gives a page to the group; the time until it is on the log is not this channel's.
    async fn merged(&mut self, upto: MessageId, found: Found) -> Result<(), Stopped> {
        let began = Instant::now();
        self.found += found.iter().map(|(_, events)| events.len()).sum::<usize>();
        let found = found.into_iter().filter(|(_, events)| !events.is_empty()).collect();
        self.group.take(self.filler, self.stretch.channel, (upto, found)).await?;
        self.began += began.elapsed();
        Ok(())
    }

    /// Whatever comes now is in no order.
    async fn end(&self) -> Result<(), Stopped> {
        self.group.end(self.filler, self.stretch.channel).await
    }

    /// What no page proves to be gone is asked for, one by one, newest first.
    async fn doubts(&mut self, comparison: &Comparison<'_>) -> Result<(), Stopped> {
        self.end().await?;
        let mut doubtful = comparison.doubtful();
        let unasked = doubtful.len().saturating_sub(ASKED_MAX);
        for id in doubtful.split_off(unasked) {
            if !self.is_there(id).await? {
                let gone = self.gone(id);
                self.append(gone).await?;
            }
        }
        match (doubtful.first(), doubtful.last()) {
            (Some(first), Some(last)) => {
                let why = "history shows nothing here, and there was too much to ask for one by one";
                self.gap((MessageId(first.0 - 1), *last), why).await
            }
            _ => Ok(()),
        }
    }

    fn gone(&self, id: MessageId) -> Vec<Event> {
        let channel = self.stretch.channel;
        self.captured(|scene, now| missing(channel, id, scene, now))
    }

    fn captured(
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
                tracing::warn!(%error, "a message of history cannot be captured");
                Vec::new()
            }
        }
    }

    async fn newest(&mut self) -> Result<Option<MessageId>, Stopped> {
        loop {
            let asked = {
                let _one = self.filler.calls.acquire().await;
                self.filler.past.newest(self.stretch.channel).await
            };
            match asked {
                Ok(newest) => return Ok(self.answered(newest)),
                Err(error) => self.again(error).await?,
            }
        }
    }

    async fn page(&mut self, after: MessageId) -> Result<Page, Stopped> {
        loop {
            let asked = {
                let _one = self.filler.calls.acquire().await;
                self.filler.past.page(self.stretch.channel, after).await
            };
            match asked {
                Ok(page) => return Ok(self.answered(page)),
                Err(error) => self.again(error).await?,
            }
        }
    }

    async fn is_there(&mut self, id: MessageId) -> Result<bool, Stopped> {
        loop {
            let asked = {
                let _one = self.filler.calls.acquire().await;
                self.filler.past.is_there(self.stretch.channel, id).await
            };
            match asked {
                Ok(is_there) => return Ok(self.answered(is_there)),
                Err(error) => self.again(error).await?,
            }
        }
    }

    fn answered<T>(&mut self, answer: T) -> T {
        self.refused = None;
        answer
    }

    /// Waits before the same is asked again, no longer than [`TIME_MAX`] in all.
    async fn again(&mut self, error: HistoryError) -> Result<(), Stopped> {
        match error {
            HistoryError::Wait(ms) => self.wait(Duration::from_millis(ms)).await,
            HistoryError::Dead(why) => {
                let since = *self.refused.get_or_insert_with(Instant::now);
                if since.elapsed() >= REFUSED_MAX {
                    return Err(Stopped::Unreadable(why));
                }
                self.wait(AGAIN).await
            }
        }
    }

    async fn wait(&self, time: Duration) -> Result<(), Stopped> {
        let left = TIME_MAX.saturating_sub(self.began.elapsed());
        if left.is_zero() {
            return Err(Stopped::Unreadable("it took too long".to_owned()));
        }
        tokio::select! {
            () = sleep(time.min(left)) => Ok(()),
            () = self.filler.stop.cancelled() => Err(Stopped::Stopping),
        }
    }

    async fn unread(&mut self, (from, to): (MessageId, MessageId), why: &str) -> Result<(), Stopped> {
        let channel = self.stretch.channel.0;
        tracing::warn!(channel, why, "what was said in a channel meanwhile cannot be read");
        self.gap((from.min(to), to), &format!("history could not be read: {why}")).await
    }

    /// Says that something cannot be known, in every mirror of the channel.
    async fn gap(&mut self, (from, to): (MessageId, MessageId), cause: &str) -> Result<(), Stopped> {
        let table = self.filler.links.now();
        let mirrors: Vec<_> =
            table.members(self.stretch.channel).iter().map(|member| member.mirror).collect();
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

    async fn append(&mut self, events: Vec<Event>) -> Result<(), Stopped> {
        self.found += events.len();
        self.filler.append(events).await.map_err(|()| Stopped::Stopping)
    }
}
