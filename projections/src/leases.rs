//! Leases: which node works on what now. Rows changed by condition alone, never registers.
//!
//! ```text
//! free ──take: rev+1, epoch+1──> held ──renew: rev+1──> held ──give: rev+1, no holder──> free
//!                                  └ same rev for the lease time on the observer's own clock: taken over, epoch+1
//! ```
//! No row holds a time: whoever wants to take over has watched the same `rev` for long enough, on a clock of
//! its own that only goes forward. The epoch fences what an owner did that does not know yet.

use crate::lanes::{LanesError, Saved};
use async_trait::async_trait;
use bytes::Bytes;
use events::{NodeId, Partition};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The port. Every backend passes its suite.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Every row there is, by name. There are few: nodes, partitions, shards.
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

/// One process that may hold leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// Its name.
    pub node: NodeId,
    /// Its data directory: what the same one held before may be taken at once, for its lock was free.
    pub home: Uuid,
}
