//! The writer of one partition: from the outbox onto the stream, each event under its number.
//!
//! ```text
//! outbox ──page──> publish, filter value: the mirror ──> broker ──confirm──> confirmed moves on ──> Everywhere
//!    ^   a lost connection, a refusal, no confirmation in time, a stream that moves or is gone:       outbox: kept
//!    └── begin again behind what is confirmed, if the broker has that (`resume`)
//! ```
//! It publishes over [`Connection`](super::connect::Connection), not over the client crate's `Producer`: that one has
//! no time limit, says `Ok` for what was not stored, panics at a confirmation that it does not expect, and can be closed
//! only by a broker that lives. Here each confirmation is a number that was sent, and a session is dropped in no time.

mod resume;
mod session;
mod window;

use super::connect::{Broker, Connection, Failure};
use super::outbox::{Mark, Outbox};
use events::{NodeId, Offset, Partition};
use resume::{Known, Resume, resume};
use session::{PUBLISHER, Session};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Waits between attempts: from the first, doubled, to the last. Brokers elect a leader within seconds: with longer ones
/// it leads for as long again before anybody asks.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// One partition's writer, as others see it.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// All before it is on the stream.
    pub(super) confirmed: watch::Sender<Offset>,
    /// Somebody waits for what the outbox has now.
    pub(super) hurry: Notify,
    problem: Mutex<Option<String>>,
}

impl Line {
    /// Why nothing can be sent now.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

/// What a writer works with.
pub(super) struct Writer {
    pub(super) broker: Broker,
    pub(super) stream: String,
    pub(super) partition: Partition,
    pub(super) node: NodeId,
    pub(super) outbox: Arc<Outbox>,
    pub(super) line: Arc<Line>,
    pub(super) stop: CancellationToken,
    /// How far it has come.
    pub(super) mark: Mark,
    /// The last number that can have been sent: the end of the outbox when it was opened, or what we sent since.
    pub(super) sent: u64,
    /// The least number that the broker refused.
    pub(super) refused: Option<u64>,
}

impl Writer {
    /// Writes until told to stop.
    pub(super) async fn run(mut self) {
        let mut pause = RETRY_FIRST;
        while self.has_work().await {
            let before = self.mark.confirmed;
            let Err(why) = Box::pin(self.session()).await else {
                pause = RETRY_FIRST;
                continue;
            };
            self.report(&why);
            pause = if self.mark.confirmed > before { RETRY_FIRST } else { (pause * 2).min(RETRY_MAX) };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(pause) => {}
            }
        }
        self.save().await;
    }

    /// Waits until the outbox holds something; `false`: stop. What is confirmed counts: while it is kept, the stream
    /// is watched, which may lose it.
    async fn has_work(&self) -> bool {
        let mut appended = self.outbox.appended(self.partition);
        while !self.stop.is_cancelled() {
            appended.mark_unchanged();
            if self.outbox.holds(self.partition) || self.waits() {
                return true;
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                // The sender lives as long as the outbox does.
                _ = appended.changed() => {}
            }
        }
        false
    }

    fn waits(&self) -> bool {
        self.outbox.tail(self.partition) > self.mark.confirmed
    }

    fn report(&self, why: &Failure) {
        let (partition, words) = (self.partition.0, why.to_string());
        // Once for each reason, not for each attempt.
        if self.line.problem().as_ref() != Some(&words) {
            tracing::warn!(
                partition,
                why = words,
                "the stream cannot be written now; the outbox keeps what comes"
            );
        }
        self.line.set_problem(Some(words));
    }

    /// Sends until there is nothing more to watch, or something goes wrong.
    async fn session(&mut self) -> Result<(), Failure> {
        let stop = self.stop.clone();
        let begun = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            begun = self.begin() => begun,
        };
        let (connection, behind) = begun?;
        self.line.set_problem(None);
        Session::new(self, connection, behind).run().await
    }

    /// A connection on which we may publish, and the number behind which to go on.
    async fn begin(&mut self) -> Result<(Connection, u64), Failure> {
        let mut connection = self.broker.leader(&self.stream).await?;
        if self.mark.name.is_empty() {
            self.rename().await?;
        }
        let behind = match self.resume(&mut connection).await? {
            Resume::Behind(number) => number,
            Resume::Again { behind, gone } => {
                self.report_loss(behind, gone);
                behind
            }
            Resume::Rename => {
                tracing::warn!(
                    partition = self.partition.0,
                    name = self.mark.name,
                    "the stream has numbers that this outbox did not give: it was lost or put back from a backup, or a \
                     number was refused; what waits is sent under a new name"
                );
                self.rename().await?;
                self.mark.confirmed.0
            }
        };
        // Before anything is concluded: the stream is there, and led by this node.
        connection.declare_publisher(PUBLISHER, &self.mark.name, &self.stream).await?;
        self.confirmed(behind);
        Ok((connection, behind))
    }

    /// Asks the broker what it has of us.
    async fn resume(&self, connection: &mut Connection) -> Result<Resume, Failure> {
        let stored = connection.publisher_sequence(&self.mark.name, &self.stream).await?;
        let floor = self.outbox.floor(self.partition).await;
        let known = Known {
            stored,
            confirmed: self.mark.confirmed.0,
            sent: self.sent,
            base: self.mark.base,
            removed: floor.map_err(|error| Failure::Retry(error.to_string()))?.0,
            refused: self.refused,
        };
        Ok(resume(known))
    }

    fn report_loss(&self, behind: u64, gone: u64) {
        let (partition, confirmed) = (self.partition.0, self.mark.confirmed.0);
        tracing::error!(
            partition,
            confirmed,
            behind,
            "the stream has lost what it had confirmed; it gets it again from the outbox"
        );
        if gone > 0 {
            tracing::error!(
                partition,
                gone,
                "part of that is no longer in the outbox: an archive can fill the stream"
            );
        }
    }

    /// Takes a name that nobody had. Kept before it is used: what is sent under it counts under it alone.
    async fn rename(&mut self) -> Result<(), Failure> {
        let random = Uuid::new_v4().simple().to_string();
        let name = format!("mirror.{}.{}", self.node, &random[..8]);
        let mark = Mark { name, base: self.mark.confirmed.0, confirmed: self.mark.confirmed };
        let kept = self.outbox.save(self.partition, &mark).await;
        kept.map_err(|why| Failure::Retry(format!("the outbox cannot be written: {why}")))?;
        (self.mark, self.refused) = (mark, None);
        Ok(())
    }

    /// All up to this number is on the stream.
    fn confirmed(&mut self, number: u64) {
        let confirmed = Offset(number);
        self.sent = self.sent.max(number);
        self.mark.confirmed = confirmed;
        self.outbox.confirmed(self.partition, confirmed);
        self.line.confirmed.send_replace(confirmed);
    }

    /// Keeps how far it has come, so that a later start notices what a stream has lost.
    async fn save(&self) {
        if let Err(why) = self.outbox.save(self.partition, &self.mark).await {
            tracing::debug!(partition = self.partition.0, %why, "how far the outbox is sent cannot be kept now");
        }
    }
}
