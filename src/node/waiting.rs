//! A node that has not begun, for Discord or a store of its cluster cannot be reached: commands are answered all the same,
//! as where no node runs, and `mirror status` says since when it waits and for what.

use super::{NodeError, broken};
use crate::clock::{Clock, Wall};
use crate::commands::answer::NodeStatus;
use crate::commands::{ChannelInfo, CommandError, Desk, Live};
use crate::following::Following;
use crate::stores::Stores;
use async_trait::async_trait;
use events::{ChannelId, Offset, Version};
use projections::lanes::LaneId;
use std::sync::{Arc, Mutex, PoisonError};
use tools::follow::Stepper;
use tools::{Follow, when};

/// See the module.
pub(super) struct Waiting {
    pub(super) node: String,
    pub(super) started: Version,
    /// Since when it waits, and for what.
    trouble: Mutex<Option<(Version, String)>>,
}

impl Waiting {
    pub(super) fn new(stores: &Stores) -> Arc<Self> {
        let (node, started) = (stores.ports.node.to_string(), Wall.now());
        Arc::new(Self { node, started, trouble: Mutex::default() })
    }

    /// Notes what it waits for; the time is that of the first such note.
    pub(super) fn waits(&self, why: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *trouble {
            Some((_, known)) if known == why => {}
            other => *other = Some((Wall.now(), why.to_owned())),
        }
    }

    /// What commands work with meanwhile.
    pub(super) async fn desk(self: &Arc<Self>, stores: &Stores) -> Result<Desk, NodeError> {
        let ports = stores.ports.clone();
        let follow: Arc<dyn Follow> = if stores.is_shared {
            Arc::new(Following::beside(ports.clone()))
        } else {
            let stepper = Stepper::new(ports.clone());
            stepper.all().await.map_err(broken)?;
            Arc::new(stepper)
        };
        Ok(Desk {
            ports,
            leases: stores.leases.clone(),
            is_shared: stores.is_shared,
            archive: stores.archive.clone(),
            clock: Arc::new(Wall),
            ids: Arc::new(uuid::Uuid::new_v4),
            follow,
            live: Some(self.clone()),
        })
    }

    pub(super) fn words(&self) -> String {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match &*trouble {
            Some((since, why)) => format!("{why} since {}; tried again and again", when::shown(*since)),
            None => "about to connect".to_owned(),
        }
    }

    fn not_yet(&self) -> CommandError {
        CommandError::Failed(format!("the node has not begun: {}", self.words()))
    }
}

#[async_trait]
impl Live for Waiting {
    async fn status(&self) -> NodeStatus {
        NodeStatus {
            name: self.node.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: self.started,
            session: self.words(),
            connected: Some(false),
            ..NodeStatus::default()
        }
    }

    async fn drain(&self) -> Result<(), CommandError> {
        Err(self.not_yet())
    }

    /// Only Discord could tell.
    async fn channel(&self, _channel: ChannelId) -> Option<ChannelInfo> {
        None
    }

    async fn walk(&self, _lane: LaneId, _from: Offset) -> Result<(), CommandError> {
        Err(self.not_yet())
    }

    async fn release(&self, _lane: LaneId, _adopt: bool) -> Result<String, CommandError> {
        Err(self.not_yet())
    }
}
