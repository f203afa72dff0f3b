//! A Discord that cannot be reached, will not have the node, or falls silent; and what the operator is told.

use crate::stage::{Node, PATIENCE, Stage};
use standin::{Config, Privileged, Rules, Starts};
use std::time::Instant;

/// Runs a node that ends by itself; its exit code and what it wrote.
async fn ends(stage: &Stage) -> (Option<i32>, String) {
    let Node { mut child } = stage.spawn();
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    (ended.expect("the node goes on").unwrap().code(), stage.log())
}

/// Commands are answered all the same, and it begins by itself.
#[tokio::test]
async fn a_node_that_cannot_reach_discord_says_since_when_and_serves_commands() {
    let mut stage = Stage::linked(2).await;
    let right = stage.environment.iter().find(|(key, _)| key == "MIRROR_DISCORD_API").unwrap().1.clone();
    let port = right.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    stage.discord.refuse(600_000);
    let mut node = stage.spawn();
    let waits = |said: &serde_json::Value| {
        let session = said["node"]["session"].as_str().unwrap_or_default();
        session.starts_with("Discord is not reached since 20")
    };
    let first = stage.until_status("it says that Discord is not reached", waits).await;
    let text = stage.done(&["status"]).await;
    assert!(text.contains("gateway: Discord is not reached since 20"), "{text}");
    assert!(stage.data().join("admin.sock").exists(), "the node answers, not its directory");
    // Another channel is linked meanwhile; what needs Discord is refused with the reason.
    let late = stage.discord.create_channel(stage.guild, "late");
    stage.channels.push(late);
    stage.done(&["link", crate::stage::MIRROR, &stage.address(late)]).await;
    let later = stage.until_status("it is still not reached", waits).await;
    assert_eq!(first["node"]["session"], later["node"]["session"], "since the first time");
    assert!(node.is_running(), "{}", stage.tail());
    assert_eq!(stage.discord.counts().requests, 0, "nobody listens on {port}");
    stage.discord.refuse(0);
    let connected = |said: &serde_json::Value| said["node"]["session"] == "connected";
    stage.until_status("it has a session", connected).await;
    stage.say(stage.channels[0], "hello");
    stage.until_texts(late, &["hello".to_owned()]).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

#[tokio::test]
async fn a_node_that_waits_for_discord_stops_when_told() {
    let stage = Stage::linked(1).await;
    stage.discord.refuse(600_000);
    let node = stage.spawn();
    let began = Instant::now();
    while !stage.data().join("admin.sock").exists() {
        assert!(began.elapsed() < PATIENCE, "it serves no commands; {}", stage.tail());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    node.stop().await;
    assert!(!stage.data().join("admin.sock").exists());
}

#[tokio::test]
async fn an_intent_that_is_not_enabled_ends_the_node_with_the_place_to_enable_it() {
    let privileged = Privileged { content: false, ..Privileged::default() };
    let gateway = Rules { privileged, ..Rules::default() };
    let stage = Stage::with(2, Config { gateway, ..Config::default() });
    stage.link_all().await;
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    for words in ["(4014)", "Message Content Intent", "developer portal", "Privileged Gateway Intents"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert_eq!(stage.discord.counts().identified, 0);
    assert_eq!(stage.discord.counts().refused_sessions, 1, "asked once");
}

#[tokio::test]
async fn a_number_of_shards_that_discord_refuses_names_the_setting() {
    let gateway = Rules { guilds_per_shard_max: 0, ..Rules::default() };
    let stage = Stage::with(1, Config { gateway, ..Config::default() });
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("(4011)") && log.contains("discord.shards"), "{log}");
}

/// Nothing comes any more and TCP does not say so: the missing acknowledgement does, and the node resumes.
#[tokio::test]
async fn a_gateway_that_falls_silent_costs_nothing() {
    let gateway = Rules { heartbeat_ms: 500, ..Rules::default() };
    let stage = Stage::with(2, Config { gateway, ..Config::default() });
    stage.link_all().await;
    let node = stage.start().await;
    let mut said = Vec::new();
    for round in 0..2 {
        stage.discord.silence_all();
        for n in 0..5 {
            said.push(format!("unheard {round}.{n}"));
            stage.say(stage.channels[0], said.last().unwrap());
        }
        stage.until_texts(stage.channels[1], &said).await;
    }
    assert_eq!((stage.discord.counts().identified, stage.discord.counts().resumed), (1, 2));
    assert_eq!(stage.done(&["log", "--kind", "gap", "--json"]).await, "", "no session was lost");
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// Killed and started again and again, each time without its session: the budget is what the directory says.
#[tokio::test]
async fn a_crash_loop_stays_within_the_budget_and_says_when_it_may_go_on() {
    const TOTAL: u64 = 3;
    let starts = Starts { total: TOTAL, ..Starts::default() };
    let stage = Stage::with(1, Config { starts, ..Config::default() });
    stage.link_all().await;
    for _ in 0..TOTAL {
        let node = stage.start().await;
        node.kill().await;
        stage.discord.lose_sessions();
    }
    for _ in 0..2 {
        let (code, log) = ends(&stage).await;
        assert_eq!(code, Some(2), "{log}");
    }
    let log = stage.log();
    let again = log.split("It may go on at ").nth(1).expect("it says when").split(';').next().unwrap();
    let again: jiff::Timestamp = again.parse().unwrap_or_else(|_| panic!("a time: {again}"));
    let hours = jiff::Timestamp::now().until(again).unwrap().total(jiff::Unit::Hour).unwrap();
    assert!((23.0..24.0).contains(&hours), "a day after the first, not in {hours} hours");
    let counts = stage.discord.counts();
    assert_eq!(counts.identified, TOTAL, "{counts:?}");
}
