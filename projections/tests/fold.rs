//! A log may be dealt out to several folds in any way, and a fold taken apart by mirror.

use events::Event;
use projections::fold::Fold;
use projections::sample::{Dice, history};
use projections::{Change, Generation};

fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Fold {
    let mut fold = Fold::new(Generation(1));
    events.into_iter().for_each(|event| fold.add(event));
    fold
}

/// Joins the folds of `parts` in that order, and compares with the fold of the whole.
fn check(seed: u64, parts: usize) {
    let events = history(seed, 3, 300);
    let mut dice = Dice::new(seed);
    let dealt: Vec<usize> = events.iter().map(|_| dice.below(parts as u64) as usize).collect();
    let mut joined = Fold::new(Generation(1));
    for part in 0..parts {
        let own = events.iter().zip(&dealt).filter(|(_, to)| **to == part);
        joined.absorb(fold(own.map(|(event, _)| event)));
    }
    let whole = fold(&events).into_changes();
    assert!(whole.len() > 300, "too little to say anything");
    assert_eq!(joined.into_changes(), whole, "seed {seed}, {parts} parts");
    let apart = fold(&events).by_mirror();
    assert!(apart.len() > 1);
    let apart: Vec<Change> = apart.into_values().flat_map(Fold::into_sorted).collect();
    assert_eq!(apart, whole, "seed {seed}, by mirror");
}

#[test]
fn folds_join_however_a_log_is_dealt_out() {
    for seed in 0..40 {
        for parts in [1, 2, 5] {
            check(seed, parts);
        }
    }
}
