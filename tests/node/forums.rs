//! Forums, in the real node: posts both ways with their tags, followed over a kill, and by the list of posts where an
//! answer is lost.

use crate::stage::Stage;
use standin::{
    ChannelKind, Faults, Filter, GatewayFault, GatewayRule, Matcher, RestFault, RouteKind, Rule, ShownThread,
};

/// What an empty forum gets as an anchor.
const NOTICE: &str = "This forum is now linked";

/// Two forums that share one tag.
fn unlinked() -> Stage {
    let mut stage = Stage::new(0);
    let forum = |name: &str, tags: &[&str]| stage.discord.create_forum(stage.guild, name, tags);
    stage.channels = vec![forum("ideas", &["bug", "idea"]), forum("proposals", &["Idea", "later"])];
    stage
}

async fn link(stage: &Stage) {
    for channel in &stage.channels {
        stage.done(&["link", crate::stage::MIRROR, &stage.address(*channel), "--forum"]).await;
    }
}

/// The same, linked while nobody runs.
async fn forums() -> Stage {
    let stage = unlinked();
    link(&stage).await;
    stage
}

/// The posts of a forum as `name #tag, flags`.
fn posts_with_notice(stage: &Stage, forum: u64) -> Vec<String> {
    let flag = |flag, word| if flag { word } else { "" };
    let line = |post: &ShownThread| {
        let tags: String = post.tags.iter().map(|tag| format!(" #{tag}")).collect();
        format!("{}{tags}{}{}", post.name, flag(post.archived, ", archived"), flag(post.locked, ", locked"))
    };
    stage.discord.threads(forum).iter().map(line).collect()
}

/// The same without the notice.
fn posts(stage: &Stage, forum: u64) -> Vec<String> {
    let mut posts = posts_with_notice(stage, forum);
    posts.retain(|post| !post.starts_with(NOTICE));
    posts
}

/// What is said in the last post of a forum, but for what Discord says there.
fn inside(stage: &Stage, forum: u64) -> Vec<String> {
    let posts = stage.discord.threads(forum);
    let Some(post) = posts.last() else { return Vec::new() };
    let said = stage.discord.messages(post.id).into_iter().filter(|message| message.kind == 0);
    said.map(|message| message.content.to_string()).collect()
}

#[tokio::test]
async fn posts_are_mirrored_both_ways_and_followed_over_a_kill() {
    let stage = forums().await;
    let (ideas, proposals) = (stage.channels[0], stage.channels[1]);
    let node = stage.start().await;
    let post = stage.discord.create_post(ideas, stage.user, ("a bridge", "shall we?"), &["idea", "bug"]);
    let first = stage.say(post, "of stone");
    let said = |wanted: &[&str]| (inside(&stage, proposals) == wanted).then_some(());
    stage.until("the post is there", || said(&["shall we?", "of stone"])).await;
    assert_eq!(posts(&stage, proposals), ["a bridge #Idea"], "one post, with the tag that both know");

    node.kill().await;
    stage.discord.edit(post, first, "of wood");
    stage.discord.edit(post, post, "why not?");
    stage.say(post, "or a ferry");
    stage.discord.rename_thread(post, "a crossing");
    stage.discord.tag_post(post, &["bug"]);
    let node = stage.start().await;
    stage.until("it goes on", || said(&["why not?", "of wood", "or a ferry"])).await;
    let shown = |wanted: &str| (posts(&stage, proposals) == [wanted]).then_some(());
    stage.until("it is renamed, without a tag", || shown("a crossing")).await;

    // Somebody answers in the copy, and makes a post over there: both come back.
    let copy = stage.discord.threads(proposals).last().unwrap().id;
    stage.say(copy, "agreed");
    let heard = || inside(&stage, ideas).last().is_some_and(|last| last == "agreed").then_some(());
    stage.until("the author hears it", heard).await;
    stage.discord.create_post(proposals, stage.user, ("a road", "and then?"), &["later"]);
    let both = || (posts(&stage, ideas) == ["a crossing #bug", "a road"]).then_some(());
    stage.until("the other post is there", both).await;

    stage.discord.archive_thread(post, true);
    let archived = || (posts(&stage, proposals)[0] == "a crossing, archived").then_some(());
    stage.until("it is archived", archived).await;
    stage.discord.delete_thread(post);
    stage.until("it is gone", || (posts(&stage, proposals) == ["a road #later"]).then_some(())).await;
    node.stop().await;
}

#[tokio::test]
async fn a_post_older_than_the_link_comes_with_its_first_message_and_its_tags() {
    let stage = unlinked();
    let (ideas, proposals) = (stage.channels[0], stage.channels[1]);
    let post = stage.discord.create_post(ideas, stage.user, ("a bridge", "long ago"), &["idea"]);
    stage.say(post, "long ago too");
    link(&stage).await;
    let node = stage.start().await;
    stage.say(post, "news");
    let there = || (inside(&stage, proposals) == ["long ago", "news"]).then_some(());
    stage.until("the post is there", there).await;
    assert_eq!(posts(&stage, proposals), ["a bridge #Idea"]);
    node.stop().await;
}

#[tokio::test]
async fn a_running_node_knows_a_forum_and_refuses_a_mixture() {
    let stage = forums().await;
    let node = stage.start().await;
    let media = stage.discord.create_channel_of(stage.guild, ChannelKind::Media, "pictures");
    let text = stage.discord.create_channel(stage.guild, "talk");
    let said = stage.ask(&["link", crate::stage::MIRROR, &stage.address(text)]).await;
    let words = format!("is no forum, and {} in 'lounge' is one", stage.channels[0]);
    assert!(said.code == Some(2) && said.err.contains(&words), "{said:?}");
    stage.done(&["link", crate::stage::MIRROR, &stage.address(media)]).await;
    let post = stage.discord.create_post(stage.channels[0], stage.user, ("a bridge", "look"), &[]);
    let there = || (posts(&stage, media) == ["a bridge"]).then_some(());
    stage.until("a media channel takes it too", there).await;
    assert_ne!(post, 0);
    node.stop().await;
}

#[tokio::test]
async fn a_forum_that_asks_for_tags_gets_one_with_every_post() {
    let stage = forums().await;
    let (ideas, proposals) = (stage.channels[0], stage.channels[1]);
    assert!(stage.discord.require_tag(proposals, true));
    let node = stage.start().await;
    let post = stage.discord.create_post(ideas, stage.user, ("a bridge", "shall we?"), &["bug"]);
    stage.until("the post is there", || (posts(&stage, proposals) == ["a bridge #Idea"]).then_some(())).await;
    assert_eq!(posts_with_notice(&stage, proposals)[0], format!("{NOTICE} #Idea"));
    stage.discord.rename_thread(post, "a crossing");
    let renamed = || (posts(&stage, proposals) == ["a crossing #Idea"]).then_some(());
    stage.until("it is renamed and keeps its tag", renamed).await;
    let refused = stage.discord.requests(&Filter { status: Some(400), ..Filter::default() });
    assert!(refused.is_empty(), "{refused:?}");
    node.stop().await;
}

/// Neither answer nor echo: the list of posts tells.
#[tokio::test]
async fn a_post_whose_answer_and_echo_are_lost_is_found_in_the_list() {
    let stage = forums().await;
    let (ideas, proposals) = (stage.channels[0], stage.channels[1]);
    let node = stage.start().await;
    let first = stage.discord.create_post(ideas, stage.user, ("a bridge", "shall we?"), &[]);
    stage.until("the first post is there", || (posts(&stage, proposals).len() == 1).then_some(())).await;
    let echo = GatewayRule { nth: 2, ..GatewayRule::next("MESSAGE_CREATE", GatewayFault::Drop) };
    stage.discord.set_faults(Faults {
        script: vec![Rule::next(Matcher::kind(RouteKind::ExecuteWebhook), RestFault::LostResponse)],
        gateway_script: vec![echo],
        ..Faults::none()
    });
    let post = stage.discord.create_post(ideas, stage.user, ("a road", "or that?"), &[]);
    stage.until("it is there", || (inside(&stage, proposals) == ["or that?"]).then_some(())).await;
    stage.discord.edit(post, post, "or this?");
    stage.say(first, "of stone");
    stage.until("it goes on", || (inside(&stage, proposals) == ["or this?"]).then_some(())).await;
    assert_eq!(posts(&stage, proposals), ["a bridge", "a road"], "once each");
    let struck = stage.discord.counts().by_fault;
    assert!(struck.contains_key("lost_response") && struck.contains_key("drop"), "{struck:?}");
    node.stop().await;
}

/// Answers are lost, effects come late, frames come twice and in another order, and the node is killed on the way.
#[tokio::test]
async fn posts_come_once_each_whatever_goes_wrong() {
    const POSTS: usize = 12;
    let stage = forums().await;
    let (ideas, proposals) = (stage.channels[0], stage.channels[1]);
    let mut faults = Faults::lively(0.04, 250);
    // What a lost session missed in posts is not read again.
    faults.gateway_rates.retain(|rate| rate.fault != GatewayFault::SessionLost);
    stage.discord.set_faults(faults);
    let mut node = stage.start().await;
    let mut wanted = Vec::new();
    for number in 0..POSTS {
        let (name, text) = (format!("post {number}"), format!("text {number}"));
        let post = stage.discord.create_post(ideas, stage.user, (&name, &text), &["idea"]);
        let said = ["one", "two"].map(|word| format!("{word} of {number}"));
        for text in &said {
            stage.say(post, text);
        }
        wanted.push((format!("{name} #Idea"), [text, said[0].clone(), said[1].clone()].to_vec()));
        if number % 5 == 4 {
            node.kill().await;
            node = stage.start().await;
        }
    }
    let shown = || -> Vec<(String, Vec<String>)> {
        let all = stage.discord.threads(proposals).into_iter();
        let said = |id: u64| stage.discord.messages(id).into_iter().map(|shown| shown.content.to_string());
        let mut all: Vec<_> = all.map(|post| post.id).zip(posts_with_notice(&stage, proposals)).collect();
        all.retain(|(_, name)| name != NOTICE);
        let mut all: Vec<_> = all.into_iter().map(|(id, name)| (name, said(id).collect())).collect();
        // Frames that came in another order are taken in that order.
        all.iter_mut().for_each(|(_, said): &mut (String, Vec<String>)| {
            said.get_mut(1..).into_iter().for_each(<[String]>::sort);
        });
        all.sort();
        all
    };
    wanted.sort();
    stage.until("all are there, once each", || (shown() == wanted).then_some(())).await;
    let struck = stage.discord.counts().by_fault;
    assert!(struck.values().sum::<u64>() > 3, "{struck:?}");
    node.stop().await;
}
