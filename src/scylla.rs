//! Views, lanes and leases on a CQL cluster: ScyllaDB or Apache Cassandra, over the `scylla` driver.
//!
//! ```text
//! schema.cql ── tables: registers (USING TIMESTAMP) │ positions (plain) │ lanes, control, leases (IF)
//! CqlViews  ── joins: batches of one partition, at once, bounded ── then the position
//! CqlLanes, CqlLeases ── conditional::save: write on a condition ── lost answer? ── SERIAL read of its mark decides
//! Link ── one session; each call is repeated for a while by its class; a session without connections is replaced
//! ```
//! The server does the join: a cell written with the version as its timestamp keeps the greater version, then the
//! greater bytes. So a register is one cell, never null, and nothing is ever deleted: a delete would hide later
//! writes of lower versions.
//!
//! All of it is run against Cassandra; ScyllaDB takes the same statements, and is where the driver is at home.

pub mod address;
mod conditional;
pub mod lanes;
pub mod leases;
mod link;
mod retry;
pub mod schema;
pub mod statements;
mod tables;
mod tls;
mod value;
pub mod views;

pub use address::Address;
pub use lanes::CqlLanes;
pub use leases::CqlLeases;
pub use views::CqlViews;

use link::Link;
use projections::lanes::LanesError;
use projections::views::ViewsError;
use std::sync::Arc;
use std::time::Duration;

/// How long things may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// One request. The server's own limit for a write is 2 s.
    pub request_time_max: Duration,
    /// How long a call is repeated while the cluster does not answer, before it fails with "retry".
    pub patience: Duration,
    /// To make a connection.
    pub connect_time_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request_time_max: Duration::from_secs(5),
            patience: Duration::from_secs(5),
            connect_time_max: Duration::from_secs(5),
        }
    }
}

/// Why the cluster did not do what was asked, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again later; a write may have happened.
    #[error("{0}")]
    Retry(String),
    /// It will be refused again: a missing table, a wrong password, a damaged row. Stop.
    #[error("{0}")]
    Stopped(String),
}

impl From<Failure> for ViewsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(why) => Self::Retry(why),
            Failure::Stopped(why) => Self::Stopped(why),
        }
    }
}

impl From<Failure> for LanesError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(why) => Self::Retry(why),
            Failure::Stopped(why) => Self::Stopped(why),
        }
    }
}

/// One keyspace of a cluster, connected. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    link: Arc<Link>,
}

impl Store {
    /// Connects and prepares every statement, so that a missing table is found now.
    ///
    /// # Errors
    /// `Retry` while no node answers; `Stopped` where the tables, the user or the certificates are not right.
    pub async fn connect(address: &Address, settings: Settings) -> Result<Self, Failure> {
        Ok(Self { link: Arc::new(Link::connect(address.clone(), settings).await?) })
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> CqlViews {
        CqlViews::new(Arc::clone(&self.link))
    }

    /// Lanes and control rows.
    #[must_use]
    pub fn lanes(&self) -> CqlLanes {
        CqlLanes::new(Arc::clone(&self.link))
    }

    /// Leases.
    #[must_use]
    pub fn leases(&self) -> CqlLeases {
        CqlLeases::new(Arc::clone(&self.link))
    }
}
