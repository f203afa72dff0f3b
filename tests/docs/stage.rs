//! The stage on which a page is played: two guilds that a mirror links, people who talk, and the program by its name.
//!
//! Ids in the manual are short. Here they stand for those of the stand-in: see [`Stage::name`].

use serde_json::Value;
use standin::{Config, Standin};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(30);

pub(crate) struct Stage {
    pub(crate) discord: Standin,
    root: TempDir,
    /// What each short id of the manual stands for.
    names: Vec<(&'static str, u64)>,
    environment: Vec<(&'static str, String)>,
    node: Option<Child>,
}

/// What a command said, errors included.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Stage {
    /// Guilds, channels and people; no mirror and no data directory yet.
    pub(crate) fn bare() -> Self {
        let config = Config { unlimited: true, ..Config::default() };
        let token = config.token.clone();
        let discord = Standin::start(config).unwrap();
        let [harbour, hilltop, lakeside] =
            ["Harbour", "Hilltop", "Lakeside"].map(|name| discord.create_guild(name));
        let [ada, bob] = ["Ada", "Bob"].map(|name| discord.create_user(name));
        let names = vec![
            ("41", harbour),
            ("42", discord.create_channel(harbour, "general")),
            ("51", hilltop),
            ("52", discord.create_channel(hilltop, "lounge")),
            ("61", lakeside),
            ("62", discord.create_channel(lakeside, "porch")),
            ("77", ada),
            ("78", bob),
        ];
        let root = tempfile::tempdir().unwrap();
        let environment = vec![
            ("MIRROR_DISCORD_TOKEN", token),
            ("MIRROR_DISCORD_API", discord.api_url()),
            ("MIRROR_DISCORD_GATEWAY", discord.gateway_url()),
            ("MIRROR_DISCORD_RATE_LIMITS", "false".to_owned()),
            ("MIRROR_LANES_SETTLE_WAIT_MS", "500".to_owned()),
            ("MIRROR_LANES_DEADLINE_MS", "3000".to_owned()),
            ("MIRROR_ARCHIVE_MARGIN_SECONDS", "1".to_owned()),
            // Pages are played side by side, each with a node that has a console.
            ("MIRROR_CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
            ("HOME", root.path().join("home").display().to_string()),
        ];
        let stage = Self { discord, root, names, environment, node: None };
        stage.furnish();
        stage
    }

    /// Folders that readers have, and the program in the search path.
    fn furnish(&self) {
        for folder in [
            "bin",
            "etc",
            "backup",
            "docs",
            "home/.local/share/bash-completion/completions",
            "home/.local/share/man/man1",
            "home/.config/fish/completions",
        ] {
            fs::create_dir_all(self.root.path().join(folder)).unwrap();
        }
        let program = self.root.path().join("bin/mirror");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mirror"), program).unwrap();
        // Stands for the configuration of a cluster.
        fs::write(self.root.path().join("cluster.toml"), "data_dir = \"moved\"\n").unwrap();
    }

    /// The mirror `lounge` of two channels, in which people have talked, and a node that runs.
    pub(crate) async fn talked() -> Self {
        let mut stage = Self::bare();
        for line in [
            "mirror link lounge https://discord.com/channels/41/42",
            "mirror link lounge https://discord.com/channels/51/52",
        ] {
            let said = stage.shell(line).await;
            assert_eq!(said.code, Some(0), "{line}: {}", said.text);
        }
        stage.start("mirror run").await;
        let before = stage.tail().await;
        let first = stage.say("42", "77", "Hello, Hilltop");
        stage.names_first(first);
        stage.heard(before).await;
        stage.settled().await;
        let before = stage.tail().await;
        stage.discord.edit(stage.id("42"), first, "Hello, Hilltop!");
        stage.heard(before).await;
        stage.settled().await;
        let before = stage.tail().await;
        stage.say("52", "78", "Good morning, Harbour");
        stage.heard(before).await;
        stage.settled().await;
        stage
    }

    /// The first message that is said is the one that the manual speaks of.
    pub(crate) fn names_first(&mut self, message: u64) {
        if !self.names.iter().any(|(name, _)| *name == "43") {
            self.names.extend([("43", message), ("1234", message)]);
        }
    }

    /// A variable for everything that is run from here on.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The id that a short one stands for.
    pub(crate) fn id(&self, name: &str) -> u64 {
        self.names.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("nobody is {name}")).1
    }

    pub(crate) fn say(&self, channel: &str, user: &str, text: &str) -> u64 {
        self.discord.say(self.id(channel), self.id(user), text)
    }

    /// A line of the manual, as it is meant here.
    pub(crate) fn meant(&self, line: &str) -> String {
        let root = self.root.path().display();
        let now = jiff::Timestamp::now().to_string();
        let line = line
            .replace("2026-11-24T10:00Z", &now)
            .replace("MIRROR_DISCORD_TOKEN=...", &format!("MIRROR_DISCORD_TOKEN={}", self.environment[0].1))
            .replace("/var/lib/mirror", &format!("{root}/mirror-data"))
            .replace("/backup", &format!("{root}/backup"))
            .replace("/etc/mirror", &format!("{root}/etc"));
        numbers(&line, |number| {
            let known = self.names.iter().find(|(known, _)| *known == number);
            known.map_or(number.to_owned(), |(_, id)| id.to_string())
        })
    }

    /// What was said here, as the manual would have it.
    pub(crate) fn named(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/mirror-data", self.root.path().display()), "/var/lib/mirror");
        let text = text.replace(&format!("{}/backup", self.root.path().display()), "/backup");
        let names = self.names.iter().filter(|(name, _)| *name != "1234");
        names.fold(text, |text, (name, id)| text.replace(&id.to_string(), name))
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(words).current_dir(self.root.path()).stdin(Stdio::null()).kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env_remove("MIRROR_TEST_BINARY");
        command
    }

    /// Runs a line of the manual in a shell.
    pub(crate) async fn shell(&self, line: &str) -> Said {
        // One stream: errors are read where they come.
        let line = format!("exec 2>&1\n{}", self.meant(line));
        let output = tokio::time::timeout(PATIENCE, self.command("sh", &["-c", &line]).output()).await;
        let Ok(output) = output else { return Said { code: None, text: "it does not end".to_owned() } };
        let output = output.unwrap();
        Said { code: output.status.code(), text: self.named(&String::from_utf8_lossy(&output.stdout)) }
    }

    /// Starts a node, by a line that says how, and waits until it is connected.
    pub(crate) async fn start(&mut self, line: &str) {
        self.stop().await;
        let connections = |discord: &Standin| discord.counts().identified + discord.counts().resumed;
        let before = connections(&self.discord);
        let log = OpenOptions::new().create(true).append(true).open(self.path("node.log")).unwrap();
        let line = match self.meant(line).split_once("mirror run") {
            Some((variables, words)) => format!("{variables} exec mirror run{words}"),
            None => panic!("'{line}' starts no node"),
        };
        let mut command = self.command("sh", &["-c", line.trim()]);
        let mut node = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let began = Instant::now();
        while connections(&self.discord) == before {
            let ended = node.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "`{line}` does not connect: {}",
                self.log()
            );
            tokio::time::sleep(LOOK).await;
        }
        self.node = Some(node);
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.path("node.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Stops the node, if one runs.
    pub(crate) async fn stop(&mut self) {
        let Some(mut node) = self.node.take() else { return };
        let pid = node.id().unwrap().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        assert!(told.success());
        let ended = tokio::time::timeout(PATIENCE, node.wait()).await.expect("the node does not stop");
        assert_eq!(ended.unwrap().code(), Some(0), "the node did not stop well: {}", self.log());
    }

    async fn status(&self) -> Value {
        let said = self.shell("mirror status --json").await;
        serde_json::from_str(&said.text).unwrap_or_default()
    }

    /// The offset of the next event, where a node runs.
    pub(crate) async fn tail(&self) -> Option<u64> {
        if self.node.is_some() { tail_of(&self.status().await) } else { None }
    }

    /// Waits until the node has heard what just happened.
    pub(crate) async fn heard(&self, before: Option<u64>) {
        let began = Instant::now();
        while self.node.is_some() && self.tail().await <= before {
            assert!(began.elapsed() < PATIENCE, "the node does not hear it: {}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until nothing is owed any more, where a node runs.
    pub(crate) async fn settled(&self) {
        let began = Instant::now();
        while self.node.is_some() {
            let status = self.status().await;
            if is_settled(&status) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain: {status}; {}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The offset of the next event.
fn tail_of(status: &Value) -> Option<u64> {
    status["partitions"][0]["tail"].as_u64()
}

/// Every lane rests or is held, and all that is on the log is folded.
fn is_settled(status: &Value) -> bool {
    let lanes = status["lanes"].as_array().into_iter().flatten();
    let mut lanes = lanes.map(|lane| &lane["state"]);
    let is_held = |state: &Value| state.get("held").is_some();
    let any_held = lanes.clone().any(is_held);
    let at_rest = lanes.all(|state| *state == "idle" || is_held(state));
    let handled = |at: &Value| {
        let folded = at["tail"].as_u64() == at["views"].as_u64().map(|views| views + 1) || at["tail"] == 0;
        folded && (any_held || at["lanes"] == at["views"])
    };
    at_rest && status["partitions"].as_array().is_some_and(|all| all.iter().all(handled))
}

/// A text with every whole number put through `change`.
fn numbers(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut changed = String::new();
    let mut word = String::new();
    let is_word = |letter: char| letter.is_alphanumeric() || "._-:".contains(letter);
    for letter in text.chars().chain(['\n']) {
        if is_word(letter) {
            word.push(letter);
            continue;
        }
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        changed += &if is_number { change(&word) } else { word.clone() };
        word.clear();
        changed.push(letter);
    }
    changed.trim_end_matches('\n').to_owned()
}
