//! A lost past: an old row and old views are put back after more messages were posted.

use crate::lane::proof::channel::Fate;
use crate::lane::proof::ends::violations;
use crate::lane::proof::know::Quick;
use crate::lane::proof::owner::{At, Owner};
use crate::lane::proof::world::{SOURCE, World};
use crate::lane::{Input, Rules, Settled};
use events::MessageId;

/// A lane at rest, as it was and as it is after `more` messages.
fn forgotten(more: usize) -> (World<Quick>, World<Quick>, Vec<MessageId>) {
    let mut world = World::new(Quick::default(), 1, Rules::default());
    world.write(SOURCE, 9, "known");
    let mut owner = Owner::new(&mut world, 0);
    rest(&mut world, &mut owner);
    world.fold();
    let backup = world.clone();
    let before: Vec<_> = world.sites[0].channel.live.keys().copied().collect();
    for number in 0..more {
        world.write(SOURCE, 9, &format!("forgotten {number}"));
    }
    world.fold();
    owner.wake(&world);
    rest(&mut world, &mut owner);
    let posted = world.sites[0].channel.live.keys().copied().filter(|id| !before.contains(id)).collect();
    (backup, world, posted)
}

fn rest(world: &mut World<Quick>, owner: &mut Owner) {
    for _ in 0..20_000 {
        if owner.is_settled() {
            return;
        }
        owner.turn(world);
    }
    panic!("it does not settle: {:?}", owner.at);
}

/// The old directory over the channel as it is.
fn put_back(mut backup: World<Quick>, now: &World<Quick>) -> World<Quick> {
    backup.sites[0].channel = now.sites[0].channel.clone();
    backup.now_ms = now.now_ms + 60_000;
    backup.pass(0);
    backup
}

#[test]
fn a_lost_past_holds_the_lane_and_names_what_it_found() {
    let settled = |until| vec![Settled { after: MessageId(0), until: MessageId(until) }];
    // (messages forgotten, what the old row had settled as without effect)
    for (more, settled) in [
        (1, vec![]),
        (2, vec![]),
        (500, vec![]),
        (3, settled(0)),
        (500, settled(0)),
        (500, settled(u64::MAX)),
    ] {
        let (backup, now, posted) = forgotten(more);
        let mut world = put_back(backup, &now);
        let mut row = world.load(0);
        row.settled = settled;
        world.put(0, &row);
        world.write(SOURCE, 9, "after the restore");
        let mut owner = Owner::new(&mut world, 0);
        rest(&mut world, &mut owner);
        let words = owner.lane.trouble().unwrap_or_default().to_owned();
        assert!(matches!(owner.at, At::Held), "{more} forgotten: {:?}", owner.at);
        assert!(words.contains(&format!("{more} messages")), "{words}");
        assert!(posted.iter().take(5).all(|id| words.contains(&id.to_string())), "{words}");
        let (there, before) = (&world.sites[0].channel, &now.sites[0].channel);
        assert_eq!(there.live, before.live, "nothing was posted or removed");
        assert_eq!((there.posted, there.removed.len()), (before.posted, 0));
    }
}

#[test]
fn a_held_lane_stays_held_for_the_next_owner() {
    let (backup, now, _) = forgotten(3);
    let mut world = put_back(backup, &now);
    for _ in 0..3 {
        let mut owner = Owner::new(&mut world, 0);
        rest(&mut world, &mut owner);
        assert!(matches!(owner.at, At::Held));
    }
    assert_eq!(world.sites[0].channel.live, now.sites[0].channel.live);
}

#[test]
fn a_release_accepts_what_is_there_and_goes_on() {
    let (backup, now, posted) = forgotten(20);
    let mut world = put_back(backup, &now);
    let mut row = world.load(0);
    row.settled = vec![Settled { after: MessageId(0), until: *posted.last().unwrap() }];
    world.put(0, &row);
    let mut owner = Owner::new(&mut world, 0);
    rest(&mut world, &mut owner);
    owner.at = At::Input(Input::Release(*posted.last().unwrap()));
    let new = world.write(SOURCE, 9, "new");
    world.fold();
    rest(&mut world, &mut owner);
    owner.wake(&world);
    rest(&mut world, &mut owner);
    assert!(matches!(owner.at, At::Resting), "{:?}", owner.at);
    let channel = &world.sites[0].channel;
    assert!(posted.iter().all(|id| channel.live.contains_key(id)), "what was accepted stays");
    assert_eq!(channel.posted, now.sites[0].channel.posted + 1);
    assert_eq!(channel.removed, vec![]);
    world.fold();
    assert_eq!(world.know_copies(new), 1);
    // And so it does for the next owner.
    let mut owner = Owner::new(&mut world, 0);
    rest(&mut world, &mut owner);
    assert!(matches!(owner.at, At::Resting), "{:?}", owner.lane.trouble());
    assert_eq!(world.sites[0].channel.removed, vec![]);
}

#[test]
fn a_late_effect_is_removed_and_the_rest_of_ours_is_reported() {
    let mut world = World::new(Quick::default(), 1, Rules::default());
    world.write(SOURCE, 9, "one");
    let mut owner = Owner::new(&mut world, 0);
    while !matches!(&owner.at, At::Action(crate::lane::Action::Send(crate::sink::Request::Create(_)))) {
        owner.turn(&mut world);
    }
    // Longer than W: the lane posts again, and the first effect comes after that.
    let late_ms = 2 * world.rules.settle_wait_ms;
    world.sites[0].fate = Some(Fate::Late(late_ms));
    rest(&mut world, &mut owner);
    assert_eq!(world.sites[0].channel.posted, 1, "posted again");
    world.pass(late_ms);
    let stranger = world.sites[0].channel.say_as_us();
    for id in std::mem::take(&mut world.sites[0].channel.echoes) {
        owner.hear(id);
    }
    owner.hear(stranger);
    rest(&mut world, &mut owner);
    let channel = &world.sites[0].channel;
    assert_eq!(channel.removed.len(), 1, "the late effect is gone");
    assert_eq!(owner.lane.row.settled, [], "its intent explains no other message");
    assert_eq!(owner.lane.strangers(), [stranger]);
    assert!(channel.live.contains_key(&stranger), "what nothing explains stays");
    world.sites[0].channel.live.remove(&stranger);
    world.fold();
    assert_eq!(violations(&world, &owner), Vec::<String>::new());
}

#[test]
fn of_two_late_effects_one_stays() {
    let mut world = World::new(Quick::default(), 1, Rules::default());
    world.write(SOURCE, 9, "one");
    let wait_ms = world.rules.settle_wait_ms;
    let mut owner = Owner::new(&mut world, 0);
    // Both come later than W: the first is taken for the second, which then comes more than W after it.
    for late_ms in [2 * wait_ms, 2 * wait_ms - 1] {
        while !matches!(&owner.at, At::Action(crate::lane::Action::Send(crate::sink::Request::Create(_)))) {
            owner.turn(&mut world);
        }
        world.sites[0].fate = Some(Fate::Late(late_ms));
        owner.turn(&mut world);
    }
    rest(&mut world, &mut owner);
    world.pass(4 * wait_ms);
    assert_eq!(world.sites[0].channel.posted, 2);
    for id in std::mem::take(&mut world.sites[0].channel.echoes) {
        owner.hear(id);
    }
    rest(&mut world, &mut owner);
    world.fold();
    assert_eq!(violations(&world, &owner), Vec::<String>::new());
    assert_eq!(owner.lane.strangers(), []);
}

#[test]
fn with_every_anchor_wiped_a_notice_is_the_next() {
    let (_, mut world, _) = forgotten(6);
    world.write(SOURCE, 9, "last");
    let mut owner = Owner::new(&mut world, 0);
    while !matches!(&owner.at, At::Action(crate::lane::Action::Send(crate::sink::Request::Create(_)))) {
        owner.turn(&mut world);
    }
    world.sites[0].fate = Some(Fate::Never);
    world.sites[0].channel.live.clear();
    let before = world.sites[0].channel.posted;
    rest(&mut world, &mut owner);
    assert!(matches!(owner.at, At::Resting), "{:?}", owner.lane.trouble());
    assert_eq!(world.sites[0].channel.posted, before + 1);
}
