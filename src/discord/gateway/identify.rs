//! When an IDENTIFY may be sent: the question, and the queue in which a shard waits for the answer.

use crate::discord::telemetry;
use async_trait::async_trait;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use twilight_gateway::queue::Queue;

/// Discord's rules for IDENTIFY: one at a time of the shards of a bucket, and so many in 24 hours, beyond which
/// Discord resets the bot token. Kept durably by whoever implements it: a crash loop must not forget.
#[async_trait]
pub trait IdentifyBudget: Send + Sync + 'static {
    /// Asks for one IDENTIFY of this shard; recorded, durably, before it says [`Permit::Go`].
    async fn permit(&self, shard: u32) -> Permit;
}

/// Whether an IDENTIFY may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// Send it now.
    Go {
        /// What is left of the day's.
        left: u32,
    },
    /// Ask again then.
    Wait {
        /// In so many milliseconds.
        ms: u64,
    },
    /// The day's are spent: send none.
    Spent {
        /// Until then, in milliseconds since 1970; none: nobody can tell.
        again_ms: Option<i64>,
    },
}

/// Lets a shard's IDENTIFY pass when it is permitted.
#[derive(Clone)]
pub(super) struct IdentifyQueue {
    budget: Arc<dyn IdentifyBudget>,
    spent: Spent,
}

/// That the day's IDENTIFYs are spent, and until when.
#[derive(Clone, Default)]
pub(super) struct Spent {
    told: CancellationToken,
    again_ms: Arc<OnceLock<i64>>,
}

impl Spent {
    fn tell(&self, again_ms: Option<i64>) {
        if let Some(again_ms) = again_ms {
            let _ = self.again_ms.set(again_ms);
        }
        self.told.cancel();
    }

    /// Waits for it; until when, in milliseconds since 1970.
    pub(super) async fn wait(&self) -> Option<i64> {
        self.told.cancelled().await;
        self.again_ms.get().copied()
    }
}

impl IdentifyQueue {
    pub(super) fn new(budget: Arc<dyn IdentifyBudget>) -> Self {
        Self { budget, spent: Spent::default() }
    }

    /// Told once the day's IDENTIFYs are spent.
    pub(super) fn spent(&self) -> Spent {
        self.spent.clone()
    }
}

impl Queue for IdentifyQueue {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (pass, passed) = oneshot::channel();
        tokio::spawn(wait(Arc::clone(&self.budget), shard, pass, self.spent.clone()));
        passed
    }
}

/// Once the connection is gone, nothing would be sent, so nothing is asked for.
async fn wait(budget: Arc<dyn IdentifyBudget>, shard: u32, mut pass: oneshot::Sender<()>, spent: Spent) {
    while !pass.is_closed() {
        match budget.permit(shard).await {
            Permit::Go { left } => {
                telemetry::identifying(shard, left);
                let _ = pass.send(());
                return;
            }
            Permit::Wait { ms } => {
                tokio::select! {
                    () = sleep(Duration::from_millis(ms)) => {}
                    () = pass.closed() => {}
                }
            }
            Permit::Spent { again_ms } => {
                spent.tell(again_ms);
                // Keeps the shard waiting: a sender that is dropped makes it ask again.
                return pass.closed().await;
            }
        }
    }
}
