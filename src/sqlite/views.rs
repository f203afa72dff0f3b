//! Views on SQLite: a table per kind of row, the join in the statement, the position in the same transaction.
//!
//! A cell is a pair of columns, version and bytes; both null means that there is no cell. A row's changes are
//! joined in memory first, so that each row is one statement however many cells it brings.

mod apply;
mod query;

use super::Failure;
use super::call::{Call, Write};
use super::directory::Lease;
use super::readers::Readers;
use super::writer::{Work, Writer};
use crate::sqlite::schema::write_transaction;
use async_trait::async_trait;
use projections::views::{Follower, Mark, Position, Scan, Views, ViewsError};
use projections::{Change, Generation, Key, Row};
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::oneshot;

use events::MirrorId;

/// What a change takes besides its value, about; sizes groups.
const CHANGE_BYTES_TYPICAL: usize = 96;
/// So many rows are read on the task's own thread; about a millisecond. More would hold up other tasks.
const SHORT_ROWS_MAX: usize = 1000;

/// The views in `views.db`. Cheap to clone.
#[derive(Clone)]
pub struct SqliteViews {
    writer: Arc<Writer<Job>>,
    readers: Arc<Readers>,
}

enum Job {
    Commit { changes: Vec<Change>, position: Option<Position>, answer: oneshot::Sender<Result<(), Failure>> },
    Call(Box<dyn Write>),
}

struct ViewsWork {
    connection: Connection,
    /// Held as long as the thread may write.
    _lease: Arc<Lease>,
}

impl SqliteViews {
    pub(super) fn start(file: PathBuf, connection: Connection, lease: Arc<Lease>) -> std::io::Result<Self> {
        let writer = Writer::start("mirror-views", ViewsWork { connection, _lease: lease })?;
        Ok(Self { writer, readers: Readers::new(file) })
    }

    pub(super) async fn close(&self) -> Result<(), Failure> {
        self.writer.close().await
    }

    /// Removes at most `limit` rows of a build that is no longer wanted; says how many. Zero: none is left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn remove(
        &self,
        mirror: MirrorId,
        generation: Generation,
        limit: usize,
    ) -> Result<usize, Failure> {
        let (answer, answered) = oneshot::channel();
        let remove = move |connection: &Connection| apply::remove(connection, mirror, generation, limit);
        self.writer.send(Job::Call(Call::boxed(remove, answer))).await?;
        answered.await.unwrap_or_else(|_| Err(Failure::closed()))
    }
}

#[async_trait]
impl Views for SqliteViews {
    async fn commit(&self, changes: Vec<Change>, position: Option<Position>) -> Result<(), ViewsError> {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Job::Commit { changes, position, answer }).await?;
        Ok(answered.await.unwrap_or_else(|_| Err(Failure::closed()))?)
    }

    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.readers.read_now(|connection| query::position(connection, follower).map_err(failed))
    }

    async fn get(&self, keys: &[Key]) -> Result<Vec<Row>, ViewsError> {
        if keys.len() <= SHORT_ROWS_MAX {
            return self.readers.read_now(|connection| query::get(connection, keys).map_err(failed));
        }
        let keys = keys.to_vec();
        self.readers.read(move |connection| query::get(connection, &keys).map_err(failed)).await
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        if scan.limit <= SHORT_ROWS_MAX {
            return self.readers.read_now(|connection| query::scan(connection, &scan).map_err(failed));
        }
        self.readers.read(move |connection| query::scan(connection, &scan).map_err(failed)).await
    }
}

fn failed(error: rusqlite::Error) -> ViewsError {
    Failure::from(error).into()
}

impl Work for ViewsWork {
    type Job = Job;

    fn bytes(job: &Job) -> usize {
        match job {
            Job::Commit { changes, .. } => {
                changes.iter().map(|change| change.register.bytes.len() + CHANGE_BYTES_TYPICAL).sum()
            }
            Job::Call(_) => CHANGE_BYTES_TYPICAL,
        }
    }

    fn commit(&mut self, mut jobs: Vec<Job>) {
        let done = self.write(&mut jobs);
        for job in jobs {
            match job {
                // Whoever asked may have gone.
                Job::Commit { answer, .. } => drop(answer.send(done.clone())),
                Job::Call(call) => call.answer(done.clone()),
            }
        }
    }

    fn close(&mut self) {
        // Empties the WAL file; a reader that is still at work only leaves it longer.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

impl ViewsWork {
    fn write(&self, jobs: &mut [Job]) -> Result<(), Failure> {
        let transaction = write_transaction(&self.connection)?;
        for job in jobs {
            match job {
                Job::Commit { changes, position, .. } => {
                    apply::join(&transaction, std::mem::take(changes))?;
                    if let Some(position) = position {
                        apply::record(&transaction, position)?;
                    }
                }
                Job::Call(call) => call.write(&transaction)?,
            }
        }
        Ok(transaction.commit()?)
    }
}
