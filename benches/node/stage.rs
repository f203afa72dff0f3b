//! The stage of the benches that need a whole node: a stand-in without rate limits in this process, and the real
//! binary as a child process over a data directory of its own.

use standin::{Config, Happening, Standin};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::timeout;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Stage {
    pub(crate) discord: Standin,
    pub(crate) user: u64,
    pub(crate) runtime: Runtime,
    token: String,
    place: TempDir,
}

/// A running `mirror run`; killed where it is dropped.
pub(crate) struct Node {
    child: Child,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let config = Config { unlimited: true, ..Config::default() };
        let token = config.token.clone();
        let discord = Standin::start(config).expect("a stand-in");
        let place = tempfile::tempdir().expect("a temporary directory");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        Self { user: discord.create_user("Ada"), discord, runtime, token, place }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// Starts the node and waits until it is connected.
    pub(crate) fn start(&self) -> Node {
        self.start_with(&[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(&self, environment: &[(&str, &str)]) -> Node {
        let mut happenings = self.discord.subscribe();
        let log = File::create(self.place.path().join("node.log")).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
        command.arg("run").arg("--data-dir").arg(self.data()).current_dir(self.place.path());
        command.env("MIRROR_DISCORD_TOKEN", &self.token);
        command.env("MIRROR_DISCORD_API", self.discord.api_url());
        command.env("MIRROR_DISCORD_GATEWAY", self.discord.gateway_url());
        command.env("MIRROR_DISCORD_RATE_LIMITS", "false").env("MIRROR_LANES_SETTLE_WAIT_MS", "500");
        command.env("MIRROR_CONSOLE_LISTEN", "off");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        let node = Node { child: command.spawn().expect("a node") };
        let connected =
            |happening: &Happening| matches!(happening, Happening::Identified | Happening::Resumed { .. });
        assert!(self.see(&mut happenings, PATIENCE, connected), "the node does not connect");
        node
    }

    /// Says something and waits for its copy in `there`; how long that took, or `None` after `most`.
    pub(crate) fn say_and_see(
        &self,
        seen: &mut Receiver<Happening>,
        (here, there): (u64, u64),
        most: Duration,
    ) -> Option<Duration> {
        let began = Instant::now();
        self.discord.say(here, self.user, "so the build fails only on the second run");
        self.see(seen, most, |happening| is_copy(happening, there)).then(|| began.elapsed())
    }

    /// Waits for a happening; whether it came within `most`.
    pub(crate) fn see(
        &self,
        happenings: &mut Receiver<Happening>,
        most: Duration,
        is_it: impl Fn(&Happening) -> bool,
    ) -> bool {
        let it = async {
            loop {
                match happenings.recv().await {
                    Ok(happening) if is_it(&happening) => return,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => panic!("the stand-in has ended"),
                }
            }
        };
        self.runtime.block_on(async { timeout(most, it).await }).is_ok()
    }
}

/// Whether a copy appeared in `channel`.
pub(crate) fn is_copy(happening: &Happening, channel: u64) -> bool {
    matches!(happening, Happening::Posted(shown, _) if shown.webhook.is_some() && shown.channel == channel)
}

impl Node {
    /// A value of `/proc/PID/status` in MiB (`VmRSS`, `VmHWM`).
    pub(crate) fn memory_mib(&self, what: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
        let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default();
        kib / 1024.0
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()));
        assert!(self.child.wait().is_ok_and(|status| status.success()), "the node did not stop well");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
