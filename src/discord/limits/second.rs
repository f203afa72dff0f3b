//! What all requests have together: Discord's global limit, and a node's share of it.
//!
//! ```text
//! sent ├── counted by Discord, somewhere here ──┤ answered ├──── a second ────┤ its place is free
//! ```
//! A request counts from when it arrived there, which is before its answer arrives here: a place that is free a second
//! after the answer can overrun no window, wherever Discord's begin. Only where answers are slow is the way there guessed.

/// Discord's second, and a little for clocks that go apart.
const SECOND_MS: u64 = 1_005;
/// The longest that a request is believed to be on its way before it is counted.
const WAY_MS_MAX: u64 = 250;
/// Requests a second that no node of a cluster takes: those of nodes that begin, until all others know of them.
const NEWCOMERS: usize = 2;

/// Who shares the global limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody else.
    Alone,
    /// A cluster: so many nodes, this one among them.
    Among(usize),
    /// A cluster, of which this node knows too little, or which may not know of this node.
    Unknown,
}

/// How many of `all` requests a second one node may send. What all nodes may send together is never more than `all`,
/// but where there are more nodes than requests.
#[must_use]
pub const fn share(all: usize, sharing: Sharing) -> usize {
    let newcomers = if all > NEWCOMERS { NEWCOMERS } else { 0 };
    let share = match sharing {
        Sharing::Alone => all,
        Sharing::Unknown => newcomers,
        Sharing::Among(0) => all - newcomers,
        Sharing::Among(nodes) => (all - newcomers) / nodes,
    };
    if share == 0 { 1 } else { share }
}

/// The last second.
#[derive(Debug)]
pub(super) struct Second {
    most: usize,
    /// By number: when its place is free again. Never many more than `most`.
    places: Vec<(u64, u64)>,
    number: u64,
}

impl Second {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, places: Vec::new(), number: 0 }
    }

    /// From now on, so many.
    pub(super) const fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// Milliseconds until one more may be sent.
    pub(super) fn wait(&mut self, now: u64) -> u64 {
        self.places.retain(|&(_, free_at)| free_at > now);
        let Some(nth) = self.places.len().checked_sub(self.most) else { return 0 };
        let mut frees: Vec<u64> = self.places.iter().map(|&(_, free_at)| free_at).collect();
        frees.sort_unstable();
        frees.get(nth).map_or(0, |at| at - now)
    }

    /// One is sent, or was a moment ago; gives its number.
    pub(super) fn sent(&mut self, at: u64) -> u64 {
        self.number += 1;
        self.places.push((self.number, at + WAY_MS_MAX + SECOND_MS));
        self.number
    }

    /// Its answer is here.
    pub(super) fn answered(&mut self, number: u64, now: u64) {
        if let Some((_, free_at)) = self.places.iter_mut().find(|place| place.0 == number) {
            *free_at = now.saturating_add(SECOND_MS).min(*free_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_never_have_more_together_than_there_is() {
        for (all, sharing, expected) in [
            (50, Sharing::Alone, 50),
            (50, Sharing::Unknown, 2),
            (50, Sharing::Among(1), 48),
            (50, Sharing::Among(2), 24),
            (50, Sharing::Among(3), 16),
            (50, Sharing::Among(7), 6),
            (50, Sharing::Among(48), 1),
            (50, Sharing::Among(500), 1),
            (50, Sharing::Among(0), 48),
            (2, Sharing::Among(2), 1),
            (2, Sharing::Unknown, 1),
            (1, Sharing::Alone, 1),
            (0, Sharing::Alone, 1),
        ] {
            assert_eq!(share(all, sharing), expected, "{all} {sharing:?}");
        }
        for nodes in 1..=48 {
            let together = nodes * share(50, Sharing::Among(nodes)) + share(50, Sharing::Unknown);
            assert!((26..=50).contains(&together), "{nodes} nodes: {together}");
        }
    }

    #[test]
    fn a_place_is_free_a_second_after_the_answer() {
        let mut second = Second::new(2);
        let first = second.sent(1_000);
        assert_eq!(second.wait(1_000), 0);
        let slow = second.sent(1_000);
        assert_eq!(second.wait(1_010), 1_245, "no answer yet");
        second.answered(first, 1_010);
        assert_eq!(second.wait(1_010), 1_005);
        second.answered(slow, 1_900);
        assert_eq!(second.wait(2_015), 0);
        second.sent(2_015);
        assert_eq!(second.wait(2_015), 240, "the slow one was counted within the longest way");
    }

    #[test]
    fn a_lesser_share_holds_at_once() {
        let mut second = Second::new(4);
        for n in 0..4 {
            second.sent(1_000 + 10 * n);
        }
        second.allow(2);
        assert_eq!(second.wait(1_100), 1_020 + 1_255 - 1_100, "three places must be free");
        second.allow(5);
        assert_eq!(second.wait(1_100), 0);
    }
}
