//! The data directory: its lock, its files, and the engines over them.

use super::log::{LogWork, Stamp, Tails};
use super::readers::Readers;
use super::schema::{self, FileError, Schema};
use super::writer::Writer;
use super::{Failure, NodeState, Peek, SqliteLanes, SqliteLeases, SqliteLog, SqliteViews, node};
use events::NodeId;
use rusqlite::{Connection, ErrorCode};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The lock file in the data directory.
pub const LOCK_FILE: &str = "mirror.lock";
/// How often a second opener looks for the holder's process id, which is written right after the lock is taken.
const PID_LOOKS_MAX: usize = 1000;

/// An open data directory. Dropping it (and what was taken from it) closes the files as well as
/// [`DataDir::close`] does, but blocks the thread meanwhile.
pub struct DataDir {
    path: PathBuf,
    node: NodeId,
    log: SqliteLog,
    views: SqliteViews,
    lease: Arc<Lease>,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it: stop that one, or ask it.
    #[error("the data directory {path} is in use by {}: stop it, or use its admin socket", process(*.pid))]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process, or 0 where it has not said.
        pid: u32,
    },
    /// There is something else at this path.
    #[error("{path} is not a directory: name another with --data")]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// The system does not let us.
    #[error("no permission for {path}: {why}")]
    Denied {
        /// The directory or file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Written by a newer program: use that one.
    #[error("{path} was written by a newer mirror (tables {found}, this one knows {known}): update this one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its tables' version.
        found: i32,
        /// The newest that we know.
        known: i32,
    },
    /// Not a file of ours, or damaged: put it aside.
    #[error("{path} cannot be used: {why}. {advice}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// The disk is full, the path is too long, and so on.
    #[error("cannot open {path}: {why}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
}

fn process(pid: u32) -> String {
    if pid == 0 { "another process".to_owned() } else { format!("process {pid}") }
}

/// The lock on a data directory; freed when dropped, or by the kernel.
#[derive(Debug)]
pub(super) struct Lease {
    _file: File,
}

impl DataDir {
    /// Opens the directory, and makes it where there is none. The node's name is the one kept inside, or a
    /// generated one (`node-` and 8 hexadecimal digits).
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is changed in a directory that is refused.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_as(path, None)
    }

    /// The same for a node whose configuration names it; the name is kept.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_as(path: &Path, name: Option<NodeId>) -> Result<Self, OpenError> {
        make(path)?;
        let lease = Arc::new(lock(path)?);
        let log = open_file(path, &schema::LOG)?;
        let views = open_file(path, &schema::VIEWS)?;
        let at = |what: &Schema| path.join(what.file);
        let node = node::name(&log, name).map_err(|error| refused(&at(&schema::LOG), error.into()))?;
        let stamp = Stamp { node, by_mirror: false };
        let log = start_log(&at(&schema::LOG), log, stamp, Arc::clone(&lease))?;
        let views = SqliteViews::start(at(&schema::VIEWS), views, Arc::clone(&lease))
            .map_err(|error| io(&at(&schema::VIEWS), &error))?;
        Ok(Self { path: path.to_owned(), node, log, views, lease })
    }

    /// The log of a directory that a node may be running on, to be read and nothing else.
    ///
    /// # Errors
    /// When there is no log, or it cannot be read.
    pub fn peek(path: &Path) -> Result<Peek, OpenError> {
        Peek::open(path).map_err(|error| refused(&path.join(schema::LOG.file), error))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name that this node's events carry.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> SqliteLog {
        self.log.clone()
    }

    /// The outbox of a log that lies elsewhere: a log of its own, with numbers of its own. Once for a directory.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn outbox(&self) -> Result<(SqliteLog, NodeState), OpenError> {
        let connection = open_file(&self.path, &schema::OUTBOX)?;
        let path = self.path.join(schema::OUTBOX.file);
        node::name(&connection, Some(self.node)).map_err(|error| refused(&path, error.into()))?;
        let stamp = Stamp { node: self.node, by_mirror: true };
        let log = start_log(&path, connection, stamp, Arc::clone(&self.lease))?;
        Ok((log.clone(), NodeState::new(log)))
    }

    /// The views.
    #[must_use]
    pub fn views(&self) -> SqliteViews {
        self.views.clone()
    }

    /// The lanes and control rows.
    #[must_use]
    pub fn lanes(&self) -> SqliteLanes {
        SqliteLanes::new(self.log.clone())
    }

    /// The leases: of use where this directory is all there is, and the same code runs with and without others.
    #[must_use]
    pub fn leases(&self) -> SqliteLeases {
        SqliteLeases::new(self.log.clone())
    }

    /// Sessions, dead letters and other things of this node.
    #[must_use]
    pub fn state(&self) -> NodeState {
        NodeState::new(self.log.clone())
    }

    /// Writes what is queued, tidies both files, frees the lock. What was taken from this directory answers
    /// `Stopped` from now on.
    ///
    /// # Errors
    /// When a file is not closed within [`super::writer::CLOSE_TIME_MAX`].
    pub async fn close(self) -> Result<(), Failure> {
        let (log, views) = tokio::join!(self.log.writer.close(), self.views.close());
        log.and(views)
    }
}

fn make(path: &Path) -> Result<(), OpenError> {
    if path.exists() && !path.is_dir() {
        return Err(OpenError::NotADirectory { path: path.to_owned() });
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| io(path, &error))
}

fn lock(directory: &Path) -> Result<Lease, OpenError> {
    let path = directory.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).map_err(|error| io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { path: directory.to_owned(), pid: holder(&path) });
        }
        Err(TryLockError::Error(error)) => return Err(io(&path, &error)),
    }
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(|error| io(&path, &error))?;
    Ok(Lease { _file: file })
}

fn holder(path: &Path) -> u32 {
    let look = || {
        let mut text = String::new();
        File::open(path).and_then(|mut file| file.read_to_string(&mut text)).ok()?;
        let pid = text.trim().parse().ok();
        if pid.is_none() {
            std::thread::yield_now();
        }
        pid
    };
    (0..PID_LOOKS_MAX).find_map(|_| look()).unwrap_or(0)
}

fn open_file(directory: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    schema::open_writer(directory, schema).map_err(|error| refused(&directory.join(schema.file), error))
}

fn start_log(
    path: &Path,
    connection: Connection,
    stamp: Stamp,
    lease: Arc<Lease>,
) -> Result<SqliteLog, OpenError> {
    let tails = Arc::new(Tails::default());
    let work = LogWork::new(connection, stamp, Arc::clone(&tails), lease)
        .map_err(|error| refused(path, error.into()))?;
    let writer = Writer::start("mirror-log", work).map_err(|error| io(path, &error))?;
    Ok(SqliteLog { writer, readers: Readers::new(path.to_owned()), tails })
}

fn refused(path: &Path, error: FileError) -> OpenError {
    let path = path.to_owned();
    match error {
        FileError::Newer { found, known } => OpenError::Newer { path, found, known },
        FileError::Foreign => OpenError::Damaged { advice: advice(&path), path, why: error.to_string() },
        FileError::Sqlite(error) => match error.sqlite_error_code() {
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                OpenError::Denied { path, why: error.to_string() }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                OpenError::Damaged { advice: advice(&path), path, why: error.to_string() }
            }
            _ => OpenError::Io { path, why: Failure::from(error).to_string() },
        },
    }
}

fn advice(path: &Path) -> &'static str {
    if path.ends_with(schema::VIEWS.file) {
        "It holds derived data only: move it away, with its -wal and -shm files, and start again"
    } else {
        "It is the record of everything: restore it from a backup"
    }
}

fn io(path: &Path, error: &std::io::Error) -> OpenError {
    let (path, why) = (path.to_owned(), error.to_string());
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::Denied { path, why }
        }
        std::io::ErrorKind::NotADirectory => OpenError::NotADirectory { path },
        _ => OpenError::Io { path, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use events::log::{AppendError, Durable, Log, Read};
    use events::{Body, Event, EventId, MirrorId, Offset, Partition, Place, Producer, Version, codec};
    use std::sync::atomic::{AtomicBool, Ordering};

    const P0: Partition = Partition(0);

    fn event() -> Event {
        Event {
            id: EventId::default(),
            mirror: MirrorId::default(),
            place: Place::default(),
            version: Version(0),
            observed: Version(0),
            producer: Producer::default(),
            body: Body::Deleted,
            raw: Bytes::from(vec![b'x'; 10_000]),
        }
    }

    /// The log of `place`, on a connection prepared by `prepare`.
    fn start(place: &Path, prepare: impl FnOnce(&mut Connection)) -> SqliteLog {
        let lease = Arc::new(lock(place).expect("the lock"));
        let mut connection = open_file(place, &schema::LOG).expect("a file");
        prepare(&mut connection);
        let stamp = Stamp { node: "n".parse().expect("a name"), by_mirror: false };
        start_log(&place.join(schema::LOG.file), connection, stamp, lease).expect("a log")
    }

    /// A full disk is said in words, costs nothing that was acknowledged, and no number; room again, on it goes.
    #[tokio::test]
    async fn a_full_disk() {
        let place = tempfile::tempdir().expect("a directory");
        let disk = |pages| {
            move |file: &mut Connection| file.pragma_update(None, "max_page_count", pages).expect("a limit")
        };
        let log = start(place.path(), disk(100));
        let mut acknowledged = 0;
        let words = loop {
            match log.append(P0, vec![event(); 7], Durable::Here).await {
                Ok(()) => acknowledged += 7,
                Err(AppendError::Retry(words)) => break words,
                Err(other) => panic!("{other}"),
            }
        };
        assert!(words.contains("the disk is full") && words.contains("free some space"), "{words}");
        assert!(acknowledged > 0);
        assert_eq!(log.tail(P0).await.expect("tail"), Offset(acknowledged));
        drop(log);

        let log = start(place.path(), disk(1000));
        log.append(P0, vec![event(); 2], Durable::Here).await.expect("room again");
        has_numbers(&log, acknowledged + 2).await;
    }

    /// A commit that fails leaves no trace: its numbers are given again.
    #[tokio::test]
    async fn a_failed_commit() {
        let place = tempfile::tempdir().expect("a directory");
        let failing = Arc::new(AtomicBool::new(false));
        let hook = Arc::clone(&failing);
        let log = start(place.path(), |file| {
            file.commit_hook(Some(move || hook.load(Ordering::Acquire))).expect("a hook");
        });
        log.append(P0, vec![event(); 3], Durable::Here).await.expect("append");
        failing.store(true, Ordering::Release);
        log.append(P0, vec![event(); 3], Durable::Here).await.expect_err("no commit");
        assert_eq!(log.tail(P0).await.expect("tail"), Offset(3));
        failing.store(false, Ordering::Release);
        log.append(P0, vec![event(); 2], Durable::Here).await.expect("append");
        has_numbers(&log, 5).await;
    }

    /// Events 1 to `last` are there, each once and in order.
    async fn has_numbers(log: &SqliteLog, last: u64) {
        let read = Read { partition: P0, from: Offset(0), limit: 10_000, mirror: None };
        let entries = log.read(read).await.expect("a page").entries;
        let decode = |record| codec::decode(record).expect("a record").producer.seq;
        let numbers: Vec<u64> = entries.iter().map(|entry| decode(&entry.record)).collect();
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "nothing lost, nothing half done");
    }
}
