//! SIGKILL during `replay`, at its swap and during `--apply`, of the command and of the node: the end is the same.
//!
//! `MIRROR_TEST_SEED=N` replays the moments of a run that failed.

use crate::stage::{MIRROR, Node, PATIENCE, Stage};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use standin::{Actor, Change};
use std::time::{Duration, Instant};
use tokio::process::Child;

const REPLAY: &[&str] = &["replay", "--mirror", MIRROR];
const APPLY: &[&str] = &["replay", "--mirror", MIRROR, "--apply", "--restore", "--yes"];
const SAID: usize = 240;
const CYCLES: usize = 16;
/// At rest a cycle is short.
const CYCLES_AT_REST: usize = 40;

struct Trial {
    stage: Stage,
    /// Channel, id, and the last text; none: deleted.
    said: Vec<(u64, u64, Option<String>)>,
    random: ChaCha8Rng,
    /// How long the command takes when nobody kills it.
    whole: Duration,
    /// What the kills met.
    met: Vec<String>,
}

impl Trial {
    /// Three channels in step, after edits and deletes, and a node that runs.
    async fn new() -> (Self, Node) {
        let seed = match std::env::var("MIRROR_TEST_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => u64::from(std::process::id()),
        };
        println!("MIRROR_TEST_SEED={seed}");
        let random = ChaCha8Rng::seed_from_u64(seed);
        let stage = Stage::linked(3).await;
        let node = stage.start().await;
        let mut trial = Self { stage, said: Vec::new(), random, whole: Duration::ZERO, met: Vec::new() };
        (0..SAID).for_each(|_| trial.say());
        for number in (0..SAID).step_by(5) {
            trial.edit(number);
        }
        for number in (0..SAID).step_by(11) {
            trial.delete(number);
        }
        trial.in_step().await;
        (trial, node)
    }

    fn say(&mut self) {
        let channel = self.stage.channels[self.said.len() % 3];
        let text = format!("message {}", self.said.len());
        let id = self.stage.say(channel, &text);
        self.said.push((channel, id, Some(text)));
    }

    fn edit(&mut self, number: usize) {
        let (channel, id, text) = &mut self.said[number];
        let Some(text) = text else { return };
        *text += ", edited";
        assert!(self.stage.discord.edit(*channel, *id, text));
    }

    fn delete(&mut self, number: usize) {
        let (channel, id, text) = &mut self.said[number];
        *text = None;
        assert!(self.stage.discord.delete(*channel, *id));
    }

    /// Every channel shows what it should, once and in order.
    async fn in_step(&self) {
        for channel in &self.stage.channels {
            let others = self.said.iter().filter(|(source, _, _)| source != channel);
            let wanted: Vec<String> = others.filter_map(|(_, _, text)| text.clone()).collect();
            self.stage.until_texts(*channel, &wanted).await;
        }
    }

    fn pause(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.random.random_range(0.0..1.0))
    }

    /// A moment of a command: any, or as often one about its end, where the swap is.
    fn moment(&mut self) -> Duration {
        let share = if self.random.random_bool(0.5) { 0.0..1.0 } else { 0.7..1.7 };
        self.whole.mul_f64(self.random.random_range(share))
    }

    /// Runs a command once, undisturbed.
    async fn measure(&mut self, words: &[&str]) {
        let began = Instant::now();
        self.stage.done(words).await;
        self.whole = began.elapsed();
        println!("{words:?} takes {:?}", self.whole);
    }

    /// Begins a command; it is killed after a moment, unless it is faster.
    async fn kill_command(&mut self, words: &[&str]) {
        let pause = self.moment();
        let mut child = self.stage.command(words).spawn_quietly();
        if tokio::time::timeout(pause, child.wait()).await.is_err() {
            child.kill().await.unwrap();
            self.met.push(format!("command killed after {pause:?}"));
        } else {
            self.met.push("command done".to_owned());
        }
    }

    /// The same, but it is the node that is killed; another takes its place.
    async fn kill_node(&mut self, words: &[&str], node: Node) -> Node {
        let pause = self.moment();
        let mut child = self.stage.command(words).spawn_quietly();
        let done = tokio::time::timeout(pause, child.wait()).await.is_ok();
        node.kill().await;
        self.met.push(format!("node killed after {pause:?}, command done before: {done}"));
        let node = self.stage.start().await;
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended.unwrap_or_else(|_| panic!("the command hangs; {}", self.stage.tail())).unwrap();
        node
    }

    /// `verify` finds nothing; the digest of the views in use.
    async fn digest(&self) -> String {
        let report = self.stage.json(&["verify"]).await;
        let mirror = &report["mirrors"][0];
        assert_eq!(mirror["live"], mirror["rebuilt"], "{report}");
        mirror["live"].as_str().unwrap().to_owned()
    }

    /// The build that is read.
    async fn build(&self) -> u64 {
        self.stage.json(&["mirrors"]).await["mirrors"][0]["generation"].as_u64().unwrap()
    }

    /// Says what the kills met; they must not all have come too late.
    fn told(&self) {
        println!("{:#?}", self.met);
        assert!(self.met.iter().any(|met| met.contains("killed")), "nothing was killed");
    }

    /// A replay that nobody disturbs, a rollback, and more to mirror: all as if nothing had happened.
    async fn ends_well(&mut self, digest: &str, node: Option<Node>) {
        let before = self.build().await;
        let replayed = self.stage.json(REPLAY).await;
        assert!(replayed["report"]["result"]["flipped"].is_object(), "{replayed}");
        assert_eq!(self.digest().await, digest);
        assert!(self.build().await > before);
        self.stage.done(&["replay", "rollback", "--mirror", MIRROR]).await;
        assert_eq!(self.build().await, before);
        assert_eq!(self.digest().await, digest);
        let node = match node {
            Some(node) => node,
            None => self.stage.start().await,
        };
        (0..3).for_each(|_| self.say());
        self.edit(1);
        self.in_step().await;
        node.stop().await;
        self.digest().await;
    }

    /// Copies posted by webhooks, ever.
    fn posted(&self) -> usize {
        let hooks = self.stage.channels.iter().flat_map(|channel| self.stage.discord.webhooks(*channel));
        hooks.map(|hook| self.stage.discord.effects_by(Actor::Webhook(hook), Change::Create).len()).sum()
    }
}

trait SpawnQuietly {
    fn spawn_quietly(self) -> Child;
}

impl SpawnQuietly for tokio::process::Command {
    fn spawn_quietly(mut self) -> Child {
        self.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
    }
}

#[tokio::test]
async fn a_replay_killed_at_rest_changes_nothing() {
    let (mut trial, node) = Trial::new().await;
    node.stop().await;
    let digest = trial.digest().await;
    let posted = trial.posted();
    trial.measure(REPLAY).await;
    for _ in 0..CYCLES_AT_REST {
        trial.kill_command(REPLAY).await;
        let build = trial.build().await;
        trial.met.push(format!("build {build}"));
    }
    trial.told();
    assert_eq!(trial.digest().await, digest);
    trial.ends_well(&digest, None).await;
    assert_eq!(trial.posted(), posted + 6, "something was posted twice");
}

#[tokio::test]
async fn a_replay_beside_a_live_node_survives_the_death_of_either() {
    let (mut trial, mut node) = Trial::new().await;
    let posted = trial.posted();
    trial.measure(REPLAY).await;
    for cycle in 0..CYCLES {
        trial.say();
        trial.edit(cycle * 7 + 3);
        if trial.random.random_bool(0.5) {
            trial.kill_command(REPLAY).await;
        } else {
            node = trial.kill_node(REPLAY, node).await;
        }
    }
    trial.told();
    trial.in_step().await;
    trial.rested().await;
    let digest = trial.digest().await;
    trial.ends_well(&digest, Some(node)).await;
    assert_eq!(trial.posted(), posted + 2 * (CYCLES + 3), "something was posted twice");
}

/// A wiped channel is put back, whoever dies meanwhile.
async fn apply(running: bool) {
    let (mut trial, node) = Trial::new().await;
    let wiped = trial.wipe().await;
    trial.measure(&[APPLY, &["--dry-run"]].concat()).await;
    let node = if running { trial.apply_live(node).await } else { trial.apply_at_rest(node).await };
    trial.told();
    trial.in_step().await;
    assert_eq!(trial.stage.copies(trial.stage.channels[2]).len(), wiped);
    trial.rested().await;
    let digest = trial.digest().await;
    trial.ends_well(&digest, Some(node)).await;
}

impl Trial {
    /// A moderator removes all copies of the last channel, and the node has heard of it; how many.
    async fn wipe(&self) -> usize {
        let known = async || self.stage.done(&["log", "--kind", "deleted", "--json"]).await.lines().count();
        let before = known().await;
        let wiped = self.stage.discord.wipe(self.stage.channels[2]);
        let began = Instant::now();
        while known().await < before + wiped {
            assert!(began.elapsed() < PATIENCE, "the wipe is not known; {}", self.stage.tail());
        }
        wiped
    }

    async fn apply_live(&mut self, mut node: Node) -> Node {
        for _ in 0..CYCLES / 2 {
            if self.random.random_bool(0.4) {
                self.kill_command(APPLY).await;
            } else {
                node = self.kill_node(APPLY, node).await;
            }
        }
        let answer = self.stage.done(APPLY).await;
        self.met.push(format!("the last command says: {answer}"));
        node
    }

    /// The command is killed where no node runs, then each node before it is done with what was noted.
    async fn apply_at_rest(&mut self, node: Node) -> Node {
        node.stop().await;
        for _ in 0..CYCLES / 2 {
            self.kill_command(APPLY).await;
        }
        let answer = self.stage.done(APPLY).await;
        self.met.push(format!("the last command says: {answer}"));
        assert_eq!(self.stage.texts(self.stage.channels[2]), Vec::<String>::new(), "no node runs");
        for _ in 0..CYCLES / 2 {
            let node = self.stage.start().await;
            let pause = self.pause(Duration::from_millis(150));
            tokio::time::sleep(pause).await;
            node.kill().await;
            let there = self.stage.copies(self.stage.channels[2]).len();
            self.met.push(format!("node killed after {pause:?}, {there} copies are back"));
        }
        self.stage.start().await
    }

    async fn rested(&self) {
        let idle = |lane: &Value| lane["state"] == "idle";
        let rest = |status: &Value| status["lanes"].as_array().unwrap().iter().all(idle);
        self.stage.until_status("the lanes rest", rest).await;
    }
}

#[tokio::test]
async fn a_wiped_channel_is_put_back_through_kills_of_command_and_node() {
    apply(true).await;
}

#[tokio::test]
async fn a_wiped_channel_is_put_back_by_the_next_node_through_its_kills() {
    apply(false).await;
}
