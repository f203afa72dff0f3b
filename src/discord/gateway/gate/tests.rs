//! The turn to IDENTIFY, on tokio's paused clock.

use super::*;
use events::Version;
use projections::lanes::LanesError;
use projections::leases::memory::MemoryLeases;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::advance;
use uuid::Uuid;

const GAP: Duration = Duration::from_secs(5);

/// A wall clock that a test sets, in milliseconds.
#[derive(Debug, Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Version {
        Version(self.0.load(Ordering::Relaxed) * 1000)
    }
}

struct World {
    store: Arc<MemoryLeases>,
    clock: Arc<Hands>,
    starts: Starts,
}

impl World {
    fn new(starts: Starts) -> Self {
        Self {
            store: Arc::default(),
            clock: Arc::new(Hands(AtomicI64::new(1_000_000))),
            starts: Starts { gap: GAP, ..starts },
        }
    }

    fn gate(&self, home: u64) -> IdentifyGate {
        let node = format!("n{home}").parse().expect("a name");
        let me = Holder { node, home: Uuid::from_u64_pair(0, home) };
        IdentifyGate::new(self.store.clone(), me, self.clock.clone(), self.starts)
    }

    async fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_millis() as i64, Ordering::Relaxed);
        advance(time).await;
    }
}

fn waits(permit: Permit) -> Duration {
    match permit {
        Permit::Wait { ms } => Duration::from_millis(ms - 1),
        other => panic!("{other:?}"),
    }
}

fn is_spent(permit: Permit) -> bool {
    matches!(permit, Permit::Spent { .. })
}

fn goes(permit: Permit) -> bool {
    matches!(permit, Permit::Go { .. })
}

#[tokio::test(start_paused = true)]
async fn one_of_a_bucket_at_a_time() {
    let world = World::new(Starts::default());
    let (one, two) = (world.gate(1), world.gate(2));
    assert_eq!(one.permit(0).await, Permit::Go { left: 899 });
    assert_eq!(waits(one.permit(1).await), GAP, "another shard of the same process");
    world.pass(Duration::from_secs(3)).await;
    assert_eq!(waits(two.permit(2).await), GAP + SEND_TIME_MAX, "another node has just seen it");
    assert_eq!(waits(one.permit(1).await), Duration::from_secs(2));
    world.pass(Duration::from_secs(2)).await;
    assert!(goes(one.permit(1).await));
    world.pass(Duration::from_secs(4)).await;
    assert_eq!(waits(two.permit(2).await), GAP + SEND_TIME_MAX, "it was taken anew: all over again");
    world.pass(GAP + SEND_TIME_MAX).await;
    assert_eq!(two.permit(2).await, Permit::Go { left: 897 });
}

#[tokio::test(start_paused = true)]
async fn as_many_at_once_as_there_are_buckets() {
    let world = World::new(Starts { max_concurrency: 3, ..Starts::default() });
    let (one, two) = (world.gate(1), world.gate(2));
    for (shard, goes) in [(0, true), (1, true), (5, true), (3, false), (4, false), (2, false)] {
        let gate = if shard % 2 == 0 { &one } else { &two };
        assert_eq!(self::goes(gate.permit(shard).await), goes, "shard {shard}");
    }
}

/// Of many that ask at once, one goes.
#[tokio::test(start_paused = true)]
async fn one_of_many_goes() {
    let world = World::new(Starts::default());
    let gates: Vec<_> = (0..5).map(|home| world.gate(home)).collect();
    let permits = futures_util::future::join_all(gates.iter().map(|gate| gate.permit(7))).await;
    assert_eq!(permits.iter().filter(|permit| goes(**permit)).count(), 1, "{permits:?}");
}

/// A crash loop neither hurries nor forgets: its own directory knows when the last one was.
#[tokio::test(start_paused = true)]
async fn a_restart_remembers() {
    let world = World::new(Starts { total: 20, ..Starts::default() });
    for round in 0..18 {
        let gate = world.gate(1);
        assert_eq!(gate.permit(0).await, Permit::Go { left: 17 - round });
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(waits(world.gate(1).permit(0).await), Duration::from_secs(4));
        world.pass(Duration::from_secs(4)).await;
    }
    let again_ms = Some(1_000_000 + DAY_MS);
    assert_eq!(world.gate(1).permit(0).await, Permit::Spent { again_ms }, "a day after the first");
    world.pass(Duration::from_secs(24 * 3600 - 18 * 5)).await;
    assert!(goes(world.gate(1).permit(0).await), "the first is a day ago");
    world.pass(GAP).await;
    assert!(goes(world.gate(1).permit(0).await));
}

/// The budget is one for all buckets and nodes.
#[tokio::test(start_paused = true)]
async fn the_budget_is_of_all() {
    let world = World::new(Starts { total: 10, max_concurrency: 4, ..Starts::default() });
    let gates = [world.gate(1), world.gate(2)];
    let (mut went, mut shard) = (0, 0);
    while went < 9 {
        if goes(gates[shard as usize % 2].permit(shard / 2).await) {
            went += 1;
        }
        shard += 1;
        world.pass(Duration::from_secs(1)).await;
    }
    world.pass(GAP + SEND_TIME_MAX).await;
    assert!(is_spent(gates[0].permit(0).await));
    let rows = world.store.all().await.expect("rows");
    let kept: usize = rows.iter().map(|(_, row)| Note::decode(&row.note).expect("a note").times.len()).sum();
    assert_eq!(kept, 9);
}

/// What nobody can count is not counted as nothing.
#[tokio::test(start_paused = true)]
async fn a_note_that_cannot_be_read_is_a_budget_that_is_spent() {
    let world = World::new(Starts::default());
    let row = LeaseRow { rev: 1, note: Bytes::from_static(b"nonsense"), ..LeaseRow::default() };
    assert_eq!(world.store.save(LeaseName::Identify(0), row).await, Saved::Yes);
    assert_eq!(world.gate(1).permit(0).await, Permit::Spent { again_ms: None });
}

/// A store that answers late or not at all gives no turn.
#[tokio::test(start_paused = true)]
async fn a_turn_that_came_too_late_is_none() {
    struct Slow(MemoryLeases, Saved, Duration);

    #[async_trait]
    impl Leases for Slow {
        async fn all(&self) -> Result<Vec<(LeaseName, LeaseRow)>, LanesError> {
            self.0.all().await
        }
        async fn load(&self, name: LeaseName) -> Result<Option<LeaseRow>, LanesError> {
            self.0.load(name).await
        }
        async fn save(&self, name: LeaseName, row: LeaseRow) -> Saved {
            self.0.save(name, row).await;
            tokio::time::sleep(self.2).await;
            self.1
        }
    }

    for (saved, took, goes) in [
        (Saved::Yes, Duration::from_millis(999), true),
        (Saved::Yes, SEND_TIME_MAX, false),
        (Saved::Unknown, Duration::ZERO, false),
        (Saved::Fenced, Duration::ZERO, false),
    ] {
        let world = World::new(Starts::default());
        let store = Arc::new(Slow(MemoryLeases::new(), saved, took));
        let gate = IdentifyGate { leases: store, ..world.gate(1) };
        assert_eq!(self::goes(gate.permit(0).await), goes, "{saved:?} after {took:?}");
        assert!(matches!(gate.permit(0).await, Permit::Wait { .. }), "and the turn is spent");
    }
}
