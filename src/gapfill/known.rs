//! What the views know of a channel's recent past: what was written there, and the copies that we posted.

use super::compare::{Entry, Known};
use crate::links::Table;
use events::{ChannelId, MessageId, MirrorId, Version};
use projections::Generation;
use projections::change::Column;
use projections::copies::CopySource;
use projections::key::{Bucket, Prefix, RowKey};
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
        let of = Of { views: &*ports.views, mirror: member.mirror, generation, channel };
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
    let mut joined = Known { entries: BTreeMap::new(), older: all.iter().any(|(_, known)| known.older) };
    for (id, entry) in all.iter().flat_map(|(_, known)| &known.entries) {
        let edited =
            publishing.iter().filter_map(|known| known.entries.get(id)).map(|entry| entry.edited).min();
        let written = entry.written && everywhere(id, &|entry| entry.written);
        joined.entries.insert(*id, Entry { written, edited: edited.unwrap_or_default(), gone: entry.gone });
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
            self.written(bucket, &mut known).await?;
            self.copied(bucket, &mut known).await?;
        }
        Ok(known)
    }

    async fn written(self, bucket: Bucket, known: &mut Known) -> Result<(), JobError> {
        for message in tools::census::messages(self.views, self.mirror, self.generation, bucket).await? {
            let here = message.created.as_ref().is_some_and(|(_, created)| created.channel == self.channel);
            if here {
                known.entries.insert(message.id, entry(&message));
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
            if source.is_some_and(|source| source.link == self.channel) {
                let gone = row.get(Column::Gone).is_some();
                known.entries.insert(copy, Entry { gone, ..Entry::default() });
            }
        }
        Ok(())
    }
}

fn entry(message: &Message) -> Entry {
    Entry {
        written: message.created.is_some(),
        edited: message.edited.as_ref().map_or(Version(0), |(version, _)| *version),
        gone: message.deleted.is_some(),
    }
}
