//! What an operator can ask: one struct a command, for the command line and for the admin socket alike.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use tools::replay::Base;

/// One command.
#[derive(Clone, Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a channel, or a forum among forums, a member of a mirror; the first link makes the mirror
    #[command(after_help = "Example: mirror link lounge https://discord.com/channels/41/42 --backfill")]
    Link(Link),
    /// End a channel's membership; its copies stay
    #[command(after_help = "Example: mirror cut lounge 42")]
    Cut(Cut),
    /// Stop mirroring a user's messages
    #[command(after_help = "Example: mirror ban 77 --mirror lounge --purge")]
    Ban(Ban),
    /// Mirror a user's messages again
    #[command(after_help = "Example: mirror unban 77 --mirror lounge")]
    Unban(Unban),
    /// List mirrors and their links
    #[command(after_help = "Example: mirror mirrors --json")]
    Mirrors,
    /// Show the node, the log, and each lane: what it does, how far behind it is, why it is held
    #[command(after_help = "Example: mirror status")]
    Status,
    /// Print events
    #[command(after_help = "Example: mirror log --mirror lounge --from 2h --kind edited --follow")]
    Log(Log),
    /// Trace one message: every version, every copy, every receipt
    #[command(after_help = "Example: mirror lineage https://discord.com/channels/41/42/43")]
    Lineage(Lineage),
    /// Rebuild a mirror's views from the log; with --apply, bring its channels in step with them
    #[command(
        after_help = "Examples:\n  mirror replay --mirror lounge\n  mirror replay --mirror lounge --until 2026-11-24T10:00Z\n  mirror replay --mirror lounge --apply --restore --dry-run\n  mirror replay rollback --mirror lounge",
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true
    )]
    Replay(Replay),
    /// Check the views, the receipts and the log against each other
    #[command(after_help = "Example: mirror verify --mirror lounge")]
    Verify(Verify),
    /// Let a held lane go on
    #[command(after_help = "Example: mirror release lounge 42 --adopt")]
    Release(Release),
    /// Hand over everything that this node works on, in a cluster, and take nothing new
    #[command(after_help = "It stays so until the node is started again.\n\nExample: mirror drain")]
    Drain,
    /// The archive: how it stands, whether it is whole, seal what waits, fill a lost log again
    #[command(
        after_help = "Examples:\n  mirror archive status\n  mirror archive verify\n  mirror archive seal\n  mirror archive restore --dry-run"
    )]
    Archive(Archive),
}

/// `mirror archive`.
#[derive(Clone, Debug, Serialize, Deserialize, Args)]
pub struct Archive {
    /// What to do
    #[command(subcommand)]
    pub action: ArchiveAction,
}

/// What `mirror archive` does.
#[derive(Clone, Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveAction {
    /// Show what is sealed, how far back the log can be read, and what waits
    #[command(after_help = "Example: mirror archive status --json")]
    Status,
    /// Read every segment and check it against itself, its neighbours and the log
    #[command(after_help = "Example: mirror archive verify")]
    Verify,
    /// Seal all that the log holds
    #[command(after_help = "Example: mirror archive seal")]
    Seal,
    /// Fill an empty log from the archive; killed and run again, it goes on. No node may run
    #[command(after_help = "Example: mirror archive restore --dry-run")]
    Restore(ArchiveRestore),
}

/// `mirror archive restore`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct ArchiveRestore {
    /// From this life of the log; default: the newest that is archived
    #[arg(long)]
    pub incarnation: Option<u32>,
    /// Although segments are missing: what they held is lost
    #[arg(long)]
    pub accept_holes: bool,
    /// Although a node that has not let go of a partition may still run
    #[arg(long)]
    pub force: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `mirror link`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Link {
    /// The mirror, by name; one that does not exist is made
    pub mirror: String,
    /// The channel or forum: its id, <#id>, or its address
    pub channel: String,
    /// The channel's guild, where neither its address nor the node tells
    #[arg(long)]
    pub guild: Option<String>,
    /// Show what is said there in the others, and nothing there
    #[arg(long, conflicts_with = "receive_only")]
    pub publish_only: bool,
    /// Show there what is said in the others, and nothing of it elsewhere
    #[arg(long)]
    pub receive_only: bool,
    /// It is a forum or a media channel, where no running node can tell
    #[arg(long)]
    #[serde(default)]
    pub forum: bool,
    /// Send the mirror's whole history there, from the log
    #[arg(long, conflicts_with = "publish_only")]
    pub backfill: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `mirror cut`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Cut {
    /// The mirror: its name, its id, or the beginning of either
    pub mirror: String,
    /// The channel: its id, <#id>, its address, or its name in the mirror
    pub channel: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `mirror ban`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Ban {
    /// The user: id or <@id>
    pub user: String,
    /// The mirror: its name, its id, or the beginning of either
    #[arg(long, short)]
    pub mirror: String,
    /// Remove the copies of what the user wrote before, too
    #[arg(long)]
    pub purge: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `mirror unban`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Unban {
    /// The user: id or <@id>
    pub user: String,
    /// The mirror: its name, its id, or the beginning of either
    #[arg(long, short)]
    pub mirror: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `mirror log`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Log {
    /// Only events of this mirror
    #[arg(long, short)]
    pub mirror: Option<String>,
    /// Only events in this channel, or receipts for it
    #[arg(long)]
    pub channel: Option<String>,
    /// Only events of this message, or of this copy
    #[arg(long)]
    pub message: Option<String>,
    /// Only events of this kind; may be given more than once
    #[arg(long, value_enum)]
    pub kind: Vec<EventKind>,
    /// From this offset, this time, or so long ago
    #[arg(long)]
    pub from: Option<String>,
    /// Up to this offset, this time, or so long ago, exclusive
    #[arg(long)]
    pub until: Option<String>,
    /// Begin so many events before the end of each partition
    #[arg(long, value_name = "N", conflicts_with = "from")]
    #[serde(default)]
    pub tail: Option<u64>,
    /// Wait for new events and print them too
    #[arg(long, short, conflicts_with = "until")]
    pub follow: bool,
    /// Stop after so many
    #[arg(long)]
    pub limit: Option<u64>,
    /// With --json: the payload as Discord sent it, too
    #[arg(long)]
    pub raw: bool,
}

/// The kinds of events, as they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A message was written.
    Created,
    /// Its author changed it.
    Edited,
    /// Discord changed what it adds.
    Refreshed,
    /// A message is gone.
    Deleted,
    /// A thread was made, changed or removed.
    Thread,
    /// What came of a request of ours.
    Receipt,
    /// A mirror was made or renamed.
    Declared,
    /// A channel became a member.
    Linked,
    /// A membership ended.
    Cut,
    /// What others removed is owed again.
    Restored,
    /// A ban, or another role.
    Granted,
    /// Its end.
    Revoked,
    /// Something could not be known.
    Gap,
    /// A channel was asked to be a member, or answered; or somebody tried what is not theirs to do.
    Consent,
    /// Anything else of a linked channel.
    Other,
}

/// `mirror lineage`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Lineage {
    /// A message or any copy of it: its id or its address
    pub message: String,
}

/// `mirror replay`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Replay {
    /// Something else than a rebuild
    #[command(subcommand)]
    pub action: Option<ReplayAction>,
    /// The mirror: its name, its id, or the beginning of either
    #[arg(long, short, required = true)]
    pub mirror: Option<String>,
    /// From this offset, this time, or so long ago; default: the log's beginning
    #[arg(long)]
    pub from: Option<String>,
    /// Up to here, exclusive: shows what the mirror was then, and keeps nothing (with --base live: repairs up to here)
    #[arg(long, conflicts_with = "apply")]
    pub until: Option<String>,
    /// What is built on: nothing, or the views in use (a repair, which adds and proves nothing)
    #[arg(long, value_enum, default_value = "empty")]
    pub base: BaseName,
    /// Swap although the rebuilt views differ from those in use: the log is right
    #[arg(long)]
    pub accept: bool,
    /// Bring the channels in step with the views: shows the plan, then asks
    #[arg(long, conflicts_with_all = ["from", "base", "accept"])]
    pub apply: bool,
    /// With --apply: send again what others removed
    #[arg(long, requires = "apply")]
    pub restore: bool,
    /// With --apply: only this channel; may be given more than once
    #[arg(long, requires = "apply")]
    pub channel: Vec<String>,
    /// With --apply: do not ask
    #[arg(long, short, requires = "apply")]
    pub yes: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What `mirror replay` does besides a rebuild.
#[derive(Clone, Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case")]
pub enum ReplayAction {
    /// Read the build that was read before the last replay; done again, it goes back
    #[command(after_help = "Example: mirror replay rollback --mirror lounge")]
    Rollback {
        /// The mirror: its name, its id, or the beginning of either
        #[arg(long, short)]
        mirror: String,
    },
}

/// [`Base`] on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum BaseName {
    /// Nothing
    #[default]
    Empty,
    /// The views in use
    Live,
}

impl From<BaseName> for Base {
    fn from(name: BaseName) -> Self {
        match name {
            BaseName::Empty => Self::Empty,
            BaseName::Live => Self::Live,
        }
    }
}

/// `mirror verify`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Verify {
    /// Only this mirror
    #[arg(long, short)]
    pub mirror: Option<String>,
}

/// `mirror release`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Args)]
pub struct Release {
    /// The mirror: its name, its id, or the beginning of either
    pub mirror: String,
    /// The channel: its id, <#id>, its address, or its name in the mirror
    pub channel: String,
    /// Accept the copies that nothing explains as they are. What was written before the last of them is not sent
    /// there for the first time any more, for it may be among them
    #[arg(long)]
    pub adopt: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
