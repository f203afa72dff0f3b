//! The control row through a rebuild: every write is conditional on what was read.

use super::ReplayError;
use crate::ports::{JobError, Ports};
use events::MirrorId;
use projections::Generation;
use projections::key::{Bucket, Kind, Prefix};
use projections::lanes::{Control, Saved};
use projections::views::Scan;

/// The control row while this job builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Started {
    control: Control,
    building: Generation,
}

impl Started {
    pub(super) const fn building(self) -> Generation {
        self.building
    }

    pub(super) const fn active(self) -> Generation {
        self.control.active
    }
}

/// Writes `building` = a build that nobody has written to. One that a dead job left is forgotten.
pub(super) async fn start(ports: &Ports, mirror: MirrorId) -> Result<Started, ReplayError> {
    let old = ports.lanes.control(mirror).await?;
    let building = unused(ports, mirror, old).await?;
    let control = Control { building: Some(building), ..old };
    change(ports, mirror, old, control).await?;
    Ok(Started { control, building })
}

/// Makes the new build the one that is read, and keeps the old one.
pub(super) async fn flip(ports: &Ports, mirror: MirrorId, started: Started) -> Result<(), ReplayError> {
    let Started { control, building } = started;
    let new = Control { active: building, building: None, previous: Some(control.active) };
    change(ports, mirror, control, new).await
}

/// Forgets the build, if it is still this job's.
pub(super) async fn clear(ports: &Ports, mirror: MirrorId, started: Started) {
    let new = Control { building: None, ..started.control };
    ports.lanes.set_control(mirror, started.control, new).await;
}

/// Makes the build that was read before the one that is read, and keeps the other for a way back.
///
/// # Errors
/// When there is no earlier build, a replay is under way, or the lanes do not answer.
pub async fn rollback(ports: &Ports, mirror: MirrorId) -> Result<Control, ReplayError> {
    let old = ports.lanes.control(mirror).await?;
    let Some(previous) = old.previous else {
        let words = "there is no earlier build to go back to: this mirror was never rebuilt";
        return Err(JobError::Wrong(words.to_owned()).into());
    };
    let new = Control { active: previous, previous: Some(old.active), ..old };
    change(ports, mirror, old, new).await?;
    Ok(new)
}

async fn change(ports: &Ports, mirror: MirrorId, old: Control, new: Control) -> Result<(), ReplayError> {
    match ports.lanes.set_control(mirror, old, new).await {
        Saved::Yes => Ok(()),
        Saved::Fenced => Err(ReplayError::Overtaken),
        // Nobody else writes this job's row: if it is there, the write happened.
        Saved::Unknown if ports.lanes.control(mirror).await? == new => Ok(()),
        Saved::Unknown => Err(JobError::Retry("the control row could not be written".to_owned()).into()),
    }
}

/// The first build above all known ones without rows: a build begun by a dead job may hold some that the log
/// no longer says.
async fn unused(ports: &Ports, mirror: MirrorId, control: Control) -> Result<Generation, JobError> {
    let known = [Some(control.active), control.building, control.previous];
    let mut next = known.into_iter().flatten().max().map_or(0, |generation| generation.0) + 1;
    while is_used(ports, mirror, Generation(next)).await? {
        next += 1;
    }
    Ok(Generation(next))
}

/// Settings are loaded first, and every row has its bucket among them.
async fn is_used(ports: &Ports, mirror: MirrorId, generation: Generation) -> Result<bool, JobError> {
    for kind in Kind::ALL {
        let (bucket, prefix) = (Bucket::SETTINGS, Prefix::Settings(kind));
        let scan = Scan { mirror, generation, bucket, prefix, after: None, limit: 1 };
        if !ports.views.scan(scan).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
