//! A run: one lane, a story that is told, and the owners that come and go.

use super::know::Quick;
use super::owner::{At, Owner};
use super::rows::{MemoryRows, Rows};
use super::world::{SOURCE, World};
use crate::lane::Rules;

/// What is said meanwhile: each step when the lane rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// A message is written, edited, deleted.
    Life,
    /// A message in three parts, edited to two; then a short one.
    Parts,
    /// A message is written.
    Short,
}

/// Actions after which a run counts as endless.
const ACTIONS_MAX: usize = 400;

impl Story {
    /// Says the next thing; false: that was all.
    fn tell<R: Rows>(self, world: &mut World<Quick, R>, step: usize) -> bool {
        match (self, step) {
            (Self::Life | Self::Short, 0) => {
                world.write(SOURCE, 9, "one");
            }
            (Self::Life, 1) => world.edit(world.sources[0], "uno"),
            (Self::Life, 2) => world.delete(world.sources[0]),
            (Self::Parts, 0) => {
                world.write(SOURCE, 9, "a|b|c");
            }
            (Self::Parts, 1) => {
                world.edit(world.sources[0], "x|y");
                world.write(SOURCE, 9, "two");
            }
            (Self::Life | Self::Parts | Self::Short, _) => return false,
        }
        true
    }
}

/// A run under way.
#[derive(Clone)]
pub struct Run<R = MemoryRows> {
    /// Where it happens.
    pub world: World<Quick, R>,
    /// The last is the newest.
    pub owners: Vec<Owner>,
    /// What is told.
    pub story: Story,
    /// The newest owner stopped, and no rival took its row.
    pub gave_up: bool,
    told: usize,
}

impl Run {
    /// The story's beginning, with the row in memory.
    pub fn new(story: Story, rules: Rules) -> Self {
        Self::over(MemoryRows::default(), story, rules)
    }
}

impl<R: Rows> Run<R> {
    /// The story's beginning, over rows that know nothing of it.
    pub fn over(rows: R, story: Story, rules: Rules) -> Self {
        let mut world = World::over(rows, Quick::default(), 1, rules);
        story.tell(&mut world, 0);
        let owner = Owner::new(&mut world, 0);
        Self { world, owners: vec![owner], story, gave_up: false, told: 1 }
    }

    /// A new owner takes over; the lease of those before it is over after W.
    pub fn take_over(&mut self) {
        let until_ms = self.world.now_ms + self.world.rules.settle_wait_ms / 2;
        self.owners.iter_mut().for_each(|owner| owner.until_ms = until_ms);
        let owner = Owner::new(&mut self.world, 0);
        self.owners.push(owner);
    }

    /// Moves this owner up to its `count`-th action, to be performed next. False: it settled before.
    pub fn lead(&mut self, who: usize, count: usize) -> bool {
        loop {
            let owner = &mut self.owners[who];
            if owner.performed >= count && matches!(owner.at, At::Action(_)) {
                return true;
            }
            if owner.is_settled() && !self.go_on(who) {
                return false;
            }
            self.owners[who].turn(&mut self.world);
        }
    }

    /// Tells the next of the story to a resting lane.
    fn go_on(&mut self, who: usize) -> bool {
        if !matches!(self.owners[who].at, At::Resting) {
            return false;
        }
        if !self.story.tell(&mut self.world, self.told) {
            return false;
        }
        self.told += 1;
        self.world.fold();
        self.owners[who].wake(&self.world);
        true
    }

    /// All owners take turns until all have settled and all is told.
    pub fn finish(&mut self) {
        for _ in 0..ACTIONS_MAX {
            let last = self.owners.len() - 1;
            if self.owners.iter().all(Owner::is_settled) {
                if self.is_outdone(last) {
                    self.take_over();
                } else if !self.go_on(last) {
                    return;
                }
            }
            for owner in &mut self.owners {
                owner.turn(&mut self.world);
            }
        }
    }

    /// Whether that owner stopped because another took the row.
    fn is_outdone(&self, who: usize) -> bool {
        let owner = &self.owners[who];
        matches!(owner.at, At::Stopped)
            && self.world.load(0).epoch >= owner.lane.row.claim
            && self.world.sites[0].rivals > 0
    }

    /// A last owner looks once more, after everything late has happened.
    pub fn settle(&mut self) {
        self.finish();
        self.gave_up = matches!(self.owners[self.owners.len() - 1].at, At::Stopped);
        self.world.sites[0].store = None;
        self.world.sites[0].fate = None;
        self.world.pass(2 * self.world.rules.settle_wait_ms);
        if self.owners.iter().all(|owner| matches!(owner.at, At::Stopped)) {
            return;
        }
        self.owners.clear();
        self.take_over();
        self.finish();
        self.world.fold();
    }
}
