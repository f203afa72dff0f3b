//! A look at a data directory from outside: nothing is opened, made or locked.

use crate::check::machine::{Directory, Inside};
use rustix::fs::{Access, access, statvfs};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is there.
pub(super) fn look(path: &Path) -> Directory {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Directory::Missing { free: free_above(path) },
        Err(error) if error.kind() == ErrorKind::NotADirectory => Directory::NotADirectory,
        Err(error) => Directory::Closed(error.to_string()),
        Ok(found) if !found.is_dir() => Directory::NotADirectory,
        Ok(found) => Directory::There(Inside {
            mode: found.mode() & 0o7777,
            owner: found.uid(),
            us: rustix::process::geteuid().as_raw(),
            is_writable: access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
            free: free(path),
            views: std::fs::metadata(path.join("views.db")).map_or(0, |views| views.len()),
        }),
    }
}

/// What a user of no special rank may still write, in bytes.
fn free(path: &Path) -> Option<u64> {
    let disk = statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The same where the directory would be: of the nearest one above that is there.
fn free_above(path: &Path) -> Option<u64> {
    path.ancestors().skip(1).find(|above| above.is_dir()).and_then(free)
}
