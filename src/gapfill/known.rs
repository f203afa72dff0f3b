//! What the views know of a channel's recent past: what was written there and in its threads, and the copies that we
//! posted.

use super::compare::{Entry, Known};
use crate::links::Table;
use events::event::Thread;
use events::{ChannelId, MessageId, MirrorId, Version};
use projections::Generation;
use projections::change::Column;
use projections::copies::CopySource;
use projections::key::{Bucket, Key, Prefix, RowKey};
use projections::message::Message;
use projections::views::{Scan, Views, scan_all};
use std::collections::BTreeMap;
use tools::{JobError, Ports};

/// Messages of a channel that are compared with its history: five pages of it.
pub const COMPARED_MAX: usize = 500;
/// Hours before the loss that are compared.
pub const HOURS_MAX: u32 = 48;
/// Rows of views read at a time.
const PAGE: usize = 1_000;

/// What the views know of `channel`, from [`HOURS_MAX`] before `from` on, at most [`COMPARED_MAX`].
///
/// # Errors
/// When the views do not answer.
pub async fn known(
    ports: &Ports,
    table: &Table,
    channel: ChannelId,
    from: Version,
) -> Result<Known, JobError> {
    let mut all = Vec::new();
    for member in table.members(channel) {
        let generation = ports.lanes.control(member.mirror).await?.active;
        let is_forum = table.is_forum(channel);
        let of = Of { views: &*ports.views, mirror: member.mirror, generation, channel, is_forum };
        all.push((member.publishes, of.recent(from).await?));
    }
    let mut known = joined(&all);
    known.limit(COMPARED_MAX);
    Ok(known)
}

/// What is known in each mirror that the channel publishes to is known.
fn joined(all: &[(bool, Known)]) -> Known {
    let publishing: Vec<_> = all.iter().filter(|(publishes, _)| *publishes).map(|(_, known)| known).collect();
    let everywhere = |id: &MessageId, is: &dyn Fn(&Entry) -> bool| {
        publishing.iter().all(|known| known.entries.get(id).is_some_and(is))
    };
    let mut joined = Known {
        entries: BTreeMap::new(),
        older: all.iter().any(|(_, known)| known.older),
        threads: all.iter().flat_map(|(_, known)| known.threads.clone()).collect(),
    };
    for (id, entry) in all.iter().flat_map(|(_, known)| &known.entries) {
        let edited =
            publishing.iter().filter_map(|known| known.entries.get(id)).map(|entry| entry.edited).min();
        let written = entry.written && everywhere(id, &|entry| entry.written);
        joined.entries.insert(*id, Entry { written, edited: edited.unwrap_or_default(), ..*entry });
    }
    joined
}

/// One channel in one mirror.
#[derive(Clone, Copy)]
struct Of<'a> {
    views: &'a dyn Views,
    mirror: MirrorId,
    generation: Generation,
    channel: ChannelId,
    is_forum: bool,
}

impl Of<'_> {
    async fn recent(self, from: Version) -> Result<Known, JobError> {
        let since = Bucket(Bucket::of(MessageId::first_at(from)).0.saturating_sub(HOURS_MAX));
        let buckets = tools::census::buckets(self.views, self.mirror, self.generation).await?;
        let mut known = Known { older: buckets.iter().any(|bucket| *bucket < since), ..Known::default() };
        for bucket in buckets.into_iter().rev().take_while(|bucket| *bucket >= since) {
            if known.entries.len() >= COMPARED_MAX {
                known.older = true;
                break;
            }
            self.copied(bucket, &mut known).await?;
            self.written(bucket, &mut known).await?;
        }
        Ok(known)
    }

    async fn written(self, bucket: Bucket, known: &mut Known) -> Result<(), JobError> {
        for message in tools::census::messages(self.views, self.mirror, self.generation, bucket).await? {
            let created = message.created.as_ref().filter(|(_, created)| created.channel == self.channel);
            // A thread may stand on a copy, too.
            let is_here = created.is_some() || known.entries.contains_key(&message.id);
            let stands = message.thread.as_ref().is_some_and(|(_, thread)| !thread.deleted);
            if is_here && stands {
                known.threads.insert(ChannelId(message.id.0));
            }
            if let Some((_, created)) = created {
                // A post's first message stands in the post, though it has no other place than the forum.
                let own = self.is_forum.then_some(ChannelId(message.id.0));
                known.entries.insert(message.id, entry(&message, created.thread.or(own)));
            }
        }
        Ok(())
    }

    async fn copied(self, bucket: Bucket, known: &mut Known) -> Result<(), JobError> {
        let Self { mirror, generation, .. } = self;
        let scan = Scan { mirror, generation, bucket, prefix: Prefix::CopyIndex, after: None, limit: PAGE };
        for (key, row) in scan_all(self.views, scan).await? {
            let RowKey::CopyIndex(copy) = key.row else { continue };
            let source = row.get(Column::Source).and_then(|register| register.read::<CopySource>());
            if let Some(source) = source.filter(|source| source.link == self.channel) {
                let gone = row.get(Column::Gone).is_some();
                known.entries.insert(copy, Entry { gone, thread: source.thread, ..Entry::default() });
            }
        }
        Ok(())
    }
}

/// What the views know of one thread, in every mirror that its channel publishes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownThread {
    /// As it was last seen, the same in each.
    pub state: Option<Thread>,
    /// The message that it stands on is known.
    pub rooted: bool,
}

/// Reads what is known of a thread of `channel`.
///
/// # Errors
/// When the views do not answer.
pub async fn known_thread(
    ports: &Ports,
    table: &Table,
    channel: ChannelId,
    thread: ChannelId,
) -> Result<KnownThread, JobError> {
    let root = MessageId(thread.0);
    let mut all = Vec::new();
    for member in table.members(channel).iter().filter(|member| member.publishes) {
        let generation = ports.lanes.control(member.mirror).await?.active;
        let key =
            Key { mirror: member.mirror, generation, bucket: Bucket::of(root), row: RowKey::Message(root) };
        let rows = ports.views.get(&[key]).await.map_err(JobError::from)?;
        all.push(rows.first().map(|row| Message::read(root, row)).unwrap_or_default());
    }
    let state = |message: &Message| message.thread.as_ref().map(|(_, thread)| thread.clone());
    let first = all.first().and_then(state);
    Ok(KnownThread {
        state: first.filter(|first| all.iter().all(|message| state(message).as_ref() == Some(first))),
        rooted: all.iter().all(|message| message.created.is_some()),
    })
}

fn entry(message: &Message, thread: Option<ChannelId>) -> Entry {
    Entry {
        thread,
        written: message.created.is_some(),
        edited: message.edited.as_ref().map_or(Version(0), |(version, _)| *version),
        gone: message.deleted.is_some(),
    }
}
