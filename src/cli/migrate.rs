//! `mirror migrate`: everything from one set of stores to another.

use super::args::{Global, Migrate as Args};
use super::draw::Terminal;
use super::write_out;
use crate::archive::Backed;
use crate::commands::CommandError;
use crate::config::{Config, Sources};
use crate::sqlite::DataDir;
use crate::stores::{self, MOVED, Opened, StoresError};
use events::NodeId;
use projections::lanes::memory::MemoryLanes;
use projections::views::memory::MemoryViews;
use serde::Serialize;
use std::io::{IsTerminal, stderr};
use std::path::{Path, absolute};
use std::process::ExitCode;
use std::sync::Arc;
use tools::Ports;
use tools::follow::Stepper;
use tools::migrate::{Copied, Migration, Standing, Switched, set_standing, standing};

/// What it did.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Copied(Copied),
    Switched(Switched),
    Back,
}

/// Does it, and prints what it did.
pub(super) async fn run(args: &Args, global: &Global) -> Result<ExitCode, CommandError> {
    let (from, to) = (side(&args.from)?, side(&args.to)?);
    if absolute(&from.data_dir).ok() == absolute(&to.data_dir).ok() {
        let words =
            "both sides have the same data directory: name another in the new configuration (data_dir)";
        return Err(CommandError::Wrong(words.to_owned()));
    }
    if !from.is_cluster() && !from.data_dir.is_dir() {
        return Err(CommandError::Wrong(format!("there is no data directory {}", from.data_dir.display())));
    }
    let terminal = Terminal::new(global.json, stderr().is_terminal());
    let target = open(&to, args.force, "the new side").await?;
    let done = match (args.back, args.switch) {
        (true, _) => back(&from, &target, args.force).await,
        (false, true) => switch(args, &from, &target, &terminal).await,
        (false, false) => copy(&from, &target, &terminal).await,
    };
    terminal.done();
    let closed = target.close().await.map_err(|failure| CommandError::Failed(failure.to_string()));
    let said = done.and_then(|said| closed.map(|()| said))?;
    let json = serde_json::to_string(&said).map_err(|error| CommandError::Failed(error.to_string()))?;
    write_out(&if global.json { json + "\n" } else { words(&said, args) })?;
    Ok(ExitCode::SUCCESS)
}

/// A side is a data directory of its own, or what a configuration file names.
fn side(word: &Path) -> Result<Config, CommandError> {
    if word.extension().is_none_or(|ending| ending != "toml") {
        return Ok(Config { data_dir: word.to_owned(), ..Config::default() });
    }
    let mut sources = Sources::of_process();
    // It says itself where its directory is; passwords may be in the environment.
    sources.environment.remove("MIRROR_DATA_DIR");
    sources.file = Some(word.to_owned());
    sources.load().map_err(|error| CommandError::Wrong(error.to_string()))
}

/// Opens a side that nobody works on.
async fn open(config: &Config, force: bool, which: &str) -> Result<Opened, CommandError> {
    let opened = stores::open(config).await.map_err(|error| match error {
        StoresError::InUse(words) => CommandError::Wrong(format!("{which}: {words}")),
        StoresError::Setup(words) => CommandError::Wrong(format!("{which}: {words}")),
        StoresError::Failed(words) => CommandError::Failed(format!("{which}: {words}")),
    })?;
    let worker = match opened.stores.is_shared && !force {
        true => tools::lanes::worker(&*opened.stores.leases).await?,
        false => None,
    };
    match worker {
        None => Ok(opened),
        Some(node) => Err(CommandError::Wrong(format!(
            "{which}: node {node} has not let go of its partitions: stop all nodes there first, or give --force \
             where it is dead"
        ))),
    }
}

/// The log, while whoever runs on the source goes on.
async fn copy(from: &Config, target: &Opened, terminal: &Terminal) -> Result<Said, CommandError> {
    let into = &target.stores.ports;
    if !from.is_cluster() {
        let source = peek(from)?;
        return Ok(Said::Copied(Migration { source: &source, target: into }.copy(terminal).await?));
    }
    // Nodes may run: only its log is read.
    let source = open(from, true, "the old side").await?;
    let copied = Migration { source: &source.stores.ports, target: into }.copy(terminal).await?;
    source.close().await.map_err(|failure| CommandError::Failed(failure.to_string()))?;
    Ok(Said::Copied(copied))
}

/// The log of a data directory that a node may be running on.
fn peek(config: &Config) -> Result<Ports, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::Wrong(error.to_string());
    let log = DataDir::peek(&config.data_dir).map_err(|error| wrong(&error))?;
    let mut ports = Ports {
        log: Arc::new(log),
        views: Arc::new(MemoryViews::new()),
        lanes: Arc::new(MemoryLanes::new()),
        node: NodeId::default(),
        partitions: 1,
    };
    if let Some(url) = &config.archive.url {
        Backed::behind(&mut ports, url).map_err(|error| wrong(&error))?;
    }
    Ok(ports)
}

/// The rest, at rest. The old side is noted as moved before the new one may be worked on: killed in between,
/// nobody works on either until this is run again.
async fn switch(
    args: &Args,
    from: &Config,
    target: &Opened,
    terminal: &Terminal,
) -> Result<Said, CommandError> {
    let source = open(from, args.force, "the old side").await?;
    let (old, new) = (&source.stores.ports, &target.stores.ports);
    let stand = (standing(old).await?, standing(new).await?);
    if let ((Standing::Moved, Standing::Free) | (Standing::Filling | Standing::GivenUp, _), Some(words)) =
        (stand, stand.0.refusal())
    {
        return Err(CommandError::Wrong(format!("the old side: {words}")));
    }
    let follow = (Stepper::new(old.clone()), Stepper::new(new.clone()));
    let switched = Migration { source: old, target: new }.switch((&follow.0, &follow.1), terminal).await?;
    let place = absolute(&args.to).unwrap_or_else(|_| args.to.clone());
    mark(&source, &place.display().to_string(), Standing::Moved).await?;
    set_standing(new, Standing::Filled).await?;
    source.close().await.map_err(|failure| CommandError::Failed(failure.to_string()))?;
    Ok(Said::Switched(switched))
}

async fn mark(opened: &Opened, place: &str, standing: Standing) -> Result<(), CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Failed(error.to_string());
    opened.stores.state.set_value(MOVED, place).await.map_err(|error| failed(&error))?;
    set_standing(&opened.stores.ports, standing).await.map_err(|error| failed(&error))
}

/// The new side is given up before the old one may be worked on again.
async fn back(from: &Config, target: &Opened, force: bool) -> Result<Said, CommandError> {
    let source = open(from, force, "the old side").await?;
    let ports = &target.stores.ports;
    match standing(ports).await? {
        Standing::Filling | Standing::Filled | Standing::GivenUp => {}
        Standing::Free | Standing::Moved => {
            let words =
                "nothing was migrated to the new side, or it was moved on: there is no way back from it";
            return Err(CommandError::Wrong(words.to_owned()));
        }
    }
    set_standing(ports, Standing::GivenUp).await?;
    mark(&source, "", Standing::Free).await?;
    source.close().await.map_err(|failure| CommandError::Failed(failure.to_string()))?;
    Ok(Said::Back)
}

fn words(said: &Said, args: &Args) -> String {
    let (from, to) = (args.from.display(), args.to.display());
    match said {
        Said::Copied(Copied { events, unreadable, .. }) => {
            let left = match unreadable {
                0 => String::new(),
                many => format!("; {many} records that no program can read were left out"),
            };
            format!(
                "copied {events} events{left}\nrun it again for what is new; to finish, stop the node and add \
                 --switch\n"
            )
        }
        Said::Switched(Switched { copied, mirrors, lanes, lanes_walk }) => {
            let proofs: String = mirrors
                .iter()
                .map(|one| format!("'{}': digest {} on both sides\n", one.name, one.digest))
                .collect();
            let walk = if *lanes_walk { ", which go through the log once from its beginning" } else { "" };
            format!(
                "copied the last {} events\n{proofs}moved {lanes} lanes{walk}\n{to} is the one in use now: start \
                 the node there. No node works on {from} any more\n",
                copied.events
            )
        }
        Said::Back => format!("{from} is the one in use again; no node works on {to} any more\n"),
    }
}
