//! Checks of commands that are to be registered.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{form::Findings, reply::ApiError};
use crate::{
    id::Id,
    world::command::{SUB_COMMAND, SUB_COMMAND_GROUP, list as options_of},
};

/// Slash commands of an application; options of a command; choices of an option.
pub(crate) const COMMANDS_MAX: usize = 100;
const OPTIONS_MAX: usize = 25;
const CHOICES_MAX: usize = 25;
/// Characters of a name, a description, a choice; and of all in a command together.
const NAME_MAX: usize = 32;
const DESCRIPTION_MAX: usize = 100;
const CHOICE_MAX: usize = 100;
const COMMAND_MAX: usize = 8000;
/// Types of options: up to attachments. Types of commands: slash, and those of context menus.
const OPTION_TYPE_MAX: u64 = 11;
const SLASH: u64 = 1;
const COMMAND_TYPE_MAX: u64 = 3;

/// The commands of a bulk overwrite, as they will be shown but for their ids.
pub(crate) fn list(commands: &[Value]) -> Result<Vec<Value>, ApiError> {
    let mut findings = Findings::default();
    let shown: Vec<Value> =
        commands.iter().enumerate().map(|(at, one)| command(&format!("{at}."), one, &mut findings)).collect();
    let mut names = BTreeSet::new();
    for (at, one) in shown.iter().enumerate() {
        if !names.insert((one["type"].as_u64(), one["name"].as_str())) {
            let message = "Application command names must be unique";
            findings.note(&at.to_string(), "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
    }
    findings.done()?;
    let too_many = shown.iter().filter(|one| one["type"] == SLASH).count() > COMMANDS_MAX;
    if too_many { Err(ApiError::too_many_commands()) } else { Ok(shown) }
}

/// One command.
pub(crate) fn one(body: &Value) -> Result<Value, ApiError> {
    let mut findings = Findings::default();
    let shown = command("", body, &mut findings);
    findings.done().map(|()| shown)
}

fn command(path: &str, body: &Value, findings: &mut Findings) -> Value {
    let kind = body["type"].as_u64().unwrap_or(SLASH);
    if !(1..=COMMAND_TYPE_MAX).contains(&kind) {
        findings.note(&format!("{path}type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.");
    }
    name(path, body, kind == SLASH, findings);
    if kind == SLASH {
        text(path, "description", body, DESCRIPTION_MAX, findings);
    }
    options(path, body, &[SUB_COMMAND, SUB_COMMAND_GROUP], findings);
    if size(body) > COMMAND_MAX {
        let message = "Command exceeds maximum size (8000)";
        findings.note(&format!("{path}options"), "APPLICATION_COMMAND_TOO_LARGE", message);
    }
    let permissions = permissions(path, body, findings);
    let mut shown = json!({
        "type": kind, "name": body["name"], "description": body["description"].as_str().unwrap_or_default(),
        "default_member_permissions": permissions, "dm_permission": body["dm_permission"] != false,
        "contexts": contexts(path, body, findings), "nsfw": body["nsfw"] == true,
        "integration_types": body["integration_types"].as_array().cloned().unwrap_or(vec![json!(0)]),
        "name_localizations": body["name_localizations"],
        "description_localizations": body["description_localizations"],
    });
    if !options_of(body).is_empty() {
        shown["options"] = options_of(body).iter().map(without_nulls).collect();
    }
    shown
}

/// Names of slash commands and of options: letters, digits, `-`, `_`, `'`, nothing that has a lower case.
fn name(path: &str, body: &Value, is_strict: bool, findings: &mut Findings) {
    let Some(name) = text(path, "name", body, NAME_MAX, findings) else { return };
    let good = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '\'');
    if is_strict && !(name.chars().all(good) && name.to_lowercase() == name) {
        let message = "Command name is invalid";
        findings.note(&format!("{path}name"), "APPLICATION_COMMAND_INVALID_NAME", message);
    }
}

/// A text that must be there, of 1 to `max` characters.
fn text<'a>(
    path: &str,
    field: &str,
    body: &'a Value,
    max: usize,
    findings: &mut Findings,
) -> Option<&'a str> {
    let path = format!("{path}{field}");
    let Some(text) = body[field].as_str() else {
        findings.note(&path, "BASE_TYPE_REQUIRED", "This field is required");
        return None;
    };
    if !(1..=max).contains(&text.chars().count()) {
        let message = format!("Must be between 1 and {max} in length.");
        findings.note(&path, "BASE_TYPE_BAD_LENGTH", &message);
        return None;
    }
    Some(text)
}

/// The options of a command, a group or a subcommand; `holders` are the types allowed here that hold others.
fn options(path: &str, body: &Value, holders: &[u64], findings: &mut Findings) {
    let all = options_of(body);
    let path = format!("{path}options");
    if all.len() > OPTIONS_MAX {
        findings.note(&path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    let kind = |option: &Value| option["type"].as_u64().unwrap_or(0);
    let holds = |option: &Value| matches!(kind(option), SUB_COMMAND | SUB_COMMAND_GROUP);
    let (mut names, mut optional) = (BTreeSet::new(), false);
    for (at, option) in all.iter().enumerate() {
        let path = format!("{path}.{at}");
        let wrong = if holds(option) { !holders.contains(&kind(option)) } else { all.iter().any(holds) };
        if !(1..=OPTION_TYPE_MAX).contains(&kind(option)) {
            let message = "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.";
            findings.note(&format!("{path}.type"), "BASE_TYPE_CHOICES", message);
        } else if wrong {
            let message =
                "Sub-command and sub-command group option types are mutually exclusive to all other types";
            findings.note(&format!("{path}.type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
        }
        if option["name"].as_str().is_some_and(|name| !names.insert(name)) {
            let message = "Option name already exists";
            findings.note(
                &format!("{path}.name"),
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                message,
            );
        }
        if option["required"] == true && optional {
            let message = "Required options must be placed before non-required options";
            findings.note(&path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional |= option["required"] != true;
        self::option(&format!("{path}."), option, findings);
    }
}

fn option(path: &str, option: &Value, findings: &mut Findings) {
    name(path, option, true, findings);
    text(path, "description", option, DESCRIPTION_MAX, findings);
    match option["type"].as_u64() {
        Some(SUB_COMMAND_GROUP) => options(path, option, &[SUB_COMMAND], findings),
        Some(SUB_COMMAND) => options(path, option, &[], findings),
        kind => choices(path, option, kind, findings),
    }
}

fn choices(path: &str, option: &Value, kind: Option<u64>, findings: &mut Findings) {
    let all = option["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if all.len() > CHOICES_MAX {
        findings.note(&format!("{path}choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    }
    for (at, choice) in all.iter().enumerate() {
        let path = format!("{path}choices.{at}.");
        text(&path, "name", choice, CHOICE_MAX, findings);
        let value = &choice["value"];
        let fits = match kind {
            Some(3) => value.as_str().is_some_and(|text| text.chars().count() <= CHOICE_MAX),
            Some(4) => value.is_i64() || value.is_u64(),
            Some(10) => value.is_number(),
            _ => false,
        };
        if !fits {
            let message = "Could not interpret the value as one of the option's type.";
            findings.note(
                &format!("{path}value"),
                "APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE_INVALID",
                message,
            );
        }
    }
}

/// As a text, or null: everybody.
fn permissions(path: &str, body: &Value, findings: &mut Findings) -> Value {
    let given = &body["default_member_permissions"];
    match crate::id::from_json(given) {
        Some(bits) => json!(Id(bits)),
        None => {
            if !given.is_null() {
                let path = format!("{path}default_member_permissions");
                findings.note(&path, "NUMBER_TYPE_COERCE", "Value is not a set of permissions.");
            }
            Value::Null
        }
    }
}

fn contexts(path: &str, body: &Value, findings: &mut Findings) -> Value {
    let given = &body["contexts"];
    let Some(list) = given.as_array() else { return Value::Null };
    if list.is_empty() || !list.iter().all(|one| one.as_u64().is_some_and(|context| context <= 2)) {
        let message = "Value must be one of {0, 1, 2}.";
        findings.note(&format!("{path}contexts"), "BASE_TYPE_CHOICES", message);
    }
    given.clone()
}

/// Characters of names, descriptions and values, all together.
fn size(body: &Value) -> usize {
    let own = ["name", "description", "value"].iter().filter_map(|field| body[*field].as_str());
    let below = ["options", "choices"].iter().filter_map(|field| body[*field].as_array()).flatten();
    own.map(|text| text.chars().count()).sum::<usize>() + below.map(size).sum::<usize>()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, inner)| !inner.is_null());
            kept.map(|(name, inner)| (name.clone(), without_nulls(inner))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        plain => plain.clone(),
    }
}
