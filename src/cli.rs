//! The command line: from words to a command, from an answer to words.
//!
//! Exit codes: 0 done and in order; 1 not done, or `verify` found something; 2 asked for wrongly.

pub mod args;
mod check;
mod console;
mod draw;
mod init;
mod local;
mod migrate;
mod pages;
pub mod print;
pub mod reference;
mod schema;
mod start;

pub use args::Cli;

use crate::admin;
use crate::commands::answer::ApplyState;
use crate::commands::ask::Replay;
use crate::commands::{Answer, Command, CommandError};
use crate::config::{self, Config, Sources};
use args::{ConfigTask, Global, Verb};
use clap::Parser;
use draw::Terminal;
use local::{Local, Unavailable};
use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Asked for wrongly.
const WRONG: u8 = 2;

/// How long a command waits for a data directory that somebody has who does not answer: a node that starts or
/// stops, or another command.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { global, verb } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, errors to standard error; a closed pipe is no error.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG));
        }
    };
    let config = match load(&global, &verb) {
        Ok(config) => config,
        Err(error) => return complain(&CommandError::Wrong(error.to_string())),
    };
    // Two clients bring providers of their own: rustls must be told which one counts. A second call changes nothing.
    rustls::crypto::ring::default_provider().install_default().ok();
    start::telemetry(&config, matches!(verb, Verb::Run(_)));
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let result = match verb {
        Verb::Run(_) => start::run(&config),
        Verb::Demo(args) => start::demo(args, &global),
        Verb::Bench(args) => start::bench(&args, &global),
        Verb::Migrate(args) => start::block_on(migrate::run(&args, &global)),
        Verb::Schema(args) => start::block_on(schema::run(&config, &args, global.json)),
        Verb::Config(args) => {
            write_out(configured(&config, args.task, global.json)).map(|()| ExitCode::SUCCESS)
        }
        Verb::Init(args) => start::block_on(init::run(&args, &global)),
        Verb::Check(args) => start::block_on(check::run(&config, &args, global.json)),
        Verb::Console(args) => start::block_on(console::run(&config, args, global.json)),
        Verb::Page(page) => pages::write(&page).map(|()| ExitCode::SUCCESS),
        Verb::Command(command) => start::block_on(command_line(&config, &global, command)),
    };
    result.unwrap_or_else(|error| complain(&error))
}

/// What `mirror config` prints.
fn configured(config: &Config, task: ConfigTask, is_json: bool) -> String {
    match task {
        ConfigTask::Example => include_str!("../config.example.toml").to_owned(),
        ConfigTask::Show if is_json => format!("{}\n", config::json(&config.lines())),
        ConfigTask::Show => config::text(&config.lines()),
    }
}

fn load(global: &Global, verb: &Verb) -> Result<Config, crate::config::ConfigError> {
    // Neither reads a configuration: the one asks for none, the other is about to make it.
    if matches!(verb, Verb::Page(_) | Verb::Init(_)) {
        return Ok(Config::default());
    }
    let mut sources = Sources::of_process();
    sources.file.clone_from(&global.config);
    sources.flags = global.flags();
    if let Verb::Run(run) = verb {
        sources.flags.extend(run.flags());
    }
    sources.load()
}

fn complain(error: &CommandError) -> ExitCode {
    // Nothing is left to do where even this cannot be written.
    writeln!(stderr(), "mirror: {error}").ok();
    match error {
        CommandError::Wrong(_) => ExitCode::from(WRONG),
        CommandError::Failed(_) => ExitCode::FAILURE,
    }
}

/// Does one command, here or in the running node, and prints what it says.
async fn command_line(config: &Config, global: &Global, command: Command) -> Result<ExitCode, CommandError> {
    let terminal = Terminal::new(global.json, stderr().is_terminal());
    let mut answer = ask(&config.data_dir, config, &command, &terminal).await?;
    if let (Command::Replay(replay), Some(calls)) = (&command, waits_for_approval(&command, &answer)) {
        say(&answer, global)?;
        if !approve(calls)? {
            return Ok(ExitCode::FAILURE);
        }
        let approved = Command::Replay(Replay { yes: true, ..replay.clone() });
        answer = ask(&config.data_dir, config, &approved, &terminal).await?;
    }
    terminal.done();
    say(&answer, global)?;
    Ok(if answer.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The number of requests that a plan waits to be approved for.
fn waits_for_approval(command: &Command, answer: &Answer) -> Option<u64> {
    match (command, answer) {
        (Command::Replay(replay), Answer::Apply(apply)) => {
            let asked = replay.apply && !replay.yes && !replay.dry_run;
            (asked && apply.state == ApplyState::Planned).then_some(apply.calls)
        }
        _ => None,
    }
}

/// Asks on a terminal; never where nobody can answer.
fn approve(calls: u64) -> Result<bool, CommandError> {
    if !stdin().is_terminal() {
        let words =
            "nothing was sent: nobody can be asked here; look at the plan, then run it again with --yes";
        return Err(CommandError::Failed(words.to_owned()));
    }
    let failed = |error: std::io::Error| CommandError::Failed(error.to_string());
    write!(stderr(), "Send {calls} requests? [y/N] ").map_err(failed)?;
    let mut line = String::new();
    stdin().read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// From the running node, else over the data directory itself.
async fn ask(
    dir: &Path,
    config: &Config,
    command: &Command,
    terminal: &Terminal,
) -> Result<Answer, CommandError> {
    let began = Instant::now();
    loop {
        if let Some(answer) = admin::ask(dir, command, terminal).await {
            return answer;
        }
        match Local::open(config).await {
            Ok(local) => return local.execute(command.clone(), terminal).await,
            Err(Unavailable::InUse(words)) if began.elapsed() > PATIENCE => {
                let words = format!("{words}; it does not answer on its admin socket");
                return Err(CommandError::Failed(words));
            }
            Err(Unavailable::InUse(_)) => tokio::time::sleep(LOOK).await,
            Err(Unavailable::Other(words)) => return Err(CommandError::Failed(words)),
        }
    }
}

fn say(answer: &Answer, global: &Global) -> Result<(), CommandError> {
    let text = match (global.json, answer) {
        // Its entries are all of it.
        (true, Answer::Logged(_)) => String::new(),
        (true, answer) => {
            let value = answer.json().map_err(|error| CommandError::Failed(error.to_string()))?;
            format!("{value}\n")
        }
        (false, answer) => print::text(answer),
    };
    write_out(&text)
}

/// A reader that has gone (`| head`) is no error.
fn write_out(text: impl AsRef<[u8]>) -> Result<(), CommandError> {
    match stdout().write_all(text.as_ref()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::Failed(format!("cannot write: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
