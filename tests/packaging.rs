//! The package: what the unit file says is what the program does, on a system that it cannot write to, as a user that was
//! made for it; and the container files name what there is.
//!
//! Not run here, nor anywhere by the project's own tests: systemd itself, and a container engine. What they would do is done
//! by hand as far as it can be (`packaging/service.rs`), and each part that a machine does not allow says "not run".
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "packaging/containers.rs"]
mod containers;
#[path = "packaging/service.rs"]
mod service;
#[path = "packaging/unit.rs"]
mod unit;

use crate::service::Host;
use crate::unit::Unit;
use std::path::Path;
use std::process::Command;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn unit() -> Unit {
    Unit::parse(&read("ops/systemd/mirror.service"))
}

/// A line for whoever reads the output: this part was not run, and why.
fn not_run(why: &str) {
    eprintln!("not run: {why}");
}

#[test]
fn the_unit_file_fits_the_program() {
    let unit = unit();
    let start = unit.words("Service", "ExecStart");
    assert!(start[0].starts_with('/'), "{start:?}");
    assert_eq!(start[1], "run");
    assert_eq!(unit.one("Service", "Type"), "notify", "`supervisor` tells it");
    assert_eq!(unit.one("Service", "RestartPreventExitStatus"), "2", "asked wrongly: the same each time");
    assert_eq!(unit.one("Service", "StateDirectoryMode"), "0700");
    let stop: u64 = unit.one("Service", "TimeoutStopSec").parse().unwrap();
    assert!(stop > 10, "a node takes up to 10 s to stop");
    let user = unit.one("Service", "User");
    let made = read("ops/systemd/mirror.sysusers");
    assert!(made.lines().any(|line| line.starts_with(&format!("u {user} "))), "{made}");
    // Every variable is one that the configuration knows.
    let variables = unit.words("Service", "Environment");
    for variable in &variables {
        let (name, _) = variable.split_once('=').unwrap();
        let known = mirror::config::KEYS
            .iter()
            .any(|(key, _)| format!("MIRROR_{}", key.replace('.', "_").to_uppercase()) == name);
        assert!(known, "{name} is no key");
    }
    let credential = unit.one("Service", "LoadCredential");
    let (name, file) = credential.split_once(':').unwrap();
    assert!(variables.contains(&format!("MIRROR_DISCORD_TOKEN_FILE=%d/{name}")), "{variables:?}");
    let config = start.iter().position(|word| word == "--config").map(|at| &start[at + 1]).unwrap();
    let beside = Path::new(config).with_file_name("mirror.token");
    assert_eq!(Path::new(file), beside, "where `mirror init` puts the token");
}

#[test]
fn systemd_has_nothing_to_say_against_it() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        return not_run("there is no systemd-analyze");
    };
    assert!(version.status.success());
    // The binary is not installed here: another stands for it.
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("mirror.service");
    let text = read("ops/systemd/mirror.service").replace("=/usr/local/bin/mirror ", "=/bin/true ");
    std::fs::write(&copy, text).unwrap();
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && said.trim().is_empty(), "{said}");
    let security =
        Command::new("systemd-analyze").args(["security", "--offline=yes"]).arg(&copy).output().unwrap();
    if !security.status.success() {
        return not_run("this systemd-analyze judges no unit file offline");
    }
    let said = String::from_utf8_lossy(&security.stdout).into_owned();
    let overall = said.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    let level: f64 = overall.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(level < 1.5, "it was 1.2: {overall}");
}

#[test]
fn the_user_is_one_that_systemd_makes() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    let made = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("ops/systemd/mirror.sysusers"));
    let made = Command::new("systemd-sysusers")
        .arg(format!("--root={}", root.path().display()))
        .arg("-")
        .stdin(made.unwrap())
        .output();
    let Ok(made) = made else { return not_run("there is no systemd-sysusers") };
    assert!(made.status.success(), "{made:?}");
    let users = std::fs::read_to_string(root.path().join("etc/passwd")).unwrap();
    let line = users.lines().find(|line| line.starts_with("mirror:")).unwrap();
    assert!(line.contains(":/var/lib/mirror:") && line.ends_with("nologin"), "{line}");
}

/// Installed as the unit file says, it runs, stops within its time, is upgraded, and goes on over the same state.
#[tokio::test]
async fn it_is_installed_runs_stops_and_is_upgraded() {
    let host = match Host::prepare(unit()) {
        Ok(host) => host,
        Err(why) => return not_run(&why),
    };
    host.init();
    host.link_all();
    host.done(&["check"]);
    let node = host.start();
    host.nothing_else_can_be_written(&node);
    host.say_and_see(0, "before the upgrade").await;
    host.stop(node).await;
    host.upgrade();
    let node = host.start();
    host.say_and_see(1, "after the upgrade").await;
    assert_eq!(host.texts(1), ["before the upgrade"], "nothing is sent again");
    host.stop(node).await;
    host.state_is_the_users_alone();
    assert_eq!(host.run_to_the_end_with_token("not-a-token"), host.exit_code_that_is_not_restarted());
}
