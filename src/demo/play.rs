//! A play: who says what where and when, and what is edited and deleted later. Pure: the same seed gives the
//! same play.

use std::time::Duration;

/// One thing that somebody does. Messages are known by their number: the how-manieth message it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Somebody writes.
    Say(Line),
    /// The author changes a message.
    Edit(usize, String),
    /// Somebody removes a message.
    Delete(usize),
    /// A moderator removes several.
    BulkDelete(Vec<usize>),
    /// The operator bans an author from the mirror.
    Ban(String),
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Which channel: its place in [`Play::channels`].
    pub(super) channel: usize,
    /// Display name of the author.
    pub(super) author: String,
    /// The text.
    pub(super) text: String,
    /// The message it answers.
    pub(super) reply_to: Option<usize>,
}

/// A play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Play {
    /// The channels: mirror, guild and name of each.
    pub(super) channels: Vec<Channel>,
    /// What is done, and how long after the beginning. Zero: as soon as it can be.
    pub(super) acts: Vec<(Duration, Act)>,
}

/// One channel of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Channel {
    /// Name of the mirror that it belongs to.
    pub(super) mirror: String,
    /// Name of its guild.
    pub(super) guild: String,
    /// Its own name.
    pub(super) name: String,
}
