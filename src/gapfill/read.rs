//! One room read page by page: a channel, or a thread of it.

use super::ask::{AGAIN, Ask, Stopped};
use super::compare::{Comparison, Known};
use super::group::Found;
use super::here::Here;
use crate::discord::history::Page;
use events::capture::{history, missing};
use events::{ChannelId, Event, MessageId};
use tokio::time::Instant;

/// Pages read of one room: the rest is a `Gap`'s matter.
pub const PAGES_MAX: usize = 100;
/// Messages asked for one by one.
pub const ASKED_MAX: usize = 100;
/// How long history may lag behind the newest message that Discord names, in looks a second apart.
const LAG_LOOKS_MAX: usize = 15;

/// From where and up to where a room is read.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// From here on, and from what is known on.
    pub(super) from: MessageId,
    /// What was said before this is on the log, but for what Discord never sent.
    pub(super) heard: MessageId,
    /// The room's last message, as far as Discord told.
    pub(super) newest: Option<MessageId>,
    /// What is newer comes by itself.
    pub(super) upto: Option<MessageId>,
    /// Up to here nothing is known if it cannot be read.
    pub(super) to: MessageId,
}

impl Bounds {
    /// Behind this one is read.
    pub(super) fn start(&self, known: &Known) -> MessageId {
        let first = known.entries.keys().next().map_or(self.from, |first| self.from.min(*first));
        MessageId(first.0.saturating_sub(1))
    }

    /// Discord told that nothing was written since, and of what was written before nothing is known that could have changed.
    fn is_quiet(&self, known: &Known) -> bool {
        let is_told = self.upto.is_some() && self.newest.is_none_or(|newest| newest < self.from);
        is_told && known.entries.values().all(|entry| entry.gone)
    }
}

/// One reading under way.
pub(super) struct Reading<'a> {
    here: &'a Here<'a>,
    ask: Ask<'a>,
    room: ChannelId,
    known: &'a Known,
    bounds: Bounds,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(
        here: &'a Here<'a>,
        ask: Ask<'a>,
        (room, known): (ChannelId, &'a Known),
        bounds: Bounds,
    ) -> Self {
        Self { here, ask, room, known, bounds }
    }

    /// Reads the room to its end, or says from where on it cannot be read.
    pub(super) async fn run(mut self) -> Result<(), Stopped> {
        if self.bounds.is_quiet(self.known) {
            return self.end().await;
        }
        let mut comparison = Comparison::new(self.known, self.bounds.start(self.known));
        let Err(stopped) = self.read(&mut comparison).await else { return Ok(()) };
        let Stopped::Unreadable(why) = stopped else { return Err(stopped) };
        self.end().await?;
        self.here.unread((comparison.at(), self.bounds.to), &why).await
    }

    async fn read(&mut self, comparison: &mut Comparison<'_>) -> Result<(), Stopped> {
        let (room, mut looks, mut gone) = (self.room, 0, Vec::new());
        for _ in 0..PAGES_MAX {
            let at = comparison.at();
            let page = self.ask.until(|past| past.page(room, at)).await?;
            self.take(&page, comparison).await?;
            // Discord's own clock says where live frames begin: at the newest message when this began.
            let newest = self.bounds.newest.filter(|newest| *newest > comparison.at());
            if newest.is_some() && page.more {
                continue;
            }
            // A message that is there and that history does not show: it lags, and is read again.
            let hidden = [newest, comparison.doubtful().last().copied()];
            if looks >= LAG_LOOKS_MAX || !self.is_one_there(hidden, &mut gone).await? {
                return self.doubts(comparison, &gone).await;
            }
            if comparison.at() == at {
                looks += 1;
                self.ask.wait(AGAIN).await?;
            }
        }
        Err(Stopped::Unreadable(format!("there were more than {PAGES_MAX} pages of history to read")))
    }

    async fn take(&mut self, page: &Page, comparison: &mut Comparison<'_>) -> Result<(), Stopped> {
        let seen: Vec<_> = page.messages.iter().map(|entry| entry.id).collect();
        let mut found: Found = Vec::new();
        let live = self.here.filler.live.first(self.here.stretch.channel, self.room);
        let is_missed = |id: MessageId| {
            live.is_none_or(|live| id < live) && self.bounds.upto.is_none_or(|newest| id <= newest)
        };
        for entry in page.messages.iter().filter(|entry| is_missed(entry.id)) {
            let guild = self.here.stretch.guild;
            let told = self.here.captured(|scene, now| history(entry.raw.get(), guild, scene, now));
            found.push((entry.id, self.known.news(told, self.bounds.heard)));
        }
        // What is gone comes with the page that proves it.
        let gone = comparison.page(&seen);
        let upto = comparison.at();
        found.extend(gone.into_iter().map(|id| (upto, self.gone(id))));
        self.merged(upto, found).await
    }

    /// Gives a page to the group; the time until it is on the log is not this room's.
    async fn merged(&mut self, upto: MessageId, found: Found) -> Result<(), Stopped> {
        let began = Instant::now();
        self.here.count(found.iter().map(|(_, events)| events.len()).sum());
        let found = found.into_iter().filter(|(_, events)| !events.is_empty()).collect();
        self.here.group.take(self.here.filler, self.room, (upto, found)).await?;
        self.ask.waited(began.elapsed());
        Ok(())
    }

    /// Whatever comes now is in no order.
    async fn end(&self) -> Result<(), Stopped> {
        self.here.group.end(self.here.filler, self.room).await
    }

    /// What no page proves to be gone is asked for, one by one, newest first.
    async fn doubts(&mut self, comparison: &Comparison<'_>, gone: &[MessageId]) -> Result<(), Stopped> {
        self.end().await?;
        let mut doubtful = comparison.doubtful();
        let unasked = doubtful.len().saturating_sub(ASKED_MAX);
        for id in doubtful.split_off(unasked) {
            if gone.contains(&id) || !self.is_there(id).await? {
                let told = self.gone(id);
                self.here.append(told).await?;
            }
        }
        match (doubtful.first(), doubtful.last()) {
            (Some(first), Some(last)) => {
                let why = "history shows nothing here, and there was too much to ask for one by one";
                self.here.gap((MessageId(first.0 - 1), *last), why).await
            }
            _ => Ok(()),
        }
    }

    /// Whether one of these is there. Those that are not are kept, and not asked for again.
    async fn is_one_there(
        &mut self,
        ids: [Option<MessageId>; 2],
        gone: &mut Vec<MessageId>,
    ) -> Result<bool, Stopped> {
        for id in ids.into_iter().flatten() {
            if gone.contains(&id) {
                continue;
            }
            if self.is_there(id).await? {
                return Ok(true);
            }
            gone.push(id);
        }
        Ok(false)
    }

    async fn is_there(&mut self, id: MessageId) -> Result<bool, Stopped> {
        let room = self.room;
        Ok(self.ask.until(|past| past.message(room, id)).await?.is_some())
    }

    fn gone(&self, id: MessageId) -> Vec<Event> {
        let channel = self.here.stretch.channel;
        self.here.captured(|scene, now| missing(channel, id, scene, now))
    }
}
