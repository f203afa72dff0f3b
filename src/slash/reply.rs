//! What is answered, to this person alone. Pure.

use super::interaction::custom_id;
use events::EventId;
use projections::render::plain;
use serde_json::{Value, json};

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Its text, Discord markdown.
    pub text: String,
    /// Requests that can be answered with a button, at most [`Self::REQUESTS_MAX`].
    pub requests: Vec<EventId>,
}

/// Longest text. Source: Discord, "Create Message".
const CHARS_MAX: usize = 2_000;
/// Seen by this person alone. Source: Discord, "Message Flags".
const EPHEMERAL: u32 = 1 << 6;

/// How the first answer to an interaction is given. Source: Discord, "Interaction Callback Type".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A message.
    Message = 4,
    /// It comes later.
    Later = 5,
    /// What the pressed button's message becomes comes later.
    UpdateLater = 6,
    /// What the pressed button's message becomes.
    Update = 7,
}

impl Reply {
    /// Rows of buttons that a message may have.
    pub const REQUESTS_MAX: usize = 5;

    /// Words alone.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), requests: Vec::new() }
    }

    /// The first answer.
    #[must_use]
    pub fn callback(&self, way: Way) -> Value {
        match way {
            Way::Message | Way::Update => json!({"type": way as u8, "data": self.message()}),
            Way::Later => json!({"type": way as u8, "data": {"flags": EPHEMERAL}}),
            Way::UpdateLater => json!({"type": way as u8}),
        }
    }

    /// It mentions nobody, whatever names it holds.
    #[must_use]
    pub fn message(&self) -> Value {
        let rows: Vec<_> = self.requests.iter().take(Self::REQUESTS_MAX).enumerate().map(row).collect();
        json!({
            "content": cut(&self.text),
            "flags": EPHEMERAL,
            "allowed_mentions": {"parse": []},
            "components": rows,
        })
    }
}

fn row((at, request): (usize, &EventId)) -> Value {
    const ROW: u8 = 1;
    const BUTTON: u8 = 2;
    const GREEN: u8 = 3;
    const GREY: u8 = 2;
    let button = |accept: bool, style: u8, label: &str| {
        let label = format!("{label} {}", at + 1);
        json!({"type": BUTTON, "style": style, "label": label, "custom_id": custom_id(*request, accept)})
    };
    json!({"type": ROW, "components": [button(true, GREEN, "Accept"), button(false, GREY, "Refuse")]})
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX - 1) {
        Some((end, _)) if text[end..].chars().nth(1).is_some() => format!("{}…", &text[..end]),
        Some(_) | None => text.to_owned(),
    }
}

/// A name that others gave, in bold: it cannot be markup or a mention.
#[must_use]
pub fn name(name: &str) -> String {
    const NAME_CHARS_MAX: usize = 80;
    format!("**{}**", plain(name, NAME_CHARS_MAX))
}
