//! The token that lets its holder in: in a file of the data directory that only its owner may read, and nowhere else.

use secrecy::SecretString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Holds the token.
pub const TOKEN_FILE: &str = "console.token";
/// Holds the address at which the running node's console listens: with port 0 the system chose it.
pub const ADDRESS_FILE: &str = "console.address";
/// A file that is longer is none of ours.
const FILE_BYTES_MAX: usize = 256;

/// What nobody can guess: 244 random bits.
pub(super) fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The token of a data directory, if it has one.
pub(super) async fn read(directory: &Path) -> Option<SecretString> {
    let text = tokio::fs::read_to_string(directory.join(TOKEN_FILE)).await.ok()?;
    let token = text.trim();
    (!token.is_empty() && token.len() <= FILE_BYTES_MAX).then(|| SecretString::from(token))
}

/// Makes the token where there is none.
///
/// # Errors
/// When the directory cannot be written.
pub fn ensure(directory: &Path) -> io::Result<()> {
    if directory.join(TOKEN_FILE).exists() { Ok(()) } else { rotate(directory) }
}

/// Makes another token. Who came in with the old one has to come in again.
///
/// # Errors
/// When the directory cannot be written.
pub fn rotate(directory: &Path) -> io::Result<()> {
    write(directory, TOKEN_FILE, &secret())
}

/// Notes where the console listens, or that it does not.
///
/// # Errors
/// When the directory cannot be written.
pub(super) fn note_address(directory: &Path, address: Option<SocketAddr>) -> io::Result<()> {
    match address {
        Some(address) => write(directory, ADDRESS_FILE, &address.to_string()),
        None => match fs::remove_file(directory.join(ADDRESS_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        },
    }
}

/// The address that the node noted.
#[must_use]
pub fn noted_address(directory: &Path) -> Option<SocketAddr> {
    fs::read_to_string(directory.join(ADDRESS_FILE)).ok()?.trim().parse().ok()
}

/// In one step, and never to be read by others.
fn write(directory: &Path, file: &str, text: &str) -> io::Result<()> {
    let fresh: PathBuf = directory.join(format!("{file}.{}", Uuid::new_v4().simple()));
    let mut options = OpenOptions::new();
    let mut opened = options.write(true).create_new(true).mode(0o600).open(&fresh)?;
    let written = writeln!(opened, "{text}").and_then(|()| opened.sync_all());
    written.and_then(|()| fs::rename(&fresh, directory.join(file))).inspect_err(|_| {
        // What could not be finished is in nobody's way.
        fs::remove_file(&fresh).ok();
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_token_is_made_once_kept_from_others_and_made_anew_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).await.is_none());
        ensure(dir.path()).unwrap();
        let first = read(dir.path()).await.unwrap().expose_secret().to_owned();
        assert_eq!(first.len(), 64);
        let mode = fs::metadata(dir.path().join(TOKEN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        ensure(dir.path()).unwrap();
        assert_eq!(read(dir.path()).await.unwrap().expose_secret(), first);
        rotate(dir.path()).unwrap();
        assert_ne!(read(dir.path()).await.unwrap().expose_secret(), first);
        let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(files, [TOKEN_FILE], "nothing else is left");
    }
}
