//! What an interaction carries, as Discord's file and a real client's types have it; and the library's own calls.

use std::time::Duration;

use serde_json::{Value, json};
use standin::{Config, Filter, Limits, Permissions, RouteKind, SlashCommand, Standin, Window};
use twilight_model::{
    application::interaction::{Interaction, InteractionData},
    channel::Message,
    gateway::event::Event,
};

use crate::{
    http::{Got, Http},
    openapi::check_part,
    twilight::{block_on, next, shard},
    ws::{Heard, Ws},
};

const TOKEN: &str = "standin-bot-token";
const KICK: u64 = 1 << 1;

/// A guild with a channel, a person, the bot's HTTP, and `/ask about:#channel whom:@person`.
struct Stage {
    discord: Standin,
    http: Http,
    home: u64,
    general: u64,
    alice: u64,
}

impl Stage {
    async fn new(config: Config) -> Self {
        let discord = Standin::start(config).unwrap();
        let home = discord.create_guild("home");
        let (general, alice) = (discord.create_channel(home, "general"), discord.create_user("alice"));
        let http = Http::new(&discord.api_url(), TOKEN);
        let options = json!([
            {"type": 7, "name": "about", "description": "d"}, {"type": 6, "name": "whom", "description": "d"},
            {"type": 8, "name": "crew", "description": "d"},
        ]);
        let commands = json!([{"name": "ask", "description": "d", "options": options}]);
        let path = format!("/applications/{}/commands", discord.bot_id());
        let stage = Self { discord, http, home, general, alice };
        stage.does("PUT", &path, &commands).await;
        stage
    }

    fn ask(&self, options: Vec<(String, Value)>) -> u64 {
        let Self { discord, home, general, alice, .. } = self;
        let (guild, name) = (Some(*home), "ask".to_owned());
        let typed = SlashCommand { guild, channel: *general, user: *alice, name, options, subcommand: None };
        discord.command(typed).unwrap()
    }

    async fn does(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        match self.http.send(method, path, Some(&body.to_string()), 5000).await {
            Got::Answer { status, body, .. } => (status, body),
            _ => panic!("no answer to {method} {path}"),
        }
    }

    async fn answers(&self, interaction: u64, body: &Value) -> u16 {
        let tokens = self.discord.interaction_tokens();
        self.does("POST", &format!("/interactions/{interaction}/{}/callback", tokens.last().unwrap()), body)
            .await
            .0
    }
}

async fn heard(socket: &mut Ws, name: &str) -> Value {
    loop {
        match socket.hear(5000).await {
            Heard::Payload(mut payload) if payload["t"] == name => return payload["d"].take(),
            Heard::Payload(_) => {}
            _ => panic!("no {name}"),
        }
    }
}

async fn listening(discord: &Standin, intents: u64) -> Ws {
    let mut socket = Ws::connect(&discord.gateway_url(), "").await.unwrap();
    let d = json!({"token": TOKEN, "intents": intents, "properties": {}});
    socket.send(&json!({"op": 2, "d": d}).to_string()).await;
    heard(&mut socket, "READY").await;
    socket
}

/// The names of what is carried.
fn carries(d: &Value, expected: &str) {
    let names: Vec<&str> = d.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names.join(" "), expected);
}

const IN_GUILD: &str = "app_permissions application_id attachment_size_limit authorizing_integration_owners channel \
                        channel_id context data entitlement_sku_ids entitlements guild guild_id guild_locale id locale \
                        member token type version";
const PRESSED: &str = "app_permissions application_id attachment_size_limit authorizing_integration_owners channel \
                       channel_id context data entitlement_sku_ids entitlements guild guild_id guild_locale id locale \
                       member message token type version";
const DIRECT: &str = "app_permissions application_id attachment_size_limit authorizing_integration_owners channel \
                      channel_id context data entitlement_sku_ids entitlements id locale token type user version";

#[test]
fn its_parts_are_what_the_file_describes() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let crew = stage.discord.create_role(stage.home, "crew");
        let thread = stage.discord.create_thread(stage.general, "side");
        let mut socket = listening(&stage.discord, 0).await;
        let option = |name: &str, id: u64| (name.to_owned(), json!(id.to_string()));
        let options = vec![option("about", thread), option("whom", stage.alice), option("crew", crew)];
        let asked = stage.ask(options);
        let d = heard(&mut socket, "INTERACTION_CREATE").await;
        carries(&d, IN_GUILD);
        check_part("GuildChannelResponse", &d["channel"]);
        check_part("GuildMemberResponse", &d["member"]);
        check_part("UserResponse", &d["member"]["user"]);
        let (resolved, alice) = (&d["data"]["resolved"], stage.alice.to_string());
        check_part("UserResponse", &resolved["users"][&alice]);
        check_part("GuildRoleResponse", &resolved["roles"][crew.to_string()]);
        let chosen = &resolved["channels"][thread.to_string()];
        assert_eq!((&chosen["name"], &chosen["type"]), (&json!("side"), &json!(11)));
        assert!(chosen["thread_metadata"]["archived"] == false && chosen["permissions"].is_string());
        assert!(
            resolved["members"][&alice]["user"].is_null() && resolved["members"][&alice]["roles"].is_array()
        );
        let buttons =
            json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "L", "custom_id": "c"}]}]);
        let data = json!({"content": "x", "flags": 64, "components": buttons});
        assert_eq!(stage.answers(asked, &json!({"type": 4, "data": data})).await, 204);
        let pressed = stage.discord.press(Some(stage.home), stage.general, stage.alice, asked, "c");
        let d = heard(&mut socket, "INTERACTION_CREATE").await;
        assert_eq!(d["id"], pressed.to_string());
        carries(&d, PRESSED);
        check_part("MessageResponse", &d["message"]);
        check_part("ApplicationCommandInteractionMetadataResponse", &d["message"]["interaction_metadata"]);
        let direct = SlashCommand { user: stage.alice, name: "ask".to_owned(), ..SlashCommand::default() };
        stage.discord.command(direct).unwrap();
        let d = heard(&mut socket, "INTERACTION_CREATE").await;
        carries(&d, DIRECT);
        check_part("PrivateChannelResponse", &d["channel"]);
        check_part("UserResponse", &d["user"]);
    });
}

#[test]
fn twilight_understands_it() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let mut shard = shard(&stage.discord);
        while !matches!(next(&mut shard).await, Event::GuildCreate(_)) {}
        let asked = stage.ask(vec![("about".to_owned(), json!(stage.general.to_string()))]);
        let Event::InteractionCreate(heard) = next(&mut shard).await else { panic!("something else") };
        let interaction: &Interaction = &heard.0;
        assert_eq!((interaction.id.get(), interaction.author_id().unwrap().get()), (asked, stage.alice));
        let Some(InteractionData::ApplicationCommand(data)) = &interaction.data else { panic!("no command") };
        assert_eq!((data.name.as_str(), data.resolved.as_ref().unwrap().channels.len()), ("ask", 1));
        let buttons =
            json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "L", "custom_id": "c"}]}]);
        stage.answers(asked, &json!({"type": 4, "data": {"content": "x", "components": buttons}})).await;
        let Event::MessageCreate(reply) = next(&mut shard).await else { panic!("something else") };
        assert_eq!(reply.interaction_metadata.as_ref().unwrap().id.get(), asked);
        let (guild, message) = (Some(stage.home), reply.id.get());
        let pressed = stage.discord.press(guild, stage.general, stage.alice, message, "c");
        let Event::InteractionCreate(heard) = next(&mut shard).await else { panic!("something else") };
        let Some(InteractionData::MessageComponent(data)) = &heard.data else { panic!("no button") };
        assert_eq!((data.custom_id.as_str(), heard.message.as_ref().unwrap().id), ("c", reply.id));
        stage.answers(pressed, &json!({"type": 4, "data": {"content": "y"}})).await;
        let Event::MessageCreate(reply) = next(&mut shard).await else { panic!("something else") };
        assert_eq!(
            reply.interaction_metadata.as_ref().unwrap().interacted_message_id.unwrap().get(),
            message
        );
        let path = format!("/channels/{}/messages/{}", stage.general, reply.id);
        let (_, body) = stage.does("GET", &path, &Value::Null).await;
        serde_json::from_value::<Message>(body).unwrap();
        let direct = SlashCommand { user: stage.alice, name: "ask".to_owned(), ..SlashCommand::default() };
        stage.discord.command(direct).unwrap();
        let Event::InteractionCreate(heard) = next(&mut shard).await else { panic!("something else") };
        assert!(heard.is_dm());
    });
}

/// The permissions that an interaction carries, of the person and of the bot.
async fn carried(stage: &Stage, socket: &mut Ws, (channel, user): (u64, u64)) -> (u64, u64) {
    let (guild, name) = (Some(stage.home), "ask".to_owned());
    let typed = SlashCommand { guild, channel, user, name, ..SlashCommand::default() };
    stage.discord.command_unchecked(typed);
    let d = heard(socket, "INTERACTION_CREATE").await;
    let bits = |value: &Value| value.as_str().unwrap().parse().unwrap();
    assert_eq!(d["channel"]["permissions"], d["member"]["permissions"]);
    (bits(&d["member"]["permissions"]), bits(&d["app_permissions"]))
}

#[test]
fn permissions_are_those_of_the_person_in_the_channel() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let Stage { discord, home, general, alice, .. } = &stage;
        let (home, general, alice) = (*home, *general, *alice);
        let thread = discord.create_thread(general, "side");
        let mut socket = listening(discord, 0).await;
        let all = Permissions::default().bits();
        let (send, view, attach) = (1 << 11, 1 << 10, 1 << 14 | 1 << 15);
        let owner = discord.say(general, alice, "hi");
        assert_ne!(owner, 0);
        let may = async |socket: &mut Ws, channel| carried(&stage, socket, (channel, alice)).await;
        assert_eq!(may(&mut socket, general).await, (all, all), "@everyone");
        let crew = discord.create_role(home, "crew");
        discord.set_role(home, crew, KICK);
        discord.wear(home, alice, crew, true);
        assert_eq!(may(&mut socket, general).await, (all | KICK, all), "a role more");
        discord.set_overwrite(general, alice, 0, send);
        assert_eq!(
            may(&mut socket, general).await.0,
            all & !send & !attach | KICK,
            "speech and what goes with it"
        );
        assert_eq!(
            may(&mut socket, thread).await.0,
            all & !send | KICK,
            "a thread has a permission of its own"
        );
        discord.set_overwrite(general, crew, 0, view);
        assert_eq!(may(&mut socket, general).await, (0, all), "who does not see it may nothing");
        assert_eq!(may(&mut socket, thread).await, (0, all), "nor in its threads");
        discord.set_overwrite(general, alice, view, 0);
        assert_eq!(may(&mut socket, general).await.0, all | KICK, "a member's overwrite is above a role's");
        discord.set_overwrite(general, discord.bot_id(), 0, view);
        assert_eq!(may(&mut socket, general).await.1, 0, "the bot's are its own");
        discord.set_role(home, crew, 1 << 3);
        discord.set_overwrite(general, alice, 0, view);
        let administrator = may(&mut socket, general).await.0;
        assert!(
            administrator & (all | KICK | 1 << 3 | 1 << 5) == all | KICK | 1 << 3 | 1 << 5,
            "all, whatever is denied"
        );
    });
}

#[test]
fn an_owner_may_everything() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let mut socket = listening(&stage.discord, 0).await;
        let world = stage.does("GET", "/standin", &Value::Null).await.1;
        let named = |user: &&Value| user["name"] == "home_owner";
        let owner = world["users"].as_array().unwrap().iter().find(named).unwrap()["id"].as_str().unwrap();
        let owner = owner.parse().unwrap();
        stage.discord.set_overwrite(stage.general, owner, 0, 1 << 10);
        let bits = carried(&stage, &mut socket, (stage.general, owner)).await.0;
        assert_eq!(bits & (1 << 3 | 1 << 10), 1 << 3 | 1 << 10);
    });
}

#[test]
fn the_global_limit_is_not_theirs_and_each_token_has_its_own() {
    block_on(async {
        let global = Window::new(2, 60_000);
        let webhook = Window::new(3, 60_000);
        let limits = Limits { global, webhook, ..Limits::default() };
        let stage = Stage::new(Config { limits, ..Config::default() }).await;
        stage.does("GET", "/users/@me", &Value::Null).await;
        assert_eq!(stage.does("GET", "/users/@me", &Value::Null).await.0, 429, "the bot has used it up");
        for _ in 0..4 {
            assert_eq!(stage.answers(stage.ask(Vec::new()), &json!({"type": 5})).await, 204);
        }
        let (app, tokens) = (stage.discord.bot_id(), stage.discord.interaction_tokens());
        let original = format!("/webhooks/{app}/{}/messages/@original", tokens[3]);
        let statuses = [
            stage.does("PATCH", &original, &json!({"content": "1"})).await.0,
            stage.does("PATCH", &original, &json!({"content": "2"})).await.0,
            stage.does("PATCH", &original, &json!({"content": "3"})).await.0,
        ];
        assert_eq!(statuses, [200, 200, 429], "with the first answer these are three and one");
    });
}

#[test]
fn the_ledger_has_the_requests_and_no_token() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let asked = stage.ask(Vec::new());
        stage.answers(asked, &json!({"type": 4, "data": {"content": "said"}})).await;
        let original = format!(
            "/webhooks/{}/{}/messages/@original",
            stage.discord.bot_id(),
            stage.discord.interaction_tokens()[0]
        );
        stage.does("PATCH", &original, &json!({"content": "edited"})).await;
        let requests = stage.discord.requests(&Filter::default());
        let kept: Vec<_> =
            requests.iter().map(|request| (request.kind, request.status, request.channel)).collect();
        let general = Some(stage.general);
        let expected = [
            (RouteKind::PutCommands, Some(200), None),
            (RouteKind::AnswerInteraction, Some(204), general),
            (RouteKind::EditFollowUp, Some(200), general),
        ];
        assert_eq!(kept, expected);
        let contents: Vec<_> = requests.iter().filter_map(|request| request.content.as_deref()).collect();
        assert_eq!(contents, ["said", "edited"]);
        let shown =
            format!("{}{:?}{:?}", json!(requests), stage.discord.effects_on(stage.general), stage.discord);
        assert!(!shown.contains(&stage.discord.interaction_tokens()[0]));
    });
}

#[test]
fn an_answer_is_awaited_and_a_deferral_is_none() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let asked = stage.ask(Vec::new());
        assert_eq!(stage.discord.answered(asked), None);
        stage.discord.advance(120);
        stage.answers(asked, &json!({"type": 5, "data": {"flags": 64}})).await;
        assert_eq!(
            stage.discord.answer(asked, Duration::from_millis(20)).await,
            None,
            "it is still thinking"
        );
        let thinking = stage.discord.answered(asked).unwrap();
        assert!(thinking.deferred && thinking.ephemeral && thinking.content.is_empty());
        assert!((120..3000).contains(&thinking.after_ms), "{}", thinking.after_ms);
        let original = format!(
            "/webhooks/{}/{}/messages/@original",
            stage.discord.bot_id(),
            stage.discord.interaction_tokens()[0]
        );
        let body = json!({"content": "thought", "allowed_mentions": {"parse": []}});
        let (awaited, _) = tokio::join!(
            stage.discord.answer(asked, Duration::from_secs(20)),
            stage.does("PATCH", &original, &body)
        );
        let awaited = awaited.unwrap();
        assert_eq!((awaited.content.as_str(), awaited.deferred), ("thought", true));
        assert_eq!(awaited.allowed_mentions, Some(json!({"parse": []})));
        assert_eq!(
            stage.discord.press(Some(stage.home), stage.general, stage.alice, 7, "c"),
            0,
            "no such message"
        );
    });
}

#[test]
fn a_forged_command_is_sent_as_it_is() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let mut socket = listening(&stage.discord, 0).await;
        let option = |name: &str, value: Value| (name.to_owned(), value);
        let options = vec![option("about", json!("7")), option("odd", json!([1])), option("n", json!(1.5))];
        let typed = SlashCommand {
            guild: Some(stage.home),
            channel: stage.general,
            user: stage.alice,
            name: "unheard".to_owned(),
            subcommand: Some("of it".to_owned()),
            options,
        };
        assert!(stage.discord.command(typed.clone()).is_err());
        stage.discord.command_unchecked(typed);
        let data = heard(&mut socket, "INTERACTION_CREATE").await["data"].take();
        assert_eq!(data["name"], "unheard");
        let inner = json!([
            {"name": "about", "type": 3, "value": "7"}, {"name": "odd", "type": 3, "value": [1]},
            {"name": "n", "type": 10, "value": 1.5},
        ]);
        let nested =
            json!([{"name": "of", "type": 2, "options": [{"name": "it", "type": 1, "options": inner}]}]);
        assert_eq!(data["options"], nested);
    });
}

#[test]
fn what_is_said_to_the_bot_alone_is_told_without_message_content() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        // GUILD_MESSAGES and DIRECT_MESSAGES.
        let mut socket = listening(&stage.discord, 1 << 9 | 1 << 12).await;
        stage.discord.say(stage.general, stage.alice, "to all");
        assert_eq!(heard(&mut socket, "MESSAGE_CREATE").await["content"], "");
        let direct = stage.discord.direct_channel(stage.alice);
        let said = stage.discord.say(direct, stage.alice, "to you");
        let d = heard(&mut socket, "MESSAGE_CREATE").await;
        assert_eq!((&d["content"], d.get("guild_id"), d.get("member")), (&json!("to you"), None, None));
        stage.discord.delete(direct, said);
        assert_eq!(heard(&mut socket, "MESSAGE_DELETE").await.get("guild_id"), None);
    });
}

/// A bot answers the next thing that it hears, which is returned.
async fn bot_answers(stage: &Stage, socket: &mut Ws, answer: Value) -> Value {
    let d = heard(socket, "INTERACTION_CREATE").await;
    let path =
        format!("/interactions/{}/{}/callback", d["id"].as_str().unwrap(), d["token"].as_str().unwrap());
    assert_eq!(stage.does("POST", &path, &answer).await.0, 204);
    d
}

#[test]
fn a_line_of_control_waits_for_the_answer() {
    block_on(async {
        let stage = Stage::new(Config::default()).await;
        let mut socket = listening(&stage.discord, 0).await;
        let line =
            async |line: &'static str| match stage.http.send("POST", "/standin/do", Some(line), 15_000).await
            {
                Got::Answer { status, body, .. } => (status, body),
                _ => panic!("no answer"),
            };
        let button = json!({"type": 2, "style": 1, "label": "Once more", "custom_id": "again"});
        let data = json!({"content": "pong", "components": [{"type": 1, "components": [button]}]});
        let first = bot_answers(&stage, &mut socket, json!({"type": 4, "data": data}));
        let ((status, told), _) = tokio::join!(line("slash #general carol /ask about:#general"), first);
        assert_eq!((status, &told["reply"]["content"]), (200, &json!("pong")));
        assert_eq!(told["reply"]["custom_ids"], json!(["again"]));
        let update = json!({"type": 7, "data": {"content": "pong again", "components": []}});
        let second = bot_answers(&stage, &mut socket, update);
        let ((_, told), d) = tokio::join!(line("press last Once more carol"), second);
        let (pressed, who) = (&d["data"]["custom_id"], &d["member"]["user"]["username"]);
        assert_eq!((pressed, who), (&json!("again"), &json!("carol")), "a label may have spaces");
        assert_eq!(told["reply"]["content"], "pong again");
        for (wrong, why) in [
            ("press 7 again carol", "no interaction or message `7`; write an id or `last`"),
            ("press last", "usage: press INTERACTION BUTTON USER"),
            ("slash #general carol /aks", "no command `aks`; did you mean `ask`?"),
            ("slash #general carol", "usage: slash CHANNEL USER COMMAND"),
        ] {
            assert_eq!(line(wrong).await, (400, json!({"error": why})), "{wrong}");
        }
    });
}
