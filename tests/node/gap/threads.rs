//! Threads and posts while a node sleeps: what is said in them, and what becomes of them.

use super::{TWO_HOURS_MS, bounds, compare, lost, told, two, until_gaps};
use crate::stage::Stage;
use serde_json::Value;
use standin::{Faults, Matcher, RestFault, RouteKind, Rule, ShownThread};

/// The threads of a channel as `name, flags: what is said there`, but for what Discord says there.
fn threads(stage: &Stage, channel: u64) -> Vec<String> {
    let flag = |flag, word| if flag { word } else { "" };
    let line = |thread: &ShownThread| {
        let said = stage.discord.messages(thread.id).into_iter().filter(|message| message.kind == 0);
        let said: Vec<_> = said.map(|message| message.content.to_string()).collect();
        format!("{}{}: {}", thread.name, flag(thread.archived, ", archived"), said.join(" / "))
    };
    stage.discord.threads(channel).iter().map(line).collect()
}

#[tokio::test]
async fn after_two_hours_of_sleep_a_node_knows_what_became_of_threads() {
    let (stage, sleeper) = two(2).await;
    let awake = stage.start().await;
    let asleep = stage.start_on(&sleeper).await;
    let (here, there, user) = (stage.channels[0], stage.channels[1], stage.user);
    let (discord, say) = (&stage.discord, |channel: u64, text: &str| stage.say(channel, text));
    let thread = |name: &str| discord.start_thread(here, say(here, &format!("on {name}")), user, name);
    let [plans, gone, archived] = ["plans", "gone", "archived"].map(thread);
    let old: Vec<_> = (0..6).map(|number| say(plans, &format!("old {number}"))).collect();
    say(gone, "in vain");
    say(archived, "for later");
    discord.archive_thread(archived, true);
    // Each node shows each of the threads.
    let both = |wanted: &[&str]| {
        let shown = threads(&stage, there);
        wanted.iter().all(|wanted| shown.iter().filter(|shown| shown == wanted).count() == 2).then_some(())
    };
    let all = "plans: old 0 / old 1 / old 2 / old 3 / old 4 / old 5";
    stage
        .until("both nodes show all", || both(&[all, "gone: in vain", "archived, archived: for later"]))
        .await;
    asleep.kill().await;
    stage.until("the stand-in notices", || (discord.connected() == 1).then_some(())).await;
    discord.lose_idle_sessions();
    discord.advance(TWO_HOURS_MS);
    discord.rename_thread(plans, "in between");
    discord.rename_thread(plans, "the plan");
    discord.edit(plans, old[1], "edited");
    discord.delete(plans, old[2]);
    let unseen = say(plans, "gone at once");
    discord.delete(plans, unseen);
    say(plans, "slept through");
    discord.delete(plans, old[5]);
    discord.delete_thread(gone);
    discord.archive_thread(archived, false);
    say(archived, "once more");
    discord.archive_thread(archived, true);
    let new = thread("new");
    say(new, "hello");
    let bare = discord.create_thread_as(here, user, "bare");
    say(bare, "nothing below");
    let short = thread("short");
    say(short, "said quickly");
    discord.archive_thread(short, true);
    let asleep = stage.start_on(&sleeper).await;
    until_gaps(&stage, &sleeper, 2).await;
    say(new, "good morning");
    let wanted = [
        "the plan: old 0 / edited / old 3 / old 4 / slept through",
        "archived, archived: for later / once more",
        "new: hello / good morning",
        "bare: nothing below",
        "short, archived: said quickly",
    ];
    stage.until("both nodes are up to date", || both(&wanted)).await;
    assert_eq!(threads(&stage, there).len(), 2 * wanted.len(), "{:#?}", threads(&stage, there));
    let (never, slept) = (told(&stage, &stage.data()).await, told(&stage, &sleeper).await);
    assert_eq!(compare(&never, &slept), (1, 0), "what stays unknown is just what nobody could know");
    awake.stop().await;
    asleep.stop().await;
    stage.done(&["verify"]).await;
    assert_eq!(stage.ask_on(&sleeper, &["verify"]).await.code, Some(0));
}

/// What is done to copies: in a thread that we opened, somebody answers, and a copy and a whole thread are removed.
#[tokio::test]
async fn what_people_do_in_our_threads_meanwhile_is_found_out() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let (here, there, user) = (stage.channels[0], stage.channels[1], stage.user);
    let (discord, say) = (&stage.discord, |channel: u64, text: &str| stage.say(channel, text));
    let thread = |name: &str| discord.start_thread(here, say(here, &format!("on {name}")), user, name);
    let [plans, other] = ["plans", "other"].map(thread);
    say(plans, "shall we?");
    let taken = say(plans, "never mind");
    say(other, "anyone?");
    let shown = |channel: u64, wanted: &[&str]| (threads(&stage, channel) == wanted).then_some(());
    let both = ["plans: shall we? / never mind", "other: anyone?"];
    stage.until("the threads are there", || shown(there, &both)).await;
    node.kill().await;
    discord.lose_sessions();
    let ours = discord.threads(there);
    let copy =
        discord.messages(ours[0].id).into_iter().find(|copy| copy.content.contains("never mind")).unwrap();
    discord.delete(ours[0].id, copy.id);
    say(ours[0].id, "we shall");
    discord.delete_thread(ours[1].id);
    discord.edit(plans, taken, "after all");
    let node = stage.start().await;
    let answered = ["plans: shall we? / after all / we shall", "other: anyone?"];
    stage.until("the answer comes back", || shown(here, &answered)).await;
    say(other, "hello?");
    say(plans, "good");
    // What others removed stays removed: the copy, and the thread.
    stage.until("all is in step", || shown(there, &["plans: shall we? / we shall / good"])).await;
    assert_eq!(stage.texts(there), ["on plans", "on other"]);
    node.stop().await;
    stage.done(&["verify"]).await;
}

/// A node that dies while it reads a thread again reads it at the next start, up to where live frames began: each message
/// is on the log once, in order.
#[tokio::test]
async fn a_thread_whose_reading_a_crash_cut_short_is_read_at_the_next_start() {
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let (here, there) = (stage.channels[0], stage.channels[1]);
    let say = |channel: u64, text: &str| stage.say(channel, text);
    let thread = stage.discord.start_thread(here, say(here, "on plans"), stage.user, "plans");
    say(thread, "before");
    let shown = |wanted: &str| (threads(&stage, there) == [wanted]).then_some(());
    stage.until("the thread is there", || shown("plans: before")).await;
    node.kill().await;
    stage.discord.lose_sessions();
    let said = |word: &str| {
        let texts: Vec<_> = (0..6).map(|number| format!("{word} {number}")).collect();
        for text in &texts {
            say(thread, text);
        }
        texts
    };
    let missed = said("missed");
    // The history of the thread never answers.
    let fault = RestFault::LateEffect { effect_ms: 60_000, answer_ms: 60_000 };
    let on = Matcher { channel: Some(thread), ..Matcher::kind(RouteKind::ListMessages) };
    let never = Rule { on, nth: 1, times: u32::MAX, fault };
    stage.discord.set_faults(Faults { script: vec![never], ..Faults::default() });
    let node = stage.start().await;
    // Two channels, the thread, and ours on the copy.
    let kept = || (lost(&stage) > 0 && bounds(&stage) == 4).then_some(());
    stage.until("the node keeps what is missing", kept).await;
    let live = said("live");
    node.kill().await;
    assert_eq!(threads(&stage, there), ["plans: before"], "all wait");
    stage.discord.set_faults(Faults::default());
    let node = stage.start().await;
    let all = [vec!["before".to_owned()], missed, live].concat();
    stage.until("all is there", || shown(&format!("plans: {}", all.join(" / ")))).await;
    let done = || (lost(&stage) == 0 && bounds(&stage) == 0).then_some(());
    stage.until("nothing is missing any more", done).await;
    node.stop().await;
    let log = stage.done(&["log", "--kind", "created", "--json"]).await;
    let created = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let created = created.map(|entry| entry["says"].as_str().unwrap().to_owned());
    // What the thread stands on is asked for once by each process: it is the same event again.
    let created: Vec<_> = created.filter(|says| says != "Ada: on plans").collect();
    let once: Vec<_> = all.iter().map(|text| format!("Ada: {text}")).collect();
    assert_eq!(created, once, "each once, in order");
    stage.done(&["verify"]).await;
}

/// A forum has no messages of its own: all that is said there stands in posts.
#[tokio::test]
async fn posts_are_read_again() {
    let mut stage = Stage::new(0);
    let forum = |name: &str| stage.discord.create_forum(stage.guild, name, &["idea", "later"]);
    stage.channels = vec![forum("ideas"), forum("proposals")];
    for channel in &stage.channels {
        stage.done(&["link", crate::stage::MIRROR, &stage.address(*channel), "--forum"]).await;
    }
    let (here, there, user) = (stage.channels[0], stage.channels[1], stage.user);
    let (discord, say) = (&stage.discord, |channel: u64, text: &str| stage.say(channel, text));
    let node = stage.start().await;
    let bridge = discord.create_post(here, user, ("a bridge", "shall we?"), &["idea"]);
    let first = say(bridge, "of stone");
    let gone = discord.create_post(here, user, ("gone", "in vain"), &[]);
    let posts = |wanted: &[&str]| {
        let shown = threads(&stage, there);
        let shown: Vec<_> = shown.iter().filter(|shown| !shown.starts_with("This forum")).collect();
        (shown == wanted).then_some(())
    };
    stage.until("the posts are there", || posts(&["a bridge: shall we? / of stone", "gone: in vain"])).await;
    node.kill().await;
    discord.lose_sessions();
    discord.edit(bridge, bridge, "why not?");
    discord.edit(bridge, first, "of wood");
    say(bridge, "or a ferry");
    discord.tag_post(bridge, &["later"]);
    discord.delete_thread(gone);
    discord.create_post(here, user, ("a road", "and then?"), &["later"]);
    let node = stage.start().await;
    let wanted = ["a bridge: why not? / of wood / or a ferry", "a road: and then?"];
    stage.until("the posts are in step", || posts(&wanted)).await;
    let tags = || {
        let posts = discord.threads(there);
        let tagged = posts.iter().filter(|post| post.name.starts_with('a')).map(|post| post.tags.clone());
        (tagged.collect::<Vec<_>>() == [["later"], ["later"]]).then_some(())
    };
    stage.until("their tags too", tags).await;
    node.stop().await;
    let gaps = told(&stage, &stage.data()).await.gaps;
    assert!(!gaps.iter().any(|(_, _, _, cause)| cause.contains("could not be read")), "{gaps:?}");
    stage.done(&["verify"]).await;
}
