//! Sessions lost, tokens refused, budgets spent, payloads that make no sense.

use crate::stage::{Node, PATIENCE, Stage};
use rusqlite::Connection;
use serde_json::{Value, json};
use standin::{Config, Standin};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The channels of all gaps on the log.
async fn gaps(stage: &Stage) -> Vec<String> {
    let said = stage.done(&["log", "--kind", "gap", "--json"]).await;
    let gaps = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut channels: Vec<String> = gaps.map(|gap| gap["channel"].as_str().unwrap().to_owned()).collect();
    channels.sort_unstable();
    channels
}

#[tokio::test]
async fn a_lost_session_is_a_gap_on_the_log_and_the_node_goes_on() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let said = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    stage.say(stage.channels[0], "before");
    stage.until_texts(stage.channels[1], &said(&["before"])).await;
    assert_eq!(gaps(&stage).await, Vec::<String>::new());
    stage.discord.lose_sessions();
    let again = || (stage.discord.counts().identified == 2).then_some(());
    stage.until("the node has a session again", again).await;
    stage.say(stage.channels[0], "after");
    stage.until_texts(stage.channels[1], &said(&["before", "after"])).await;
    let linked = channels(&stage);
    until_gaps(&stage, &linked).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// A session that ended while no node ran is a gap from the last thing that was heard.
#[tokio::test]
async fn a_session_that_ends_between_two_nodes_is_a_gap_too() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    stage.say(stage.channels[0], "before");
    stage.until_texts(stage.channels[1], &["before".to_owned()]).await;
    node.kill().await;
    stage.discord.lose_sessions();
    stage.say(stage.channels[0], "nobody hears this");
    let node = stage.start().await;
    until_gaps(&stage, &channels(&stage)).await;
    stage.say(stage.channels[0], "after");
    let after = || stage.texts(stage.channels[1]).contains(&"after".to_owned()).then_some(());
    stage.until("it goes on", after).await;
    node.stop().await;
    // A session that can be resumed is none.
    let node = stage.start().await;
    stage.say(stage.channels[0], "and on");
    let on = || stage.texts(stage.channels[1]).contains(&"and on".to_owned()).then_some(());
    stage.until("it goes on", on).await;
    assert_eq!(gaps(&stage).await, channels(&stage));
    node.stop().await;
    stage.done(&["verify"]).await;
}

fn channels(stage: &Stage) -> Vec<String> {
    let mut channels: Vec<String> = stage.channels.iter().map(u64::to_string).collect();
    channels.sort_unstable();
    channels
}

/// They may be noted a moment after the new session began.
async fn until_gaps(stage: &Stage, wanted: &[String]) {
    let began = Instant::now();
    let mut found = gaps(stage).await;
    while found.len() < wanted.len() && began.elapsed() < PATIENCE {
        found = gaps(stage).await;
    }
    assert_eq!(found, wanted, "one gap for each channel that publishes; {}", stage.tail());
}

/// Runs a node that ends by itself; its exit code and what it wrote.
async fn ends(stage: &Stage) -> (Option<i32>, String) {
    let Node { mut child } = stage.spawn();
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
    (ended.expect("the node goes on").unwrap().code(), stage.log())
}

#[tokio::test]
async fn a_token_that_discord_refuses_ends_the_node_at_once_with_words_about_it() {
    let mut stage = Stage::with(2, Config::default());
    stage.environment.retain(|(key, _)| key != "MIRROR_DISCORD_TOKEN");
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("no bot token: set MIRROR_DISCORD_TOKEN"), "{log}");
    assert!(log.lines().count() == 1 && !stage.data().exists(), "nothing was begun: {log}");
    stage.environment.push(("MIRROR_DISCORD_TOKEN".to_owned(), "a-token-of-somebody-else".to_owned()));
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("check the bot token"), "{log}");
    assert!(!log.contains("a-token-of-somebody-else"), "{log}");
    assert_eq!(stage.discord.counts().identified, 0);
    assert_eq!(stage.discord.counts().invalid, 1, "asked once");
}

/// REST still takes the token, the gateway does not any more.
#[tokio::test]
async fn a_gateway_that_refuses_the_token_ends_the_node_at_once_too() {
    let mut stage = Stage::linked(2).await;
    let strict = Standin::start(Config { token: "another".to_owned(), ..Config::default() }).unwrap();
    stage.environment.push(("MIRROR_DISCORD_GATEWAY".to_owned(), strict.gateway_url()));
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("Discord refused the bot token"), "{log}");
    assert_eq!(strict.counts().identified, 0);
    assert!(!stage.data().join("admin.sock").exists());
}

/// Over the log's file, while no node runs.
fn sql<T>(stage: &Stage, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
    act(&Connection::open(stage.data().join("log.db")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_spent_budget_of_identifies_ends_the_node_before_one_more() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    node.stop().await;
    // So many IDENTIFYs, the last so long ago.
    let identified = |count: usize, ago_ms: i64| {
        sql(&stage, |connection| {
            connection.execute("DELETE FROM sessions", [])?;
            let note = "SELECT note FROM leases WHERE name = 'identify/0'";
            let note: Vec<u8> = connection.query_row(note, [], |row| row.get(0))?;
            let mut times: BTreeMap<String, Vec<i64>> = rmp_serde::from_slice(&note).unwrap();
            let times = times.get_mut("times").unwrap();
            let last = times.last().unwrap() - ago_ms;
            *times = vec![last; count];
            let note = rmp_serde::to_vec_named(&BTreeMap::from([("times", times)])).unwrap();
            connection.execute("UPDATE leases SET note = ?1 WHERE name = 'identify/0'", [note])
        });
    };
    identified(900, 10_000);
    let before = stage.discord.counts().identified;
    let (code, log) = ends(&stage).await;
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("connected anew too often today"), "{log}");
    assert_eq!(stage.discord.counts().identified, before, "it identified all the same");
    // A day later it may.
    identified(900, 86_400_000);
    let node = stage.start().await;
    node.stop().await;
}

#[tokio::test]
async fn payloads_that_make_no_sense_are_put_aside_and_the_node_goes_on() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let channel = stage.channels[0];
    let here = channel.to_string();
    let odd = [
        ("MESSAGE_CREATE", json!({"id": {"odd": true}, "channel_id": here})),
        ("MESSAGE_CREATE", json!({"id": "12", "channel_id": here, "author": 7, "content": ["x"]})),
        ("MESSAGE_CREATE", json!({"id": "13", "channel_id": here})),
        ("MESSAGE_CREATE", json!([1, 2, 3])),
        ("MESSAGE_CREATE", json!(null)),
        ("MESSAGE_UPDATE", json!({"id": "14", "channel_id": here, "edited_timestamp": "the other day"})),
        ("MESSAGE_UPDATE", json!({"channel_id": here, "content": 5})),
        ("MESSAGE_DELETE", json!({"id": "minus one", "channel_id": here})),
        ("MESSAGE_DELETE_BULK", json!({"ids": "all", "channel_id": here})),
        ("CHANNEL_UPDATE", json!({"id": here, "name": 5, "type": "text"})),
        ("CHANNEL_DELETE", json!({"id": []})),
        ("GUILD_CREATE", json!({"id": true, "channels": {"a": 1}, "roles": 5})),
        ("GUILD_ROLE_UPDATE", json!("role")),
        ("SOMETHING_NEW", json!({"channel_id": here, "id": 5})),
    ];
    let mut said = Vec::new();
    for (number, (name, data)) in odd.iter().enumerate() {
        stage.discord.dispatch(name, stage.guild, Some(channel), data);
        said.push(format!("message {number}"));
        stage.say(channel, &said[number]);
    }
    stage.until_texts(stage.channels[1], &said).await;
    node.stop().await;
    let dead: Vec<(String, String)> = sql(&stage, |connection| {
        let text = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, String::from_utf8_lossy(&row.get::<_, Vec<u8>>(1)?).into_owned()))
        };
        connection.prepare("SELECT why, payload FROM dead ORDER BY id")?.query_map([], text)?.collect()
    });
    println!("{} dead letters: {dead:#?}", dead.len());
    assert!(dead.iter().any(|(_, payload)| payload.contains("{\"odd\":true}")), "{dead:?}");
    assert!(dead.iter().any(|(_, payload)| payload.contains("minus one")), "{dead:?}");
    assert!(dead.iter().all(|(why, _)| !why.is_empty()), "{dead:?}");
    stage.done(&["verify"]).await;
}
