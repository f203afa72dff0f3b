//! The proof of a migration: each mirror's views in both stores, by their digests.

use super::Migration;
use crate::mirrors;
use crate::ports::JobError;
use crate::progress::Progress;
use crate::quoted;
use events::MirrorId;
use projections::digest::digest;
use serde::{Deserialize, Serialize};

/// One mirror whose views are the same in both stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Its id.
    #[serde(with = "quoted")]
    pub id: MirrorId,
    /// Its name.
    pub name: String,
    /// The digest of both.
    pub digest: String,
}

/// Compares all mirrors of the source, and that the target has no other.
///
/// # Errors
/// Words that name the first mirror that differs.
pub(super) async fn compare(
    migration: &Migration<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Proof>, JobError> {
    let (source, target) = (migration.source, migration.target);
    let known = mirrors::all(source).await?;
    if known != mirrors::all(target).await? {
        return Err(JobError::Stopped(
            "the target does not hold the mirrors that the source does; nothing was switched".to_owned(),
        ));
    }
    let mut proofs = Vec::new();
    for one in known {
        progress.at("comparing", proofs.len() as u64, 0);
        let [old, new] = [source, target].map(|ports| async {
            let active = ports.lanes.control(one.id).await?.active;
            Ok::<_, JobError>(digest(&*ports.views, one.id, active).await?)
        });
        let (old, new) = (old.await?, new.await?);
        if old != new {
            return Err(JobError::Stopped(format!(
                "the views of '{}' differ: {old} in the source, {new} in the target; nothing was switched. \
                 `mirror verify` on the source tells whether its views agree with its log",
                one.name
            )));
        }
        proofs.push(Proof { id: one.id, name: one.name, digest: new.to_string() });
    }
    Ok(proofs)
}
