//! `verify` finds what is wrong with views and log, and a replay puts the views right.

use crate::stage::{MIRROR, Stage};
use rusqlite::Connection;
use serde_json::Value;
use standin::Change;

/// Three channels in step, at rest: the texts of the second.
async fn at_rest() -> (Stage, Vec<String>) {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let said: Vec<String> = (0..12).map(|number| format!("message {number}")).collect();
    for text in &said {
        stage.say(stage.channels[0], text);
        // Each in a commit of its own.
        stage.until("it is in step", || stage.texts(stage.channels[1]).contains(text).then_some(())).await;
    }
    stage.until_texts(stage.channels[2], &said).await;
    node.stop().await;
    stage.done(&["verify"]).await;
    (stage, said)
}

/// Does something to a file of the data directory, while nobody has it.
fn damage(stage: &Stage, file: &str, sql: &str) {
    let connection = Connection::open(stage.data().join(file)).unwrap();
    let changed = connection.execute(sql, []).unwrap();
    assert!(changed > 0, "{sql} changed nothing");
}

/// `verify` finds something; its report.
async fn found(stage: &Stage) -> Value {
    let said = stage.ask(&["verify", "--json"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

async fn build(stage: &Stage) -> Value {
    stage.json(&["mirrors"]).await["mirrors"][0]["generation"].take()
}

#[tokio::test]
async fn a_row_that_is_missing_is_found_and_put_back_by_a_replay() {
    let (stage, mut said) = at_rest().await;
    let copy = stage.copies(stage.channels[1])[4].id;
    damage(&stage, "views.db", &format!("DELETE FROM copies WHERE copy = {copy}"));
    let report = found(&stage).await;
    let mirror = &report["mirrors"][0];
    assert_ne!(mirror["live"], mirror["rebuilt"], "{report}");
    assert!(mirror["differences"].to_string().contains(&copy.to_string()), "it names the row: {report}");
    assert!(mirror["without_copy"].to_string().contains(&copy.to_string()), "{report}");
    let text = stage.ask(&["verify"]).await;
    assert!(text.out.contains(&copy.to_string()), "{text:?}");

    let before = build(&stage).await;
    let refused = stage.ask(&["replay", "--mirror", MIRROR]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("--accept"), "{refused:?}");
    assert_eq!(build(&stage).await, before, "nothing was swapped");
    stage.done(&["replay", "--mirror", MIRROR, "--accept"]).await;
    stage.done(&["verify"]).await;
    // Back to the damaged build, and forth.
    stage.done(&["replay", "rollback", "--mirror", MIRROR]).await;
    found(&stage).await;
    stage.done(&["replay", "rollback", "--mirror", MIRROR]).await;
    stage.done(&["verify"]).await;

    let posted = stage.deeds(Change::Create);
    let node = stage.start().await;
    stage.done(&["replay", "--mirror", MIRROR, "--apply", "--yes"]).await;
    said.push("and on".to_owned());
    stage.say(stage.channels[0], "and on");
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, &said).await;
    }
    assert_eq!(stage.deeds(Change::Create), posted + 2);
    node.stop().await;
}

#[tokio::test]
async fn views_that_are_gone_are_built_from_the_log() {
    let (stage, mut said) = at_rest().await;
    let posted = stage.deeds(Change::Create);
    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        std::fs::remove_file(stage.data().join(file))
            .or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
            .unwrap();
    }
    let node = stage.start().await;
    said.push("and on".to_owned());
    stage.say(stage.channels[0], "and on");
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, &said).await;
    }
    assert_eq!(stage.deeds(Change::Create), posted + 2);
    node.stop().await;
    stage.done(&["verify"]).await;
}

#[tokio::test]
async fn events_that_are_lost_are_named_by_their_numbers() {
    let (stage, _) = at_rest().await;
    let middle = "(SELECT id FROM commits ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM commits))";
    damage(&stage, "log.db", &format!("DELETE FROM commits WHERE id = {middle}"));
    let report = found(&stage).await;
    let holes = report["producers"][0]["holes"].as_array().unwrap();
    assert_eq!(holes.len(), 1, "{report}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_by_its_offset() {
    let (stage, mut said) = at_rest().await;
    let middle = "(SELECT id FROM commits ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM commits))";
    damage(
        &stage,
        "log.db",
        &format!("UPDATE commits SET bytes = zeroblob(length(bytes)) WHERE id = {middle}"),
    );
    let verified = stage.ask(&["verify"]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    println!("{verified:?}");
    assert!(verified.err.contains("offset"), "{verified:?}");
    let replayed = stage.ask(&["replay", "--mirror", MIRROR]).await;
    assert_eq!(replayed.code, Some(1), "{replayed:?}");
    assert!(replayed.err.contains("offset"), "{replayed:?}");
    // What was folded before is there still, and mirroring goes on.
    let node = stage.start().await;
    said.push("and on".to_owned());
    stage.say(stage.channels[0], "and on");
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, &said).await;
    }
    node.stop().await;
}
