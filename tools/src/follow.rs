//! The follower as a job sees it: somebody else drives it, or the job does.

use crate::ports::{JobError, Ports};
use async_trait::async_trait;
use events::{Offset, Partition};
use projections::follow::{FollowError, FollowState, step};

/// Whoever drives the follower of the views.
#[async_trait]
pub trait Follow: Send + Sync {
    /// Returns once the views hold every event of `partition` that lies before `offset`.
    async fn caught_up(&self, partition: Partition, offset: Offset) -> Result<(), JobError>;

    /// Stops the follower of `partition` between two batches, everything written, until the hold is dropped.
    /// `None`: another node drives it, and nobody here can stop it.
    async fn hold(&self, partition: Partition) -> Result<Option<Hold>, JobError>;
}

/// The follower stands still while this lives.
#[must_use = "dropping it lets the follower go on"]
pub struct Hold(Option<Box<dyn Send + Sync>>);

impl Hold {
    /// A hold that ends when `guard` is dropped.
    pub fn new(guard: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(guard)))
    }

    /// A hold on a follower that runs only when it is asked to.
    pub const fn idle() -> Self {
        Self(None)
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hold").field(&self.0.is_some()).finish()
    }
}

/// The follower where no node runs: it takes steps when a job waits for it, and only then.
pub struct Stepper {
    ports: Ports,
}

impl Stepper {
    /// Events a step.
    const LIMIT: usize = 4096;

    /// Steps over these ports.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Brings the views of all partitions up to the log's tail.
    ///
    /// # Errors
    /// When a store does not answer or an event cannot be read.
    pub async fn all(&self) -> Result<(), JobError> {
        for partition in self.ports.all_partitions() {
            let tail = self.ports.log.tail(partition).await?;
            self.caught_up(partition, tail).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Follow for Stepper {
    async fn caught_up(&self, partition: Partition, offset: Offset) -> Result<(), JobError> {
        let Ports { log, views, lanes, .. } = &self.ports;
        let follow =
            projections::follow::Follow { log: &**log, views: &**views, lanes: &**lanes, limit: Self::LIMIT };
        let mut state = FollowState::resume(partition);
        loop {
            let taken = step(follow, &mut state).await?;
            let idle = taken.events.is_empty() && taken.dead.is_empty();
            if idle || taken.next >= offset {
                return Ok(());
            }
        }
    }

    async fn hold(&self, _: Partition) -> Result<Option<Hold>, JobError> {
        Ok(Some(Hold::idle()))
    }
}

impl From<FollowError> for JobError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Retry(_) => Self::Retry(error.to_string()),
            FollowError::Trimmed { floor } => Self::Trimmed { floor },
            FollowError::Newer { offset, format } => Self::Newer { offset, format },
            FollowError::Stopped(_) => Self::Stopped(error.to_string()),
        }
    }
}
