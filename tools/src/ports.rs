//! What every job works over, and why a job fails.

use events::codec::DecodeError;
use events::log::{AppendError, Log, ReadError};
use events::{MirrorId, NodeId, Offset, Partition};
use projections::lanes::LanesError;
use projections::views::ViewsError;
use projections::{Lanes, Views};
use std::sync::Arc;

/// The stores of one node.
#[derive(Clone)]
pub struct Ports {
    /// Facts.
    pub log: Arc<dyn Log>,
    /// Meaning.
    pub views: Arc<dyn Views>,
    /// Coordination rows.
    pub lanes: Arc<dyn Lanes>,
    /// The node that appends through `log`.
    pub node: NodeId,
    /// Partitions of the log: fixed for its life.
    pub partitions: u16,
}

impl Ports {
    /// Where the events of `mirror` lie.
    #[must_use]
    pub fn partition(&self, mirror: MirrorId) -> Partition {
        mirror.partition(self.partitions)
    }

    /// All partitions of the log.
    pub fn all_partitions(&self) -> impl Iterator<Item = Partition> + use<> {
        (0..self.partitions).map(Partition)
    }
}

/// Why a job failed, by what its caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Run it again later.
    #[error("{0}")]
    Retry(String),
    /// Ask for something else: the words say what.
    #[error("{0}")]
    Wrong(String),
    /// What the job was to read has been removed.
    #[error("the log begins at offset {floor}; what lay before it has been removed")]
    Trimmed {
        /// The first offset that can be read.
        floor: Offset,
    },
    /// A record that no version can read: restore the log from a copy.
    #[error("the record at offset {offset} cannot be read: {why}")]
    Corrupt {
        /// Where it lies.
        offset: Offset,
        /// What is wrong with it.
        why: String,
    },
    /// A record of a newer format: upgrade this program.
    #[error("the event at offset {offset} has format {format}, which this version cannot read; upgrade it")]
    Newer {
        /// Where it lies.
        offset: Offset,
        /// Its format.
        format: u8,
    },
    /// A store is closed or broken: stop.
    #[error("{0}")]
    Stopped(String),
}

impl JobError {
    /// What a record at `offset` that cannot be decoded means for a job, which must not skip it.
    #[must_use]
    pub fn undecodable(offset: Offset, error: DecodeError) -> Self {
        match error {
            DecodeError::Corrupt(why) => Self::Corrupt { offset, why },
            DecodeError::Newer(format) => Self::Newer { offset, format },
        }
    }
}

impl From<ReadError> for JobError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Trimmed { floor } => Self::Trimmed { floor },
            ReadError::Retry(_) => Self::Retry(error.to_string()),
            ReadError::Stopped(_) => Self::Stopped(error.to_string()),
        }
    }
}

impl From<AppendError> for JobError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Retry(_) => Self::Retry(error.to_string()),
            AppendError::TooLarge { .. } => Self::Wrong(error.to_string()),
            AppendError::Stopped(_) => Self::Stopped(error.to_string()),
        }
    }
}

impl From<ViewsError> for JobError {
    fn from(error: ViewsError) -> Self {
        match error {
            ViewsError::Retry(_) => Self::Retry(error.to_string()),
            ViewsError::Stopped(_) => Self::Stopped(error.to_string()),
        }
    }
}

impl From<LanesError> for JobError {
    fn from(error: LanesError) -> Self {
        match error {
            LanesError::Retry(_) => Self::Retry(error.to_string()),
            LanesError::Stopped(_) => Self::Stopped(error.to_string()),
        }
    }
}
