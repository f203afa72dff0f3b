//! Leases: which node works on what now. Rows changed by condition alone, never registers.
//!
//! ```text
//! free ──take: rev+1, epoch+1──> held ──renew: rev+1──> held ──give: rev+1, no holder──> free
//!                                  └ same rev for the lease time on the observer's own clock: taken over, epoch+1
//! ```
//! No row holds a time: whoever wants to take over has watched the same `rev` for long enough, on a clock of
//! its own that only goes forward. The epoch fences what an owner did that does not know yet.

pub mod conformance;
pub mod memory;

use crate::lanes::{LanesError, Saved};
use async_trait::async_trait;
use bytes::Bytes;
use events::{NodeId, Partition};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The port. Every backend passes [`conformance`].
#[async_trait]
pub trait Leases: Send + Sync {
    /// Every row there is, by name. There are few: nodes, partitions, shards. A name that does not parse
    /// is a newer node's affair and left out.
    async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError>;

    /// One row, if there ever was one.
    async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError>;

    /// Writes a row if what is stored has the revision right before it (`row.rev - 1`; none counts as 0).
    /// Durable when it says [`Saved::Yes`].
    async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved;
}

/// What is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LeaseName {
    /// What the nodes must agree on: how many partitions and shards there are. Nobody holds it.
    Cluster,
    /// A node's name: one process at a time writes under it.
    Node(NodeId),
    /// The follower and the lanes of a partition.
    Partition(Partition),
    /// A gateway shard.
    Shard(u32),
    /// The right to IDENTIFY in a bucket of `max_concurrency`; its note keeps the budget of the day.
    Identify(u16),
}

/// As it is stored and shown: `cluster`, `node/a`, `partition/3`, `shard/0`, `identify/0`.
impl fmt::Display for LeaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => write!(f, "cluster"),
            Self::Node(node) => write!(f, "node/{node}"),
            Self::Partition(partition) => write!(f, "partition/{}", partition.0),
            Self::Shard(shard) => write!(f, "shard/{shard}"),
            Self::Identify(bucket) => write!(f, "identify/{bucket}"),
        }
    }
}

/// Text that names no lease: a newer node wrote it, or somebody else did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a lease")]
pub struct BadLeaseName(pub String);

impl FromStr for LeaseName {
    type Err = BadLeaseName;
    fn from_str(text: &str) -> Result<Self, BadLeaseName> {
        let (kind, rest) = text.split_once('/').unwrap_or((text, ""));
        let name = match kind {
            "cluster" => rest.is_empty().then_some(Self::Cluster),
            "node" => rest.parse().ok().map(Self::Node),
            "partition" => rest.parse().ok().map(|number| Self::Partition(Partition(number))),
            "shard" => rest.parse().ok().map(Self::Shard),
            "identify" => rest.parse().ok().map(Self::Identify),
            _ => None,
        };
        // Only the one spelling: `partition/03` would be a second row for the same lease.
        name.filter(|name| name.to_string() == text).ok_or_else(|| BadLeaseName(text.to_owned()))
    }
}

/// One lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRow {
    /// Grows by one with each write: a renewal is a write that changes nothing else.
    pub rev: u64,
    /// Grows by one with each new holder.
    pub epoch: u64,
    /// Who has it; nobody: it is free.
    pub holder: Option<Holder>,
    /// What a holder leaves to the next: a shard's session, a node's state. MessagePack.
    pub note: Bytes,
}

impl LeaseRow {
    /// Whether it may be written over a row with this revision (0: over none).
    #[must_use]
    pub fn follows(&self, rev: u64) -> bool {
        rev.checked_add(1) == Some(self.rev)
    }
}

/// One process that may hold leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// Its name.
    pub node: NodeId,
    /// Its data directory: what the same one held before may be taken at once, for its lock was free.
    pub home: Uuid,
}
