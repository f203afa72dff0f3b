//! What is decided for one lease.

use crate::leases::{LeaseName, LeaseRow};

/// What to do next, with the row to save. Whoever performs it reports what became of it ([`super::Tenancy::saved`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody else may have it now, or soon: stop its work at once. Nothing is saved.
    Lost(LeaseName),
    /// Save, to keep it.
    Renew(LeaseName, LeaseRow),
    /// Stop its work in good order, then save, so that another may take it. It is not renewed any more.
    Give(LeaseName, LeaseRow),
    /// Save; if it holds, begin its work. The note is what the last holder left, but for the node's own name.
    Take(LeaseName, LeaseRow),
}

impl Step {
    /// What it is about.
    #[must_use]
    pub fn name(&self) -> LeaseName {
        match self {
            Self::Lost(name) | Self::Renew(name, _) | Self::Give(name, _) | Self::Take(name, _) => *name,
        }
    }

    /// What to save.
    #[must_use]
    pub fn row(&self) -> Option<&LeaseRow> {
        match self {
            Self::Lost(_) => None,
            Self::Renew(_, row) | Self::Give(_, row) | Self::Take(_, row) => Some(row),
        }
    }
}
