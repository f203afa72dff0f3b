//! A lane that cannot go on is held with a named reason after one refusal, and slows no other.

use crate::stage::{MIRROR, Stage};
use serde_json::Value;
use standin::{Filter, Matcher, Permissions};

const SAID: usize = 25;

fn reason(status: &Value, channel: u64) -> Option<String> {
    let lanes = status["lanes"].as_array().unwrap();
    let channel = Value::from(channel.to_string());
    let lane = lanes.iter().find(|lane| lane["channel"] == channel).unwrap();
    lane["state"]["held"].as_str().map(str::to_owned)
}

/// Requests that were answered 404; of all, or of this webhook.
fn not_found(stage: &Stage, webhook: Option<u64>) -> usize {
    let on = Matcher { webhook, ..Matcher::default() };
    stage.discord.requests(&Filter { on, status: Some(404), ..Filter::default() }).len()
}

#[tokio::test]
async fn a_dead_webhook_holds_its_lane_after_one_404_and_slows_no_other() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let [home, alive, dead] = stage.channels[..] else { unreachable!() };
    let mut said = vec!["before".to_owned()];
    stage.say(home, "before");
    stage.until_texts(dead, &said).await;
    let hooks = stage.discord.webhooks(dead);
    assert_eq!(hooks.len(), 1);
    assert!(stage.discord.delete_webhook(hooks[0]));
    stage.discord.set_permissions(dead, Permissions { manage_webhooks: false, ..Permissions::default() });

    let say = |said: &mut Vec<String>| {
        for _ in 0..SAID {
            said.push(format!("message {}", said.len()));
            stage.say(home, &said[said.len() - 1]);
        }
    };
    say(&mut said);
    stage.until_texts(alive, &said).await;
    let held = stage.until_status("the lane is held", |status| reason(status, dead).is_some()).await;
    let why = reason(&held, dead).unwrap();
    assert!(why.contains("webhook was deleted"), "{why}");
    assert_eq!(reason(&held, alive), None);
    say(&mut said);
    stage.until_texts(alive, &said).await;
    assert_eq!(not_found(&stage, Some(hooks[0])), 1, "exactly one 404");
    assert_eq!(not_found(&stage, None), 1, "and none elsewhere");

    // Released too early it is held again, for what is wrong now; a restart changes nothing.
    stage.done(&["release", MIRROR, &dead.to_string()]).await;
    let again = |status: &Value| reason(status, dead).is_some_and(|why| why.contains("Manage Webhooks"));
    stage.until_status("it is held for the permission", again).await;
    node.stop().await;
    let offline = stage.ask(&["release", MIRROR, &dead.to_string()]).await;
    assert_eq!(offline.code, Some(1), "{offline:?}");
    assert!(offline.err.contains("mirror run"), "{offline:?}");
    let node = stage.start().await;
    stage.until_status("it is held still", again).await;
    say(&mut said);
    stage.until_texts(alive, &said).await;

    stage.discord.set_permissions(dead, Permissions::default());
    stage.done(&["release", MIRROR, &dead.to_string()]).await;
    stage.until_texts(dead, &said).await;
    let status = stage.until_status("it goes on", |status| reason(status, dead).is_none()).await;
    assert_eq!(reason(&status, alive), None);
    assert_eq!(not_found(&stage, Some(hooks[0])), 1, "the dead webhook was not asked again");
    node.stop().await;
    stage.done(&["verify"]).await;
}
