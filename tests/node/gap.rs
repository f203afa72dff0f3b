//! Gap fill: a node that slept, or lost its session, comes to know what one that never slept knows, but for what nobody
//! can know, and its log says what that is.

#[path = "gap/threads.rs"]
mod threads;

use crate::stage::{MIRROR, PATIENCE, Stage};
use serde_json::Value;
use standin::{Faults, Matcher, RestFault, RouteKind, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

const TWO_HOURS_MS: u64 = 2 * 3_600_000;

/// What a log says of the messages in channels.
#[derive(Debug, Default)]
struct Told {
    created: BTreeMap<String, String>,
    /// (message, version)
    edited: BTreeMap<(String, i64), String>,
    deleted: BTreeSet<String>,
    /// Channel, from, to, cause.
    gaps: Vec<(String, u64, u64, String)>,
    /// What was said of each thread last.
    threads: BTreeMap<String, (i64, String)>,
}

async fn told(stage: &Stage, data: &Path) -> Told {
    let said = stage.ask_on(data, &["log", "--json"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut told = Told::default();
    for line in said.out.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        match entry["kind"].as_str().unwrap() {
            "created" => drop(told.created.insert(text("message"), text("says"))),
            "edited" => {
                let version = entry["version"].as_i64().unwrap();
                told.edited.insert((text("message"), version), text("says"));
            }
            "deleted" => drop(told.deleted.insert(text("message"))),
            "thread" => {
                let now = (entry["version"].as_i64().unwrap(), text("says"));
                let last = told.threads.entry(text("message")).or_default();
                *last = now.max(std::mem::take(last));
            }
            "gap" => {
                let says = text("says");
                let (range, cause) = says.split_once(": ").unwrap();
                let (from, to) = range.split_once(" to ").unwrap();
                let number = |text: &str| text.parse::<u64>().unwrap();
                told.gaps.push((text("channel"), number(from), number(to), cause.to_owned()));
            }
            _ => {}
        }
    }
    told
}

/// Two data directories of the same bot, each with the same links.
async fn two(channels: usize) -> (Stage, PathBuf) {
    let stage = Stage::linked(channels).await;
    let sleeper = stage.beside("sleeper");
    for channel in &stage.channels {
        let linked = stage.ask_on(&sleeper, &["link", MIRROR, &stage.address(*channel)]).await;
        assert_eq!(linked.code, Some(0), "{}", linked.err);
    }
    (stage, sleeper)
}

/// Waits until a text is `times` in each channel.
async fn until_everywhere(stage: &Stage, text: &str, times: usize) {
    for channel in &stage.channels {
        let there = || {
            let found =
                stage.discord.messages(*channel).iter().filter(|shown| shown.content.contains(text)).count();
            (found >= times).then_some(())
        };
        stage.until(&format!("{text:?} is {times} times in {channel}"), there).await;
    }
}

#[tokio::test]
async fn after_two_hours_of_sleep_a_node_knows_what_one_that_never_slept_knows() {
    let (stage, sleeper) = two(5).await;
    let awake = stage.start().await;
    let asleep = stage.start_on(&sleeper).await;
    let say = |channel: u64, text: &str| stage.say(channel, text);
    let mut old = BTreeMap::new();
    for (at, channel) in stage.channels.iter().enumerate() {
        let ids: Vec<u64> = (0..6).map(|number| say(*channel, &format!("old {at}.{number}"))).collect();
        old.insert(*channel, ids);
    }
    // Each says it, and the other four show it twice: once from each node.
    for at in 0..5 {
        until_everywhere(&stage, &format!("old {at}.5"), 1).await;
        let times = || {
            let all = stage.channels.iter().flat_map(|channel| stage.discord.messages(*channel));
            (all.filter(|shown| shown.content.contains(&format!("old {at}.5"))).count() == 9).then_some(())
        };
        stage.until("both nodes have copied everything", times).await;
    }
    asleep.kill().await;
    let idle = || (stage.discord.connected() == 1).then_some(());
    stage.until("the stand-in notices", idle).await;
    stage.discord.lose_idle_sessions();
    stage.discord.advance(TWO_HOURS_MS);
    for (at, channel) in stage.channels.iter().enumerate() {
        let (channel, ids) = (*channel, &old[channel]);
        say(channel, &format!("slept through {at}"));
        let twice = say(channel, &format!("edited twice {at}"));
        stage.discord.edit(channel, twice, &format!("once {at}"));
        stage.discord.edit(channel, twice, &format!("twice {at}"));
        stage.discord.edit(channel, ids[1], &format!("old and edited {at}"));
        stage.discord.delete(channel, ids[2]);
        let seen_by_nobody = say(channel, &format!("gone at once {at}"));
        stage.discord.delete(channel, seen_by_nobody);
        stage.discord.edit(channel, ids[3], "edited, and then");
        stage.discord.delete(channel, ids[3]);
        // The last one, so that nothing newer is shown behind it.
        let last = say(channel, &format!("the last {at}"));
        stage.discord.delete(channel, last);
    }
    let asleep = stage.start_on(&sleeper).await;
    until_gaps(&stage, &sleeper, 5).await;
    say(stage.channels[0], "good morning");
    until_everywhere(&stage, "good morning", 1).await;
    let both = || {
        let all = stage.channels.iter().flat_map(|channel| stage.discord.messages(*channel));
        (all.filter(|shown| shown.content.contains("good morning")).count() == 9).then_some(())
    };
    stage.until("both nodes are up to date", both).await;
    let (never, slept) = (told(&stage, &stage.data()).await, told(&stage, &sleeper).await);
    // Two messages that nobody but the awake node saw, and two edits, in each channel.
    assert_eq!(compare(&never, &slept), (10, 10), "what stays unknown is just what nobody could know");
    // The copies are right again too.
    for (at, channel) in stage.channels.iter().enumerate() {
        let texts: Vec<_> =
            stage.discord.messages(*channel).iter().map(|shown| shown.content.clone()).collect();
        let count = |text: &str| texts.iter().filter(|shown| shown.contains(text)).count();
        for other in (0..5).filter(|other| *other != at) {
            assert_eq!(count(&format!("slept through {other}")), 2, "{texts:#?}");
            assert_eq!(count(&format!("twice {other}")), 2, "{texts:#?}");
            assert_eq!(count(&format!("old and edited {other}")), 2, "{texts:#?}");
            assert_eq!(count(&format!("old {other}.2")), 0, "{texts:#?}");
            assert_eq!(count(&format!("gone at once {other}")), 0, "{texts:#?}");
        }
    }
    awake.stop().await;
    asleep.stop().await;
    stage.done(&["verify"]).await;
    assert_eq!(stage.ask_on(&sleeper, &["verify"]).await.code, Some(0));
}

/// Whatever only one of them knows lies within a gap that the other's log names; how many messages and edits those are.
fn compare(never: &Told, slept: &Told) -> (usize, usize) {
    assert_eq!(never.gaps, [], "it never slept");
    let within = |id: u64| slept.gaps.iter().any(|(_, from, to, _)| (*from..=*to).contains(&id));
    let id = |text: &String| text.parse::<u64>().unwrap();
    let when = |version: i64| standin::at_ms(version as u64 / 1000);
    let mut unknown = (0, 0);
    for (message, says) in &never.created {
        match slept.created.get(message) {
            Some(known) if known == says => {}
            // Its first words are not known, but that it was written is.
            Some(_) => assert!(within(id(message)), "{message} {says:?} is not the same"),
            None => {
                assert!(
                    within(id(message)) && never.deleted.contains(message),
                    "{message} {says:?} is missing"
                );
                unknown.0 += 1;
            }
        }
    }
    for ((message, version), says) in &never.edited {
        if slept.edited.get(&(message.clone(), *version)) == Some(says) {
            continue;
        }
        let is_last = !never.edited.keys().any(|(other, later)| other == message && later > version);
        let can_be_known = is_last && !never.deleted.contains(message);
        assert!(!can_be_known && within(when(*version)), "the edit {message} {version} {says:?} is missing");
        unknown.1 += 1;
    }
    for message in never.created.keys().filter(|message| never.deleted.contains(*message)) {
        let is_known = slept.deleted.contains(message) || !slept.created.contains_key(message);
        assert!(is_known, "that {message} is gone is not known");
    }
    let invented = slept.created.keys().filter(|message| !never.created.contains_key(*message));
    assert_eq!(invented.count(), 0);
    let invented = slept.edited.keys().filter(|edit| !never.edited.contains_key(*edit));
    assert_eq!(invented.count(), 0);
    // The removal of a thread that a node made itself is told to whoever is there.
    let is_peoples = |thread: &&String| never.created.contains_key(*thread);
    let states = |told: &Told| -> BTreeMap<String, String> {
        let threads = told.threads.iter().filter(|(thread, _)| is_peoples(thread));
        threads.map(|(thread, (_, says))| (thread.clone(), says.clone())).collect()
    };
    assert_eq!(states(slept), states(never), "threads are as they are");
    unknown
}

async fn until_gaps(stage: &Stage, data: &Path, channels: usize) {
    let began = Instant::now();
    loop {
        let gaps = told(stage, data).await.gaps;
        if gaps.iter().map(|gap| &gap.0).collect::<BTreeSet<_>>().len() >= channels {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{gaps:?}; {}", stage.tail());
    }
}

/// Two channels in step, and no node any more; its session is gone.
async fn asleep() -> (Stage, [u64; 2]) {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let [here, there] = [stage.channels[0], stage.channels[1]];
    stage.say(here, "before");
    stage.until_texts(there, &["before".to_owned()]).await;
    node.kill().await;
    stage.discord.lose_sessions();
    (stage, [here, there])
}

/// What is said while a channel is read again comes behind what was said before.
#[tokio::test]
async fn what_is_said_during_a_fill_waits_for_it() {
    let (stage, [here, there]) = asleep().await;
    for number in 0..5 {
        stage.say(here, &format!("missed {number}"));
    }
    // History answers slowly.
    let slow = RestFault::LateEffect { effect_ms: 1_500, answer_ms: 1_500 };
    let on = Matcher { channel: Some(here), ..Matcher::kind(RouteKind::ListMessages) };
    stage.discord.set_faults(Faults { script: vec![Rule::next(on, slow)], ..Faults::default() });
    let node = stage.start().await;
    for number in 0..5 {
        stage.say(here, &format!("live {number}"));
    }
    let mut all = vec!["before".to_owned()];
    all.extend((0..5).map(|number| format!("missed {number}")));
    all.extend((0..5).map(|number| format!("live {number}")));
    stage.until_texts(there, &all).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// A conversation across two channels, comes into the third in the order in which it was
/// held, though the history of one answers later than that of the other.
#[tokio::test]
async fn what_was_missed_in_several_channels_is_one_conversation() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let [first, second, there] = [stage.channels[0], stage.channels[1], stage.channels[2]];
    stage.say(first, "before");
    stage.until_texts(there, &["before".to_owned()]).await;
    node.kill().await;
    stage.discord.lose_sessions();
    let missed: Vec<_> = (0..30).map(|number| format!("missed {number}")).collect();
    for (number, text) in missed.iter().enumerate() {
        stage.say(if number % 3 == 0 { first } else { second }, text);
    }
    let slow = RestFault::LateEffect { effect_ms: 1_500, answer_ms: 1_500 };
    let on = Matcher { channel: Some(first), ..Matcher::kind(RouteKind::ListMessages) };
    stage.discord.set_faults(Faults { script: vec![Rule::next(on, slow)], ..Faults::default() });
    let node = stage.start().await;
    stage.say(second, "live");
    let before = ["before".to_owned()].into_iter();
    stage.until_texts(there, &before.chain(missed).chain(["live".to_owned()]).collect::<Vec<_>>()).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// A node that dies in the middle of a fill reads again at the next start, though its session can be resumed.
#[tokio::test]
async fn a_fill_that_a_crash_cut_short_is_done_at_the_next_start() {
    let (stage, [here, there]) = asleep().await;
    stage.say(here, "missed");
    // History never answers.
    let fault = RestFault::LateEffect { effect_ms: 60_000, answer_ms: 60_000 };
    let on = Matcher { channel: Some(here), ..Matcher::kind(RouteKind::ListMessages) };
    let never = Rule { on, nth: 1, times: u32::MAX, fault };
    stage.discord.set_faults(Faults { script: vec![never], ..Faults::default() });
    let node = stage.start().await;
    stage.until("the node keeps that something is missing", || (lost(&stage) > 0).then_some(())).await;
    node.kill().await;
    assert_eq!(stage.texts(there), ["before"]);
    stage.discord.set_faults(Faults::default());
    let resumed = stage.discord.counts().resumed;
    let node = stage.start().await;
    stage.until_texts(there, &["before".to_owned(), "missed".to_owned()]).await;
    assert_eq!(stage.discord.counts().resumed, resumed + 1);
    stage.until("nothing is missing any more", || (lost(&stage) == 0).then_some(())).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// A node that dies in the middle of a fill reads again what was missed, and up to where live frames began, no more: what
/// came live comes by itself, after all that was missed in any channel of the mirror, and once.
#[tokio::test]
async fn what_a_crash_cut_short_is_read_up_to_where_live_frames_began() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let [first, second, there] = [stage.channels[0], stage.channels[1], stage.channels[2]];
    stage.say(first, "before");
    stage.until_texts(there, &["before".to_owned()]).await;
    node.kill().await;
    stage.discord.lose_sessions();
    let say = |word: &str| {
        let said: Vec<_> = (0..8).map(|number| format!("{word} {number}")).collect();
        for (number, text) in said.iter().enumerate() {
            stage.say(if number % 3 == 0 { first } else { second }, text);
        }
        said
    };
    let missed = say("missed");
    // The history of one never answers.
    let fault = RestFault::LateEffect { effect_ms: 60_000, answer_ms: 60_000 };
    let on = Matcher { channel: Some(first), ..Matcher::kind(RouteKind::ListMessages) };
    let never = Rule { on, nth: 1, times: u32::MAX, fault };
    stage.discord.set_faults(Faults { script: vec![never], ..Faults::default() });
    let node = stage.start().await;
    stage
        .until("the node keeps what is missing", || (lost(&stage) > 0 && bounds(&stage) == 3).then_some(()))
        .await;
    let live = say("live");
    node.kill().await;
    assert_eq!(stage.texts(there), ["before"], "all wait");
    stage.discord.set_faults(Faults::default());
    let node = stage.start().await;
    let all: Vec<_> = ["before".to_owned()].into_iter().chain(missed).chain(live).collect();
    stage.until_texts(there, &all).await;
    stage
        .until("nothing is missing any more", || (lost(&stage) == 0 && bounds(&stage) == 0).then_some(()))
        .await;
    node.stop().await;
    let log = stage.done(&["log", "--json"]).await;
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let created: Vec<_> = entries
        .filter(|entry| entry["kind"] == "created")
        .map(|entry| entry["says"].as_str().unwrap().to_owned())
        .collect();
    let all: Vec<_> = all.iter().map(|text| format!("Ada: {text}")).collect();
    assert_eq!(created, all, "each once, in order");
    stage.done(&["verify"]).await;
}

/// Channels of which it is kept where live frames began.
fn bounds(stage: &Stage) -> i64 {
    let log = rusqlite::Connection::open(stage.data().join("log.db")).unwrap();
    log.query_row("SELECT COUNT(*) FROM bounds", [], |row| row.get(0)).unwrap()
}

/// Since when something is missing, by the data directory.
fn lost(stage: &Stage) -> i64 {
    let log = rusqlite::Connection::open(stage.data().join("log.db")).unwrap();
    log.query_row("SELECT lost FROM sessions", [], |row| row.get(0)).unwrap()
}

/// Without Read Message History a channel looks empty: nothing is taken for deleted, and the log says why.
#[tokio::test]
async fn hidden_history_proves_nothing() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let [here, there] = [stage.channels[0], stage.channels[1]];
    let said: Vec<_> = (0..3).map(|number| format!("word {number}")).collect();
    for text in &said {
        stage.say(here, text);
    }
    stage.until_texts(there, &said).await;
    stage.discord.set_permissions(
        here,
        standin::Permissions { read_message_history: false, ..standin::Permissions::default() },
    );
    stage.discord.lose_sessions();
    let data = stage.data();
    until_gaps(&stage, &data, 2).await;
    let told = told(&stage, &data).await;
    assert!(told.deleted.is_empty(), "{told:?}");
    let why =
        told.gaps.iter().filter(|gap| gap.0 == here.to_string()).map(|gap| gap.3.clone()).collect::<Vec<_>>();
    assert!(why.iter().any(|cause| cause.starts_with("history could not be read")), "{why:?}");
    stage.until_texts(there, &said).await;
    node.stop().await;
}

/// A channel that was wiped meanwhile is empty too: each message is asked for, and its copies go.
#[tokio::test]
async fn a_channel_wiped_meanwhile_is_found_out() {
    let (stage, [here, there]) = asleep().await;
    let all: Vec<_> = stage.discord.messages(here).iter().map(|shown| shown.id).collect();
    assert_eq!(stage.discord.bulk_delete(here, &all), all.len());
    let node = stage.start().await;
    stage.until_texts(there, &[]).await;
    node.stop().await;
    stage.done(&["verify"]).await;
}
