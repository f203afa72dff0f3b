//! A place in one stream from which pages are read, one after the other.
//!
//! ```text
//! we:      Stats₀ Subscribe(next) Stats₁ ............ Credit ........ Stats₂
//! broker:         Stats₀ Ok  chunk  chunk  Stats₁ ... chunk ... chunk ...
//! ```
//! One connection, one subscription, several chunks under way. A subscription reads on *at once* when it is made and
//! when it gets credit; once it is at the end it is told of news later, by another process of the broker. So:
//!
//! * `Stats` is asked for behind the call that wants a page, and says whether anything lies at `next` at all.
//! * A page is empty only if nothing does, or if a subscription made for this very page had more than half
//!   of its credit left and yet had nothing to deliver before it answered a `Stats`: then what lies there is not of
//!   this mirror. It lies before the end that was known *before* that subscription, and the place moves there.
//!
//! The broker filters whole chunks, so the mirror is checked here. A subscription below the floor is served from the
//! floor without a word, or from where retention came to meanwhile: that shows as a gap, and where the filter makes
//! gaps by itself, whoever reads has to ask for the floor.

use super::chunk::{BadChunk, Chunk};
use super::stats::Stats;
use crate::rabbit::connect::connection::Connection;
use crate::rabbit::connect::frame::{Code, Frame, Request, key};
use crate::rabbit::connect::{Broker, Failure, Lost};
use bytes::Bytes;
use events::codec::mirror_of;
use events::log::{Entry, Page};
use events::{MirrorId, Offset};
use futures_util::FutureExt;
use std::time::Duration;
use tokio::time::timeout;

/// Chunks that may be under way.
const CREDIT: u16 = 16;
/// Credit is given back by so many.
const CREDIT_BACK: u16 = CREDIT / 2;
/// With so much credit or less the broker does not begin to send, whatever lies there: only more than that, left
/// unused, says that nothing does. Source: RabbitMQ, `rabbit_stream_reader`, "SendLimit".
const CREDIT_IDLE_MAX: u16 = CREDIT / 2;
/// How long news that is known to be there is waited for before it is asked for.
const NEWS_MAX: Duration = Duration::from_millis(20);
/// A page asks so often before it gives up: each time costs a round trip, and brings all of the credit or the end.
const ASKS_MAX: usize = 10_000;
/// How often a broker that lets a filtered read wait is asked whether it lives: ten minutes.
const SCAN_WAITS_MAX: usize = 120;
/// Where a subscription begins: at an offset.
const AT_OFFSET: u16 = 4;

/// Why a page could not be read.
#[derive(Debug)]
pub(super) enum Miss {
    /// The place lies below this floor.
    Trimmed(Offset),
    /// Another connection may do, or none will.
    Failed(Failure),
}

impl From<Failure> for Miss {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Lost> for Miss {
    fn from(lost: Lost) -> Self {
        Self::Failed(lost.into())
    }
}

impl From<BadChunk> for Miss {
    fn from(bad: BadChunk) -> Self {
        match bad {
            BadChunk::Malformed => Self::Failed(Failure::Retry(bad.to_string())),
            BadChunk::Batches => Self::Failed(Failure::Stopped(bad.to_string())),
        }
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Cursor {
    broker: Broker,
    connection: Connection,
    stream: String,
    mirror: Option<MirrorId>,
    /// Where the next page begins.
    next: Offset,
    /// Delivered, and not handed out in full.
    open: Option<Chunk>,
    subscription: u8,
    /// Chunks that the broker may still send, by what it was told.
    credit: u16,
    /// Of these, what it was told after the last question.
    credit_since: u16,
    /// Chunks taken since credit was last given.
    owed: u16,
    /// The last chunk that is known of.
    last: Option<Offset>,
    /// All that lies before this and is wanted comes before the credit is used up; gone once that was so.
    sure: Option<Offset>,
    /// Where a chunk begins that the place lies in, and of which nothing more is wanted.
    passed: Option<Offset>,
}

/// What follows from an answer of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Done,
    Ask,
    Wait,
    Subscribe,
}

impl Cursor {
    /// Begins at `next`.
    pub(super) async fn open(
        broker: &Broker,
        stream: &str,
        next: Offset,
        mirror: Option<MirrorId>,
    ) -> Result<Self, Miss> {
        let mut cursor = Self {
            broker: broker.clone(),
            connection: broker.leader(stream).await?,
            stream: stream.to_owned(),
            mirror,
            next,
            open: None,
            subscription: 0,
            credit: 0,
            credit_since: 0,
            owed: 0,
            last: None,
            sure: None,
            passed: None,
        };
        cursor.subscribe().await?;
        Ok(cursor)
    }

    /// Whether it stands there, for that mirror.
    pub(super) fn is_at(&self, stream: &str, next: Offset, mirror: Option<MirrorId>) -> bool {
        self.next == next && self.mirror == mirror && self.stream == stream
    }

    /// Whether it stands in a chunk of which nothing more is wanted: where that one begins.
    pub(super) const fn passed(&self) -> Option<Offset> {
        self.passed
    }

    /// Moves on over what is known not to be wanted.
    pub(super) fn skip_to(&mut self, next: Offset) {
        (self.next, self.passed) = (self.next.max(next), None);
    }

    /// The next page, of at most `limit` entries. After an error the cursor is of no more use.
    pub(super) async fn page(&mut self, limit: usize) -> Result<Page, Miss> {
        let mut entries = Vec::new();
        self.take_what_is_there(&mut entries, limit).await?;
        if entries.is_empty() {
            self.ask_for_more(&mut entries, limit).await?;
        }
        Ok(Page { entries, next: self.next, anew: false })
    }

    /// Takes what has come, and what is known to come.
    async fn take_what_is_there(&mut self, entries: &mut Vec<Entry>, limit: usize) -> Result<(), Miss> {
        while !self.drain(entries, limit)? {
            let comes = self.mirror.is_none() && self.last.is_some_and(|last| last >= self.next);
            let frame = match self.connection.next().now_or_never() {
                Some(frame) => Some(frame),
                None if comes => timeout(NEWS_MAX, self.connection.next()).await.ok(),
                None => None,
            };
            let Some(frame) = frame else { return Ok(()) };
            self.accept(frame?).await?;
        }
        Ok(())
    }

    /// Nothing has come: is there anything?
    async fn ask_for_more(&mut self, entries: &mut Vec<Entry>, limit: usize) -> Result<(), Miss> {
        // A subscription that was made for this page has not been used yet.
        let mut fresh = self.sure.is_some();
        for _ in 0..ASKS_MAX {
            let Some(stats) = self.ask(entries, limit).await? else { return Ok(()) };
            match self.decide(stats, !entries.is_empty(), fresh) {
                Next::Done => return Ok(()),
                Next::Ask => {}
                Next::Wait if self.wait(entries, limit).await? => return Ok(()),
                Next::Wait | Next::Subscribe => {
                    self.subscribe().await?;
                    fresh = true;
                }
            }
        }
        Err(Miss::Failed(Failure::Retry("the stream grows faster than it is read".to_owned())))
    }

    fn decide(&mut self, stats: Stats, got: bool, fresh: bool) -> Next {
        let at_end = self.credit.saturating_sub(self.credit_since) > CREDIT_IDLE_MAX;
        if let (true, Some(sure)) = (at_end, self.sure) {
            self.sure = None;
            self.next = self.next.max(sure);
            self.passed = sure.0.checked_sub(1).map(Offset);
        }
        match (fresh, self.mirror) {
            _ if got || !stats.reach(self.next) => Next::Done,
            (true, _) if at_end => Next::Done,
            (true, _) => Next::Ask,
            (false, None) => Next::Wait,
            (false, Some(_)) => Next::Subscribe,
        }
    }

    /// Asks, and takes what comes before the answer; `None` where the page is full before.
    async fn ask(&mut self, entries: &mut Vec<Entry>, limit: usize) -> Result<Option<Stats>, Miss> {
        self.give_back(1);
        let asked = Stats::ask(&mut self.connection, &self.stream);
        self.credit_since = 0;
        self.connection.flush().await?;
        while !self.drain(entries, limit)? {
            match self.come().await? {
                Frame::Answer { correlation, code, body } if correlation == asked => {
                    return self.told(code, body).map(Some);
                }
                frame => self.accept(frame).await?,
            }
        }
        Ok(None)
    }

    /// The next frame, soon. A filter may pass over much before it finds a chunk, and whatever else was asked waits
    /// behind that: then a broker that answers another connection is at work.
    async fn come(&mut self) -> Result<Frame, Miss> {
        for _ in 0..SCAN_WAITS_MAX {
            match self.connection.next_soon().await {
                Err(Lost::Silent) if self.mirror.is_some() => {
                    self.broker.leader(&self.stream).await?.close().await;
                }
                frame => return Ok(frame?),
            }
        }
        Err(Lost::Silent.into())
    }

    fn told(&mut self, code: Code, body: Bytes) -> Result<Stats, Miss> {
        if code != Code::OK {
            return Err(Failure::refused(code).into());
        }
        let stats = Stats::parse(body).map_err(Lost::from)?;
        self.last = stats.last;
        Ok(stats)
    }

    /// Waits for news that is on its way; whether something of it came into the page.
    async fn wait(&mut self, entries: &mut Vec<Entry>, limit: usize) -> Result<bool, Miss> {
        while entries.is_empty() {
            let Ok(frame) = timeout(NEWS_MAX, self.connection.next()).await else { return Ok(false) };
            self.accept(frame?).await?;
            self.drain(entries, limit)?;
        }
        Ok(true)
    }

    /// Hands out of the open chunk; whether the page is full.
    fn drain(&mut self, entries: &mut Vec<Entry>, limit: usize) -> Result<bool, BadChunk> {
        while let Some(chunk) = &mut self.open {
            if entries.len() >= limit {
                return Ok(true);
            }
            match chunk.take()? {
                // A chunk begins before the place that was asked for.
                Some(entry) if entry.offset < self.next => {}
                Some(entry) => {
                    (self.next, self.passed) = (entry.offset.next(), None);
                    if is_of(self.mirror, &entry.record) {
                        entries.push(entry);
                    }
                }
                None => self.open = None,
            }
        }
        Ok(false)
    }

    async fn accept(&mut self, frame: Frame) -> Result<(), Miss> {
        match frame {
            Frame::Deliver { subscription, chunk } if subscription == self.subscription => {
                self.credit = self.credit.saturating_sub(1);
                self.owed += 1;
                if self.give_back(CREDIT_BACK) {
                    self.connection.flush().await?;
                }
                let chunk = Chunk::parse(chunk)?;
                self.check_gap(chunk.at()).await?;
                self.open = Some(chunk);
                Ok(())
            }
            Frame::Moved { stream } if stream == self.stream => Err(Lost::Moved.into()),
            Frame::CreditRefused { subscription } if subscription == self.subscription => {
                Err(Lost::Moved.into())
            }
            // Of a subscription, or to a question, that was given up.
            _ => Ok(()),
        }
    }

    /// Gives the credit of at least `least` chunks back; whether it did.
    fn give_back(&mut self, least: u16) -> bool {
        let owed = self.owed;
        if owed < least {
            return false;
        }
        self.connection.push(Request::new(key::CREDIT, 1).u8(self.subscription).u16(owed));
        (self.credit, self.credit_since, self.owed) = (self.credit + owed, self.credit_since + owed, 0);
        true
    }

    /// Offsets have holes by themselves, and retention makes some.
    async fn check_gap(&mut self, at: Offset) -> Result<(), Miss> {
        if self.mirror.is_none() && at > self.next {
            let stats = Stats::of(&mut self.connection, &self.stream).await?;
            if stats.floor > self.next {
                return Err(Miss::Trimmed(stats.floor));
            }
        }
        Ok(())
    }

    /// Subscribes anew at the place.
    async fn subscribe(&mut self) -> Result<(), Miss> {
        if self.subscription > 0 {
            let old = self.subscription;
            self.connection.ask(key::UNSUBSCRIBE, 1, |request| request.u8(old));
        }
        self.subscription = self.subscription.checked_add(1).unwrap_or(1);
        let before = Stats::ask(&mut self.connection, &self.stream);
        let asked = self.ask_to_subscribe();
        self.connection.flush().await?;
        (self.credit, self.credit_since, self.owed) = (CREDIT, 0, 0);
        loop {
            match self.come().await? {
                Frame::Answer { correlation, code, body } if correlation == before => {
                    let stats = self.told(code, body)?;
                    self.sure = Some(stats.last.map_or(Offset(0), Offset::next));
                }
                Frame::Answer { correlation, code, .. } if correlation == asked => {
                    return if code == Code::OK { Ok(()) } else { Err(Failure::refused(code).into()) };
                }
                frame => self.accept(frame).await?,
            }
        }
    }

    fn ask_to_subscribe(&mut self) -> u32 {
        let (subscription, stream, next) = (self.subscription, &self.stream, self.next.0);
        let mirror = self.mirror.map(|mirror| mirror.to_string());
        self.connection.ask(key::SUBSCRIBE, 1, |request| {
            let request = request.u8(subscription).text(stream).u16(AT_OFFSET).u64(next).u16(CREDIT);
            match &mirror {
                Some(mirror) => request.map(&[("filter.0", mirror), ("match-unfiltered", "false")]),
                None => request.map(&[]),
            }
        })
    }
}

/// A record that does not tell its mirror is everybody's: whoever reads it has to stop or to say so.
fn is_of(mirror: Option<MirrorId>, record: &[u8]) -> bool {
    match mirror {
        None => true,
        Some(mirror) => mirror_of(record).is_none_or(|of| of == mirror),
    }
}
