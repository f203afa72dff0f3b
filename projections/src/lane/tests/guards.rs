//! Each guard off, by name: the same scene is right with it and wrong without it.

use super::channel::Fate;
use super::ends::violations;
use super::owner::{At, Owner};
use super::table::{Run, Story};
use super::world::SOURCE;
use crate::lane::{Action, Guards, Phase, Rules};
use crate::sink::Request;

/// Plays a scene with the guard on and off; the scene says what is wrong.
fn check(off: fn(&mut Guards), scene: fn(Rules) -> Result<(), String>) -> String {
    assert_eq!(scene(Rules::default()), Ok(()), "with the guard on");
    let mut rules = Rules::default();
    off(&mut rules.guards);
    assert_ne!(rules.guards, Guards::default());
    scene(rules).expect_err("with the guard off")
}

/// The end conditions, and that nothing was posted beyond need.
fn judge(run: &Run, posts: usize) -> Result<(), String> {
    let mut wrong = violations(&run.world, &run.owners[0]);
    let posted = run.world.sites[0].channel.posted;
    if posted != posts {
        wrong.insert(0, format!("posted {posted} times"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// Leads the owner to where the next action is such a request.
fn lead_to(run: &mut Run, who: usize, is: fn(&Action) -> bool) {
    for count in 0..100 {
        assert!(run.lead(who, count), "it settled before");
        if matches!(&run.owners[who].at, At::Action(action) if is(action)) {
            return;
        }
    }
    panic!("no such action");
}

fn creates(action: &Action) -> bool {
    matches!(action, Action::Send(Request::Create(_)))
}

fn edits(action: &Action) -> bool {
    matches!(action, Action::Send(Request::Edit(..)))
}

fn saves_create(action: &Action) -> bool {
    matches!(action, Action::Save(row) if matches!(&row.phase, Phase::Intent(_)) && row.noticed)
}

/// The create's outcome is lost to its owner.
fn lost_create(rules: Rules, fate: Fate) -> Run {
    let mut run = Run::new(Story::Short, rules);
    lead_to(&mut run, 0, creates);
    run.world.sites[0].fate = Some(fate);
    run.owners[0].turn(&mut run.world);
    run
}

/// An edit's outcome is lost to its owner.
fn lost_edit(rules: Rules, fate: Fate) -> Run {
    let mut run = Run::new(Story::Short, rules);
    run.finish();
    run.world.edit(run.world.sources[0], "uno");
    run.world.fold();
    run.owners[0].wake(&run.world);
    lead_to(&mut run, 0, edits);
    run.world.sites[0].fate = Some(fate);
    run.owners[0].turn(&mut run.world);
    run
}

#[test]
fn guard_own_off_posts_twice() {
    let wrong = check(
        |guards| guards.own = false,
        |rules| {
            let mut run = Run::new(Story::Short, rules);
            lead_to(&mut run, 0, saves_create);
            run.take_over();
            run.lead(1, usize::MAX);
            run.finish();
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("posted 2 times"), "{wrong}");
}

#[test]
fn guard_know_off_posts_twice() {
    let wrong = check(
        |guards| guards.know = false,
        |rules| {
            let mut run = Run::new(Story::Short, rules);
            run.owners[0].patience = 8;
            run.finish();
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.starts_with("posted"), "{wrong}");
}

#[test]
fn guard_intent_off_does_not_know_its_own_copy() {
    let wrong = check(
        |guards| guards.intent = false,
        |rules| {
            let mut run = lost_create(rules, Fate::Yes);
            run.take_over();
            run.owners.remove(0);
            run.finish();
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("knows nothing of"), "{wrong}");
}

#[test]
fn guard_evidence_off_posts_twice() {
    let wrong = check(
        |guards| guards.evidence = false,
        |rules| {
            let mut run = lost_create(rules, Fate::Lost);
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("posted 2 times"), "{wrong}");
}

#[test]
fn guard_wait_off_posts_twice() {
    let wrong = check(
        |guards| guards.wait = false,
        |rules| {
            let late = Fate::Late(rules.settle_wait_ms - 1);
            let mut run = lost_create(rules, late);
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("posted 2 times"), "{wrong}");
}

#[test]
fn guard_wait_off_lets_a_late_edit_overtake() {
    let wrong = check(
        |guards| guards.wait = false,
        |rules| {
            let late = Fate::Late(rules.settle_wait_ms - 1);
            let mut run = lost_edit(rules, late);
            run.world.edit(run.world.sources[0], "tre");
            run.world.fold();
            run.finish();
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("uno"), "{wrong}");
}

#[test]
fn guard_anchor_off_posts_twice() {
    let wrong = check(
        |guards| guards.anchor = false,
        |rules| {
            let mut run = lost_create(rules, Fate::Lost);
            run.world.sites[0].channel.denied = true;
            (0..60).for_each(|_| run.owners[0].turn(&mut run.world));
            run.world.sites[0].channel.denied = false;
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("posted 2 times"), "{wrong}");
}

#[test]
fn guard_twice_off_posts_twice() {
    let wrong = check(
        |guards| guards.twice = false,
        |rules| {
            let lag_ms = rules.settle_wait_ms + rules.settle_wait_ms / 8;
            let mut run = Run::new(Story::Short, rules);
            lead_to(&mut run, 0, creates);
            // The notice, so that the lag hides the copy alone.
            run.world.pass(lag_ms);
            run.world.sites[0].channel.lag_ms = lag_ms;
            run.world.sites[0].fate = Some(Fate::Lost);
            run.finish();
            run.world.sites[0].channel.lag_ms = 0;
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("posted 2 times"), "{wrong}");
}

#[test]
fn guard_open_by_history_off_posts_what_an_old_backup_forgot() {
    let wrong = check(
        |guards| guards.open_by_history = false,
        |rules| {
            let mut run = Run::new(Story::Short, rules);
            run.finish();
            run.world.fold();
            let backup = (run.world.clone(), run.world.sites[0].load());
            for text in ["two", "three"] {
                run.world.write(SOURCE, 9, text);
            }
            run.world.fold();
            run.owners[0].wake(&run.world);
            run.finish();
            // The old views and row are back; the channel is as it is; history brings the messages again.
            let channel = run.world.sites[0].channel.clone();
            run.world = backup.0;
            run.world.sites[0].channel = channel;
            run.world.sites[0].put(&backup.1);
            for text in ["two", "three"] {
                run.world.write(SOURCE, 9, text);
            }
            run.owners = vec![Owner::new(&mut run.world, 0)];
            run.finish();
            let held = matches!(run.owners[0].at, At::Held);
            let posted = run.world.sites[0].channel.posted;
            if held && posted == 3 { Ok(()) } else { Err(format!("posted {posted} times")) }
        },
    );
    assert!(wrong.contains("posted 5 times"), "{wrong}");
}

#[test]
fn guard_interval_off_removes_what_nothing_explains() {
    let wrong = check(
        |guards| guards.interval = false,
        |rules| {
            let mut run = Run::new(Story::Short, rules);
            run.finish();
            let foreign = run.world.sites[0].channel.say_as_us();
            run.owners[0].hear(foreign);
            run.finish();
            let site = &run.world.sites[0];
            let reported = run.owners[0].lane.strangers().contains(&foreign);
            let there = site.channel.live.contains_key(&foreign);
            if reported && there { Ok(()) } else { Err(format!("there: {there}, reported: {reported}")) }
        },
    );
    assert_eq!(wrong, "there: false, reported: false");
}

#[test]
fn guard_verify_edit_off_keeps_what_a_lost_edit_left() {
    let wrong = check(
        |guards| guards.verify_edit = false,
        |rules| {
            let mut run = lost_edit(rules, Fate::Lost);
            // Meanwhile the author takes it back.
            run.world.pass(1);
            run.world.edit(run.world.sources[0], "one");
            run.world.fold();
            run.finish();
            run.settle();
            judge(&run, 1)
        },
    );
    assert!(wrong.contains("shows"), "{wrong}");
}
