//! What other nodes hint at, looked up; and what changed here, hinted to them.
//!
//! Nothing depends on a hint: without any, the links are read again every [`LINKS_EVERY`], the leases with each
//! renewal, and whoever waits for another node's follower looks for itself.

use super::{Node, NodeError, setup};
use crate::config::Config;
use crate::rabbit::hints::{Hint, Hints, Settings};
use crate::stores::Stores;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often all links are read again, where other nodes may have changed them.
const LINKS_EVERY: Duration = Duration::from_secs(10);

/// Begins to connect, where the configuration says where to.
pub(super) fn connect(
    config: &Config,
    stores: &Stores,
    stop: &CancellationToken,
) -> Result<Option<Hints>, NodeError> {
    let Some(url) = config.hints.clone().filter(|_| stores.is_shared) else { return Ok(None) };
    let settings = Settings { url, cluster: config.cluster.name.clone(), node: stores.ports.node };
    let hints = Hints::connect(&settings, stop.clone());
    hints.map(Some).map_err(|error| setup(format!("hints: {error}")))
}

/// Whom a hint wakes.
pub(super) struct Woken {
    /// The leases may have changed.
    pub(super) leases: Arc<Notify>,
    /// This node is asked to leave.
    pub(super) drains: mpsc::Sender<oneshot::Sender<()>>,
}

/// Follows hints until the node stops.
pub(super) async fn follow(
    node: Arc<Node>,
    hints: Option<Hints>,
    woken: Woken,
    stop: CancellationToken,
) -> Result<(), NodeError> {
    let mut every = interval(LINKS_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Some(mut hints) = hints else {
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = every.tick() => look_everywhere(&node).await,
            }
        }
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(hint) = hints.received.recv() => take(&node, &woken, hint).await,
            // What was hinted while there was no connection is lost.
            Ok(()) = hints.connected.changed() => {
                woken.leases.notify_one();
                look_everywhere(&node).await;
            }
            _ = every.tick() => look_everywhere(&node).await,
        }
    }
}

async fn take(node: &Node, woken: &Woken, hint: Hint) {
    match hint {
        Hint::Mirror(mirror) => {
            if let Err(error) = node.links.refresh([mirror]).await {
                tracing::warn!(%error, "links that have changed cannot be read now");
            }
        }
        Hint::Advanced(_) => {}
        Hint::Drain(asked) if asked == node.stores.ports.node => {
            let (done, _) = oneshot::channel();
            // A drain that is under way already is enough.
            let _ = woken.drains.try_send(done);
        }
        Hint::Moved(_) | Hint::Shard(_) | Hint::Joined(_) | Hint::Left(_) | Hint::Drain(_) => {
            woken.leases.notify_one();
        }
    }
    node.following.hinted();
}

async fn look_everywhere(node: &Node) {
    if let Err(error) = node.links.reload().await {
        tracing::warn!(%error, "the links cannot be read now");
    }
}
