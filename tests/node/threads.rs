//! Threads, in the real node: mirrored once, followed over a kill, and found again where the node was not there.

use crate::stage::Stage;
use standin::{Said, ShownThread};

/// The threads of a channel as `name, flags`.
fn threads(stage: &Stage, channel: u64) -> Vec<String> {
    let flag = |flag, word| if flag { word } else { "" };
    let line = |thread: &ShownThread| {
        format!("{}{}{}", thread.name, flag(thread.archived, ", archived"), flag(thread.locked, ", locked"))
    };
    stage.discord.threads(channel).iter().map(line).collect()
}

/// What is said in the only thread of a channel, but for what Discord says there.
fn inside(stage: &Stage, channel: u64) -> Vec<String> {
    let threads = stage.discord.threads(channel);
    let [thread] = threads.as_slice() else { return Vec::new() };
    let said = stage.discord.messages(thread.id).into_iter().filter(|message| message.kind == 0);
    said.map(|message| message.content.to_string()).collect()
}

#[tokio::test]
async fn a_thread_is_mirrored_and_followed_over_a_kill() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let (source, receivers) = (stage.channels[0], [stage.channels[1], stage.channels[2]]);
    let root = stage.say(source, "shall we?");
    let thread = stage.discord.start_thread(source, root, stage.user, "plans");
    assert_eq!(thread, root);
    let first = stage.say(thread, "on friday");
    let said = |wanted: &[&str]| {
        let all = |channel: &u64| inside(&stage, *channel) == wanted;
        receivers.iter().all(all).then_some(())
    };
    stage.until("the thread is there", || said(&["on friday"])).await;
    for channel in receivers {
        assert_eq!(threads(&stage, channel), ["plans"]);
        assert_eq!(stage.texts(channel), ["shall we?"], "the starter is shown once, and nothing beside it");
    }

    node.kill().await;
    stage.discord.edit(thread, first, "on saturday");
    stage.say(thread, "or never");
    stage.discord.rename_thread(thread, "the plan");
    let node = stage.start().await;
    stage.until("it goes on", || said(&["on saturday", "or never"])).await;
    let named = |name: &str| receivers.iter().all(|channel| threads(&stage, *channel) == [name]);
    stage.until("it is renamed", || named("the plan").then_some(())).await;

    // Somebody answers in the thread of a copy: the others hear it, the original too.
    let of_copy = stage.discord.threads(receivers[0])[0].id;
    stage.say(of_copy, "agreed");
    let heard = |channel: u64| inside(&stage, channel).last().is_some_and(|last| last == "agreed");
    stage.until("all hear it", || (heard(source) && heard(receivers[1])).then_some(())).await;

    stage.discord.archive_thread(thread, true);
    stage.until("it is archived", || named("the plan, archived").then_some(())).await;
    stage.discord.delete_thread(thread);
    let gone = || receivers.iter().all(|channel| stage.discord.threads(*channel).is_empty()).then_some(());
    stage.until("it is gone", gone).await;
    node.stop().await;
}

#[tokio::test]
async fn a_thread_older_than_the_link_comes_with_what_it_stands_on() {
    let stage = Stage::new(2);
    let (source, receiver) = (stage.channels[0], stage.channels[1]);
    let root = stage.say(source, "long ago");
    let thread = stage.discord.start_thread(source, root, stage.user, "plans");
    stage.say(thread, "long ago too");
    let bare = stage.discord.create_thread_as(source, stage.user, "ideas");
    stage.link_all().await;
    let node = stage.start().await;
    stage.say(thread, "news");
    stage.until("the thread is there", || (inside(&stage, receiver) == ["news"]).then_some(())).await;
    assert_eq!(stage.texts(receiver), ["long ago"]);
    stage.discord.say_with(bare, stage.user, "an idea", Said::default());
    let both = || (threads(&stage, receiver) == ["plans", "ideas"]).then_some(());
    stage.until("the other thread is there", both).await;
    assert_eq!(stage.texts(receiver)[1], "-# 🧵 started a thread: **ideas**");
    node.stop().await;
}
