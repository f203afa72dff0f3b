//! This machine: the configuration, the data directory, its disk, the clock.

use super::Line;
use crate::config::{Config, Place};
use events::Version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Less room than this, and the log soon takes nothing more, in bytes.
pub const FREE_MIN: u64 = 100 << 20;
/// Less room than this is little, in bytes.
pub const FREE_LITTLE: u64 = 1 << 30;
/// A clock that is off by more is warned of, in milliseconds.
pub const CLOCK_OFF_MS: i64 = 2_000;
/// A clock that is off by more is wrong, in milliseconds.
pub const CLOCK_WRONG_MS: i64 = 60_000;

/// Where the configuration comes from, and what is odd about it.
#[must_use]
pub fn configuration(config: &Config) -> Vec<Line> {
    let mut kinds = BTreeMap::<String, usize>::new();
    for place in config.places.values() {
        let kind = match place {
            Place::Default => continue,
            Place::File(file, _) => file.display().to_string(),
            Place::Variable(_) => "the environment".to_owned(),
            Place::Flag(_) => "flags".to_owned(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let said: Vec<_> = kinds.iter().map(|(kind, keys)| format!("{} from {kind}", keys_of(*keys))).collect();
    let found = if said.is_empty() { "all defaults".to_owned() } else { said.join(", ") };
    let odd = |warning: &String| Line::warn("configuration", warning.as_str(), "remove it or spell it right");
    [Line::ok("configuration", found)].into_iter().chain(config.warnings.iter().map(odd)).collect()
}

fn keys_of(keys: usize) -> String {
    if keys == 1 { "1 key".to_owned() } else { format!("{keys} keys") }
}

/// A data directory, looked at from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directory {
    /// There is nothing yet; room is where it would be.
    Missing {
        /// Free on the disk, in bytes.
        free: Option<u64>,
    },
    /// Something else is there.
    NotADirectory,
    /// The system does not let us look.
    Closed(String),
    /// It is there.
    There(Inside),
}

/// What a data directory is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Permission bits.
    pub mode: u32,
    /// Whose it is, a user's number.
    pub owner: u32,
    /// Who we are.
    pub us: u32,
    /// Whether files can be made in it.
    pub is_writable: bool,
    /// Free on its disk, in bytes; none: the system does not say.
    pub free: Option<u64>,
    /// How large `views.db` is, in bytes.
    pub views: u64,
}

impl Inside {
    /// Whether what we make in it is of the same owner as all the rest.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.owner == self.us
    }
}

/// The data directory and its disk.
#[must_use]
pub fn directory(path: &Path, directory: &Directory) -> Vec<Line> {
    let (about, shown) = ("data directory", path.display());
    match directory {
        Directory::Missing { free } => {
            let there =
                Line::ok(about, format!("{shown} is not there yet; the first `mirror link` makes it"));
            [Some(there), disk(*free, 0)].into_iter().flatten().collect()
        }
        Directory::NotADirectory => {
            vec![Line::fails(
                about,
                format!("{shown} is no directory"),
                "name another one: data_dir, or --data-dir",
            )]
        }
        Directory::Closed(why) => {
            let advice = "run this as the user that the node runs as";
            vec![Line::fails(about, format!("{shown} cannot be looked at: {why}"), advice)]
        }
        Directory::There(inside) => {
            [Some(there(path, inside)), disk(inside.free, inside.views)].into_iter().flatten().collect()
        }
    }
}

fn there(path: &Path, inside: &Inside) -> Line {
    let (about, shown) = ("data directory", path.display());
    if !inside.is_ours() {
        let found = format!("{shown} belongs to user {}, and this is user {}", inside.owner, inside.us);
        let advice = "run this, and every command, as the user that the node runs as: files made by another would stop it";
        return Line::fails(about, found, advice);
    }
    if !inside.is_writable {
        return Line::fails(
            about,
            format!("nothing can be written in {shown}"),
            "make it writable for this user",
        );
    }
    match inside.mode & 0o077 {
        0 => Line::ok(about, format!("{shown}, for its owner alone")),
        _ => {
            let found = format!("{shown} is open to others (mode {:03o})", inside.mode & 0o777);
            Line::warn(about, found, format!("chmod 700 {shown}: it holds everything that people said"))
        }
    }
}

/// Room on the disk. A rebuild of the views needs as much again as they take.
fn disk(free: Option<u64>, views: u64) -> Option<Line> {
    let free = free?;
    let found = format!("{} free", size(free));
    Some(match free {
        _ if free < FREE_MIN => {
            Line::fails("disk", found, "free some space: a full disk stops the log, and with it everything")
        }
        _ if free < FREE_LITTLE => Line::warn("disk", found, "free some space before the log needs it"),
        _ if free < views => {
            let found = format!("{found}, and views.db takes {}", size(views));
            Line::warn(
                "disk",
                found,
                "free some space: `mirror replay` builds views anew beside the old ones",
            )
        }
        _ => Line::ok("disk", found),
    })
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 30 => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
        _ => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}

/// Who works in a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A node, which answers.
    Runs,
    /// Nobody.
    Rests,
    /// What is in it cannot be read: why.
    Unread(String),
}

/// Whether a node runs.
#[must_use]
pub fn node(node: &Node, path: &Path) -> Line {
    let path: PathBuf = path.into();
    match node {
        Node::Runs => Line::ok("node", "one runs in the data directory, and answers"),
        Node::Rests => Line::ok("node", "none runs in the data directory"),
        Node::Unread(why) => {
            let advice =
                format!("set that right; `mirror status --data-dir {}` asks the same", path.display());
            Line::fails("node", why.as_str(), advice)
        }
    }
}

/// One answer of Discord's, and our clock around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    /// Before it was asked.
    pub before: Version,
    /// When the answer was there.
    pub after: Version,
    /// What Discord's clock said in between, in whole seconds since 1970.
    pub theirs_s: i64,
}

impl Ticks {
    /// By how much our clock is ahead, at least, in milliseconds; below zero: behind. Zero: nothing is proved.
    #[must_use]
    pub const fn off_ms(self) -> i64 {
        let (begin, end) = (self.theirs_s * 1_000_000, (self.theirs_s + 1) * 1_000_000);
        if self.before.0 > end {
            (self.before.0 - end) / 1_000
        } else if self.after.0 < begin {
            (self.after.0 - begin) / 1_000
        } else {
            0
        }
    }
}

/// The clock, measured against Discord's.
#[must_use]
pub fn clock(ticks: Ticks) -> Line {
    let off = ticks.off_ms();
    let direction = if off > 0 { "ahead of" } else { "behind" };
    let found = format!("{} s {direction} Discord's", off.abs() / 1_000);
    let advice = "synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it";
    match off.abs() {
        0..=CLOCK_OFF_MS => Line::ok("clock", "agrees with Discord's"),
        ..=CLOCK_WRONG_MS => Line::warn("clock", found, advice),
        _ => Line::fails("clock", found, advice),
    }
}
