//! The law of the payload: nothing of it is lost, on payloads that were recorded from the real service.

use crate::{OBSERVED, World, world};
use events::capture::{Captured, Dispatch, capture, envelope, history};
use events::{Event, GuildId, codec};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Captures, writes and reads back, and compares what was sent with what the log gives.
fn check(name: &str, sent: &str, captured: &Captured) {
    let sent: Value = serde_json::from_str(sent).unwrap();
    for event in &captured.events {
        let mut record = Vec::new();
        codec::encode(event, &mut record).unwrap();
        let back: Event = codec::decode(&record.into()).unwrap();
        assert_eq!(&back, event, "{name}");
        // With number text kept (`arbitrary_precision`), equal values have equal numbers, digit by digit.
        assert_eq!(serde_json::from_slice::<Value>(&back.raw).unwrap(), sent, "{name}");
    }
}

fn recorded(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/discord4j-discord-json");
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        eprintln!("skipped: the recorded payloads of shared/data are not here");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    files
}

#[test]
fn recorded_dispatches_lose_nothing() {
    let files = recorded("gateway");
    let linked = World { all_linked: true, ..world() };
    let mut told = String::new();
    for path in &files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(path).unwrap();
        let Ok(frame) = envelope(&text) else {
            told += &format!("{name}: no frame\n");
            continue;
        };
        let Some(Dispatch { kind, data }) = frame.dispatch() else { continue };
        let captured = capture(&Dispatch { kind, data }, &linked, OBSERVED).unwrap();
        check(name, data, &captured);
        let letters: String = captured.events.iter().map(|event| event.body.letter() as char).collect();
        if !letters.is_empty() {
            told += &format!("{name}: {letters}\n");
        }
    }
    if !files.is_empty() {
        expect_test::expect![[r#"
            ChannelCreate: O
            ChannelDelete: X
            ChannelPinsUpdate: O
            ChannelUpdate: O
            InviteCreate: O
            MessageCreate.Type0: C
            MessageCreate.Type19: C
            MessageCreate.Type6: C
            MessageDelete: D
            MessageReactionAdd: O
            MessageReactionRemove: O
            MessageUpdate.Embeds: R
            MessageUpdate.NoEmbeds: R
            WebhooksUpdate: O
        "#]]
        .assert_eq(&told);
    }
}

#[test]
fn recorded_messages_of_the_rest_api_lose_nothing() {
    let linked = World { all_linked: true, ..world() };
    let mut messages = 0;
    for path in recorded("rest") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if !name.starts_with("Message") && !name.starts_with("CreateMessage") {
            continue;
        }
        let captured = history(&text, GuildId(6), &linked, OBSERVED).unwrap();
        check(name, &text, &captured);
        assert!(!captured.events.is_empty(), "{name}");
        messages += 1;
    }
    assert!(messages == 0 || messages >= 4, "{messages}");
}
