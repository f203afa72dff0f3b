//! Runs a command on the world; names become ids here.

mod interact;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::command::{self, Command};
use crate::{
    Said, Standin,
    id::Id,
    world::{Channel, Guild, World},
};

/// What a command did, or the sentence that says why not.
type Done = Result<Value, String>;

/// See the module.
pub(crate) fn run(discord: &Standin, command: &Command) -> Done {
    use Command as C;
    match command {
        C::Say { .. } | C::Reply { .. } | C::Edit { .. } | C::Delete { .. } => speak(discord, command),
        C::React { .. } | C::Unfurl { .. } | C::Pin { .. } => adorn(discord, command),
        C::Wipe { .. } | C::Drop { .. } | C::Unhook { .. } | C::Show { .. } | C::Lag { .. } => {
            on_channel(discord, command)
        }
        C::Slash { channel, user, command } => interact::slash(discord, (channel, user), command),
        C::Press { interaction, button, user } => interact::press(discord, interaction, button, user),
        C::Guild { .. } | C::Channel { .. } | C::Thread { .. } => make(discord, command),
        C::Cut | C::Lose | C::Reconnect | C::Invalidate | C::Beat | C::Zombie => disturb(discord, command),
        C::Close { .. } | C::Refuse { .. } => disturb(discord, command),
        C::World => Ok(world(&discord.core.world())),
        C::Counts => Ok(json!(discord.counts())),
        C::Help => Ok(json!({"help": command::help()})),
    }
}

fn speak(discord: &Standin, command: &Command) -> Done {
    let id = match command {
        Command::Say { channel, user, text } => {
            let channel = self::channel(discord, channel)?;
            discord.say(channel, self::user(discord, user), text)
        }
        Command::Reply { channel, user, message, text } => {
            let (channel, target) = self::message(discord, channel, message)?;
            let with = Said { reply_to: Some(target), ..Said::default() };
            discord.say_with(channel, self::user(discord, user), text, with)
        }
        Command::Edit { channel, message, text } => {
            let (channel, message) = self::message(discord, channel, message)?;
            discord.edit(channel, message, text);
            message
        }
        Command::Delete { channel, message } => {
            let (channel, message) = self::message(discord, channel, message)?;
            discord.delete(channel, message);
            message
        }
        _ => 0,
    };
    Ok(json!({"message": Id(id)}))
}

fn adorn(discord: &Standin, command: &Command) -> Done {
    match command {
        Command::React { channel, message, user, emoji } => {
            let (channel, message) = self::message(discord, channel, message)?;
            discord.react(channel, message, self::user(discord, user), emoji);
        }
        Command::Unfurl { channel, message, url } => {
            let (channel, message) = self::message(discord, channel, message)?;
            discord.unfurl(channel, message, vec![json!({"type": "link", "url": url, "title": url})]);
        }
        Command::Pin { channel, message } => {
            let (channel, message) = self::message(discord, channel, message)?;
            discord.pin(channel, message, true);
        }
        _ => {}
    }
    Ok(json!({"ok": true}))
}

fn on_channel(discord: &Standin, command: &Command) -> Done {
    match command {
        Command::Wipe { channel } => Ok(json!({"removed": discord.wipe(self::channel(discord, channel)?)})),
        Command::Drop { channel } => {
            Ok(json!({"ok": discord.delete_channel(self::channel(discord, channel)?)}))
        }
        Command::Unhook { channel } => {
            let webhooks = discord.webhooks(self::channel(discord, channel)?);
            for &webhook in &webhooks {
                discord.delete_webhook(webhook);
            }
            Ok(json!({"removed": webhooks.len()}))
        }
        Command::Show { channel } => Ok(json!(discord.messages(self::channel(discord, channel)?))),
        Command::Lag { channel, ms } => {
            discord.set_history_lag(self::channel(discord, channel)?, number(ms)?);
            Ok(json!({"ok": true}))
        }
        _ => Ok(Value::Null),
    }
}

fn make(discord: &Standin, command: &Command) -> Done {
    let id = match command {
        Command::Guild { name } => discord.create_guild(name),
        Command::Channel { guild, name } => {
            discord.create_channel(self::guild(discord, guild)?, name.trim_start_matches('#'))
        }
        Command::Thread { channel, name } => discord.create_thread(self::channel(discord, channel)?, name),
        _ => 0,
    };
    Ok(json!({"id": Id(id)}))
}

fn disturb(discord: &Standin, command: &Command) -> Done {
    match command {
        Command::Cut => discord.cut_all(),
        Command::Lose => discord.lose_sessions(),
        Command::Reconnect => discord.reconnect_all(),
        Command::Invalidate => discord.invalidate_all(false),
        Command::Beat => discord.beat_all(),
        Command::Zombie => discord.silence_all(),
        Command::Close { code } => discord.close_all(self::code(code)?),
        Command::Refuse { ms } => discord.refuse(number(ms)?),
        _ => {}
    }
    Ok(json!({"ok": true}))
}

fn code(text: &str) -> Result<u16, String> {
    let known = text.parse().ok().filter(|code| (1000..5000).contains(code));
    known.ok_or_else(|| format!("`{text}` is not a close code (4000 to 4014 are Discord's)"))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number of milliseconds"))
}

/// Guilds with their channels, and people.
fn world(world: &World) -> Value {
    let channel =
        |id: &u64| world.channels.get(id).map(|channel| json!({"id": Id(channel.id), "name": channel.name}));
    let guild = |guild: &Guild| {
        let channels: Vec<_> = guild.channels.iter().filter_map(channel).collect();
        json!({"id": Id(guild.id), "name": guild.name, "channels": channels})
    };
    let mut people: Vec<_> = world.users.values().collect();
    people.sort_by_key(|user| user.id);
    let people: Vec<_> =
        people.iter().map(|user| json!({"id": Id(user.id), "name": user.username})).collect();
    json!({
        "guilds": world.guilds.values().map(guild).collect::<Vec<_>>(), "users": people,
        "connected": world.sessions.connected(),
    })
}

fn guild(discord: &Standin, name: &str) -> Result<u64, String> {
    let world = discord.core.world();
    let found = world
        .guilds
        .values()
        .find(|guild| guild.name.eq_ignore_ascii_case(name) || guild.id.to_string() == name);
    let names = || world.guilds.values().map(|guild| guild.name.as_str());
    found.map(|guild| guild.id).ok_or_else(|| missing("guild", name, names()))
}

/// `#general`, `general`, `home/general` or an id.
pub(crate) fn channel(discord: &Standin, name: &str) -> Result<u64, String> {
    let world = discord.core.world();
    let (guild, bare) = name.rsplit_once('/').unwrap_or(("", name));
    let bare = bare.trim_start_matches('#');
    let in_guild = |channel: &Channel| {
        let known = world.guilds.get(&channel.guild).map_or("", |guild| &guild.name);
        guild.is_empty() || known.eq_ignore_ascii_case(guild)
    };
    let fits =
        |channel: &&Channel| channel.name == bare && in_guild(channel) || channel.id.to_string() == bare;
    let found: Vec<u64> = world.channels.values().filter(fits).map(|channel| channel.id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(missing("channel", bare, world.channels.values().map(|channel| channel.name.as_str()))),
        _ => Err(format!("several channels are called `{bare}`: write guild/{bare}, or its id")),
    }
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: BTreeSet<&str> = known.collect();
    match command::nearest(name, known.iter().copied()) {
        Some(near) => format!("no {what} `{name}`; did you mean `{near}`?"),
        None => {
            format!("no {what} `{name}`; there are: {}", known.into_iter().collect::<Vec<_>>().join(", "))
        }
    }
}

/// A message by id, or `last`.
fn message(discord: &Standin, channel: &str, message: &str) -> Result<(u64, u64), String> {
    let channel = self::channel(discord, channel)?;
    let world = discord.core.world();
    let messages = world.channels.get(&channel).map(|channel| &channel.messages);
    let asked = message.parse().ok();
    let found = messages.and_then(|messages| match message {
        "last" => messages.keys().next_back().copied(),
        _ => asked.filter(|id| messages.contains_key(id)),
    });
    found
        .map(|id| (channel, id))
        .ok_or_else(|| format!("no message `{message}` there; write an id or `last`"))
}

/// A person by name or id; made if new.
fn user(discord: &Standin, name: &str) -> u64 {
    let world = discord.core.world();
    let named = |user: &&crate::world::User| {
        user.username == name || user.global_name.as_deref() == Some(name) || user.id.to_string() == name
    };
    let found = world.users.values().find(named).map(|user| user.id);
    drop(world);
    found.unwrap_or_else(|| discord.create_user(name))
}
