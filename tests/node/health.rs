//! `/healthz` and `/readyz` of a real node: what it says while it waits, works, falls silent, and is well again.

use crate::stage::Stage;
use standin::{Config, Rules};

#[tokio::test]
async fn a_node_that_waits_is_alive_and_not_ready() {
    let mut stage = Stage::linked(2).await;
    stage.watched();
    stage.discord.refuse(600_000);
    let node = stage.spawn();
    let waits =
        |status, body: &str| status == 503 && body.starts_with("waiting: Discord is not reached since 20");
    stage.until_answer("/readyz", "it says for what it waits", waits).await;
    assert_eq!(stage.get("/healthz").await, Some((200, "ok\n".to_owned())));
    let page = stage.until_scrape("it has metrics", |_| true).await;
    assert_eq!((page.value("mirror_ready"), page.value("mirror_healthy")), (0.0, 1.0));
    assert_eq!(page.value("mirror_unready_reasons{kind=\"waiting\"}"), 1.0);
    stage.discord.refuse(0);
    stage.until_answer("/readyz", "it is ready", |status, body| (status, body) == (200, "ok\n")).await;
    assert_eq!(stage.get("/nothing").await.unwrap().0, 404);
    node.stop().await;
    assert_eq!(stage.get("/healthz").await, None, "nobody listens any more");
}

/// Nothing comes any more, and the gateway cannot be reached: the node says for how long. Then it comes again.
#[tokio::test]
async fn a_shard_that_hears_nothing_is_noticed() {
    let gateway = Rules { heartbeat_ms: 500, ..Rules::default() };
    let mut stage = Stage::with(2, Config { gateway, ..Config::default() });
    stage.watched();
    stage.link_all().await;
    let node = stage.start().await;
    stage.until_answer("/readyz", "it is ready", |status, _| status == 200).await;
    stage.discord.refuse(600_000);
    stage.discord.silence_all();
    let silent =
        |status, body: &str| status == 503 && body.contains("gateway: shard 0 has heard nothing for ");
    stage.until_answer("/healthz", "it notices the silence", silent).await;
    stage.until_answer("/readyz", "it is not ready either", silent).await;
    stage.discord.refuse(0);
    for path in ["/healthz", "/readyz"] {
        stage.until_answer(path, "it hears again", |status, _| status == 200).await;
    }
    node.stop().await;
}
