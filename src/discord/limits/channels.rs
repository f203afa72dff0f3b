//! What all webhooks of a channel post together: Discord counts it and tells nobody.
//!
//! No header announces this limit. A staff member named it once, thirty in sixty seconds, and clients met it as a 429
//! with a long `Retry-After` while their bucket still had room. Source: discord-api-docs issues 367, 1454, 1297.

use std::collections::{HashMap, VecDeque};

/// The minute of the limit, with room for the way there.
pub(super) const WINDOW_MS: u64 = 61_000;

/// When what was posted in which channel.
#[derive(Debug, Default)]
pub(super) struct Channels {
    posts: HashMap<u64, VecDeque<u64>>,
    /// When somebody else posted last.
    others: HashMap<u64, u64>,
}

impl Channels {
    /// Milliseconds until one more may be posted.
    pub(super) fn wait(&mut self, channel: u64, most: usize, now: u64) -> u64 {
        let Some(posts) = self.posts.get_mut(&channel).filter(|_| most > 0) else { return 0 };
        while posts.front().is_some_and(|at| at + WINDOW_MS <= now) {
            posts.pop_front();
        }
        let over = (posts.len() + 1).saturating_sub(most);
        over.checked_sub(1).and_then(|nth| posts.get(nth)).map_or(0, |at| at + WINDOW_MS - now)
    }

    /// When somebody else posted last: a process before this one.
    pub(super) fn other(&self, channel: u64) -> Option<u64> {
        self.others.get(&channel).copied()
    }

    /// Somebody else posted.
    pub(super) fn posted_by_other(&mut self, channel: u64, at: u64) {
        let last = self.others.entry(channel).or_default();
        *last = at.max(*last);
        self.posted(channel, at);
    }

    /// One is posted, or was, at a time that may lie a little back.
    pub(super) fn posted(&mut self, channel: u64, at: u64) {
        let posts = self.posts.entry(channel).or_default();
        let place = posts.partition_point(|other| *other <= at);
        posts.insert(place, at);
    }

    /// Forgets channels in which nothing was posted of late.
    pub(super) fn forget_idle(&mut self, now: u64) {
        self.posts.retain(|_, posts| posts.back().is_some_and(|at| at + WINDOW_MS > now));
        self.others.retain(|_, at| *at + WINDOW_MS > now);
    }

    pub(super) fn len(&self) -> usize {
        self.posts.len()
    }
}
