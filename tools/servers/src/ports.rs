//! Blocks of ports that no other test takes.

use std::{
    fs::{self, File, TryLockError},
    net::{Ipv4Addr, TcpListener},
};

use crate::{Error, cache, error::Doing};

/// Ports in a block: a server uses them as offsets from the first.
const BLOCK: u16 = 10;
/// Free blocks are sought here, below what the system gives to outgoing connections.
const FREE_FROM: u16 = 20_000;
const FREE_TO: u16 = 32_000;

/// A block of ten ports on 127.0.0.1, held against other users of this crate as long as this value lives.
#[derive(Debug)]
pub struct Ports {
    base: u16,
    _held: Option<File>,
}

impl Ports {
    /// The block that begins at `base`. Whether the ports are free is seen when a server starts.
    #[must_use]
    pub fn from(base: u16) -> Self {
        Self { base, _held: None }
    }

    /// A block of which every port is free.
    ///
    /// # Errors
    /// None is free, or the cache folder cannot be written.
    pub fn free() -> Result<Self, Error> {
        let folder = cache::folder()?.join("ports");
        fs::create_dir_all(&folder).doing(format!("making {}", folder.display()))?;
        let blocks = (FREE_TO - FREE_FROM) / BLOCK;
        // Begins anywhere, so that two sessions seldom ask for the same.
        let start = u16::try_from(std::process::id() % u32::from(blocks)).unwrap_or_default();
        for step in 0..blocks {
            let base = FREE_FROM + (start + step) % blocks * BLOCK;
            if let Some(ports) = Self::claim(base, &folder.join(base.to_string()))? {
                return Ok(ports);
            }
        }
        Err(Error::NoPorts { from: FREE_FROM, to: FREE_TO })
    }

    fn claim(base: u16, lock: &std::path::Path) -> Result<Option<Self>, Error> {
        let what = || format!("locking {}", lock.display());
        let file = File::create(lock).doing(what())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error).doing(what()),
        }
        let free = (0..BLOCK).all(|offset| is_free(base + offset));
        Ok(free.then_some(Self { base, _held: Some(file) }))
    }

    /// The port at `offset` from the first.
    #[must_use]
    pub fn at(&self, offset: u16) -> u16 {
        self.base + offset
    }

    /// Fails with the first port of these that is taken.
    pub(crate) fn check(&self, offsets: &[u16]) -> Result<(), Error> {
        match offsets.iter().map(|offset| self.at(*offset)).find(|port| !is_free(*port)) {
            Some(port) => Err(Error::PortInUse { port }),
            None => Ok(()),
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
