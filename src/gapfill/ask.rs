//! Questions about one channel, asked again until Discord answers.

use super::Filler;
use super::past::Past;
use projections::sink::HistoryError;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long one channel may take, without what it waits for others: half as long as live frames wait, so that one that
/// is slow leaves the others the time to come before these.
pub const TIME_MAX: Duration = Duration::from_secs(300);
/// How long Discord may refuse before that is an answer: whoever may not read now may in a moment.
const REFUSED_MAX: Duration = Duration::from_secs(15);
/// Between two looks, and before the views are asked again.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// Why a channel could not be read to the end.
pub(super) enum Stopped {
    /// The node stops: it is read again at the next start.
    Stopping,
    /// In words.
    Unreadable(String),
}

/// Whoever asks, and since when.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    filler: &'a Filler,
    /// Later by what was waited for others.
    began: Instant,
    /// Since when Discord refuses.
    refused: Option<Instant>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(filler: &'a Filler) -> Self {
        Self { filler, began: Instant::now(), refused: None }
    }

    /// So long was waited for others.
    pub(super) fn waited(&mut self, time: Duration) {
        self.began += time;
    }

    /// Asks until there is an answer.
    pub(super) async fn until<T, F>(&mut self, ask: impl Fn(&'a dyn Past) -> F) -> Result<T, Stopped>
    where
        F: Future<Output = Result<T, HistoryError>>,
    {
        loop {
            let asked = {
                let _one = self.filler.calls.acquire().await;
                ask(&*self.filler.past).await
            };
            match asked {
                Ok(answer) => {
                    self.refused = None;
                    return Ok(answer);
                }
                Err(error) => self.again(error).await?,
            }
        }
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

    pub(super) async fn wait(&self, time: Duration) -> Result<(), Stopped> {
        let left = TIME_MAX.saturating_sub(self.began.elapsed());
        if left.is_zero() {
            return Err(Stopped::Unreadable("it took too long".to_owned()));
        }
        tokio::select! {
            () = sleep(time.min(left)) => Ok(()),
            () = self.filler.stop.cancelled() => Err(Stopped::Stopping),
        }
    }
}
