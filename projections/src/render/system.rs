//! System messages in words: what Discord's client makes of a type that has no text of its own.

use super::plain::plain;
use events::event::Said;
use serde_json::Value;

/// Longest name, question or answer put in, in UTF-16 units.
const WORDS_UNITS_MAX: usize = 300;

/// What a message of this type says, or `None` where it is somebody's words.
pub(super) fn line(kind: u8, said: &Said) -> Option<String> {
    let name = plain(&said.text, WORDS_UNITS_MAX);
    let words = match kind {
        4 => format!("✏️ renamed the channel: **{name}**"),
        6 => "📌 pinned a message".to_owned(),
        7 => "👋 joined the server".to_owned(),
        8 => format!("💎 boosted the server{}", times(&said.text)),
        9..=11 => format!("💎 boosted the server to level {}", kind - 8),
        12 => format!("📣 followed **{name}**"),
        18 => format!("🧵 started a thread: **{name}**"),
        46 => return Some(result(&said.embeds)),
        _ => return None,
    };
    Some(format!("-# {words}"))
}

/// Someone who boosts more than once at a time says how often as the text.
fn times(text: &str) -> String {
    match text.parse::<u32>() {
        Ok(times) if times > 1 => format!(" {times} times"),
        Ok(_) | Err(_) => String::new(),
    }
}

/// How a poll ended.
fn result(embeds: &[String]) -> String {
    let fields = embeds.iter().find_map(|embed| Fields::read(embed)).unwrap_or_default();
    let mut text = "-# 📊 the poll has ended".to_owned();
    if let Some(question) = fields.words("poll_question_text") {
        text.push_str(&format!("\n**{question}**"));
    }
    let total = fields.words("total_votes");
    if let (Some(votes), Some(total)) = (fields.words("victor_answer_votes"), total) {
        let emoji = fields.words("victor_answer_emoji_name");
        let answer =
            fields.words("victor_answer_text").or(emoji).unwrap_or_else(|| "no single answer".to_owned());
        text.push_str(&format!("\n- {answer}: {votes} of {total} votes"));
    }
    text
}

/// The fields of an embed by name.
#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(embed: &str) -> Option<Self> {
        let embed: Value = serde_json::from_str(embed).ok()?;
        let field = |field: &Value| {
            let text = |key: &str| Some(field.get(key)?.as_str()?.to_owned());
            Some((text("name")?, text("value")?))
        };
        Some(Self(embed.get("fields")?.as_array()?.iter().filter_map(field).collect()))
    }

    fn words(&self, name: &str) -> Option<String> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)?;
        Some(plain(value, WORDS_UNITS_MAX)).filter(|words| !words.is_empty())
    }
}
