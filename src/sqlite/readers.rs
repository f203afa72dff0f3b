//! Reading connections of one file: a bounded pool, used on tokio's blocking threads.

use super::Failure;
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Reads of one file that run at once; further ones wait.
pub const READERS_MAX: usize = 4;
/// Prepared statements kept per connection: all that a file's readers use.
const STATEMENTS_MAX: usize = 64;

/// The pool. Connections are opened when first needed and kept.
pub struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Semaphore,
}

impl Readers {
    /// A pool of readers of `file`, which exists.
    #[must_use]
    pub fn new(file: PathBuf) -> Arc<Self> {
        Arc::new(Self { file, idle: Mutex::default(), turns: Semaphore::new(READERS_MAX) })
    }

    /// Runs `read` on a connection that cannot write.
    ///
    /// # Errors
    /// What `read` says, or that the file cannot be opened.
    pub async fn read<T, E>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
    {
        let turn = self.turns.acquire().await.map_err(|_| Failure::closed())?;
        let pool = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || pool.read_now(read)).await;
        drop(turn);
        done.map_err(|error| Failure::Stopped(format!("a read did not end: {error}")))?
    }

    /// The same on this thread, which it blocks: for reads of a few rows, which take less time than handing
    /// them to another thread and back (20 us against 8, measured).
    ///
    /// # Errors
    /// What `read` says, or that the file cannot be opened.
    pub fn read_now<T, E: From<Failure>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().map_err(Failure::from)?,
        };
        let done = read(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        done
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.execute_batch(super::schema::READER)?;
        super::schema::keep_plans(&connection)?;
        Ok(connection)
    }
}
