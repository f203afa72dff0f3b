//! The stand-in must not be what a load test measures.

use std::time::{Duration, Instant};

use crate::http::{Got, Http};

/// Far above what a slow, shared machine needs for this in a debug build; an O(n) scan a request goes beyond it.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn thousands_of_messages_take_seconds() {
    let config = standin::Config { unlimited: true, ..Default::default() };
    let discord = standin::Standin::start(config).unwrap();
    let channel = discord.create_channel(discord.create_guild("home"), "general");
    let alice = discord.create_user("alice");
    let hook = discord.create_webhook(channel, "hook", alice);
    let path = format!("/webhooks/{hook}/{}?wait=true", discord.webhook_tokens()[0]);
    let (said, executed) = (20_000, 3_000);
    let start = Instant::now();
    for _ in 0..said {
        discord.say(channel, alice, "a line of chat as people write it, neither long nor short");
    }
    let saying = start.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Instant::now();
    runtime.block_on(async {
        let http = Http::new(&discord.api_url(), "t");
        for _ in 0..executed {
            let got = http.send("POST", &path, Some(r#"{"content":"a copy of a line of chat"}"#), 5000).await;
            assert!(matches!(got, Got::Answer { status: 200, .. }));
        }
    });
    let executing = start.elapsed();
    println!("{said} said in {saying:?}, {executed} executed in {executing:?}");
    assert_eq!(discord.message_count(channel), said + executed);
    assert!(saying + executing < LIMIT);
}
