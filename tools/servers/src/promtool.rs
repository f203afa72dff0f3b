//! promtool: what evaluates alert rules as Prometheus does.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{Error, cache, cache::text};

/// Checks rules and plays them over series.
#[derive(Clone, Debug)]
pub struct Promtool(PathBuf);

impl Promtool {
    /// The program, downloaded if need be.
    ///
    /// # Errors
    /// It cannot be had.
    pub async fn get() -> Result<Self, Error> {
        cache::promtool().await.map(Self)
    }

    /// Whether a file of rules is one; what it says of it.
    ///
    /// # Errors
    /// It is none: its words.
    pub async fn check(&self, rules: &Path) -> Result<String, Error> {
        self.run("checking rules", &["check", "rules", &text(rules)]).await
    }

    /// Plays a file of tests; what it says of it.
    ///
    /// # Errors
    /// One of them failed: its words.
    pub async fn test(&self, tests: &Path) -> Result<String, Error> {
        self.run("playing rules", &["test", "rules", &text(tests)]).await
    }

    async fn run(&self, what: &'static str, arguments: &[&str]) -> Result<String, Error> {
        cache::run(what, Command::new(&self.0), arguments).await
    }
}
