//! What a person's Discord lets through: which commands it offers, and what may be filled in.

use serde_json::{Value, json};

use crate::{
    id::{self, Id},
    world::{
        World, command,
        permission::{USE_APPLICATION_COMMANDS, VIEW_CHANNEL},
    },
};

/// Integers and numbers lie between minus this and this.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;
/// Characters of a text, where the command does not say otherwise.
const TEXT_MAX: u64 = 6000;

/// What is typed: where, by whom, which command, and what is filled in.
pub(crate) struct Typed<'a> {
    pub(crate) guild: Option<u64>,
    pub(crate) channel: u64,
    pub(crate) user: u64,
    pub(crate) name: &'a str,
    pub(crate) subcommand: Option<&'a str>,
    pub(crate) options: &'a [(String, Value)],
}

impl World {
    /// The `data` of a typed command, or why a person's Discord does not send it.
    pub(crate) fn typed(&self, typed: &Typed<'_>) -> Result<Value, String> {
        let command = self.offered(typed)?;
        let wanted = command::options(command, typed.subcommand)?;
        let given = typed.options.iter();
        let mut filled = Vec::new();
        for (name, value) in given {
            let option = wanted.iter().find(|option| option["name"] == *name).ok_or_else(|| {
                format!("no option `{name}`; there are: {}", command::names(wanted, |_| true))
            })?;
            if filled.iter().any(|other: &Value| other["name"] == *name) {
                return Err(format!("option `{name}` is there twice"));
            }
            let value =
                self.fitting(typed, option, value).map_err(|why| format!("option `{name}`: {why}"))?;
            filled.push(json!({"name": name, "type": option["type"], "value": value}));
        }
        let is_missing = |option: &Value| {
            option["required"] == true && !filled.iter().any(|given| given["name"] == option["name"])
        };
        if wanted.iter().any(is_missing) {
            return Err(format!("not filled in: {}", command::names(wanted, is_missing)));
        }
        let filled = nested(command, typed.subcommand, filled);
        Ok(self.command_data((typed.guild, typed.user), command, &filled))
    }

    /// The same for a request that no Discord made: what is known of the command is used, the rest guessed.
    pub(crate) fn forged(&mut self, typed: &Typed<'_>) -> Value {
        let unknown = json!({"id": Id(self.ids.next()), "name": typed.name, "type": 1});
        let command = self.slash_command(typed.name).unwrap_or(&unknown);
        let wanted = command::options(command, typed.subcommand).unwrap_or_default();
        let kind = |name: &str, value: &Value| {
            let known = wanted.iter().find(|option| option["name"] == name);
            known.map_or_else(|| guessed(value), |option| option["type"].clone())
        };
        let filled = typed.options.iter();
        let filled =
            filled.map(|(name, value)| json!({"name": name, "type": kind(name, value), "value": value}));
        let filled = nested(command, typed.subcommand, filled.collect());
        self.command_data((typed.guild, typed.user), command, &filled)
    }

    /// The command, if it is offered to this person in this place.
    fn offered(&self, typed: &Typed<'_>) -> Result<&Value, String> {
        let Typed { guild, channel, user, name, .. } = *typed;
        let who =
            self.users.get(&user).map(|user| user.username.as_str()).ok_or("there is no such person")?;
        let place = self.channels.get(&channel).ok_or("there is no such channel")?;
        let is_right = match guild {
            Some(guild) => place.guild == guild,
            None => place.recipient == Some(user),
        };
        if !is_right {
            return Err(
                "the channel is not there: in another guild, or somebody else's direct messages".into()
            );
        }
        let powers = self.powers_in(channel, user);
        if guild.is_some() && powers & VIEW_CHANNEL == 0 {
            return Err(format!("{who} does not see the channel (View Channel)"));
        }
        if guild.is_some() && powers & USE_APPLICATION_COMMANDS == 0 {
            return Err(format!("{who} may not use commands there (Use Application Commands)"));
        }
        let command = self.slash_command(name).ok_or_else(|| {
            let known = command::names(&self.commands, |command| command["type"] == 1);
            format!("no command /{name} is registered; there are: {known}")
        })?;
        let context = if guild.is_some() { command::IN_GUILD } else { command::IN_DIRECT_MESSAGES };
        if !command::is_for(command, context) {
            return Err(format!("/{name} is not offered here: see its `contexts`"));
        }
        let needed = command::needed(command).filter(|_| guild.is_some());
        // Nobody has the bit of administrators but by being one.
        let needed = needed.map(|bits| if bits == 0 { 1 << 3 } else { bits });
        match needed.filter(|bits| powers & bits != *bits) {
            Some(bits) => Err(format!(
                "/{name} is not offered to {who}: it needs the permissions {bits} (default_member_permissions)"
            )),
            None => Ok(command),
        }
    }

    /// The value as it is sent, if it fits the option.
    fn fitting(&self, typed: &Typed<'_>, option: &Value, value: &Value) -> Result<Value, String> {
        let chosen = || id::from_json(value).ok_or("not an id");
        match option["type"].as_u64().unwrap_or(0) {
            3 => text(option, value),
            4 | 10 => number(option, value),
            5 if value.is_boolean() => Ok(value.clone()),
            5 => Err("true or false is wanted".to_owned()),
            6 => self.person(chosen()?),
            7 => self.channel(typed, option, chosen()?),
            8 => self.role(typed, chosen()?),
            9 => self.person(chosen()?).or_else(|_| self.role(typed, chosen()?)),
            other => Err(format!("options of type {other} are not modelled")),
        }
    }

    fn person(&self, id: u64) -> Result<Value, String> {
        self.users.get(&id).map(|user| json!(Id(user.id))).ok_or_else(|| format!("there is no person {id}"))
    }

    fn role(&self, typed: &Typed<'_>, id: u64) -> Result<Value, String> {
        let guild = typed.guild.and_then(|guild| self.guilds.get(&guild));
        let known = guild.is_some_and(|guild| guild.roles.iter().any(|role| role.id == id));
        if known { Ok(json!(Id(id))) } else { Err(format!("there is no role {id} here")) }
    }

    /// A channel of this guild that the person sees, of a kind that is asked for.
    fn channel(&self, typed: &Typed<'_>, option: &Value, id: u64) -> Result<Value, String> {
        let here = self.channels.get(&id).filter(|channel| Some(channel.guild) == typed.guild);
        let seen = here.filter(|channel| self.powers_in(channel.id, typed.user) & VIEW_CHANNEL != 0);
        let channel = seen.ok_or_else(|| format!("no channel {id} is offered here"))?;
        let kinds = option["channel_types"].as_array().filter(|kinds| !kinds.is_empty());
        if kinds.is_some_and(|kinds| !kinds.iter().any(|kind| *kind == channel.kind.number())) {
            return Err(format!("channels of type {} are not offered", channel.kind.number()));
        }
        Ok(json!(Id(id)))
    }
}

/// Wraps options in the subcommand and group that they belong to.
fn nested(command: &Value, subcommand: Option<&str>, filled: Vec<Value>) -> Vec<Value> {
    let steps: Vec<&str> = subcommand.into_iter().flat_map(str::split_whitespace).collect();
    let mut kinds = Vec::new();
    let mut at = command;
    for step in &steps {
        let known = command::list(at).iter().find(|option| option["name"] == *step);
        let guess =
            if kinds.len() + 1 < steps.len() { command::SUB_COMMAND_GROUP } else { command::SUB_COMMAND };
        kinds.push(known.and_then(|known| known["type"].as_u64()).unwrap_or(guess));
        at = known.unwrap_or(&Value::Null);
    }
    let wrap = |inner: Vec<Value>, (name, kind): (&&str, u64)| {
        vec![json!({"name": name, "type": kind, "options": inner})]
    };
    steps.iter().zip(kinds).rev().fold(filled, wrap)
}

fn guessed(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!(5),
        Value::Number(number) if number.is_f64() => json!(10),
        Value::Number(_) => json!(4),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => json!(3),
    }
}

/// Is the value one of those that may be chosen?
fn among(option: &Value, value: &Value) -> Result<(), String> {
    let choices = option["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if choices.is_empty() || choices.iter().any(|choice| choice["value"] == *value) {
        return Ok(());
    }
    let known: Vec<String> = choices.iter().map(|choice| choice["value"].to_string()).collect();
    Err(format!("{value} is none of {}", known.join(", ")))
}

fn text(option: &Value, value: &Value) -> Result<Value, String> {
    let text = value.as_str().ok_or("a text is wanted")?;
    let (least, most) =
        (option["min_length"].as_u64().unwrap_or(0), option["max_length"].as_u64().unwrap_or(TEXT_MAX));
    let length = text.chars().count() as u64;
    if length < least || length > most {
        return Err(format!("{length} characters, where {least} to {most} are allowed"));
    }
    among(option, value).map(|()| value.clone())
}

fn number(option: &Value, value: &Value) -> Result<Value, String> {
    let is_whole = option["type"] == 4;
    let number = value.as_f64().filter(|_| !is_whole || value.is_i64() || value.is_u64());
    let number = number.ok_or(if is_whole { "a whole number is wanted" } else { "a number is wanted" })?;
    let least = option["min_value"].as_f64().unwrap_or(-NUMBER_MAX);
    let most = option["max_value"].as_f64().unwrap_or(NUMBER_MAX);
    if number < least || number > most {
        return Err(format!("{value} is not between {least} and {most}"));
    }
    among(option, value).map(|()| value.clone())
}
