//! The lane store answers as the model in memory does, whatever is written.

use crate::stage::Stage;
use events::{ChannelId, MessageId};
use futures_util::future::join_all;
use projections::Generation;
use projections::lane::LaneRow;
use projections::lanes::memory::MemoryLanes;
use projections::lanes::{Control, LaneId, Lanes};
use projections::sample::{Dice, mirror};

const STORIES: u64 = 24;
const STEPS: usize = 60;

/// Owners of different age write rows of any revision, right and wrong ones; every answer and every row is compared.
async fn lane_story(seed: u64, cql: &dyn Lanes) {
    let (model, mut dice) = (MemoryLanes::new(), Dice::new(seed));
    let lane = LaneId { mirror: mirror(seed), link: ChannelId(seed + 1) };
    for step in 0..STEPS {
        let stored = model.load(lane).await.expect("the model").unwrap_or_default();
        let rev = (stored.rev + 1 + dice.below(8) / 6).saturating_sub(dice.below(6) / 4);
        let epoch = (stored.epoch + dice.below(3)).saturating_sub(1);
        let row = LaneRow { rev, epoch, last: MessageId(step as u64), ..LaneRow::default() };
        let answers = [model.save(lane, row.clone()).await, cql.save(lane, row.clone()).await];
        assert_eq!(answers[0], answers[1], "seed {seed}, step {step}: {row:?} over {stored:?}");
        let rows = [model.load(lane).await.expect("the model"), cql.load(lane).await.expect("the store")];
        assert_eq!(rows[0], rows[1], "seed {seed}, step {step}");
    }
}

async fn control_story(seed: u64, cql: &dyn Lanes) {
    let (model, mut dice) = (MemoryLanes::new(), Dice::new(seed));
    let mirror = mirror(1000 + seed);
    for step in 0..STEPS {
        let mut any = || {
            let some = |dice: &mut Dice| dice.once_in(2).then(|| Generation(dice.below(2) as u32));
            Control { active: Generation(dice.below(2) as u32), building: some(&mut dice), previous: None }
        };
        let (guess, new) = (any(), any());
        let stored = model.control(mirror).await.expect("the model");
        let expected = if dice.once_in(3) { guess } else { stored };
        let answers =
            [model.set_control(mirror, expected, new).await, cql.set_control(mirror, expected, new).await];
        assert_eq!(
            answers[0], answers[1],
            "seed {seed}, step {step}: {expected:?} -> {new:?} over {stored:?}"
        );
        let rows = [model.control(mirror).await.expect("model"), cql.control(mirror).await.expect("store")];
        assert_eq!(rows[0], rows[1], "seed {seed}, step {step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_answer_as_the_model() {
    let Some(stage) = Stage::given("model").await else { return };
    let lanes = stage.store.lanes();
    join_all((0..STORIES).map(|seed| lane_story(seed, &lanes))).await;
    join_all((0..STORIES).map(|seed| control_story(seed, &lanes))).await;
    stage.end().await;
}
