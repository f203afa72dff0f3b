//! What a verb needs before it runs: telemetry, a runtime, signals.

use super::args::{Bench, Demo, Global};
use crate::admin::SOCKET_FILE;
use crate::commands::CommandError;
use crate::config::{Config, LogFormat};
use crate::demo::cluster;
use crate::node::{self, NodeError};
use crate::stores::{self, Opened, StoresError};
use crate::supervisor;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How long a node waits for a command that has the data directory.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(50);

/// Between two attempts to reach servers.
const SERVERS_LOOK: Duration = Duration::from_secs(1);

/// How long a stop may take before the process ends all the same. Whatever was under way is resolved at the
/// next start.
const STOP_MAX: Duration = Duration::from_secs(10);

/// Lines to standard error. A command says only what is wrong unless it is asked for more.
pub(super) fn telemetry(config: &Config, is_node: bool) {
    let quiet = !is_node && config.telemetry.level == "info";
    let level = if quiet { "warn" } else { config.telemetry.level.as_str() };
    // Every clean close of a stream's connection is two warnings to its client. What the CQL driver finds wrong a command
    // says in its own words.
    let driver = if quiet { "off" } else { "warn" };
    let level = format!("rabbitmq_stream_client=error,scylla={driver},{level}");
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match config.telemetry.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Runs a future to its end on a runtime of its own.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::Failed(format!("no runtime: {error}")))?;
    let result = runtime.block_on(future);
    // Blocking reads of a terminal or a slow disk must not hold the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    result
}

/// `mirror run`.
pub(super) fn run(config: &Config) -> Result<ExitCode, CommandError> {
    // Before anything is made or bound.
    if let Err(error) = node::token(config) {
        return finish(Err(error));
    }
    block_on(async {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let failed = |error: std::io::Error| CommandError::Failed(error.to_string());
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let opened = tokio::select! {
            opened = open(config) => opened?,
            _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
        };
        supervisor::tell(supervisor::READY);
        let node = node::run(config, opened, stop);
        tokio::pin!(node);
        tokio::select! {
            ended = &mut node => return finish(ended),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        supervisor::tell(supervisor::STOPPING);
        told.cancel();
        match tokio::time::timeout(STOP_MAX, node).await {
            Ok(ended) => finish(ended),
            Err(_) => Err(CommandError::Failed(
                "did not stop in time; what is open is resolved at the next start".into(),
            )),
        }
    })
}

fn finish(ended: Result<(), NodeError>) -> Result<ExitCode, CommandError> {
    match ended {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(NodeError::Setup(words)) => Err(CommandError::Wrong(words)),
        Err(NodeError::Broken(words)) => Err(CommandError::Failed(words)),
    }
}

/// Opens the data directory. A command that has it soon lets it go; a node does not.
async fn open(config: &Config) -> Result<Opened, CommandError> {
    let began = Instant::now();
    loop {
        match stores::open_for_work(config).await {
            Ok(opened) => return Ok(opened),
            Err(StoresError::InUse(_)) if began.elapsed() < PATIENCE && !node_answers(config).await => {
                tokio::time::sleep(LOOK).await;
            }
            // Servers come back; whoever starts a node means it to wait for them.
            Err(StoresError::Failed(why)) if config.is_cluster() => {
                tracing::warn!(why, "the stores cannot be opened now; tried again");
                tokio::time::sleep(SERVERS_LOOK).await;
            }
            Err(StoresError::InUse(words) | StoresError::Failed(words)) => {
                return Err(CommandError::Failed(words));
            }
            Err(StoresError::Setup(words)) => return Err(CommandError::Wrong(words)),
        }
    }
}

/// Whether a node listens on the admin socket.
pub(super) async fn node_answers(config: &Config) -> bool {
    tokio::net::UnixStream::connect(config.data_dir.join(SOCKET_FILE)).await.is_ok()
}

/// `mirror demo`.
pub(super) fn demo(args: Demo, global: &Global) -> Result<ExitCode, CommandError> {
    let options = crate::demo::Options {
        seed: args.seed.unwrap_or_else(seed),
        chat: args.chat,
        messages: args.messages,
        faults: args.faults,
        hostile: args.hostile,
        unlimited: args.unlimited,
        kills: args.kills,
        length: Duration::from_secs(args.duration),
        json: global.json,
        no_color: args.no_color || !stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some(),
        port: args.port,
        data_dir: global.data_dir.clone(),
    };
    if args.cluster {
        let down = Duration::from_secs(args.down);
        let options = cluster::Options { base: options, havoc: args.havoc, down };
        return block_on(async {
            let summary = unless_stopped(Box::pin(cluster::run(options))).await?;
            found(&summary, summary.is_right(), global.json)
        });
    }
    block_on(async {
        let summary = unless_stopped(Box::pin(crate::demo::run(options))).await?;
        found(&summary, summary.is_right(), global.json)
    })
}

/// A demo to its end. One that is told to stop takes its nodes, servers and files with it.
async fn unless_stopped<T>(demo: impl Future<Output = anyhow::Result<T>>) -> Result<T, CommandError> {
    let failed = |error: std::io::Error| CommandError::Failed(error.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        done = demo => done.map_err(|error| CommandError::Failed(format!("{error:#}"))),
        _ = terminate.recv() => Err(CommandError::Failed("stopped before its end".to_owned())),
        _ = interrupt.recv() => Err(CommandError::Failed("stopped before its end".to_owned())),
    }
}

/// Prints what a demo found.
fn found(
    summary: &(impl serde::Serialize + ToString),
    is_right: bool,
    is_json: bool,
) -> Result<ExitCode, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Failed(error.to_string());
    let text = if is_json {
        serde_json::to_string(summary).map_err(|error| failed(&error))?
    } else {
        summary.to_string()
    };
    writeln!(stdout(), "{text}").map_err(|error| failed(&error))?;
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A seed that is printed, so that a run can be had again.
fn seed() -> u64 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// `mirror bench`.
pub(super) fn bench(args: &Bench, global: &Global) -> Result<ExitCode, CommandError> {
    let failed = |error: anyhow::Error| CommandError::Failed(format!("{error:#}"));
    let place = match &global.data_dir {
        // The disk that the node will use, and nothing of the node's.
        Some(directory) => std::fs::create_dir_all(directory).and_then(|()| tempfile::tempdir_in(directory)),
        None => tempfile::tempdir(),
    };
    let place = place.map_err(|error| failed(error.into()))?;
    let events = usize::try_from(args.events).unwrap_or(usize::MAX);
    let report =
        block_on(async { crate::bench::run(place.path(), args.seed, events).await.map_err(failed) })?;
    let text = if global.json {
        serde_json::to_string(&report).map_err(|error| failed(error.into()))?
    } else {
        report.to_string()
    };
    writeln!(stdout(), "{text}").map_err(|error| failed(error.into()))?;
    Ok(ExitCode::SUCCESS)
}
