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

impl Play {
    /// Both at the same time; the channels of the other follow on these.
    #[must_use]
    pub(super) fn beside(self, other: Self) -> Self {
        let offset = self.channels.len();
        let both =
            self.acts.into_iter().map(|act| (0, act)).chain(other.acts.into_iter().map(|act| (1, act)));
        let mut both: Vec<(usize, (Duration, Act))> = both.collect();
        both.sort_by_key(|(_, (after, _))| *after);
        let mut numbers: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        let mut said = 0;
        let acts = both.into_iter().map(|(play, (after, act))| {
            let known = &mut numbers[play];
            if matches!(act, Act::Say(_)) {
                known.push(said);
                said += 1;
            }
            (after, renumbered(act, known, play * offset))
        });
        let acts = acts.collect();
        Self { channels: self.channels.into_iter().chain(other.channels).collect(), acts }
    }
}

/// The same act with each message's number as `known` has it.
fn renumbered(act: Act, known: &[usize], channels_before: usize) -> Act {
    match act {
        Act::Say(line) => {
            let reply_to = line.reply_to.map(|number| known[number]);
            Act::Say(Line { channel: line.channel + channels_before, reply_to, ..line })
        }
        Act::Edit(number, text) => Act::Edit(known[number], text),
        Act::Delete(number) => Act::Delete(known[number]),
        Act::BulkDelete(numbers) => {
            Act::BulkDelete(numbers.into_iter().map(|number| known[number]).collect())
        }
        Act::Ban(author) => Act::Ban(author),
    }
}
