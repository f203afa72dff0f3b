//! A graceful stop under load: in time, with nothing lost or doubled, and nothing left behind.

use crate::stage::{MIRROR, PATIENCE, STOP_MAX, Stage};
use standin::{Change, Faults, Matcher, Rate, RestFault, RouteKind, Rule};
use std::process::Stdio;
use std::time::Instant;

const SAID: usize = 300;

/// Requests take a while, so that some are in flight at any moment.
fn slow() -> Faults {
    let fault = RestFault::LateEffect { effect_ms: 20, answer_ms: 60 };
    let rate = Rate { p: 1.0, on: Matcher::kind(RouteKind::ExecuteWebhook), fault };
    Faults { rates: vec![rate], ..Faults::none() }
}

async fn check(name: &str) {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    stage.discord.set_faults(slow());
    let (source, receivers) = (stage.channels[0], &stage.channels[1..]);
    let said: Vec<String> = (0..SAID).map(|number| format!("message {number}")).collect();
    for text in &said {
        stage.say(source, text);
    }
    let some = || receivers.iter().all(|channel| stage.texts(*channel).len() > 10).then_some(());
    stage.until("some copies are there", some).await;

    // Somebody reads the log as it grows: that one must not hold the node up, and is not left hanging.
    let mut follower = stage.command(&["log", "--follow", "--json"]);
    let mut follower = follower.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    stage.json(&["status"]).await;

    let began = Instant::now();
    assert_eq!(node.signal(name).await, Some(0), "SIG{name}: {}", stage.tail());
    let took = began.elapsed();
    assert!(took < STOP_MAX, "SIG{name}: the stop took {took:?}");
    assert!(!stage.data().join("admin.sock").exists(), "the admin socket is left behind");
    let ended = tokio::time::timeout(PATIENCE, follower.wait()).await;
    ended.expect("`mirror log --follow` hangs after the node's end").unwrap();
    let there = stage.texts(receivers[0]).len();
    assert!(there < SAID, "all was there before the stop: it tested nothing");
    // What is said while no node runs, the next one is told.
    stage.say(source, "meanwhile");

    stage.discord.set_faults(Faults::none());
    let node = stage.start().await;
    let wanted: Vec<String> = said.into_iter().chain(["meanwhile".to_owned()]).collect();
    for channel in receivers {
        stage.until_texts(*channel, &wanted).await;
    }
    assert_eq!(stage.deeds(Change::Delete), 0, "something had to be put right");
    node.stop().await;
    stage.done(&["verify", "--mirror", MIRROR]).await;
}

#[tokio::test]
async fn sigterm_under_load_loses_and_doubles_nothing() {
    check("TERM").await;
}

#[tokio::test]
async fn sigint_under_load_loses_and_doubles_nothing() {
    check("INT").await;
}

/// Nobody listens on Discord's side: the node waits for it, and stops when it is told to.
#[tokio::test]
async fn a_node_that_cannot_reach_discord_stops_as_well() {
    let stage = Stage::linked(2).await;
    stage.discord.refuse(600_000);
    let node = stage.spawn();
    let waits = || stage.log().contains("Discord cannot be reached now").then_some(());
    stage.until("the node waits for Discord", waits).await;
    let began = Instant::now();
    assert_eq!(node.signal("TERM").await, Some(0), "{}", stage.tail());
    assert!(began.elapsed() < STOP_MAX);
    stage.done(&["verify"]).await;
}

/// The connection is gone while requests are owed; what is owed is paid after the next start.
#[tokio::test]
async fn a_node_that_discord_has_left_stops_as_well() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    stage.say(stage.channels[0], "one");
    stage.until_texts(stage.channels[1], &["one".to_owned()]).await;
    let rule = Rule::next(Matcher::kind(RouteKind::ExecuteWebhook), RestFault::Refuse { for_ms: 15_000 });
    stage.discord.set_faults(Faults::script(vec![rule]));
    stage.say(stage.channels[0], "two");
    let hit = || stage.discord.counts().by_fault.contains_key("refuse").then_some(());
    stage.until("Discord is gone", hit).await;
    let began = Instant::now();
    assert_eq!(node.signal("INT").await, Some(0), "{}", stage.tail());
    assert!(began.elapsed() < STOP_MAX);
    let node = stage.start().await;
    stage.until_texts(stage.channels[1], &["one".to_owned(), "two".to_owned()]).await;
    node.stop().await;
}
