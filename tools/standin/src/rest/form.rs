//! Checks of request bodies: each finding goes into the tree that error 50035 carries.

use serde_json::{Map, Value, json};

use super::{component, reply::ApiError};
use crate::{cdn::File, world::Extra};

/// Characters in a message, embeds in a message, characters in all embeds together.
const CONTENT_MAX: usize = 2000;
const EMBEDS_MAX: usize = 10;
const EMBED_SUM_MAX: usize = 6000;
const FIELDS_MAX: usize = 25;
const NAME_MAX: usize = 80;
const CHANNEL_NAME_MAX: usize = 100;
const NONCE_MAX: usize = 25;

/// What a message body says, checked.
#[derive(Default)]
pub(crate) struct MessageForm {
    pub(crate) content: Option<String>,
    pub(crate) flags: Option<u32>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) poll: Option<Value>,
}

/// Findings so far.
#[derive(Default)]
pub(crate) struct Findings(Map<String, Value>);

impl Findings {
    /// Notes an error at a path such as `embeds.0.title`. Where something is said of the whole, nothing is said of its
    /// parts, and the other way around: the first finding stands.
    pub(crate) fn note(&mut self, path: &str, code: &str, message: &str) {
        let mut at = &mut self.0;
        for step in path.split('.') {
            let next = at.entry(step).or_insert_with(|| json!({}));
            let Value::Object(map) = next else { return };
            at = map;
            if at.contains_key("_errors") {
                return;
            }
        }
        if !at.is_empty() {
            return;
        }
        at.insert("_errors".to_owned(), json!([{"code": code, "message": message}]));
    }

    pub(crate) fn too_long(&mut self, path: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            let message = format!("Must be {max} or fewer in length.");
            self.note(path, "BASE_TYPE_MAX_LENGTH", &message);
        }
    }

    pub(crate) fn done(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::form(Value::Object(self.0))) }
    }
}

/// Reads and checks the parts that every message body has.
pub(crate) fn message(body: &Value) -> Result<MessageForm, ApiError> {
    let mut findings = Findings::default();
    let form = MessageForm {
        content: text(body, "content", CONTENT_MAX, &mut findings),
        flags: body["flags"].as_u64().and_then(|flags| u32::try_from(flags).ok()),
        embeds: body.get("embeds").map(|embeds| self::embeds(embeds, &mut findings)),
        components: body.get("components").map(|components| component::components(components, &mut findings)),
        poll: body.get("poll").filter(|poll| !poll.is_null()).cloned(),
    };
    nonce(body, &mut findings);
    findings.done()?;
    Ok(form)
}

impl MessageForm {
    /// Posts need something to show.
    pub(crate) fn not_empty(&self, files: &[File]) -> Result<(), ApiError> {
        let blank = self.content.as_deref().unwrap_or_default().trim().is_empty();
        if blank && files.is_empty() && self.extra().is_empty() {
            Err(ApiError::empty_message())
        } else {
            Ok(())
        }
    }

    /// The parts besides the text.
    pub(crate) fn extra(&self) -> Extra {
        Extra {
            embeds: self.embeds.clone().unwrap_or_default(),
            components: self.components.clone().unwrap_or_default(),
            poll: self.poll.clone(),
            ..Extra::default()
        }
    }
}

/// A text, `null` and absence are the same but for edits, where `null` empties.
fn text(body: &Value, name: &str, max: usize, findings: &mut Findings) -> Option<String> {
    match body.get(name)? {
        Value::String(text) => {
            findings.too_long(name, text, max);
            Some(text.clone())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            findings.note(name, "STRING_TYPE_CONVERT", "Could not interpret this as string.");
            None
        }
    }
}

fn nonce(body: &Value, findings: &mut Findings) {
    if let Some(nonce) = body.get("nonce").and_then(Value::as_str) {
        findings.too_long("nonce", nonce, NONCE_MAX);
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn embeds(value: &Value, findings: &mut Findings) -> Vec<Value> {
    let mut all = list(value);
    if all.len() > EMBEDS_MAX {
        findings.note("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.");
    }
    let sum: usize = all.iter().enumerate().map(|(at, one)| embed(at, one, findings)).sum();
    if sum > EMBED_SUM_MAX {
        findings.note("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
    }
    for one in all.iter_mut().filter_map(Value::as_object_mut) {
        one.insert("type".to_owned(), json!("rich"));
        for field in one.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            field["inline"] = json!(field["inline"] == true);
        }
    }
    all
}

/// Checks one embed; returns its characters.
fn embed(at: usize, one: &Value, findings: &mut Findings) -> usize {
    let parts = [
        ("title", &one["title"], 256),
        ("description", &one["description"], 4096),
        ("footer.text", &one["footer"]["text"], 2048),
        ("author.name", &one["author"]["name"], 256),
    ];
    let mut sum = 0;
    for (name, value, max) in parts {
        sum += part(&format!("embeds.{at}.{name}"), value, max, findings);
    }
    let fields = list(&one["fields"]);
    if fields.len() > FIELDS_MAX {
        findings.note(
            &format!("embeds.{at}.fields"),
            "BASE_TYPE_MAX_LENGTH",
            "Must be 25 or fewer in length.",
        );
    }
    for (place, field) in fields.iter().enumerate() {
        sum += part(&format!("embeds.{at}.fields.{place}.name"), &field["name"], 256, findings);
        sum += part(&format!("embeds.{at}.fields.{place}.value"), &field["value"], 1024, findings);
    }
    sum
}

fn part(path: &str, value: &Value, max: usize, findings: &mut Findings) -> usize {
    let text = value.as_str().unwrap_or_default();
    findings.too_long(path, text, max);
    text.chars().count()
}

/// The name that a webhook posts with; `None` if the body has none.
pub(crate) fn username(body: &Value) -> Result<Option<String>, ApiError> {
    match body.get("username") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => name_checked("username", value).map(Some),
    }
}

/// A webhook's own name; `required` on creation.
pub(crate) fn webhook_name(body: &Value, required: bool) -> Result<Option<String>, ApiError> {
    match body.get("name") {
        None if required => Err(single("name", "BASE_TYPE_REQUIRED", "This field is required")),
        None => Ok(None),
        Some(value) => name_checked("name", value).map(Some),
    }
}

/// The name of a channel or thread; `required` on creation.
pub(crate) fn name(body: &Value, required: bool) -> Result<Option<String>, ApiError> {
    name_of(body, "name", required)
}

/// The same under another field's name.
pub(crate) fn name_of(body: &Value, field: &str, required: bool) -> Result<Option<String>, ApiError> {
    match body.get(field) {
        None if required => Err(single(field, "BASE_TYPE_REQUIRED", "This field is required")),
        None => Ok(None),
        Some(value) => {
            let name = value.as_str().unwrap_or_default().trim();
            let good = (1..=CHANNEL_NAME_MAX).contains(&name.chars().count());
            let message = "Must be between 1 and 100 in length.";
            if good { Ok(Some(name.to_owned())) } else { Err(single(field, "BASE_TYPE_BAD_LENGTH", message)) }
        }
    }
}

fn name_checked(field: &str, value: &Value) -> Result<String, ApiError> {
    let name = value.as_str().unwrap_or_default().trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(single(field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length."));
    }
    let lower = name.to_lowercase();
    if lower == "everyone" || lower == "here" {
        return Err(single(field, "USERNAME_INVALID", "Username is invalid"));
    }
    match ["discord", "clyde"].iter().find(|word| lower.contains(*word)) {
        Some(word) => {
            Err(single(field, "USERNAME_INVALID_CONTAINS", &format!("Username cannot contain \"{word}\"")))
        }
        None => Ok(name.to_owned()),
    }
}

fn single(path: &str, code: &str, message: &str) -> ApiError {
    let mut findings = Findings::default();
    findings.note(path, code, message);
    ApiError::form(Value::Object(findings.0))
}

/// A field that must be there.
pub(crate) fn required(name: &str) -> ApiError {
    single(name, "BASE_TYPE_REQUIRED", "This field is required")
}

/// A number out of its range.
pub(crate) fn out_of_range(name: &str, max: u64) -> ApiError {
    let message = format!("int value should be between 1 and {max}.");
    single(name, "NUMBER_TYPE_RANGE", &message)
}

/// A list with too much in it.
pub(crate) fn too_many(name: &str, max: usize) -> ApiError {
    single(name, "BASE_TYPE_MAX_LENGTH", &format!("Must be {max} or fewer in length."))
}

/// A number that is none of those allowed.
pub(crate) fn not_a_choice(name: &str, choices: &[u64]) -> ApiError {
    let list: Vec<String> = choices.iter().map(u64::to_string).collect();
    single(name, "BASE_TYPE_CHOICES", &format!("Value must be one of {{{}}}.", list.join(", ")))
}

/// A time as ISO 8601, in microseconds; `%3A` and `%2B` as they come in a query.
pub(crate) fn moment(name: &str, text: &str) -> Result<u64, ApiError> {
    let text = text.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+");
    let read =
        text.parse::<jiff::Timestamp>().ok().and_then(|time| u64::try_from(time.as_microsecond()).ok());
    let message = format!("Could not parse {text}. Should be ISO8601.");
    read.ok_or_else(|| single(name, "DATE_TIME_TYPE_PARSE", &message))
}

pub(crate) fn not_snowflake(name: &str, text: &str) -> ApiError {
    single(name, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."))
}

pub(crate) fn not_an_object() -> ApiError {
    ApiError::form(
        json!({"_errors": [{"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}]}),
    )
}

pub(crate) fn not_a_list() -> ApiError {
    ApiError::form(
        json!({"_errors": [{"code": "LIST_TYPE_CONVERT", "message": "Only iterables may be used in a ListType"}]}),
    )
}

pub(crate) fn content_type(kind: &str) -> ApiError {
    let message =
        format!("Expected \"Content-Type\" header to be one of {{'application/json'}}, got '{kind}'");
    ApiError::form(json!({"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": message}]}))
}

/// A reply to a message that is not there.
pub(crate) fn unknown_reference() -> ApiError {
    single("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
}
