//! Where to go on when a connection to a stream begins. Pure.
//!
//! The broker stores a number under a name once, and only if it is greater than all it has of that name; what is not
//! greater it *confirms and drops*. So a wrong guess here loses events in silence:
//!
//! * It has more than we can have sent: our file was put back from a backup, or was lost, and new events bear numbers
//!   that were used. They go out under a new name.
//! * It refused a number and took a later one: the earlier one would be dropped. A new name, too.
//! * It has more than it confirmed: perhaps alone, for it counts what its replicas do not have yet. That is no
//!   confirmation, and lost if it dies now. What is sent again is stored once, and confirmed when it is safe.
//! * It has less than it confirmed: a failover lost it, or the stream was deleted and made anew. It gets it again.
//!
//! In doubt events are sent twice: the log may hold an event twice.

/// What is known when a connection begins. Numbers begin with 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The last number that the broker has under our name; 0: none, or it does not know the name.
    pub(super) stored: u64,
    /// The last that it confirmed.
    pub(super) confirmed: u64,
    /// The last that can have been sent.
    pub(super) sent: u64,
    /// Numbers up to this one were sent under an earlier name.
    pub(super) base: u64,
    /// The last number that the outbox has no more.
    pub(super) removed: u64,
    /// The least number that was refused on an earlier connection.
    pub(super) refused: Option<u64>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// Go on behind this number, which is confirmed.
    Behind(u64),
    /// The stream lost what it had confirmed: go on behind this number. `gone` of what it lost are not in the outbox
    /// any more.
    Again { behind: u64, gone: u64 },
    /// Take a new name, and go on behind what is confirmed.
    Rename,
}

pub(super) fn resume(known: Known) -> Resume {
    let Known { stored, sent, base, removed, refused, .. } = known;
    // What was removed was confirmed; how far that is may have been kept before.
    let confirmed = known.confirmed.max(removed);
    if stored > sent || refused.is_some_and(|refused| stored >= refused) {
        return Resume::Rename;
    }
    let stored = if stored == 0 && confirmed <= base { base } else { stored };
    if stored < confirmed {
        return Resume::Again { behind: stored.max(removed), gone: removed.saturating_sub(stored) };
    }
    Resume::Behind(confirmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let known = Known { stored: 70, confirmed: 60, sent: 80, base: 0, removed: 40, refused: None };
        let cases = [
            ("the first of all", Known::default(), Resume::Behind(0)),
            ("confirmations were lost on the way, or are not given yet", known, Resume::Behind(60)),
            ("as it should be", Known { stored: 60, ..known }, Resume::Behind(60)),
            ("a failover", Known { stored: 50, ..known }, Resume::Again { behind: 50, gone: 0 }),
            ("kept long ago", Known { removed: 65, ..known }, Resume::Behind(65)),
            ("an older one", Known { stored: 30, ..known }, Resume::Again { behind: 40, gone: 10 }),
            ("a stream made anew", Known { stored: 0, ..known }, Resume::Again { behind: 40, gone: 40 }),
            ("an outbox put back", Known { stored: 81, ..known }, Resume::Rename),
            ("an outbox that was lost", Known { stored: 9, ..Known::default() }, Resume::Rename),
            ("refused, and passed", Known { refused: Some(65), ..known }, Resume::Rename),
            ("refused, not passed", Known { refused: Some(71), ..known }, Resume::Behind(60)),
            ("renamed", Known { stored: 0, base: 60, ..known }, Resume::Behind(60)),
            ("renamed, and more", Known { stored: 64, base: 60, ..known }, Resume::Behind(60)),
            (
                "renamed, and then made anew",
                Known { stored: 0, base: 55, ..known },
                Resume::Again { behind: 40, gone: 40 },
            ),
        ];
        for (case, known, expected) in cases {
            assert_eq!(resume(known), expected, "{case}");
        }
    }
}
