//! Reading a channel's messages, for lanes that resolve and for gaps that are filled.

use super::answer::{Fault, dead};
use super::rest::{Failure, Rest};
use super::transport::Reply;
use events::{ChannelId, MessageId, WebhookId};
use projections::sink::{HISTORY_MAX, History, HistoryError, No, Seen};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// How long a read waits for the limits: nothing is held up by it but itself.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Before a read that failed for a passing reason is tried again, milliseconds.
pub const AGAIN_MS: u64 = 1_000;

/// A page of a channel, as Discord wrote it.
#[derive(Debug, Default)]
pub struct Page {
    /// Oldest first, at most [`HISTORY_MAX`].
    pub messages: Vec<Entry>,
    /// There may be more behind the last.
    pub more: bool,
}

/// One message of a page.
#[derive(Debug)]
pub struct Entry {
    /// Its id.
    pub id: MessageId,
    /// The webhook that posted it, if one did.
    pub webhook: Option<WebhookId>,
    /// The message object, JSON text.
    pub raw: Box<RawValue>,
}

impl Page {
    /// What a lane whose webhook is `hook` sees of it.
    #[must_use]
    pub fn seen_by(&self, hook: WebhookId) -> History {
        let seen = |entry: &Entry| Seen { id: entry.id, ours: entry.webhook == Some(hook) };
        History { messages: self.messages.iter().map(seen).collect(), more: self.more }
    }
}

/// The page of `channel` right behind `after`; `patience`: how long it waits for the limits.
///
/// An empty page may also mean that the bot lacks Read Message History: Discord does not say which.
///
/// # Errors
/// By what the caller does next.
pub async fn page(
    rest: &Rest,
    channel: ChannelId,
    after: MessageId,
    patience: Duration,
) -> Result<Page, HistoryError> {
    let call = rest.calls.messages(channel, after).map_err(|error| HistoryError::Dead(error.0))?;
    let reply = rest.call(&call, patience).await.map_err(|failure| HistoryError::Wait(wait(&failure)))?;
    read(&reply, after)
}

/// The page of a thread right behind `after`; empty where there is no such thread.
///
/// # Errors
/// By what the caller does next.
pub async fn page_of_thread(rest: &Rest, thread: ChannelId, after: MessageId) -> Result<Page, HistoryError> {
    let call = rest.calls.messages(thread, after).map_err(|error| HistoryError::Dead(error.0))?;
    let reply = rest.call(&call, PATIENCE).await.map_err(|failure| HistoryError::Wait(wait(&failure)))?;
    if reply.status == 404 && Fault::read(&reply).is_some() {
        Ok(Page::default())
    } else {
        read(&reply, after)
    }
}

/// How long to wait after a read that brought no reply.
pub(crate) const fn wait(failure: &Failure) -> u64 {
    match failure {
        Failure::Limited(ms) => *ms,
        Failure::NotConnected(_) | Failure::Ambiguous(_) => AGAIN_MS,
    }
}

fn read(reply: &Reply, after: MessageId) -> Result<Page, HistoryError> {
    if reply.status == 200 && reply.whole {
        return parse(&reply.body, after).ok_or(HistoryError::Wait(AGAIN_MS));
    }
    Err(refused(reply))
}

/// What a reply that answers no question means.
pub(crate) fn refused(reply: &Reply) -> HistoryError {
    match (reply.status, Fault::read(reply)) {
        (429, _) => HistoryError::Wait(reply.headers.wait_ms().unwrap_or(AGAIN_MS)),
        (401 | 403 | 404, Some(fault)) => stopped(&fault),
        _ => HistoryError::Wait(AGAIN_MS),
    }
}

fn stopped(fault: &Fault) -> HistoryError {
    match dead(fault) {
        No::Dead(why) | No::Refused(why) => HistoryError::Dead(why),
        No::Wait(ms) => HistoryError::Wait(ms),
        No::Missing => HistoryError::Dead(fault.words()),
    }
}

#[derive(Deserialize)]
struct Ids {
    id: String,
    #[serde(default)]
    webhook_id: Option<String>,
}

/// `None` where the body is no list of messages: a page that left one out would be negative evidence.
fn parse(body: &[u8], after: MessageId) -> Option<Page> {
    let raws: Vec<Box<RawValue>> = serde_json::from_slice(body).ok()?;
    let more = raws.len() >= HISTORY_MAX;
    let mut messages = raws.into_iter().map(entry).collect::<Option<Vec<_>>>()?;
    messages.retain(|entry| entry.id > after);
    messages.sort_by_key(|entry| entry.id);
    Some(Page { messages, more })
}

fn entry(raw: Box<RawValue>) -> Option<Entry> {
    let ids: Ids = serde_json::from_str(raw.get()).ok()?;
    let webhook = match ids.webhook_id {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    Some(Entry { id: ids.id.parse().ok()?, webhook, raw })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::limits::Headers;
    use bytes::Bytes;

    fn reply(status: u16, body: &str) -> Reply {
        let headers = Headers::default();
        Reply { status, headers, body: Bytes::copy_from_slice(body.as_bytes()), whole: true }
    }

    fn seen(status: u16, body: &str) -> Result<History, HistoryError> {
        read(&reply(status, body), MessageId(10)).map(|page| page.seen_by(WebhookId(7)))
    }

    #[test]
    fn a_page_is_oldest_first_and_knows_its_own() {
        let body = r#"[{"id":"30","webhook_id":"7"},{"id":"20","webhook_id":"8"},{"id":"11"},{"id":"9"}]"#;
        let history = seen(200, body).unwrap();
        let pairs: Vec<_> = history.messages.iter().map(|seen| (seen.id.0, seen.ours)).collect();
        assert_eq!((pairs, history.more), (vec![(11, false), (20, false), (30, true)], false));
    }

    #[test]
    fn a_full_page_has_more() {
        let all: Vec<_> = (0..HISTORY_MAX).map(|n| format!(r#"{{"id":"{}"}}"#, n + 11)).collect();
        assert!(seen(200, &format!("[{}]", all.join(","))).unwrap().more);
        assert!(!seen(200, &format!("[{}]", all[1..].join(","))).unwrap().more);
        assert_eq!(seen(200, "[]").unwrap(), History::default());
    }

    #[test]
    fn what_cannot_be_read_is_no_evidence() {
        for (status, body, dead) in [
            (200, "{}", false),
            (200, r#"[{"id":"20"},{"no":"id"}]"#, false),
            (200, r#"[{"id":"20","webhook_id":"x"}]"#, false),
            (200, "<html>", false),
            (500, "[]", false),
            (429, "{}", false),
            (403, r#"{"code":50001,"message":"Missing Access"}"#, true),
            (404, r#"{"code":10003,"message":"Unknown Channel"}"#, true),
            (401, r#"{"code":0,"message":"401: Unauthorized"}"#, true),
            (403, "blocked", false),
        ] {
            let error = seen(status, body).unwrap_err();
            assert_eq!(matches!(error, HistoryError::Dead(_)), dead, "{status} {body}: {error:?}");
        }
    }
}
