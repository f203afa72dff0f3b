//! A bot's commands and buttons: registered, typed, answered, pressed, through a library's own calls.

use std::time::Duration;

use serde_json::{Value, json};
use standin::{Config, InteractionReply, SlashCommand, Standin};

use crate::{
    bot::Bot,
    cache::Program,
    story::{PATIENCE_S, there},
};

/// How long an answer may take on a busy machine. (Three seconds for the first one are the stand-in's own rule.)
const PATIENCE: Duration = Duration::from_secs(30);

async fn answered(discord: &Standin, typed: SlashCommand) -> (u64, InteractionReply) {
    let id = discord.command(typed).unwrap();
    (id, discord.answer(id, PATIENCE).await.expect("no answer"))
}

/// See the module.
pub(crate) async fn are_answered(program: Result<Program, String>) {
    let Some(program) = there(program) else { return };
    let discord = Standin::start(Config::default()).unwrap();
    let home = discord.create_guild("home");
    let general = discord.create_channel(home, "general");
    let alice = discord.create_user("Alice");
    discord.say(general, alice, "here I am");
    let mut bot = Bot::start(program, &discord, PATIENCE_S);
    bot.until("ready", |_| true).await;
    assert_eq!(bot.does("sync", json!({})).await["commands"], json!(["greet", "think"]));
    let typed = |name: &str, options: &[(&str, Value)]| SlashCommand {
        guild: Some(home),
        channel: general,
        user: alice,
        name: name.to_owned(),
        options: options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        subcommand: None,
    };
    let of = [("whom", json!(alice.to_string())), ("where", json!(general.to_string()))];
    let (greeting, reply) = answered(&discord, typed("greet", &of)).await;
    assert_eq!((reply.content.as_str(), reply.ephemeral), ("hello Alice of #general and home: True", false));
    assert_eq!(reply.custom_ids, ["again"]);
    let message = discord.messages(general).pop().unwrap().id;
    bot.until("greeted", |told| told["message"] == message.to_string()).await;
    let heard = bot.until("message", |told| told["id"] == message.to_string()).await;
    assert_eq!(heard["own"], true);
    let pressed = discord.press(Some(home), general, alice, greeting, "again");
    let reply = discord.answer(pressed, PATIENCE).await.expect("no answer");
    assert_eq!((reply.content.as_str(), reply.custom_ids.len()), ("again, Alice", 0));
    assert_eq!(&*discord.message(general, message).unwrap().content, "again, Alice");
    let (thinking, reply) = answered(&discord, typed("think", &[("days", json!(7))])).await;
    assert_eq!((reply.content.as_str(), reply.ephemeral, reply.deferred), ("7 days", true, true));
    let thought = bot.until("thought", |_| true).await;
    assert_eq!((&thought["text"], &thought["direct"]), (&json!("7 days"), &json!(false)));
    assert_eq!(discord.follow_ups(thinking)[0].content, "that is all");
    let direct = SlashCommand { guild: None, channel: 0, ..typed("think", &[]) };
    assert_eq!(answered(&discord, direct).await.1.content, "1 days");
    bot.until("thought", |told| told["direct"] == true).await;
    let told = bot.ends().await;
    let complaints: Vec<_> = told.iter().filter(|told| told["event"] == "complaint").collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
