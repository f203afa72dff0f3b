//! What `mirror init` writes: whole files, for their owner alone.

use crate::commands::CommandError;
use secrecy::SecretString;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// What stands above all.
const HEAD: &str = "# What differs from the defaults. `mirror config example` shows every key, `mirror config show` those in force.\n";

/// A configuration that says `set` (dotted keys), each with what `example` says of it.
pub(super) fn text(example: &str, set: &[(&str, String)]) -> String {
    let (mut text, mut section) = (HEAD.to_owned(), "");
    for (key, value) in set {
        let (of, name) = key.split_once('.').unwrap_or(("", key));
        if of != section {
            // A String takes everything.
            let _ = writeln!(text, "\n[{of}]");
            section = of;
        } else {
            text.push('\n');
        }
        let value = toml::Value::String(value.clone());
        let _ = writeln!(text, "{}{name} = {value}", comment(example, of, name));
    }
    text
}

/// The lines above a key of the example that speak of it.
fn comment(example: &str, section: &str, name: &str) -> String {
    let mut at = "";
    let mut above = String::new();
    for line in example.lines() {
        let bare = line.trim_start_matches("# ");
        if let Some(inner) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            (at, above) = (inner, String::new());
        } else if at == section && bare.starts_with(&format!("{name} = ")) {
            return above;
        } else if line.is_empty() {
            above.clear();
        } else if line.starts_with('#') && !is_key(bare) {
            let _ = writeln!(above, "{line}");
        }
    }
    String::new()
}

/// Whether a line sets a key, though it be commented out.
fn is_key(line: &str) -> bool {
    let name = line.split_once(" = ").map(|(name, _)| name);
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

/// A path as a file says it: from where the file lies, where it lies below.
pub(super) fn from(file: &Path, path: &Path) -> String {
    let beside = file.parent().and_then(|parent| path.strip_prefix(parent).ok());
    let shown = beside.filter(|inner| !inner.as_os_str().is_empty()).unwrap_or(path);
    shown.display().to_string()
}

/// `~/` is the home directory, as a shell would have it.
pub(super) fn at_home(answer: &str) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (answer.strip_prefix("~/"), home) {
        (Some(inner), Some(home)) => home.join(inner),
        _ => PathBuf::from(answer),
    }
}

/// The token that a file holds.
pub(super) fn token(file: &Path) -> Result<SecretString, CommandError> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::Wrong(format!("{shown}: no token here: {error}")))?;
    let mode = std::fs::metadata(file).map(|found| found.permissions().mode()).unwrap_or_default();
    if mode & 0o007 != 0 {
        let words = "everybody on this machine may read it: chmod 600 it, and change the token";
        return Err(CommandError::Wrong(format!("{shown}: {words}")));
    }
    Ok(SecretString::from(text.trim()))
}

/// Makes a data directory where there is none, for its owner alone.
pub(super) fn directory(path: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| CommandError::Failed(format!("{} cannot be made: {error}", path.display())))
}

/// Writes a file at once or not at all, mode 0600. Over one that is there only with `force`.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::Failed(format!("{} cannot be written: {error}", path.display()))
    };
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(parent).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(drop).map_err(|error| failed(error.error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, KEYS, Sources};
    use expect_test::expect;

    const EXAMPLE: &str = include_str!("../../../config.example.toml");

    #[test]
    fn a_file_says_what_differs_and_what_it_means() {
        let set = [
            ("data_dir", "data".to_owned()),
            ("discord.token_file", "a \"quoted\" name".to_owned()),
            ("discord.api", "http://127.0.0.1:1/api".to_owned()),
        ];
        expect![[r##"
            # What differs from the defaults. `mirror config example` shows every key, `mirror config show` those in force.

            # Where the node keeps all that it keeps; relative to this file. One node works in it at a time.
            data_dir = "data"

            [discord]
            # The bot's token. Better in the environment (MIRROR_DISCORD_TOKEN) or in a file of its own:
            token_file = 'a "quoted" name'

            # Base of the REST API, without the version.
            api = "http://127.0.0.1:1/api"
        "##]].assert_eq(&text(EXAMPLE, &set));
    }

    /// Whatever is set comes back, with words about it.
    #[test]
    fn every_key_of_text_is_read_back() {
        let place = tempfile::tempdir().unwrap();
        for key in ["data_dir", "node", "discord.gateway", "discord.cdn", "archive.url", "discord.token_file"]
        {
            assert!(KEYS.iter().any(|(known, _)| *known == key), "{key}");
            let value = match key {
                "discord.gateway" => "ws://127.0.0.1:1",
                "discord.cdn" => "http://127.0.0.1:1",
                "discord.token_file" => "token",
                _ => "mine",
            };
            let file = place.path().join("mirror.toml");
            let text = text(EXAMPLE, &[(key, value.to_owned())]);
            assert!(text.lines().filter(|line| line.starts_with('#')).count() > 1, "{text}");
            write(&file, &text, true).unwrap();
            write(&place.path().join("token"), "secret\n", true).unwrap();
            let sources = Sources { file: Some(file), environment: Environment::new(), ..Sources::default() };
            let config = sources.load().unwrap();
            let line = config.lines().into_iter().find(|line| line.key == key).unwrap();
            assert!(line.value.unwrap().as_str().unwrap().ends_with(value), "{key}");
        }
    }

    #[test]
    fn nothing_is_written_over_and_only_the_owner_reads() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("token");
        write(&file, "one", false).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = write(&file, "two", false).unwrap_err();
        assert!(refused.to_string().contains("cannot be written"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        write(&file, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing half done is left");
        assert!(write(&place.path().join("no/where"), "", false).is_err());
    }

    #[test]
    fn paths_are_meant_from_where_the_file_lies() {
        for (file, path, expected) in [
            ("/etc/mirror.toml", "/etc/token", "token"),
            ("/etc/mirror.toml", "/etc/a/b", "a/b"),
            ("/etc/mirror.toml", "/var/lib/mirror", "/var/lib/mirror"),
            ("/etc/mirror.toml", "/etc", "/etc"),
        ] {
            assert_eq!(from(Path::new(file), Path::new(path)), expected);
        }
    }
}
