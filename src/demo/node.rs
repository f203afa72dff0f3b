//! The node under trial: the real binary, run as a child process, killed and started again.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a command may take.
const ASK_MAX: Duration = Duration::from_secs(120);
/// How long a node may take to stop.
const STOP_MAX: Duration = Duration::from_secs(12);

/// Where the children find everything.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// The data directory.
    pub(super) data_dir: PathBuf,
    /// The environment of its children.
    pub(super) environment: Vec<(String, String)>,
}

/// The child that runs `mirror run`.
pub(super) struct Node {
    setting: Setting,
    child: Option<Child>,
    /// How often it was killed.
    pub(super) crashes: usize,
}

impl Setting {
    /// Where the node's own output goes.
    #[must_use]
    pub(super) fn log_path(&self) -> PathBuf {
        self.data_dir.join("demo-node.log")
    }

    fn command(&self, words: &[&str]) -> std::io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(words).args([OsStr::new("--data-dir"), self.data_dir.as_os_str()]);
        command.envs(self.environment.iter().map(|(key, value)| (key, value))).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs one command of the real binary and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with its words.
    pub(super) async fn ask(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = self.command(words)?.kill_on_drop(true).output();
        let output = tokio::time::timeout(ASK_MAX, output).await;
        let output = output.map_err(|_| anyhow::anyhow!("`mirror {}` does not end", words.join(" ")))??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            anyhow::bail!("`mirror {}` failed ({}): {said}{why}", words.join(" "), output.status);
        }
        Ok(said)
    }
}

impl Node {
    /// Starts the node.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub(super) fn start(setting: Setting) -> anyhow::Result<Self> {
        let mut node = Self { setting, child: None, crashes: 0 };
        node.begin()?;
        Ok(node)
    }

    /// Starts it, or starts it again.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub(super) fn begin(&mut self) -> anyhow::Result<()> {
        let log = append(&self.setting.log_path())?;
        let mut command = self.setting.command(&["run"])?;
        command.stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// Its process id.
    #[must_use]
    pub(super) fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap_or_default()
    }

    /// SIGKILL, and at once a new one.
    ///
    /// # Errors
    /// When it had ended by itself, or cannot be started.
    pub(super) async fn crash(&mut self) -> anyhow::Result<()> {
        self.kill().await?;
        self.begin()
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.check()?;
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        self.crashes += 1;
        Ok(())
    }

    /// Sends a signal by name: `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it does not run.
    pub(super) async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().await?;
        anyhow::ensure!(sent.success(), "the node (process {pid}) takes no signal");
        Ok(())
    }

    /// That it still runs.
    ///
    /// # Errors
    /// When it ended by itself: the last lines that it wrote.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() else {
            return Ok(());
        };
        let log = std::fs::read_to_string(self.setting.log_path()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        let last: Vec<&str> = lines.into_iter().rev().collect();
        anyhow::bail!("the node ended by itself ({status}). It said last:\n{}", last.join("\n"))
    }

    /// Asks it to stop and waits.
    ///
    /// # Errors
    /// When it does not end in time or not well.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        self.check()?;
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = child.id().unwrap_or_default().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let status = tokio::time::timeout(STOP_MAX, child.wait()).await??;
        anyhow::ensure!(status.success(), "the node did not stop well: {status}");
        Ok(())
    }
}

fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
