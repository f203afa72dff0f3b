//! `mirror init`: the whole dialogue, wrong answers, and that what it writes is what the next commands need.

use expect_test::{Expect, expect};
use serde_json::Value;
use standin::{Config, Privileged, Rules, Standin};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const TOKEN: &str = "standin-bot-token";

struct Stage {
    discord: Standin,
    root: TempDir,
}

impl Stage {
    fn new(config: Config) -> Self {
        let discord = Standin::start(Config { unlimited: true, ..config }).unwrap();
        Self { discord, root: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs `mirror` in the stage's directory, with these lines on standard input.
    fn mirror(&self, words: &[&str], answers: &str) -> Output {
        let answers_file = self.path("answers");
        std::fs::write(&answers_file, answers).unwrap();
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("MIRROR_"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
        for (name, _) in variables {
            command.env_remove(name);
        }
        command.args(words).current_dir(self.root.path());
        command.stdin(std::fs::File::open(&answers_file).unwrap());
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        std::fs::remove_file(&answers_file).unwrap();
        output
    }

    fn init(&self, words: &[&str], answers: &str) -> Output {
        let (api, gateway) = (self.discord.api_url(), self.discord.gateway_url());
        self.mirror(&[&["init", "--api", &api, "--gateway", &gateway], words].concat(), answers)
    }

    /// The exit code and all that was said, the same on each machine.
    fn said(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let port = self.discord.addr().port().to_string();
        let all = format!(
            "{}{}exit code {}\n",
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().unwrap()
        );
        assert!(!all.contains(TOKEN), "the token is shown: {all}");
        all.replace(&port, "PORT")
            .replace(&self.discord.bot_id().to_string(), "BOT")
            .replace(&self.root.path().display().to_string(), "HERE")
    }

    fn check(&self, words: &[&str], answers: &str, expected: &Expect) {
        expected.assert_eq(&self.said(&self.init(words, answers)));
    }

    /// The files there, with their modes.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.path()).unwrap().map(|entry| entry.unwrap());
        let name = |entry: std::fs::DirEntry| {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            format!("{} {mode:o}", entry.file_name().to_string_lossy())
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

#[test]
fn the_whole_dialogue() {
    let stage = Stage::new(Config::default());
    stage.check(&[], &format!("\n{TOKEN}\n"), &expect![[r#"
        A first configuration. Enter takes what stands in brackets; nothing is written before the end.
        Data directory [mirror-data]: 
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          this is "mirror", application BOT
          its Message Content intent is on

        Written:
          mirror.toml  the configuration
          mirror.token  the token: only its owner can read it
          mirror-data  the data directory

        Invite the bot to each guild, as somebody who manages it:
          https://discord.com/oauth2/authorize?client_id=BOT&scope=bot+applications.commands&permissions=326954454016

        Then, with the addresses of channels ("Copy Link" in Discord):
          mirror link lounge https://discord.com/channels/...
          mirror link lounge https://discord.com/channels/...
          mirror check
          mirror run
        exit code 0
    "#]]);
    assert_eq!(stage.files(), ["mirror-data 700", "mirror.token 600", "mirror.toml 600"]);
    assert_eq!(stage.read("mirror.token"), format!("{TOKEN}\n"));
    let toml = stage.read("mirror.toml");
    assert!(!toml.contains(TOKEN));
    let port = stage.discord.addr().port().to_string();
    expect![[r##"
        # What differs from the defaults. `mirror config example` shows every key, `mirror config show` those in force.

        # Where the node keeps all that it keeps; relative to this file. One node works in it at a time.
        data_dir = "mirror-data"

        [discord]
        # The bot's token. Better in the environment (MIRROR_DISCORD_TOKEN) or in a file of its own:
        token_file = "mirror.token"

        # Base of the REST API, without the version.
        api = "http://127.0.0.1:PORT"

        # The gateway to connect to instead of the one that the API names:
        gateway = "ws://127.0.0.1:PORT"
    "##]].assert_eq(&toml.replace(&port, "PORT"));
    // The very next commands work by it.
    let guild = stage.discord.create_guild("home");
    let channel = stage.discord.create_channel(guild, "general");
    let address = format!("https://discord.com/channels/{guild}/{channel}");
    for (words, code) in
        [(vec!["config", "show"], 0), (vec!["link", "lounge", &address], 0), (vec!["check"], 0)]
    {
        let output = stage.mirror(&words, "");
        assert_eq!(output.status.code(), Some(code), "{}", stage.said(&output));
    }
}

#[test]
fn wrong_answers_are_asked_again_and_write_nothing() {
    let privileged = Privileged { content: false, ..Privileged::default() };
    let config = Config { gateway: Rules { privileged, ..Rules::default() }, ..Config::default() };
    let stage = Stage::new(config);
    std::fs::write(stage.path("file"), "").unwrap();
    // No data directory, a token that is refused, one that is none; then the answers end.
    stage.check(
        &[],
        "file\ndata\nwrong-token\nsch\u{fc}ssel\n",
        &expect![[r#"
        A first configuration. Enter takes what stands in brackets; nothing is written before the end.
        Data directory [mirror-data]: 
          file is no directory: name another
        Data directory [mirror-data]: 
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          Discord refuses this token; copy it again, all of it
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          Discord refuses this token; copy it again, all of it
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
        mirror: the answers ended before the last question: nothing was written
        exit code 2
    "#]],
    );
    stage.check(
        &[],
        "data\n\n\n\n",
        &expect![[r#"
        A first configuration. Enter takes what stands in brackets; nothing is written before the end.
        Data directory [mirror-data]: 
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          without a token there is nothing to mirror with
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          without a token there is nothing to mirror with
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          without a token there is nothing to mirror with
        mirror: no token that works: nothing was written
        exit code 2
    "#]],
    );
    stage.check(
        &[],
        "",
        &expect![[r#"
        A first configuration. Enter takes what stands in brackets; nothing is written before the end.
        Data directory [mirror-data]: 
        mirror: the answers ended before the last question: nothing was written
        exit code 2
    "#]],
    );
    assert_eq!(stage.files(), ["file 644"], "nothing was written");
    // The intent is off: said, and no reason to stop.
    stage.check(&[], &format!("data\nwrong\n{TOKEN}\n"), &expect![[r#"
        A first configuration. Enter takes what stands in brackets; nothing is written before the end.
        Data directory [mirror-data]: 
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          Discord refuses this token; copy it again, all of it
        Bot token (developer portal: your application, Bot, Reset Token; it is not shown): 
          this is "mirror", application BOT
          its Message Content intent is OFF: switch it on in the developer portal (Bot, Privileged Gateway Intents), else Discord refuses the session

        Written:
          mirror.toml  the configuration
          mirror.token  the token: only its owner can read it
          data  the data directory

        Invite the bot to each guild, as somebody who manages it:
          https://discord.com/oauth2/authorize?client_id=BOT&scope=bot+applications.commands&permissions=326954454016

        Then, with the addresses of channels ("Copy Link" in Discord):
          mirror link lounge https://discord.com/channels/...
          mirror link lounge https://discord.com/channels/...
          mirror check
          mirror run
        exit code 0
    "#]]);
    assert_eq!(stage.files(), ["data 700", "file 644", "mirror.token 600", "mirror.toml 600"]);
}

#[test]
fn nothing_is_written_over_unless_it_is_forced() {
    let stage = Stage::new(Config::default());
    let answers = format!("one\n{TOKEN}\n");
    assert!(stage.init(&[], &answers).status.success());
    stage.check(
        &[],
        &answers,
        &expect![[r#"
        mirror: HERE/mirror.toml is there already: --force writes over it, --config names another
        exit code 2
    "#]],
    );
    std::fs::remove_file(stage.path("mirror.toml")).unwrap();
    let refused = stage.said(&stage.init(&[], &answers));
    assert!(refused.contains("mirror.token is there already"), "{refused}");
    let output = stage.init(&["--force", "--data-dir", "two"], &format!("{TOKEN}\n"));
    assert!(output.status.success(), "{}", stage.said(&output));
    assert!(stage.read("mirror.toml").contains("data_dir = \"two\""));
}

#[test]
fn for_scripts_nothing_is_asked() {
    let stage = Stage::new(Config::default());
    let token = stage.path("secret");
    std::fs::write(&token, TOKEN).unwrap();
    let mode = |mode| std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).unwrap();
    let words = ["--token-file", "secret", "--data-dir", "data", "--yes"];
    mode(0o644);
    let refused = stage.said(&stage.init(&words, ""));
    assert!(refused.contains("chmod 600") && refused.ends_with("exit code 2\n"), "{refused}");
    mode(0o600);
    let output = stage.init(&[&words[..], &["--json"]].concat(), "");
    let said: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stage.said(&output)));
    let place = |key: &str| said[key].as_str().map(PathBuf::from).unwrap();
    let same = |one: &Path, two: &Path| one.canonicalize().unwrap() == two.canonicalize().unwrap();
    assert!(same(&place("config"), &stage.path("mirror.toml")));
    assert!(same(&place("token_file"), &token));
    assert_eq!(said["message_content"], true);
    assert_eq!(said["application"], stage.discord.bot_id().to_string());
    assert_eq!(stage.files(), ["data 700", "mirror.toml 600", "secret 600"], "the token is not copied");
    let checked = stage.mirror(&["check"], "");
    assert_eq!(checked.status.code(), Some(0), "{}", stage.said(&checked));
    // Discord cannot be reached: nobody is asked, nothing is written.
    let output = stage.mirror(
        &[&["init", "--api", "http://127.0.0.1:1", "--config", "other.toml"], &words[..]].concat(),
        "",
    );
    assert_eq!(output.status.code(), Some(1), "{}", stage.said(&output));
    assert!(!stage.path("other.toml").exists());
    assert_eq!(stage.mirror(&["init", "--yes"], "").status.code(), Some(2), "--yes needs a token");
}

/// What a terminal would see while the token is typed: nothing of it. (`script` gives the program a terminal.)
#[test]
fn a_terminal_does_not_show_the_token() {
    let stage = Stage::new(Config::default());
    let has_script =
        Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_script {
        return eprintln!("not run: there is no `script` here to make a terminal");
    }
    let line = format!(
        "'{}' init --api {} --gateway {}",
        env!("CARGO_BIN_EXE_mirror"),
        stage.discord.api_url(),
        stage.discord.gateway_url()
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(stage.root.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut shown = child.stdout.take().unwrap();
    let mut seen = String::new();
    // Typed as people do: after the question is there.
    until(&mut shown, &mut seen, "Data directory [mirror-data]: ");
    std::io::Write::write_all(&mut typed, b"visible\r").unwrap();
    until(&mut shown, &mut seen, "not shown): ");
    std::io::Write::write_all(&mut typed, format!("{TOKEN}\r").as_bytes()).unwrap();
    until(&mut shown, &mut seen, "Invite the bot");
    drop(typed);
    assert!(child.wait().unwrap().success(), "{seen}");
    assert!(seen.contains("visible"), "other answers are shown: {seen}");
    assert!(!seen.contains(TOKEN), "{seen}");
    assert_eq!(stage.read("mirror.token"), format!("{TOKEN}\n"));
}

/// Reads until this was shown.
fn until(shown: &mut impl std::io::Read, seen: &mut String, what: &str) {
    let mut bytes = [0; 1024];
    while !seen.contains(what) {
        let count = shown.read(&mut bytes).unwrap();
        assert!(count > 0, "it ended before it said {what:?}: {seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}
