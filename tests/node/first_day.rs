//! A new user's first day: the lines of README.md under "With a bot token", typed one after another, and then a slash command.

use standin::{Config, SlashCommand, Standin};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

const TOKEN: &str = "standin-bot-token";
const PATIENCE: Duration = Duration::from_secs(60);
/// Manage Channels and Manage Webhooks.
const KEEPER: u64 = 1 << 4 | 1 << 29;

/// The lines of the first block under a heading, without what explains them.
fn lines(heading: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let (_, rest) = rest.split_once("```sh\n").expect("a block follows");
    let (block, _) = rest.split_once("```").expect("it ends");
    block.lines().map(|line| line.split(" #").next().unwrap_or(line).trim().to_owned()).collect()
}

/// Somebody's machine: nothing is there but the program, and where Discord is.
struct Machine {
    discord: Standin,
    home: tempfile::TempDir,
}

impl Machine {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MIRROR_")) {
            command.env_remove(name);
        }
        command.env("MIRROR_DISCORD_API", self.discord.api_url());
        command.env("MIRROR_DISCORD_GATEWAY", self.discord.gateway_url());
        command.env("MIRROR_DISCORD_RATE_LIMITS", "false").env("MIRROR_CONSOLE_LISTEN", "off");
        command.args(words).current_dir(self.home.path()).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What a line says, with these answers typed; it has to be done.
    async fn types(&self, words: &[&str], answers: &str) -> String {
        let mut child = self.command(words).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(answers.as_bytes()).await.unwrap();
        drop(stdin);
        let output =
            tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`mirror {words:?}`: {said}");
        said
    }

    async fn until(&self, what: &str, mut look: impl FnMut() -> bool) {
        let looked = async {
            while !look() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, looked).await.is_ok(), "waited in vain until {what}");
    }

    fn copies(&self, channel: u64) -> Vec<String> {
        let shown = self.discord.messages(channel).into_iter().filter(|message| message.webhook.is_some());
        shown.map(|message| message.content.to_string()).collect()
    }
}

#[tokio::test]
async fn from_a_token_to_a_mirror() {
    let discord = Standin::start(Config { unlimited: true, ..Config::default() }).unwrap();
    let machine = Machine { discord, home: tempfile::tempdir().unwrap() };
    let discord = &machine.discord;
    let [home, away] = ["Home", "Away"].map(|name| discord.create_guild(name));
    let [general, games] = ["general", "games"].map(|name| discord.create_channel(home, name));
    let square = discord.create_channel(away, "square");
    let ada = discord.create_user("Ada");
    let mut node: Option<Child> = None;
    for line in lines("With a bot token") {
        let meant = line
            .replace("channels/41/42", &format!("channels/{home}/{general}"))
            .replace("channels/51/52", &format!("channels/{away}/{square}"));
        match meant.split(' ').collect::<Vec<_>>().as_slice() {
            ["cargo", ..] => {}
            // The directory as it is offered, then the token.
            ["mirror", "init"] => {
                let said = machine.types(&["init"], &format!("\n{TOKEN}\n")).await;
                assert!(said.contains("its Message Content intent is on") && !said.contains(TOKEN), "{said}");
            }
            ["mirror", "run"] => node = Some(machine.command(&["run"]).spawn().unwrap()),
            ["mirror", words @ ..] => drop(machine.types(words, "").await),
            other => panic!("README.md says `{other:?}`, which this test does not know"),
        }
    }
    let mut node = node.expect("the last line runs the node");
    machine.until("commands are registered", || !discord.registered_commands().is_empty()).await;
    machine.until("it is connected", || discord.connected() > 0).await;
    discord.say(general, ada, "hello");
    machine.until("it is copied", || machine.copies(square) == ["hello"]).await;
    // From here on inside Discord.
    let role = discord.create_role(home, "keepers");
    discord.set_nick(home, ada, None);
    assert!(discord.set_role(home, role, KEEPER) && discord.wear(home, ada, role, true));
    let typed = SlashCommand {
        guild: Some(home),
        channel: games,
        user: ada,
        name: "mirror".to_owned(),
        subcommand: Some("link".to_owned()),
        options: vec![("mirror".to_owned(), "lounge".into())],
    };
    let interaction = discord.command(typed).unwrap();
    let answer = discord.answer(interaction, PATIENCE).await.expect("an answer");
    assert!(answer.content.contains("linked <#"), "{}", answer.content);
    discord.say(games, ada, "anybody here?");
    machine
        .until("both others have it", || {
            [general, square]
                .iter()
                .all(|channel| machine.copies(*channel).contains(&"anybody here?".to_owned()))
        })
        .await;
    let status = machine.types(&["status"], "").await;
    assert_eq!(status.matches("\nlounge  ").count(), 3, "{status}");
    crate::stage::signal("TERM", node.id().unwrap()).await;
    let ended = tokio::time::timeout(PATIENCE, node.wait()).await.expect("it stops").unwrap();
    assert!(ended.success());
}
