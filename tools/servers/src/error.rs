//! Why a server is not there.

use std::{io, path::PathBuf, time::Duration};

/// Why a server is not there, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Install what is named.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// A program or a system.
        what: &'static str,
        /// What to install or to run.
        remedy: &'static str,
    },
    /// Choose other ports, or end what listens there.
    #[error(
        "port {port} of 127.0.0.1 is in use: end what listens there (`ss -ltnp 'sport = :{port}'` names it), or choose \
         other ports (MIRROR_SERVICES_PORT=<first port> for tools/services)"
    )]
    PortInUse {
        /// The first port that was taken.
        port: u16,
    },
    /// No block of ports is free.
    #[error("no ports are free between {from} and {to}: end other test servers first")]
    NoPorts {
        /// First port tried.
        from: u16,
        /// Last port tried.
        to: u16,
    },
    /// Downloading or preparing failed: look at what the program said, then try again.
    #[error("{what} failed: {said}")]
    Prepare {
        /// What was being done.
        what: &'static str,
        /// The last lines that it printed.
        said: String,
    },
    /// The server ended before it was ready, or while something was asked of it.
    #[error("{server} ended ({status}); the end of {}:\n{tail}", log.display())]
    Ended {
        /// Which server.
        server: &'static str,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// The server did not become ready in time.
    #[error("{server} is not ready after {waited:?}; the end of {}:\n{tail}", log.display())]
    NotReady {
        /// Which server.
        server: &'static str,
        /// How long was waited.
        waited: Duration,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// The file system or the system refused.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Says what was being done when the system refused.
pub(crate) trait Doing<T> {
    /// `what` was being done.
    fn doing(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::System { what: what.into(), source: source.into() })
    }
}
