//! What the ledger keeps, and what it never does.

use standin::{Actor, Change, Config, Filter, Keep, Matcher, RouteKind, Standin};

use crate::http::Http;

/// A webhook of #general posts, edits and deletes; then a moderator wipes the rest.
fn lived(keep: Keep) -> (Standin, u64, u64) {
    let config = Config { token: "CANARY-BOT".to_owned(), unlimited: true, keep, ..Default::default() };
    let discord = Standin::start(config).unwrap();
    let channel = discord.create_channel(discord.create_guild("home"), "general");
    let hook = discord.create_webhook(channel, "hook", discord.create_user("alice"));
    let path = format!("/webhooks/{hook}/{}", discord.webhook_tokens()[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = Http::new(&discord.api_url(), "CANARY-BOT");
        for text in ["one", "two", "three"] {
            http.send("POST", &path, Some(&format!(r#"{{"content":"{text}"}}"#)), 5000).await;
        }
        let first = discord.messages(channel)[0].id;
        http.send("PATCH", &format!("{path}/messages/{first}"), Some(r#"{"content":"uno"}"#), 5000).await;
        http.send("DELETE", &format!("{path}/messages/{first}"), None, 5000).await;
        http.send("GET", "/users/@me", None, 5000).await;
    });
    assert_eq!(discord.wipe(channel), 2);
    (discord, channel, hook)
}

#[test]
fn it_knows_who_did_what() {
    let (discord, channel, hook) = lived(Keep::All);
    let texts = |actor, change| {
        let effects = discord.effects_by(actor, change);
        effects.iter().map(|effect| effect.content.as_deref().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let webhook = Actor::Webhook(hook);
    assert_eq!(texts(webhook, Change::Create), ["one", "two", "three"]);
    assert_eq!(texts(webhook, Change::Edit), ["uno"]);
    assert_eq!(texts(webhook, Change::Delete), ["-"]);
    assert_eq!(texts(Actor::Moderator, Change::Delete), ["-", "-"]);
    let requests =
        discord.requests(&Filter { on: Matcher::kind(RouteKind::ExecuteWebhook), ..Filter::default() });
    let created: Vec<u64> = requests.iter().filter_map(|request| request.effect).collect();
    let caused = discord.effects_by(webhook, Change::Create);
    assert_eq!(created, caused.iter().map(|effect| effect.subject).collect::<Vec<_>>());
    assert_eq!(caused.iter().map(|effect| effect.request).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    assert!(discord.effects_on(channel).windows(2).all(|two| two[0].seq < two[1].seq));
}

#[test]
fn it_holds_no_secret() {
    let (discord, channel, _) = lived(Keep::All);
    let requests = serde_json::to_string(&discord.requests(&Filter::default())).unwrap();
    let effects = serde_json::to_string(&discord.effects_on(channel)).unwrap();
    let shown = format!("{requests}{effects}{discord:?}{:?}{:?}", discord.counts(), Config::default());
    let tokens = discord.webhook_tokens().into_iter().chain(["CANARY-BOT".to_owned()]);
    assert!(requests.contains("three"));
    tokens.for_each(|token| assert!(!shown.contains(&token)));
}

#[test]
fn it_can_keep_counts_only() {
    let (discord, channel, _) = lived(Keep::Counts);
    let counts = discord.counts();
    assert_eq!((counts.requests, counts.by_change[&Change::Delete], counts.by_status[&204]), (6, 3, 4));
    assert!(discord.requests(&Filter::default()).is_empty() && discord.effects_on(channel).is_empty());
}
