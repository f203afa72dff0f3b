//! Crash safety of the whole: the real node is killed with SIGKILL at random moments under load, while the
//! stand-in's side goes wrong as well, and the judge compares every channel at the end.
//!
//! `tools/test --kills N` for more kills; `MIRROR_TEST_SEED=N` replays a run that failed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Kills, unless `MIRROR_TEST_KILLS` says otherwise.
const KILLS: usize = 60;
/// Messages per kill: enough that each life of the node has something to do.
const MESSAGES_PER_KILL: usize = 25;
/// Share of requests and dispatches that go wrong in each of a dozen ways.
const FAULTS: f64 = 0.003;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs a demo to its end and returns what it found.
fn demo(words: &[String]) -> serde_json::Value {
    println!("mirror demo {}", words.join(" "));
    let output = Command::new(env!("CARGO_BIN_EXE_mirror")).arg("demo").args(words).output().unwrap();
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}{why}");
    let last = said.lines().rfind(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no result: {why}"));
    let found: serde_json::Value = serde_json::from_str(last).unwrap();
    assert!(output.status.success(), "the demo says that something is wrong: {found}");
    found
}

#[test]
fn nothing_is_lost_doubled_or_misplaced_through_sigkill() {
    let kills = number("MIRROR_TEST_KILLS").unwrap_or(KILLS as u64);
    let seed = number("MIRROR_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let messages = kills as usize * MESSAGES_PER_KILL;
    let words = [
        "--json".to_owned(),
        "--unlimited".to_owned(),
        format!("--messages={messages}"),
        format!("--kills={kills}"),
        format!("--faults={FAULTS}"),
        format!("--seed={seed}"),
    ];
    let found = demo(&words);
    assert_eq!(found["lost"], 0);
    assert_eq!(found["duplicated"], 0);
    assert_eq!(found["misplaced"], 0);
    assert!(found["crashes"].as_u64().unwrap() >= kills, "kills that did not happen");
    assert!(found["copies"].as_u64().unwrap() > messages as u64, "too little was mirrored to say anything");
    assert!(
        found["wiped"].as_u64().unwrap() > 0 && found["restored"] == found["wiped"],
        "the wiped channel is back"
    );
}

#[test]
fn a_seed_replays_its_play() {
    let words = ["--json", "--unlimited", "--messages=60", "--kills=1", "--seed=11"].map(str::to_owned);
    let (one, two) = (demo(&words), demo(&words));
    for key in ["source_messages", "copies", "edits", "deletes", "wiped", "restored", "seed"] {
        assert_eq!(one[key], two[key], "{key}");
    }
}

/// Processes whose environment names this place.
fn processes(place: &Path) -> Vec<u32> {
    let place = place.to_string_lossy();
    let own = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&*place)
    };
    let all = fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).filter(own).collect()
}

/// Waits until it is so many.
async fn until(place: &Path, so: impl Fn(usize) -> bool) {
    let looks = async {
        while !so(processes(place).len()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(30), looks).await;
    assert!(came.is_ok(), "still {:?}", processes(place));
}

/// A demo that is told to stop takes its node and its files with it, and says that it did not come to its end.
#[tokio::test]
async fn a_demo_that_is_stopped_leaves_nothing() {
    for signal in ["INT", "TERM"] {
        let place = tempfile::tempdir().unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mirror"));
        command.args(["demo", "--json", "--duration=120"]).env("TMPDIR", place.path());
        let demo = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        // Itself and its node.
        until(place.path(), |count| count == 2).await;
        let pid = demo.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
        let output = demo.wait_with_output().await.unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && why.contains("stopped before its end"), "{signal}: {why}");
        until(place.path(), |count| count == 0).await;
        let left: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{signal}: {left:?}");
    }
}
