//! `archive`: status, verify, seal, restore.

use super::answer::{Answer, Archive, Restored};
use super::ask::{ArchiveAction, ArchiveRestore};
use super::{CommandError, Desk, Listener};
use crate::archive::refill::{Refill, refill};
use crate::archive::{Backed, check, seal};
use tools::JobError;

/// Does what the words say.
pub(super) async fn archive(
    desk: &Desk,
    action: ArchiveAction,
    to: &dyn Listener,
) -> Result<Answer, CommandError> {
    let Some(backed) = &desk.archive else {
        let words = "there is no archive: set archive.url (a directory, or s3://BUCKET/PREFIX?endpoint=...)";
        return Err(CommandError::Wrong(words.to_owned()));
    };
    backed.archive.claim(desk.ports.partitions).await.map_err(JobError::from)?;
    let ports = backed.bare(&desk.ports);
    let said = match action {
        ArchiveAction::Status => Archive::Status(check::status(&backed.archive, &ports).await?),
        ArchiveAction::Verify => Archive::Verified(check::verify(&backed.archive, &ports, to).await?),
        ArchiveAction::Seal => {
            let mut sealed = Vec::new();
            for partition in ports.all_partitions() {
                sealed.push(seal::seal(&backed.archive, (&*backed.log, partition), None, to).await?);
            }
            Archive::Sealed(sealed)
        }
        ArchiveAction::Restore(ask) => Archive::Restored(restore(desk, backed, &ask, to).await?),
    };
    Ok(Answer::Archive(said))
}

/// Fills every partition; then the views, which tell the lanes.
async fn restore(
    desk: &Desk,
    backed: &Backed,
    ask: &ArchiveRestore,
    to: &dyn Listener,
) -> Result<Restored, CommandError> {
    at_rest(desk, ask.force).await?;
    let ports = backed.bare(&desk.ports);
    let ArchiveRestore { incarnation, accept_holes, dry_run, .. } = *ask;
    let mut restored = Restored { dry_run, ..Restored::default() };
    for partition in ports.all_partitions() {
        let ask = Refill { incarnation, accept_holes, dry_run };
        restored.partitions.push(refill(&backed.archive, (&*backed.log, partition), ask, to).await?);
    }
    if dry_run {
        return Ok(restored);
    }
    for partition in ports.all_partitions() {
        let tail = ports.log.tail(partition).await.map_err(JobError::from)?;
        desk.follow.caught_up(partition, tail).await?;
    }
    restored.lanes = tools::lanes::walk_again(&ports).await?;
    Ok(restored)
}

/// A lane that sees a message before its receipt is back would send it again: nobody may work meanwhile.
async fn at_rest(desk: &Desk, force: bool) -> Result<(), CommandError> {
    if desk.live.is_some() {
        let words = "a node runs here, and would send again what is not all back yet: stop it first";
        return Err(CommandError::Wrong(words.to_owned()));
    }
    if force || !desk.is_shared {
        return Ok(());
    }
    match tools::lanes::worker(&*desk.leases).await? {
        None => Ok(()),
        Some(node) => Err(CommandError::Wrong(format!(
            "node {node} has not let go of its partitions: stop all nodes first, or give --force where it is dead"
        ))),
    }
}
