//! A bot's life: it logs in, hears, is thrown out and comes back, speaks, and leaves.

use std::{io::Write, time::Duration};

use serde_json::{Value, json};
use standin::{Actor, Change, Config, Faults, Filter, GatewayFault, GatewayRule, RouteKind, Rules, Standin};

use crate::{bot::Bot, cache::Program};

const HEARTBEAT_MS: u64 = 1_000;
/// So long discord.py waits for anything to come, and it sleeps for five seconds before a second IDENTIFY; discord.js
/// waits for one heartbeat's answer.
pub(crate) const PATIENCE_S: f64 = 8.0;

/// Heartbeats that op 1 asks for.
const ASKED: u64 = 20;

/// What ends a connection, and its name.
type Disturbance = (&'static str, fn(&Standin));

/// Not 4008, after which discord.js begins a new session.
const DISTURBANCES: [Disturbance; 6] = [
    ("cut", Standin::cut_all),
    ("closed with 4000", |discord| discord.close_all(4000)),
    ("closed with 4001", |discord| discord.close_all(4001)),
    ("op 7", Standin::reconnect_all),
    ("op 9 true", |discord| discord.invalidate_all(true)),
    ("silent", Standin::silence_all),
];

/// discord.js begins a new session after these.
const BEFORE_HELLO: [Disturbance; 2] = [
    ("op 7 before Hello", |discord| at_hello(discord, GatewayFault::Reconnect)),
    ("cut before Hello", |discord| at_hello(discord, GatewayFault::Cut)),
];

/// Does this field hold this id?
pub(crate) fn is(told: &Value, field: &str, id: u64) -> bool {
    told[field].as_str().and_then(|text| text.parse().ok()) == Some(id)
}

/// The next connection meets it.
fn at_hello(discord: &Standin, fault: GatewayFault) {
    discord.set_faults(Faults::gateway(vec![GatewayRule::next("HELLO", fault)]));
    discord.cut_all();
}

struct Stage {
    discord: Standin,
    home: u64,
    general: u64,
    alice: u64,
}

/// The program, or a word that it is not there.
pub(crate) fn there(program: Result<Program, String>) -> Option<Program> {
    let name = || std::thread::current().name().unwrap_or("a test").to_owned();
    program.inspect_err(|why| drop(writeln!(std::io::stderr(), "not run: {why}: {}", name()))).ok()
}

/// The story of one client, which must ask for this compression.
pub(crate) async fn live(program: Result<Program, String>, compression: &str, lives_before_hello: bool) {
    let Some(program) = there(program) else { return };
    let stage = Stage::new();
    let mut bot = Bot::start(program, &stage.discord, PATIENCE_S);
    bot.until("session", |_| true).await;
    let ready = bot.until("ready", |_| true).await;
    assert_eq!(ready["guilds"], json!({"home": ["general", "random"]}));
    assert_eq!(ready["compression"], compression);
    stage.is_heard(&mut bot).await;
    stage.sees_places(&mut bot).await;
    stage.obeys(&mut bot).await;
    stage.uses_webhooks(&mut bot).await;
    let mut disturbances = DISTURBANCES.to_vec();
    disturbances.extend(BEFORE_HELLO.iter().filter(|_| lives_before_hello));
    stage.comes_back(&mut bot, &disturbances).await;
    stage.beats_when_asked().await;
    stage.begins_anew(&mut bot).await;
    let report = bot.ends().await;
    let complaints: Vec<&Value> = report.iter().filter(|told| told["event"] == "complaint").collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    stage.the_ledger_agrees(compression, disturbances.len() as u64);
}

impl Stage {
    fn new() -> Self {
        let gateway = Rules { heartbeat_ms: HEARTBEAT_MS, ..Rules::default() };
        let discord = Standin::start(Config { gateway, ..Config::default() }).unwrap();
        let home = discord.create_guild("home");
        let general = discord.create_channel(home, "general");
        discord.create_channel(home, "random");
        let alice = discord.create_user("Alice");
        Self { discord, home, general, alice }
    }

    /// Says something and waits until the bot has heard it.
    async fn says(&self, bot: &mut Bot, text: &str) -> u64 {
        let id = self.discord.say(self.general, self.alice, text);
        let heard = bot.until("message", |told| told["text"] == text).await;
        assert_eq!((&heard["id"], &heard["author"]), (&json!(id.to_string()), &json!("Alice")));
        id
    }

    async fn is_heard(&self, bot: &mut Bot) {
        let Self { discord, general, alice, .. } = self;
        let (general, alice) = (*general, *alice);
        let id = self.says(bot, "hello").await;
        let about = |told: &Value| is(told, "id", id);
        assert!(discord.edit(general, id, "hello, all"));
        bot.until("edit", |told| about(told) && told["text"] == "hello, all").await;
        assert!(discord.unfurl(general, id, vec![json!({"type": "link", "url": "https://example.org"})]));
        bot.until("edit", |told| about(told) && told["embeds"] == 1).await;
        assert!(discord.react(general, id, alice, "👍"));
        bot.until("reaction", |told| about(told) && told["emoji"] == "👍").await;
        assert!(discord.pin(general, id, true));
        bot.until("pins", |told| is(told, "channel", general)).await;
        // Discord says in the channel that something was pinned (type 6).
        let notice = discord.messages(general).into_iter().find(|shown| shown.kind == 6);
        assert!(notice.is_some_and(|notice| discord.delete(general, notice.id)));
        let more = [self.says(bot, "one").await, self.says(bot, "two").await];
        discord.bulk_delete(general, &more);
        bot.until("bulk_delete", |told| told["ids"] == json!(more.map(|id| id.to_string()))).await;
        assert!(discord.delete(general, id));
        bot.until("delete", about).await;
    }

    async fn sees_places(&self, bot: &mut Bot) {
        let Self { discord, general, alice, .. } = self;
        let (general, alice) = (*general, *alice);
        let thread = discord.create_thread(general, "side");
        let made = bot.until("thread", |told| is(told, "id", thread)).await;
        assert_eq!((&made["name"], &made["parent"]), (&json!("side"), &json!(general.to_string())));
        discord.say(thread, alice, "in the thread");
        let inside = bot.until("message", |told| told["text"] == "in the thread").await;
        assert_eq!(inside["channel"], thread.to_string());
        assert!(discord.delete_channel(thread));
        bot.until("thread_delete", |told| is(told, "id", thread)).await;
        let late = discord.create_channel(self.home, "late");
        bot.until("channel", |told| is(told, "id", late) && told["name"] == "late").await;
    }

    async fn obeys(&self, bot: &mut Bot) {
        let channel = self.general.to_string();
        let asked = self.says(bot, "anybody there?").await.to_string();
        let sent =
            bot.does("send", json!({"channel": channel, "text": "of the bot"})).await["message"].clone();
        bot.until("message", |told| told["id"] == sent && told["own"] == true).await;
        let reply = bot.does("reply", json!({"channel": channel, "message": asked, "text": "yes"})).await;
        let heard = bot.until("message", |told| told["id"] == reply["message"]).await;
        assert_eq!(heard["reply_to"], asked);
        let edited = bot.does("edit", json!({"channel": channel, "message": sent, "text": "edited"})).await;
        assert_eq!(edited["text"], "edited");
        bot.until("edit", |told| told["id"] == sent && told["text"] == "edited").await;
        let history = bot.does("history", json!({"channel": channel, "limit": 3})).await;
        assert_eq!(history["texts"], json!(["anybody there?", "edited", "yes"]));
        bot.does("delete", json!({"channel": channel, "message": sent})).await;
        bot.until("delete", |told| told["id"] == sent).await;
        assert_eq!(self.texts(), ["anybody there?", "yes"]);
    }

    async fn uses_webhooks(&self, bot: &mut Bot) {
        let channel = self.general.to_string();
        let made = bot.does("make_webhook", json!({"channel": channel, "text": "hook"})).await;
        bot.until("webhooks", |told| told["channel"] == channel).await;
        let order = |message: &Value, text: &str| json!({"webhook": made["webhook"], "token": made["token"], "message": message, "text": text});
        let kept = bot.does("execute", order(&Value::Null, "kept")).await["message"].clone();
        let heard = bot.until("message", |told| told["id"] == kept).await;
        assert_eq!((&heard["webhook"], &heard["author"]), (&made["webhook"], &json!("somebody")));
        let edited = bot.does("webhook_edit", order(&kept, "kept, edited")).await;
        assert_eq!(edited["text"], "kept, edited");
        let gone = bot.does("execute", order(&Value::Null, "gone")).await["message"].clone();
        bot.does("webhook_delete", order(&gone, "")).await;
        bot.until("delete", |told| told["id"] == gone).await;
        assert_eq!(self.texts(), ["anybody there?", "yes", "kept, edited"]);
    }

    /// Whatever ends the connection, the session goes on and nothing is missed.
    async fn comes_back(&self, bot: &mut Bot, disturbances: &[Disturbance]) {
        for (number, (what, disturb)) in (1..).zip(disturbances) {
            disturb(&self.discord);
            self.says(bot, &format!("said when {what}")).await;
            bot.until("resumed", |_| true).await;
            let counts = self.discord.counts();
            assert_eq!((counts.identified, counts.resumed), (1, number), "{what}");
        }
    }

    /// Op 1 is answered at once, not with the next heartbeat.
    async fn beats_when_asked(&self) {
        let before = self.discord.counts().heartbeats;
        (0..ASKED).for_each(|_| self.discord.beat_all());
        let beaten = async {
            while self.discord.counts().heartbeats < before + ASKED {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = Duration::from_millis(HEARTBEAT_MS * ASKED / 2);
        tokio::time::timeout(in_time, beaten).await.expect("heartbeats of its own would take twice as long");
    }

    async fn begins_anew(&self, bot: &mut Bot) {
        self.discord.lose_sessions();
        bot.until("session", |_| true).await;
        self.says(bot, "said in a new session").await;
    }

    fn texts(&self) -> Vec<String> {
        self.discord.messages(self.general).iter().map(|shown| shown.content.to_string()).collect()
    }

    fn the_ledger_agrees(&self, compression: &str, resumed: u64) {
        let counts = self.discord.counts();
        assert_eq!((counts.identified, counts.resumed), (2, resumed));
        assert_eq!(counts.by_compression.keys().copied().collect::<Vec<_>>(), [compression]);
        assert_eq!((counts.too_many, counts.invalid), (0, 0), "it kept to the limits that it was told");
        assert_eq!(self.discord.connected(), 0, "it said goodbye");
        let deeds = |actor: fn(&Actor) -> bool| -> Vec<Change> {
            let effects = self.discord.effects_on(self.general);
            effects.iter().filter(|effect| actor(&effect.actor)).map(|effect| effect.change).collect()
        };
        use Change as C;
        let of_the_bot = [C::Create, C::Create, C::Edit, C::Delete, C::WebhookCreate];
        assert_eq!(deeds(|actor| *actor == Actor::Bot), of_the_bot);
        assert_eq!(
            deeds(|actor| matches!(actor, Actor::Webhook(_))),
            [C::Create, C::Edit, C::Create, C::Delete]
        );
        let unknown = Filter { on: standin::Matcher::kind(RouteKind::Unknown), ..Filter::default() };
        assert_eq!(self.discord.requests(&unknown).len(), 0, "a route that the stand-in lacks");
    }
}
