//! A census: what a build of a mirror's views holds, counted.

use crate::ports::JobError;
use crate::when;
use events::MirrorId;
use projections::copies::copies_of;
use projections::digest::digest;
use projections::key::{Bucket, Kind, Prefix, RowKey};
use projections::message::Message;
use projections::settings::{Settings, bucket_of_key, scan_kind};
use projections::views::{Scan, scan_all};
use projections::{Generation, Views};
use serde::{Deserialize, Serialize};

/// What a build holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Open links.
    pub links: u64,
    /// Source messages that stand.
    pub messages: u64,
    /// Source messages that were deleted.
    pub deleted: u64,
    /// Copies that are there.
    pub copies: u64,
    /// Copies that are gone.
    pub copies_gone: u64,
    /// Refusals.
    pub refused: u64,
    /// The build's digest.
    pub digest: String,
    /// The newest messages that stand, oldest first.
    pub newest: Vec<Line>,
}

/// One message in a census.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it was written.
    pub time: String,
    /// Its id.
    pub message: String,
    /// Its author's display name.
    pub author: String,
    /// Its text.
    pub text: String,
}

/// Messages named in a census.
const NEWEST: usize = 10;

/// Counts a build, bucket by bucket.
///
/// # Errors
/// When the views do not answer.
pub async fn census(views: &dyn Views, mirror: MirrorId, generation: Generation) -> Result<Census, JobError> {
    let settings = Settings::load(views, mirror, generation).await?;
    let mut census = Census {
        links: settings.links.values().filter(|link| link.is_open()).count() as u64,
        digest: digest(views, mirror, generation).await?.to_string(),
        ..Census::default()
    };
    for bucket in buckets(views, mirror, generation).await? {
        for message in messages(views, mirror, generation, bucket).await? {
            let copies = copies_of(views, mirror, generation, message.id).await?;
            let live = copies.copies.iter().filter(|copy| copy.is_live()).count() as u64;
            census.copies += live;
            census.copies_gone += copies.copies.len() as u64 - live;
            census.refused += copies.refused.len() as u64;
            census.count(&message);
        }
    }
    Ok(census)
}

impl Census {
    /// A row without its first text is a copy's own removal, or an edit that came first: not counted.
    fn count(&mut self, message: &Message) {
        let Some((_, created)) = &message.created else { return };
        if message.deleted.is_some() {
            self.deleted += 1;
            return;
        }
        self.messages += 1;
        if self.newest.len() == NEWEST {
            self.newest.remove(0);
        }
        self.newest.push(Line {
            time: when::shown(message.id.made()),
            message: message.id.to_string(),
            author: created.author.name.clone(),
            text: message.said().map(|said| said.text.clone()).unwrap_or_default(),
        });
    }
}

/// The buckets of a build, oldest first.
///
/// # Errors
/// When the views do not answer.
pub async fn buckets(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
) -> Result<Vec<Bucket>, JobError> {
    let rows = scan_kind(views, mirror, generation, Kind::Bucket).await?;
    Ok(rows.iter().filter_map(|(key, _)| bucket_of_key(&key.row)).collect())
}

/// The messages of one bucket, oldest first.
///
/// # Errors
/// When the views do not answer.
pub async fn messages(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    bucket: Bucket,
) -> Result<Vec<Message>, JobError> {
    const PAGE: usize = 1000;
    let scan = Scan { mirror, generation, bucket, prefix: Prefix::Messages, after: None, limit: PAGE };
    let rows = scan_all(views, scan).await?;
    let read = |(key, row): &(projections::Key, projections::Row)| match key.row {
        RowKey::Message(id) => Some(Message::read(id, row)),
        RowKey::Copy { .. } | RowKey::Revision { .. } | RowKey::CopyIndex(_) | RowKey::Setting { .. } => None,
    };
    Ok(rows.iter().filter_map(read).collect())
}
