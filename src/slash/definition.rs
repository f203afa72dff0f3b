//! The command as Discord is told of it. Pure.
//!
//! Source: Discord, "Application Commands".

use serde_json::{Value, json};

/// The one command; all else are its subcommands.
pub const NAME: &str = "mirror";

/// Types of options.
const SUB_COMMAND: u8 = 1;
const STRING: u8 = 3;
const BOOLEAN: u8 = 5;
const USER: u8 = 6;

/// All commands of the application.
#[must_use]
pub fn commands() -> Value {
    let mirror = || option(STRING, "mirror", "The mirror's name", true);
    let channel = |words| option(STRING, "channel", words, false);
    let user = |words| option(USER, "user", words, true);
    let mut part = option(STRING, "part", "How the channel takes part: both, unless you choose", false);
    part["choices"] = json!([
        {"name": "shows the others, and is shown there", "value": "both"},
        {"name": "is shown in the others alone", "value": "publish"},
        {"name": "shows the others alone", "value": "receive"},
    ]);
    let backfill = option(BOOLEAN, "backfill", "Send the mirror's whole history there, too", false);
    let purge = option(BOOLEAN, "purge", "Remove the copies of earlier messages, too", false);
    let message = option(STRING, "message", "A message or a copy of it: its id or its link", true);
    let subcommands = [
        (
            "link",
            "Make a channel a member of a mirror, or ask another server for one of its channels",
            vec![mirror(), channel("Its link or #mention; this channel, unless you say"), part, backfill],
        ),
        ("accept", "See who asks for this channel, and answer", vec![]),
        (
            "cut",
            "End a channel's membership, or take a request back; copies stay",
            vec![mirror(), channel("Its link or #mention; this channel, unless you say")],
        ),
        ("list", "The mirrors that this server takes part in", vec![]),
        ("ban", "Stop mirroring a user's messages", vec![mirror(), user("Whose messages"), purge]),
        ("unban", "Mirror a user's messages again", vec![mirror(), user("Whose messages")]),
        ("status", "How this server's channels stand: in step, behind, or held", vec![]),
        ("lineage", "Trace one message: its versions and its copies", vec![message]),
        ("forget-me", "Ask that what you wrote be forgotten", vec![]),
    ];
    let options: Vec<_> = subcommands.map(subcommand).into();
    json!([{
        "name": NAME,
        "description": "Keep channels in step",
        "type": 1,
        // In servers alone.
        "contexts": [0],
        "integration_types": [0],
        "options": options,
    }])
}

fn option(kind: u8, name: &str, description: &str, required: bool) -> Value {
    json!({"type": kind, "name": name, "description": description, "required": required})
}

fn subcommand((name, description, options): (&str, &str, Vec<Value>)) -> Value {
    json!({"type": SUB_COMMAND, "name": name, "description": description, "options": options})
}
