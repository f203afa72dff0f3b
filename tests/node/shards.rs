//! Several gateway shards on one node.

use crate::stage::{MIRROR, PATIENCE, Stage};
use standin::{Config, Starts};
use std::time::Instant;

/// A channel in a guild of each of `shards` shards, linked.
async fn stage(shards: u64) -> Stage {
    let starts = Starts { shards, ..Starts::default() };
    let mut stage = Stage::with(0, Config { starts, ..Config::default() });
    for shard in 0..shards {
        let guild = (0..100).map(|at| stage.discord.create_guild(&format!("Guild {shard}.{at}")));
        let guild = guild.into_iter().find(|guild| (guild >> 22) % shards == shard).unwrap();
        let channel = stage.discord.create_channel(guild, "general");
        stage.channels.push(channel);
        let address = format!("https://discord.com/channels/{guild}/{channel}");
        stage.done(&["link", MIRROR, &address]).await;
    }
    stage
}

/// What is said in each channel appears in all others.
async fn talk(stage: &Stage, word: &str) {
    for (at, channel) in stage.channels.iter().enumerate() {
        let text = format!("{word} {at}");
        stage.say(*channel, &text);
        for other in stage.channels.iter().filter(|other| *other != channel) {
            let there = || stage.texts(*other).contains(&text).then_some(());
            stage.until("it is in the other guilds", there).await;
        }
    }
}

/// As many as Discord recommends; another number begins anew, and says what it cannot know.
#[tokio::test]
async fn guilds_of_every_shard_are_heard() {
    let mut stage = stage(2).await;
    let node = stage.start().await;
    let both = || (stage.discord.counts().identified == 2).then_some(());
    stage.until("both shards have a session", both).await;
    talk(&stage, "two shards").await;
    assert_eq!(stage.discord.counts().identified, 2, "one session for each shard");
    node.stop().await;

    let node = stage.start().await;
    let both = || (stage.discord.counts().resumed >= 2).then_some(());
    stage.until("both shards went on", both).await;
    talk(&stage, "resumed").await;
    assert_eq!(stage.discord.counts().identified, 2, "both went on");
    node.stop().await;

    stage.environment.push(("MIRROR_DISCORD_SHARDS".to_owned(), "1".to_owned()));
    let node = stage.start().await;
    talk(&stage, "one shard").await;
    let began = Instant::now();
    while stage.done(&["log", "--kind", "gap", "--json"]).await.lines().count() < 2 {
        assert!(
            began.elapsed() < PATIENCE,
            "a session of two shards cannot go on with one: {}",
            stage.tail()
        );
    }
    node.stop().await;
    stage.done(&["verify"]).await;
}
