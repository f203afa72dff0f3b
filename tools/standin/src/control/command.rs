//! What a person may tell the world, as one value: from a line of text, or from JSON. Running it is `run`'s business.

use serde::Deserialize;
use strsim::damerau_levenshtein;

/// A command. `channel` is a name, `#name`, `guild/name` or an id; `message` an id or `last`; `user` a name or an id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    Say { channel: String, user: String, text: String },
    Reply { channel: String, user: String, message: String, text: String },
    Edit { channel: String, message: String, text: String },
    Delete { channel: String, message: String },
    React { channel: String, message: String, user: String, emoji: String },
    Unfurl { channel: String, message: String, url: String },
    Pin { channel: String, message: String },
    Wipe { channel: String },
    Drop { channel: String },
    Unhook { channel: String },
    Show { channel: String },
    Slash { channel: String, user: String, command: String },
    Press { interaction: String, button: String, user: String },
    Guild { name: String },
    Channel { guild: String, name: String },
    Thread { channel: String, name: String },
    Lag { channel: String, ms: String },
    Cut,
    Lose,
    Reconnect,
    Invalidate,
    Beat,
    Close { code: String },
    Zombie,
    Refuse { ms: String },
    World,
    Counts,
    Help,
}

/// Each command with its words, for help and for "did you mean".
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    ("say", "CHANNEL USER TEXT", "a person says something (and is made if new)"),
    ("reply", "CHANNEL USER MESSAGE TEXT", "a person answers a message"),
    ("edit", "CHANNEL MESSAGE TEXT", "the author edits a message"),
    ("delete", "CHANNEL MESSAGE", "a moderator deletes a message"),
    ("react", "CHANNEL MESSAGE USER EMOJI", "a person reacts"),
    ("unfurl", "CHANNEL MESSAGE URL", "Discord adds the embed of a link"),
    ("pin", "CHANNEL MESSAGE", "a moderator pins a message"),
    ("wipe", "CHANNEL", "a moderator removes all that webhooks posted"),
    ("drop", "CHANNEL", "removes a channel with all in it"),
    ("unhook", "CHANNEL", "removes the webhooks of a channel"),
    ("show", "CHANNEL", "what the channel shows now"),
    (
        "slash",
        "CHANNEL USER COMMAND",
        "a person types `/mirror link to:#random`; `dm` for CHANNEL: to the bot alone",
    ),
    (
        "press",
        "INTERACTION BUTTON USER",
        "a person presses a button, by label or custom id; INTERACTION: an id or `last`",
    ),
    ("guild", "NAME", "makes a guild with the bot in it"),
    ("channel", "GUILD NAME", "makes a text channel"),
    ("thread", "CHANNEL NAME", "makes a thread"),
    ("lag", "CHANNEL MS", "lists lack messages younger than that; 0 ends it"),
    ("cut", "", "cuts the gateway connections; they can resume"),
    ("lose", "", "cuts them and forgets the sessions"),
    ("reconnect", "", "asks clients to reconnect (op 7)"),
    ("invalidate", "", "ends the sessions (op 9)"),
    ("beat", "", "asks clients for a heartbeat (op 1)"),
    ("close", "CODE", "closes the gateway connections with a code"),
    ("zombie", "", "they fall silent and stay open"),
    ("refuse", "MS", "refuses connections for a time"),
    ("world", "", "guilds, channels and people"),
    ("counts", "", "counters of requests, effects, faults"),
    ("help", "", "this list"),
];

/// What to type, one command a line.
pub(crate) fn help() -> String {
    let mut text = String::from("MESSAGE is an id or `last`; CHANNEL is #name, guild/name or an id.\n");
    for (name, words, meaning) in COMMANDS {
        text.push_str(&format!("  {:<36} {meaning}\n", format!("{name} {words}")));
    }
    text
}

/// Reads a line such as `say #general alice hello there`.
pub(crate) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (_, words, _) = COMMANDS.iter().find(|(known, ..)| *known == name).ok_or_else(|| unknown(name))?;
    let fields: Vec<&str> = words.split_whitespace().collect();
    let given = divided(rest.trim(), &fields);
    if given.len() != fields.len() {
        return Err(format!("usage: {name} {words}"));
    }
    let mut value = serde_json::json!({"do": name});
    for (field, word) in fields.iter().zip(given) {
        value[field.to_lowercase()] = serde_json::json!(word);
    }
    serde_json::from_value(value).map_err(|error| format!("usage: {name} {words} ({error})"))
}

/// A word for each field; what is over belongs to the label of a button, or to the last.
fn divided<'a>(text: &'a str, fields: &[&str]) -> Vec<&'a str> {
    let after = fields.iter().position(|field| *field == "BUTTON").map_or(0, |at| fields.len() - 1 - at);
    let mut tail: Vec<&str> = text.rsplitn(after + 1, ' ').collect();
    let head = tail.pop().unwrap_or_default();
    let mut given: Vec<&str> = head.splitn((fields.len() - after).max(1), ' ').collect();
    given.extend(tail.into_iter().rev());
    given.retain(|word| !word.is_empty());
    given
}

/// Names the nearest command.
pub(crate) fn unknown(name: &str) -> String {
    let nearest = nearest(name, COMMANDS.iter().map(|(known, ..)| *known));
    let hint = nearest.map_or_else(|| "try `help`".to_owned(), |near| format!("did you mean `{near}`?"));
    format!("no command `{name}`; {hint}")
}

/// The candidate that is nearest to what was typed, if any is near.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = candidates.map(|one| (damerau_levenshtein(typed, one), one)).min()?;
    (near.0 <= 1 + typed.chars().count() / 3).then_some(near.1)
}
