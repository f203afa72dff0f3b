//! An old copy of the data directory is put back: nothing of the channels' content is removed, nothing is
//! posted twice, and the lanes say what they cannot explain.

use crate::stage::{MIRROR, Stage, copy};
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

    let shown = everything(&stage);
    let done = |change| stage.deeds(change);
    let before = [Change::Create, Change::Edit, Change::Delete].map(done);
    assert_eq!(before[2], 0);
    if !resumes {
        stage.discord.lose_sessions();
    }
    let node = stage.start().await;
    talk.say(3);
    let status = stage.until_status("all lanes are held", |status| held(status).len() == 3).await;
    for reason in held(&status) {
        assert!(reason.contains("messages of our webhook"), "{reason}");
        let unexplained = |copy: &&Shown| copy.webhook.is_some() && reason.contains(&copy.id.to_string());
        assert!(shown.iter().filter(unexplained).count() >= 1, "it names none of the messages: {reason}");
    }
    let now = everything(&stage);
    assert!(shown.iter().all(|old| now.contains(old)), "something was removed or changed");
    assert_eq!(now.len(), shown.len() + 3, "something besides the three was posted");
    assert_eq!([Change::Create, Change::Edit, Change::Delete].map(done), before);

    // Neither another start nor a release without a decision changes that.
    node.stop().await;
    let node = stage.start().await;
    for channel in &stage.channels[1..] {
        stage.done(&["release", MIRROR, &channel.to_string()]).await;
    }
    stage.until_status("they are held again", |status| held(status).len() == 3).await;
    assert_eq!([Change::Create, Change::Edit, Change::Delete].map(done), before);

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
    assert_eq!(stage.deeds(Change::Delete), 0);
    assert_eq!(stage.deeds(Change::Create), before[0] + 2 * 9);
    node.stop().await;
    stage.done(&["verify"]).await;
}
