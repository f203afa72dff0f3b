//! The embedded engine: the log, the views and the lanes in one data directory, over SQLite.
//!
//! ```text
//! data directory (0700)
//! ├── mirror.lock   an advisory lock, held while a node runs; inside it: the holder's process id
//! ├── log.db        events, lanes, leases, dead letters, node state         WAL, synchronous=FULL
//! └── views.db      views and positions; derived, can be built again        WAL, synchronous=NORMAL
//! ```
//! The lock is the lease: the kernel frees it when the holder ends, however it ends, so there is nothing to
//! wait for after a crash. Each file has one writing thread ([`writer`]) and a few reading connections
//! ([`readers`]).
//!
//! Both files can be read with `sqlite3` while the node runs (open them with `-readonly`). Tables hold ids as
//! 16-byte blobs and values as MessagePack; the SQL views `show_commits`, `show_lanes`, `show_leases`,
//! `show_dead`, `show_messages`, `show_copies` and `show_settings` spell them for people, for example
//! `select * from show_copies where source = 1234`.

mod call;
pub mod chunk;
pub mod directory;
pub mod lanes;
pub mod leases;
pub mod log;
pub mod node;
pub mod readers;
pub mod schema;
pub mod tables;
pub mod views;
pub mod writer;

pub use directory::{DataDir, OpenError};
pub use lanes::SqliteLanes;
pub use leases::SqliteLeases;
pub use log::{Peek, SqliteLog, Stretch};
pub use node::{Bounds, Dead, NodeState, Session};
pub use views::SqliteViews;

use events::log::{AppendError, ReadError};
use projections::lanes::LanesError;
use projections::views::ViewsError;
use rusqlite::ErrorCode;

/// Why a file did not do what was asked, by what the caller does next. Each port has its own error with
/// these two variants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again later; nothing was written.
    #[error("{0}")]
    Retry(String),
    /// The file is closed or broken: stop.
    #[error("{0}")]
    Stopped(String),
}

impl Failure {
    /// What is said once the writing thread has ended.
    #[must_use]
    pub fn closed() -> Self {
        Self::Stopped("the data directory has been closed".to_owned())
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                Self::Retry(format!("the disk is full, nothing was written; free some space ({error})"))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Retry(format!("another process holds the file's write lock ({error})"))
            }
            Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory | ErrorCode::OperationInterrupted) => {
                Self::Retry(error.to_string())
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Stopped(format!("the file is damaged ({error}); restore it from a backup"))
            }
            _ => Self::Stopped(error.to_string()),
        }
    }
}

impl From<Failure> for AppendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(why) => Self::Retry(why),
            Failure::Stopped(why) => Self::Stopped(why),
        }
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(why) => Self::Retry(why),
            Failure::Stopped(why) => Self::Stopped(why),
        }
    }
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
