//! `mirror init`: a guided first configuration. Everything is asked and tried first; only then is anything written.
//!
//! ```text
//! data directory? token? ──> Discord: whose is it? ──> data directory, token file (0600), mirror.toml, in this order
//! ```
//! The token goes into a file of its own, never into the configuration. Nothing is written over without `--force`.

mod dialogue;
mod file;

use super::args::{Global, Init as Args};
use super::write_out;
use crate::check::bot::has_content;
use crate::commands::CommandError;
use crate::config::{Config, DATA_DIR, Discord};
use crate::discord::invite;
use crate::discord::profile::{Profile, Unanswered, profile};
use crate::node;
use dialogue::Dialogue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How often a wrong answer is asked again.
const TRIES_MAX: usize = 3;
/// The configuration where none is named.
const FILE: &str = "mirror.toml";
/// The token's file, beside it.
const TOKEN_FILE: &str = "mirror.token";

/// What is to be written.
struct Answers {
    data_dir: PathBuf,
    /// A new file's token; none: the operator's own file stays where it is.
    token: Option<SecretString>,
    token_file: PathBuf,
    /// Who it is, if Discord was asked.
    profile: Option<Profile>,
}

/// Asks, tries, writes, and says how to go on.
pub(super) async fn run(args: &Args, global: &Global) -> Result<ExitCode, CommandError> {
    let here = std::env::current_dir().map_err(|error| CommandError::Failed(error.to_string()))?;
    let config = here.join(global.config.as_deref().unwrap_or(Path::new(FILE)));
    let beside = config.with_file_name(TOKEN_FILE);
    let new = [Some(&config), args.token_file.is_none().then_some(&beside)];
    refuse_existing(new.into_iter().flatten(), args.force)?;
    let mut dialogue = Dialogue::new(args.yes, global.json);
    dialogue.say(
        "A first configuration. Enter takes what stands in brackets; nothing is written before the end.\n",
    )?;
    let data_dir = here.join(data_dir(&mut dialogue, global)?);
    let (token, profile) = token(&mut dialogue, args).await?;
    let token_file = args.token_file.as_ref().map_or(beside, |file| here.join(file));
    let token = args.token_file.is_none().then_some(token);
    let answers = Answers { data_dir, token, token_file, profile };
    let set = settings(&config, &answers, args);
    file::directory(&answers.data_dir)?;
    if let Some(token) = &answers.token {
        file::write(&answers.token_file, &format!("{}\n", token.expose_secret()), args.force)?;
    }
    file::write(&config, &file::text(include_str!("../../config.example.toml"), &set), args.force)?;
    dialogue.say(&outcome(&here, &config, &answers))?;
    if global.json {
        write_out(as_json(&config, &answers))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn refuse_existing<'a>(files: impl Iterator<Item = &'a PathBuf>, force: bool) -> Result<(), CommandError> {
    match files.into_iter().find(|file| !force && file.exists()) {
        None => Ok(()),
        Some(file) => {
            let file = file.display();
            Err(CommandError::Wrong(format!(
                "{file} is there already: --force writes over it, --config names another"
            )))
        }
    }
}

/// Where everything is kept.
fn data_dir(dialogue: &mut Dialogue, global: &Global) -> Result<PathBuf, CommandError> {
    if let Some(given) = &global.data_dir {
        return usable(given).map_err(CommandError::Wrong).map(|()| given.clone());
    }
    for _ in 0..TRIES_MAX {
        let answer = dialogue.ask("Data directory", Some(DATA_DIR))?;
        let path = file::at_home(&answer);
        match usable(&path) {
            Ok(()) => return Ok(path),
            Err(why) => dialogue.say(&format!("  {why}\n"))?,
        }
    }
    Err(CommandError::Wrong("no data directory: nothing was written".to_owned()))
}

fn usable(path: &Path) -> Result<(), String> {
    let is_other = path.exists() && !path.is_dir();
    if is_other { Err(format!("{} is no directory: name another", path.display())) } else { Ok(()) }
}

/// The token, and whose it is.
async fn token(
    dialogue: &mut Dialogue,
    args: &Args,
) -> Result<(SecretString, Option<Profile>), CommandError> {
    if let Some(file) = &args.token_file {
        let token = file::token(file)?;
        let profile = tried(dialogue, args, &token).await?.map_err(CommandError::Wrong)?;
        return Ok((token, profile));
    }
    for _ in 0..TRIES_MAX {
        let token = dialogue.ask_hidden(
            "Bot token (developer portal: your application, Bot, Reset Token; it is not shown)",
        )?;
        match tried(dialogue, args, &token).await? {
            Ok(profile) => return Ok((token, profile)),
            Err(why) => dialogue.say(&format!("  {why}\n"))?,
        }
    }
    Err(CommandError::Wrong("no token that works: nothing was written".to_owned()))
}

/// Asks Discord whose a token is. The inner error: this token will not do, and why.
async fn tried(
    dialogue: &mut Dialogue,
    args: &Args,
    token: &SecretString,
) -> Result<Result<Option<Profile>, String>, CommandError> {
    if token.expose_secret().is_empty() {
        return Ok(Err("without a token there is nothing to mirror with".to_owned()));
    }
    let api = args.api.clone().unwrap_or_else(|| Discord::default().api);
    let config = Config { discord: Discord { api, ..Discord::default() }, ..Config::default() };
    let rest = match node::rest(&config, token) {
        Ok(rest) => rest,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match profile(&rest).await {
        Ok(profile) => {
            dialogue.say(&greeting(&profile))?;
            Ok(Ok(Some(profile)))
        }
        Err(Unanswered::Token) => Ok(Err("Discord refuses this token; copy it again, all of it".to_owned())),
        Err(Unanswered::Refused(words)) => Ok(Err(format!("Discord says: {words}"))),
        Err(Unanswered::Unreached(why)) => {
            dialogue.say(&format!("  Discord cannot be reached: {why}\n"))?;
            match dialogue.agrees("Keep the token without knowing whether it is good?")? {
                true => Ok(Ok(None)),
                false => Err(CommandError::Failed(format!(
                    "Discord cannot be reached ({why}), so the token was not tried and nothing was written; try again"
                ))),
            }
        }
    }
}

fn greeting(profile: &Profile) -> String {
    let Profile { name, application, .. } = profile;
    let content = if has_content(profile) {
        "is on"
    } else {
        "is OFF: switch it on in the developer portal (Bot, Privileged Gateway Intents), else Discord refuses the session"
    };
    format!("  this is \"{name}\", application {application}\n  its Message Content intent {content}\n")
}

/// The keys that differ from the defaults.
fn settings(config: &Path, answers: &Answers, args: &Args) -> Vec<(&'static str, String)> {
    let shown = |path: &Path| file::from(config, path);
    let always = [("data_dir", shown(&answers.data_dir)), ("discord.token_file", shown(&answers.token_file))];
    let api = args.api.clone().map(|api| ("discord.api", api));
    let gateway = args.gateway.clone().map(|gateway| ("discord.gateway", gateway));
    always.into_iter().chain(api).chain(gateway).collect()
}

/// What was written, and what comes next.
fn outcome(here: &Path, config: &Path, answers: &Answers) -> String {
    let near = |path: &Path| path.strip_prefix(here).unwrap_or(path).display().to_string();
    let token = if answers.token.is_some() {
        "the token: only its owner can read it"
    } else {
        "the token, as it was"
    };
    let mirror = match config == here.join(FILE) {
        true => "mirror".to_owned(),
        false => format!("mirror --config {}", near(config)),
    };
    let invite = match &answers.profile {
        Some(profile) => format!("  {}\n", invite::url(profile.application)),
        None => "  (`mirror check` tells the address, once Discord is reached)\n".to_owned(),
    };
    format!(
        "\nWritten:\n  {}  the configuration\n  {}  {token}\n  {}  the data directory\n\nInvite the bot to each guild, as \
         somebody who manages it:\n{invite}\nThen, with the addresses of channels (\"Copy Link\" in Discord):\n  {mirror} link \
         lounge https://discord.com/channels/...\n  {mirror} link lounge https://discord.com/channels/...\n  {mirror} \
         check\n  {mirror} run\n",
        near(config),
        near(&answers.token_file),
        near(&answers.data_dir),
    )
}

fn as_json(config: &Path, answers: &Answers) -> String {
    let profile = answers.profile.as_ref();
    let said = json!({
        "config": config,
        "token_file": answers.token_file,
        "data_dir": answers.data_dir,
        "application": profile.map(|profile| profile.application.to_string()),
        "name": profile.map(|profile| &profile.name),
        "message_content": profile.map(has_content),
        "invite": profile.map(|profile| invite::url(profile.application)),
    });
    format!("{said}\n")
}
