//! The bot's commands as they are registered, and what a person's Discord makes of them.

use serde_json::{Value, json};

use super::World;
use crate::id::{self, Id};

/// Types of options that hold others.
pub(crate) const SUB_COMMAND: u64 = 1;
pub(crate) const SUB_COMMAND_GROUP: u64 = 2;

/// Where a command is typed: the contexts that it may be registered for.
pub(crate) const IN_GUILD: u64 = 0;
pub(crate) const IN_DIRECT_MESSAGES: u64 = 1;

impl World {
    /// Puts these commands, already checked, in place of all that there are. Those whose name and type were there keep
    /// their ids, and their versions too where nothing changed.
    pub(crate) fn set_commands(&mut self, commands: Vec<Value>) {
        let before = std::mem::take(&mut self.commands);
        self.commands = commands.into_iter().map(|command| self.numbered(command, &before)).collect();
    }

    /// Adds one command, already checked, or puts it in the place of the one with its name and type; returns it, and
    /// whether it is new.
    pub(crate) fn add_command(&mut self, command: Value) -> (Value, bool) {
        let command = self.numbered(command, &self.commands.clone());
        let place = self.commands.iter().position(|known| is_same(known, &command));
        match place.and_then(|place| self.commands.get_mut(place)) {
            Some(known) => known.clone_from(&command),
            None => self.commands.push(command.clone()),
        }
        (command, place.is_none())
    }

    fn numbered(&mut self, mut command: Value, before: &[Value]) -> Value {
        let known = before.iter().find(|known| is_same(known, &command));
        let fresh = json!(Id(self.ids.next()));
        command["application_id"] = json!(Id(self.bot));
        command["id"] = known.map_or(fresh.clone(), |known| known["id"].clone());
        command["version"] = known.map_or(fresh.clone(), |known| known["version"].clone());
        if known.is_some_and(|known| *known != command) {
            command["version"] = fresh;
        }
        command
    }

    /// The slash command of this name.
    pub(crate) fn slash_command(&self, name: &str) -> Option<&Value> {
        self.commands.iter().find(|command| command["name"] == name && command["type"] == 1)
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one["name"] == other["name"] && one["type"] == other["type"]
}

/// May it be used there?
pub(crate) fn is_for(command: &Value, context: u64) -> bool {
    match command["contexts"].as_array() {
        Some(contexts) => contexts.iter().any(|one| *one == context),
        None => context != IN_DIRECT_MESSAGES || command["dm_permission"] != false,
    }
}

/// The permissions that a member needs for it, where no administrator has said otherwise. Without any of them it is for
/// administrators alone.
pub(crate) fn needed(command: &Value) -> Option<u64> {
    id::from_json(&command["default_member_permissions"])
}

/// The options that are filled in under these names: the command's own, or those of a subcommand (`sub`, `group sub`).
pub(crate) fn options<'a>(command: &'a Value, subcommand: Option<&str>) -> Result<&'a [Value], String> {
    let name = command["name"].as_str().unwrap_or_default();
    let mut at = command;
    for step in subcommand.into_iter().flat_map(str::split_whitespace) {
        let next = list(at).iter().find(|option| option["name"] == step && holds_others(option));
        at = next.ok_or_else(|| {
            format!("/{name} has no subcommand `{step}`; there are: {}", names(list(at), holds_others))
        })?;
    }
    if list(at).iter().any(holds_others) {
        return Err(format!("/{name} needs a subcommand: {}", names(list(at), holds_others)));
    }
    Ok(list(at))
}

/// What it is filled in with.
pub(crate) fn list(holder: &Value) -> &[Value] {
    holder["options"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn holds_others(option: &Value) -> bool {
    matches!(option["type"].as_u64(), Some(SUB_COMMAND | SUB_COMMAND_GROUP))
}

/// The names of those that fit, for people.
pub(crate) fn names(options: &[Value], fits: impl Fn(&Value) -> bool) -> String {
    let named = options.iter().filter(|option| fits(option)).filter_map(|option| option["name"].as_str());
    let all = named.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "none".to_owned() } else { all }
}
