//! Commands with and without a running node, and a second node on the same data directory.

use crate::stage::{PATIENCE, Stage};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

/// What people did, and a message that was edited.
async fn talk(stage: &Stage) -> u64 {
    let said: Vec<u64> = (0..6).map(|n| stage.say(stage.channels[n % 2], &format!("message {n}"))).collect();
    stage.discord.edit(stage.channels[1], said[1], "message 1, corrected");
    stage.discord.delete(stage.channels[0], said[4]);
    let from = |channel: usize, texts: &[&str]| (channel, texts.iter().map(|t| (*t).to_owned()).collect());
    let wanted: [(usize, Vec<String>); 3] = [
        from(0, &["message 1, corrected", "message 3", "message 5"]),
        from(1, &["message 0", "message 2"]),
        from(2, &["message 0", "message 1, corrected", "message 2", "message 3", "message 5"]),
    ];
    for (channel, texts) in wanted {
        stage.until_texts(stage.channels[channel], &texts).await;
    }
    said[1]
}

/// The status without what only a running node knows.
fn at_rest(mut status: Value) -> Value {
    status["node"] = Value::Null;
    for lane in status["lanes"].as_array_mut().unwrap() {
        lane["lag"] = Value::Null;
    }
    status
}

/// Everything that can be asked without changing anything.
async fn answers(stage: &Stage, message: u64) -> Vec<String> {
    let message = message.to_string();
    let questions: [&[&str]; 8] = [
        &["mirrors", "--json"],
        &["mirrors"],
        &["log", "--json"],
        &["log", "--json", "--raw", "--kind", "created"],
        &["lineage", &message, "--json"],
        &["lineage", &message],
        &["verify", "--json"],
        &["replay", "--mirror", "lounge", "--dry-run", "--apply", "--json"],
    ];
    let mut answers = Vec::new();
    for question in questions {
        answers.push(stage.done(question).await);
    }
    answers
}

#[tokio::test]
async fn commands_answer_the_same_with_and_without_a_node() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let message = talk(&stage).await;
    let handled = |status: &Value| {
        let partition = &status["partitions"][0];
        let idle = |lane: &Value| lane["state"] == "idle";
        partition["lanes"] == partition["views"] && status["lanes"].as_array().unwrap().iter().all(idle)
    };
    let running = stage.until_status("all is handled", handled).await;
    assert_eq!(running["node"]["pid"], node.pid());
    let with = answers(&stage, message).await;
    node.stop().await;
    let without = answers(&stage, message).await;
    with.iter().zip(&without).for_each(|(with, without)| assert_eq!(with, without));
    let stopped = stage.json(&["status"]).await;
    assert_eq!(stopped["node"], Value::Null);
    assert_eq!(at_rest(stopped), at_rest(running));
}

#[tokio::test]
async fn a_second_node_is_refused_with_the_pid_of_the_first() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let second = stage.ask(&["run"]).await;
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains(&format!("process {}", node.pid())), "{second:?}");
    // The first goes on.
    stage.say(stage.channels[0], "still here");
    stage.until_texts(stage.channels[1], &["still here".to_owned()]).await;
    node.stop().await;
}

#[tokio::test]
async fn wrong_words_end_with_code_two_and_the_nearest_right_ones() {
    let stage = Stage::linked(2).await;
    let check = async |words: &[&str], wanted: &str| {
        let said = stage.ask(words).await;
        assert_eq!(said.code, Some(2), "`mirror {words:?}`: {said:?}");
        assert!(said.err.contains(wanted), "`mirror {words:?}`: {said:?}");
    };
    for running in [false, true] {
        let node = if running { Some(stage.start().await) } else { None };
        check(&["statsu"], "status").await;
        check(&["verify", "--mirror", "lunge"], "lounge").await;
        check(&["cut", "lounge", "42"], "is no channel of 'lounge'").await;
        check(&["lineage", "42"], "no mirror knows a message or copy 42").await;
        check(&["lineage", "hello"], "is no message").await;
        check(&["link", "lounge", "general"], "is no channel").await;
        check(&["log", "--from", "yesterday-ish"], "yesterday-ish").await;
        check(&["replay", "--mirror", "lounge", "--from", "999999"], "").await;
        if let Some(node) = node {
            node.stop().await;
        }
    }
}

#[tokio::test]
async fn the_log_is_followed_as_it_grows() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let words = ["log", "--follow", "--json", "--kind", "created", "--limit", "2"];
    let mut command = stage.command(&words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    stage.say(stage.channels[0], "one");
    stage.until_texts(stage.channels[1], &["one".to_owned()]).await;
    stage.say(stage.channels[1], "two");
    stage.until_texts(stage.channels[0], &["two".to_owned()]).await;
    // At the latest when there is more than its limit, it ends.
    stage.say(stage.channels[1], "three");
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output.expect("it waits for more than its limit").unwrap();
    assert!(output.status.success());
    let entries = String::from_utf8(output.stdout).unwrap();
    let entries: Vec<Value> = entries.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let channels: Vec<&str> = entries.iter().map(|entry| entry["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, [stage.channels[0].to_string(), stage.channels[1].to_string()], "{entries:?}");
    node.stop().await;
}

/// The files can be looked into with `sqlite3` while the node writes them; nobody else may.
#[tokio::test]
async fn the_files_are_readable_while_the_node_runs() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    stage.say(stage.channels[0], "one");
    stage.until_texts(stage.channels[1], &["one".to_owned()]).await;
    let count = |file: &str, view: &str| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(stage.data().join(file), flags).unwrap();
        let sql = format!("SELECT count(*) FROM {view}");
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert!(count("log.db", "show_commits") > 0);
    assert!(count("log.db", "show_lanes") > 0);
    assert_eq!(count("log.db", "show_dead"), 0);
    let copied = || (count("views.db", "show_copies") == 1).then_some(());
    stage.until("the copy is in the views", copied).await;
    assert_eq!(count("views.db", "show_messages"), 1);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&stage.data()), 0, "others may look into the data directory");
    assert_eq!(mode(&stage.data().join("admin.sock")), 0, "others may command the node");
    node.stop().await;
}
