//! A channel as Discord keeps it: ids grow with time, effects may come late, history may lag or be denied.

use crate::render::Rendered;
use crate::sink::{Answer, HistoryError, No, Request, Seen};
use events::id::DISCORD_EPOCH_MS;
use events::{MessageId, Version, WebhookId};
use std::collections::BTreeMap;

/// When the world begins, on Discord's own clock.
const BEGINNING_MS: u64 = 300_000_000_000;

/// The wall clock at `now_ms` of the world.
pub fn wall(now_ms: u64) -> Version {
    Version(((DISCORD_EPOCH_MS + BEGINNING_MS + now_ms) * 1000) as i64)
}

/// The `count`-th id of that millisecond.
pub fn id_at(now_ms: u64, count: u64) -> MessageId {
    MessageId(((BEGINNING_MS + now_ms) << 22) | count)
}

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Effect and answer.
    Yes,
    /// Effect, but the answer is lost.
    Lost,
    /// No effect, and nobody says so.
    Never,
    /// No answer; the effect comes so many milliseconds later.
    Late(u64),
    /// An answer that says that there was no effect.
    No(No),
}

/// One message there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What it shows; `None`: a user's own, or the notice.
    pub shown: Option<Rendered>,
    /// Our webhook posted it.
    pub ours: bool,
}

/// The channel of one link.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// What is there.
    pub live: BTreeMap<MessageId, Post>,
    /// What our requests removed.
    pub removed: Vec<(MessageId, Post)>,
    /// Messages of our webhook that appeared, for the gateway to tell.
    pub echoes: Vec<MessageId>,
    /// Copies whose removal, by whomever, the gateway is still to tell.
    pub deletions: Vec<MessageId>,
    /// READ_MESSAGE_HISTORY was taken away: history is an empty list.
    pub denied: bool,
    /// History does not show what is younger than this.
    pub lag_ms: u64,
    /// Posts of our webhook, ever.
    pub posted: usize,
    pending: Vec<(u64, Request)>,
    notices: BTreeMap<MessageId, MessageId>,
    now_ms: u64,
    count: u64,
}

/// The webhook of every link.
pub const WEBHOOK: WebhookId = WebhookId(77);

impl Channel {
    /// Lets time pass: late effects happen when they are due.
    pub fn pass(&mut self, now_ms: u64) {
        while let Some(at) = (0..self.pending.len()).min_by_key(|at| self.pending[*at].0) {
            if self.pending[at].0 > now_ms {
                break;
            }
            let (due, request) = self.pending.remove(at);
            self.now_ms = self.now_ms.max(due);
            let _ = self.perform(&request);
        }
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// Somebody's own message.
    pub fn say(&mut self) -> MessageId {
        let id = self.fresh();
        self.live.insert(id, Post { shown: None, ours: false });
        id
    }

    /// Somebody else uses our webhook.
    pub fn say_as_us(&mut self) -> MessageId {
        let id = self.fresh();
        self.live.insert(id, Post { shown: Some(Rendered::default()), ours: true });
        id
    }

    /// A moderator removes a message.
    pub fn remove(&mut self, id: MessageId) {
        if self.live.remove(&id).is_some() {
            self.deletions.push(id);
        }
    }

    /// Copies of ours that are there.
    pub fn copies(&self) -> impl Iterator<Item = (MessageId, &Rendered)> {
        self.live.iter().filter_map(|(id, post)| Some((*id, post.shown.as_ref().filter(|_| post.ours)?)))
    }

    /// Sends a request, with this fate.
    pub fn send(&mut self, request: Request, fate: Fate) -> Answer {
        let lost = || Answer::Ambiguous("no answer".to_owned());
        match fate {
            Fate::Yes => self.perform(&request),
            Fate::Lost => {
                let _ = self.perform(&request);
                lost()
            }
            Fate::Never => lost(),
            Fate::Late(ms) => {
                self.pending.push((self.now_ms + ms, request));
                lost()
            }
            Fate::No(no) => Answer::No(no),
        }
    }

    fn perform(&mut self, request: &Request) -> Answer {
        match request {
            Request::Create(rendered) => {
                let id = self.fresh();
                self.posted += 1;
                self.live.insert(id, Post { shown: Some((**rendered).clone()), ours: true });
                self.echoes.push(id);
                Answer::Yes(id, WEBHOOK)
            }
            Request::Edit(id, rendered) => match self.live.get_mut(id).filter(|post| post.ours) {
                Some(post) => {
                    post.shown = Some((**rendered).clone());
                    Answer::Yes(*id, WEBHOOK)
                }
                None => Answer::No(No::Missing),
            },
            Request::Delete(id, _) => match self.live.remove(id) {
                Some(post) => {
                    self.removed.push((*id, post));
                    self.deletions.push(*id);
                    Answer::Yes(*id, WEBHOOK)
                }
                None => Answer::No(No::Missing),
            },
            Request::Thread(on, _) => Answer::Yes(*on, WebhookId(0)),
            Request::Notice(after) => {
                if let Some(&id) = self.notices.get(after) {
                    // Its nonce is remembered, whatever has become of the message.
                    let there = self.live.contains_key(&id);
                    return if there { Answer::Yes(id, WebhookId(0)) } else { Answer::No(No::Missing) };
                }
                let id = self.fresh();
                self.notices.insert(*after, id);
                self.live.insert(id, Post { shown: None, ours: false });
                Answer::Yes(id, WebhookId(0))
            }
        }
    }

    /// All messages behind `after`, as far as history shows them.
    pub fn history(&self, after: MessageId) -> Result<Vec<Seen>, HistoryError> {
        if self.denied {
            return Ok(Vec::new());
        }
        let young = id_at(self.now_ms.saturating_sub(self.lag_ms), u64::from(self.lag_ms == 0) << 20);
        let shown = self.live.range(after..).filter(|(id, _)| **id > after && **id < young);
        Ok(shown.map(|(id, post)| Seen { id: *id, ours: post.ours }).collect())
    }

    fn fresh(&mut self) -> MessageId {
        self.count += 1;
        id_at(self.now_ms, self.count)
    }
}
