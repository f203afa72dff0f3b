//! All followers as commands see them: some work here, the others on other nodes.

use crate::follower::Followed;
use async_trait::async_trait;
use events::log::Read;
use events::{Offset, Partition};
use projections::follow::FollowState;
use projections::views::Follower;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tools::follow::{Hold, Stepper};
use tools::{JobError, Ports};

/// How often the place of a follower elsewhere is looked up, where no hint says that it has moved.
const LOOK: Duration = Duration::from_millis(100);

/// How long a follower elsewhere may stand still before whoever waits for it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may stand still before a command that can does its work.
const ALONE_AFTER: Duration = Duration::from_secs(2);

/// The followers of all partitions.
pub struct Following {
    ports: Ports,
    here: RwLock<BTreeMap<Partition, Followed>>,
    /// Something has moved elsewhere.
    news: watch::Sender<()>,
    /// Takes steps itself where nobody else does: only a command without a node.
    stepper: Option<Stepper>,
}

impl Following {
    /// None works here yet.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Self { ports, here: RwLock::default(), news: watch::Sender::new(()), stepper: None }
    }

    /// For a command beside a cluster: it waits for the nodes, and folds itself what they leave.
    #[must_use]
    pub fn beside(ports: Ports) -> Self {
        let stepper = Some(Stepper::new(ports.clone()));
        Self { stepper, ..Self::new(ports) }
    }

    /// A follower begins to work here.
    pub fn add(&self, partition: Partition, followed: Followed) {
        self.here.write().unwrap_or_else(PoisonError::into_inner).insert(partition, followed);
    }

    /// It has stopped.
    pub fn remove(&self, partition: Partition) {
        self.here.write().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    /// Where the followers are that work here.
    #[must_use]
    pub fn marks(&self) -> Vec<(Partition, Offset)> {
        let here = self.here.read().unwrap_or_else(PoisonError::into_inner);
        here.iter().map(|(partition, followed)| (*partition, *followed.mark.borrow())).collect()
    }

    /// A hint came that something has moved.
    pub fn hinted(&self) {
        self.news.send_replace(());
    }

    fn here(&self, partition: Partition) -> Option<Followed> {
        self.here.read().unwrap_or_else(PoisonError::into_inner).get(&partition).cloned()
    }

    /// How far the views hold the partition, as far as anybody needs to know: to `offset`, or less.
    async fn come_to(&self, partition: Partition, offset: Offset) -> Result<Offset, JobError> {
        let follower = Follower { partition, name: FollowState::VIEWS.to_owned() };
        let marks = self.ports.views.position(&follower).await?;
        let from = match marks.first() {
            Some(mark) => mark.offset.next(),
            None => self.ports.log.floor(partition).await?,
        };
        if from >= offset {
            return Ok(from);
        }
        // Offsets are not dense: nothing may lie between the last event and the tail.
        let page = self.ports.log.read(Read { partition, from, limit: 1, mirror: None }).await?;
        Ok(page.entries.first().map_or(page.next, |entry| entry.offset))
    }
}

#[async_trait]
impl tools::Follow for Following {
    async fn caught_up(&self, partition: Partition, offset: Offset) -> Result<(), JobError> {
        let mut news = self.news.subscribe();
        let mut moved = (Offset::default(), Instant::now());
        loop {
            if let Some(followed) = self.here(partition) {
                match followed.caught_up(partition, offset).await {
                    // It may have moved to another node.
                    Err(JobError::Stopped(_)) => self.remove(partition),
                    done => return done,
                }
            }
            let at = self.come_to(partition, offset).await?;
            if at >= offset {
                return Ok(());
            }
            if at != moved.0 {
                moved = (at, Instant::now());
            }
            if let Some(stepper) = self.stepper.as_ref().filter(|_| moved.1.elapsed() > ALONE_AFTER) {
                return stepper.caught_up(partition, offset).await;
            }
            if moved.1.elapsed() > PATIENCE {
                return Err(JobError::Retry(format!(
                    "no node brings the views of partition {} up to date; see `mirror status`",
                    partition.0
                )));
            }
            let _ = timeout(LOOK, news.changed()).await;
        }
    }

    async fn hold(&self, partition: Partition) -> Result<Option<Hold>, JobError> {
        match self.here(partition) {
            Some(followed) => followed.hold(partition).await,
            None => Ok(None),
        }
    }
}
