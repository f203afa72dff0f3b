//! What can be written on the command line.

use crate::commands::Command;
use crate::demo::cluster::Havoc;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Keeps Discord channels in step: an event log, projected views, exactly-once copies, replay.
#[derive(Debug, Parser)]
#[command(name = "mirror", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "Start with: mirror demo\nThen: mirror init\nAnd: mirror run")]
pub struct Cli {
    /// What counts for every verb.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What counts for every verb.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Configuration file [default: ./mirror.toml, else mirror.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory [default: ./mirror-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What is written to standard error: error, warn, info, debug, trace, or directives
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the node
    #[command(after_help = "Example: MIRROR_DISCORD_TOKEN=... mirror run --data-dir /var/lib/mirror")]
    Run(Run),
    /// Watch it work: a Discord of its own, three channels, and a node that is killed again and again
    #[command(
        after_help = "Without --data-dir it works in a directory of its own, which is gone afterwards.\n\nExamples:\n  mirror demo --seed 7 --kills 10\n  mirror demo --cluster\n  mirror demo --cluster --havoc kill-node,zombie --duration 30"
    )]
    Demo(Demo),
    /// Measure the log and the views on this machine: append, read, fold, rebuild
    #[command(
        after_help = "It works in a directory of its own, which is gone afterwards: below --data-dir where that is given.\n\nExample: mirror bench --events 100000"
    )]
    Bench(Bench),
    /// Make the tables of a CQL cluster, or compare them with what they should be
    #[command(
        after_help = "The address and the replication come from the configuration (views, cluster.replication) unless given here; an address may hold a password, so better MIRROR_VIEWS than --views.\n\nExample: mirror schema apply --views cql://127.0.0.1:9042/mirror --replication SimpleStrategy:1"
    )]
    Schema(Schema),
    /// Move everything from a data directory to a cluster, or back: the log first, while the node runs, then the
    /// lanes, with --switch, once it has stopped
    #[command(
        after_help = "Each side is a data directory, or a configuration file (NAME.toml) that names the stores. Killed and run again, it goes on. With --switch the views of both sides are compared, mirror by mirror, before anything is switched; from then on no node works on the old side any more.\n\nExample:\n  mirror migrate --from /var/lib/mirror --to cluster.toml\n  mirror migrate --from /var/lib/mirror --to cluster.toml --switch"
    )]
    Migrate(Migrate),
    /// Make a first configuration: asks for the data directory and the bot's token, tries the token, and says how to go on
    #[command(
        after_help = "It writes mirror.toml, and the token into a file of its own that only its owner can read. Answers may come from a pipe, a line each.\n\nExamples:\n  mirror init\n  mirror init --config /etc/mirror/mirror.toml --data-dir /var/lib/mirror --token-file /etc/mirror/token --yes"
    )]
    Init(Init),
    /// Look whether everything is ready: configuration, disk, clock, token, and permissions in each linked channel
    #[command(
        after_help = "It changes nothing, and works whether a node runs or not. What is wrong comes with what to do. Exit code: 0 all is well (there may be warnings), 1 something fails.\n\nExamples:\n  mirror check\n  mirror check --mirror lounge --json"
    )]
    Check(Check),
    /// Show what is configured, and where each value is from
    #[command(
        after_help = "Secrets are not shown. `mirror config example` is a file with every key, its default and what it means.\n\nExample: mirror config show"
    )]
    Config(Configured),
    /// Print the way into the web console of a running node
    #[command(
        after_help = "What it prints lets whoever has it do all that the console can. From another machine, reach it through SSH: see docs/console.md.\n\nExamples:\n  mirror console\n  mirror console --rotate"
    )]
    Console(WebConsole),
    /// What other programs read.
    #[command(flatten)]
    Page(Page),
    /// A command for a running node, or for its data directory.
    #[command(flatten)]
    Command(Command),
}

/// `mirror run`.
#[derive(Clone, Debug, Default, Args)]
pub struct Run {
    /// This node's name in the log
    #[arg(long)]
    pub node: Option<String>,
    /// Base of Discord's REST API
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// The gateway to connect to
    #[arg(long, value_name = "URL")]
    pub gateway: Option<String>,
    /// Keep no rate limits: only against a stand-in that has none
    #[arg(long)]
    pub unlimited: bool,
}

/// `mirror demo`.
#[derive(Clone, Debug, Default, Args)]
pub struct Demo {
    /// Replays the demo of this seed
    #[arg(long)]
    pub seed: Option<u64>,
    /// Plays real chat: IRC logs in this directory
    #[arg(long, value_name = "DIR")]
    pub chat: Option<PathBuf>,
    /// So many messages said at once instead, in three mirrors of three channels
    #[arg(long, value_name = "N")]
    pub messages: Option<usize>,
    /// Share of requests and dispatches that go wrong on Discord's side, 0 to 1
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub faults: f64,
    /// A hostile Discord: every fault at once and its strictest limits, on twenty channels
    #[arg(long, conflicts_with_all = ["chat", "messages", "faults", "unlimited"])]
    pub hostile: bool,
    /// No rate limits
    #[arg(long)]
    pub unlimited: bool,
    /// How often the node is killed
    #[arg(long)]
    pub kills: Option<usize>,
    /// How long the conversation lasts, in seconds
    #[arg(long, default_value_t = 20)]
    pub duration: u64,
    /// Port of the stand-in on 127.0.0.1 [default: any]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// No colours
    #[arg(long)]
    pub no_color: bool,
    /// Three nodes over a real RabbitMQ and a real Cassandra, which are brought up and killed too
    #[arg(long)]
    pub cluster: bool,
    /// With --cluster: what is done to nodes, servers and connections, one after another
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME", requires = "cluster")]
    pub havoc: Vec<Havoc>,
    /// With --havoc rabbit-down: for how long, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, requires = "cluster")]
    pub down: u64,
}

/// `mirror schema`.
#[derive(Clone, Debug, Args)]
pub struct Schema {
    /// What to do.
    #[command(subcommand)]
    pub task: SchemaTask,
    /// The cluster: cql://user:password@host:9042,host2/keyspace
    #[arg(long, global = true, value_name = "URL")]
    pub views: Option<String>,
    /// Of the keyspace: SimpleStrategy:3, or NetworkTopologyStrategy:dc1=3,dc2=3
    #[arg(long, global = true)]
    pub replication: Option<String>,
}

/// What `mirror schema` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum SchemaTask {
    /// Make what is missing: keyspace, tables, columns. Whatever else differs is listed, and nothing is changed then
    Apply,
    /// List what differs; the exit code is 1 if anything does
    Diff,
}

/// What shells and `man` read: it needs no configuration.
#[derive(Debug, Subcommand)]
pub enum Page {
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  mirror completions bash > ~/.local/share/bash-completion/completions/mirror\n  mirror completions fish > ~/.config/fish/completions/mirror.fish"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write man pages: one of each command, and one that names them all
    #[command(after_help = "Example: mirror man --dir ~/.local/share/man/man1")]
    Man {
        /// A directory that is there; without it, the first page is printed
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Write the pages of the manual that are made from the definitions: one of each command, and the configuration
    #[command(hide = true, after_help = "Example: mirror docs --dir docs")]
    Docs {
        /// The folder of the manual
        #[arg(long)]
        dir: PathBuf,
    },
}

/// `mirror init`.
#[derive(Clone, Debug, Default, Args)]
pub struct Init {
    /// A file that holds the token, and goes on holding it; without it the token is asked for
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Ask nothing: what is not given is the default
    #[arg(long, requires = "token_file")]
    pub yes: bool,
    /// Write over files that are there
    #[arg(long)]
    pub force: bool,
    /// Base of Discord's REST API
    #[arg(long, value_name = "URL", env = "MIRROR_DISCORD_API")]
    pub api: Option<String>,
    /// The gateway to connect to
    #[arg(long, value_name = "URL", env = "MIRROR_DISCORD_GATEWAY")]
    pub gateway: Option<String>,
}

/// `mirror check`.
#[derive(Clone, Debug, Default, Args)]
pub struct Check {
    /// Only channels of this mirror: its name, its id, or the beginning of either
    #[arg(long, short)]
    pub mirror: Option<String>,
    /// Only this channel: its id, <#id>, its address, or its name in the mirror
    #[arg(long, short)]
    pub channel: Option<String>,
}

/// `mirror config`.
#[derive(Clone, Debug, Args)]
pub struct Configured {
    /// What to do.
    #[command(subcommand)]
    pub task: ConfigTask,
}

/// What `mirror config` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigTask {
    /// Every key with its value and where that is from: a line of a file, a variable, a flag, or the default
    Show,
    /// A configuration file with every key, its default and what it means
    Example,
}

/// `mirror console`.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct WebConsole {
    /// Make another token: whoever came in with the old one has to come in again
    #[arg(long)]
    pub rotate: bool,
}

/// `mirror migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Where everything is now: a data directory or a configuration file
    #[arg(long, value_name = "DIR|FILE")]
    pub from: PathBuf,
    /// Where it goes: a data directory or a configuration file
    #[arg(long, value_name = "DIR|FILE")]
    pub to: PathBuf,
    /// Finish it: no node may run on either side
    #[arg(long, conflicts_with = "back")]
    pub switch: bool,
    /// Undo a switch: the old side is the one in use again, and what happened on the new one since is not in it
    #[arg(long)]
    pub back: bool,
    /// Although a node that has not let go of a partition may still run
    #[arg(long)]
    pub force: bool,
}

/// `mirror bench`.
#[derive(Clone, Debug, Default, Args)]
pub struct Bench {
    /// Measures with the events of this seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Events on the log, about 900 bytes each
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    pub events: u64,
}

impl Global {
    /// The keys of the configuration that are set here.
    #[must_use]
    pub fn flags(&self) -> Vec<(&'static str, String)> {
        let dir = self.data_dir.as_ref().map(|dir| ("data_dir", dir.display().to_string()));
        let level = self.log_level.clone().map(|level| ("telemetry.level", level));
        dir.into_iter().chain(level).collect()
    }
}

impl Run {
    /// The keys of the configuration that are set here.
    #[must_use]
    pub fn flags(&self) -> Vec<(&'static str, String)> {
        let node = self.node.clone().map(|node| ("node", node));
        let api = self.api.clone().map(|api| ("discord.api", api));
        let gateway = self.gateway.clone().map(|gateway| ("discord.gateway", gateway));
        let limits = self.unlimited.then(|| ("discord.rate_limits", false.to_string()));
        [node, api, gateway, limits].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        for verb in Cli::command().get_subcommands() {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("mirror {}", verb.get_name());
            assert!(help.contains(&example), "`{example} --help` shows no example: {help}");
        }
    }
}
