//! Tells when something can be read that could not before, for as long as somebody wants to know.
//!
//! A subscription at the end of the stream, on a connection of its own: it is there while there are receivers.

use super::chunk::Chunk;
use super::stats::Stats;
use crate::rabbit::connect::connection::Connection;
use crate::rabbit::connect::frame::{Frame, Malformed, Request, key};
use crate::rabbit::connect::{Broker, Failure, Lost};
use events::{Offset, Partition};
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Where a subscription begins: at the last chunk.
const AT_LAST: u16 = 2;
/// The one subscription of the connection.
const SUBSCRIPTION: u8 = 1;
/// After so long without a word the broker is asked whether it lives: a frozen one says nothing.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// Waits between attempts to connect: from the first, doubled, to the last. Brokers elect a leader within seconds.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// Who is told, by partition.
#[derive(Clone, Debug, Default)]
pub(super) struct News(Arc<Mutex<FxHashMap<Partition, watch::Sender<Offset>>>>);

impl News {
    /// Changes whenever something was appended to the stream.
    pub(super) fn of(
        &self,
        partition: Partition,
        broker: &Broker,
        stream: String,
    ) -> watch::Receiver<Offset> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = all.get(&partition) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(Offset(0));
        all.insert(partition, sender.clone());
        let reporter = Reporter { news: self.clone(), partition, broker: broker.clone(), stream, sender };
        tokio::spawn(reporter.run());
        receiver
    }
}

/// The task of one partition.
struct Reporter {
    news: News,
    partition: Partition,
    broker: Broker,
    stream: String,
    sender: watch::Sender<Offset>,
}

impl Reporter {
    async fn run(self) {
        let (mut wait, mut sought) = (RETRY_FIRST, None);
        while self.is_wanted() {
            let before = *self.sender.borrow();
            tokio::select! {
                failure = Box::pin(self.report(&mut sought)) => {
                    tracing::debug!(stream = %self.stream, why = %failure, "news of the stream stop for now");
                    // Whoever waits reads once: it may be long until the next report.
                    self.sender.send_modify(|_| {});
                }
                () = self.sender.closed() => continue,
            }
            wait = if *self.sender.borrow() == before { (wait * 2).min(RETRY_MAX) } else { RETRY_FIRST };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.sender.closed() => {}
            }
        }
    }

    /// Whether anybody is left. Under the lock, so that nobody comes in between.
    fn is_wanted(&self) -> bool {
        let mut all = self.news.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = self.sender.receiver_count() > 0;
        if !wanted {
            all.remove(&self.partition);
        }
        wanted
    }

    /// Reports over one connection until it fails.
    async fn report(&self, sought: &mut Option<Offset>) -> Failure {
        match self.try_report(sought).await {
            Ok(never) => match never {},
            Err(failure) => failure,
        }
    }

    async fn try_report(&self, sought: &mut Option<Offset>) -> Result<std::convert::Infallible, Failure> {
        let mut connection = self.broker.leader(&self.stream).await?;
        connection
            .grant(key::SUBSCRIBE, 1, |request| {
                request.u8(SUBSCRIPTION).text(&self.stream).u16(AT_LAST).u16(1).map(&[])
            })
            .await?;
        let mut at = None;
        loop {
            match timeout(QUIET_MAX, connection.next()).await {
                Ok(frame) => self.take(&mut connection, frame?, &mut at).await?,
                Err(_) => self.check(&mut connection, &mut at, sought).await?,
            }
        }
    }

    async fn take(
        &self,
        connection: &mut Connection,
        frame: Frame,
        at: &mut Option<Offset>,
    ) -> Result<(), Lost> {
        match frame {
            Frame::Deliver { chunk, .. } => {
                let chunk = Chunk::parse(chunk).map_err(|_| Malformed)?;
                *at = Some(chunk.at());
                self.tell(chunk.end());
                connection.push(Request::new(key::CREDIT, 1).u8(SUBSCRIPTION).u16(1));
                connection.flush().await
            }
            Frame::Moved { .. } | Frame::CreditRefused { .. } => Err(Lost::Moved),
            _ => Ok(()),
        }
    }

    /// Whether the broker lives, and whether the last chunk that was delivered (`at`) is the last that there is. If not,
    /// a delivery was forgotten, or the stream is another by now: a subscription made anew begins with the last chunk.
    /// It was `sought` so before and not delivered: a note of the broker's own, which nobody gets.
    async fn check(
        &self,
        connection: &mut Connection,
        at: &mut Option<Offset>,
        sought: &mut Option<Offset>,
    ) -> Result<(), Failure> {
        let last = Stats::of(connection, &self.stream).await?.last;
        let Some(start) = last.filter(|_| last != *at) else { return Ok(()) };
        if *sought != last {
            *sought = last;
            return Err(Lost::Moved.into());
        }
        *at = last;
        self.tell(start.next());
        Ok(())
    }

    fn tell(&self, end: Offset) {
        self.sender.send_if_modified(|told| std::mem::replace(told, end) != end);
    }
}
