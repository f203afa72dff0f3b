//! Control of a running stand-in: commands as lines (terminal, `POST /standin/do`) or as JSON (`POST /standin/say`, ...),
//! and questions (`GET /standin/messages`, `/standin/ledger`, ...).

pub(crate) mod command;
pub(crate) mod run;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use self::command::Command;
use crate::{Faults, Filter, Standin, answer, id, rest::reply::Reply};

/// So long a bot's answer is awaited: what takes longer is deferred, and thought about.
const REPLY_PATIENCE: Duration = Duration::from_secs(10);

/// One control request.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// Below `/standin`.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a Bytes,
}

impl Asked<'_> {
    fn param(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    fn channel(&self, discord: &Standin) -> Result<u64, String> {
        run::channel(discord, self.param("channel").ok_or("which channel? add ?channel=NAME")?)
    }
}

impl Standin {
    /// Runs one line of the command language (`say #general alice hello`; `help` lists it).
    ///
    /// # Errors
    /// A sentence that says what was wrong and names the nearest right thing.
    pub fn obey(&self, line: &str) -> Result<Value, String> {
        run::run(self, &command::parse(line)?)
    }

    /// What a line answered ([`Standin::obey`]); where an interaction began, with `reply`: the bot's answer, awaited for ten
    /// seconds, or null.
    pub async fn with_reply(&self, mut told: Value) -> Value {
        if let Some(interaction) = id::from_json(&told["interaction"]) {
            told["reply"] = json!(self.answer(interaction, REPLY_PATIENCE).await);
        }
        told
    }
}

/// Answers a control request: 200 with JSON, or 400 with `{"error": "..."}`.
/// Whoever uses a command of the bot's waits for its answer.
pub(crate) async fn answer(discord: &Standin, asked: &Asked<'_>) -> Response<Full<Bytes>> {
    let (status, value) = match answered(discord, asked) {
        Ok(value) => (200, discord.with_reply(value).await),
        Err(error) => (400, json!({"error": error})),
    };
    answer::bare(&Reply { status, body: format!("{value}\n").into() })
}

fn answered(discord: &Standin, asked: &Asked<'_>) -> Result<Value, String> {
    match (asked.method.as_str(), asked.path.trim_matches('/')) {
        ("GET", "") => run::run(discord, &Command::World),
        ("GET", "help") => Ok(json!({"commands": command::help(), "questions": QUESTIONS})),
        ("GET", "messages") => Ok(json!(discord.messages(asked.channel(discord)?))),
        ("GET", "effects") => Ok(json!(discord.effects_on(asked.channel(discord)?))),
        ("GET", "ledger") => Ok(json!(discord.requests(&filter(discord, asked)?))),
        ("GET", "counts") => Ok(json!(discord.counts())),
        ("GET", "faults") => {
            Ok(json!({"plan": discord.core.world().faults.plan(), "injected": discord.faults()}))
        }
        ("PUT" | "POST", "faults") => {
            let plan: Faults = serde_json::from_slice(asked.body)
                .map_err(|error| format!("not a plan of faults: {error}"))?;
            discord.set_faults(plan);
            Ok(json!({"ok": true}))
        }
        ("POST", "do") => discord.obey(&String::from_utf8_lossy(asked.body)),
        ("POST", name) => run::run(discord, &from_json(name, asked.body)?),
        (_, path) => {
            Err(format!("no `{} /standin/{path}`; GET /standin/help lists what there is", asked.method))
        }
    }
}

const QUESTIONS: &[&str] = &[
    "messages?channel=",
    "effects?channel=",
    "ledger?channel=&status=&kind=&since=&faulty=",
    "counts",
    "faults",
];

/// `POST /standin/say {"channel":"general","user":"alice","text":"hello"}`
fn from_json(name: &str, body: &Bytes) -> Result<Command, String> {
    if !command::COMMANDS.iter().any(|(known, ..)| *known == name) {
        return Err(command::unknown(name));
    }
    let mut value: Value = match body.is_empty() {
        true => json!({}),
        false => serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?,
    };
    let Some(object) = value.as_object_mut() else { return Err("the body is not an object".to_owned()) };
    object.insert("do".to_owned(), json!(name));
    serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))
}

fn filter(discord: &Standin, asked: &Asked<'_>) -> Result<Filter, String> {
    let mut filter = Filter::default();
    if asked.param("channel").is_some() {
        filter.on.channel = Some(asked.channel(discord)?);
    }
    if let Some(kind) = asked.param("kind") {
        let known = serde_json::from_value(json!(kind));
        filter.on.kind = Some(known.map_err(|error| format!("kind: {error}"))?);
    }
    let number =
        |name| asked.param(name).map(|text| text.parse().map_err(|_| format!("{name}: not a number")));
    filter.since = number("since").transpose()?.unwrap_or(0);
    filter.status = number("status").transpose()?.and_then(|status: u64| u16::try_from(status).ok());
    filter.faulty = asked.param("faulty").is_some();
    Ok(filter)
}
