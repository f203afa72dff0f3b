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
