//! Single cases: what is decided from which rows at which time.

use super::world::RULES;
use crate::lanes::Saved;
use crate::leases::{Holder, LeaseName, LeaseRow};
use crate::tenancy::{NodeNote, Step, Tenancy, Tenure};
use bytes::Bytes;
use events::{Partition, Version};
use uuid::Uuid;

const P0: LeaseName = LeaseName::Partition(Partition(0));
const P1: LeaseName = LeaseName::Partition(Partition(1));
const LEASE: u64 = RULES.lease_ms;
const OVER: u64 = RULES.lease_ms + RULES.margin_ms;

fn holder(node: &str, home: u64) -> Holder {
    Holder { node: node.parse().expect("a name"), home: Uuid::from_u64_pair(0, home) }
}

fn name(node: &str) -> LeaseName {
    LeaseName::Node(node.parse().expect("a name"))
}

fn tenancy() -> Tenancy {
    Tenancy::new(holder("a", 1), RULES, NodeNote { version: "1".to_owned(), ..NodeNote::default() })
}

fn row(rev: u64, epoch: u64, holder: Option<Holder>) -> LeaseRow {
    LeaseRow { rev, epoch, holder, note: Bytes::new() }
}

/// Looks at an empty store, or at what is given, and does all that is decided until nothing is.
fn settle(tenancy: &mut Tenancy, rows: &[(LeaseName, LeaseRow)], now_ms: u64, wanted: &[LeaseName]) {
    tenancy.observe(rows, now_ms);
    loop {
        let steps = tenancy.decide(now_ms, wanted, false);
        if steps.is_empty() {
            return;
        }
        steps.iter().for_each(|step| tenancy.saved(step, Saved::Yes, now_ms));
    }
}

fn names(steps: &[Step]) -> Vec<LeaseName> {
    steps.iter().map(Step::name).collect()
}

#[test]
fn the_name_comes_first() {
    let mut tenancy = tenancy();
    assert_eq!(tenancy.decide(0, &[P0], false), [], "nothing was seen yet");
    tenancy.observe(&[], 0);
    let steps = tenancy.decide(0, &[P0], false);
    let [Step::Take(taken, row)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((*taken, row.rev, row.epoch, row.holder), (name("a"), 1, 1, Some(holder("a", 1))));
    assert_eq!(NodeNote::decode(&row.note).version, "1");
    assert_eq!(tenancy.decide(0, &[P0], false), [], "one thing at a time about one name");
    tenancy.saved(&steps[0], Saved::Yes, 0);
    let steps = tenancy.decide(1, &[P0], false);
    assert_eq!(steps, [Step::Take(P0, self::row(1, 1, Some(holder("a", 1))))]);
}

/// A lease counts from when it was asked for, and is lost the margin before its end.
#[test]
fn a_lease_ends() {
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[], 20, &[]);
    let steps = tenancy.decide(20, &[P0], false);
    tenancy.saved(&steps[0], Saved::Yes, 15);
    assert_eq!(tenancy.held(P0), Some(Tenure { epoch: 1, until_ms: 15 + LEASE }));
    let end = 15 + LEASE - RULES.margin_ms;
    let steps = tenancy.decide(end - 1, &[P0], false);
    let renewed = Step::Renew(P0, row(2, 1, Some(holder("a", 1))));
    assert_eq!((names(&steps), &steps[1]), (vec![name("a"), P0], &renewed));
    tenancy.saved(&steps[0], Saved::Yes, end - 1);
    assert_eq!(tenancy.decide(end, &[P0], false), [Step::Lost(P0)]);
    assert_eq!(tenancy.held(P0), None);
    // The answer comes too late: it does not bring the work back, but nobody else has it: taken anew.
    tenancy.saved(&renewed, Saved::Yes, end - 1);
    assert_eq!(tenancy.held(P0), None);
    settle(&mut tenancy, &[], end + 1, &[P0]);
    assert_eq!(tenancy.held(P0).map(|tenure| tenure.epoch), Some(2));
}

/// What another holds is taken over after the same revision was seen for the lease and the margin.
#[test]
fn take_over_by_observation() {
    let other = |rev| (P0, row(rev, 5, Some(holder("b", 2))));
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[other(1)], 0, &[P0]);
    let every = RULES.renew_every_ms;
    let mut look = |rev, from: u64, to: u64| {
        let mut taken = None;
        for now in (from..=to).step_by(every as usize / 5) {
            tenancy.observe(&[other(rev)], now);
            for step in tenancy.decide(now, &[P0], false) {
                if step.name() == P0 {
                    taken.get_or_insert((now, step));
                } else {
                    tenancy.saved(&step, Saved::Yes, now);
                }
            }
        }
        taken
    };
    assert_eq!(look(1, every, OVER - 100), None);
    assert_eq!(look(2, OVER, 2 * OVER - 100), None, "it was renewed: all over again");
    let taken = Step::Take(P0, row(3, 6, Some(holder("a", 1))));
    assert_eq!(look(2, 2 * OVER, 3 * OVER), Some((2 * OVER, taken)));
}

/// Time that nobody saw is not held against the holder.
#[test]
fn blindness_does_not_count() {
    let other = [(P0, row(1, 5, Some(holder("b", 2))))];
    let mut tenancy = tenancy();
    settle(&mut tenancy, &other, 0, &[P0]);
    settle(&mut tenancy, &other, 100 * LEASE, &[P0]);
    assert_eq!(tenancy.held(P0), None);
}

#[test]
fn the_same_home_takes_at_once_and_another_of_the_same_name_waits() {
    for (home, epoch) in [(1, Some(4)), (9, None)] {
        let earlier = Some(holder("a", home));
        let rows = [(name("a"), row(7, 3, earlier)), (P0, row(1, 3, earlier))];
        let mut tenancy = tenancy();
        settle(&mut tenancy, &rows, 0, &[P0]);
        assert_eq!(tenancy.held(name("a")).map(|tenure| tenure.epoch), epoch);
        assert_eq!(tenancy.held(P0).map(|tenure| tenure.epoch), epoch);
        assert_eq!(tenancy.rival(), if epoch.is_none() { earlier } else { None });
        if epoch.is_none() {
            (0..OVER).step_by(100).for_each(|now| settle(&mut tenancy, &rows, now, &[P0]));
            assert_eq!(tenancy.held(name("a")), None);
            settle(&mut tenancy, &rows, OVER, &[P0]);
            assert_eq!(tenancy.held(name("a")).map(|tenure| tenure.epoch), Some(4), "in the end it is taken");
        }
    }
}

/// A write of unknown outcome is settled by what is found.
#[test]
fn doubt_is_settled_by_a_look() {
    for applied in [true, false] {
        let mut tenancy = tenancy();
        settle(&mut tenancy, &[], 0, &[]);
        let steps = tenancy.decide(5, &[P0], false);
        tenancy.saved(&steps[0], Saved::Unknown, 5);
        assert_eq!(tenancy.decide(6, &[P0], false), [], "nothing before a look");
        let found = if applied { vec![(P0, steps[0].row().expect("a row").clone())] } else { Vec::new() };
        tenancy.observe(&found, 20);
        let tenure = Tenure { epoch: 1, until_ms: 5 + LEASE };
        assert_eq!(tenancy.held(P0), applied.then_some(tenure), "from when it was asked for");
        assert_eq!(tenancy.decide(20, &[P0], false), if applied { vec![] } else { steps });
    }
}

/// A renewal that does not hold, and another's row over ours, say so once.
#[test]
fn a_fenced_holder_stops() {
    for by_answer in [true, false] {
        let mut tenancy = tenancy();
        settle(&mut tenancy, &[], 0, &[P0]);
        let now = RULES.renew_every_ms;
        let steps = tenancy.decide(now, &[P0], false);
        assert_eq!(names(&steps), [name("a"), P0], "renewed together: {steps:?}");
        if by_answer {
            tenancy.saved(&steps[1], Saved::Fenced, now);
        } else {
            tenancy.observe(&[(P0, row(2, 2, Some(holder("b", 2))))], now);
        }
        assert_eq!(tenancy.held(P0), None);
        assert_eq!(tenancy.decide(now, &[P0], false)[0], Step::Lost(P0));
        assert_eq!(tenancy.decide(now, &[], false), []);
    }
}

/// What a holder leaves is carried by its renewals and by the giving, and found by the next.
#[test]
fn notes_are_left_to_the_next() {
    let mut tenancy = tenancy();
    let left = LeaseRow { note: Bytes::from_static(b"session"), ..row(4, 2, None) };
    tenancy.observe(&[(P0, left)], 0);
    let steps = tenancy.decide(0, &[P0], false);
    tenancy.saved(&steps[0], Saved::Yes, 0);
    let steps = tenancy.decide(0, &[P0], false);
    assert_eq!(steps[0].row().expect("a row").note, "session");
    tenancy.saved(&steps[0], Saved::Yes, 0);
    tenancy.note(P0, Bytes::from_static(b"later"), false);
    assert_eq!(tenancy.decide(1, &[P0], false), [], "it can wait");
    tenancy.note(P0, Bytes::from_static(b"now"), true);
    let steps = tenancy.decide(2, &[P0], false);
    assert_eq!(steps[0].row().expect("a row").note, "now");
    tenancy.saved(&steps[0], Saved::Yes, 2);
    assert_eq!(tenancy.decide(3, &[P0], false), [], "once");
    tenancy.note(P0, Bytes::from_static(b"last"), false);
    let steps = tenancy.decide(4, &[], false);
    let [Step::Give(P0, row)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((row.note.as_ref(), row.holder, row.epoch), (b"last".as_slice(), None, 3));
}

/// A drain gives the work first and the name last, and is seen by others at once.
#[test]
fn a_drain_gives_the_name_last() {
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[], 0, &[P0, P1]);
    let steps = tenancy.decide(1, &[P0, P1], true);
    assert_eq!(names(&steps), [name("a"), P0, P1], "{steps:?}");
    let note = NodeNote::decode(&steps[0].row().expect("a row").note);
    assert!(note.draining && matches!(steps[1], Step::Give(..)) && matches!(steps[2], Step::Give(..)));
    steps[..2].iter().for_each(|step| tenancy.saved(step, Saved::Yes, 1));
    assert_eq!(tenancy.decide(2, &[P0, P1], true), [], "one is still being given");
    tenancy.saved(&steps[2], Saved::Yes, 2);
    let steps = tenancy.decide(3, &[P0, P1], true);
    assert!(matches!(steps[..], [Step::Give(last, _)] if last == name("a")), "{steps:?}");
    tenancy.saved(&steps[0], Saved::Yes, 3);
    assert_eq!(tenancy.decide(4, &[P0, P1], true), []);
    assert_eq!(names(&tenancy.decide(5, &[P0, P1], false)), [name("a")], "and comes back");
}

/// Who drains takes no share of the work, and still works: limits are shared with it until its name is given.
#[test]
fn who_drains_is_present() {
    let mut tenancy = tenancy();
    let note = NodeNote { draining: true, ..NodeNote::default() }.encode();
    let other = LeaseRow { note, ..row(1, 1, Some(holder("b", 2))) };
    tenancy.observe(&[(name("b"), other)], 0);
    assert_eq!((tenancy.live(0).len(), tenancy.present(0).len()), (0, 1), "this one has no name yet");
    settle(&mut tenancy, &[], 0, &[]);
    assert_eq!((tenancy.live(0).len(), tenancy.present(0).len()), (1, 2));
    assert_eq!(tenancy.present(LEASE).len(), 2);
    assert_eq!(tenancy.present(LEASE + 1).len(), 1, "it has not moved for as long as a lease holds");
    tenancy.observe(&[(name("b"), row(2, 1, None))], LEASE + 2);
    assert_eq!(tenancy.present(LEASE + 2).len(), 1, "and has given its name");
}

/// All ends at once when a node dies: with the name, everything is renewed.
#[test]
fn renewals_go_together() {
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[], 0, &[P0]);
    settle(&mut tenancy, &[], RULES.renew_every_ms - 1, &[P0, P1]);
    assert_eq!(names(&tenancy.decide(RULES.renew_every_ms, &[P0, P1], false)), [name("a"), P0, P1]);
}

/// A look that was overtaken by a write of our own changes nothing.
#[test]
fn an_old_look_is_no_news() {
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[], 0, &[P0]);
    let before = [(P0, row(1, 1, Some(holder("a", 1))))];
    let now = RULES.renew_every_ms;
    settle(&mut tenancy, &before, now, &[P0]);
    tenancy.observe(&before, now + 1);
    let steps = tenancy.decide(2 * now, &[P0], false);
    assert_eq!(steps[1], Step::Renew(P0, row(3, 1, Some(holder("a", 1)))));
}

/// Of what is beyond its share a node gives one a tick, and no more than that, however long its work takes to end.
#[test]
fn surplus_is_given_one_by_one() {
    let wanted = [P0, P1, LeaseName::Partition(Partition(2)), LeaseName::Partition(Partition(3))];
    let mut tenancy = tenancy();
    settle(&mut tenancy, &[], 0, &wanted);
    tenancy.observe(&[(name("b"), row(1, 1, Some(holder("b", 2))))], 1);
    let one = tenancy.decide(1, &wanted, false);
    assert!(matches!(one[..], [Step::Give(last, _)] if last == wanted[3]), "{one:?}");
    let two = tenancy.decide(2, &wanted, false);
    assert!(matches!(two[..], [Step::Give(next, _)] if next == wanted[2]), "{two:?}");
    assert_eq!(tenancy.decide(3, &wanted, false), [], "two each, once that is done");
    one.iter().chain(&two).for_each(|step| tenancy.saved(step, Saved::Yes, 3));
    assert_eq!(tenancy.decide(4, &wanted, false), []);
}

/// What its node leaves lying for a whole lease time is taken by another, which then keeps it.
#[test]
fn the_overdue_is_anybodys() {
    let mut tenancy = tenancy();
    let mut found = Vec::new();
    for now in (0..3 * LEASE).step_by(50) {
        // The other renews its name and takes nothing.
        let rows = [(name("b"), row(1 + now / 50, 1, Some(holder("b", 2))))];
        tenancy.observe(&rows, now);
        for step in tenancy.decide(now, &[P0, P1], false) {
            assert!(!matches!(step, Step::Give(..)), "it would only come back: {step:?}");
            if matches!(step, Step::Take(..)) {
                found.push((now, step.name()));
            }
            tenancy.saved(&step, Saved::Yes, now);
        }
    }
    assert_eq!(found, [(0, name("a")), (50, P0), (LEASE + 50, P1)]);
}

#[test]
fn a_note_of_another_version_is_read() {
    let note = NodeNote { draining: true, started: Version(7), version: "1.2".to_owned() };
    assert_eq!(NodeNote::decode(&note.encode()), note);
    assert_eq!(NodeNote::decode(&[]), NodeNote::default());
    let more = rmp_serde::to_vec_named(&serde_json::json!({"draining": true, "later": [1]})).expect("bytes");
    assert_eq!(NodeNote::decode(&more), NodeNote { draining: true, ..NodeNote::default() });
}
