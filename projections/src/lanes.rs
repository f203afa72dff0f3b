//! Coordination rows: one per lane, one per mirror, changed by condition alone.
//!
//! These are never registers: a lane's row is fenced by an epoch, a mirror's control row by its old value.

pub mod conformance;
pub mod memory;

use crate::key::Generation;
use crate::lane::LaneRow;
use async_trait::async_trait;
use events::{ChannelId, MirrorId};
use serde::{Deserialize, Serialize};

/// One link's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneId {
    /// The mirror.
    pub mirror: MirrorId,
    /// The receiving channel.
    pub link: ChannelId,
}

/// The port. Every backend passes [`conformance`].
#[async_trait]
pub trait Lanes: Send + Sync {
    /// A lane's row, if it ever had one.
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError>;

    /// Writes a lane's row if what is stored has the revision right before it (`row.rev - 1`; none counts
    /// as 0) and no greater epoch. Durable when it says [`Saved::Yes`].
    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved;

    /// A mirror's control row; the default where there is none.
    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError>;

    /// Replaces a mirror's control row if it is still `expected`. Durable when it says [`Saved::Yes`].
    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved;
}

/// Which builds of a mirror's views exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The one that is read.
    pub active: Generation,
    /// One that is being built beside it; the follower writes both.
    pub building: Option<Generation>,
    /// The one that was read before, for `replay rollback`; the follower keeps writing it.
    pub previous: Option<Generation>,
}

/// The result of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is written.
    Yes,
    /// The condition did not hold; nothing was written.
    Fenced,
    /// Nobody knows: read the row again before anything else.
    Unknown,
}

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LanesError {
    /// Try again later.
    #[error("the lane store does not answer now: {0}")]
    Retry(String),
    /// The store is closed or broken: stop.
    #[error("the lane store has stopped: {0}")]
    Stopped(String),
}
