//! `servers up | down | status | run`, as `tools/services` and `tools/test` use it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use servers::with_servers;

fn servers(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_servers"));
    command.arg("--dir").arg(dir).args(arguments).env_remove("MIRROR_SERVICES_PORT");
    command
}

fn output(dir: &Path, arguments: &[&str]) -> (bool, String, String) {
    let Output { status, stdout, stderr } = servers(dir, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

/// The port in the line of exports that has this name.
fn port(exports: &str, name: &str) -> u16 {
    let line = exports.lines().find(|line| line.contains(name)).unwrap();
    line.trim_end_matches("/'").rsplit(':').next().unwrap().parse().unwrap()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn within(limit: Duration, what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "{what} is not so after {limit:?}");
        std::thread::yield_now();
    }
}

/// Starts a pair that ends with `run`'s stdin; `run` and what it printed.
fn run(dir: &Path) -> (Child, String) {
    let mut run = servers(dir, &["run", "--recipes", "--port", "0"]);
    let mut run = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    let exports: Vec<String> = lines.take_while(|line| line != "# ready").collect();
    (run, exports.join("\n"))
}

#[test]
fn up_status_up_again_and_down() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("services");
    assert!(!output(&dir, &["status"]).0, "nothing runs yet");
    let (ok, exports, said) = output(&dir, &["up", "--recipes", "--port", "0"]);
    assert!(ok, "{said}");
    let (amqp, cql) = (port(&exports, "MIRROR_TEST_AMQP"), port(&exports, "MIRROR_TEST_CQL"));
    assert!(listens(amqp) && listens(cql) && listens(port(&exports, "MIRROR_TEST_RABBITMQ")));

    let (ok, again, said) = output(&dir, &["up", "--recipes", "--port", "0"]);
    assert!(ok && again == exports && said.contains("up already"), "{again} {said}");
    let (ok, status, _) = output(&dir, &["status"]);
    assert!(ok && status.contains(&format!("127.0.0.1:{cql} listens")), "{status}");

    let other = dir.with_file_name("other");
    let base = amqp.to_string();
    let (ok, _, said) = output(&other, &["up", "--recipes", "--port", &base]);
    assert!(!ok && said.contains(&format!("port {base} of 127.0.0.1 is in use")), "{said}");
    assert!(!output(&other, &["status"]).0, "a failed start leaves nothing behind");

    assert!(output(&dir, &["down"]).0);
    assert!(!listens(amqp) && !listens(cql));
    assert!(!dir.exists(), "the data are removed");
    assert!(output(&dir, &["down"]).0, "down again is no error");
}

#[test]
fn a_killed_owner_takes_its_servers_along() {
    if !with_servers() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (mut owner, exports) = run(dir.path());
    let amqp = port(&exports, "MIRROR_TEST_AMQP");
    // The name service of Erlang, a daemon by habit, is three ports on.
    let ports = [amqp, amqp + 3, port(&exports, "MIRROR_TEST_CQL")];
    assert!(ports.into_iter().all(listens));
    owner.kill().unwrap();
    within(Duration::from_secs(1), "all are gone", || !ports.into_iter().any(listens));
    owner.wait().unwrap();

    let (mut owner, exports) = run(dir.path());
    assert!(listens(port(&exports, "MIRROR_TEST_AMQP")), "up again where the killed one was");
    drop(owner.stdin.take());
    assert!(owner.wait().unwrap().success());
    assert!(!dir.path().join("rabbitmq").exists() && !dir.path().join("cassandra").exists());
}

/// A client of an engine that writes down what it is asked.
const FAKE: &str = "#!/bin/sh
echo \"$@\" >> \"$(dirname \"$0\")/asked\"
case \"$*\" in *up*) echo \"stream $MIRROR_PORT_STREAM cql $MIRROR_PORT_CQL\" >> \"$(dirname \"$0\")/asked\" ;; esac
";

#[test]
fn a_working_container_engine_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("docker");
    fs::write(&bin, FAKE).unwrap();
    fs::set_permissions(&bin, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    let services = dir.path().join("services");
    let verb = |arguments: &[&str]| servers(&services, arguments).env("PATH", &path).output().unwrap();
    let base = servers::Ports::free().unwrap();
    let up = verb(&["up", "--port", &base.at(0).to_string()]);
    let exports = String::from_utf8(up.stdout).unwrap();
    assert_eq!(port(&exports, "MIRROR_TEST_RABBITMQ"), base.at(1));
    assert_eq!(port(&exports, "MIRROR_TEST_CQL"), base.at(10));
    assert!(verb(&["down"]).status.success());
    let asked = fs::read_to_string(dir.path().join("asked")).unwrap();
    assert!(asked.contains("--file compose.yaml --profile services up --detach --wait"), "{asked}");
    assert!(asked.contains(&format!("stream {} cql {}", base.at(1), base.at(10))), "{asked}");
    assert!(asked.contains("down --volumes"), "{asked}");
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    if !with_servers() {
        return;
    }
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (ok, _, said) = output(&dir.path().join("services"), &["up", "--recipes", "--port", &port]);
    assert!(!ok && said.contains(&port) && said.contains("MIRROR_SERVICES_PORT"), "{said}");
}
