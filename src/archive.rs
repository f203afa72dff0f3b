//! The archive: what the log forgets, kept for ever in a directory or an S3-compatible store.
//!
//! ```text
//! archive.json                                     how many partitions there are
//! partition-00003/incarnation-000001/              one life of the partition's log
//!     manifest.json                                its first event, by which it is recognised
//!     00000000000000000000-00000000000000004096.seg    what lay in [from, next), see `segment`
//! ```
//! The listing is the index: the names say what is there. An object is written once, whole, and never changed,
//! so a seal that is killed leaves nothing half done, and two nodes that seal at once write segments that say
//! the same. A log that was deleted and filled again counts its offsets anew; its segments go into a new
//! incarnation, and those of the old one are never taken for them: the event at a known offset tells ([`life`]).
//!
//! [`log::ArchivedLog`] reads it below the floor of a log, [`seal`] writes it, [`check`] looks it through,
//! [`refill`] fills an empty log from it, [`retention`] tells how far the log may be cut.

pub mod check;
pub mod life;
pub mod log;
pub mod pace;
mod place;
pub mod refill;
pub mod retention;
pub mod seal;
pub mod segment;
pub mod store;

pub use log::ArchivedLog;
pub use pace::Pace;
pub use place::BadPlace;
pub use seal::Sealer;
pub use store::{Incarnation, Name};

use events::log::{Log, ReadError};
use object_store::ObjectStore;
use segment::SegmentError;
use std::sync::Arc;
use tools::{JobError, Ports};

/// An archive. Cheap to clone.
#[derive(Clone)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    shown: Arc<str>,
}

impl std::fmt::Debug for Archive {
    // Not the store: it holds credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Archive").field(&self.shown).finish()
    }
}

impl std::fmt::Display for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Archive {
    /// The archive at a path, at `file:///PATH`, or at `s3://BUCKET/PREFIX?endpoint=...&region=...`. A directory
    /// is made where there is none. Nothing is read yet.
    ///
    /// # Errors
    /// Where the place is none.
    pub fn open(url: &str) -> Result<Self, BadPlace> {
        let (store, shown) = place::open(url)?;
        Ok(Self::over(store, &shown))
    }

    /// An archive in this store; `shown` names it for people.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>, shown: &str) -> Self {
        Self { store, shown: shown.into() }
    }
}

/// A log's archive, and the log without it.
#[derive(Clone)]
pub struct Backed {
    /// The archive.
    pub archive: Archive,
    /// The log itself: its floor is where the archive begins to be needed.
    pub log: Arc<dyn Log>,
}

impl Backed {
    /// Puts the archive at `url` behind the log of `ports`.
    ///
    /// # Errors
    /// Where the place is none.
    pub fn behind(ports: &mut Ports, url: &str) -> Result<Self, BadPlace> {
        let (archive, log) = (Archive::open(url)?, ports.log.clone());
        ports.log = Arc::new(ArchivedLog::new(log.clone(), archive.clone()));
        Ok(Self { archive, log })
    }

    /// The stores with the log alone.
    #[must_use]
    pub fn bare(&self, ports: &Ports) -> Ports {
        Ports { log: self.log.clone(), ..ports.clone() }
    }
}

/// Why the archive did not do what was asked, by what the caller does next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Try again later.
    #[error("the archive does not answer now: {0}")]
    Retry(String),
    /// Restore this object from a copy of the archive, or remove it where the log still holds what it held.
    #[error("the archive's object {object} is damaged: {why}")]
    Damaged {
        /// Its name.
        object: String,
        /// What is wrong with it.
        why: String,
    },
    /// The words say what to set right.
    #[error("{0}")]
    Refused(String),
}

impl ArchiveError {
    fn segment(object: impl std::fmt::Display, error: &SegmentError) -> Self {
        Self::Damaged { object: object.to_string(), why: error.to_string() }
    }
}

impl From<object_store::Error> for ArchiveError {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error;
        match error {
            Error::NotFound { path, .. } => Self::Damaged { object: path, why: "it is gone".to_owned() },
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                Self::Refused(format!("the archive does not let us in: {error}"))
            }
            Error::NotSupported { .. } | Error::NotImplemented { .. } | Error::InvalidPath { .. } => {
                Self::Refused(format!("the archive's store cannot do what is needed: {error}"))
            }
            other => Self::Retry(other.to_string()),
        }
    }
}

impl From<ArchiveError> for ReadError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Retry(_) => Self::Retry(error.to_string()),
            ArchiveError::Damaged { .. } | ArchiveError::Refused(_) => Self::Stopped(error.to_string()),
        }
    }
}

impl From<ArchiveError> for JobError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Retry(_) => Self::Retry(error.to_string()),
            ArchiveError::Damaged { .. } => Self::Stopped(error.to_string()),
            ArchiveError::Refused(words) => Self::Wrong(words),
        }
    }
}
