//! The log of a data directory, looked at from beside the node that has it.
//!
//! WAL lets one process write and others read. Nothing is locked, nothing is written, no view is looked at: they
//! are derived, and may be behind.

use super::work::tail;
use super::{floor, page, sqlite};
use crate::sqlite::readers::Readers;
use crate::sqlite::schema::{FileError, LOG, open_reader};
use async_trait::async_trait;
use events::log::{AppendError, Durable, Log, Page, Read, ReadError};
use events::{Event, Offset, Partition};
use std::path::Path;
use std::sync::Arc;

/// A log that can only be read.
pub struct Peek {
    readers: Arc<Readers>,
}

impl Peek {
    pub(in crate::sqlite) fn open(directory: &Path) -> Result<Self, FileError> {
        open_reader(directory, &LOG)?;
        Ok(Self { readers: Readers::new(directory.join(LOG.file)) })
    }
}

#[async_trait]
impl Log for Peek {
    async fn append(&self, _: Partition, _: Vec<Event>, _: Durable) -> Result<(), AppendError> {
        Err(AppendError::Stopped("this log is only looked at".to_owned()))
    }

    async fn read(&self, read: Read) -> Result<Page, ReadError> {
        self.readers
            .read(move |connection| {
                let tail = tail(connection, read.partition).map_err(sqlite)?;
                page::read(connection, read, tail)
            })
            .await
    }

    async fn tail(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.readers.read(move |connection| tail(connection, partition).map_err(sqlite)).await
    }

    async fn floor(&self, partition: Partition) -> Result<Offset, ReadError> {
        self.readers.read(move |connection| floor(connection, partition).map_err(sqlite)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{DataDir, OpenError};
    use events::sample::{self, Chat};

    const P0: Partition = Partition(0);

    async fn count(log: &dyn Log) -> (usize, Offset) {
        let read = Read { partition: P0, from: Offset(0), limit: usize::MAX, mirror: None };
        (log.read(read).await.unwrap().entries.len(), log.tail(P0).await.unwrap())
    }

    /// Beside the node that writes, after it has ended, and after it was killed.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_is_looked_at_beside_its_node() {
        let place = tempfile::tempdir().unwrap();
        let directory = DataDir::open(place.path()).unwrap();
        let peek = DataDir::peek(place.path()).unwrap();
        assert_eq!(count(&peek).await, (0, Offset(0)));
        let chat: Vec<_> = sample::chat(Chat { seed: 1, count: 60, mirrors: 2, raw: false }).collect();
        for (round, batch) in chat.chunks(20).enumerate() {
            directory.log().append(P0, batch.to_vec(), Durable::Here).await.unwrap();
            let wanted = 20 * (round + 1);
            assert_eq!(count(&peek).await, (wanted, Offset(wanted as u64)));
        }
        let refused = peek.append(P0, chat, Durable::Here).await;
        assert!(matches!(refused, Err(AppendError::Stopped(_))), "{refused:?}");
        // As a kill leaves it: with its WAL.
        let killed = tempfile::tempdir().unwrap();
        for file in ["log.db", "log.db-wal"] {
            std::fs::copy(place.path().join(file), killed.path().join(file)).unwrap();
        }
        assert_eq!(count(&DataDir::peek(killed.path()).unwrap()).await, (60, Offset(60)));
        drop(peek);
        directory.close().await.unwrap();
        assert_eq!(count(&DataDir::peek(place.path()).unwrap()).await, (60, Offset(60)));
    }

    #[test]
    fn what_is_no_log_is_told() {
        let place = tempfile::tempdir().unwrap();
        assert!(matches!(DataDir::peek(place.path()), Err(OpenError::Denied { .. } | OpenError::Io { .. })));
        assert!(std::fs::read_dir(place.path()).unwrap().next().is_none(), "nothing is made");
        std::fs::write(place.path().join("log.db"), "no database, but long enough to be one".repeat(40))
            .unwrap();
        assert!(matches!(DataDir::peek(place.path()), Err(OpenError::Damaged { .. })));
    }
}
