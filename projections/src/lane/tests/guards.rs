//! Each guard off, by name, over rows in memory.

use crate::lane::LaneRow;
use crate::lane::proof::{MemoryRows, Rows, SCENES, scenes};
use crate::lanes::Saved;
use events::ChannelId;

#[test]
fn every_guard_has_a_scene_of_its_own() {
    assert_eq!(scenes::unproven(), [""; 0]);
    for scene in SCENES {
        assert_eq!(scene.guards_off().len(), 1, "{}", scene.name);
    }
}

#[test]
fn each_guard_off_is_caught() {
    for scene in SCENES {
        assert_eq!(scene.check(MemoryRows::default), Ok(()));
    }
}

/// Writes whatever it is told to.
#[derive(Default)]
struct Lax(LaneRow);

impl Rows for Lax {
    fn load(&self, _lane: ChannelId) -> LaneRow {
        self.0.clone()
    }

    fn save(&mut self, _lane: ChannelId, row: &LaneRow) -> Saved {
        self.0 = LaneRow { claim: 0, ..row.clone() };
        Saved::Yes
    }
}

#[test]
fn a_store_that_refuses_nothing_is_caught_with_all_guards_on() {
    let own = SCENES.iter().find(|scene| scene.guards_off() == ["own"]).unwrap();
    let words = own.check(Lax::default).unwrap_err();
    assert!(words.starts_with("own_off_posts_twice, with the guard on: posted 2 times"), "{words}");
}
