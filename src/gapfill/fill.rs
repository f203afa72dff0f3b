//! One channel, read again with its threads.

use super::ask::{AGAIN, Ask, Stopped};
use super::compare::Known;
use super::here::Here;
use super::known::known;
use super::read::{Bounds, Reading};
use super::rooms::{Room, Rooms, Search};
use super::{Cause, Stretch, past};
use events::{ChannelId, MessageId, Version};
use futures_util::future::{BoxFuture, FutureExt as _, try_join_all};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Read again before the loss: what Discord sent late.
const OVERLAP_US: i64 = 10_000_000;

/// What stays unknown, whatever is read.
const UNSEEN: &str = "the gateway session was lost: what was written and removed again meanwhile, all edits but \
     the last of a message, what a thread was called in between, reactions and pins are not known";
const TOO_OLD: &str =
    "the gateway session was lost: edits and deletions of messages or threads before this are not known";

/// One fill under way.
pub(super) struct Fill<'a> {
    here: &'a Here<'a>,
    ask: Ask<'a>,
}

impl<'a> Fill<'a> {
    pub(super) fn new(here: &'a Here<'a>) -> Self {
        Self { here, ask: Ask::new(here.filler) }
    }

    /// Reads the channel, appends what is new, and says what cannot be known.
    pub(super) async fn run(&mut self) -> Result<(), Stopped> {
        let here = self.here;
        let (from, to) = (MessageId::first_at(here.from()), MessageId::first_at(here.stretch.to));
        let (known, newest) = match self.begin().await {
            Ok(begun) => begun,
            Err(Stopped::Unreadable(why)) => {
                here.group.end(here.filler, here.stretch.channel).await?;
                return here.unread((from, to), &why).await;
            }
            Err(Stopped::Stopping) => return Err(Stopped::Stopping),
        };
        let bounds = self.bounds(&known, newest, to);
        let (is_new, older) = (here.is_since_unknown() && known.entries.is_empty(), known.older);
        let start = bounds.start(&known);
        self.read(known, bounds).await?;
        if here.stretch.cause == Cause::SessionLost && !is_new {
            if older {
                here.gap((MessageId(0), start), TOO_OLD).await?;
            }
            here.gap((bounds.from, bounds.to), UNSEEN).await?;
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<(Known, Option<MessageId>), Stopped> {
        let known = self.known().await?;
        let channel = self.here.stretch.channel;
        let newest = match self.here.stretch.newest {
            Some(newest) => Some(newest).filter(|newest| *newest != MessageId(0)),
            None => {
                let told = self.ask.until(|past| past.channel(channel)).await?;
                let told = told.ok_or_else(|| Stopped::Unreadable("the channel is gone".to_owned()))?;
                past::newest(&told)
            }
        };
        Ok((known, newest))
    }

    fn bounds(&self, known: &Known, newest: Option<MessageId>, to: MessageId) -> Bounds {
        let (here, heard) = (self.here, self.beginning(known));
        Bounds {
            from: MessageId::first_at(Version((heard.0 - OVERLAP_US).max(here.linked_at().0))),
            heard: MessageId::first_at(heard),
            newest,
            upto: here.stretch.newest,
            // Messages are dated by Discord's clock, the loss by ours.
            to: newest.map_or(to, |newest| newest.max(to)),
        }
    }

    /// When nothing was kept of the last session: from the last message that is known, or since the link was made.
    fn beginning(&self, known: &Known) -> Version {
        let newest = || known.entries.keys().next_back().map_or(Version(0), |id| id.made());
        let told = if self.here.is_since_unknown() { newest() } else { self.here.stretch.from };
        told.max(self.here.linked_at())
    }

    /// What is known, once the views hold all that was heard.
    async fn known(&self) -> Result<Known, Stopped> {
        let (here, Stretch { channel, cause, .. }) = (self.here, *self.here.stretch);
        if cause == Cause::LinkedLate {
            return Ok(Known::default());
        }
        loop {
            let table = here.filler.links.now();
            let from = if here.is_since_unknown() { here.stretch.to } else { here.stretch.from };
            let found = async {
                for member in table.members(channel) {
                    let partition = here.filler.ports.partition(member.mirror);
                    let tail = here.filler.ports.log.tail(partition).await?;
                    here.filler.follow.caught_up(partition, tail).await?;
                }
                known(&here.filler.ports, &table, channel, from).await
            };
            match found.await {
                Ok(known) => return Ok(known),
                Err(error) => {
                    tracing::warn!(channel = channel.0, %error, "what is known of a channel cannot be read now");
                    self.ask.wait(AGAIN).await?;
                }
            }
        }
    }

    /// Reads the channel and its threads side by side: what they show comes in one order.
    async fn read(&mut self, known: Known, bounds: Bounds) -> Result<(), Stopped> {
        let (here, channel) = (self.here, self.here.stretch.channel);
        let mut by_room = known.by_room(channel);
        let own = by_room.remove(&channel).unwrap_or_default();
        let Rooms { open, gone, unknown } = self.rooms(by_room, bounds.from).await?;
        here.group.join(open.iter().map(|room| room.thread)).await;
        let ask = self.ask;
        let mut all: Vec<BoxFuture<'_, Result<(), Stopped>>> = Vec::with_capacity(open.len() + 1);
        // A forum has no messages of its own.
        if here.filler.links.now().is_forum(channel) {
            all.push(here.group.end(here.filler, channel).boxed());
        } else {
            all.push(Reading::new(here, ask, (channel, &own), bounds).run().boxed());
        }
        all.extend(open.iter().map(|room| inside(here, ask, room, bounds).boxed()));
        try_join_all(all).await?;
        here.append(gone).await?;
        for why in unknown {
            here.unread((bounds.from, bounds.to), &format!("of threads: {why}")).await?;
        }
        Ok(())
    }

    async fn rooms(&mut self, known: BTreeMap<ChannelId, Known>, from: MessageId) -> Result<Rooms, Stopped> {
        match (Search { here: self.here, ask: self.ask, from }).run(known).await {
            Err(Stopped::Unreadable(why)) => Ok(Rooms { unknown: vec![why], ..Rooms::default() }),
            found => found,
        }
    }
}

/// A thread that is new is told of before what is said in it, any other as it is afterwards.
async fn inside<'a>(
    here: &'a Here<'a>,
    mut ask: Ask<'a>,
    room: &'a Room,
    bounds: Bounds,
) -> Result<(), Stopped> {
    let (group, filler, thread) = (here.group, here.filler, room.thread);
    let root = MessageId(thread.0);
    if room.is_new && !room.told.is_empty() {
        let began = Instant::now();
        here.count(room.told.len());
        group.take(filler, thread, (root, vec![(root, room.told.clone())])).await?;
        ask.waited(began.elapsed());
    }
    if room.is_read {
        let upto = bounds.upto.and_then(|_| filler.live.ended(thread));
        let bounds =
            Bounds { newest: upto.or(room.newest).filter(|newest| *newest != MessageId(0)), upto, ..bounds };
        Reading::new(here, ask, (thread, &room.known), bounds).run().await?;
    }
    group.end(filler, thread).await?;
    if !room.is_new {
        here.append(room.told.clone()).await?;
    }
    Ok(())
}
