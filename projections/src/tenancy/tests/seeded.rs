//! Seeded worlds: whatever happens, no lease has two holders; and when the dust settles, shares are fair and quiet.
//!
//! `TENANCY_CASES=10000 cargo test -p projections tenancy` plays more; `TENANCY_SEED=7` plays one, with its steps.

use super::world::{ENDING_MS_MAX, Faults, LATENCY_MS_MAX, RULES, TICK_MS, World};
use crate::leases::{LeaseName, Leases};
use std::collections::BTreeMap;

const CASES: u64 = 40;
/// Time enough for every lease to end, to be taken, and for shares to move one by one.
const SETTLE_MS: u64 = 10 * RULES.lease_ms;

fn is_partition(name: &LeaseName) -> bool {
    matches!(name, LeaseName::Partition(_))
}

fn is_shard(name: &LeaseName) -> bool {
    matches!(name, LeaseName::Shard(_))
}

/// Starts, kills, freezes, drains, outages and lost requests for a while; then none of it.
async fn play(seed: u64) -> Vec<String> {
    let mut world = World::new(seed, 2 + (seed % 4) as usize, 1 + (seed % 17) as u16, (seed % 7) as u32);
    let nodes = world.machines.len() as u64;
    world.faults = Faults { requests: [0, 3, 20][seed as usize % 3], store_down: false };
    for _ in 0..40 {
        let at = world.dice.below(nodes) as usize;
        trouble(&mut world, at);
        let until = world.now + world.dice.below(2 * RULES.lease_ms);
        world.run(until).await;
    }
    world.faults = Faults::default();
    let kept = world.dice.below(nodes) as usize;
    if world.machines[kept].tenancy.is_none() || world.machines[kept].draining {
        world.start(kept, false);
    }
    world.run(world.now + 2 * SETTLE_MS).await;
    settled(&mut world).await;
    world.wrong
}

fn trouble(world: &mut World, at: usize) {
    let runs = world.machines[at].tenancy.is_some();
    match world.dice.below(10) {
        0 if runs => world.kill(at),
        1 | 2 if runs => {
            let ms = world.dice.below(3 * RULES.lease_ms);
            world.freeze(at, ms);
        }
        3 if runs => world.machines[at].draining = true,
        4 => world.faults.store_down = true,
        5 | 6 => world.faults.store_down = false,
        7 | 8 if !runs || world.machines[at].draining => {
            let new_home = world.dice.below(4) == 0;
            world.kill(at);
            world.start(at, new_home);
        }
        _ => {}
    }
}

/// All is held, by shares that differ by one at most, and nothing moves any more.
async fn settled(world: &mut World) {
    for is_kind in [is_partition, is_shard] {
        let counts = world.counts(is_kind);
        let number = world.wanted.iter().filter(|name| is_kind(name)).count();
        let (least, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
        if counts.iter().sum::<usize>() != number || most - least > 1 {
            world.wrong.push(format!("shares of {number}: {counts:?}"));
        }
    }
    let moved = world.moved;
    let before = holders(world).await;
    world.run(world.now + SETTLE_MS).await;
    if world.moved != moved || holders(world).await != before {
        world.wrong.push(format!("something moved at {}", world.moved));
    }
}

async fn holders(world: &World) -> BTreeMap<LeaseName, (u64, Option<crate::leases::Holder>)> {
    let rows = world.store.all().await.expect("rows");
    rows.into_iter().map(|(name, row)| (name, (row.epoch, row.holder))).collect()
}

#[tokio::test]
async fn no_lease_has_two_holders_and_shares_come_to_rest() {
    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match variable("TENANCY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("TENANCY_CASES").unwrap_or(CASES),
    };
    for seed in seeds {
        let wrong = play(seed).await;
        assert!(wrong.is_empty(), "TENANCY_SEED={seed}: {wrong:#?}");
    }
}

/// Kill one of three: what it had is taken within the lease, the margin and two ticks.
#[tokio::test]
async fn a_dead_node_is_taken_over_in_time() {
    for seed in 0..40 {
        let mut world = World::new(seed, 3, 16, 3);
        (0..3).for_each(|at| world.start(at, false));
        let until = SETTLE_MS + world.dice.below(RULES.lease_ms);
        world.run(until).await;
        let before = holders(&world).await;
        let dead = world.machines[seed as usize % 3].me;
        world.kill(seed as usize % 3);
        // A tick lasts up to twice its least time here, and each look and write takes its time.
        let tick = 2 * TICK_MS + 2 * LATENCY_MS_MAX;
        world.run(world.now + RULES.lease_ms + RULES.margin_ms + 2 * tick).await;
        let after = holders(&world).await;
        let work = |name: &LeaseName| is_partition(name) || is_shard(name);
        let left = after.iter().filter(|(name, (_, holder))| work(name) && *holder == Some(dead));
        assert_eq!(left.count(), 0, "seed {seed}: {after:?}");
        let stayed = before.iter().filter(|(_, (_, holder))| *holder != Some(dead));
        for (name, had) in stayed {
            assert_eq!(&after[name], had, "seed {seed}: {name} had no need to move");
        }
        assert_eq!(world.wrong, Vec::<String>::new(), "seed {seed}");
    }
}

/// A drain gives everything within two ticks, and the others have it a tick or two later.
#[tokio::test]
async fn a_drain_is_quick() {
    for seed in 0..40 {
        let mut world = World::new(seed, 3, 16, 3);
        (0..3).for_each(|at| world.start(at, false));
        world.run(SETTLE_MS).await;
        world.machines[1].draining = true;
        let tick = 2 * TICK_MS + 2 * LATENCY_MS_MAX;
        world.run(world.now + 2 * tick + ENDING_MS_MAX).await;
        let held = world.machines[1].tenancy.iter().flat_map(crate::tenancy::Tenancy::tenures).count();
        assert_eq!(held, 0, "seed {seed}");
        world.run(world.now + 2 * tick).await;
        assert_eq!(world.counts(is_partition), [8, 8], "seed {seed}");
        assert_eq!(world.counts(is_shard).iter().sum::<usize>(), 3, "seed {seed}");
        assert_eq!(world.wrong, Vec::<String>::new(), "seed {seed}");
    }
}

/// An outage of the store, however long, moves nothing by itself: holders get their chance first.
#[tokio::test]
async fn an_outage_moves_nothing() {
    for seed in 0..40 {
        let mut world = World::new(seed, 3, 16, 3);
        (0..3).for_each(|at| world.start(at, false));
        world.run(SETTLE_MS).await;
        let before = holders(&world).await;
        world.faults.store_down = true;
        world.run(world.now + RULES.lease_ms * (1 + seed % 4)).await;
        world.faults.store_down = false;
        world.run(world.now + SETTLE_MS).await;
        let of = |rows: BTreeMap<LeaseName, (u64, _)>| -> Vec<_> {
            rows.into_iter().map(|(name, (_, holder))| (name, holder)).collect()
        };
        assert_eq!(of(holders(&world).await), of(before), "seed {seed}");
        assert_eq!(world.wrong, Vec::<String>::new(), "seed {seed}");
    }
}
