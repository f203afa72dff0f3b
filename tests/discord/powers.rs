//! What a member may do in a channel, asked of the stand-in, which adds rights up by code of its own.

use crate::stage::{Wire, answer, client};
use events::{ChannelId, UserId};
use mirror::discord::powers::{Powers, powers};
use projections::sink::No;
use standin::{Config, Permissions, Standin};

const EVERYDAY: u64 = Powers::VIEW_CHANNEL.0 | Powers::SEND_MESSAGES.0;

struct Stage {
    discord: Standin,
    guild: u64,
    channel: u64,
}

impl Stage {
    fn new() -> Self {
        let discord = Standin::start(Config { unlimited: true, ..Config::default() }).unwrap();
        let guild = discord.create_guild("home");
        let channel = discord.create_channel(guild, "general");
        assert!(discord.set_role(guild, guild, EVERYDAY));
        Self { discord, guild, channel }
    }

    async fn powers(&self, user: u64, channel: u64) -> Option<Powers> {
        let rest = client(&self.discord.api_url(), self.discord.bot_id(), true).rest;
        powers(&rest, UserId(user), ChannelId(channel)).await.unwrap()
    }

    /// What the bot may do, as both sides say. A channel that is hidden from it is not there.
    async fn check(&self, what: &str) {
        let ours = self.powers(self.discord.bot_id(), self.channel).await;
        let theirs = self.discord.permissions(self.channel);
        let theirs = theirs.view_channel.then(|| theirs.bits());
        assert_eq!(ours.map(|ours| ours.0 & Permissions::default().bits()), theirs, "{what}");
    }
}

#[tokio::test]
async fn they_are_what_the_stand_in_acts_by() {
    let stage = Stage::new();
    let (bot, guild, channel) = (stage.discord.bot_id(), stage.guild, stage.channel);
    stage.check("@everyone alone").await;
    let role = stage.discord.create_role(guild, "mirror");
    assert!(stage.discord.set_role(guild, role, Powers::MANAGE_WEBHOOKS.0));
    assert!(stage.discord.wear(guild, bot, role, true));
    stage.check("a role is worn").await;
    assert!(stage.discord.set_overwrite(channel, guild, 0, Powers::SEND_MESSAGES.0));
    stage.check("denied to @everyone").await;
    assert!(stage.discord.set_overwrite(channel, role, Powers::SEND_MESSAGES.0, Powers::MANAGE_WEBHOOKS.0));
    stage.check("allowed and denied to the role").await;
    assert!(stage.discord.set_overwrite(channel, bot, Powers::MANAGE_WEBHOOKS.0, Powers::VIEW_CHANNEL.0));
    stage.check("hidden from the bot itself").await;
    assert_eq!(stage.powers(bot, channel).await, None);
    assert!(stage.discord.set_role(guild, role, Powers::ADMINISTRATOR.0));
    stage.check("an administrator").await;
}

#[tokio::test]
async fn people_threads_and_places_that_are_not_there() {
    let stage = Stage::new();
    let ada = stage.discord.create_user("Ada");
    stage.discord.say(stage.channel, ada, "hello");
    let message = stage.discord.messages(stage.channel)[0].id;
    let thread = stage.discord.start_thread(stage.channel, message, ada, "aside");
    assert_eq!(stage.powers(ada, stage.channel).await, Some(Powers(EVERYDAY)));
    assert!(stage.discord.set_overwrite(stage.channel, ada, Powers::MANAGE_CHANNELS.0, 0));
    let more = Some(Powers(EVERYDAY) | Powers::MANAGE_CHANNELS);
    assert_eq!(stage.powers(ada, stage.channel).await, more);
    assert_eq!(stage.powers(ada, thread).await, more, "a thread has what its parent has");
    assert_eq!(stage.powers(77, stage.channel).await, None, "nobody of that id");
    assert_eq!(stage.powers(ada, 77).await, None, "no such channel");
    assert_eq!(stage.powers(ada, 0).await, None, "no id at all");
}

#[tokio::test]
async fn a_token_that_is_refused_is_no_answer() {
    let wire = Wire::play([
        answer(401, r#"{"code":0,"message":"401: Unauthorized"}"#),
        answer(502, "<html>"),
        answer(200, r#"{"id":"3","type":1}"#),
        answer(403, r#"{"code":50001,"message":"Missing Access"}"#),
    ]);
    let wire = wire.await;
    let rest = client(&wire.base, 5, true).rest;
    let ask = || powers(&rest, UserId(1), ChannelId(3));
    assert!(matches!(ask().await, Err(No::Dead(words)) if words.contains("token")));
    assert!(matches!(ask().await, Err(No::Wait(_))));
    assert_eq!(ask().await, Ok(None), "a conversation of two is in no guild");
    assert_eq!(ask().await, Ok(None));
    assert_eq!(wire.lines(), ["GET /api/v10/channels/3"; 4]);
}
