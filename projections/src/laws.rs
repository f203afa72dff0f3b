//! The laws of the fold, as plain functions that panic where one is broken.
//!
//! Any order, duplication and batching of a log gives equal views; two projectors at once do; a rebuild
//! beside a live follower equals one at rest and the live build. They run over any backend.

#![allow(clippy::expect_used, clippy::panic, reason = "a law is broken by panicking")]

use crate::change::Change;
use crate::digest::{Digest, differences, digest};
use crate::fold::Fold;
use crate::follow::{Follow, FollowState, step};
use crate::key::Generation;
use crate::lanes::{Control, Lanes, Saved};
use crate::project::project;
use crate::sample::Dice;
use crate::views::Views;
use crate::views::conformance::join_all;
use events::log::{Durable, Log};
use events::{Event, MirrorId, Offset, Partition};
use std::collections::BTreeSet;

/// The mirrors that `history` is about.
#[must_use]
pub fn mirrors(history: &[Event]) -> BTreeSet<MirrorId> {
    history.iter().map(|event| event.mirror).collect()
}

/// What a fold of `history` in its order, at once and in memory gives: what all else is compared with.
#[must_use]
pub fn plain(history: &[Event], mirror: MirrorId) -> Digest {
    let mut fold = Fold::new(Generation(0));
    history.iter().filter(|event| event.mirror == mirror).for_each(|event| fold.add(event));
    Digest::of(&fold.into_changes())
}

/// The law of order: `history` shuffled, repeated in part, and committed in batches of random size without
/// any fold in memory, into `generation` of fresh views, gives the plain digest.
pub async fn any_order(views: &dyn Views, history: &[Event], generation: Generation, seed: u64) {
    let mut dice = Dice::new(seed);
    let told = retell(history, &mut dice);
    for batch in batches(&told, &mut dice) {
        views.commit(project_all(&batch, generation), None).await.expect("commit");
    }
    compare(views, history, generation).await;
}

/// The law of two: two projectors that fold the same history in different orders at once give the plain
/// digest.
pub async fn two_at_once(views: &dyn Views, history: &[Event], generation: Generation, seed: u64) {
    let project = async |seed| {
        let mut dice = Dice::new(seed);
        let told = retell(history, &mut dice);
        for batch in batches(&told, &mut dice) {
            let mut fold = Fold::new(generation);
            batch.iter().for_each(|event| fold.add(event));
            views.commit(fold.into_changes(), None).await.expect("commit");
            yield_now().await;
        }
    };
    join_all([project(seed), project(!seed)]).await;
    compare(views, history, generation).await;
}

/// The ports of one partition, all fresh.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The log.
    pub log: &'a dyn Log,
    /// The views.
    pub views: &'a dyn Views,
    /// The control rows.
    pub lanes: &'a dyn Lanes,
}

/// The law of the rebuild: while `history` is appended and followed, a rebuild of one mirror begins at some
/// moment, by double write and a replay in any order up to where the follower then is. It equals the live
/// build, which equals a rebuild at rest and the plain fold.
pub async fn rebuild(ports: Ports<'_>, history: &[Event], seed: u64) {
    let mut play = Play::new(ports, history, seed);
    let Some(mirror) = play.dice.pick(&Vec::from_iter(mirrors(history))) else { return };
    let start = play.dice.below(history.len() as u64 + 1) as usize;
    play.live(start).await;
    let building = Generation(1);
    ports
        .control(mirror, Control::default(), Control { building: Some(building), ..Control::default() })
        .await;
    play.beside(mirror, building).await;
    for mirror in mirrors(history) {
        compare_one(ports.views, history, mirror, Generation(0)).await;
    }
    compare_one(ports.views, history, mirror, building).await;
    let rest = Generation(2);
    let all = ports.records(mirror, play.read).await;
    let mut fold = Fold::new(rest);
    all.iter().for_each(|event| fold.add(event));
    ports.views.commit(fold.into_changes(), None).await.expect("commit");
    compare_one(ports.views, history, mirror, rest).await;
}

const PARTITION: Partition = Partition(0);

/// A history being played: some of it appended, some of that followed.
struct Play<'a> {
    ports: Ports<'a>,
    rest: &'a [Event],
    state: FollowState,
    /// Up to here the follower has come.
    read: Offset,
    dice: Dice,
}

impl<'a> Play<'a> {
    fn new(ports: Ports<'a>, history: &'a [Event], seed: u64) -> Self {
        let state = FollowState::resume(PARTITION);
        Self { ports, rest: history, state, read: Offset(0), dice: Dice::new(seed) }
    }

    /// Appends until no more than `left` events are left, and follows now and then.
    async fn live(&mut self, left: usize) {
        while self.rest.len() > left {
            self.append().await;
            self.follow().await;
        }
    }

    async fn append(&mut self) {
        let size = (1 + self.dice.below(20) as usize).min(self.rest.len());
        let (batch, rest) = self.rest.split_at(size);
        self.rest = rest;
        self.ports.log.append(PARTITION, batch.to_vec(), Durable::Here).await.expect("append");
    }

    /// One step, at a time; now and then the follower crashes and forgets its place.
    async fn follow(&mut self) -> usize {
        if self.dice.once_in(8) {
            self.state = FollowState::resume(PARTITION);
        }
        let Ports { log, views, lanes } = self.ports;
        let limit = 1 + self.dice.below(30) as usize;
        let step = step(Follow { log, views, lanes, limit }, &mut self.state).await.expect("step");
        assert!(step.dead.is_empty(), "no record of a sample is corrupt");
        self.read = self.read.max(step.next);
        step.events.len()
    }

    /// The rest of the history, with the replay of what was read before in between, out of order.
    async fn beside(&mut self, mirror: MirrorId, building: Generation) {
        let before = self.ports.records(mirror, self.read).await;
        let mut owed = batches(&before, &mut self.dice);
        self.dice.shuffle(&mut owed);
        loop {
            match self.dice.below(3) {
                0 if !self.rest.is_empty() => self.append().await,
                1 if !owed.is_empty() => {
                    let changes = project_all(&owed.pop().unwrap_or_default(), building);
                    self.ports.views.commit(changes, None).await.expect("commit");
                }
                _ => {
                    let read = self.follow().await;
                    if read == 0 && self.rest.is_empty() && owed.is_empty() {
                        return;
                    }
                }
            }
        }
    }
}

impl Ports<'_> {
    async fn control(self, mirror: MirrorId, old: Control, new: Control) {
        assert_eq!(self.lanes.set_control(mirror, old, new).await, Saved::Yes);
    }

    /// The events of one mirror before `until`, read from the log.
    async fn records(self, mirror: MirrorId, until: Offset) -> Vec<Event> {
        let mut from = self.log.floor(PARTITION).await.expect("floor");
        let mut events = Vec::new();
        while from < until {
            let read = events::log::Read { partition: PARTITION, from, limit: 100, mirror: Some(mirror) };
            let page = self.log.read(read).await.expect("read");
            let entries = page.entries.iter().filter(|entry| entry.offset < until);
            events.extend(entries.map(|entry| events::codec::decode(&entry.record).expect("decode")));
            assert!(page.next > from, "a page before the tail goes on");
            from = page.next;
        }
        events
    }
}

/// All of it at least once, in any order.
fn retell(history: &[Event], dice: &mut Dice) -> Vec<Event> {
    let mut told = history.to_vec();
    told.extend(history.iter().filter(|_| dice.once_in(4)).cloned());
    dice.shuffle(&mut told);
    told
}

fn batches(events: &[Event], dice: &mut Dice) -> Vec<Vec<Event>> {
    let mut rest = events;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let (batch, behind) = rest.split_at((1 + dice.below(40) as usize).min(rest.len()));
        batches.push(batch.to_vec());
        rest = behind;
    }
    batches
}

fn project_all(events: &[Event], generation: Generation) -> Vec<Change> {
    let mut changes = Vec::new();
    events.iter().for_each(|event| project(event, generation, &mut changes));
    changes
}

async fn compare(views: &dyn Views, history: &[Event], generation: Generation) {
    for mirror in mirrors(history) {
        compare_one(views, history, mirror, generation).await;
    }
}

async fn compare_one(views: &dyn Views, history: &[Event], mirror: MirrorId, generation: Generation) {
    let found = digest(views, mirror, generation).await.expect("digest");
    if found != plain(history, mirror) {
        explain(views, history, mirror, generation).await;
    }
}

/// Loads the plain fold beside what was found, and names what differs.
async fn explain(views: &dyn Views, history: &[Event], mirror: MirrorId, generation: Generation) {
    let beside = Generation(u32::MAX);
    let mut fold = Fold::new(beside);
    history.iter().filter(|event| event.mirror == mirror).for_each(|event| fold.add(event));
    views.commit(fold.into_changes(), None).await.expect("commit");
    let differences = differences(views, mirror, [beside, generation], 5).await.expect("scan");
    let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
    panic!("build {} of mirror {mirror} differs from the plain fold:\n{}", generation.0, lines.join("\n"));
}

/// Lets others run once.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
