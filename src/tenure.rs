//! Tenure: until when something is ours, on a clock of our own that only goes forward.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The end of a tenure, as its owner sees it: it moves on with each renewal.
#[derive(Clone, Debug)]
pub struct Tenure {
    until: watch::Receiver<Instant>,
    /// Keeps an endless one alive.
    _own: Option<std::sync::Arc<watch::Sender<Instant>>>,
}

/// As good as for ever; farther would overflow some systems' clocks.
const ENDLESS: Duration = Duration::from_secs(30 * 365 * 86_400);

impl Tenure {
    /// A tenure that whoever holds the sender renews. Dropping the sender ends it.
    #[must_use]
    pub fn new(until: Instant) -> (watch::Sender<Instant>, Self) {
        let (renew, until) = watch::channel(until);
        (renew, Self { until, _own: None })
    }

    /// One that nobody can take over: the stores are this process's alone.
    #[must_use]
    pub fn endless() -> Self {
        let (renew, until) = watch::channel(Instant::now() + ENDLESS);
        Self { until, _own: Some(std::sync::Arc::new(renew)) }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until.has_changed().is_err() || *self.until.borrow() <= Instant::now()
    }

    /// Waits until it covers the next `span`: at once, or after a renewal. `false`: it ended instead.
    pub async fn covers(&self, span: Duration) -> bool {
        let mut seen = self.until.clone();
        loop {
            let until = *seen.borrow_and_update();
            if self.until.has_changed().is_err() || until <= Instant::now() {
                return false;
            }
            if until >= Instant::now() + span {
                return true;
            }
            tokio::select! {
                changed = seen.changed() => if changed.is_err() { return false },
                () = sleep_until(until) => {}
            }
        }
    }

    /// Returns when it has ended.
    pub async fn ended(&self) {
        let mut seen = self.until.clone();
        loop {
            let until = *seen.borrow_and_update();
            tokio::select! {
                changed = seen.changed() => if changed.is_err() { return },
                () = sleep_until(until) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_it_does_not_cover_waits_for_a_renewal_or_its_end() {
        let (renew, tenure) = Tenure::new(Instant::now() + 10 * SECOND);
        assert!(tenure.covers(10 * SECOND).await);
        let longer = tokio::spawn({
            let tenure = tenure.clone();
            async move { tenure.covers(11 * SECOND).await }
        });
        tokio::time::sleep(5 * SECOND).await;
        renew.send_replace(Instant::now() + 12 * SECOND);
        assert!(longer.await.unwrap());
        let began = Instant::now();
        assert!(!tenure.covers(13 * SECOND).await, "nobody renewed it");
        assert_eq!(began.elapsed(), 12 * SECOND);
        assert!(tenure.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_its_owner() {
        let (renew, tenure) = Tenure::new(Instant::now() + 10 * SECOND);
        drop(renew);
        assert!(tenure.is_over());
        assert!(!tenure.covers(SECOND).await);
        tenure.ended().await;
        assert!(Tenure::endless().covers(SECOND).await);
    }
}
