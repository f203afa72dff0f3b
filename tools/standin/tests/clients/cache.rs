//! Clients as they are installed: each set of pinned versions in a folder of its own, complete or not there.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use tokio::{process::Command, sync::Mutex};

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const ZSTD: &str = include_str!("python/requirements-zstd.txt");
const PACKAGE: &str = include_str!("node/package.json");
const LOCK: &str = include_str!("node/package-lock.json");

/// Two tests want the same folder.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// A bot's program, ready to run.
pub(crate) struct Program {
    pub(crate) command: Command,
}

/// discord.py, with `zstandard` or without.
pub(crate) async fn discord_py(with_zstd: bool) -> Result<Program, String> {
    let mut path = vec![python("discord-py", REQUIREMENTS).await?];
    if with_zstd {
        path.push(python("zstandard", ZSTD).await?);
    }
    let mut command = Command::new("python3");
    // -S: packages of the system would decide what is compressed.
    command.args(["-S", &script("python/bot.py")]);
    command.env("PYTHONPATH", env::join_paths(path).map_err(|error| error.to_string())?);
    Ok(Program { command })
}

/// discord.js.
pub(crate) async fn discord_js() -> Result<Program, String> {
    let folder = kept("discord-js", LOCK, async |folder| {
        fs::write(folder.join("package.json"), PACKAGE).map_err(|error| error.to_string())?;
        fs::write(folder.join("package-lock.json"), LOCK).map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
        run("npm", npm).await
    })
    .await?;
    let mut command = Command::new("node");
    command.arg(script("node/bot.mjs")).env("BOT_MODULES", folder);
    Ok(Program { command })
}

fn script(name: &str) -> String {
    format!("{}/tests/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

async fn python(name: &str, requirements: &str) -> Result<PathBuf, String> {
    kept(name, requirements, async |folder| {
        let list = folder.join("requirements.txt");
        fs::write(&list, requirements).map_err(|error| error.to_string())?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"]);
        pip.arg(folder).arg("-r").arg(list);
        run("pip", pip).await
    })
    .await
}

/// The folder for these pins, filled if need be: in another place, and put here when it is whole.
async fn kept(
    name: &str,
    pins: &str,
    fill: impl AsyncFnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    if env::var("MIRROR_TEST_CLIENTS").is_ok_and(|asked| asked == "none") {
        return Err("MIRROR_TEST_CLIENTS is none".to_owned());
    }
    let _one_at_a_time = INSTALLING.lock().await;
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    let home = home()?;
    let whole = home.join(format!("{name}-{:016x}", hasher.finish()));
    if whole.exists() {
        return Ok(whole);
    }
    let part = home.join(format!("{name}-part-{}", std::process::id()));
    fs::create_dir_all(&part).map_err(|error| format!("{}: {error}", part.display()))?;
    let filled = fill(&part).await;
    // Another process may have been faster.
    let moved = filled.and_then(|()| {
        fs::rename(&part, &whole).or_else(|error| whole.exists().then_some(()).ok_or(error.to_string()))
    });
    let _ = fs::remove_dir_all(&part);
    moved.map(|()| whole)
}

/// `${XDG_CACHE_HOME:-~/.cache}/mirror-test-clients`
fn home() -> Result<PathBuf, String> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = given("XDG_CACHE_HOME").or_else(|| given("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("mirror-test-clients")).ok_or("no cache folder: set HOME".to_owned())
}

async fn run(what: &str, mut command: Command) -> Result<(), String> {
    let output = command.kill_on_drop(true).output().await.map_err(|error| format!("{what}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    output.status.success().then_some(()).ok_or_else(|| format!("{what} cannot install it: {last}"))
}
