//! The base of a rebuild: nothing may be missing below it.

use super::ReplayError;
use crate::mirrors::Known;
use crate::ports::{JobError, Ports};
use crate::reader::{Reader, Stretch};
use events::{Body, Event, Offset};

/// Refuses a rebuild that starts behind the mirror's declaration.
pub(super) async fn require(ports: &Ports, mirror: &Known, from: Offset) -> Result<(), ReplayError> {
    let words = match first(ports, mirror).await? {
        Some((at, event)) if !is_declaration(&event) => trimmed(mirror, at),
        Some((at, _)) if from > at => late(mirror, from, at),
        Some(_) => return Ok(()),
        None => return Err(JobError::Wrong(format!("the log holds no event of '{}'", mirror.name)).into()),
    };
    Err(ReplayError::NoBase(words))
}

/// Whether the log still holds `mirror` from its declaration on, and so every open link's first receipt.
///
/// # Errors
/// When the log does not answer.
pub async fn covers(ports: &Ports, mirror: &Known) -> Result<bool, JobError> {
    Ok(first(ports, mirror).await?.is_some_and(|(_, event)| is_declaration(&event)))
}

fn is_declaration(event: &Event) -> bool {
    matches!(event.body, Body::Declared(_))
}

/// The first event of the mirror that the log holds.
async fn first(ports: &Ports, mirror: &Known) -> Result<Option<(Offset, Event)>, JobError> {
    let mut reader = Reader::new(&*ports.log, Stretch::of_mirror(ports, mirror.id).await?).with_limit(1);
    while let Some(events) = reader.next().await? {
        if let Some(first) = events.into_iter().next() {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

fn trimmed(mirror: &Known, at: Offset) -> String {
    let Known { name, .. } = mirror;
    format!(
        "the log no longer holds the beginning of '{name}': its first event there, at offset {at}, is not its \
         declaration. An empty base would lose what came before; `--base live` repairs the views in use \
         instead (it adds what they lack and proves nothing)"
    )
}

fn late(mirror: &Known, from: Offset, at: Offset) -> String {
    let Known { name, .. } = mirror;
    format!(
        "offset {from} lies behind the declaration of '{name}' at offset {at}, so that an empty base would lose \
         what lies between; start at {at} or below (or leave --from out), or repair the views in use with \
         `--base live`"
    )
}
