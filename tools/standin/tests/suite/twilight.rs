//! A real client's parser accepts what we send: twilight with its defaults (zstd), typed events and typed REST answers.

use std::time::Duration;

use serde_json::json;
use standin::{Config, Said, Standin};
use twilight_gateway::{ConfigBuilder, EventTypeFlags, Intents, Shard, ShardId, StreamExt};
use twilight_model::{
    channel::{Channel, Message, Webhook},
    gateway::event::Event,
    guild::Guild,
    user::CurrentUser,
};

use crate::http::{Got, Http};

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), future).await.expect("in time") })
}

pub(crate) fn shard(discord: &Standin) -> Shard {
    // twilight makes a TLS configuration even for ws://, and rustls wants to be told which provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // All but the one that was not enabled in the portal.
    let intents = Intents::all() - Intents::GUILD_PRESENCES;
    let config = ConfigBuilder::new("standin-bot-token".to_owned(), intents).proxy_url(discord.gateway_url());
    Shard::with_config(ShardId::ONE, config.build())
}

pub(crate) async fn next(shard: &mut Shard) -> Event {
    loop {
        match shard.next_event(EventTypeFlags::all()).await {
            Some(Ok(
                event @ (Event::GatewayHello(_) | Event::GatewayHeartbeatAck | Event::GatewayHeartbeat),
            )) => drop(event),
            Some(Ok(event)) => return event,
            Some(Err(error)) => panic!("{error:?}"),
            None => panic!("fatally closed"),
        }
    }
}

/// Does one thing after another and returns the kinds of the events that twilight made of it.
#[test]
fn every_dispatch_parses() {
    let discord = Standin::start(Config::default()).unwrap();
    let home = discord.create_guild("home");
    let general = discord.create_channel(home, "general");
    let alice = discord.create_user("Alice");
    let kinds = block_on(async {
        let mut shard = shard(&discord);
        let mut kinds = Vec::new();
        while kinds.last().is_none_or(|kind| kind != "GUILD_CREATE") {
            kinds.push(next(&mut shard).await.kind().name().unwrap_or("-").to_owned());
        }
        let question = discord.say(general, alice, &format!("hi <@{alice}>"));
        let embeds = vec![json!({"type": "rich", "title": "t"})];
        discord.say_with(general, alice, "re", Said { reply_to: Some(question), embeds, ..Said::default() });
        discord.edit(general, question, "hi!");
        discord.unfurl(general, question, vec![json!({"type": "link", "url": "https://example.org"})]);
        discord.react(general, question, alice, "👍");
        discord.pin(general, question, true);
        discord.create_webhook(general, "hook", alice);
        let thread = discord.create_thread(general, "side");
        discord.say(thread, alice, "in the thread");
        discord.leave_thread(thread, discord.bot_id());
        discord.join_thread(thread, discord.bot_id());
        discord.delete_channel(thread);
        discord.delete(general, question);
        let more = [discord.say(general, alice, "1"), discord.say(general, alice, "2")];
        discord.bulk_delete(general, &more);
        discord.create_role(home, "crew");
        discord.create_channel(home, "late");
        discord.delete_channel(general);
        while kinds.last().is_none_or(|kind| kind != "CHANNEL_DELETE") {
            kinds.push(next(&mut shard).await.kind().name().unwrap_or("-").to_owned());
        }
        kinds
    });
    let expected = "READY GUILD_CREATE MESSAGE_CREATE MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_UPDATE MESSAGE_REACTION_ADD \
                    MESSAGE_UPDATE CHANNEL_PINS_UPDATE MESSAGE_CREATE WEBHOOKS_UPDATE THREAD_CREATE MESSAGE_CREATE \
                    THREAD_MEMBERS_UPDATE THREAD_MEMBER_UPDATE THREAD_MEMBERS_UPDATE THREAD_DELETE \
                    MESSAGE_DELETE MESSAGE_CREATE MESSAGE_CREATE MESSAGE_DELETE_BULK GUILD_ROLE_CREATE CHANNEL_CREATE \
                    CHANNEL_DELETE";
    assert_eq!(kinds.join(" "), expected);
}

#[test]
fn a_shard_resumes_after_a_cut() {
    let discord = Standin::start(Config::default()).unwrap();
    let general = discord.create_channel(discord.create_guild("home"), "general");
    let alice = discord.create_user("alice");
    let contents = block_on(async {
        let mut shard = shard(&discord);
        while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
        discord.say(general, alice, "before");
        discord.cut_all();
        discord.say(general, alice, "meanwhile");
        let mut contents = Vec::new();
        while !contents.contains(&"RESUMED".to_owned()) {
            match next(&mut shard).await {
                Event::MessageCreate(message) => contents.push(message.content.clone()),
                Event::Resumed => contents.push("RESUMED".to_owned()),
                // A cut is told or not, as TCP has it.
                Event::GatewayClose(_) => {}
                other => panic!("{other:?}"),
            }
        }
        contents
    });
    assert_eq!(contents, ["before", "meanwhile", "RESUMED"]);
    let counts = discord.counts();
    assert_eq!((counts.identified, counts.resumed, counts.refused_sessions), (1, 1, 0));
}

async fn got(http: &Http, method: &str, path: &str, body: Option<&str>) -> String {
    match http.send(method, path, body, 5000).await {
        Got::Answer { status: 200, text, .. } => text,
        _ => panic!("no answer to {method}"),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_answer_parses() {
    let discord = Standin::start(Config::default()).unwrap();
    let home = discord.create_guild("home");
    let general = discord.create_channel(home, "general");
    block_on(async {
        let http = Http::new(&discord.api_url(), "standin-bot-token");
        parsed::<CurrentUser>(&got(&http, "GET", "/users/@me", None).await);
        parsed::<twilight_model::oauth::Application>(&got(&http, "GET", "/applications/@me", None).await);
        parsed::<Guild>(&got(&http, "GET", &format!("/guilds/{home}"), None).await);
        parsed::<Vec<Channel>>(&got(&http, "GET", &format!("/guilds/{home}/channels"), None).await);
        parsed::<Channel>(&got(&http, "GET", &format!("/channels/{general}"), None).await);
        let webhooks = format!("/channels/{general}/webhooks");
        let hook: Webhook = parsed(&got(&http, "POST", &webhooks, Some(r#"{"name":"hook"}"#)).await);
        parsed::<Vec<Webhook>>(&got(&http, "GET", &webhooks, None).await);
        let path = format!("/webhooks/{}/{}", hook.id, hook.token.unwrap());
        let body =
            r#"{"content":"x","username":"A","embeds":[{"title":"t"}],"allowed_mentions":{"parse":[]}}"#;
        let message: Message = parsed(&got(&http, "POST", &format!("{path}?wait=true"), Some(body)).await);
        assert_eq!((message.author.name.as_str(), message.webhook_id), ("A", Some(hook.id)));
        let edit = format!("{path}/messages/{}", message.id);
        let edited: Message = parsed(&got(&http, "PATCH", &edit, Some(r#"{"content":"y"}"#)).await);
        assert!(edited.edited_timestamp.is_some());
        let messages = format!("/channels/{general}/messages");
        parsed::<Message>(&got(&http, "POST", &messages, Some(r#"{"content":"hi"}"#)).await);
        assert_eq!(parsed::<Vec<Message>>(&got(&http, "GET", &messages, None).await).len(), 2);
        got(&http, "GET", &path, None).await;
    });
}
