//! The admin socket: commands for a running node, over HTTP on a Unix socket in its data directory.
//!
//! ```text
//! POST /command  {"cut": {"mirror": "lounge", "channel": "42", ...}}
//! 200            {"progress": ...}\n {"entry": ...}\n ... {"answer": ...} | {"error": ...}\n
//! ```
//! The file has mode 0600 in a directory of mode 0700: whoever can open it owns the node. A client that goes
//! away ends its command; every command can be ended anywhere and run again.

mod client;
mod server;

pub use client::ask;
pub use server::Admin;

use crate::commands::answer::LogEntry;
use crate::commands::{Answer, CommandError};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tools::Meter;

/// The socket's file in the data directory.
pub const SOCKET_FILE: &str = "admin.sock";

/// Largest command, in bytes.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;

/// Commands under way at once.
pub const COMMANDS_MAX: usize = 16;

/// Lines that wait for a slow client.
pub const LINES_MAX: usize = 64;

/// Largest line that a client takes, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One line of a response. The last one is an answer or an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// How far it has come.
    Progress(Meter),
    /// An entry of `mirror log`.
    Entry(Box<LogEntry>),
    /// What the command says.
    Answer(Box<Answer>),
    /// Why it was not done.
    Error(CommandError),
}

/// A way to the socket that fits into a socket address (108 bytes), however long the directory's own is.
struct Way {
    path: PathBuf,
    /// Keeps the path alive.
    _dir: Option<File>,
}

impl Way {
    fn to(dir: &Path, file: &str) -> io::Result<Self> {
        const PATH_BYTES_MAX: usize = 100;
        let path = dir.join(file);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path, _dir: None });
        }
        let handle = File::open(dir)?;
        let number = std::os::fd::AsRawFd::as_raw_fd(&handle);
        let path = PathBuf::from(format!("/proc/self/fd/{number}/{file}"));
        Ok(Self { path, _dir: Some(handle) })
    }
}

#[cfg(test)]
mod tests;
