//! The lanes' rows: all of them, and those whose place in the log has lost its meaning.

use crate::mirrors;
use crate::ports::{JobError, Ports};
use events::NodeId;
use projections::Leases;
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Saved};
use projections::leases::LeaseName;

/// Every lane that ever had a row, of open links and of cut ones.
///
/// # Errors
/// When a store does not answer.
pub async fn all(ports: &Ports) -> Result<Vec<(LaneId, LaneRow)>, JobError> {
    let mut found = Vec::new();
    for known in mirrors::all(ports).await? {
        let current = mirrors::load(ports, known).await?;
        for link in current.settings.links.keys() {
            let lane = LaneId { mirror: current.known.id, link: *link };
            if let Some(row) = ports.lanes.load(lane).await? {
                found.push((lane, row));
            }
        }
    }
    Ok(found)
}

/// Sends every lane that is behind through the whole log again: its place is one of another log. Tells how many.
/// Reading again is always harmless.
///
/// # Errors
/// When a store does not answer, or somebody works on the lane.
pub async fn walk_again(ports: &Ports) -> Result<u64, JobError> {
    let mut sent = 0;
    for (lane, row) in all(ports).await? {
        let floor = ports.log.floor(ports.partition(lane.mirror)).await?;
        if row.behind.is_some_and(|behind| behind != floor) {
            save(ports, lane, LaneRow { behind: Some(floor), ..row }).await?;
            sent += 1;
        }
    }
    Ok(sent)
}

/// Writes a row over the one that it was made from.
///
/// # Errors
/// When the store does not answer, or somebody else has written it meanwhile.
pub async fn save(ports: &Ports, lane: LaneId, row: LaneRow) -> Result<(), JobError> {
    let row = LaneRow { rev: row.rev + 1, claim: row.epoch, ..row };
    match ports.lanes.save(lane, row).await {
        Saved::Yes => Ok(()),
        Saved::Fenced | Saved::Unknown => {
            Err(JobError::Retry(format!("somebody works on the lane of channel {}", lane.link)))
        }
    }
}

/// The node that works on any partition of these stores, as the leases say. One that died may be named until it
/// is taken over.
///
/// # Errors
/// When the store does not answer.
pub async fn worker(leases: &dyn Leases) -> Result<Option<NodeId>, JobError> {
    let partition = |name: &LeaseName| matches!(name, LeaseName::Partition(_));
    let rows = leases.all().await?;
    let held = rows.into_iter().filter(|(name, _)| partition(name)).find_map(|(_, row)| row.holder);
    Ok(held.map(|holder| holder.node))
}
