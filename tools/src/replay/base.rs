//! The base of a rebuild: nothing may be missing below it.

use super::ReplayError;
use crate::mirrors::Known;
use crate::ports::{JobError, Ports};
use crate::reader::{Reader, Stretch};
use events::{Body, Offset};

/// Events of one page: the declaration is nearly always the first.
const LOOKED_AT: usize = 16;

/// Where a mirror begins in the log.
enum Beginning {
    /// At this offset, and nothing of it was cut off.
    Whole(Offset),
    /// The log holds no declaration of it before this event, which is the first that is left.
    Cut(Offset),
    /// The log holds nothing of it.
    Nowhere,
}

/// Refuses a rebuild that starts behind the mirror's declaration.
pub(super) async fn require(ports: &Ports, mirror: &Known, from: Offset) -> Result<(), ReplayError> {
    let words = match beginning(ports, mirror).await? {
        Beginning::Cut(at) => trimmed(mirror, at),
        Beginning::Whole(at) if from > at => late(mirror, from, at),
        Beginning::Whole(_) => return Ok(()),
        Beginning::Nowhere => {
            return Err(JobError::Wrong(format!("the log holds no event of '{}'", mirror.name)).into());
        }
    };
    Err(ReplayError::NoBase(words))
}

/// Whether the log still holds `mirror` from its declaration on, and so every open link's first receipt.
///
/// # Errors
/// When the log does not answer.
pub async fn covers(ports: &Ports, mirror: &Known) -> Result<bool, JobError> {
    Ok(matches!(beginning(ports, mirror).await?, Beginning::Whole(_)))
}

/// The declaration comes first, unless several outboxes have filled a lost stream again: then events of another node may
/// stand before it, and the log begins at its very beginning.
async fn beginning(ports: &Ports, mirror: &Known) -> Result<Beginning, JobError> {
    let stretch = Stretch::of_mirror(ports, mirror.id).await?;
    let is_from_the_start = stretch.from == Offset(0);
    let mut reader = Reader::new(&*ports.log, stretch).with_limit(LOOKED_AT);
    let mut first = None;
    while let Some(events) = reader.next().await? {
        for (at, event) in events {
            let first = *first.get_or_insert(at);
            if matches!(event.body, Body::Declared(_)) {
                return Ok(Beginning::Whole(first));
            }
            if !is_from_the_start {
                return Ok(Beginning::Cut(first));
            }
        }
    }
    Ok(first.map_or(Beginning::Nowhere, Beginning::Cut))
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
