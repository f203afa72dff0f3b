//! Which files of a copy stay when its author took some back.

/// The files of a copy, in the order in which they were sent. Zero stands for one that was removed since, so that
/// each keeps its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    had: Vec<u64>,
    keeps: Vec<u64>,
}

impl Keep {
    /// From what it had, as far as is known, to what it is to have. `doubtful`: whether the last removal took effect
    /// is not known. `None`: nothing is to be removed.
    #[must_use]
    pub fn of(had: &[u64], keeps: &[u64], doubtful: bool) -> Option<Self> {
        let is_less = had != keeps || (doubtful && keeps.contains(&0));
        is_less.then(|| Self { had: had.to_vec(), keeps: keeps.to_vec() })
    }

    /// Those of the copy's own attachments that stay. `None`: all of them, for what was to go is gone, or somebody
    /// else has been there and nobody can tell them apart.
    #[must_use]
    pub fn choose(&self, own: &[u64]) -> Option<Vec<u64>> {
        let count = |files: &[u64]| files.iter().filter(|file| **file != 0).count();
        if own.len() == count(&self.keeps) {
            return None;
        }
        let all = own.len() == self.had.len();
        if !all && own.len() != count(&self.had) {
            return None;
        }
        // As many as are known to be there, or as many as were ever sent.
        let there = self.had.iter().zip(&self.keeps).filter(|(had, _)| all || **had != 0);
        Some(own.iter().zip(there).filter(|(_, (_, keeps))| **keeps != 0).map(|(own, _)| *own).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_told_by_its_place() {
        for (had, keeps, doubtful, own, wanted) in [
            (&[1, 2, 3][..], &[1, 0, 3][..], false, &[91, 92, 93][..], Some(&[91, 93][..])),
            (&[1, 2, 3], &[0, 0, 0], false, &[91, 92, 93], Some(&[])),
            // Removed before.
            (&[1, 0, 3], &[1, 0, 0], false, &[91, 93], Some(&[91])),
            // It is not known whether the removal took effect: it did; it did not.
            (&[1, 0, 3], &[1, 0, 3], true, &[91, 93], None),
            (&[1, 0, 3], &[1, 0, 3], true, &[91, 92, 93], Some(&[91, 93])),
            // Somebody else removed one.
            (&[1, 2, 3], &[1, 0, 3], false, &[92], None),
        ] {
            let keep = Keep::of(had, keeps, doubtful).unwrap();
            assert_eq!(keep.choose(own).as_deref(), wanted, "{had:?} {keeps:?} {own:?}");
        }
        assert_eq!(Keep::of(&[1, 2], &[1, 2], true), None);
        assert_eq!(Keep::of(&[1, 0], &[1, 0], false), None);
    }
}
