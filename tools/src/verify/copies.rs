//! Copies against receipts: what the views hold live, the last receipt shows, and the other way round.

use super::{BUILD, MirrorReport, NAMED_MAX, Rebuilt};
use crate::census::buckets;
use crate::ports::JobError;
use crate::progress::Progress;
use crate::reader::Reader;
use async_trait::async_trait;
use events::event::{Outcome, Receipt};
use events::{Body, Event, EventId, MessageId};
use projections::change::{Change, Row};
use projections::key::{Key, Prefix, RowKey};
use projections::views::{Follower, Mark, Position, Scan, ViewsError, scan_all};
use projections::{Column, Generation, Views};
use rustc_hash::{FxHashMap, FxHashSet};

/// What the log says of copies.
#[derive(Default)]
struct Receipts {
    seen: FxHashSet<EventId>,
    shown: FxHashMap<MessageId, bool>,
}

impl Receipts {
    fn take(&mut self, event: &Event) {
        let Body::Receipt(receipt) = &event.body else { return };
        if !self.seen.insert(event.id) {
            return;
        }
        let Receipt { copy, outcome, .. } = receipt;
        match outcome {
            Outcome::Shown(_) | Outcome::Posted { .. } => {
                self.shown.entry(*copy).or_insert(true);
            }
            Outcome::Gone(_) => {
                self.shown.insert(*copy, false);
            }
            Outcome::Threaded(_) | Outcome::Refused { .. } => {}
        }
    }
}

/// Compares the copies of the build in use with the receipts of the log, as far as it was folded.
pub(super) async fn verify(
    rebuilt: &Rebuilt<'_>,
    active: Generation,
    progress: &dyn Progress,
) -> Result<MirrorReport, JobError> {
    let stretch = rebuilt.stretch;
    let mut receipts = Receipts::default();
    let mut reader = Reader::new(&*rebuilt.ports.log, stretch);
    while let Some(events) = reader.next().await? {
        events.iter().for_each(|(_, event)| receipts.take(event));
        progress.at("reading receipts", reader.at().0 - stretch.from.0, stretch.end.0 - stretch.from.0);
    }
    let held = held(rebuilt, active).await?;
    let mut report = MirrorReport { receipts: receipts.seen.len() as u64, ..MirrorReport::default() };
    for (copy, live) in &held {
        report.copies_live += u64::from(*live);
        if *live && !receipts.shown.contains_key(copy) {
            name(&mut report.without_receipt, *copy);
        }
    }
    let shown = receipts.shown.iter().filter(|(_, shown)| **shown);
    shown
        .filter(|(copy, _)| !held.contains_key(*copy))
        .for_each(|(copy, _)| name(&mut report.without_copy, *copy));
    Ok(report)
}

fn name(named: &mut Vec<String>, copy: MessageId) {
    if named.len() < NAMED_MAX {
        named.push(copy.to_string());
        named.sort_unstable();
    }
}

/// Every copy of the build in use, and whether its own row says that it is there.
async fn held(rebuilt: &Rebuilt<'_>, generation: Generation) -> Result<FxHashMap<MessageId, bool>, JobError> {
    let (views, mirror) = (&*rebuilt.ports.views, rebuilt.mirror);
    let mut held = FxHashMap::default();
    for bucket in buckets(views, mirror, generation).await? {
        let scan = Scan { mirror, generation, bucket, prefix: Prefix::Copies, after: None, limit: 1000 };
        for (key, row) in scan_all(views, scan).await? {
            if let RowKey::Copy { copy, .. } = key.row
                && copy.0 != 0
                // A thread alone: on the source itself.
                && (row.get(Column::Shown).is_some() || row.get(Column::Gone).is_some())
            {
                held.insert(copy, row.get(Column::Gone).is_none());
            }
        }
    }
    Ok(held)
}

/// Two builds of different stores as two builds of one, to be compared.
pub(super) struct SideBySide<'a> {
    /// The store in use,
    pub(super) live: &'a dyn Views,
    /// its build that is read: seen here as [`LIVE`];
    pub(super) active: Generation,
    /// and the one in memory: seen here as it is.
    pub(super) rebuilt: &'a dyn Views,
}

/// The build in use, seen side by side.
pub(super) const LIVE: Generation = Generation(BUILD.0 + 1);

#[async_trait]
impl Views for SideBySide<'_> {
    async fn commit(&self, _: Vec<Change>, _: Option<Position>) -> Result<(), ViewsError> {
        Err(ViewsError::Stopped("a comparison is only read".to_owned()))
    }

    async fn position(&self, follower: &Follower) -> Result<Vec<Mark>, ViewsError> {
        self.live.position(follower).await
    }

    async fn get(&self, _: &[Key]) -> Result<Vec<Row>, ViewsError> {
        Err(ViewsError::Stopped("a comparison only scans".to_owned()))
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ViewsError> {
        if scan.generation == LIVE {
            return self.live.scan(Scan { generation: self.active, ..scan }).await;
        }
        self.rebuilt.scan(scan).await
    }
}
