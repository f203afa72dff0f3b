//! lane
use serde::{Deserialize, Serialize};

/// The persistent row of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRow {
    /// Fences older owners.
    pub epoch: u64,
}
