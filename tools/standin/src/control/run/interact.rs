//! Slash commands and buttons from a line of text.

use serde_json::{Value, json};

use super::{Done, channel, missing, user};
use crate::{
    SlashCommand, Standin,
    id::Id,
    world::{World, command},
};

/// What stands for the direct messages of a person and the bot.
const DIRECT: &str = "dm";

/// `/mirror link to:#random note:as long as it gets`
pub(super) fn slash(discord: &Standin, (place, who): (&str, &str), line: &str) -> Done {
    let user = user(discord, who);
    let channel = match place {
        DIRECT => discord.direct_channel(user),
        name => channel(discord, name)?,
    };
    let guild = Some(discord.core.world().guild_of(channel)).filter(|guild| *guild != 0);
    let spoken = spoken(&discord.core.world(), line)?;
    let mut options = Vec::new();
    for (option, text) in spoken.given {
        let value = value(discord, guild, option["type"].as_u64().unwrap_or(0), &text)?;
        options.push((option["name"].as_str().unwrap_or_default().to_owned(), value));
    }
    let subcommand = Some(spoken.subcommand).filter(|steps| !steps.is_empty());
    let typed = SlashCommand { guild, channel, user, name: spoken.name, subcommand, options };
    Ok(json!({"interaction": Id(discord.command(typed)?)}))
}

/// A line, understood as far as names go.
struct Spoken {
    name: String,
    subcommand: String,
    /// Each option with what was written.
    given: Vec<(Value, String)>,
}

/// Words up to the first `option:` name the command; a value ends where another option begins.
fn spoken(world: &World, line: &str) -> Result<Spoken, String> {
    let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
    let name = words.next().unwrap_or_default().trim_start_matches('/').to_owned();
    let known = world.slash_command(&name);
    let known = known.ok_or_else(|| {
        let names = world.commands.iter().filter_map(|command| command["name"].as_str());
        missing("command", &name, names)
    })?;
    let mut steps = Vec::new();
    while let Some(step) = words.next_if(|word| !word.contains(':')) {
        steps.push(step);
    }
    let subcommand = steps.join(" ");
    let wanted = command::options(known, Some(&subcommand))?;
    let mut given: Vec<(Value, String)> = Vec::new();
    for word in words {
        let begins = word.split_once(':').and_then(|(option, rest)| {
            Some((wanted.iter().find(|one| one["name"] == option)?.clone(), rest.to_owned()))
        });
        match (begins, given.last_mut()) {
            (Some(begun), _) => given.push(begun),
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => {
                let option = word.split_once(':').map_or(word, |(option, _)| option);
                return Err(missing("option", option, wanted.iter().filter_map(|one| one["name"].as_str())));
            }
        }
    }
    Ok(Spoken { name, subcommand, given })
}

/// What was written, as the type of the option wants it; names become ids.
fn value(discord: &Standin, guild: Option<u64>, kind: u64, text: &str) -> Done {
    match kind {
        4 | 5 | 10 => {
            serde_json::from_str(text).map_err(|_| format!("`{text}` is no number or true or false"))
        }
        6 => Ok(json!(Id(user(discord, text.trim_start_matches('@'))))),
        7 => Ok(json!(Id(channel(discord, text)?))),
        8 => {
            let world = discord.core.world();
            let roles =
                guild.and_then(|guild| world.guilds.get(&guild)).map_or(&[][..], |guild| &guild.roles);
            let name = text.trim_start_matches('@');
            let found = roles.iter().find(|role| role.name == name || role.id.to_string() == name);
            let names = || roles.iter().map(|role| role.name.as_str());
            found.map(|role| json!(Id(role.id))).ok_or_else(|| missing("role", name, names()))
        }
        _ => Ok(json!(text)),
    }
}

/// Presses a button of the answer to an interaction, or of a message.
pub(super) fn press(discord: &Standin, on: &str, button: &str, who: &str) -> Done {
    let user = user(discord, who);
    let world = discord.core.world();
    let last = || world.interactions.iter().next_back().map(|known| known.id);
    let id = if on == "last" { last() } else { on.parse().ok() };
    let place = id.and_then(|id| {
        let of_interaction = world.interactions.get(id).map(|known| known.channel);
        let of_message = || world.channels.values().find(|channel| channel.messages.contains_key(&id));
        Some((id, of_interaction.or_else(|| of_message().map(|channel| channel.id))?))
    });
    let (id, channel) =
        place.ok_or_else(|| format!("no interaction or message `{on}`; write an id or `last`"))?;
    let message = world.pressable(channel, user, id);
    let message = message.ok_or_else(|| format!("{who} sees no answer there to press anything on"))?;
    let custom_id = world.button(channel, message, button).unwrap_or_else(|| button.to_owned());
    let guild = Some(world.guild_of(channel)).filter(|guild| *guild != 0);
    drop(world);
    Ok(json!({"interaction": Id(discord.press(guild, channel, user, id, &custom_id))}))
}
