//! The revisions of a source message: each edit and delete, for lineage. The first text is in its
//! `created` register.

use crate::change::{Column, Row};
use crate::key::{Bucket, Generation, Key, Prefix, RowKey};
use crate::views::{Scan, Views, ViewsError, scan_all};
use events::event::Said;
use events::{EventId, MessageId, MirrorId, Version};

/// One edit or delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// When: of an edit the author's time, of a delete that of the first who saw it.
    pub version: Version,
    /// The event that said so.
    pub event: EventId,
    /// The whole new text; `None`: the message was deleted.
    pub said: Option<Said>,
}

impl Revision {
    /// Reads a revision row; `None` where it is none.
    ///
    /// Its `value` register is written by [`crate::project()`]: the text as in `said`, or nothing.
    #[must_use]
    pub fn read(key: &RowKey, row: &Row) -> Option<Self> {
        match key {
            RowKey::Revision { version, event, .. } => {
                let said = row.get(Column::Value)?.read()?;
                Some(Self { version: *version, event: *event, said })
            }
            RowKey::Message(_) | RowKey::Copy { .. } | RowKey::CopyIndex(_) | RowKey::Setting { .. } => None,
        }
    }
}

/// The revisions of `message` by version. A delete that several nodes saw is one.
///
/// # Errors
/// When the views do not answer.
pub async fn revisions_of(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    message: MessageId,
) -> Result<Vec<Revision>, ViewsError> {
    let (bucket, prefix) = (Bucket::of(message), Prefix::RevisionsOf(message));
    let scan = Scan { mirror, generation, bucket, prefix, after: None, limit: PAGE };
    Ok(once_each(&scan_all(views, scan).await?))
}

/// Rows read at a time.
const PAGE: usize = 200;

fn once_each(rows: &[(Key, Row)]) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = Vec::new();
    for revision in rows.iter().filter_map(|(key, row)| Revision::read(&key.row, row)) {
        if revisions.iter().all(|known| known.event != revision.event) {
            revisions.push(revision);
        }
    }
    revisions
}
