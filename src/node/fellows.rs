//! With how many nodes this one shares the bot's rate limits.

use crate::discord::limits::Sharing;

/// What one node may rely on.
pub(super) struct Fellows {
    /// By then every other node has looked at the leases.
    known_after_ms: u64,
    /// Since when this node has its name, for all to see.
    named_ms: Option<u64>,
}

impl Fellows {
    pub(super) const fn new(known_after_ms: u64) -> Self {
        Self { known_after_ms, named_ms: None }
    }

    /// After a look at the leases: so many nodes are `present`; `is_named`: this one is among them.
    pub(super) fn look(&mut self, present: usize, is_named: bool, now_ms: u64) -> Sharing {
        self.named_ms = is_named.then(|| self.named_ms.unwrap_or(now_ms));
        // Until the others know of this node they take all there is.
        match self.named_ms {
            Some(named_ms) if present > 0 && now_ms >= named_ms + self.known_after_ms => {
                Sharing::Among(present)
            }
            Some(_) | None => Sharing::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_waits_until_the_others_know_of_it() {
        use Sharing::{Among, Unknown};
        let mut fellows = Fellows::new(2_000);
        for (present, is_named, now_ms, expected) in [
            (2, false, 0, Unknown),
            (3, true, 1_000, Unknown),
            (3, true, 2_999, Unknown),
            (3, true, 3_000, Among(3)),
            (2, true, 3_100, Among(2)),
            (1, true, 3_200, Among(1)),
            (2, true, 3_300, Among(2)),
            // Its name is lost: the others may not count it any more.
            (1, false, 3_400, Unknown),
            (2, true, 3_500, Unknown),
            (2, true, 5_500, Among(2)),
        ] {
            assert_eq!(fellows.look(present, is_named, now_ms), expected, "at {now_ms}");
        }
    }
}
