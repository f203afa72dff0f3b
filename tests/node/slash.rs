//! Slash commands and buttons: the real binary, asked through the stand-in's gateway, with rights as Discord tells them.

use crate::stage::{Node, Stage};
use serde_json::{Value, json};
use standin::{Faults, InteractionReply, Matcher, RestFault, RouteKind, Rule, SlashCommand};
use std::time::Duration;

/// Discord's own limit for a first answer.
const ANSWER_MAX_MS: u64 = 3_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Manage Channels and Manage Webhooks.
const KEEPER: u64 = 1 << 4 | 1 << 29;

/// Two guilds that a bot is in: people who decide over their channels, and one who does not.
struct Towns {
    stage: Stage,
    node: Node,
    /// Of the other guild.
    there: u64,
    there_channel: u64,
    /// Decides over the stage's guild, and over the other one.
    here_keeper: (u64, u64),
    there_keeper: (u64, u64),
    stranger: u64,
}

/// A role that may do this, worn by a member.
fn role(stage: &Stage, guild: u64, user: u64, powers: u64) -> u64 {
    let role = stage.discord.create_role(guild, "keepers");
    // Whoever has a nickname is a member.
    stage.discord.set_nick(guild, user, None);
    assert!(stage.discord.set_role(guild, role, powers));
    assert!(stage.discord.wear(guild, user, role, true));
    role
}

/// Somebody who decides over a guild's channels: (user, role).
fn keeper(stage: &Stage, guild: u64, name: &str) -> (u64, u64) {
    let user = stage.discord.create_user(name);
    (user, role(stage, guild, user, KEEPER))
}

/// Everybody there may look, write and type commands, no more; the bot may what it could.
fn lock(stage: &Stage, guild: u64) {
    role(stage, guild, stage.discord.bot_id(), u64::MAX >> 11 & !(1 << 3));
    // The role of everybody has the guild's id.
    assert!(stage.discord.set_role(guild, guild, 1 << 10 | 1 << 11 | 1 << 16 | 1 << 31));
}

impl Towns {
    async fn new() -> Self {
        let stage = Stage::new(1);
        let there = stage.discord.create_guild("Faraway");
        let there_channel = stage.discord.create_channel(there, "square");
        lock(&stage, stage.guild);
        lock(&stage, there);
        let here_keeper = keeper(&stage, stage.guild, "Ina");
        let there_keeper = keeper(&stage, there, "Otto");
        let stranger = stage.discord.create_user("Eve");
        let node = stage.start().await;
        stage
            .until("commands are registered", || {
                (!stage.discord.registered_commands().is_empty()).then_some(())
            })
            .await;
        Self { stage, node, there, there_channel, here_keeper, there_keeper, stranger }
    }

    fn here(&self) -> u64 {
        self.stage.channels[0]
    }

    fn guild_of(&self, channel: u64) -> u64 {
        if channel == self.there_channel { self.there } else { self.stage.guild }
    }

    /// What somebody is answered who types this.
    async fn types(&self, user: u64, channel: u64, words: (&str, &[(&str, Value)])) -> InteractionReply {
        let (subcommand, options) = words;
        let typed = SlashCommand {
            guild: Some(self.guild_of(channel)),
            channel,
            user,
            name: "mirror".to_owned(),
            subcommand: Some(subcommand.to_owned()),
            options: options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        let interaction = self.stage.discord.command(typed).expect("the command is one");
        self.answer(interaction).await
    }

    async fn answer(&self, interaction: u64) -> InteractionReply {
        let answer = self.stage.discord.answer(interaction, PATIENCE).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer; {}", self.stage.tail()));
        assert!(answer.after_ms < ANSWER_MAX_MS, "answered after {} ms", answer.after_ms);
        assert!(answer.ephemeral, "seen by this person alone: {}", answer.content);
        answer
    }

    /// The other guild is asked, and its keeper sees it: (interaction, custom ids of its buttons).
    async fn asked(&self) -> (u64, Vec<String>) {
        let (ina, otto) = (self.here_keeper.0, self.there_keeper.0);
        let lounge = ("mirror", json!("lounge"));
        let linked = self.types(ina, self.here(), ("link", std::slice::from_ref(&lounge))).await;
        assert!(linked.content.contains("linked <#"), "{}", linked.content);
        let address = format!("https://discord.com/channels/{}/{}", self.there, self.there_channel);
        let asked = self.types(ina, self.here(), ("link", &[lounge, ("channel", json!(address))])).await;
        assert!(asked.content.starts_with("Asked. Nothing was posted there."), "{}", asked.content);
        assert!(self.stage.discord.messages(self.there_channel).is_empty(), "nothing is posted there");
        let typed = SlashCommand {
            guild: Some(self.there),
            channel: self.there_channel,
            user: otto,
            name: "mirror".to_owned(),
            subcommand: Some("accept".to_owned()),
            options: Vec::new(),
        };
        let interaction = self.stage.discord.command(typed).unwrap();
        let shown = self.answer(interaction).await;
        assert!(shown.content.contains("lounge-"), "{}", shown.content);
        (interaction, shown.custom_ids)
    }

    async fn presses(&self, user: u64, channel: u64, (shown, custom_id): (u64, &str)) -> InteractionReply {
        let guild = self.guild_of(channel);
        let pressed = self.stage.discord.press(Some(guild), channel, user, shown, custom_id);
        assert_ne!(pressed, 0, "there is such a button");
        self.answer(pressed).await
    }

    /// What was denied, as the log holds it.
    async fn denied(&self) -> Vec<String> {
        let log = self.stage.done(&["log", "--kind", "consent"]).await;
        let denied = log.lines().filter_map(|line| line.split_once("was denied: "));
        denied.map(|(_, why)| why.split(" (").next().unwrap_or(why).to_owned()).collect()
    }

    async fn is_linked_there(&self) -> bool {
        let mirrors = self.stage.json(&["mirrors"]).await;
        let there = self.there_channel.to_string();
        let links = mirrors["mirrors"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|mirror| mirror["links"].as_array().cloned().unwrap_or_default());
        links.into_iter().any(|link| link["channel"] == json!(there) && link["open"] == json!(true))
    }
}

#[tokio::test]
async fn two_guilds_come_together() {
    let towns = Towns::new().await;
    let (shown, buttons) = towns.asked().await;
    let accepted = towns.presses(towns.there_keeper.0, towns.there_channel, (shown, &buttons[0])).await;
    assert!(accepted.content.contains("linked <#"), "{}", accepted.content);
    assert!(accepted.custom_ids.is_empty(), "the buttons are gone");
    towns.stage.say(towns.here(), "hello there");
    towns.stage.until_texts(towns.there_channel, &["hello there".to_owned()]).await;
    let otto = towns.there_keeper.0;
    let list = towns.types(otto, towns.there_channel, ("list", &[])).await;
    assert!(list.content.contains("and one channel elsewhere"), "{}", list.content);
    assert!(!list.content.contains(&towns.here().to_string()), "{}", list.content);
    // No token of an interaction is anywhere.
    let Towns { stage, node, .. } = towns;
    stage.done(&["log", "--raw", "--json"]).await;
    node.stop().await;
    let mut kept = stage.log() + &stage.heard.lock().unwrap();
    for entry in std::fs::read_dir(stage.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            kept += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    let tokens = stage.discord.interaction_tokens();
    assert!(tokens.len() >= 5);
    assert!(tokens.iter().all(|token| !kept.contains(token.as_str())));
}

/// Each wrong party presses: the right one still can, afterwards.
#[tokio::test]
async fn wrong_parties_are_denied_and_recorded() {
    let towns = Towns::new().await;
    let discord = &towns.stage.discord;
    let (shown, buttons) = towns.asked().await;
    let (otto, there) = (towns.there_keeper.0, towns.there_channel);
    // Somebody without rights sees no requests and so has no button of one: this is another's answer of theirs.
    let typed = |guild, channel, user| SlashCommand {
        guild,
        channel,
        user,
        name: "mirror".to_owned(),
        subcommand: Some("accept".to_owned()),
        options: Vec::new(),
    };
    let eves = discord.command(typed(Some(towns.there), there, towns.stranger)).unwrap();
    let told = towns.answer(eves).await;
    assert!(told.content.starts_with("You need Manage Channels"), "{}", told.content);
    let told = towns.presses(towns.stranger, there, (eves, &buttons[0])).await;
    assert!(told.content.starts_with("You need Manage Channels"), "{}", told.content);
    // A forged id.
    let forged = format!("mirror:accept:{:032x}", 7);
    let told = towns.presses(otto, there, (shown, &forged)).await;
    assert!(told.content.contains("no longer good"), "{}", told.content);
    // A channel of a third guild, whose keeper has every right there.
    let third = discord.create_guild("Elsewhere");
    let third_channel = discord.create_channel(third, "hall");
    lock(&towns.stage, third);
    let zoe = keeper(&towns.stage, third, "Zoe").0;
    let zoes = discord.command(typed(Some(third), third_channel, zoe)).unwrap();
    assert_eq!(towns.answer(zoes).await.content, "Nobody asks for this channel.");
    let pressed = discord.press(Some(third), third_channel, zoe, zoes, &buttons[0]);
    let told = towns.answer(pressed).await;
    assert!(told.content.contains("no longer good"), "{}", told.content);
    // A direct message: Discord offers no command there, so this is forged.
    let direct = discord.command_unchecked(typed(None, 0, otto));
    let told = towns.answer(direct).await;
    assert!(told.content.contains("in a direct message nobody has rights"), "{}", told.content);
    // The role of whoever asked is taken away between the request and the answer; and of whoever answers.
    let (ina, role) = towns.here_keeper;
    discord.wear(towns.stage.guild, ina, role, false);
    let told = towns.presses(otto, there, (shown, &buttons[0])).await;
    assert!(told.content.contains("may no longer decide"), "{}", told.content);
    discord.wear(towns.stage.guild, ina, role, true);
    discord.wear(towns.there, otto, towns.there_keeper.1, false);
    let told = towns.presses(otto, there, (shown, &buttons[0])).await;
    assert!(told.content.starts_with("You need Manage Channels"), "{}", told.content);
    assert!(!towns.is_linked_there().await);
    let expected = [
        "lacks Manage Channels, Manage Webhooks",
        "lacks Manage Channels, Manage Webhooks",
        "there is no such request",
        "in a guild that was not asked",
        "in a direct message",
        "whoever asked lacks the rights now",
        "lacks Manage Channels, Manage Webhooks",
    ];
    assert_eq!(towns.denied().await, expected);
    // An old button: the same again after the answer.
    discord.wear(towns.there, otto, towns.there_keeper.1, true);
    let again = discord.command(typed(Some(towns.there), there, otto)).unwrap();
    let buttons = towns.answer(again).await.custom_ids;
    let told = towns.presses(otto, there, (again, &buttons[0])).await;
    assert!(told.content.contains("linked <#"), "{}", told.content);
    assert!(towns.is_linked_there().await);
    towns.node.stop().await;
}

/// A webhook that a moderator removed is not made again on the word of somebody who has no say there any more.
#[tokio::test]
async fn consent_is_asked_again_before_a_webhook_is_made() {
    let towns = Towns::new().await;
    let discord = &towns.stage.discord;
    let (shown, buttons) = towns.asked().await;
    let (otto, role) = towns.there_keeper;
    let there = towns.there_channel;
    towns.presses(otto, there, (shown, &buttons[0])).await;
    towns.stage.say(towns.here(), "one");
    towns.stage.until_texts(there, &["one".to_owned()]).await;
    discord.wear(towns.there, otto, role, false);
    for webhook in discord.webhooks(there) {
        assert!(discord.delete_webhook(webhook));
    }
    towns.stage.say(towns.here(), "two");
    let held = |why: &'static str| move |status: &Value| status["lanes"].to_string().contains(why);
    towns.stage.until_status("the lane is held", held("the webhook was deleted")).await;
    // The operator means it to be made again, and has no say there either.
    towns.stage.done(&["release", "lounge", &there.to_string()]).await;
    towns.stage.until_status("it is held again", held("may no longer manage webhooks")).await;
    assert!(discord.webhooks(there).is_empty(), "none was made");
    // Somebody else there who may says yes.
    let ruth = keeper(&towns.stage, towns.there, "Ruth").0;
    let again = towns.types(ruth, there, ("link", &[("mirror", json!("lounge"))])).await;
    assert!(again.content.contains("differently now"), "{}", again.content);
    towns.stage.until_texts(there, &["one".to_owned(), "two".to_owned()]).await;
    towns.node.stop().await;
}

/// What takes longer than Discord waits is announced, and answered later.
#[tokio::test]
async fn a_slow_answer_is_announced_in_time() {
    let towns = Towns::new().await;
    let (shown, buttons) = towns.asked().await;
    // Whoever asked is looked up before the answer: Discord takes its time.
    let fault = RestFault::LateEffect { effect_ms: 0, answer_ms: 2_500 };
    let on = Matcher::kind(RouteKind::GuildMember);
    let rules = vec![Rule { on, nth: 1, times: 1, fault }];
    towns.stage.discord.set_faults(Faults { script: rules, ..Faults::default() });
    let (otto, there) = (towns.there_keeper.0, towns.there_channel);
    let pressed = towns.stage.discord.press(Some(towns.there), there, otto, shown, &buttons[0]);
    let told = towns.answer(pressed).await;
    assert!(told.content.contains("linked <#"), "{}", told.content);
    assert!(towns.is_linked_there().await);
    towns.node.stop().await;
}

#[tokio::test]
async fn a_wish_to_be_forgotten_is_recorded() {
    let towns = Towns::new().await;
    let ina = towns.here_keeper.0;
    let forget = towns.types(towns.stranger, towns.here(), ("forget-me", &[])).await;
    assert!(forget.content.contains("nothing of yours is kept"), "{}", forget.content);
    towns.types(ina, towns.here(), ("link", &[("mirror", json!("lounge"))])).await;
    let forget = towns.types(towns.stranger, towns.here(), ("forget-me", &[])).await;
    assert!(forget.content.contains("It is recorded"), "{}", forget.content);
    let log = towns.stage.done(&["log", "--kind", "granted"]).await;
    assert!(log.contains(&format!("user {} asks to be forgotten", towns.stranger)), "{log}");
    towns.node.stop().await;
}
