//! What shells and `man` read, from the definitions that `--help` is made of.

use super::args::{Cli, Page};
use super::reference;
use super::write_out;
use crate::commands::CommandError;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

/// Writes what is asked for.
pub(super) fn write(page: &Page) -> Result<(), CommandError> {
    match page {
        Page::Completions { shell } => write_out(completions(*shell)),
        Page::Man { dir: Some(dir) } => man_into(dir),
        Page::Man { dir: None } => write_out(man()?),
        Page::Docs { dir } => docs_into(dir),
    }
}

/// Completions for a shell.
fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mirror", &mut text);
    text
}

/// The first man page.
fn man() -> Result<Vec<u8>, CommandError> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(text)
}

/// All man pages, into a directory.
fn man_into(dir: &Path) -> Result<(), CommandError> {
    check_dir(dir)?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(|error| unwritten(dir, &error))
}

/// The pages of the manual that are made, into its folder.
fn docs_into(dir: &Path) -> Result<(), CommandError> {
    check_dir(dir)?;
    std::fs::create_dir_all(dir.join("commands")).map_err(|error| unwritten(dir, &error))?;
    reference::pages().into_iter().try_for_each(|page| {
        let path = dir.join(page.path);
        std::fs::write(&path, page.text).map_err(|error| unwritten(&path, &error))
    })
}

fn check_dir(dir: &Path) -> Result<(), CommandError> {
    if dir.is_dir() {
        return Ok(());
    }
    Err(CommandError::Wrong(format!("there is no directory {}: make it first", dir.display())))
}

fn unwritten(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Failed(format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_command_is_completed_and_has_a_page() {
        let dir = tempfile::tempdir().unwrap();
        man_into(dir.path()).unwrap();
        let first = String::from_utf8(man().unwrap()).unwrap();
        let root = Cli::command();
        let visible = root.get_subcommands().filter(|verb| !verb.is_hide_set());
        for verb in visible.map(|verb| verb.get_name().to_owned()) {
            assert!(dir.path().join(format!("mirror-{verb}.1")).is_file(), "mirror-{verb}.1");
            assert!(first.contains(&verb), "{verb} is not in mirror.1");
            for shell in Shell::value_variants() {
                let text = String::from_utf8(completions(*shell)).unwrap();
                assert!(text.contains(&verb), "{shell} does not complete {verb}");
            }
        }
        let nowhere = man_into(&dir.path().join("nowhere")).unwrap_err();
        assert!(matches!(nowhere, CommandError::Wrong(words) if words.contains("make it first")));
    }
}
