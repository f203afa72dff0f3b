//! The sink: lanes' requests to Discord and its answers back, each sent once.

use super::answer::{Fault, Meaning, UNKNOWN_CHANNEL, dead_token, meaning};
use super::calls::{Call, Unbuildable};
use super::files::{Files, Spooled};
use super::forum::Forum;
use super::history;
use super::rest::{Failure, Rest};
use super::telemetry;
use super::webhooks::{Home, Hook, Webhooks};
use async_trait::async_trait;
use events::{ChannelId, MessageId, WebhookId};
use projections::lanes::LaneId;
use projections::render::Rendered;
use projections::sink::{Answer, History, HistoryError, No, Request, Sink, ThreadState, Threading};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a lane's request waits for the limits before the lane is told to come again: long enough
/// for an answer that is on its way, short enough not to hold one of the requests in flight.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Before a request is tried again that made no connection, milliseconds.
pub const UNREACHABLE_MS: u64 = 2_000;
/// Before a post is made again whose message Discord did not put first, milliseconds.
const DISCARDED_MS: u64 = 10_000;
/// Of a thread that is archived.
const ARCHIVED: u64 = 50083;
/// How long a copy is looked at before an edit that removes files of it: less than a lease holds on behind its end.
const READ_TIME: Duration = Duration::from_secs(1);
/// What the notice in a newly linked channel says.
pub const NOTICE: &str = "This channel is now linked: messages of the mirror appear here.";

/// The same in a forum without any post: its name and its text.
pub const FORUM_NOTICE: (&str, &str) =
    ("This forum is now linked", "This forum is now linked: posts of the mirror appear here.");

/// The sink of this node's lanes.
pub struct DiscordSink {
    rest: Arc<Rest>,
    webhooks: Arc<Webhooks>,
    files: Option<Arc<Files>>,
}

impl DiscordSink {
    /// A sink over a client and its webhooks, which carries no files.
    #[must_use]
    pub const fn new(rest: Arc<Rest>, webhooks: Arc<Webhooks>) -> Self {
        Self { rest, webhooks, files: None }
    }

    /// The same, with the files that lanes fetch.
    #[must_use]
    pub fn with_files(self, files: Option<Arc<Files>>) -> Self {
        Self { files, ..self }
    }

    async fn through_webhook(&self, lane: LaneId, request: Request, thread: Option<ChannelId>) -> Answer {
        let hook = match self.webhooks.open(lane).await {
            Ok(hook) => hook,
            Err(no) => return Answer::No(no),
        };
        let meaning = match self.prepare(&hook, lane, &request).await {
            Ok(call) => match (thread, &request) {
                (Some(thread), _) => self.exchange_in(thread, &call).await,
                (None, Request::Create(part)) if part.post.is_some() => self.exchange_post(&call).await,
                (None, _) => self.exchange(&call).await,
            },
            Err(meaning) => meaning,
        };
        self.heed(lane, &meaning);
        match meaning {
            Meaning::WrongToken(words) => self.wrong_token(lane, &words),
            other => answer(other, hook.id),
        }
    }

    /// The call, or what it means that there is none.
    async fn prepare(&self, hook: &Hook, lane: LaneId, request: &Request) -> Result<Call, Meaning> {
        let calls = &self.rest.calls;
        let built = match request {
            Request::Create(part) => {
                let tags = self.tags(lane, part.post.as_ref()).await.map_err(Meaning::Not)?;
                calls.execute(hook, part, self.uploads(lane, part)?, &tags.unwrap_or_default())
            }
            Request::Edit(copy, part) => {
                let kept = self.kept(hook, *copy, part).await?;
                calls.edit(hook, *copy, part, kept.as_deref())
            }
            Request::Delete(copy, thread) => calls.delete(hook, *copy, *thread),
            Request::Thread(..) | Request::Notice(_) => {
                Err(Unbuildable("a webhook can neither open a thread nor post a notice".to_owned()))
            }
        };
        built.map_err(|error| Meaning::Not(No::Refused(error.0)))
    }

    /// The files that a part carries. Where they are not here any more, they are fetched again.
    fn uploads(&self, lane: LaneId, part: &Rendered) -> Result<Vec<Spooled>, Meaning> {
        if part.files.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<u64> = part.files.iter().map(|file| file.id).collect();
        let taken = self.files.as_ref().and_then(|files| files.take(lane, &ids));
        taken.ok_or_else(|| {
            self.files.iter().for_each(|files| files.forget(lane));
            Meaning::Not(No::Wait(UNREACHABLE_MS))
        })
    }

    /// The ids of the copy's own files that stay, looked up by their order; `None`: all of them.
    async fn kept(&self, hook: &Hook, copy: MessageId, part: &Rendered) -> Result<Option<Vec<u64>>, Meaning> {
        let Some(keep) = &part.keep else { return Ok(None) };
        let unbuildable = |error: Unbuildable| Meaning::Not(No::Refused(error.0));
        let call = self.rest.calls.copy(hook, copy, part.thread).map_err(unbuildable)?;
        let reading = timeout(READ_TIME, self.rest.call(&call, PATIENCE)).await;
        let reply = match reading.unwrap_or_else(|_| Err(Failure::Ambiguous("no answer".to_owned()))) {
            Ok(reply) if reply.status == 200 && reply.whole => reply,
            // Nothing was changed, so nothing is in doubt.
            Ok(reply) => return Err(of_a_read(meaning(call.route.kind, copy, &reply))),
            Err(Failure::Limited(ms)) => return Err(Meaning::Not(No::Wait(ms))),
            Err(Failure::NotConnected(_) | Failure::Ambiguous(_)) => {
                return Err(Meaning::Not(No::Wait(UNREACHABLE_MS)));
            }
        };
        let copy: Copy = serde_json::from_slice(&reply.body).unwrap_or_default();
        let own: Vec<u64> = copy.attachments.iter().filter_map(|file| file.id.parse().ok()).collect();
        Ok(keep.choose(&own))
    }

    /// The ids of a post's tags in the lane's forum; `None`: it is no forum, or this is no post.
    async fn tags(&self, lane: LaneId, post: Option<&ThreadState>) -> Result<Option<Vec<u64>>, No> {
        let (Some(post), Some(forum)) = (post, self.webhooks.home(lane.link).await?.forum) else {
            return Ok(None);
        };
        self.tags_in(forum, &post.tags).await.map(Some)
    }

    async fn tags_in(&self, forum: Forum, names: &[String]) -> Result<Vec<u64>, No> {
        let reading = timeout(READ_TIME, forum.tags(&self.rest, names)).await;
        reading.unwrap_or(Err(No::Wait(UNREACHABLE_MS)))
    }

    async fn notice(&self, lane: LaneId, after: MessageId) -> Answer {
        match self.webhooks.home(lane.link).await {
            Ok(Home { forum: Some(forum), .. }) => return self.notice_in(forum).await,
            Ok(Home { forum: None, .. }) => {}
            Err(no) => return Answer::No(no),
        }
        let meaning = match self.rest.calls.post(lane.link, NOTICE, &nonce(lane, after)) {
            Ok(call) => self.exchange(&call).await,
            Err(error) => Meaning::Not(No::Dead(error.0)),
        };
        answer(meaning, WebhookId::default())
    }

    /// Any post is an anchor; only an empty forum gets one. That cannot be made safe to repeat by a nonce, so it is looked
    /// for first: what a lost answer can cost is a second notice.
    async fn notice_in(&self, forum: Forum) -> Answer {
        match forum.any(&self.rest).await {
            Ok(Some(post)) => return Answer::Yes(post, WebhookId::default()),
            Ok(None) => {}
            Err(HistoryError::Wait(ms)) => return Answer::No(No::Wait(ms)),
            Err(HistoryError::Dead(why)) => return Answer::No(No::Dead(why)),
        }
        let tags = match self.tags_in(forum, &[]).await {
            Ok(tags) => tags,
            Err(no) => return Answer::No(no),
        };
        let meaning = match self.rest.calls.post_in_forum(forum.channel, FORUM_NOTICE, &tags) {
            Ok(call) => self.exchange(&call).await,
            Err(error) => Meaning::Not(No::Dead(error.0)),
        };
        answer(meaning, WebhookId::default())
    }

    /// In a forum itself lie posts, of which the bot is the one to remove them.
    async fn delete(&self, lane: LaneId, copy: MessageId) -> Answer {
        match self.webhooks.home(lane.link).await {
            Ok(Home { forum: Some(_), .. }) => self.thread(lane, copy, &Threading::Remove).await,
            Ok(Home { forum: None, .. }) => {
                self.through_webhook(lane, Request::Delete(copy, None), None).await
            }
            Err(no) => Answer::No(no),
        }
    }

    /// The bot opens, changes and removes threads.
    async fn thread(&self, lane: LaneId, on: MessageId, to: &Threading) -> Answer {
        let state = match to {
            Threading::Change(state) => Some(state),
            Threading::Open(_) | Threading::Remove => None,
        };
        let tags = match self.tags(lane, state).await {
            Ok(tags) => tags,
            Err(no) => return Answer::No(no),
        };
        let meaning = match self.rest.calls.thread(lane.link, on, to, tags.as_deref()) {
            // Archived already: by Discord, or by a request of ours whose answer was lost.
            Ok(call) if state.is_some() => self.exchange_in(ChannelId(on.0), &call).await,
            Ok(call) => self.exchange(&call).await,
            Err(error) => Meaning::Not(No::Refused(error.0)),
        };
        answer(meaning, WebhookId::default())
    }

    /// In a thread more can be missing than the copy, and Discord archives a quiet one by itself.
    async fn exchange_in(&self, thread: ChannelId, call: &Call) -> Meaning {
        let reply = match self.rest.call(call, PATIENCE).await {
            Ok(reply) => reply,
            Err(failure) => return unsent(failure),
        };
        match Fault::read(&reply).map(|fault| fault.code) {
            Some(UNKNOWN_CHANNEL) => Meaning::Not(No::Missing),
            Some(ARCHIVED) => self.unarchive(thread).await,
            Some(_) | None => meaning(call.route.kind, MessageId(call.route.message), &reply),
        }
    }

    /// The request had no effect: once the thread is open, it is sent again.
    async fn unarchive(&self, thread: ChannelId) -> Meaning {
        let opened = match self.rest.calls.unarchive(thread) {
            Ok(call) => self.exchange(&call).await,
            Err(error) => Meaning::Not(No::Refused(error.0)),
        };
        match opened {
            Meaning::Done(_) => Meaning::Not(No::Wait(0)),
            Meaning::Not(no) => Meaning::Not(no),
            Meaning::WrongToken(words) => Meaning::Not(dead_token(&words)),
            Meaning::Unknown(_) => Meaning::Not(No::Wait(UNREACHABLE_MS)),
        }
    }

    /// Once in a while Discord makes a post and puts the message behind its beginning, where it has an id of its own
    /// (discord-api-docs issue 6839). Such a post is removed, and then nothing was posted.
    async fn exchange_post(&self, call: &Call) -> Meaning {
        let reply = match self.rest.call(call, PATIENCE).await {
            Ok(reply) => reply,
            Err(failure) => return unsent(failure),
        };
        let meaning = meaning(call.route.kind, MessageId(call.route.message), &reply);
        let lies = serde_json::from_slice::<Lies>(&reply.body).ok();
        let lies = lies.and_then(|lies| lies.channel_id.parse().ok()).map(|ChannelId(id)| MessageId(id));
        match (&meaning, lies) {
            (Meaning::Done(message), Some(post)) if post != *message => self.discard(post).await,
            (_, _) => meaning,
        }
    }

    async fn discard(&self, post: MessageId) -> Meaning {
        telemetry::post_discarded(post);
        let removed = match self.rest.calls.thread(ChannelId(post.0), post, &Threading::Remove, None) {
            Ok(call) => self.exchange(&call).await,
            Err(error) => Meaning::Unknown(error.0),
        };
        match removed {
            Meaning::Done(_) | Meaning::Not(No::Missing) => Meaning::Not(No::Wait(DISCARDED_MS)),
            Meaning::Not(_) | Meaning::WrongToken(_) | Meaning::Unknown(_) => {
                Meaning::Unknown("a post without its first message could not be removed".to_owned())
            }
        }
    }

    async fn exchange(&self, call: &Call) -> Meaning {
        match self.rest.call(call, PATIENCE).await {
            Ok(reply) => meaning(call.route.kind, MessageId(call.route.message), &reply),
            Err(failure) => unsent(failure),
        }
    }

    /// A webhook that Discord has deleted is not asked again: the next opening looks for another.
    fn heed(&self, lane: LaneId, meaning: &Meaning) {
        match meaning {
            Meaning::Done(_) => self.webhooks.worked(lane),
            Meaning::Not(No::Dead(_)) => self.webhooks.forget(lane),
            Meaning::Not(No::Wait(_) | No::Missing | No::Refused(_))
            | Meaning::WrongToken(_)
            | Meaning::Unknown(_) => {}
        }
    }

    fn wrong_token(&self, lane: LaneId, words: &str) -> Answer {
        let again = self.webhooks.refused(lane);
        Answer::No(if again { No::Wait(0) } else { dead_token(words) })
    }
}

#[async_trait]
impl Sink for DiscordSink {
    async fn send(&self, lane: LaneId, request: Request) -> Answer {
        match request {
            Request::Notice(after) => self.notice(lane, after).await,
            Request::Thread(on, to) => self.thread(lane, on, &to).await,
            Request::Create(ref part) | Request::Edit(_, ref part) => {
                let thread = part.thread;
                self.through_webhook(lane, request, thread).await
            }
            Request::Delete(copy, None) => self.delete(lane, copy).await,
            Request::Delete(_, thread) => self.through_webhook(lane, request, thread).await,
        }
    }

    async fn history(
        &self,
        lane: LaneId,
        thread: Option<ChannelId>,
        after: MessageId,
    ) -> Result<History, HistoryError> {
        let hook = self.webhooks.open(lane).await.map_err(|no| match no {
            No::Wait(ms) => HistoryError::Wait(ms),
            No::Dead(why) | No::Refused(why) => HistoryError::Dead(why),
            No::Missing => HistoryError::Dead("the webhook cannot be found".to_owned()),
        })?;
        if let (None, Ok(Home { forum: Some(forum), .. })) = (thread, self.webhooks.home(lane.link).await) {
            return forum.posts(&self.rest, after, hook.id).await;
        }
        let page = match thread {
            Some(thread) => history::page_of_thread(&self.rest, thread, after).await?,
            None => history::page(&self.rest, lane.link, after, history::PATIENCE).await?,
        };
        Ok(page.seen_by(hook.id))
    }
}

fn unsent(failure: Failure) -> Meaning {
    match failure {
        Failure::Limited(ms) => Meaning::Not(No::Wait(ms)),
        Failure::NotConnected(_) => Meaning::Not(No::Wait(UNREACHABLE_MS)),
        Failure::Ambiguous(why) => Meaning::Unknown(why),
    }
}

/// A copy, as far as its files go.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Copy {
    attachments: Vec<Own>,
}

/// Where a message lies.
#[derive(Deserialize)]
struct Lies {
    channel_id: String,
}

#[derive(Deserialize)]
struct Own {
    id: String,
}

/// A read that did not succeed had no effect either.
fn of_a_read(meaning: Meaning) -> Meaning {
    match meaning {
        Meaning::Done(_) | Meaning::Unknown(_) => Meaning::Not(No::Wait(UNREACHABLE_MS)),
        Meaning::Not(_) | Meaning::WrongToken(_) => meaning,
    }
}

fn answer(meaning: Meaning, hook: WebhookId) -> Answer {
    match meaning {
        Meaning::Done(message) => Answer::Yes(message, hook),
        Meaning::Not(no) => Answer::No(no),
        Meaning::WrongToken(words) => Answer::No(dead_token(&words)),
        Meaning::Unknown(why) => Answer::Ambiguous(why),
    }
}

/// The same for a notice of a lane whenever it is sent, and 25 characters at most: eight digits of the mirror, and 16 of
/// the channel and what the notice is to follow.
fn nonce(lane: LaneId, after: MessageId) -> String {
    let mirror = lane.mirror.0.simple().to_string();
    // Turned, so that two ids of about the same time do not cancel each other out.
    format!("{}-{:x}", &mirror[..8], lane.link.0 ^ after.0.rotate_left(32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::calls::NONCE_CHARS_MAX;
    use events::MirrorId;

    #[test]
    fn a_nonce_fits_and_is_the_lanes_own() {
        let lane =
            |mirror, link| LaneId { mirror: MirrorId(uuid::Uuid::from_u128(mirror)), link: ChannelId(link) };
        let longest = nonce(lane(u128::MAX, u64::MAX), MessageId(0));
        assert!(longest.len() <= NONCE_CHARS_MAX, "{longest}");
        let of = |mirror, link, after| nonce(lane(mirror, link), MessageId(after));
        assert_ne!(of(1 << 127, 5, 7), of(1 << 126, 5, 7));
        assert_ne!(of(1, 5, 7), of(1, 6, 7));
        assert_ne!(of(1, 5, 7), of(1, 5, 8), "one whose anchors are gone is to be posted, not found");
        assert_eq!(of(1, 5, 7), of(1, 5, 7));
    }
}
