//! The stage: a stand-in, linked channels, the real binary as child processes, and conditions that are awaited.

use serde_json::Value;
use standin::{Actor, Change, Config, Shown, Standin};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How long a graceful stop may take.
pub(crate) const STOP_MAX: Duration = Duration::from_secs(10);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);
/// The mirror of the stage.
pub(crate) const MIRROR: &str = "lounge";

/// One test's world.
pub(crate) struct Stage {
    pub(crate) discord: Standin,
    pub(crate) guild: u64,
    pub(crate) user: u64,
    pub(crate) channels: Vec<u64>,
    pub(crate) environment: Vec<(String, String)>,
    /// All that commands have printed.
    pub(crate) heard: Mutex<String>,
    root: TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A running `mirror run`; killed where it is dropped.
pub(crate) struct Node {
    pub(crate) child: Child,
}

impl Stage {
    /// A stand-in without rate limits and `channels` channels that are not linked yet.
    pub(crate) fn new(channels: usize) -> Self {
        Self::with(channels, Config::default())
    }

    pub(crate) fn with(channels: usize, config: Config) -> Self {
        let token = config.token.clone();
        let discord = Standin::start(Config { unlimited: true, ..config }).unwrap();
        let guild = discord.create_guild("Harbour");
        let make = |number: usize| discord.create_channel(guild, &format!("room-{number}"));
        let environment = [
            ("MIRROR_DISCORD_TOKEN", token),
            ("MIRROR_DISCORD_API", discord.api_url()),
            ("MIRROR_DISCORD_GATEWAY", discord.gateway_url()),
            ("MIRROR_DISCORD_RATE_LIMITS", "false".to_owned()),
            ("MIRROR_LANES_SETTLE_WAIT_MS", "500".to_owned()),
            // Nodes of other tests run beside it.
            ("MIRROR_CONSOLE_LISTEN", "off".to_owned()),
            ("MIRROR_LANES_DEADLINE_MS", "3000".to_owned()),
        ];
        // For a look at what a failed test leaves.
        let keeps = std::env::var_os("MIRROR_TEST_KEEP").is_some();
        Self {
            guild,
            user: discord.create_user("Ada"),
            channels: (1..=channels).map(make).collect(),
            environment: environment.map(|(key, value)| (key.to_owned(), value)).to_vec(),
            heard: Mutex::default(),
            root: tempfile::Builder::new().disable_cleanup(keeps).tempdir().unwrap(),
            discord,
        }
    }

    /// A stage whose channels are all linked to [`MIRROR`].
    pub(crate) async fn linked(channels: usize) -> Self {
        let stage = Self::new(channels);
        stage.link_all().await;
        stage
    }

    pub(crate) async fn link_all(&self) {
        for channel in &self.channels {
            self.done(&["link", MIRROR, &self.address(*channel)]).await;
        }
    }

    /// The address of a channel, as people copy it.
    pub(crate) fn address(&self, channel: u64) -> String {
        format!("https://discord.com/channels/{}/{channel}", self.guild)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// A path beside the data directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Where nodes write.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.beside("node.log")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The last lines of the node, for a test that fails.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        format!("the node said last ({}):\n{last}", self.root.path().display())
    }

    /// The binary with these words, in the stage's environment.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.command_on(&self.data(), words)
    }

    /// The same over another data directory.
    fn command_on(&self, data: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).arg("--data-dir").arg(data).current_dir(self.root.path());
        command.env_remove("MIRROR_TEST_BINARY").env_remove("MIRROR_TEST_SEED");
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn ask(&self, words: &[&str]) -> Said {
        self.ask_on(&self.data(), words).await
    }

    /// The same over another data directory.
    pub(crate) async fn ask_on(&self, data: &Path, words: &[&str]) -> Said {
        let output = tokio::time::timeout(PATIENCE, self.command_on(data, words).output()).await;
        let output = output.unwrap_or_else(|_| panic!("`mirror {words:?}` hangs; {}", self.tail())).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        *self.heard.lock().unwrap() += &format!("{}{}", said.out, said.err);
        said
    }

    /// Runs a command that has to be done; what it prints.
    pub(crate) async fn done(&self, words: &[&str]) -> String {
        let said = self.ask(words).await;
        assert_eq!(said.code, Some(0), "`mirror {words:?}`: {}{}; {}", said.out, said.err, self.tail());
        said.out
    }

    /// The same with `--json`.
    pub(crate) async fn json(&self, words: &[&str]) -> Value {
        let out = self.done(&[words, &["--json"]].concat()).await;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("`mirror {words:?}`: {error}: {out}"))
    }

    /// Starts a node and waits until it is connected.
    pub(crate) async fn start(&self) -> Node {
        self.start_on(&self.data()).await
    }

    /// The same over another data directory.
    pub(crate) async fn start_on(&self, data: &Path) -> Node {
        let connections = || {
            let counts = self.discord.counts();
            counts.identified + counts.resumed
        };
        let before = connections();
        let mut node = self.spawn_on(data);
        let began = Instant::now();
        while connections() == before {
            assert!(node.is_running(), "the node ended by itself; {}", self.tail());
            assert!(began.elapsed() < PATIENCE, "the node does not connect; {}", self.tail());
            tokio::time::sleep(LOOK).await;
        }
        node
    }

    /// Starts a node.
    pub(crate) fn spawn(&self) -> Node {
        self.spawn_on(&self.data())
    }

    fn spawn_on(&self, data: &Path) -> Node {
        let log = append(&self.log_path());
        let mut command = self.command_on(data, &["run"]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Node { child: command.spawn().unwrap() }
    }

    /// Waits for a condition.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}; {}", self.tail());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until `mirror status --json` says so; that status.
    pub(crate) async fn until_status(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.until_json(&["status"], what, fits).await
    }

    /// Asks until the answer fits; that answer.
    pub(crate) async fn until_json(
        &self,
        words: &[&str],
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Value {
        let began = Instant::now();
        loop {
            let answer = self.json(words).await;
            if fits(&answer) {
                return answer;
            }
            let told = began.elapsed() < PATIENCE;
            assert!(told, "waited in vain until {what}; `mirror {words:?}` says {answer}; {}", self.tail());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a channel's copies are these, oldest first.
    pub(crate) async fn until_texts(&self, channel: u64, wanted: &[String]) {
        let began = Instant::now();
        loop {
            let texts = self.texts(channel);
            if texts == wanted {
                return;
            }
            if began.elapsed() >= PATIENCE {
                let status = self.ask(&["status", "--json"]).await.out;
                panic!("waited in vain:\n{}\n{status}\n{}", difference(wanted, &texts), self.tail());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What webhooks have posted in a channel, oldest first.
    pub(crate) fn copies(&self, channel: u64) -> Vec<Shown> {
        let mut shown = self.discord.messages(channel);
        shown.retain(|message| message.webhook.is_some());
        shown
    }

    pub(crate) fn texts(&self, channel: u64) -> Vec<String> {
        self.copies(channel).iter().map(|copy| copy.content.to_string()).collect()
    }

    pub(crate) fn say(&self, channel: u64, text: &str) -> u64 {
        self.discord.say(channel, self.user, text)
    }

    /// How often webhooks and the bot did this, in all channels of the stage.
    pub(crate) fn deeds(&self, change: Change) -> usize {
        let ours = |actor: Actor| matches!(actor, Actor::Bot | Actor::Webhook(_));
        let effects = self.channels.iter().flat_map(|channel| self.discord.effects_on(*channel));
        effects.filter(|effect| effect.change == change && ours(effect.actor)).count()
    }
}

impl Node {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends a signal (`TERM`, `INT`) and waits; the exit code.
    pub(crate) async fn signal(mut self, name: &str) -> Option<i32> {
        signal(name, self.pid()).await;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("the node does not stop").unwrap().code()
    }

    /// A graceful stop.
    pub(crate) async fn stop(self) {
        assert_eq!(self.signal("TERM").await, Some(0), "the node did not stop well");
    }
}

pub(crate) async fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().await.unwrap();
    assert!(sent.success());
}

/// The binary under test; `MIRROR_TEST_BINARY` names another one, to see which tests notice what it does wrong.
fn binary() -> OsString {
    std::env::var_os("MIRROR_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_mirror").into())
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// Copies a data directory.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn difference(wanted: &[String], found: &[String]) -> String {
    let at = wanted.iter().zip(found).take_while(|(one, two)| one == two).count();
    let next = |texts: &[String]| format!("{:?}", texts.iter().skip(at).take(3).collect::<Vec<_>>());
    format!(
        "{} wanted, {} found, equal up to {at}; then wanted {} and found {}",
        wanted.len(),
        found.len(),
        next(wanted),
        next(found)
    )
}
