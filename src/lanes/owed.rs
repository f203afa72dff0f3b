//! What a lane owes, and since when.

use super::run::Job;
use events::{MessageId, Offset, Version};

/// A message that a lane has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    /// Of the event that says so.
    pub offset: Offset,
    pub message: MessageId,
    /// When that was observed, or the lane was told to look again.
    pub since: Version,
    /// It was told to look again.
    pub again: bool,
}

/// A lane goes by the log, from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByLog {
    pub from: Offset,
    /// What it finds there is owed since it was observed, but not before this.
    pub since: Version,
    /// It goes through the whole log once more.
    pub again: bool,
}

impl ByLog {
    /// Through the whole log once more, as it was told to at `now`.
    pub(super) const fn again(now: Version) -> Self {
        Self { from: Offset(0), since: now, again: true }
    }

    /// From its own place in the log on, which its row has kept.
    pub(super) fn kept(from: Offset, now: Version) -> Self {
        if from == Offset(0) { Self::again(now) } else { Self { from, since: Version(0), again: false } }
    }

    /// What an event that was observed then is for it.
    pub(super) fn finds(self, offset: Offset, message: MessageId, observed: Version) -> Owed {
        Owed { offset, message, since: self.since.max(observed), again: self.again }
    }
}

/// What a job had to do when it was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backlog {
    pub messages: usize,
    /// Of the first of them.
    pub head: Option<Offset>,
    pub since: Option<Version>,
    pub again: bool,
    /// Besides, it goes by the log from here.
    pub walking_from: Option<Offset>,
}

impl Backlog {
    pub(super) fn of(job: &Job) -> Self {
        let (first, walk) = (job.queue.front(), job.walk);
        let known = |since: Version| (since != Version(0)).then_some(since);
        Self {
            messages: job.queue.len(),
            head: first.map(|owed| owed.offset).or(walk.map(|walk| walk.from)),
            since: first.map(|owed| owed.since).or(walk.map(|walk| walk.since)).and_then(known),
            again: first.map_or(walk.is_some_and(|walk| walk.again), |owed| owed.again),
            walking_from: walk.map(|walk| walk.from),
        }
    }
}
