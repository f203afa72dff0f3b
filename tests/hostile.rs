//! A hostile Discord: every fault at once at seeded rates, its strictest limits, twenty channels. The real node,
//! and a cluster of three, must leave one copy of everything, in order, and never be refused for what they could have
//! known. The judge of `mirror demo` compares every channel with what was said.
//!
//! `tools/test --hostile-minutes 30` for a long one; `MIRROR_TEST_SEED=N` replays a run that failed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use std::process::Command;

/// Unless MIRROR_TEST_HOSTILE_MINUTES says otherwise.
const SECONDS: u64 = 60;
/// Of each in a minute, far below what is usual: enough to say something.
const COPIES_MIN: u64 = 200;
const FAULTS_MIN: u64 = 30;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Lives under it for so long, and looks at everything that the judge looked at.
fn outlive(further: &[&str]) {
    let seconds = number("MIRROR_TEST_HOSTILE_MINUTES").map_or(SECONDS, |minutes| minutes * 60);
    let seed = number("MIRROR_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let (duration, seed) = (format!("--duration={seconds}"), format!("--seed={seed}"));
    let mut words = vec!["demo", "--hostile", "--json", &duration, &seed];
    words.extend(further);
    println!("mirror {}", words.join(" "));
    let output = Command::new(env!("CARGO_BIN_EXE_mirror")).args(&words).output().unwrap();
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}{why}");
    let last = said.lines().rfind(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no result: {why}"));
    let found: Value = serde_json::from_str(last).unwrap();
    assert!(output.status.success(), "something is wrong: {found:#}");
    for key in ["lost", "duplicated", "misplaced", "refused_own"] {
        assert_eq!(found[key], 0, "{key}");
    }
    let minutes = seconds.div_ceil(60);
    for (key, least) in [("copies", COPIES_MIN), ("faults", FAULTS_MIN)] {
        let count = found[key].as_u64().unwrap();
        assert!(count >= least * minutes, "{count} {key} are too few to say anything");
    }
}

#[test]
fn one_node_outlives_it() {
    outlive(&[]);
}

#[test]
fn a_cluster_outlives_it() {
    if servers::with_servers() {
        outlive(&["--cluster"]);
    }
}
