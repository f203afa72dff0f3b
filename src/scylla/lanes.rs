//! Lanes and control rows on CQL: one conditional statement decides, a serial read settles what got lost.
//!
//! Control rows are read with every page that a follower takes and every plan of a lane, so they are read at QUORUM, at a
//! fraction of what SERIAL costs (which writes, with an fsync, on each replica). That is enough: whoever writes one goes
//! on only once it knows that the write was committed at QUORUM, and from then on every such read sees it. A write that
//! is decided and not yet acknowledged may be missed, as one is that comes a moment later; who changes a row states what
//! it has read, and is refused. Only where this process was left in doubt about its own write, the next read is SERIAL.

use super::Failure;
use super::conditional::{self, Conditional, Found, Stored};
use super::link::{Link, Page};
use super::statements::Statement;
use super::value::Value;
use async_trait::async_trait;
use events::MirrorId;
use projections::Generation;
use projections::lane::LaneRow;
use projections::lanes::{Control, LaneId, Lanes, LanesError, Saved};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The lane store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CqlLanes {
    link: Arc<Link>,
    /// Control rows of which nobody knows whether our write, by its mark, was applied. At most one for each mirror.
    in_doubt: Arc<Mutex<HashMap<MirrorId, Uuid>>>,
}

impl CqlLanes {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, in_doubt: Arc::default() }
    }
}

#[async_trait]
impl Lanes for CqlLanes {
    async fn load(&self, lane: LaneId) -> Result<Option<LaneRow>, LanesError> {
        let page = self.link.call(Statement::LoadLane, &key(lane)).await?;
        let Some(stored) = conditional::stored(page)? else { return Ok(None) };
        Ok(Some(stored.decode(&format!("{lane:?}"))?))
    }

    async fn save(&self, lane: LaneId, row: LaneRow) -> Saved {
        let (Ok(rev), Ok(epoch)) = (i64::try_from(row.rev), i64::try_from(row.epoch)) else {
            return Saved::Unknown;
        };
        let Ok(encoded) = rmp_serde::to_vec(&row) else { return Saved::Unknown };
        let ours = Stored { rev, epoch, mark: Uuid::new_v4(), row: encoded.into() };
        let key = key(lane);
        let write = match rev {
            // No row has the revision before.
            0 => return Saved::Fenced,
            1 => (Statement::NewLane, [ours.values().as_slice(), &key].concat()),
            _ => {
                let condition = [Value::Big(rev - 1), Value::Big(epoch)];
                (Statement::SaveLane, [ours.values().as_slice(), &key, &condition].concat())
            }
        };
        let conditional = Conditional { write, load: (Statement::LoadLane, &key) };
        conditional::save(&self.link, &conditional, |page| {
            Ok(conditional::found(conditional::stored(page)?.as_ref(), &ours, true))
        })
        .await
    }

    async fn control(&self, mirror: MirrorId) -> Result<Control, LanesError> {
        let doubt = self.in_doubt().get(&mirror).copied();
        let statement = if doubt.is_some() { Statement::LoadControl } else { Statement::ReadControl };
        let page = self.link.call(statement, &[Value::Uuid(mirror.0)]).await?;
        let control = read_control(page)?.map(|(_, control)| control).unwrap_or_default();
        if let Some(settled) = doubt {
            // A doubt that came up meanwhile stays.
            self.in_doubt().retain(|of, mark| (*of, *mark) != (mirror, settled));
        }
        Ok(control)
    }

    async fn set_control(&self, mirror: MirrorId, expected: Control, new: Control) -> Saved {
        // A row that was never written counts as the default, and so does one that was set to it.
        if expected == Control::default() {
            match self.control_once(Statement::NewControl, mirror, expected, new).await {
                Saved::Fenced => {}
                saved @ (Saved::Yes | Saved::Unknown) => return saved,
            }
        }
        self.control_once(Statement::SaveControl, mirror, expected, new).await
    }
}

impl CqlLanes {
    fn in_doubt(&self) -> MutexGuard<'_, HashMap<MirrorId, Uuid>> {
        self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn control_once(
        &self,
        statement: Statement,
        mirror: MirrorId,
        expected: Control,
        new: Control,
    ) -> Saved {
        let (mark, key) = (Uuid::new_v4(), [Value::Uuid(mirror.0)]);
        let is_new = statement == Statement::NewControl;
        let condition = if is_new { Vec::new() } else { builds(expected).to_vec() };
        let values = [&builds(new)[..], &[Value::Uuid(mark)], &key, &condition].concat();
        let conditional = Conditional { write: (statement, values), load: (Statement::LoadControl, &key) };
        let look = |page| {
            Ok(match read_control(page)? {
                Some((found, _)) if found == mark => Found::Ours,
                None if is_new => Found::Before,
                Some((_, control)) if !is_new && control == expected => Found::Before,
                // Control rows have no revision: ours may have come and gone.
                Some(_) | None => Found::Beyond,
            })
        };
        let saved = conditional::save(&self.link, &conditional, look).await;
        if saved == Saved::Unknown {
            self.in_doubt().insert(mirror, mark);
        }
        saved
    }
}

fn key(lane: LaneId) -> [Value; 2] {
    [Value::Uuid(lane.mirror.0), Value::id(lane.link.0)]
}

/// No such build.
const NONE: i64 = -1;

fn builds(control: Control) -> [Value; 3] {
    let number =
        |generation: Option<Generation>| Value::Big(generation.map_or(NONE, |build| i64::from(build.0)));
    [number(Some(control.active)), number(control.building), number(control.previous)]
}

/// The mark of the last write, and what it wrote.
fn read_control(page: Page) -> Result<Option<(Uuid, Control)>, Failure> {
    let mut found = None;
    page.read(|mut columns| {
        let mark = columns.next()?;
        let mut build = || columns.big().map(|number| u32::try_from(number).ok().map(Generation));
        let (active, building, previous) = (build()?.unwrap_or_default(), build()?, build()?);
        found = Some((mark, Control { active, building, previous }));
        Ok(())
    })?;
    Ok(found)
}
