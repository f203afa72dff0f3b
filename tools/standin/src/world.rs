//! The state of the small Discord, behind one lock: every effect and its dispatch happen together, in one order.

pub(crate) mod answer;
pub(crate) mod channel;
pub(crate) mod channel_kind;
pub(crate) mod command;
pub(crate) mod guild;
pub(crate) mod interaction;
pub(crate) mod mention;
pub(crate) mod message;
pub(crate) mod model;
pub(crate) mod payload;
pub(crate) mod permission;
pub(crate) mod reaction;
pub(crate) mod shown;
pub(crate) mod thread;
pub(crate) mod thread_member;
pub(crate) mod webhook;

use std::collections::{BTreeMap, HashMap};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::sync::broadcast;

pub(crate) use model::{Author, Channel, Extra, Guild, Member, Message, Role, Tag, User, Webhook};

use crate::{
    Config, Rules,
    cdn::Cdn,
    clock,
    fault::{FaultEngine, GatewayFault},
    gateway::{event::Event, sessions::Sessions, starts::Desk},
    id::Snowflakes,
    ledger::{Actor, Change, Effect, FaultNote, Ledger, Pings},
    limits::{Limits, meters::Meters},
    world::{interaction::Interactions, shown::Happening},
};

/// Happenings that a slow listener may lag behind before it loses the oldest.
const HAPPENINGS_MAX: usize = 8192;

/// See the module.
pub(crate) struct World {
    pub(crate) ids: Snowflakes,
    pub(crate) dice: ChaCha8Rng,
    /// The bot, and its application: one id for both, as in Discord since 2016.
    pub(crate) bot: u64,
    pub(crate) token: String,
    pub(crate) guilds: BTreeMap<u64, Guild>,
    pub(crate) channels: HashMap<u64, Channel>,
    pub(crate) users: HashMap<u64, User>,
    pub(crate) webhooks: HashMap<u64, Webhook>,
    /// The bot's global commands, as they are shown.
    pub(crate) commands: Vec<Value>,
    pub(crate) interactions: Interactions,
    pub(crate) sessions: Sessions,
    pub(crate) starts: Desk,
    pub(crate) rules: Rules,
    pub(crate) ledger: Ledger,
    pub(crate) faults: FaultEngine,
    pub(crate) limits: Option<Limits>,
    pub(crate) meters: Meters,
    pub(crate) happenings: broadcast::Sender<Happening>,
    pub(crate) cdn: Cdn,
    /// Stands in for the extra parts of a message that has none.
    pub(crate) no_extra: Extra,
}

impl World {
    pub(crate) fn new(config: Config, origin: String) -> Self {
        let mut ids = Snowflakes::default();
        let bot = ids.next();
        let mut world = Self {
            ids,
            dice: ChaCha8Rng::seed_from_u64(config.seed),
            bot,
            token: config.token,
            guilds: BTreeMap::new(),
            channels: HashMap::new(),
            users: HashMap::new(),
            webhooks: HashMap::new(),
            commands: Vec::new(),
            interactions: Interactions::default(),
            sessions: Sessions::new(config.replay_events, config.session_ttl_ms),
            starts: Desk::new(config.starts),
            rules: config.gateway,
            ledger: Ledger::new(config.keep),
            faults: FaultEngine::new(config.faults, config.seed ^ 0xfa17),
            limits: (!config.unlimited).then_some(config.limits),
            meters: Meters::default(),
            happenings: broadcast::channel(HAPPENINGS_MAX).0,
            cdn: Cdn::new(origin, config.seed ^ 0xcd4),
            no_extra: Extra::default(),
        };
        world.users.insert(bot, bot_user(bot, &config.bot_name));
        world
    }

    /// This Discord's own time, which may be ahead of the system's.
    pub(crate) fn now_ms(&self) -> u64 {
        clock::now_ms() + self.ids.ahead_ms
    }

    /// A random text of `length` letters, for tokens and session ids.
    pub(crate) fn random_text(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        (0..length).map(|_| char::from(LETTERS[self.dice.random_range(0..LETTERS.len())])).collect()
    }

    /// What Discord does when too many sessions were started: nobody knows the new token.
    pub(crate) fn reset_token(&mut self) {
        self.token = self.random_text(64);
        self.sessions.forget_all();
    }

    /// Makes a person.
    pub(crate) fn add_user(&mut self, name: &str) -> u64 {
        let id = self.ids.next();
        let username = name.to_lowercase().replace(' ', "_");
        let global_name = (username != name).then(|| name.to_owned());
        self.users.insert(id, User { id, username, global_name, avatar: None, bot: false });
        id
    }

    /// Sends a dispatch to every session that may see it.
    pub(crate) fn dispatch(&mut self, name: &str, guild: u64, channel: Option<u64>, data: String) {
        self.dispatch_both(name, guild, channel, (data, None));
    }

    /// [`World::dispatch`] with what those get who may not read the content of messages, where that differs.
    pub(crate) fn dispatch_both(
        &mut self,
        name: &str,
        guild: u64,
        channel: Option<u64>,
        data: (String, Option<String>),
    ) {
        self.dispatch_to((name, None), guild, channel, data);
    }

    /// [`World::dispatch_both`] to those alone who have this intent, where the name does not say which one it takes.
    pub(crate) fn dispatch_to(
        &mut self,
        (name, intent): (&str, Option<u64>),
        guild: u64,
        channel: Option<u64>,
        data: (String, Option<String>),
    ) {
        if channel.is_none_or(|id| self.permissions_in(id).view_channel) {
            self.publish((name, intent), guild, channel, data);
        }
    }

    /// [`World::dispatch_to`], whether or not the bot may see the channel.
    pub(crate) fn publish(
        &mut self,
        (name, intent): (&str, Option<u64>),
        guild: u64,
        channel: Option<u64>,
        data: (String, Option<String>),
    ) {
        let event = Event::with((name, intent), guild, channel, data);
        let noted = self.sessions.publish(&event, &mut self.faults);
        for fault in noted {
            self.note_fault(fault, None, Some(name), channel);
        }
    }

    /// Sends a JSON value; see [`World::dispatch`].
    pub(crate) fn dispatch_value(&mut self, name: &str, guild: u64, channel: Option<u64>, data: &Value) {
        self.dispatch(name, guild, channel, data.to_string());
    }

    /// The fault that strikes a connection at this point.
    pub(crate) fn fault_at(&mut self, point: &str) -> Option<GatewayFault> {
        let fault = self.faults.of_point(point)?;
        self.note_fault(fault.name(), None, Some(point), None);
        Some(fault)
    }

    pub(crate) fn note_fault(
        &mut self,
        fault: &'static str,
        request: Option<u64>,
        event: Option<&str>,
        channel: Option<u64>,
    ) {
        let event = event.map(Into::into);
        self.ledger.fault(FaultNote { at_ms: clock::now_ms(), fault, request, event, channel });
        self.tell(|_| Happening::Fault(fault));
    }

    /// Notes an effect in the ledger.
    pub(crate) fn note(&mut self, actor: Actor, change: Change, channel: u64, subject: u64) {
        let stored = self.channels.get(&channel).and_then(|channel| channel.messages.get(&subject));
        let content = stored.filter(|_| change != Change::Delete).map(|message| message.content.clone());
        let pings = match stored {
            Some(message) if change == Change::Create => message.pings.clone(),
            _ => Pings::default(),
        };
        let (seq, at_ms, request) = (0, clock::now_ms(), None);
        self.ledger.effect(Effect { seq, at_ms, request, actor, change, channel, subject, content, pings });
    }
}

fn bot_user(id: u64, name: &str) -> User {
    User { id, username: name.to_owned(), global_name: None, avatar: None, bot: true }
}
