//! Where the rows of a world's lanes are stored.

use crate::lane::LaneRow;
use crate::lanes::Saved;
use events::ChannelId;
use std::collections::BTreeMap;

/// The rows of one world, by a number for each lane: [`crate::lanes::Lanes`] without waiting.
pub trait Rows {
    /// A lane's row as stored; the default where there is none.
    fn load(&self, lane: ChannelId) -> LaneRow;

    /// The conditional write, as documented at [`crate::lanes::Lanes::save`].
    fn save(&mut self, lane: ChannelId, row: &LaneRow) -> Saved;
}

impl<R: Rows + ?Sized> Rows for &mut R {
    fn load(&self, lane: ChannelId) -> LaneRow {
        (**self).load(lane)
    }

    fn save(&mut self, lane: ChannelId, row: &LaneRow) -> Saved {
        (**self).save(lane, row)
    }
}

/// Rows in memory, which a clone of the world takes along.
#[derive(Clone, Debug, Default)]
pub struct MemoryRows {
    rows: BTreeMap<ChannelId, LaneRow>,
}

impl Rows for MemoryRows {
    fn load(&self, lane: ChannelId) -> LaneRow {
        self.rows.get(&lane).cloned().unwrap_or_default()
    }

    fn save(&mut self, lane: ChannelId, row: &LaneRow) -> Saved {
        let stored = self.rows.entry(lane).or_default();
        if !row.follows(stored) {
            return Saved::Fenced;
        }
        // The claim is the owner's own affair.
        *stored = LaneRow { claim: 0, ..row.clone() };
        Saved::Yes
    }
}
