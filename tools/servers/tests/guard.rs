//! What a guard holds dies with the owner, in each way the guard can hold it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const GUARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/guard.sh");
/// A server with a child of its own. It says both pids: as its namespace and as the host counts them.
const SERVER: &str = "sleep 1000 & exec sleep 1000";

fn guard(space: &str, dir: &Path) -> Child {
    let mut guard = Command::new("sh");
    guard.arg(GUARD).args([dir.join("pid"), dir.join("log")]).args(["sh", "-c", SERVER]);
    guard.env("MIRROR_SERVERS_GUARD", space).stdin(Stdio::piped()).spawn().unwrap()
}

/// Waits for a condition that must come true within a second.
fn within_a_second(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(1), "{what} is not so after a second");
        std::thread::yield_now();
    }
}

/// The processes that hold this log open: all that the server started.
fn holding(log: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let is_log = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|target| target == log);
        let mut files = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        if command.trim() == "sleep" && files.any(is_log) {
            found.push(process.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// Runs a server, ends its owner by `end`, and sees that nothing stays.
fn check(space: &str, end: impl FnOnce(&mut Child)) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().canonicalize().unwrap().join("log");
    let mut guard = guard(space, dir.path());
    within_a_second("both run", || holding(&log).len() == 2);
    within_a_second("the pid is written", || dir.path().join("pid").exists());
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
    assert!(holding(&log).contains(&pid.trim().to_owned()), "{space}: the pid is the server's own");
    end(&mut guard);
    within_a_second("all are gone", || holding(&log).is_empty());
    guard.wait().unwrap();
}

fn spaces() -> Vec<&'static str> {
    let works = |arguments: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(arguments).args(["--pid", "--fork", "--mount-proc", "true"]).stderr(Stdio::null());
        unshare.status().is_ok_and(|status| status.success())
    };
    let mut spaces = vec!["group"];
    spaces.extend(works(&[]).then_some("root"));
    spaces.extend(works(&["--user", "--map-current-user"]).then_some("user"));
    spaces
}

#[test]
fn the_owner_lets_go() {
    for space in spaces() {
        check(space, |guard| drop(guard.stdin.take()));
    }
}

#[test]
fn the_server_dies() {
    for space in spaces() {
        check(space, |guard| {
            let pid = fs::read_to_string(format!("/proc/{0}/task/{0}/children", guard.id())).unwrap();
            let first = pid.split_whitespace().next().unwrap().to_owned();
            assert!(Command::new("kill").args(["-9", &first]).status().unwrap().success());
        });
    }
}

#[test]
fn the_guard_itself_is_killed() {
    // Without a namespace only the server dies then, so that is not asked of a group.
    for space in spaces().into_iter().filter(|space| *space != "group") {
        check(space, |guard| guard.kill().unwrap());
    }
}
