//! Where fetched files lie until they are sent: temporary files without a name, in all no more than is allowed.

use super::fetch::Refusal;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// All files at once on this node, in bytes.
pub const SPOOL_BYTES_MAX: u64 = 512 << 20;
/// Room is given out in pieces of so many bytes.
const PIECE_BYTES: u64 = 1 << 10;

/// The room of one node.
pub(super) struct Spool {
    folder: PathBuf,
    pieces: Arc<Semaphore>,
}

impl Spool {
    pub(super) fn new(folder: PathBuf, bytes_max: u64) -> Self {
        let pieces = usize::try_from(bytes_max / PIECE_BYTES).unwrap_or(Semaphore::MAX_PERMITS);
        Self { folder, pieces: Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))) }
    }

    /// Room for a file; none is waited for, since a link is as good as a copy that comes late.
    pub(super) fn room(&self, bytes: u64) -> Result<Room, Refusal> {
        let none = |_| Refusal::Room("other files are on their way".to_owned());
        let pieces = u32::try_from(bytes.div_ceil(PIECE_BYTES)).map_err(|_| Refusal::TooLarge)?;
        let held = self.pieces.clone().try_acquire_many_owned(pieces).map_err(none)?;
        Ok(Room { folder: self.folder.clone(), bytes, held })
    }

    #[cfg(test)]
    pub(super) fn bytes_free(&self) -> u64 {
        self.pieces.available_permits() as u64 * PIECE_BYTES
    }
}

/// Room for one file, given back when dropped.
pub(super) struct Room {
    folder: PathBuf,
    bytes: u64,
    held: OwnedSemaphorePermit,
}

impl Room {
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A file that is being written.
pub(super) struct Writing {
    room: Room,
    file: Arc<Mutex<File>>,
    written: u64,
}

impl Writing {
    pub(super) async fn begin(room: Room) -> Result<Self, Refusal> {
        let folder = room.folder.clone();
        let file = on_disk(move || tempfile::tempfile_in(folder)).await.map_err(no_room)?;
        Ok(Self { room, file: Arc::new(Mutex::new(file)), written: 0 })
    }

    /// More than there is room for is refused before it is written.
    pub(super) async fn add(&mut self, piece: Bytes) -> Result<(), Refusal> {
        self.written += piece.len() as u64;
        if self.written > self.room.bytes {
            return Err(Refusal::Length);
        }
        let file = self.file.clone();
        let write = move || file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&piece);
        on_disk(write).await.map_err(no_room)
    }

    pub(super) fn end(self) -> Result<Spooled, Refusal> {
        let Self { room, file, written } = self;
        if written != room.bytes {
            return Err(Refusal::Length);
        }
        Ok(Spooled { file, bytes: written, _held: Arc::new(room.held) })
    }
}

/// A file that was fetched. It is gone when the last of its handles is.
#[derive(Clone, Debug)]
pub struct Spooled {
    file: Arc<Mutex<File>>,
    bytes: u64,
    _held: Arc<OwnedSemaphorePermit>,
}

impl Spooled {
    /// How long it is.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// At most `max` bytes from `at` on. Each read says where: an earlier request may still be reading.
    ///
    /// # Errors
    /// When the disk does not give them.
    pub async fn read(&self, at: u64, max: usize) -> io::Result<Bytes> {
        let file = self.file.clone();
        let length = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(max).min(max);
        on_disk(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            let mut piece = vec![0; length];
            file.read_exact(&mut piece)?;
            Ok(Bytes::from(piece))
        })
        .await
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[expect(clippy::needless_pass_by_value, reason = "a way to map errors")]
fn no_room(error: io::Error) -> Refusal {
    Refusal::Room(error.to_string())
}
