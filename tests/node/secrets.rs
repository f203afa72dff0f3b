//! No token of the bot or of a webhook is in anything that the program writes, whatever goes wrong and at any
//! level of detail: output, errors, the node's log, every byte of every file of the data directory.

use crate::stage::{MIRROR, Stage};
use standin::{Config, Faults, Matcher, RestFault, RouteKind, Rule};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Of the shape of a real one.
const CANARY: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.canary-ZnCjm1XVW7vRze4b7Cq4se7kKWs";
/// So much of a token in a row is a leak, too.
const PIECE: usize = 20;

/// Every place that is searched.
struct Places {
    texts: Vec<(String, Vec<u8>)>,
}

impl Places {
    fn of(stage: &Stage) -> Self {
        let heard = stage.heard.lock().unwrap().clone().into_bytes();
        let mut texts = vec![("output of commands".to_owned(), heard)];
        texts.push(("log of the node".to_owned(), fs::read(stage.log_path()).unwrap()));
        collect(&stage.data(), &mut texts);
        Self { texts }
    }

    /// Where a piece of a secret stands: the places with what comes before it.
    fn holding(&self, secret: &str) -> Vec<String> {
        let bytes = secret.as_bytes();
        let pieces =
            [&bytes[..PIECE], &bytes[bytes.len() - PIECE..], &bytes[bytes.len() / 2 - PIECE / 2..][..PIECE]];
        let mut found = Vec::new();
        for (name, text) in &self.texts {
            let at = |piece: &[u8]| text.windows(PIECE).position(|window| window == piece);
            if let Some(at) = pieces.into_iter().find_map(at) {
                let before = String::from_utf8_lossy(&text[at.saturating_sub(120)..at]).into_owned();
                found.push(format!("{name}: {before:?}"));
            }
        }
        found
    }
}

fn collect(folder: &Path, texts: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else if let Ok(text) = fs::read(&path) {
            texts.push((path.file_name().unwrap().to_string_lossy().into_owned(), text));
        }
    }
}

/// One test's stage, and all the tokens that there have ever been.
struct Trial {
    stage: Stage,
    secrets: BTreeSet<String>,
    said: usize,
}

impl Trial {
    async fn new() -> Self {
        let mut stage = Stage::with(3, Config { token: CANARY.to_owned(), ..Config::default() });
        for (key, value) in [
            ("MIRROR_TELEMETRY_LEVEL", "trace"),
            ("MIRROR_LANES_DEADLINE_MS", "1000"),
            ("RUST_BACKTRACE", "full"),
        ] {
            stage.environment.retain(|(known, _)| known != key);
            stage.environment.push((key.to_owned(), value.to_owned()));
        }
        stage.link_all().await;
        Self { stage, secrets: BTreeSet::from([CANARY.to_owned()]), said: 0 }
    }

    fn learn(&mut self) {
        self.secrets.extend(self.stage.discord.webhook_tokens());
    }

    /// Something is said; waits until every channel shows it.
    async fn talk(&mut self, what: &str) {
        self.said += 1;
        let text = format!("message {}", self.said);
        let home = self.said % 3;
        let message = self.stage.say(self.stage.channels[home], &text);
        let others = || self.stage.channels.iter().filter(|channel| **channel != self.stage.channels[home]);
        let there =
            |text: &str| others().all(|channel| self.stage.texts(*channel).iter().any(|one| one == text));
        self.stage.until(&format!("{what}: '{text}' is everywhere"), || there(&text).then_some(())).await;
        let text = format!("{text}, edited");
        self.stage.discord.edit(self.stage.channels[home], message, &text);
        self.stage.until(&format!("{what}: '{text}' is everywhere"), || there(&text).then_some(())).await;
        self.learn();
    }

    /// Each fault once, on each kind of request that holds a token.
    async fn faults(&mut self) {
        let faults = [
            RestFault::LostResponse,
            RestFault::LateEffect { effect_ms: 1100, answer_ms: 1300 },
            RestFault::ErrorAfterEffect { status: 502 },
            RestFault::ErrorBeforeEffect { status: 503 },
            RestFault::ErrorBeforeEffect { status: 401 },
            RestFault::CutBeforeEffect,
            RestFault::Refuse { for_ms: 300 },
            RestFault::GlobalTooMany { retry_ms: 100 },
        ];
        for fault in faults {
            let on = [RouteKind::ExecuteWebhook, RouteKind::EditWebhookMessage];
            let rules = on.map(|kind| Rule::next(Matcher::kind(kind), fault));
            self.stage.discord.set_faults(Faults::script(rules.to_vec()));
            self.talk(fault.name()).await;
        }
        self.stage.discord.set_faults(Faults::none());
    }

    /// As from a Cloudflare block. The node keeps still for a minute; it is killed before.
    async fn blocked(&mut self) {
        let rule = Rule::next(Matcher::kind(RouteKind::ExecuteWebhook), RestFault::BareTooMany);
        self.stage.discord.set_faults(Faults::script(vec![rule]));
        self.stage.say(self.stage.channels[0], "into the block");
        let hit = || self.stage.discord.counts().by_fault.contains_key("bare_too_many").then_some(());
        self.stage.until("it is blocked", hit).await;
        self.stage.discord.set_faults(Faults::none());
    }

    /// Every command, as text and as JSON.
    async fn commands(&mut self) {
        let copy = self.stage.copies(self.stage.channels[0])[0].id.to_string();
        let channel = self.stage.address(self.stage.channels[2]);
        let commands: [&[&str]; 22] = [
            &["mirrors"],
            &["status"],
            &["log"],
            &["log", "--raw"],
            &["log", "--kind", "receipt", "--limit", "3"],
            &["lineage", &copy],
            &["lineage", "42"],
            &["verify"],
            &["ban", "77", "--mirror", MIRROR],
            &["unban", "77", "--mirror", MIRROR],
            &["link", MIRROR, &channel],
            &["link", "another", &channel, "--dry-run"],
            &["cut", MIRROR, &channel, "--dry-run"],
            &["replay", "--mirror", MIRROR, "--dry-run"],
            &["replay", "--mirror", MIRROR],
            &["replay", "--mirror", MIRROR, "--until", "1h"],
            &["replay", "rollback", "--mirror", MIRROR],
            &["replay", "--mirror", MIRROR, "--apply", "--restore", "--yes"],
            &["replay", "--mirror", "lunge"],
            &["release", MIRROR, &channel],
            &["run"],
            &["--help"],
        ];
        for words in commands {
            // Without a running node this would be one.
            if words != ["run"] || self.stage.discord.connected() > 0 {
                self.stage.ask(words).await;
                self.stage.ask(&[words, &["--json"]].concat()).await;
            }
        }
    }

    /// A channel's webhook is deleted; its lane is released to make another.
    async fn dead_webhook(&mut self) {
        let channel = self.stage.channels[2];
        for hook in self.stage.discord.webhooks(channel) {
            self.stage.discord.delete_webhook(hook);
        }
        self.stage.say(self.stage.channels[0], "to nobody");
        let held = |status: &serde_json::Value| status["lanes"].to_string().contains("\"held\"");
        self.stage.until_status("the lane is held", held).await;
        self.commands().await;
        self.stage.done(&["release", MIRROR, &channel.to_string()]).await;
        self.talk("after the release").await;
    }

    /// The gateway loses sessions, connections and patience.
    async fn gateway(&mut self) {
        let again = |stage: &Stage| stage.discord.counts().identified + stage.discord.counts().resumed;
        let acts: [fn(&Stage); 4] = [
            |stage| stage.discord.cut_all(),
            |stage| stage.discord.reconnect_all(),
            |stage| stage.discord.invalidate_all(true),
            |stage| stage.discord.lose_sessions(),
        ];
        for act in acts {
            let before = again(&self.stage);
            act(&self.stage);
            self.stage.until("it is connected again", || (again(&self.stage) > before).then_some(())).await;
        }
        self.talk("after all that befell the gateway").await;
    }

    /// Starts that fail, with the token in the way.
    async fn failed_starts(&self) {
        let config = self.stage.beside("mirror.toml");
        let check = async |text: String| {
            fs::write(&config, text).unwrap();
            let config = config.display().to_string();
            let said = self.stage.ask(&["status", "--config", &config]).await;
            assert_eq!(said.code, Some(2), "{said:?}");
        };
        check(format!("[discord]\ntoken = {CANARY}\n")).await;
        check(format!("[discord]\ntoken = [\"{CANARY}\"]\n")).await;
        check(format!("[discord]\ntoken = \"{CANARY}\ntoken_file = 5\n")).await;
        check(format!("[discord]\ntoken = \"{CANARY}\"\ntokn = 5\n")).await;
        check(format!("[discord]\ntoken = \"{CANARY}\"\ntoken = \"{CANARY}\"\n")).await;
        fs::remove_file(&config).unwrap();
        // Tokens that no header can hold, and one that Discord refuses.
        for wrong in [format!("{CANARY}\n{CANARY}"), format!("{CANARY}\u{1F680}"), format!("{CANARY}x")] {
            let mut command = self.stage.command(&["run"]);
            command.env("MIRROR_DISCORD_TOKEN", wrong);
            let output = command.output().await.unwrap();
            assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
            *self.stage.heard.lock().unwrap() += &String::from_utf8_lossy(&output.stderr);
            *self.stage.heard.lock().unwrap() += &String::from_utf8_lossy(&output.stdout);
        }
    }

    fn check(&mut self, when: &str) {
        self.learn();
        let places = Places::of(&self.stage);
        let names: Vec<&str> = places.texts.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["log.db", "views.db"] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        for secret in &self.secrets {
            let found = places.holding(secret);
            assert!(found.is_empty(), "{when}: a token is in {found:#?}");
        }
    }
}

#[tokio::test]
async fn no_token_is_in_any_output_or_file() {
    let mut trial = Trial::new().await;
    let node = trial.stage.start().await;
    trial.talk("at first").await;
    trial.check("while it runs");
    trial.faults().await;
    trial.gateway().await;
    trial.dead_webhook().await;
    trial.commands().await;
    trial.blocked().await;
    trial.check("after all that went wrong");
    node.kill().await;
    trial.check("after SIGKILL");
    trial.commands().await;
    trial.failed_starts().await;
    trial.stage.environment.push(("MIRROR_TELEMETRY_FORMAT".to_owned(), "json".to_owned()));
    let node = trial.stage.start().await;
    trial.talk("after the kill").await;
    node.stop().await;
    trial.check("after SIGTERM");
    assert!(trial.secrets.len() >= 5, "the bot's, three webhooks', and one made anew");
    let log = trial.stage.log();
    for heard in
        ["TRACE", "DEBUG", "POST /webhooks/{webhook}/{token}", "identifying", "twilight_gateway", "hyper"]
    {
        assert!(log.contains(heard), "the log does not tell of {heard}");
    }
    planted(trial).await;
}

/// The search would have found them: here they are where they must not be.
async fn planted(mut trial: Trial) {
    trial.learn();
    let secrets = trial.secrets.clone();
    let node = trial.stage.start().await;
    for secret in &secrets {
        let text = format!("my token is {secret}, tell nobody");
        trial.stage.say(trial.stage.channels[0], &text);
        let there = || trial.stage.texts(trial.stage.channels[1]).contains(&text).then_some(());
        trial.stage.until("it is everywhere", there).await;
    }
    trial.stage.done(&["log", "--json"]).await;
    node.stop().await;
    for secret in &secrets {
        fs::write(trial.stage.log_path(), format!("{}Authorization: Bot {secret}", trial.stage.log()))
            .unwrap();
        let found = Places::of(&trial.stage).holding(secret);
        for place in ["output of commands", "log of the node", "log.db", "views.db"] {
            assert!(found.iter().any(|found| found.starts_with(place)), "not found in {place}: {found:?}");
        }
    }
}
