//! A connection that is asked where a stream begins and ends.
//!
//! `Stats` names the last chunk that is safe, not where it ends. A chunk never changes, so its end is found once, by
//! having it delivered: while nothing is appended, the end of the stream costs one round trip. The leader alone knows
//! it: a replica may be behind what was confirmed.
//!
//! A stream that is deleted and made anew has other chunks at the same offsets. So the subscription stays, without
//! credit: by it the broker tells when the stream has gone, and what was known of it goes with the connection.
//!
//! A leader that was just elected has all that was ever confirmed, and does not know yet how much of what it has that is:
//! until the replicas have told it, it names an earlier chunk, or none. So what it has when it is asked is waited for.

use super::chunk::Chunk;
use super::stats::Stats;
use crate::rabbit::connect::connection::Connection;
use crate::rabbit::connect::frame::{Frame, Malformed, Request, key};
use crate::rabbit::connect::{Broker, Failure, Lost, ask_leader, told_leader};
use events::Offset;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Where a subscription begins: at the last chunk.
const AT_LAST: u16 = 2;
/// The last chunk comes at once. None does where the broker keeps something else than messages at the end.
const LAST_MAX: Duration = Duration::from_millis(500);
/// Replicas tell what they have within milliseconds. Without a majority of them nothing can be confirmed.
const SETTLE_MAX: Duration = Duration::from_secs(2);
const SETTLE_EVERY: Duration = Duration::from_millis(5);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Line {
    stream: String,
    connection: Option<Connection>,
    /// The last chunk that was seen, over this connection.
    known: Option<Extent>,
    /// The one subscription of the connection; each has a number of its own.
    subscription: u8,
}

/// Where a chunk begins, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: Offset,
    pub(super) end: Offset,
}

impl Line {
    /// Not connected yet.
    pub(super) fn new(stream: String) -> Self {
        Self { stream, connection: None, known: None, subscription: 0 }
    }

    /// The last chunk of the stream; `None` where it is empty.
    pub(super) async fn last(&mut self, broker: &Broker) -> Result<Option<Extent>, Failure> {
        let (stats, mut connection) = self.ask(broker).await?;
        let extent = match (stats.last, self.known) {
            (None, _) => None,
            (Some(last), Some(known)) if known.start == last => Some(known),
            (Some(last), _) => Some(self.last_chunk(&mut connection, last).await?),
        };
        (self.known, self.connection) = (extent, Some(connection));
        Ok(extent)
    }

    /// Where the stream begins.
    pub(super) async fn floor(&mut self, broker: &Broker) -> Result<Offset, Failure> {
        let (stats, connection) = self.ask(broker).await?;
        self.connection = Some(connection);
        Ok(stats.floor)
    }

    /// Asks over the old connection, if that is still one to the leader, or over a new one. Until the caller puts it
    /// back it is not kept: a question that was dropped half-way leaves none behind.
    async fn ask(&mut self, broker: &Broker) -> Result<(Stats, Connection), Failure> {
        if let Some(mut old) = self.connection.take() {
            // It may have died of age, or the leader may have moved.
            if let Ok(Some(stats)) = self.ask_leader(&mut old).await
                && !old.has_moved()
            {
                return Ok((self.settled(stats, &mut old).await?, old));
            }
        }
        self.known = None;
        let mut new = broker.leader(&self.stream).await?;
        let stats = Stats::of(&mut new, &self.stream).await?;
        Ok((self.settled(stats, &mut new).await?, new))
    }

    /// Waits until all is safe that the leader had when it was asked.
    async fn settled(&self, mut stats: Stats, connection: &mut Connection) -> Result<Stats, Failure> {
        let (written, start) = (stats.written, Instant::now());
        while stats.last < written {
            if start.elapsed() > SETTLE_MAX {
                let stream = &self.stream;
                let words = format!("the leader of stream {stream} has what no replica has confirmed yet");
                return Err(Failure::Retry(words));
            }
            sleep(SETTLE_EVERY).await;
            stats = Stats::of(connection, &self.stream).await?;
        }
        Ok(stats)
    }

    /// `None` where that is the leader no more.
    async fn ask_leader(&self, connection: &mut Connection) -> Result<Option<Stats>, Failure> {
        let asked = ask_leader(connection, &self.stream);
        let stats = Stats::of(connection, &self.stream).await?;
        let (host, port) = told_leader(connection, &self.stream, asked).await?;
        Ok((connection.advertised() == Some((host.as_str(), port))).then_some(stats))
    }

    /// Has the last chunk delivered, which begins at `last` or, by now, behind it.
    async fn last_chunk(&mut self, connection: &mut Connection, last: Offset) -> Result<Extent, Failure> {
        let old = self.subscription;
        self.subscription = old.wrapping_add(1);
        // Refused where there is none yet, which is as good.
        connection.answer(key::UNSUBSCRIBE, 1, |request| request.u8(old)).await?;
        let (stream, new) = (&self.stream, self.subscription);
        let with = |request: Request| request.u8(new).text(stream).u16(AT_LAST).u16(1).map(&[]);
        connection.grant(key::SUBSCRIBE, 1, with).await?;
        let extent = match timeout(LAST_MAX, delivered(connection, new)).await {
            Ok(extent) => extent?,
            Err(_) => Extent { start: last, end: last.next() },
        };
        if extent.start < last {
            // What lies behind it is no message, and takes at least one offset.
            return Ok(Extent { start: last, end: extent.end.max(last.next()) });
        }
        Ok(extent)
    }
}

async fn delivered(connection: &mut Connection, wanted: u8) -> Result<Extent, Lost> {
    loop {
        match connection.next().await? {
            Frame::Deliver { subscription, chunk } if subscription == wanted => {
                let chunk = Chunk::parse(chunk).map_err(|_| Malformed)?;
                return Ok(Extent { start: chunk.at(), end: chunk.end() });
            }
            Frame::Moved { .. } => return Err(Lost::Moved),
            _ => {}
        }
    }
}
