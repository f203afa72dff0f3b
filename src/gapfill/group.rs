//! Channels that are read together because they share a mirror: what they find is appended in one order.

use super::ask::{Stopped, TIME_MAX};
use super::merge::Merge;
use super::{Filler, Stretch};
use events::{ChannelId, Event, MessageId};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

/// What one message brought.
pub(super) type Found = Vec<(MessageId, Vec<Event>)>;

/// One group under way.
pub(super) struct Group {
    /// Held while what is ready is appended: the log has the order of the merge.
    merge: Mutex<Merge<Vec<Event>>>,
    moved: Notify,
    /// Then nobody waits for anybody any more.
    opens: Instant,
}

impl Group {
    pub(super) fn new(stretches: &[Stretch]) -> Self {
        let merge = Merge::new(stretches.iter().map(|stretch| stretch.channel));
        Self { merge: Mutex::new(merge), moved: Notify::new(), opens: Instant::now() + TIME_MAX }
    }

    /// Threads of a channel of which nothing was given yet are read as well.
    pub(super) async fn join(&self, rooms: impl IntoIterator<Item = ChannelId>) {
        self.merge.lock().await.join(rooms);
    }

    /// Takes a page, and returns once it is on the log: a page of each channel is all that is kept.
    pub(super) async fn take(
        &self,
        filler: &Filler,
        channel: ChannelId,
        (upto, found): (MessageId, Found),
    ) -> Result<(), Stopped> {
        self.change(filler, |merge| merge.give(channel, upto, found)).await?;
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // What moves between the look and the wait is heard.
            moved.as_mut().enable();
            if self.merge.lock().await.is_drained(channel) {
                return Ok(());
            }
            tokio::select! {
                () = moved => {}
                () = sleep_until(self.opens) => {
                    tracing::warn!(channel = channel.0, "a channel was waited for too long; the others go on");
                    self.change(filler, Merge::open).await?;
                }
                () = filler.stop.cancelled() => return Err(Stopped::Stopping),
            }
        }
    }

    /// Nobody waits for this channel any more.
    pub(super) async fn end(&self, filler: &Filler, channel: ChannelId) -> Result<(), Stopped> {
        self.change(filler, |merge| merge.end(channel)).await
    }

    async fn change(
        &self,
        filler: &Filler,
        change: impl FnOnce(&mut Merge<Vec<Event>>),
    ) -> Result<(), Stopped> {
        let mut merge = self.merge.lock().await;
        change(&mut merge);
        let ready: Vec<Event> = merge.ready().into_iter().flatten().collect();
        let appended = if ready.is_empty() { Ok(()) } else { filler.append(ready).await };
        drop(merge);
        self.moved.notify_waiters();
        appended.map_err(|()| Stopped::Stopping)
    }
}
