//! Alert rules, played by promtool over what nodes show: each fires where its cause is made to happen, and none does over a
//! quiet run. Only that lanes stand still without a word, which takes a fault in the node itself, is played over a snapshot
//! alone (`snapshots`, with the values from which others fire).

#[path = "alerts/cluster.rs"]
mod cluster;
#[path = "alerts/play.rs"]
mod play;
#[path = "alerts/snapshots.rs"]
mod snapshots;

use crate::scrape::Scrape;
use crate::stage::{PATIENCE, Stage};
use play::{Play, board_queries, metrics_in, rules};
use rusqlite::Connection;
use standin::{Faults, Matcher, Permissions, RestFault, RouteKind, Rule};
use std::collections::BTreeSet;

/// A stage of two linked channels whose node is watched.
async fn stage() -> Stage {
    let mut stage = Stage::linked(2).await;
    stage.watched();
    stage
}

/// Says something and waits until it is everywhere.
async fn talk(stage: &Stage, said: &mut Vec<String>, messages: usize) {
    for _ in 0..messages {
        said.push(format!("message {}", said.len()));
        stage.say(stage.channels[0], said.last().unwrap());
    }
    for channel in &stage.channels[1..] {
        stage.until_texts(*channel, said).await;
    }
}

/// The metrics of a node that is ready and rests.
async fn at_rest(stage: &Stage) -> Scrape {
    let rests =
        |page: &Scrape| page.value("mirror_ready") == 1.0 && page.value("mirror_links_lag_messages") == 0.0;
    stage.until_scrape("the node rests", rests).await
}

/// Requests of one route go wrong, so many times.
fn break_route(stage: &Stage, kind: RouteKind, times: u32, fault: RestFault) {
    let rule = Rule { times, ..Rule::next(Matcher::kind(kind), fault) };
    stage.discord.set_faults(Faults { script: vec![rule], ..Faults::default() });
}

#[tokio::test]
async fn a_quiet_run_fires_nothing_and_shows_what_rules_and_board_ask_for() {
    let mut stage = stage().await;
    let vault = stage.beside("vault").display().to_string();
    stage.environment.push(("MIRROR_ARCHIVE_URL".to_owned(), vault));
    let node = stage.start().await;
    let (before, mut said) = (at_rest(&stage).await, Vec::new());
    talk(&stage, &mut said, 20).await;
    let after = at_rest(&stage).await;
    assert!(after.value("mirror_copies_shown_total") >= 20.0, "{after:?}");
    assert!(after.value("mirror_events_appended_total{kind=\"created\"}") >= 20.0, "{after:?}");
    assert!(after.value("mirror_gateway_frames_total{shard=\"0\"}") >= 20.0, "{after:?}");
    let posted = "mirror_discord_requests_total{route=\"POST /webhooks/{webhook}/{token}\",outcome=\"2xx\"}";
    assert!(after.value(posted) >= 20.0, "{after:?}");
    Play::over(&before, &after).fires(&[]).await;
    // A lane that waits is named.
    break_route(&stage, RouteKind::ExecuteWebhook, 1, RestFault::UserTooMany { retry_ms: 600_000 });
    stage.say(stage.channels[0], "late");
    let named = |page: &Scrape| page.names().contains("mirror_link_lag_seconds");
    let shown = stage.until_scrape("a link lags", named).await;
    every_name_is_known(&shown.names().union(&snapshots::outbox().names()).cloned().collect());
    node.stop().await;
}

/// What rules and board ask for is shown, and what is shown is written down.
fn every_name_is_known(shown: &BTreeSet<String>) {
    let asked =
        |words: Vec<String>| words.iter().flat_map(|words| metrics_in(words)).collect::<BTreeSet<_>>();
    let rules = asked(rules().into_iter().map(|rule| rule.expr).collect());
    let board = asked(board_queries());
    for (what, names) in [("a rule", &rules), ("the board", &board)] {
        let missing: Vec<_> = names.difference(shown).collect();
        assert!(missing.is_empty(), "{what} asks for what no node shows: {missing:?}");
        assert!(names.len() > 10, "{what} asks for {names:?}");
    }
    let written = metrics_in(include_str!("../../docs/metrics.md"));
    let unwritten: Vec<_> = shown.difference(&written).collect();
    assert!(unwritten.is_empty(), "docs/metrics.md lacks {unwritten:?}");
    let gone: Vec<_> = written.difference(shown).collect();
    assert!(gone.is_empty(), "docs/metrics.md has what no node shows: {gone:?}");
}

/// Each rule says what it is about and what to do, has a heading in the docs, and is played here.
#[test]
fn every_rule_has_words_a_runbook_and_a_play() {
    let docs = include_str!("../../docs/metrics.md");
    let plays = concat!(
        include_str!("alerts.rs"),
        include_str!("alerts/cluster.rs"),
        include_str!("alerts/snapshots.rs")
    );
    let rules = rules();
    assert!(rules.len() >= 15, "only {} rules", rules.len());
    for rule in rules {
        let name = &rule.name;
        assert!(rule.summary.len() > 10 && rule.description.len() > 40, "{name} says too little");
        assert_eq!(rule.runbook, format!("docs/metrics.md#{}", name.to_lowercase()));
        assert!(docs.contains(&format!("\n### {name}\n")), "docs/metrics.md has no heading for {name}");
        assert!(plays.contains(&format!("\"{name}\"")), "{name} is never played");
    }
}

#[tokio::test]
async fn a_node_that_is_killed() {
    let stage = stage().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    node.kill().await;
    assert_eq!(stage.get("/metrics").await, None);
    Play::dies(&before).fires(&["MirrorNodeDown"]).await;
}

#[tokio::test]
async fn a_node_that_waits_for_discord() {
    let stage = stage().await;
    stage.discord.refuse(600_000);
    let node = stage.spawn();
    let waits = stage.until_scrape("it waits", |page| page.value("mirror_ready") == 0.0).await;
    Play::over(&waits, &waits).fires(&["MirrorNotReady"]).await;
    node.stop().await;
}

#[tokio::test]
async fn a_gateway_that_is_silent() {
    let gateway = standin::Rules { heartbeat_ms: 500, ..standin::Rules::default() };
    let mut stage = Stage::with(2, standin::Config { gateway, ..standin::Config::default() });
    stage.watched();
    stage.link_all().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    stage.discord.refuse(600_000);
    stage.discord.silence_all();
    let silent = |page: &Scrape| page.value("mirror_unready_reasons{kind=\"gateway_silent\"}") == 1.0;
    let after = stage.until_scrape("it is silent", silent).await;
    Play::over(&before, &after).fires(&["MirrorGatewaySilent", "MirrorNotReady"]).await;
    node.stop().await;
}

#[tokio::test]
async fn a_lane_that_is_held() {
    let stage = stage().await;
    let node = stage.start().await;
    let mut said = Vec::new();
    talk(&stage, &mut said, 1).await;
    let (before, dead) = (at_rest(&stage).await, stage.channels[1]);
    assert!(stage.discord.delete_webhook(stage.discord.webhooks(dead)[0]));
    stage.discord.set_permissions(dead, Permissions { manage_webhooks: false, ..Permissions::default() });
    stage.say(stage.channels[0], "to nobody");
    let held = |page: &Scrape| page.value("mirror_lanes{state=\"held\"}") == 1.0;
    let after = stage.until_scrape("the lane is held", held).await;
    Play::over(&before, &after).fires(&["MirrorLaneHeld"]).await;
    node.stop().await;
}

/// The lane waits for a limit that ends in ten minutes. Its lag is seen to grow with the time, and goes on so.
#[tokio::test]
async fn a_link_that_lags() {
    let stage = stage().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    break_route(&stage, RouteKind::ExecuteWebhook, 1, RestFault::SharedTooMany { retry_ms: 600_000 });
    stage.say(stage.channels[0], "late");
    let lag = |page: &Scrape| page.value("mirror_links_lag_seconds_max{state=\"waiting\"}");
    let once = stage.until_scrape("it lags", |page| lag(page) >= 1.0).await;
    let more = stage.until_scrape("it lags more", |page| lag(page) >= lag(&once) + 2.0).await;
    assert_eq!(more.value("mirror_links_lag_messages"), 1.0, "{more:?}");
    let growing = Play::over(&before, &more).growing("mirror_links_lag_seconds_max{state=\"waiting\"}");
    growing.fires(&["MirrorLag"]).await;
    node.stop().await;
}

#[tokio::test]
async fn answers_429() {
    const TIMES: u32 = 12;
    let stage = stage().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    break_route(&stage, RouteKind::ExecuteWebhook, TIMES, RestFault::UserTooMany { retry_ms: 20 });
    talk(&stage, &mut Vec::new(), 1).await;
    let limited = "mirror_discord_limited_total{scope=\"user\"}";
    let after = at_rest(&stage).await;
    assert_eq!(after.value(limited) - before.value(limited), f64::from(TIMES), "{after:?}");
    Play::over(&before, &after).fires(&["MirrorRateLimited"]).await;
    node.stop().await;
}

/// Each is counted as a request that Discord refused, and so many are too many.
#[tokio::test]
async fn hundreds_of_answers_429() {
    const TIMES: u32 = 801;
    // Each webhook is asked again after a second.
    let mut stage = Stage::linked(41).await;
    stage.watched();
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    break_route(&stage, RouteKind::ExecuteWebhook, TIMES, RestFault::UserTooMany { retry_ms: 1 });
    talk(&stage, &mut Vec::new(), 1).await;
    let after = at_rest(&stage).await;
    assert_eq!(after.value("mirror_discord_invalid_requests"), f64::from(TIMES), "{after:?}");
    Play::over(&before, &after).fires(&["MirrorInvalidRequests", "MirrorRateLimited"]).await;
    node.stop().await;
}

/// A person's `sqlite3` holds the write lock of the views: events are logged on, and nothing folds them.
#[tokio::test]
async fn views_that_cannot_be_written() {
    let stage = stage().await;
    let node = stage.start().await;
    let mut said = Vec::new();
    talk(&stage, &mut said, 1).await;
    let before = at_rest(&stage).await;
    let person = Connection::open(stage.data().join("views.db")).unwrap();
    person.busy_timeout(PATIENCE).unwrap();
    person.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..=10_000 {
        said.push(said.len().to_string());
        stage.say(stage.channels[0], said.last().unwrap());
    }
    let behind = |page: &Scrape| page.value("mirror_views_behind_events{partition=\"0\"}");
    let still = |page: &Scrape| page.value("mirror_unready_reasons{kind=\"views_still\"}") == 1.0;
    let after = stage.until_scrape("views stand still", |page| still(page) && behind(page) > 10_000.0).await;
    let alerts = ["MirrorNotReady", "MirrorViewsBehind", "MirrorViewsStill"];
    Play::over(&before, &after).fires(&alerts).await;
    person.execute_batch("ROLLBACK").unwrap();
    let folded = |page: &Scrape| behind(page) == 0.0 && !still(page);
    stage.until_scrape("all of it is folded", folded).await;
    node.kill().await;
}

#[tokio::test]
async fn answers_that_are_lost() {
    const TIMES: u32 = 7;
    let stage = stage().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    break_route(&stage, RouteKind::ExecuteWebhook, TIMES, RestFault::LostResponse);
    talk(&stage, &mut Vec::new(), TIMES as usize).await;
    let after = at_rest(&stage).await;
    assert_eq!(after.value("mirror_ambiguous_outcomes_total"), f64::from(TIMES), "{after:?}");
    Play::over(&before, &after).fires(&["MirrorAmbiguous"]).await;
    node.stop().await;
}

#[tokio::test]
async fn a_session_that_is_lost() {
    let stage = stage().await;
    let node = stage.start().await;
    talk(&stage, &mut Vec::new(), 1).await;
    let before = at_rest(&stage).await;
    stage.discord.lose_sessions();
    stage.discord.cut_all();
    let gaps = |page: &Scrape| page.value("mirror_events_appended_total{kind=\"gap\"}") >= 2.0;
    let after =
        stage.until_scrape("it says so on its log", |page| gaps(page) && page.value("mirror_ready") == 1.0);
    Play::over(&before, &after.await).fires(&["MirrorGap"]).await;
    node.stop().await;
}

#[tokio::test]
async fn a_payload_that_cannot_be_captured() {
    let stage = stage().await;
    let node = stage.start().await;
    let before = at_rest(&stage).await;
    let channel = stage.channels[0];
    let broken = serde_json::json!({ "id": "no id", "channel_id": channel.to_string() });
    stage.discord.dispatch("MESSAGE_CREATE", stage.guild, Some(channel), &broken);
    let dead = |page: &Scrape| page.value("mirror_dead_letters") == 1.0;
    let after = stage.until_scrape("it is put aside", dead).await;
    Play::over(&before, &after).fires(&["MirrorDeadLetter"]).await;
    node.stop().await;
}

/// What should have been sealed within two seconds is not, and this is seen to go on.
#[tokio::test]
async fn an_archive_that_is_away() {
    let mut stage = stage().await;
    let vault = stage.beside("vault");
    let pace = [("MIRROR_ARCHIVE_SEAL_EVENTS", "100"), ("MIRROR_ARCHIVE_MARGIN_SECONDS", "1")];
    stage.environment.extend(pace.map(|(key, value)| (key.to_owned(), value.to_owned())));
    stage.environment.push(("MIRROR_ARCHIVE_SEAL_MINUTES".to_owned(), "1".to_owned()));
    stage.environment.push(("MIRROR_ARCHIVE_URL".to_owned(), vault.display().to_string()));
    let (node, mut said) = (stage.start().await, Vec::new());
    let unsealed = |page: &Scrape| page.value("mirror_archive_unsealed_events{partition=\"0\"}");
    let ready = at_rest(&stage).await;
    talk(&stage, &mut said, 100).await;
    let before = stage.until_scrape("it seals", |page| unsealed(page) < 100.0).await;
    assert_eq!(before.value("mirror_archive_unsealed_seconds_limit"), 61.0, "{ready:?}");
    std::fs::rename(&vault, stage.beside("away")).unwrap();
    std::fs::write(&vault, "no folder").unwrap();
    talk(&stage, &mut said, 100).await;
    let tried = || stage.log().contains("cannot seal now").then_some(());
    stage.until("it tries in vain", tried).await;
    const SECONDS: &str = "mirror_archive_unsealed_seconds{partition=\"0\"}";
    let once = stage.until_scrape("nothing is sealed", |page| unsealed(page) >= 100.0).await;
    let more = |page: &Scrape| unsealed(page) >= 100.0 && page.value(SECONDS) >= once.value(SECONDS) + 3.0;
    let after = stage.until_scrape("nothing is sealed any more", more).await;
    Play::over(&before, &after).growing(SECONDS).fires(&["MirrorArchiveBehind"]).await;
    node.stop().await;
}
