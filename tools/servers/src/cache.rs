//! The folder of downloads, and what fills it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::{Error, error::Doing};

/// Debian suite that RabbitMQ and Erlang come from: 4.0 on Erlang 27. Debian 12's own is too old for the Rust client.
const SUITE: &str = "trixie";
/// Of the Maven artifact `org.apache.cassandra:cassandra-all`; `pom.xml` names it too.
const CASSANDRA: &str = "cassandra-5.0.9";
const RABBITMQ_GET: &str = include_str!("../assets/rabbitmq-get.sh");
const CASSANDRA_GET: &str = include_str!("../assets/cassandra-get.sh");
const PROMTOOL_GET: &str = include_str!("../assets/promtool-get.sh");
const POM: &str = include_str!("../assets/pom.xml");
/// Bytes of a failed program's last words that an error shows.
const SAID_BYTES_MAX: usize = 2_000;

/// `${XDG_CACHE_HOME:-~/.cache}/mirror-test-servers`: kept between runs, shared by sessions.
pub(crate) fn folder() -> Result<PathBuf, Error> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|home| home.join(".cache")));
    let missing = Error::Missing { what: "a cache folder", remedy: "set XDG_CACHE_HOME or HOME" };
    cache.map(|cache| cache.join("mirror-test-servers")).ok_or(missing)
}

/// RabbitMQ's home, downloaded if need be.
pub(crate) async fn rabbitmq() -> Result<PathBuf, Error> {
    let debian = "on Debian it comes from packages; elsewhere install Docker or Podman and use `tools/services`, or set \
                  MIRROR_TEST_RABBITMQ to a server that runs";
    require("apt-get", &["--version"], Error::Missing { what: "apt-get (Debian)", remedy: debian }).await?;
    let folder = folder()?.join(format!("rabbitmq-{SUITE}"));
    let script = Command::new("sh");
    let said =
        run("downloading RabbitMQ", script, &["-c", RABBITMQ_GET, "rabbitmq-get", &text(&folder), SUITE])
            .await?;
    Ok(PathBuf::from(said.trim()))
}

/// promtool, downloaded if need be.
pub(crate) async fn promtool() -> Result<PathBuf, Error> {
    let debian = "promtool is in Debian's package prometheus; MIRROR_TEST_SERVERS=none goes on without";
    require("apt-get", &["--version"], Error::Missing { what: "apt-get (Debian)", remedy: debian }).await?;
    let folder = text(&folder()?.join("promtool"));
    let script = Command::new("sh");
    let said = run("downloading promtool", script, &["-c", PROMTOOL_GET, "promtool-get", &folder]).await?;
    Ok(PathBuf::from(said.trim()))
}

/// The folder whose `lib` holds Cassandra's jars, downloaded if need be.
pub(crate) async fn cassandra() -> Result<PathBuf, Error> {
    let java = Error::Missing { what: "java 17", remedy: "apt-get install openjdk-17-jre-headless" };
    require("java", &["-version"], java).await?;
    let folder = folder()?.join(CASSANDRA);
    if !folder.join(".ready").exists() {
        let maven = Error::Missing { what: "mvn", remedy: "apt-get install maven" };
        require("mvn", &["--version"], maven).await?;
    }
    fs::create_dir_all(&folder).doing(format!("making {}", folder.display()))?;
    fs::write(folder.join("pom.xml"), POM).doing("writing pom.xml")?;
    run("downloading Cassandra", Command::new("sh"), &["-c", CASSANDRA_GET, "cassandra-get", &text(&folder)])
        .await?;
    Ok(folder)
}

/// A path for a program's arguments.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn require(program: &str, arguments: &[&str], missing: Error) -> Result<(), Error> {
    let quiet = Command::new(program).args(arguments).stdin(Stdio::null()).output().await;
    quiet.is_ok_and(|output| output.status.success()).then_some(()).ok_or(missing)
}

/// Runs a program to its end; what it printed, or an error with its last words.
pub(crate) async fn run(
    what: &'static str,
    mut program: Command,
    arguments: &[&str],
) -> Result<String, Error> {
    let output =
        program.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await.doing(what)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let all = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Prepare { what, said: format!("{}: {}", output.status, end_of(&all, SAID_BYTES_MAX)) })
}

/// The last whole lines within `bytes`.
pub(crate) fn end_of(all: &str, bytes: usize) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut length = 0;
    for line in all.lines().rev() {
        length += line.len() + 1;
        if length > bytes {
            break;
        }
        kept.push(line);
    }
    kept.reverse();
    kept.join("\n")
}
