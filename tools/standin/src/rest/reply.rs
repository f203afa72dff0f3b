//! Answers, and Discord's errors as values.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

/// What is sent back. The body is JSON, or empty with 204.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::text(serde_json::to_string(value).unwrap_or_default())
    }

    pub(crate) fn text(body: String) -> Self {
        Self { status: 200, body: body.into() }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: 204, body: Bytes::new() }
    }

    /// 201: what was made.
    pub(crate) fn created(self) -> Self {
        Self { status: 201, ..self }
    }

    /// A 5xx, as Discord's edge answers.
    pub(crate) fn failed(status: u16) -> Self {
        let body = json!({"message": format!("{status}: Internal Server Error"), "code": 0}).to_string();
        Self { status, body: body.into() }
    }
}

/// An error that Discord would form: status, code, message, and for 50035 the tree of what is wrong.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) message: &'static str,
    pub(crate) errors: Option<Value>,
    /// When to come again, for 429.
    pub(crate) retry_ms: Option<u64>,
}

impl ApiError {
    const fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message, errors: None, retry_ms: None }
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        if let Some(retry_ms) = self.retry_ms {
            body["retry_after"] = json!(retry_ms as f64 / 1000.0);
            body["global"] = json!(false);
        }
        Reply { status: self.status, body: body.to_string().into() }
    }

    pub(crate) fn form(errors: Value) -> Self {
        Self { errors: Some(errors), ..Self::new(400, 50035, "Invalid Form Body") }
    }

    /// What is wrong lies in this part of the body.
    pub(crate) fn within(self, part: &str) -> Self {
        Self { errors: self.errors.map(|errors| json!({ part: errors })), ..self }
    }

    pub(crate) const fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) const fn not_found() -> Self {
        Self::new(404, 0, "404: Not Found")
    }

    pub(crate) const fn unknown_channel() -> Self {
        Self::new(404, 10003, "Unknown Channel")
    }

    pub(crate) const fn unknown_guild() -> Self {
        Self::new(404, 10004, "Unknown Guild")
    }

    pub(crate) const fn unknown_member() -> Self {
        Self::new(404, 10007, "Unknown Member")
    }

    pub(crate) const fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }

    pub(crate) const fn unknown_overwrite() -> Self {
        Self::new(404, 10009, "Unknown Overwrite")
    }

    pub(crate) const fn unknown_user() -> Self {
        Self::new(404, 10013, "Unknown User")
    }

    pub(crate) const fn unknown_webhook() -> Self {
        Self::new(404, 10015, "Unknown Webhook")
    }

    pub(crate) const fn unknown_interaction() -> Self {
        Self::new(404, 10062, "Unknown interaction")
    }

    pub(crate) const fn already_acknowledged() -> Self {
        Self::new(400, 40060, "Interaction has already been acknowledged.")
    }

    pub(crate) const fn not_your_application() -> Self {
        Self::new(403, 20012, "You are not authorized to perform this action on this application")
    }

    pub(crate) const fn too_many_commands() -> Self {
        Self::new(400, 30032, "Maximum number of application commands reached (100)")
    }

    /// Discord would answer otherwise: it is the stand-in that lacks something.
    pub(crate) const fn not_modelled(message: &'static str) -> Self {
        Self::new(400, 0, message)
    }

    pub(crate) const fn too_many_webhooks() -> Self {
        Self::new(400, 30007, "Maximum number of webhooks reached (15)")
    }

    pub(crate) const fn too_large() -> Self {
        Self::new(413, 40005, "Request entity too large")
    }

    pub(crate) const fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub(crate) const fn not_your_message() -> Self {
        Self::new(403, 50005, "Cannot edit a message authored by another user")
    }

    pub(crate) const fn empty_message() -> Self {
        Self::new(400, 50006, "Cannot send an empty message")
    }

    pub(crate) const fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }

    pub(crate) const fn bulk_count() -> Self {
        Self::new(
            400,
            50016,
            "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete",
        )
    }

    /// The status is not documented; 401 is what projects met.
    pub(crate) const fn invalid_webhook_token() -> Self {
        Self::new(401, 50027, "Invalid Webhook Token")
    }

    pub(crate) const fn bulk_too_old() -> Self {
        Self::new(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    }

    pub(crate) const fn invalid_json() -> Self {
        Self::new(400, 50109, "The request body contains invalid JSON.")
    }

    pub(crate) const fn unknown_emoji() -> Self {
        Self::new(400, 10014, "Unknown Emoji")
    }

    pub(crate) const fn too_many_pins() -> Self {
        Self::new(400, 30003, "Maximum number of pins reached for the channel (250)")
    }

    pub(crate) const fn too_many_reactions() -> Self {
        Self::new(400, 30010, "Maximum number of reactions reached (20)")
    }

    /// The status is what clients met.
    pub(crate) fn too_many_old_edits(retry_ms: u64) -> Self {
        let message = "Maximum number of edits to messages older than 1 hour reached. Try again later.";
        Self { retry_ms: Some(retry_ms), ..Self::new(429, 30046, message) }
    }

    pub(crate) const fn no_history_no_reply() -> Self {
        Self::new(400, 160_002, "Cannot reply without permission to read message history")
    }

    pub(crate) const fn unknown_tag() -> Self {
        Self::new(404, 10087, "Unknown tag")
    }

    pub(crate) const fn tag_required() -> Self {
        Self::new(400, 40067, "A tag is required to create a forum post in this channel")
    }

    pub(crate) const fn not_a_text_channel() -> Self {
        Self::new(400, 50008, "Cannot send messages in a non-text channel")
    }

    pub(crate) const fn wrong_channel_type() -> Self {
        Self::new(400, 50024, "Cannot execute action on this channel type")
    }

    pub(crate) const fn thread_archived() -> Self {
        Self::new(400, 50083, "Thread is archived")
    }

    pub(crate) const fn thread_exists() -> Self {
        Self::new(400, 160_004, "A thread has already been created for this message")
    }

    pub(crate) const fn forum_needs_thread() -> Self {
        Self::new(400, 220_001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    }

    pub(crate) const fn forum_needs_one_thread() -> Self {
        Self::new(
            400,
            220_002,
            "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
        )
    }

    pub(crate) const fn not_a_forum() -> Self {
        Self::new(400, 220_003, "Webhooks can only create threads in forum channels")
    }
}
