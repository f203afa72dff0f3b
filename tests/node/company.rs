//! Other bots in the same channels: a proxy that removes and says again, and a second mirror.

use crate::stage::Stage;
use serde_json::json;
use standin::{Actor, Change, Happening, Shown};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::broadcast;

/// Somebody's webhook.
#[derive(Clone)]
struct Hook {
    id: u64,
    path: String,
    address: String,
}

impl Hook {
    fn new(stage: &Stage, channel: u64, name: &str) -> Self {
        let bot = stage.discord.create_bot(name);
        let id = stage.discord.create_webhook(channel, name, bot);
        let path = format!("/api/v10/webhooks/{id}/{}", stage.discord.webhook_token(id).unwrap());
        Self { id, path, address: stage.discord.api_url().strip_prefix("http://").unwrap().to_owned() }
    }

    async fn says(&self, name: &str, text: &str) {
        let body = json!({ "username": name, "content": text }).to_string();
        let Self { path, address, .. } = self;
        let request = format!(
            "POST {path}?wait=true HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// How often a text was ever posted in a channel by a webhook.
fn posted(stage: &Stage, channel: u64, text: &str) -> usize {
    let effects = stage.discord.effects_on(channel);
    let by_webhook = effects.iter().filter(|effect| matches!(effect.actor, Actor::Webhook(_)));
    let posts = by_webhook.filter(|effect| effect.change == Change::Create);
    posts.filter(|effect| effect.content.as_deref() == Some(text)).count()
}

#[tokio::test]
async fn what_a_proxy_says_again_is_shown_once() {
    let stage = Stage::linked(3).await;
    let node = stage.start().await;
    let (source, receiver, aside) = (stage.channels[0], stage.channels[1], stage.channels[2]);
    let proxy = Hook::new(&stage, source, "Proxy");

    // Nobody knows yet that there is one.
    let first = stage.say(source, "one");
    stage.until("it is mirrored", || (stage.texts(receiver) == ["one"]).then_some(())).await;
    stage.discord.delete(source, first);
    proxy.says("Fox", "one").await;
    let name = |at: usize| stage.copies(receiver).get(at).map(|copy| copy.name.clone());
    let replaced = || (stage.texts(receiver) == ["one"] && name(0)? == "Fox").then_some(());
    stage.until("the other name stands there", replaced).await;
    assert_eq!(posted(&stage, receiver, "one"), 2, "before anybody knew, it was shown for a moment");

    let second = stage.say(source, "two");
    // Whoever knows of this one knows of the other: it came later, and its copy waits for nothing.
    stage.say(aside, "meanwhile");
    let known = || stage.texts(source).contains(&"meanwhile".to_owned()).then_some(());
    stage.until("the node knows", known).await;
    stage.discord.delete(source, second);
    proxy.says("Fox", "two").await;
    let said = || stage.texts(receiver).contains(&"two".to_owned()).then_some(());
    stage.until("it is said again", said).await;
    assert_eq!(posted(&stage, receiver, "two"), 1, "what the proxy removed was never shown");
    assert_eq!(stage.texts(receiver), ["one", "meanwhile", "two"]);

    // A message that stays only waits for a moment.
    stage.say(source, "three");
    let last = || stage.texts(receiver).contains(&"three".to_owned()).then_some(());
    stage.until("it is mirrored all the same", last).await;
    node.stop().await;
}

/// Carries what is said in one channel to the other and back, as simply as such bots do. It knows its own webhooks.
async fn another_mirror(hooks: [(u64, Hook); 2], mut seen: broadcast::Receiver<Happening>) {
    let own: BTreeSet<u64> = hooks.iter().map(|(_, hook)| hook.id).collect();
    while let Ok(happening) = seen.recv().await {
        let Happening::Posted(message, _) = happening else { continue };
        let Shown { channel, webhook, name, content, .. } = &*message;
        if webhook.is_some_and(|webhook| own.contains(&webhook)) || message.kind != 0 {
            continue;
        }
        if let Some((_, other)) = hooks.iter().find(|(home, _)| home != channel)
            && hooks.iter().any(|(home, _)| home == channel)
        {
            other.says(name, content).await;
        }
    }
}

#[tokio::test]
async fn a_second_mirror_of_the_same_channels_is_noticed_before_both_repeat_each_other_for_ever() {
    const ENOUGH: usize = 4;
    let stage = Stage::linked(2).await;
    let node = stage.start().await;
    let (here, there) = (stage.channels[0], stage.channels[1]);
    let hooks = [(here, Hook::new(&stage, here, "Bridge")), (there, Hook::new(&stage, there, "Bridge"))];
    let ids = hooks.clone().map(|(_, hook)| hook.id);
    let other = tokio::spawn(another_mirror(hooks, stage.discord.subscribe()));

    stage.say(here, "hello");
    let words = ["log", "--mirror", crate::stage::MIRROR, "--kind", "granted", "--json"];
    let began = std::time::Instant::now();
    let bans = loop {
        let bans = stage.done(&words).await;
        if bans.lines().count() == 1 || began.elapsed() > Duration::from_secs(60) {
            break bans;
        }
    };
    assert!(bans.contains(&ids[1].to_string()), "banned is whoever said it there: {bans}");
    // Of what is said here now, and of what comes back from there, each says it once to the other; then all is still.
    for text in ["again", "and on"] {
        stage.say(here, text);
        let all = || (posted(&stage, here, text) + posted(&stage, there, text) >= 3).then_some(());
        stage.until("both have said it", all).await;
    }
    stage.say(there, "the other way");
    let back = || (posted(&stage, here, "the other way") >= 2).then_some(());
    stage.until("it is there", back).await;
    stage.say(here, "last");
    let last = || (posted(&stage, there, "last") >= 2).then_some(());
    stage.until("that too", last).await;
    for text in ["hello", "again", "and on", "the other way"] {
        let count = posted(&stage, here, text) + posted(&stage, there, text);
        assert!(count <= 2 * ENOUGH, "{text:?} was posted {count} times");
    }
    other.abort();
    node.stop().await;
}
