//! The follower's driver: from the log into the views, as soon as something is appended.

use crate::clock::Clock;
use crate::links::Links;
use crate::rabbit::hints::{Hint, HintSender};
use crate::sqlite::NodeState;
use async_trait::async_trait;
use events::{Body, Event, MirrorId, Offset, Partition};
use projections::follow::{Follow, FollowError, FollowState, Step, reassert, step};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;
use tools::follow::Hold;
use tools::{JobError, Ports};

#[cfg(test)]
mod tests;

/// Events a step at most.
pub const STEP_EVENTS_MAX: usize = 1024;
/// Before a failed step is tried again.
pub const RETRY: Duration = Duration::from_millis(500);
/// How often a follower that nothing wakes looks at the log and at its recorded place, where others may write it.
pub const LOOK: Duration = Duration::from_secs(5);

/// One partition's follower, as others see it.
#[derive(Clone)]
pub struct Followed {
    partition: Partition,
    /// Where it reads on: the views hold all before it.
    pub mark: watch::Receiver<Offset>,
    gate: Arc<Mutex<()>>,
}

#[async_trait]
impl tools::Follow for Followed {
    async fn caught_up(&self, partition: Partition, offset: Offset) -> Result<(), JobError> {
        if partition != self.partition {
            return Err(JobError::Wrong(format!("partition {} is not followed here", partition.0)));
        }
        let reached = self.mark.clone().wait_for(|mark| *mark >= offset).await.map(drop);
        reached.map_err(|_| JobError::Stopped("the follower has stopped".to_owned()))
    }

    async fn hold(&self, _: Partition) -> Result<Option<Hold>, JobError> {
        let guard: OwnedMutexGuard<()> = self.gate.clone().lock_owned().await;
        Ok(Some(Hold::new(guard)))
    }
}

/// What a follower works over.
#[derive(Clone)]
pub struct Stores {
    /// The log, the views, the control rows.
    pub ports: Ports,
    /// Renewed as settings change.
    pub links: Arc<Links>,
    /// Dead letters.
    pub state: NodeState,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// To the other nodes.
    pub hints: Option<HintSender>,
    /// Whether other nodes may write the same position.
    pub is_shared: bool,
}

/// Drives one partition.
pub struct Follower {
    ports: Ports,
    links: Arc<Links>,
    state: NodeState,
    clock: Arc<dyn Clock>,
    hints: Option<HintSender>,
    is_shared: bool,
    at: FollowState,
    mark: watch::Sender<Offset>,
    gate: Arc<Mutex<()>>,
}

impl Follower {
    /// A follower of `partition`, and how others see it.
    #[must_use]
    pub fn new(partition: Partition, at: Stores) -> (Self, Followed) {
        let Stores { ports, links, state, clock, hints, is_shared } = at;
        let (mark, seen) = watch::channel(Offset(0));
        let gate = Arc::new(Mutex::new(()));
        let followed = Followed { partition, mark: seen, gate: gate.clone() };
        let at = FollowState::resume(partition);
        (Self { ports, links, state, clock, hints, is_shared, at, mark, gate }, followed)
    }

    /// Follows until told to stop.
    ///
    /// # Errors
    /// When the partition cannot be followed any further.
    pub async fn run(
        mut self,
        mut appended: watch::Receiver<Offset>,
        stop: CancellationToken,
    ) -> Result<(), FollowError> {
        loop {
            appended.mark_unchanged();
            let idle = match self.step().await {
                Ok(step) => step.events.is_empty() && step.dead.is_empty(),
                Err(FollowError::Retry(why)) => {
                    tracing::warn!(why, "the views cannot be brought up to date now");
                    tokio::time::sleep(RETRY).await;
                    false
                }
                Err(error) => return Err(error),
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                changed = appended.changed(), if idle => if changed.is_err() {
                    // The log is closed.
                    return Ok(());
                },
                () = tokio::time::sleep(LOOK), if idle && self.is_shared => self.look().await,
                () = std::future::ready(()), if !idle => {}
            }
        }
    }

    /// Nothing comes. Is it known that all is done?
    async fn look(&self) {
        let _gate = self.gate.lock().await;
        match reassert(&*self.ports.views, &self.at).await {
            Ok(true) => {
                tracing::info!(place = ?self.at, "an older follower's place was recorded late; ours is again")
            }
            Ok(false) => {}
            Err(why) => tracing::debug!(%why, "the recorded place cannot be looked at now"),
        }
    }

    async fn step(&mut self) -> Result<Step, FollowError> {
        let _gate = self.gate.lock().await;
        let Ports { log, views, lanes, .. } = &self.ports;
        let follow = Follow { log: &**log, views: &**views, lanes: &**lanes, limit: STEP_EVENTS_MAX };
        let step = step(follow, &mut self.at).await?;
        for dead in &step.dead {
            let place = format!("log offset {}", dead.offset);
            tracing::error!(offset = dead.offset.0, why = dead.why, "a record cannot be read; put aside");
            let put =
                self.state.put_dead(self.clock.now(), dead.why.clone(), place, dead.record.to_vec()).await;
            put.map_err(|error| FollowError::Retry(error.to_string()))?;
        }
        let changed: BTreeSet<MirrorId> = step
            .events
            .iter()
            .filter(|(_, event)| is_setting(event))
            .map(|(_, event)| event.mirror)
            .collect();
        if !changed.is_empty() {
            let refreshed = self.links.refresh(changed.iter().copied()).await;
            refreshed.map_err(|error| FollowError::Retry(error.to_string()))?;
            if let Some(hints) = &self.hints {
                changed.iter().for_each(|mirror| hints.send(Hint::Mirror(*mirror)));
            }
        }
        self.mark.send_replace(step.next);
        Ok(step)
    }
}

/// Whether an event changes what [`Links`] holds.
fn is_setting(event: &Event) -> bool {
    match &event.body {
        Body::Declared(_)
        | Body::Linked(_)
        | Body::Cut
        | Body::Restored
        | Body::RoleGranted(_)
        | Body::RoleRevoked(_)
        | Body::Consent(_) => true,
        Body::Created(_)
        | Body::Edited(_)
        | Body::Refreshed(_)
        | Body::Deleted
        | Body::Receipt(_)
        | Body::Thread(_)
        | Body::Gap(_)
        | Body::Other(_) => false,
    }
}
