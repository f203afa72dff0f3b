//! One connection's worth of writing.

use super::window::Window;
use super::{Resume, Writer};
use crate::rabbit::connect::frame::Frame;
use crate::rabbit::connect::publish::Message;
use crate::rabbit::connect::{Connection, Failure, Lost};
use events::log::{Entry, ReadError};
use events::{Offset, codec};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The one publisher of a connection.
pub(super) const PUBLISHER: u8 = 1;
/// Events of one publish.
const BATCH_EVENTS: usize = 256;
/// How long fewer events wait for company: chunks decide how fast a stream is read.
const LINGER: Duration = Duration::from_millis(5);
/// Nothing is sent while there is less room than this: chunks would get smaller and smaller.
const ROOM_MIN: usize = 256 * 1024;
/// How long a confirmation may take. Usually it is a millisecond; a frozen broker never gives one.
const CONFIRM_MAX: Duration = Duration::from_secs(5);
/// How often a broker that has nothing to confirm is asked what it has. It ends connections that are silent for a minute.
const ASK_EVERY: Duration = Duration::from_secs(15);
/// How often it is kept how far the outbox is sent, at most.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// See the head of this file.
pub(super) struct Session<'w> {
    writer: &'w mut Writer,
    connection: Connection,
    window: Window,
    tail: watch::Receiver<Offset>,
    /// Since when something waits to be sent.
    waits: Option<Instant>,
    /// Somebody waits for it.
    hurry: bool,
    asked: Instant,
    saved: (Instant, u64),
}

/// What happened.
enum Turn {
    Frame(Frame),
    /// Something was appended.
    More,
    /// Somebody waits for what was appended.
    Hurry,
    /// Something is due.
    Time,
    Stop,
}

impl<'w> Session<'w> {
    pub(super) fn new(writer: &'w mut Writer, connection: Connection, behind: u64) -> Self {
        let tail = writer.outbox.appended(writer.partition);
        let (asked, saved) = (Instant::now(), (Instant::now(), behind));
        let window = Window::behind(behind);
        // A mirror's lane may wait already, since before there was a connection.
        Self { writer, connection, window, tail, waits: None, hurry: true, asked, saved }
    }

    /// Until there is nothing left to watch, or told to stop.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        self.work().await?;
        self.connection.close().await;
        Ok(())
    }

    async fn work(&mut self) -> Result<(), Failure> {
        loop {
            self.send().await?;
            match self.turn().await? {
                Turn::Frame(frame) => self.hear(frame)?,
                Turn::More => {}
                Turn::Hurry => self.hurry = true,
                Turn::Time => self.tend().await?,
                Turn::Stop => return Ok(()),
            }
            let is_done = self.window.is_empty() && self.waiting() == 0;
            if is_done && !self.writer.outbox.holds(self.writer.partition) {
                return Ok(());
            }
        }
    }

    async fn turn(&mut self) -> Result<Turn, Failure> {
        let due = self.due();
        tokio::select! {
            () = self.writer.stop.cancelled() => Ok(Turn::Stop),
            frame = self.connection.next() => Ok(Turn::Frame(frame?)),
            // The sender lives as long as the outbox does.
            _ = self.tail.changed() => Ok(Turn::More),
            () = self.writer.line.hurry.notified() => Ok(Turn::Hurry),
            () = sleep_until(due) => Ok(Turn::Time),
        }
    }

    /// Events that the outbox has and that are not sent.
    fn waiting(&self) -> u64 {
        self.tail.borrow().0.saturating_sub(self.window.sent())
    }

    fn has_room(&self) -> bool {
        self.window.room() >= ROOM_MIN
    }

    /// When something is to be done, whatever happens until then.
    fn due(&self) -> Instant {
        let linger = self.waits.filter(|_| self.has_room()).map(|since| since + LINGER);
        let confirm = self.window.since().map(|since| since + CONFIRM_MAX);
        let save = (self.saved.1 != self.window.confirmed()).then_some(self.saved.0 + SAVE_EVERY);
        let ask = self.asked + ASK_EVERY;
        [linger, confirm, save].into_iter().flatten().fold(ask, Instant::min)
    }

    /// Does what is due, but for sending.
    async fn tend(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        if self.window.since().is_some_and(|since| now >= since + CONFIRM_MAX) {
            return Err(Lost::Silent.into());
        }
        if self.saved.1 != self.window.confirmed() && now >= self.saved.0 + SAVE_EVERY {
            self.saved = (now, self.window.confirmed());
            self.writer.save().await;
        }
        if now >= self.asked + ASK_EVERY {
            self.asked = now;
            self.ask().await?;
        }
        Ok(())
    }

    /// Whether the broker still has what it confirmed.
    async fn ask(&mut self) -> Result<(), Failure> {
        if !self.window.is_empty() {
            return Ok(());
        }
        match self.writer.resume(&mut self.connection).await? {
            Resume::Behind(_) => Ok(()),
            Resume::Again { .. } | Resume::Rename => {
                Err(Failure::Retry("the stream has not what it had confirmed".to_owned()))
            }
        }
    }

    /// Sends what is due, while there is room.
    async fn send(&mut self) -> Result<(), Failure> {
        loop {
            let waiting = self.waiting();
            if waiting == 0 {
                (self.waits, self.hurry) = (None, false);
                return Ok(());
            }
            let since = *self.waits.get_or_insert_with(Instant::now);
            let is_due = self.hurry || waiting >= BATCH_EVENTS as u64 || since.elapsed() >= LINGER;
            if !is_due || !self.has_room() {
                return Ok(());
            }
            self.publish().await?;
            self.waits = None;
        }
    }

    /// Sends one frame.
    async fn publish(&mut self) -> Result<(), Failure> {
        let from = Offset(self.window.sent());
        let page = self.writer.outbox.page(self.writer.partition, from, BATCH_EVENTS).await;
        let entries = page.map_err(unread)?.entries;
        let filters = filters(&entries)?;
        let messages: Vec<_> = entries.iter().zip(&filters).map(message).collect();
        let count = fitting(&messages, self.window.room());
        let now = Instant::now();
        for (message, number) in messages[..count].iter().zip(from.0 + 1..) {
            if message.id != number {
                return Err(Failure::Stopped(format!("the outbox is damaged: it has no event {number}")));
            }
            self.window.push(message.bytes(), now);
        }
        self.writer.sent = self.writer.sent.max(self.window.sent());
        self.connection.publish(PUBLISHER, &messages[..count]).await?;
        Ok(())
    }

    fn hear(&mut self, frame: Frame) -> Result<(), Failure> {
        match frame {
            Frame::Confirmed { ids, .. } => {
                self.window.confirm(&ids);
                self.writer.confirmed(self.window.confirmed());
                Ok(())
            }
            Frame::Refused { ids, .. } => {
                let least = ids.iter().map(|(number, _)| *number).min();
                self.writer.refused = self.writer.refused.into_iter().chain(least).min();
                Err(ids.first().map_or(Lost::Silent.into(), |(_, code)| Failure::refused(*code)))
            }
            Frame::Moved { .. } => Err(Lost::Moved.into()),
            Frame::Answer { .. }
            | Frame::Metadata { .. }
            | Frame::Deliver { .. }
            | Frame::CreditRefused { .. }
            | Frame::Tune { .. }
            | Frame::Closing { .. }
            | Frame::Heartbeat
            | Frame::Other => Ok(()),
        }
    }
}

fn unread(error: ReadError) -> Failure {
    match error {
        // Removed since we looked: the next session begins behind it.
        ReadError::Trimmed { .. } | ReadError::Retry(_) => Failure::Retry(error.to_string()),
        ReadError::Stopped(words) => Failure::Stopped(words),
    }
}

/// The mirror of each: a reader of one alone is spared the chunks without it.
fn filters(entries: &[Entry]) -> Result<Vec<String>, Failure> {
    let filter = |entry: &Entry| match codec::mirror_of(&entry.record) {
        Some(mirror) => Ok(mirror.to_string()),
        None => {
            let why = codec::decode(&entry.record).err().map(|error| error.to_string()).unwrap_or_default();
            let number = entry.offset.0 + 1;
            Err(Failure::Stopped(format!("event {number} of the outbox cannot be sent: {why}")))
        }
    };
    entries.iter().map(filter).collect()
}

fn message<'e>((entry, filter): (&'e Entry, &'e String)) -> Message<'e> {
    Message { id: entry.offset.0 + 1, filter, record: &entry.record }
}

/// How many of the messages, at least one, go into one frame.
fn fitting(messages: &[Message<'_>], room: usize) -> usize {
    let mut bytes = 0;
    let fits = messages.iter().take(BATCH_EVENTS).take_while(|message| {
        bytes += message.bytes();
        bytes <= room
    });
    fits.count().max(messages.len().min(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rabbit::connect::connection::FRAME_BYTES_MAX;
    use crate::rabbit::connect::publish::frame_bytes;
    use events::codec::EVENT_BYTES_MAX;

    fn check(sizes: &[usize], room: usize, expected: usize) {
        let records: Vec<Vec<u8>> = sizes.iter().map(|size| vec![1; *size]).collect();
        let filter = "0123456789abcdef0123456789abcdef0123";
        let messages: Vec<_> = records.iter().map(|record| Message { id: 1, filter, record }).collect();
        let count = fitting(&messages, room);
        assert_eq!(count, expected, "{} messages into {room}", sizes.len());
        assert!(frame_bytes(&messages[..count]) <= FRAME_BYTES_MAX as usize);
    }

    #[test]
    fn a_frame_is_cut_by_bytes() {
        check(&[300; 1000], 512 * 1024, BATCH_EVENTS);
        check(&[EVENT_BYTES_MAX; 5], 512 * 1024, 1);
        check(&[200 * 1024; 5], 512 * 1024, 2);
        check(&[EVENT_BYTES_MAX], ROOM_MIN, 1);
        check(&[], ROOM_MIN, 0);
    }
}
