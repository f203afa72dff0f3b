//! An old copy of the data directory is put back: nothing of the channels' content is removed, nothing is
//! posted twice, and the lanes say what they cannot explain.

use crate::stage::{MIRROR, Node, Stage, copy};
use serde_json::Value;
use standin::{Change, Shown};
use std::fs;

const BEFORE: usize = 20;
const LOST: usize = 500;

/// What is said is numbered; each channel's copies are what was said in the others.
struct Talk<'a> {
    stage: &'a Stage,
    said: Vec<(u64, String)>,
}

impl Talk<'_> {
    fn say(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.said.len();
            let channel = self.stage.channels[number % self.stage.channels.len()];
            let text = format!("message {number}");
            self.stage.say(channel, &text);
            self.said.push((channel, text));
        }
    }

    fn wanted(&self, channel: u64) -> Vec<String> {
        let others = self.said.iter().filter(|(source, _)| *source != channel);
        others.map(|(_, text)| text.clone()).collect()
    }

    /// Every channel shows each message of the others once, in order.
    async fn mirrored(&self) {
        for channel in &self.stage.channels {
            self.stage.until_texts(*channel, &self.wanted(*channel)).await;
        }
    }
}

fn everything(stage: &Stage) -> Vec<Shown> {
    stage.channels.iter().flat_map(|channel| stage.discord.messages(*channel)).collect()
}

/// What webhooks and the bot have posted, edited and removed.
fn deeds(stage: &Stage) -> [usize; 3] {
    [Change::Create, Change::Edit, Change::Delete].map(|change| stage.deeds(change))
}

fn held(status: &Value) -> Vec<&str> {
    let lanes = status["lanes"].as_array().unwrap();
    lanes.iter().filter_map(|lane| lane["state"]["held"].as_str()).collect()
}

/// Discord still knows the session: all that the backup lacks is told again.
#[tokio::test]
async fn an_old_backup_removes_nothing_posts_nothing_twice_and_is_told() {
    check(true).await;
}

/// A backup of last week: what it lacks nobody tells again.
#[tokio::test]
async fn nor_does_one_whose_session_is_gone() {
    check(false).await;
}

async fn check(resumes: bool) {
    let stage = Stage::linked(3).await;
    let mut talk = Talk { stage: &stage, said: Vec::new() };
    lose(&mut talk).await;
    let (shown, done) = (everything(&stage), deeds(&stage));
    assert_eq!(done[2], 0);
    if !resumes {
        stage.discord.lose_sessions();
    }
    let node = stage.start().await;
    talk.say(3);
    let status = stage.until_status("all lanes are held", |status| held(status).len() == 3).await;
    held(&status).into_iter().for_each(|reason| names_copies(reason, &shown));
    let now = everything(&stage);
    assert!(shown.iter().all(|old| now.contains(old)), "something was removed or changed");
    assert_eq!(now.len(), shown.len() + 3, "something besides the three was posted");
    assert_eq!(deeds(&stage), done);
    // Neither another start nor a release without a decision changes that.
    node.stop().await;
    let node = stage.start().await;
    for channel in &stage.channels[1..] {
        stage.done(&["release", MIRROR, &channel.to_string()]).await;
    }
    stage.until_status("they are held again", |status| held(status).len() == 3).await;
    assert_eq!(deeds(&stage), done);
    adopted(&mut talk, node, done[0]).await;
}

/// A backup is made, much is mirrored after it, and it is put back.
async fn lose(talk: &mut Talk<'_>) {
    let stage = talk.stage;
    let node = stage.start().await;
    talk.say(BEFORE);
    talk.mirrored().await;
    node.stop().await;
    let backup = stage.beside("backup");
    copy(&stage.data(), &backup);

    let node = stage.start().await;
    talk.say(LOST);
    talk.mirrored().await;
    node.stop().await;
    fs::remove_dir_all(stage.data()).unwrap();
    copy(&backup, &stage.data());
}

/// The reason names messages that were there before.
fn names_copies(reason: &str, shown: &[Shown]) {
    assert!(reason.contains("messages of our webhook"), "{reason}");
    let named = |copy: &&Shown| copy.webhook.is_some() && reason.contains(&copy.id.to_string());
    assert!(shown.iter().filter(named).count() >= 1, "it names none of the messages: {reason}");
}

/// The operator accepts what is there: the lanes go on behind it.
async fn adopted(talk: &mut Talk<'_>, node: Node, posted: usize) {
    let stage = talk.stage;
    for channel in &stage.channels {
        stage.done(&["release", MIRROR, &channel.to_string(), "--adopt"]).await;
    }
    talk.mirrored().await;
    talk.say(3);
    talk.mirrored().await;
    assert_eq!(held(&stage.json(&["status"]).await), Vec::<&str>::new());
    node.stop().await;
    // Another start explains everything, too.
    let node = stage.start().await;
    talk.say(3);
    talk.mirrored().await;
    assert_eq!(deeds(stage), [posted + 2 * 9, 0, 0], "posted, edited, removed");
    node.stop().await;
    stage.done(&["verify"]).await;
}
