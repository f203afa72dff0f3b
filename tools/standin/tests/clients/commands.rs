//! A bot's commands and buttons: registered, typed, answered, pressed, through a library's own calls.

use std::time::Duration;

use serde_json::{Value, json};
use standin::{Config, InteractionReply, SlashCommand, Standin};

use crate::{
    bot::Bot,
    cache::Program,
    story::{PATIENCE_S, is, there},
};

/// How long an answer may take on a busy machine. (Three seconds for the first one are the stand-in's own rule.)
const PATIENCE: Duration = Duration::from_secs(30);

struct Stage {
    discord: Standin,
    home: u64,
    general: u64,
    alice: u64,
}

/// See the module.
pub(crate) async fn are_answered(program: Result<Program, String>) {
    let Some(program) = there(program) else { return };
    let stage = Stage::new();
    let mut bot = Bot::start(program, &stage.discord, PATIENCE_S);
    bot.until("ready", |_| true).await;
    assert_eq!(bot.does("sync", json!({})).await["commands"], json!(["greet", "think"]));
    stage.greets(&mut bot).await;
    stage.thinks(&mut bot).await;
    let told = bot.ends().await;
    let complaints: Vec<_> = told.iter().filter(|told| told["event"] == "complaint").collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

impl Stage {
    fn new() -> Self {
        let discord = Standin::start(Config::default()).unwrap();
        let home = discord.create_guild("home");
        let (general, alice) = (discord.create_channel(home, "general"), discord.create_user("Alice"));
        discord.say(general, alice, "here I am");
        Self { discord, home, general, alice }
    }

    fn typed(&self, name: &str, options: &[(&str, Value)]) -> SlashCommand {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let Self { home, general, alice, .. } = *self;
        let (guild, name) = (Some(home), name.to_owned());
        SlashCommand { guild, channel: general, user: alice, name, options, subcommand: None }
    }

    async fn reply(&self, interaction: u64) -> InteractionReply {
        self.discord.answer(interaction, PATIENCE).await.expect("no answer")
    }

    /// At once, with a button that takes itself away.
    async fn greets(&self, bot: &mut Bot) {
        let Self { discord, home, general, alice } = self;
        let of = [("whom", json!(alice.to_string())), ("where", json!(general.to_string()))];
        let greeting = discord.command(self.typed("greet", &of)).unwrap();
        let reply = self.reply(greeting).await;
        assert_eq!(
            (reply.content.as_str(), reply.ephemeral),
            ("hello Alice of #general and home: True", false)
        );
        assert_eq!(reply.custom_ids, ["again"]);
        let message = discord.messages(*general).pop().unwrap().id;
        bot.until("greeted", |told| is(told, "message", message)).await;
        let heard = bot.until("message", |told| is(told, "id", message)).await;
        assert_eq!(heard["own"], true);
        let pressed = discord.press(Some(*home), *general, *alice, greeting, "again");
        let reply = self.reply(pressed).await;
        assert_eq!((reply.content.as_str(), reply.custom_ids.len()), ("again, Alice", 0));
        assert_eq!(&*discord.message(*general, message).unwrap().content, "again, Alice");
    }

    /// It defers, and says more than one thing; in direct messages too.
    async fn thinks(&self, bot: &mut Bot) {
        let thinking = self.discord.command(self.typed("think", &[("days", json!(7))])).unwrap();
        let reply = self.reply(thinking).await;
        assert_eq!((reply.content.as_str(), reply.ephemeral, reply.deferred), ("7 days", true, true));
        let thought = bot.until("thought", |_| true).await;
        assert_eq!((&thought["text"], &thought["direct"]), (&json!("7 days"), &json!(false)));
        assert_eq!(self.discord.follow_ups(thinking)[0].content, "that is all");
        let direct = SlashCommand { guild: None, channel: 0, ..self.typed("think", &[]) };
        let direct = self.discord.command(direct).unwrap();
        assert_eq!(self.reply(direct).await.content, "1 days");
        bot.until("thought", |told| told["direct"] == true).await;
    }
}
