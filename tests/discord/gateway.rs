//! The gateway against the stand-in: nothing is lost silently, and what is lost is said.

use crate::stage::TOKEN;
use async_trait::async_trait;
use mirror::discord::gateway::{
    Ended, FRAMES_MAX, Frame, Gateway, HAPPENINGS_MAX, Happening, IdentifyBudget, Outlets, Permit, Saved,
    Settings,
};
use secrecy::SecretString;
use standin::{Config, Rules, Standin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// When a spent budget says that it is not.
const AGAIN_MS: i64 = 5;

/// A budget of so many.
struct Budget(AtomicU32);

#[async_trait]
impl IdentifyBudget for Budget {
    async fn permit(&self, _: u32) -> Permit {
        let spend = |left: u32| left.checked_sub(1);
        let left = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, spend);
        left.map_or(Permit::Spent { again_ms: Some(AGAIN_MS) }, |left| Permit::Go { left: left - 1 })
    }
}

pub(crate) struct Running {
    pub(crate) frames: mpsc::Receiver<Frame>,
    pub(crate) happenings: mpsc::Receiver<Happening>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Ended>,
}

pub(crate) fn run(discord: &Standin, saved: Option<Saved>, budget: u32, frames_max: usize) -> Running {
    run_as(TOKEN, discord, saved, (budget, frames_max))
}

fn run_as(
    token: &str,
    discord: &Standin,
    saved: Option<Saved>,
    (budget, frames_max): (u32, usize),
) -> Running {
    let settings = Settings { url: Some(discord.gateway_url()), ..Settings::default() };
    let budget = Arc::new(Budget(AtomicU32::new(budget)));
    let gateway = Gateway::new(&settings, &SecretString::from(token), saved, budget).unwrap();
    started(gateway, frames_max)
}

pub(crate) fn started(gateway: Gateway, frames_max: usize) -> Running {
    let (frame_out, frames) = mpsc::channel(frames_max);
    let (happening_out, happenings) = mpsc::channel(HAPPENINGS_MAX);
    let stop = CancellationToken::new();
    let (interactions, _) = mpsc::channel(1);
    let outlets = Outlets { frames: frame_out, happenings: happening_out, interactions };
    let task = tokio::spawn(gateway.run(outlets, stop.clone()));
    Running { frames, happenings, stop, task }
}

pub(crate) const SOON: Duration = Duration::from_secs(10);

impl Running {
    /// The next message's text and its frame; other frames are passed over.
    pub(crate) async fn message(&mut self) -> (String, Frame) {
        loop {
            let frame = timeout(SOON, self.frames.recv()).await.expect("no frame in time").expect("ended");
            if frame.kind == "MESSAGE_CREATE" {
                let text: serde_json::Value = serde_json::from_str(&frame.text).unwrap();
                return (text["d"]["content"].as_str().unwrap().to_owned(), frame);
            }
        }
    }

    pub(crate) async fn happening(&mut self) -> &'static str {
        match timeout(SOON, self.happenings.recv()).await.expect("nothing in time").expect("ended") {
            Happening::Ready(_) => "ready",
            Happening::Resumed => "resumed",
            Happening::SessionLost => "lost",
            Happening::Disconnected { .. } => "disconnected",
        }
    }

    pub(crate) async fn stopped(self) -> Ended {
        self.stop.cancel();
        timeout(SOON, self.task).await.expect("does not stop").unwrap()
    }
}

pub(crate) struct Stage {
    pub(crate) discord: Standin,
    channel: u64,
    alice: u64,
}

impl Stage {
    fn new() -> Self {
        Self::with(Rules::default())
    }

    pub(crate) fn with(gateway: Rules) -> Self {
        let discord = Standin::start(Config { unlimited: true, gateway, ..Config::default() }).unwrap();
        let guild = discord.create_guild("home");
        let channel = discord.create_channel(guild, "general");
        let alice = discord.create_user("alice");
        Self { discord, channel, alice }
    }

    pub(crate) fn say(&self, text: &str) {
        self.discord.say(self.channel, self.alice, text);
    }
}

pub(crate) fn saved(frame: &Frame) -> Saved {
    let (session_id, resume_url) = (frame.session.to_string(), frame.resume_url.to_string());
    Saved { session_id, seq: frame.seq, resume_url }
}

#[tokio::test]
async fn frames_come_whole_and_a_restart_resumes_from_the_last_durable_one() {
    let stage = Stage::new();
    let mut first = run(&stage.discord, None, 9, FRAMES_MAX);
    assert_eq!(first.happening().await, "ready");
    stage.say("one");
    stage.say("two");
    let (text, durable) = first.message().await;
    assert_eq!(text, "one");
    assert_eq!(first.message().await.0, "two");
    assert_eq!(first.stopped().await, Ended::Stopped);
    stage.say("three");

    let mut second = run(&stage.discord, Some(saved(&durable)), 9, FRAMES_MAX);
    assert_eq!(second.happening().await, "resumed");
    assert_eq!(second.message().await.0, "two", "received before, but not durable");
    assert_eq!(second.message().await.0, "three", "said while nobody listened");
    assert_eq!((stage.discord.counts().identified, stage.discord.counts().resumed), (1, 1));
}

#[tokio::test]
async fn a_broken_connection_is_resumed_without_loss() {
    let stage = Stage::new();
    let mut running = run(&stage.discord, None, 9, FRAMES_MAX);
    assert_eq!(running.happening().await, "ready");
    for round in 0..3 {
        stage.discord.cut_all();
        stage.say(&format!("said {round}"));
        while running.happening().await != "resumed" {}
        assert_eq!(running.message().await.0, format!("said {round}"));
    }
    assert_eq!(stage.discord.counts().identified, 1);
}

#[tokio::test]
async fn a_lost_session_is_said_before_the_next_begins() {
    for lose in [Standin::lose_sessions, |discord: &Standin| discord.invalidate_all(false)] {
        let stage = Stage::new();
        let mut running = run(&stage.discord, None, 9, FRAMES_MAX);
        assert_eq!(running.happening().await, "ready");
        stage.say("before");
        let (_, old) = running.message().await;
        lose(&stage.discord);
        let mut told = Vec::new();
        while told.last() != Some(&"ready") {
            told.push(running.happening().await);
        }
        told.retain(|what| *what != "disconnected");
        assert_eq!(told, ["lost", "ready"]);
        stage.say("after");
        let (text, new) = running.message().await;
        assert_eq!(text, "after");
        assert_ne!(new.session, old.session);
    }
}

#[tokio::test]
async fn a_saved_session_that_is_gone_is_said_too() {
    let stage = Stage::new();
    let resume_url = stage.discord.gateway_url();
    let old = Saved { session_id: "gone".to_owned(), seq: 5, resume_url };
    let mut running = run(&stage.discord, Some(old), 9, FRAMES_MAX);
    let mut told = Vec::new();
    while told.last() != Some(&"ready") {
        told.push(running.happening().await);
    }
    told.retain(|what| *what != "disconnected");
    assert_eq!(told, ["lost", "ready"]);
}

#[tokio::test]
async fn a_place_that_discord_never_reached_begins_a_new_session() {
    let stage = Stage::new();
    let mut first = run(&stage.discord, None, 10, FRAMES_MAX);
    assert_eq!(first.happening().await, "ready");
    stage.say("one");
    let (_, frame) = first.message().await;
    first.stopped().await;
    let beyond = Saved { seq: frame.seq + 100, ..saved(&frame) };
    let mut second = run(&stage.discord, Some(beyond), 10, FRAMES_MAX);
    assert_eq!(second.happening().await, "disconnected");
    assert_eq!(second.happening().await, "lost");
    assert_eq!(second.happening().await, "ready");
    stage.say("two");
    assert_eq!(second.message().await.0, "two");
    second.stopped().await;
}

#[tokio::test]
async fn a_refused_token_ends_it_with_advice() {
    let stage = Stage::new();
    let running = run_as("wrong", &stage.discord, None, (9, FRAMES_MAX));
    match timeout(SOON, running.task).await.unwrap().unwrap() {
        Ended::Fatal { code: 4004, what_to_do } => assert!(what_to_do.contains("discord.token")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_spent_budget_sends_no_identify() {
    let stage = Stage::new();
    let mut running = run(&stage.discord, None, 1, FRAMES_MAX);
    assert_eq!(running.happening().await, "ready");
    stage.discord.lose_sessions();
    assert_eq!(
        timeout(SOON, running.task).await.unwrap().unwrap(),
        Ended::BudgetSpent { again_ms: Some(AGAIN_MS) }
    );
    assert_eq!(stage.discord.counts().identified, 1);
}

#[tokio::test]
async fn a_slow_reader_gets_all_in_order() {
    let stage = Stage::new();
    let mut running = run(&stage.discord, None, 9, 1);
    assert_eq!(running.happening().await, "ready");
    for n in 0..200 {
        stage.say(&n.to_string());
    }
    for n in 0..200 {
        assert_eq!(running.message().await.0, n.to_string());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_listening_ends_it_and_a_full_channel_does_not_hold_up_a_stop() {
    let stage = Stage::new();
    let mut running = run(&stage.discord, None, 9, 1);
    assert_eq!(running.happening().await, "ready");
    for n in 0..50 {
        stage.say(&n.to_string());
    }
    assert_eq!(running.stopped().await, Ended::Stopped);

    let running = run(&stage.discord, None, 9, 1);
    drop(running.frames);
    assert_eq!(timeout(SOON, running.task).await.unwrap().unwrap(), Ended::Stopped);
}
