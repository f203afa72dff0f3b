//! Each guard off, by name: the same scene is right with it and wrong without it.

use super::channel::Fate;
use super::ends::violations;
use super::owner::{At, Owner};
use super::rows::{MemoryRows, Rows};
use super::run::{Run, Story};
use super::world::SOURCE;
use crate::lane::{Action, Guards, Phase, Rules};
use crate::sink::Request;

/// One guard, and what goes wrong without it.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// What it shows.
    pub name: &'static str,
    /// Switches the guard off.
    pub off: fn(&mut Guards),
    /// Plays it over rows that know nothing of it; the error says what went wrong.
    pub play: fn(Rules, &mut dyn Rows) -> Result<(), String>,
    /// What it says, among more, with the guard off.
    pub says: &'static str,
}

/// All of them.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "own_off_posts_twice",
        off: |guards| guards.own = false,
        play: an_older_owner_comes_back,
        says: "posted 2 times",
    },
    Scene {
        name: "know_off_posts_again_and_again",
        off: |guards| guards.know = false,
        play: the_views_lag,
        says: "posted 8 times",
    },
    Scene {
        name: "intent_off_does_not_know_its_own_copy",
        off: |guards| guards.intent = false,
        play: an_owner_dies_after_its_create,
        says: "knows nothing of",
    },
    Scene {
        name: "evidence_off_posts_twice",
        off: |guards| guards.evidence = false,
        play: a_create_loses_its_answer,
        says: "posted 2 times",
    },
    Scene {
        name: "wait_off_posts_twice",
        off: |guards| guards.wait = false,
        play: a_create_comes_late,
        says: "posted 2 times",
    },
    Scene {
        name: "wait_off_lets_a_late_edit_overtake",
        off: |guards| guards.wait = false,
        play: an_edit_comes_late,
        says: "uno",
    },
    Scene {
        name: "anchor_off_posts_twice",
        off: |guards| guards.anchor = false,
        play: history_is_denied,
        says: "posted 2 times",
    },
    Scene {
        name: "twice_off_posts_twice",
        off: |guards| guards.twice = false,
        play: history_lags,
        says: "posted 2 times",
    },
    Scene {
        name: "open_by_history_off_posts_what_an_old_backup_forgot",
        off: |guards| guards.open_by_history = false,
        play: an_old_backup_is_put_back,
        says: "posted 5 times",
    },
    Scene {
        name: "interval_off_removes_what_nothing_explains",
        off: |guards| guards.interval = false,
        play: another_uses_our_webhook,
        says: "there: false, reported: false",
    },
    Scene {
        name: "verify_edit_off_keeps_what_a_lost_edit_left",
        off: |guards| guards.verify_edit = false,
        play: a_lost_edit_is_taken_back,
        says: "shows",
    },
];

/// Most actions up to the one that a scene is about.
const LEAD_MAX: usize = 100;

/// Guards that no scene is about.
#[must_use]
pub fn unproven() -> Vec<&'static str> {
    let about = |name| SCENES.iter().any(|scene| scene.guards_off() == [name]);
    Guards::default().each().into_iter().map(|(name, _)| name).filter(|name| !about(*name)).collect()
}

impl Scene {
    /// The guards that it plays without: one.
    #[must_use]
    pub fn guards_off(&self) -> Vec<&'static str> {
        let mut guards = Guards::default();
        (self.off)(&mut guards);
        guards.each().into_iter().filter(|(_, on)| !on).map(|(name, _)| name).collect()
    }

    /// Plays it with the guard on, which must be right, and off, which must be wrong in these words.
    ///
    /// Each time over rows of its own. The error says which of the two was not so.
    pub fn check<R: Rows>(&self, mut rows: impl FnMut() -> R) -> Result<(), String> {
        let Self { name, off, play, says } = self;
        let mut rules = Rules::default();
        play(rules.clone(), &mut rows()).map_err(|words| format!("{name}, with the guard on: {words}"))?;
        off(&mut rules.guards);
        match play(rules, &mut rows()) {
            Err(words) if words.contains(says) => Ok(()),
            Err(words) => Err(format!("{name}, with the guard off: not `{says}`, but {words}")),
            Ok(()) => Err(format!("{name}, with the guard off: nothing is wrong")),
        }
    }
}

/// The end conditions, and that nothing was posted beyond need.
fn judge<R: Rows>(run: &Run<R>, posts: usize) -> Result<(), String> {
    let mut wrong = violations(&run.world, &run.owners[0]);
    let posted = run.world.sites[0].channel.posted;
    if posted != posts {
        wrong.insert(0, format!("posted {posted} times"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// Leads the owner to where the next action is such a request.
fn lead_to<R: Rows>(run: &mut Run<R>, who: usize, is: fn(&Action) -> bool) {
    for count in 0..LEAD_MAX {
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
fn lost_create(rules: Rules, rows: &mut dyn Rows, fate: Fate) -> Run<&mut dyn Rows> {
    let mut run = Run::over(rows, Story::Short, rules);
    lead_to(&mut run, 0, creates);
    run.world.sites[0].fate = Some(fate);
    run.owners[0].turn(&mut run.world);
    run
}

/// An edit's outcome is lost to its owner.
fn lost_edit(rules: Rules, rows: &mut dyn Rows, fate: Fate) -> Run<&mut dyn Rows> {
    let mut run = Run::over(rows, Story::Short, rules);
    run.finish();
    run.world.edit(run.world.sources[0], "uno");
    run.world.fold();
    run.owners[0].wake(&run.world);
    lead_to(&mut run, 0, edits);
    run.world.sites[0].fate = Some(fate);
    run.owners[0].turn(&mut run.world);
    run
}

fn an_older_owner_comes_back(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = Run::over(rows, Story::Short, rules);
    lead_to(&mut run, 0, saves_create);
    run.take_over();
    run.lead(1, usize::MAX);
    run.finish();
    run.settle();
    judge(&run, 1)?;
    // It is the store that says so: nobody else here compares revisions.
    if run.world.refused == 0 { Err("the store refused nothing".to_owned()) } else { Ok(()) }
}

fn the_views_lag(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = Run::over(rows, Story::Short, rules);
    // They know the message, and nothing of what the lane makes of it.
    run.world.fold();
    // Without the guard it would never end.
    run.owners[0].patience = 8;
    run.finish();
    run.world.fold();
    judge(&run, 1)
}

fn an_owner_dies_after_its_create(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = lost_create(rules, rows, Fate::Yes);
    run.take_over();
    run.owners.remove(0);
    run.finish();
    run.settle();
    judge(&run, 1)
}

fn a_create_loses_its_answer(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = lost_create(rules, rows, Fate::Lost);
    run.settle();
    judge(&run, 1)
}

fn a_create_comes_late(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let late = Fate::Late(rules.settle_wait_ms - 1);
    let mut run = lost_create(rules, rows, late);
    run.settle();
    judge(&run, 1)
}

fn an_edit_comes_late(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let late = Fate::Late(rules.settle_wait_ms - 1);
    let mut run = lost_edit(rules, rows, late);
    run.world.edit(run.world.sources[0], "tre");
    run.world.fold();
    run.finish();
    run.settle();
    judge(&run, 1)
}

fn history_is_denied(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = lost_create(rules, rows, Fate::Lost);
    run.world.sites[0].channel.denied = true;
    (0..60).for_each(|_| run.owners[0].turn(&mut run.world));
    run.world.sites[0].channel.denied = false;
    run.settle();
    judge(&run, 1)
}

fn history_lags(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let lag_ms = rules.settle_wait_ms + rules.settle_wait_ms / 8;
    let mut run = Run::over(rows, Story::Short, rules);
    lead_to(&mut run, 0, creates);
    // The notice, so that the lag hides the copy alone.
    run.world.pass(lag_ms);
    run.world.sites[0].channel.lag_ms = lag_ms;
    run.world.sites[0].fate = Some(Fate::Lost);
    run.finish();
    run.world.sites[0].channel.lag_ms = 0;
    run.settle();
    judge(&run, 1)
}

fn an_old_backup_is_put_back(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = Run::over(rows, Story::Short, rules);
    run.finish();
    run.world.fold();
    let backup = (run.world.with_rows(MemoryRows::default()), run.world.load(0));
    for text in ["two", "three"] {
        run.world.write(SOURCE, 9, text);
    }
    run.world.fold();
    run.owners[0].wake(&run.world);
    run.finish();
    // The old views and row are back; the channel is as it is; history brings the messages again.
    let channel = run.world.sites[0].channel.clone();
    run.world = backup.0.with_rows(run.world.rows);
    run.world.sites[0].channel = channel;
    run.world.put(0, &backup.1);
    for text in ["two", "three"] {
        run.world.write(SOURCE, 9, text);
    }
    run.owners = vec![Owner::new(&mut run.world, 0)];
    run.finish();
    let held = matches!(run.owners[0].at, At::Held);
    let posted = run.world.sites[0].channel.posted;
    if held && posted == 3 { Ok(()) } else { Err(format!("posted {posted} times")) }
}

fn another_uses_our_webhook(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = Run::over(rows, Story::Short, rules);
    run.finish();
    let foreign = run.world.sites[0].channel.say_as_us();
    run.owners[0].hear(foreign);
    run.finish();
    let site = &run.world.sites[0];
    let reported = run.owners[0].lane.strangers().contains(&foreign);
    let there = site.channel.live.contains_key(&foreign);
    if reported && there { Ok(()) } else { Err(format!("there: {there}, reported: {reported}")) }
}

fn a_lost_edit_is_taken_back(rules: Rules, rows: &mut dyn Rows) -> Result<(), String> {
    let mut run = lost_edit(rules, rows, Fate::Lost);
    // Meanwhile the author takes it back.
    run.world.pass(1);
    run.world.edit(run.world.sources[0], "one");
    run.world.fold();
    run.finish();
    run.settle();
    judge(&run, 1)
}
