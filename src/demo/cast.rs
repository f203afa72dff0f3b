//! The cast: what the demo shows and counts of the stand-in's happenings, whatever nodes work behind it.

use super::judge::Verdict;
use super::screen::Screen;
use super::stage::Stage;
use standin::Happening;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep_until, timeout, timeout_at};

/// Nothing happened for so long: time to judge.
const QUIET: Duration = Duration::from_millis(700);
/// Nothing happened for so long although something is missing: it will not come any more. Longer than two of the
/// gateway's heartbeats, by which a connection that went silent is noticed.
pub(super) const GIVE_UP: Duration = Duration::from_secs(100);

/// The stage, and who watches it.
pub(super) struct Cast {
    /// The stand-in with what was said.
    pub(super) stage: Stage,
    /// What a person sees.
    pub(super) screen: Screen,
    /// Copies that appeared.
    pub(super) posted: usize,
    /// Sessions that began or went on.
    pub(super) connected: usize,
    happenings: Receiver<Happening>,
}

impl Cast {
    /// Watches a stage.
    #[must_use]
    pub(super) fn new(stage: Stage, screen: Screen) -> Self {
        let happenings = stage.discord.subscribe();
        Self { stage, screen, posted: 0, connected: 0, happenings }
    }

    /// Shows what happens until `time`.
    pub(super) async fn until(&mut self, time: tokio::time::Instant) {
        loop {
            tokio::select! {
                biased;
                () = sleep_until(time) => return,
                happening = self.happenings.recv() => self.happened(happening),
            }
        }
    }

    /// Shows what happens for a while.
    pub(super) async fn pause(&mut self, span: Duration) {
        self.until(tokio::time::Instant::now() + span).await;
    }

    /// Shows what has happened.
    pub(super) fn look(&mut self) {
        while let Ok(happening) = self.happenings.try_recv() {
            self.happened(Ok(happening));
        }
    }

    /// Shows the next happening; `false`: nothing came in time.
    pub(super) async fn next(&mut self, until: tokio::time::Instant) -> bool {
        match timeout_at(until, self.happenings.recv()).await {
            Ok(happening) => {
                self.happened(happening);
                true
            }
            Err(_) => false,
        }
    }

    fn happened(&mut self, happening: Result<Happening, RecvError>) {
        let Ok(happening) = happening else {
            // Some were missed: the channels themselves tell how many copies there are.
            self.posted = self.stage.places.iter().map(|place| self.stage.copies_in(place.id).len()).sum();
            return;
        };
        match &happening {
            Happening::Posted(shown, _) => {
                self.posted += usize::from(shown.webhook.is_some());
                self.stage.saw(shown);
            }
            Happening::Identified | Happening::Resumed { .. } => self.connected += 1,
            _ => {}
        }
        self.screen.show(&happening);
    }

    /// Waits until every channel shows what it should, or nothing more comes. `check` says whether the nodes run.
    pub(super) async fn settle(
        &mut self,
        check: &mut (dyn FnMut() -> anyhow::Result<()> + Send),
    ) -> anyhow::Result<Verdict> {
        let mut quiet_since = Instant::now();
        loop {
            match timeout(QUIET, self.happenings.recv()).await {
                Ok(happening) => {
                    quiet_since = Instant::now();
                    self.happened(happening);
                }
                Err(_) => {
                    check()?;
                    let verdict = self.stage.judge();
                    if verdict.is_right() || quiet_since.elapsed() > GIVE_UP {
                        return Ok(verdict);
                    }
                }
            }
        }
    }
}
