//! A message's files, fetched before its copy is sent, and carried as bytes.
//!
//! ```text
//! eligible? ─> fetch (host list, public address, length, time) ─> spool ─> multipart, once
//!     └──────── whatever fails: that file is a link ────────┘
//! ```
//! A link is as good as a copy that comes late, so nothing here is waited for long, and nothing is tried twice but an
//! address whose signature may have expired.

mod address;
mod fetch;
mod source;
mod spool;

#[cfg(test)]
mod tests;

pub use fetch::{Refusal, Resolve, System};
pub use source::Origin;
pub use spool::{SPOOL_BYTES_MAX, Spooled};

use super::rest::Rest;
use events::MessageId;
use events::event::Attachment;
use fetch::Fetcher;
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use projections::lanes::LaneId;
use source::Source;
use spool::Spool;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// One request, in bytes, with room for what is not files. Source: Discord, "Uploading Files": 25 MiB.
pub const REQUEST_BYTES_MAX: u64 = (25 << 20) - (256 << 10);
/// Files of one message. Source: Discord takes ten.
pub const FILES_MAX: usize = 10;
/// Files of one message that are fetched at once.
const AT_ONCE: usize = 3;
/// All files of one message, with an expired address asked for anew.
const FETCH_TIME: Duration = Duration::from_secs(15);

/// What is carried, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Largest file, in bytes; zero: none is carried.
    pub file_bytes_max: u64,
    /// An origin besides Discord's own.
    pub added: Option<Origin>,
    /// Where files lie until they are sent.
    pub folder: PathBuf,
}

/// The files of this node's lanes.
pub struct Files {
    settings: Settings,
    fetcher: Fetcher,
    spool: Spool,
    /// Asked for addresses that have expired.
    rest: Option<Arc<Rest>>,
    /// What each lane is about to send.
    held: Mutex<HashMap<LaneId, Held>>,
}

/// What was fetched of one message, or that nothing of it is carried.
struct Held {
    message: MessageId,
    files: Vec<(u64, Spooled)>,
}

impl Files {
    /// Fetches by the system's resolver and its trusted certificates.
    ///
    /// # Errors
    /// In words for the operator, where there are no certificates.
    pub fn new(settings: Settings, rest: Option<Arc<Rest>>) -> Result<Self, String> {
        let tls = crate::tls::client(None)?.with_no_client_auth();
        Ok(Self::over(settings, rest, Fetcher { resolver: Arc::new(System), tls: Arc::new(tls) }))
    }

    fn over(settings: Settings, rest: Option<Arc<Rest>>, fetcher: Fetcher) -> Self {
        let spool = Spool::new(settings.folder.clone(), SPOOL_BYTES_MAX);
        Self { settings, fetcher, spool, rest, held: Mutex::default() }
    }

    /// The ids of the files of `message` that its copy carries: those that were fetched, or before that those that may
    /// be, in order.
    #[must_use]
    pub fn carried(&self, lane: LaneId, message: MessageId, attachments: &[Attachment]) -> Vec<u64> {
        match self.held().get(&lane).filter(|held| held.message == message) {
            Some(held) => held.files.iter().map(|(id, _)| *id).collect(),
            None => self.eligible(attachments).into_iter().map(|attachment| attachment.id).collect(),
        }
    }

    /// Whether it is known already which files of `message` are carried.
    #[must_use]
    pub fn is_settled(&self, lane: LaneId, message: MessageId) -> bool {
        self.held().get(&lane).is_some_and(|held| held.message == message)
    }

    /// Fetches what may be carried of `message`; afterwards it is settled.
    pub async fn fetch(&self, lane: LaneId, message: MessageId, attachments: &[Attachment]) {
        let fetching: Vec<BoxFuture<'_, _>> =
            self.eligible(attachments).into_iter().map(|attachment| self.one(attachment).boxed()).collect();
        let fetching = futures_util::stream::iter(fetching).buffered(AT_ONCE);
        let mut files = Vec::new();
        let mut fetching = std::pin::pin!(fetching);
        let all = async {
            while let Some((id, fetched)) = fetching.next().await {
                match fetched {
                    Ok(spooled) => files.push((id, spooled)),
                    Err(why) => {
                        tracing::info!(channel = lane.link.0, file = id, %why, "a file is shown as a link")
                    }
                }
            }
        };
        if timeout(FETCH_TIME, all).await.is_err() {
            tracing::info!(channel = lane.link.0, "files that took too long are shown as links");
        }
        self.held().insert(lane, Held { message, files });
    }

    /// The files to send, in the order of `ids`; `None`: they are not all here.
    #[must_use]
    pub fn take(&self, lane: LaneId, ids: &[u64]) -> Option<Vec<Spooled>> {
        let held = self.held();
        let held = held.get(&lane)?;
        let find = |id: &u64| held.files.iter().find(|(known, _)| known == id).map(|(_, file)| file.clone());
        ids.iter().map(find).collect()
    }

    /// Discord did not take them: what is sent next of `message` has links.
    pub fn refuse(&self, lane: LaneId, message: MessageId) {
        self.held().insert(lane, Held { message, files: Vec::new() });
    }

    /// The lane is done with a message, or with its work.
    pub fn forget(&self, lane: LaneId) {
        self.held().remove(&lane);
    }

    /// Those that may be carried: from where files are fetched, not too large, not too many.
    fn eligible<'a>(&self, attachments: &'a [Attachment]) -> Vec<&'a Attachment> {
        let mut room = REQUEST_BYTES_MAX;
        let mut eligible: Vec<&Attachment> = Vec::new();
        for attachment in attachments.iter().filter(|attachment| self.may_be_carried(attachment)) {
            let is_new = eligible.iter().all(|known| known.id != attachment.id);
            if is_new && attachment.size <= room && eligible.len() < FILES_MAX {
                room -= attachment.size;
                eligible.push(attachment);
            }
        }
        eligible
    }

    fn may_be_carried(&self, attachment: &Attachment) -> bool {
        let fits = (1..=self.settings.file_bytes_max).contains(&attachment.size);
        fits && attachment.id != 0 && Source::parse(&attachment.url, self.settings.added.as_ref()).is_some()
    }

    async fn one(&self, attachment: &Attachment) -> (u64, Result<Spooled, Refusal>) {
        let first = self.from(&attachment.url, attachment.size).await;
        let fetched = match first {
            Err(why) if why.may_be_expired() => match self.refreshed(&attachment.url).await {
                Some(url) => self.from(&url, attachment.size).await,
                None => Err(why),
            },
            other => other,
        };
        (attachment.id, fetched)
    }

    async fn from(&self, url: &str, bytes: u64) -> Result<Spooled, Refusal> {
        let source = Source::parse(url, self.settings.added.as_ref()).ok_or(Refusal::Elsewhere)?;
        self.fetcher.fetch(&source, self.spool.room(bytes)?).await
    }

    /// A signed address that was good for a day, signed anew.
    async fn refreshed(&self, url: &str) -> Option<String> {
        super::refresh::refreshed(self.rest.as_ref()?, url).await
    }

    fn held(&self) -> MutexGuard<'_, HashMap<LaneId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
