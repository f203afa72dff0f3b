//! What a reply means to a lane: pure, and the one place that decides it.
//!
//! `Yes` needs a 2xx with a message id; `No` a 4xx whose body Discord itself formed, or a 429; all else
//! is ambiguous: a proxy's error page proves nothing about what happened behind it.

use super::route::Kind;
use super::transport::Reply;
use events::MessageId;
use projections::sink::No;
use serde::Deserialize;
use serde_json::Value;

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It took effect, on this message.
    Done(MessageId),
    /// It had no effect.
    Not(No),
    /// It had no effect: the webhook's token is not, or no longer, the right one.
    WrongToken(String),
    /// Nobody knows.
    Unknown(String),
}

/// After a 429 that does not say how long, and where an edit limit asks for patience. Milliseconds.
pub const PATIENCE_MS: u64 = 60_000;
/// No such message: the one code that proves it. Source: Discord, "JSON Error Codes".
pub const UNKNOWN_MESSAGE: u64 = 10_008;
/// Discord's code for a channel or thread that is gone, or not ours to see.
pub const UNKNOWN_CHANNEL: u64 = 10_003;
/// Longest reason kept, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// An error as Discord forms it. Source: Discord, "Reference, Error Messages".
#[derive(Debug, Deserialize)]
pub struct Fault {
    /// Discord's error code; zero: a general one.
    pub code: u64,
    /// Its words.
    pub message: String,
    /// What is wrong with which field.
    #[serde(default)]
    pub errors: Option<Value>,
}

impl Fault {
    /// The fault of a whole 4xx body; `None`: not Discord's.
    #[must_use]
    pub fn read(reply: &Reply) -> Option<Self> {
        let formed = reply.whole && (400..500).contains(&reply.status);
        if formed { serde_json::from_slice(&reply.body).ok() } else { None }
    }

    /// Its words and its fields' in one line, with the code.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = format!("{} ({})", self.message, self.code);
        if let Some(errors) = &self.errors {
            flatten(errors, "", &mut words);
        }
        cut(&words)
    }
}

/// Appends `; path: message` for each leaf of Discord's error tree.
fn flatten(errors: &Value, path: &str, words: &mut String) {
    let Some(fields) = errors.as_object() else { return };
    for (name, inner) in fields {
        if words.len() > 4 * REASON_CHARS_MAX {
            return;
        }
        match (name.as_str(), inner.as_array()) {
            ("_errors", Some(leaves)) => {
                for leaf in leaves {
                    let message = leaf.get("message").and_then(Value::as_str).unwrap_or("invalid");
                    words.push_str(&format!("; {path}: {message}"));
                }
            }
            _ if path.is_empty() => flatten(inner, name, words),
            _ => flatten(inner, &format!("{path}.{name}"), words),
        }
    }
}

fn cut(words: &str) -> String {
    words.chars().take(REASON_CHARS_MAX).collect()
}

#[derive(Deserialize)]
struct Made {
    id: MadeId,
}

/// Discord writes ids as strings.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct MadeId(u64);

impl TryFrom<String> for MadeId {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// What `reply` to a request of `kind` about `asked` (zero for one that makes a message) means.
#[must_use]
pub fn meaning(kind: Kind, asked: MessageId, reply: &Reply) -> Meaning {
    match reply.status {
        200..=299 => done(kind, asked, reply),
        429 => Meaning::Not(No::Wait(reply.headers.wait_ms().unwrap_or(PATIENCE_MS))),
        400..=499 => match Fault::read(reply) {
            // Whoever says so has not passed it on.
            None if reply.status == 413 => Meaning::Not(No::Refused("too large (413)".to_owned())),
            Some(fault) => refused(kind, asked, reply.status, &fault),
            None => Meaning::Unknown(format!("status {} without Discord's own error", reply.status)),
        },
        status => Meaning::Unknown(format!("status {status}")),
    }
}

fn done(kind: Kind, asked: MessageId, reply: &Reply) -> Meaning {
    if kind == Kind::DeleteCopy {
        return Meaning::Done(asked);
    }
    let made = serde_json::from_slice::<Made>(&reply.body).ok().map(|made| MessageId(made.id.0));
    match made.filter(|id| reply.whole && id.0 != 0) {
        Some(id) => Meaning::Done(id),
        None => Meaning::Unknown(format!("status {} without a message's id", reply.status)),
    }
}

/// Codes: Discord, "Opcodes and Status Codes, JSON".
fn refused(kind: Kind, asked: MessageId, status: u16, fault: &Fault) -> Meaning {
    let webhook = matches!(kind, Kind::ExecuteWebhook | Kind::EditCopy | Kind::DeleteCopy | Kind::ReadCopy);
    match (status, fault.code) {
        (_, UNKNOWN_MESSAGE) => Meaning::Not(No::Missing),
        // It is there already: what was asked for.
        (_, 160_004) if kind == Kind::OpenThread => Meaning::Done(asked),
        (_, UNKNOWN_CHANNEL) if matches!(kind, Kind::ChangeThread | Kind::RemoveThread) => {
            Meaning::Not(No::Missing)
        }
        (_, 50083) if kind == Kind::ChangeThread => Meaning::Not(No::Refused(fault.words())),
        (_, 50027) => Meaning::WrongToken(fault.words()),
        (401, _) if webhook => Meaning::WrongToken(fault.words()),
        (_, 30046) => Meaning::Not(No::Wait(PATIENCE_MS)),
        (_, code) if what_to_do(code).is_some() => Meaning::Not(dead(fault)),
        (401 | 404, _) => Meaning::Not(dead(fault)),
        (403, 200_000..=299_999) => Meaning::Not(No::Refused(fault.words())),
        (403, _) => Meaning::Not(dead(fault)),
        _ => Meaning::Not(No::Refused(fault.words())),
    }
}

/// The lane cannot go on, in Discord's words and with what an operator can do.
#[must_use]
pub fn dead(fault: &Fault) -> No {
    let advice = what_to_do(fault.code).unwrap_or("look the code up in Discord's documentation");
    No::Dead(format!("{}: {advice}", fault.words()))
}

/// The token was refused again, right after the webhook was looked up.
#[must_use]
pub fn dead_token(words: &str) -> No {
    No::Dead(format!(
        "{words}: Discord refuses the token it gave for the webhook; delete the webhook, then `mirror release` the lane"
    ))
}

/// What an operator can do about a code that stops a lane.
#[must_use]
pub const fn what_to_do(code: u64) -> Option<&'static str> {
    Some(match code {
        10003 => "the channel was deleted; cut its link",
        10015 => "the webhook was deleted; `mirror release` the lane to make a new one, or cut the link",
        30007 => "the channel has 15 webhooks, Discord's limit; delete one, then `mirror release` the lane",
        30058 => "the guild has 1,000 webhooks, Discord's limit; delete some, then `mirror release` the lane",
        40001 | 40002 => "Discord refuses the bot's account; check the bot token",
        50001 => "the bot may not see the channel; give it View Channel, then `mirror release` the lane",
        50013 => "the bot lacks a permission; give it Manage Webhooks, then `mirror release` the lane",
        50083 => "the thread is archived; open it again, then `mirror release` the lane",
        220_001..=220_003 => {
            "the channel was linked as what it is not: a forum, or none; cut it and link it again"
        }
        0 => "check the bot token and that the channel exists",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::limits::Headers;
    use bytes::Bytes;

    fn reply(status: u16, body: &str) -> Reply {
        let headers = Headers { retry_after_ms: (status == 429).then_some(1_500), ..Headers::default() };
        Reply { status, headers, body: Bytes::copy_from_slice(body.as_bytes()), whole: true }
    }

    /// A short name of a meaning, for the table.
    fn short(meaning: &Meaning) -> String {
        match meaning {
            Meaning::Done(id) => format!("done {id}"),
            Meaning::Not(No::Wait(ms)) => format!("wait {ms}"),
            Meaning::Not(No::Missing) => "missing".to_owned(),
            Meaning::Not(No::Refused(_)) => "refused".to_owned(),
            Meaning::Not(No::Dead(_)) => "dead".to_owned(),
            Meaning::WrongToken(_) => "token".to_owned(),
            Meaning::Unknown(_) => "unknown".to_owned(),
        }
    }

    #[test]
    fn the_table_of_replies() {
        use Kind::{ChangeThread as Change, OpenThread as Open, RemoveThread as Remove};
        use Kind::{DeleteCopy as Del, EditCopy as Edit, ExecuteWebhook as New, PostMessage as Post};
        let error = |code: u64| format!(r#"{{"message":"m","code":{code}}}"#);
        for (kind, status, body, expected) in [
            (New, 200, r#"{"id":"12","content":"x"}"#.to_owned(), "done 12"),
            (New, 204, String::new(), "unknown"),
            (New, 200, r#"{"id":12}"#.to_owned(), "unknown"),
            (New, 200, r#"{"id":"0"}"#.to_owned(), "unknown"),
            (New, 200, "<html>".to_owned(), "unknown"),
            (Edit, 200, r#"{"id":"9"}"#.to_owned(), "done 9"),
            (Edit, 200, String::new(), "unknown"),
            (Del, 204, String::new(), "done 5"),
            (Open, 201, r#"{"id":"5"}"#.to_owned(), "done 5"),
            (Open, 400, error(160_004), "done 5"),
            (Open, 400, error(160_006), "refused"),
            (Open, 404, error(10008), "missing"),
            (Open, 404, error(10003), "dead"),
            (Open, 403, error(50013), "dead"),
            (Open, 502, "bad gateway".to_owned(), "unknown"),
            (Change, 200, r#"{"id":"5"}"#.to_owned(), "done 5"),
            (Change, 404, error(10003), "missing"),
            (Remove, 200, r#"{"id":"5"}"#.to_owned(), "done 5"),
            (Remove, 404, error(10003), "missing"),
            (Del, 404, error(10008), "missing"),
            (Edit, 404, error(10008), "missing"),
            (New, 404, error(10015), "dead"),
            (New, 404, error(10003), "dead"),
            (New, 404, "nginx".to_owned(), "unknown"),
            (New, 404, r#"{"message":"404: Not Found"}"#.to_owned(), "unknown"),
            (New, 403, error(50001), "dead"),
            (New, 403, error(50013), "dead"),
            (New, 403, error(200_000), "refused"),
            (New, 400, error(240_000), "refused"),
            (New, 403, "error code: 1020".to_owned(), "unknown"),
            (New, 401, error(50027), "token"),
            (New, 401, error(0), "token"),
            (New, 400, error(50027), "token"),
            (Post, 401, error(0), "dead"),
            (New, 400, error(50035), "refused"),
            (New, 400, error(50006), "refused"),
            (New, 413, error(40005), "refused"),
            (New, 400, error(220_001), "dead"),
            (New, 400, error(40067), "refused"),
            (Kind::MakePost, 201, r#"{"id":"12"}"#.to_owned(), "done 12"),
            (Kind::MakePost, 403, error(50013), "dead"),
            (Edit, 400, error(50083), "dead"),
            (Edit, 400, error(30046), "wait 60000"),
            (New, 429, r#"{"message":"m","retry_after":1.5}"#.to_owned(), "wait 1500"),
            (New, 429, "error code: 1015".to_owned(), "wait 1500"),
            (New, 408, "timeout".to_owned(), "unknown"),
            (New, 500, error(0), "unknown"),
            (New, 502, "bad gateway".to_owned(), "unknown"),
            (New, 302, String::new(), "unknown"),
            (New, 101, String::new(), "unknown"),
        ] {
            let asked = if kind == New { MessageId(0) } else { MessageId(5) };
            let found = meaning(kind, asked, &reply(status, &body));
            assert_eq!(short(&found), expected, "{kind:?} {status} {body}: {found:?}");
        }
    }

    #[test]
    fn a_body_that_was_cut_proves_nothing() {
        let cut = |status| Reply { whole: false, body: Bytes::new(), ..reply(status, "") };
        for status in [200, 400, 404, 500] {
            let found = meaning(Kind::ExecuteWebhook, MessageId(0), &cut(status));
            assert!(matches!(found, Meaning::Unknown(_)), "{status}: {found:?}");
        }
        let limited = meaning(Kind::ExecuteWebhook, MessageId(0), &cut(429));
        assert_eq!(limited, Meaning::Not(No::Wait(1_500)), "the status alone says that it had no effect");
    }

    #[test]
    fn the_words_of_a_refusal_name_the_field() {
        let body = r#"{"code":50035,"message":"Invalid Form Body","errors":{
            "username":{"_errors":[{"code":"USERNAME_INVALID_CONTAINS","message":"Username cannot contain \"discord\""}]},
            "embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Too long."}]}}}}}"#;
        let fault = Fault::read(&reply(400, body)).unwrap();
        assert_eq!(
            fault.words(),
            "Invalid Form Body (50035); embeds.0.title: Too long.; username: Username cannot contain \"discord\""
        );
        let long = Fault { code: 1, message: "é".repeat(9_999), errors: None };
        assert_eq!(long.words().chars().count(), REASON_CHARS_MAX);
    }
}
