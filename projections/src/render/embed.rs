//! Embeds: those of bots and webhooks cleaned to what a webhook may send, and text that no part holds.

use super::link::is_web;
use super::mention::Mentions;
use super::split::Splitter;
use super::units::units;
use events::event::Said;
use serde_json::{Map, Value, json};

/// Embeds in a message.
const EMBEDS_MAX: usize = 10;
/// Text in all embeds of a message, in UTF-16 units.
const TOTAL_UNITS_MAX: usize = 6000;
/// Longest description, in UTF-16 units.
pub(super) const DESCRIPTION_UNITS_MAX: usize = 4096;
const TITLE_UNITS_MAX: usize = 256;
const AUTHOR_UNITS_MAX: usize = 256;
const FOOTER_UNITS_MAX: usize = 2048;
const FIELDS_MAX: usize = 25;
const FIELD_NAME_UNITS_MAX: usize = 256;
const FIELD_VALUE_UNITS_MAX: usize = 1024;
/// A text is not cut shorter than this, in UTF-16 units.
const CUT_UNITS_MIN: usize = 100;
/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// The embeds of the last part: first what no part holds, then those that were sent.
pub(super) fn embeds(overflow: Option<String>, said: &Said, mentions: &Mentions<'_>) -> Vec<String> {
    let mut cleaner = Cleaner { mentions, room: TOTAL_UNITS_MAX };
    let overflow = overflow.map(|text| cleaner.overflow(&text));
    let forwarded = said.forward.iter().flat_map(|forward| &forward.embeds);
    let own = said.embeds.iter().chain(forwarded).filter_map(|text| cleaner.own(text));
    overflow.into_iter().chain(own).take(EMBEDS_MAX).map(|embed| embed.to_string()).collect()
}

/// Cleans embeds one after another: they share one limit.
struct Cleaner<'a> {
    mentions: &'a Mentions<'a>,
    room: usize,
}

impl Cleaner<'_> {
    fn overflow(&mut self, text: &str) -> Value {
        self.room = self.room.saturating_sub(units(text));
        json!({ "type": "rich", "description": text })
    }

    /// One embed, or `None` if it is broken, was made by Discord from a link, or shows nothing.
    fn own(&mut self, text: &str) -> Option<Value> {
        let Ok(Value::Object(from)) = serde_json::from_str(text) else { return None };
        if from.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "rich") {
            return None;
        }
        let mut embed = Map::new();
        self.copy_text(&from, &mut embed, "title", TITLE_UNITS_MAX);
        self.copy_text(&from, &mut embed, "description", DESCRIPTION_UNITS_MAX);
        self.copy_named(&from, &mut embed, "author", ("name", AUTHOR_UNITS_MAX));
        put(&mut embed, "fields", self.fields(&from));
        self.copy_named(&from, &mut embed, "footer", ("text", FOOTER_UNITS_MAX));
        for picture in ["image", "thumbnail"] {
            put(
                &mut embed,
                picture,
                from.get(picture).and_then(|value| url(value, "url")).map(|url| json!({ "url": url })),
            );
        }
        if embed.is_empty() {
            return None;
        }
        put(&mut embed, "url", url(&Value::Object(from.clone()), "url"));
        put(&mut embed, "timestamp", from.get("timestamp").filter(|time| is_time(time)).cloned());
        put(
            &mut embed,
            "color",
            from.get("color").filter(|color| color.as_u64().is_some_and(|rgb| rgb <= 0xff_ffff)).cloned(),
        );
        put(&mut embed, "type", Some(json!("rich")));
        Some(Value::Object(embed))
    }

    fn copy_text(&mut self, from: &Map<String, Value>, to: &mut Map<String, Value>, key: &str, max: usize) {
        put(to, key, self.text(from.get(key), max).map(Value::String));
    }

    /// An author or a footer: its text, addresses beside it.
    fn copy_named(
        &mut self,
        from: &Map<String, Value>,
        to: &mut Map<String, Value>,
        key: &str,
        text: (&str, usize),
    ) {
        let Some(value) = from.get(key) else { return };
        let Some(shown) = self.text(value.get(text.0), text.1) else { return };
        let mut named = Map::new();
        put(&mut named, text.0, Some(Value::String(shown)));
        put(&mut named, "icon_url", url(value, "icon_url"));
        if key == "author" {
            put(&mut named, "url", url(value, "url"));
        }
        put(to, key, Some(Value::Object(named)));
    }

    fn fields(&mut self, from: &Map<String, Value>) -> Option<Value> {
        let fields = from.get("fields")?.as_array()?;
        let fields: Vec<Value> =
            fields.iter().take(FIELDS_MAX).filter_map(|field| self.field(field)).collect();
        (!fields.is_empty()).then_some(Value::Array(fields))
    }

    fn field(&mut self, field: &Value) -> Option<Value> {
        let name = self.text(field.get("name"), FIELD_NAME_UNITS_MAX)?;
        let value = self.text(field.get("value"), FIELD_VALUE_UNITS_MAX)?;
        let inline = field.get("inline").and_then(Value::as_bool).unwrap_or(false);
        Some(json!({ "name": name, "value": value, "inline": inline }))
    }

    /// A text without mentions, within its own limit and what is left of the common one.
    fn text(&mut self, value: Option<&Value>, max: usize) -> Option<String> {
        let text = value?.as_str().filter(|text| !text.trim().is_empty())?;
        let text = fit(self.mentions.replace(text), max.min(self.room))?;
        self.room -= units(&text);
        Some(text)
    }
}

/// `text` in at most `max` UTF-16 units, code closed where it is cut, or `None` if there is no room for
/// anything that is worth it.
fn fit(text: String, max: usize) -> Option<String> {
    if units(&text) <= max {
        return Some(text);
    }
    let start = (max > CUT_UNITS_MIN).then(|| Splitter::new(&text).next_part(max - 1))??;
    Some(start + "…")
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

fn url(value: &Value, key: &str) -> Option<Value> {
    let url = value.get(key)?;
    let plain = |text: &str| text.len() <= URL_BYTES_MAX && !text.chars().any(char::is_whitespace);
    url.as_str().is_some_and(|text| is_web(text) && plain(text)).then(|| url.clone())
}

/// Whether it looks like RFC 3339: Discord refuses the whole message for one that does not.
fn is_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let shape = "0000-00-00T00:00:00";
    let fits = |(c, pattern): (char, char)| if pattern == '0' { c.is_ascii_digit() } else { c == pattern };
    (20..=40).contains(&text.len()) && text.chars().zip(shape.chars()).all(fits)
}
