//! `mirror check`: asks the machine, the stores and Discord; `crate::check` says what that means.

mod bot;
mod machine;
mod stores;

use super::args::Check as Args;
use super::draw::Terminal;
use super::{ask, write_out};
use crate::check::links::Link;
use crate::check::{Line, Report, machine as facts};
use crate::commands::answer::MirrorLine;
use crate::commands::{Answer, Command, CommandError};
use crate::config::Config;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use tools::mirrors::{self, Known};

/// Looks at everything, and prints what it found. Exit code 1 where something fails.
pub(super) async fn run(config: &Config, args: &Args, is_json: bool) -> Result<ExitCode, CommandError> {
    let terminal = Terminal::new(is_json, stderr().is_terminal());
    let directory = machine::look(&config.data_dir);
    let mut lines = facts::configuration(config);
    lines.extend(facts::directory(&config.data_dir, &directory));
    let (node, mirrors) = mirrors(config, &directory, &terminal).await;
    lines.push(facts::node(&node, &config.data_dir));
    let links = chosen(&mirrors, args)?;
    lines.extend(stores::look(config).await);
    lines.extend(bot::look(config, &links, node == facts::Node::Runs, &terminal).await);
    if links.is_empty() && !matches!(node, facts::Node::Unread(_)) {
        lines.push(Line::warn("links", "no channel is linked", "mirror link MIRROR CHANNEL"));
    }
    terminal.done();
    let report = Report { lines };
    write_out(if is_json { json(&report)? } else { report.to_string() })?;
    Ok(if report.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn json(report: &Report) -> Result<String, CommandError> {
    let text = serde_json::to_string(report).map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(text + "\n")
}

/// From the running node, else from the data directory; a directory that is not there, or that others own, is left alone.
async fn mirrors(
    config: &Config,
    directory: &facts::Directory,
    terminal: &Terminal,
) -> (facts::Node, Vec<MirrorLine>) {
    let has_log = config.data_dir.join(LOG_FILE).is_file();
    let may_open = match directory {
        facts::Directory::There(inside) => inside.is_ours() && inside.is_writable,
        facts::Directory::Missing { .. } | facts::Directory::NotADirectory | facts::Directory::Closed(_) => {
            false
        }
    };
    if !has_log || !may_open {
        return (facts::Node::Rests, Vec::new());
    }
    let runs = super::start::node_answers(config).await;
    match ask(&config.data_dir, config, &Command::Mirrors, terminal).await {
        Ok(Answer::Mirrors(said)) if runs => (facts::Node::Runs, said.mirrors),
        Ok(Answer::Mirrors(said)) => (facts::Node::Rests, said.mirrors),
        Ok(_) => (facts::Node::Unread("the node answers something else".to_owned()), Vec::new()),
        Err(error) => (facts::Node::Unread(error.to_string()), Vec::new()),
    }
}

/// The file without which there is nothing to read in a data directory.
const LOG_FILE: &str = "log.db";

/// The open links that were asked for.
fn chosen(mirrors: &[MirrorLine], args: &Args) -> Result<Vec<Link>, CommandError> {
    let known: Vec<_> = mirrors.iter().map(|line| Known { id: line.id, name: line.name.clone() }).collect();
    let only = args.mirror.as_deref().map(|word| mirrors::pick(&known, word)).transpose();
    let only = only.map_err(CommandError::Wrong)?.map(|known| known.id);
    let of = |line: &MirrorLine| {
        let (mirror, mirror_name) = (line.id, line.name.clone());
        let link = move |link: &crate::commands::answer::LinkLine| Link {
            mirror,
            mirror_name: mirror_name.clone(),
            channel: link.channel,
            name: link.name.clone(),
            guild: link.guild,
            publishes: link.publishes,
            receives: link.receives,
        };
        line.links.iter().filter(|link| link.open).map(link).collect::<Vec<_>>()
    };
    let mirrors = mirrors.iter().filter(|line| only.is_none_or(|only| only == line.id));
    let links: Vec<_> = mirrors.flat_map(of).collect();
    let Some(word) = &args.channel else { return Ok(links) };
    let asked = word.trim_matches(['<', '#', '>']).rsplit('/').next().unwrap_or(word);
    let found: Vec<_> =
        links.into_iter().filter(|link| link.channel.to_string() == asked || link.name == asked).collect();
    if found.is_empty() {
        return Err(CommandError::Wrong(format!(
            "no linked channel is '{word}': `mirror mirrors` lists them"
        )));
    }
    Ok(found)
}
