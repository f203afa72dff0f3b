//! What can go wrong with a download.

use serde::{Deserialize, Serialize};

/// A fault of one download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum CdnFault {
    /// The bytes come in pieces with a pause after each.
    Slow {
        /// Bytes a piece.
        piece: usize,
        /// Between two.
        pause_ms: u64,
    },
    /// The connection is cut after so many bytes.
    Cut {
        /// At most what there is.
        after: usize,
    },
    /// `Content-Length` says this; what was promised too much never comes, what was promised too little is left out.
    LyingLength {
        /// What it says.
        length: u64,
    },
    /// 302 to another address.
    Redirect {
        /// Where to.
        to: String,
    },
    /// Bytes without end, and no `Content-Length`.
    Endless,
    /// No bytes; this status.
    Status {
        /// For example 503.
        status: u16,
    },
}
