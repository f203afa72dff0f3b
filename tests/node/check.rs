//! `mirror check`: what it finds wrong is what would go wrong, and it changes nothing.

use crate::cluster::Cluster;
use crate::stage::{MIRROR, Stage};
use mirror::discord::powers::Powers;
use serde_json::Value;
use standin::{Config, Filter, Privileged, Rules, Starts};
use std::os::unix::fs::PermissionsExt;

/// What `mirror check --json` says: the exit code, and the lines that are not `ok` as `verdict about: found`.
async fn check(stage: &Stage, words: &[&str]) -> (Option<i32>, Vec<String>) {
    let said = stage.ask(&[&["check", "--json"], words].concat()).await;
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = report["lines"].as_array().unwrap();
    let odd = lines.iter().filter(|line| line["verdict"] != "ok");
    let odd = odd.map(|line| {
        assert!(line["advice"].is_string(), "it says what to do: {line}");
        format!("{} {}: {}", text(line, "verdict"), text(line, "about"), text(line, "found"))
    });
    (said.code, odd.collect())
}

#[tokio::test]
async fn a_stage_that_is_in_order_with_and_without_a_node() {
    let stage = Stage::linked(2).await;
    let before = std::fs::read_dir(stage.data()).unwrap().count();
    assert_eq!(check(&stage, &[]).await, (Some(0), Vec::new()));
    assert_eq!(std::fs::read_dir(stage.data()).unwrap().count(), before, "it leaves no file");
    let node = stage.start().await;
    stage.say(stage.channels[0], "hello");
    stage.until_texts(stage.channels[1], &["hello".to_owned()]).await;
    assert_eq!(check(&stage, &[]).await, (Some(0), Vec::new()));
    let text = stage.done(&["check"]).await;
    assert!(text.contains("ok     node: one runs in the data directory, and answers\n"), "{text}");
    assert!(text.contains("ok     clock: agrees with Discord's\n"), "{text}");
    assert!(text.ends_with(" ok, 0 warnings, 0 fail\n"), "{text}");
    node.stop().await;
}

#[tokio::test]
async fn every_channel_tells_what_it_lacks() {
    let stage = Stage::linked(4).await;
    let [fine, mute, hidden, full] = stage.channels[..] else { panic!("four channels") };
    let bot = stage.discord.bot_id();
    let denied = Powers::MANAGE_WEBHOOKS.0 | Powers::READ_MESSAGE_HISTORY.0;
    assert!(stage.discord.set_overwrite(mute, bot, 0, denied));
    assert!(stage.discord.set_overwrite(hidden, bot, 0, Powers::VIEW_CHANNEL.0));
    for number in 0..15 {
        stage.discord.create_webhook(full, &format!("hook-{number}"), stage.user);
    }
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!(code, Some(1));
    let about = |name: &str, channel: u64| format!("fails {MIRROR} #{name} ({channel})");
    let wanted = [
        format!("{}: the bot lacks Read Message History, Manage Webhooks", about("room-2", mute)),
        format!("fails {MIRROR} ({hidden}): the channel is hidden from the bot, or not there any more"),
        format!(
            "{}: 15 webhooks are there, and mirror needs 1 more: Discord allows 15",
            about("room-4", full)
        ),
    ];
    assert_eq!(lines, wanted);
    let refused = |request: &standin::Request| request.status == Some(403);
    let asked = stage.discord.requests(&Filter::default());
    assert_eq!(asked.iter().filter(|request| refused(request)).count(), 1, "only the hidden channel refuses");
    // Filters.
    let only = |channel: u64| channel.to_string();
    assert_eq!(check(&stage, &["--channel", &only(fine)]).await, (Some(0), Vec::new()));
    assert_eq!(check(&stage, &["--channel", &stage.address(mute)]).await.1, wanted[..1]);
    assert_eq!(check(&stage, &["--mirror", "loun"]).await.1, wanted);
    for wrong in [["check", "--channel", "nowhere"], ["check", "--mirror", "nothing"]] {
        assert_eq!(stage.ask(&wrong).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn what_the_portal_and_the_gateway_say() {
    let privileged = Privileged { content: false, ..Privileged::default() };
    let config = Config {
        gateway: Rules { privileged, ..Rules::default() },
        starts: Starts { shards: 4, total: 1, ..Starts::default() },
        ..Config::default()
    };
    let mut stage = Stage::with(1, config);
    stage.environment.push(("MIRROR_DISCORD_SHARDS".to_owned(), "2".to_owned()));
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!(code, Some(1));
    assert!(lines[0].starts_with("fails intents: Message Content is off"), "{lines:?}");
    assert_eq!(lines[1], "warn shards: discord.shards is 2, Discord recommends 4");
    assert_eq!(lines[2..], ["warn links: no channel is linked"]);
    assert!(!stage.data().exists(), "it makes no data directory");
    stage.environment.retain(|(key, _)| key != "MIRROR_DISCORD_TOKEN");
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!(code, Some(1));
    assert!(lines[0].starts_with("fails token: none is configured"), "{lines:?}");
    stage.environment.push(("MIRROR_DISCORD_TOKEN".to_owned(), "wrong".to_owned()));
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!((code, lines[0].as_str()), (Some(1), "fails token: Discord refuses it"));
    stage.environment.push(("MIRROR_DISCORD_API".to_owned(), "http://127.0.0.1:1".to_owned()));
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!(code, Some(1));
    assert!(lines[0].starts_with("fails token: Discord cannot be reached"), "{lines:?}");
}

#[tokio::test]
async fn a_directory_that_others_may_enter_or_that_is_none() {
    let stage = Stage::linked(1).await;
    std::fs::set_permissions(stage.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, lines) = check(&stage, &[]).await;
    assert_eq!(code, Some(0), "a warning is no failure");
    assert!(lines.len() == 1 && lines[0].contains("is open to others (mode 755)"), "{lines:?}");
    let file = stage.beside("file");
    std::fs::write(&file, "").unwrap();
    let said = stage.ask_on(&file, &["check"]).await;
    assert!(said.code == Some(1) && said.out.contains("is no directory"), "{said:?}");
}

#[tokio::test]
async fn servers_that_are_not_there() {
    let mut stage = Stage::new(0);
    let secret = "hunter2hunter2";
    for (key, value) in [
        ("MIRROR_LOG", format!("rabbitmq://me:{secret}@127.0.0.1:1/")),
        ("MIRROR_VIEWS", format!("cql://me:{secret}@127.0.0.1:1/mirror")),
        ("MIRROR_ARCHIVE_URL", "/proc/archive".to_owned()),
    ] {
        stage.environment.push((key.to_owned(), value));
    }
    let said = stage.ask(&["check"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    for line in
        ["fails  log: RabbitMQ does not let us in", "fails  views: the CQL cluster does not let us in"]
    {
        assert!(said.out.contains(line), "{}", said.out);
    }
    assert!(said.out.contains("ok     hints: none"), "{}", said.out);
    assert!(!said.out.contains(secret) && !said.err.contains(secret), "{said:?}");
    assert!(!stage.data().exists(), "it makes no data directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_in_order_and_one_that_is_not() {
    let Some(Cluster { mut stage, mut rabbit, name, dir: _dir }) = Cluster::start().await else { return };
    let none = (Some(0), Vec::<String>::new());
    assert_eq!(check(&stage, &[]).await, none);
    let node = stage.start().await;
    assert_eq!(check(&stage, &[]).await, none);
    let text = stage.done(&["check"]).await;
    for line in ["ok     log: ", "ok     hints: ", "ok     views: "] {
        assert!(text.contains(line), "{text}");
    }
    node.stop().await;
    let views = stage.environment.iter().position(|(key, _)| key == "MIRROR_VIEWS").unwrap();
    let there = stage.environment[views].1.clone();
    stage.environment[views].1 = there.replace(&name, "nobody_made_this");
    let (code, lines) = check(&stage, &[]).await;
    let missing = "fails views: keyspace nobody_made_this is missing";
    assert!(code == Some(1) && lines.iter().any(|line| line.starts_with(missing)), "{lines:?}");
    let said = stage.ask(&["check"]).await.out;
    assert!(said.contains("mirror schema apply"), "{said}");
    stage.environment[views].1 = there;
    rabbit.kill().await.unwrap();
    let (code, lines) = check(&stage, &[]).await;
    assert!(code == Some(1) && lines[0].starts_with("fails log: "), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("warn hints: the broker does not let us in")),
        "{lines:?}"
    );
}
