//! One step of a follower: a page of the log into the views.
//!
//! ```text
//! position ──> read a page ──> decode ──> fold into each build ──> commit changes, then the position
//!    ^ recognised by the event at it      (active, building, previous)
//! ```
//! It may read a page again after a crash or a failed step: the fold does not mind. It never skips an
//! event of a newer format. It does not know what becomes of the changes: the driver wakes the lanes.

use crate::fold::Fold;
use crate::key::Generation;
use crate::lanes::{Control, Lanes, LanesError};
use crate::views::{Follower, Mark, Position, Views, ViewsError};
use bytes::Bytes;
use events::codec::{DecodeError, decode};
use events::log::{Entry, Log, Read, ReadError};
use events::{Event, EventId, MirrorId, Offset, Partition};
use futures_util::{StreamExt, TryStreamExt, stream};
use rustc_hash::{FxHashMap, FxHashSet};

/// Control rows read at once: a page may be of many mirrors, and a row on another machine takes its time.
const CONTROLS_MAX: usize = 64;

/// The ports of a follower, and how much it takes at once.
#[derive(Clone, Copy)]
pub struct Follow<'a> {
    /// Read from.
    pub log: &'a dyn Log,
    /// Written to.
    pub views: &'a dyn Views,
    /// Tells which builds to write.
    pub lanes: &'a dyn Lanes,
    /// At most about so many events a step.
    pub limit: usize,
}

/// Where a follower is. Lost in a crash, and found again from the views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowState {
    /// Who follows.
    pub follower: Follower,
    /// Where it stands; `None`: find it by the recorded position.
    pub at: Option<Standing>,
}

/// A follower's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where to read on.
    pub next: Offset,
    /// The last place that the views hold, and were told of; `None` where it began at the floor.
    pub mark: Option<Mark>,
}

impl FollowState {
    /// The name of the projector among the followers of a partition.
    pub const VIEWS: &'static str = "views";

    /// The projector of `partition`, which resumes where the views say.
    #[must_use]
    pub fn resume(partition: Partition) -> Self {
        let follower = Follower { partition, name: Self::VIEWS.to_owned() };
        Self { follower, at: None }
    }
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The events folded and committed, in order.
    pub events: Vec<(Offset, Event)>,
    /// The records passed over. The same one may come again after a crash.
    pub dead: Vec<Dead>,
    /// Where the next step reads on.
    pub next: Offset,
}

/// A record that cannot be read: a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Its place.
    pub offset: Offset,
    /// Its bytes.
    pub record: Bytes,
    /// What is wrong with it.
    pub why: String,
}

/// Why a step failed, by what the driver does next. Nothing is lost: the next step does it again.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Try again later.
    #[error("cannot follow now: {0}")]
    Retry(String),
    /// What comes next has been removed from the log: use an archive, or begin at `floor` and say so.
    #[error("the log begins at offset {floor}; what lay before it and was not yet read has been removed")]
    Trimmed {
        /// The first offset that can be read.
        floor: Offset,
    },
    /// A newer node wrote this: stop the partition until this one is upgraded.
    #[error("the event at offset {offset} has format {format}, which this version cannot read; upgrade it")]
    Newer {
        /// Where.
        offset: Offset,
        /// Its format.
        format: u8,
    },
    /// A port has stopped: stop.
    #[error("cannot follow any more: {0}")]
    Stopped(String),
}

/// Folds the next page of the log into the views. An empty step: nothing new yet.
///
/// # Errors
/// See [`FollowError`]; the state is then as before, or knows its place.
pub async fn step(follow: Follow<'_>, state: &mut FollowState) -> Result<Step, FollowError> {
    let partition = state.follower.partition;
    let (at, is_known) = match state.at {
        Some(at) => (at, false),
        None => (resume(follow, &state.follower).await?, true),
    };
    state.at = Some(at);
    let from = at.next;
    let page = follow.log.read(Read { partition, from, limit: follow.limit, mirror: None }).await?;
    if page.anew && !is_known && !still_holds(follow.log, partition, at.mark).await? {
        state.at = None;
        let words =
            format!("another event is before offset {from} now: the log was made anew, or has lost its end");
        return Err(FollowError::Retry(words));
    }
    let batch = read_entries(page.entries, page.next)?;
    if let Some(mark) = batch.mark {
        let changes = fold(follow.lanes, &batch.step.events).await?.into_changes();
        let position = Position { follower: state.follower.clone(), mark };
        follow.views.commit(changes, Some(position)).await?;
    }
    state.at = Some(Standing { next: batch.step.next, mark: batch.mark.or(at.mark) });
    Ok(batch.step)
}

/// Records the follower's place again where another one is recorded; whether it was so. A position is a plain write:
/// one that an older follower of the partition began, and that arrives late, sets it back, and nothing but the next
/// event would set it right. Whoever compares the position with the log would take the views for behind.
///
/// # Errors
/// When the views do not answer.
pub async fn reassert(views: &dyn Views, state: &FollowState) -> Result<bool, FollowError> {
    let Some(mark) = state.at.and_then(|at| at.mark) else { return Ok(false) };
    let recorded = views.position(&state.follower).await?;
    let is_late = recorded.first() != Some(&mark);
    if is_late {
        views.commit(Vec::new(), Some(Position { follower: state.follower.clone(), mark })).await?;
    }
    Ok(is_late)
}

/// A decoded page, up to the first record of a newer format.
#[derive(Default)]
struct Batch {
    step: Step,
    mark: Option<Mark>,
}

fn read_entries(entries: Vec<Entry>, next: Offset) -> Result<Batch, FollowError> {
    let mut batch = Batch::default();
    batch.step.next = next;
    for Entry { offset, record } in entries {
        match decode(&record) {
            Ok(event) => {
                batch.mark = Some(Mark { offset, event: event.id });
                batch.step.events.push((offset, event));
            }
            Err(DecodeError::Newer(format)) if batch.mark.is_none() => {
                return Err(FollowError::Newer { offset, format });
            }
            // What lies before it is committed first; the next step meets it again.
            Err(DecodeError::Newer(_)) => {
                batch.step.next = offset;
                break;
            }
            Err(corrupt @ DecodeError::Corrupt(_)) => {
                batch.mark = Some(Mark { offset, event: UNREADABLE });
                batch.step.dead.push(Dead { offset, record, why: corrupt.to_string() });
            }
        }
    }
    Ok(batch)
}

/// Stands in a mark for the event of a record that cannot be read.
const UNREADABLE: EventId = EventId(uuid::Uuid::nil());

async fn fold(lanes: &dyn Lanes, events: &[(Offset, Event)]) -> Result<Fold, LanesError> {
    let mirrors: FxHashSet<MirrorId> = events.iter().map(|(_, event)| event.mirror).collect();
    let builds = builds(lanes, mirrors).await?;
    let mut fold = Fold::default();
    for (_, event) in events {
        for generation in builds.get(&event.mirror).into_iter().flatten() {
            fold.add_to(event, *generation);
        }
    }
    Ok(fold)
}

/// Read anew for each page, and never kept: whoever has written `building` relies on the next page.
async fn builds(
    lanes: &dyn Lanes,
    mirrors: FxHashSet<MirrorId>,
) -> Result<FxHashMap<MirrorId, Vec<Generation>>, LanesError> {
    let read = |mirror| async move { Ok((mirror, written(lanes.control(mirror).await?))) };
    stream::iter(mirrors).map(read).buffer_unordered(CONTROLS_MAX).try_collect().await
}

/// The builds that the follower writes.
fn written(control: Control) -> Vec<Generation> {
    let Control { active, building, previous } = control;
    [Some(active), building, previous].into_iter().flatten().collect()
}

/// Where to read on: behind the newest recorded place that still holds the event it held, else the floor. A log that
/// several outboxes filled anew in another order may hold the same event at the same place by chance, so older places
/// have to hold theirs too.
///
/// # Errors
/// [`FollowError::Trimmed`] where what comes next has been removed, or when a port does not answer.
pub async fn resume(follow: Follow<'_>, follower: &Follower) -> Result<Standing, FollowError> {
    let beginning = |floor| Standing { next: floor, mark: None };
    let marks = follow.views.position(follower).await?;
    for (age, mark) in marks.iter().enumerate() {
        match recognise(follow.log, follower.partition, *mark).await {
            Ok(true) if is_same_before(follow.log, follower.partition, &marks[age..]).await? => {
                return Ok(Standing { next: mark.offset.next(), mark: Some(*mark) });
            }
            Ok(true) => return Ok(beginning(follow.log.floor(follower.partition).await?)),
            Ok(false) => {}
            Err(ReadError::Trimmed { floor }) if age == 0 && mark.offset.next() < floor => {
                return Err(FollowError::Trimmed { floor });
            }
            // All that is left was never read or is read again.
            Err(ReadError::Trimmed { floor }) => return Ok(beginning(floor)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(beginning(follow.log.floor(follower.partition).await?))
}

/// Whether the log is the one that the places, newest first, were recorded of: the oldest and one between are looked at.
async fn is_same_before(log: &dyn Log, partition: Partition, marks: &[Mark]) -> Result<bool, ReadError> {
    for at in [marks.len() - 1, marks.len() / 2] {
        if at > 0 && !still_holds(log, partition, Some(marks[at])).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a place holds the event it held, as far as anything says that it does not: what retention took was read before,
/// and what is damaged proves nothing.
async fn still_holds(log: &dyn Log, partition: Partition, mark: Option<Mark>) -> Result<bool, ReadError> {
    let Some(mark) = mark else { return Ok(true) };
    match recognise(log, partition, mark).await {
        Err(ReadError::Trimmed { floor }) => Ok(mark.offset < floor),
        Err(ReadError::Stopped(_)) => Ok(true),
        known => known,
    }
}

async fn recognise(log: &dyn Log, partition: Partition, mark: Mark) -> Result<bool, ReadError> {
    let page = log.read(Read { partition, from: mark.offset, limit: 1, mirror: None }).await?;
    let at = page.entries.first().filter(|entry| entry.offset == mark.offset);
    Ok(at.is_some_and(|entry| match decode(&entry.record) {
        Ok(event) => event.id == mark.event,
        Err(DecodeError::Corrupt(_)) => mark.event == UNREADABLE,
        Err(DecodeError::Newer(_)) => false,
    }))
}

impl From<ReadError> for FollowError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Trimmed { floor } => Self::Trimmed { floor },
            ReadError::Retry(why) => Self::Retry(why),
            ReadError::Stopped(why) => Self::Stopped(why),
        }
    }
}

impl From<ViewsError> for FollowError {
    fn from(error: ViewsError) -> Self {
        match error {
            ViewsError::Retry(why) => Self::Retry(why),
            ViewsError::Stopped(why) => Self::Stopped(why),
        }
    }
}

impl From<LanesError> for FollowError {
    fn from(error: LanesError) -> Self {
        match error {
            LanesError::Retry(why) => Self::Retry(why),
            LanesError::Stopped(why) => Self::Stopped(why),
        }
    }
}
