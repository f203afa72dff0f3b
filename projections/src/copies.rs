//! The copies of a source message, and the way back from a copy to its source.

use crate::change::{Column, Row};
use crate::key::{Bucket, Generation, Key, Prefix, RowKey};
use crate::register::Register;
use crate::views::{Scan, Views, ViewsError, scan_all};
use events::event::{GoneBy, Shown, ThreadShown};
use events::{ChannelId, MessageId, MirrorId, Version};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One copy. Discord never uses an id twice, so `gone` is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Its own id.
    pub id: MessageId,
    /// The channel it lies in.
    pub link: ChannelId,
    /// Which part of the source message, from 0.
    pub part: u16,
    /// The thread that it lies in.
    pub within: Option<ChannelId>,
    /// What it shows, with the version of the receipt. `None`: only its removal is known.
    pub shown: Option<(Version, Shown)>,
    /// That it is gone, since when and by whom.
    pub gone: Option<(Version, GoneBy)>,
    /// What its thread was made to show, with the version of the receipt. The source itself has such a row too,
    /// where its thread was opened for one that people made on a copy.
    pub thread: Option<(Version, ThreadShown)>,
}

/// A source message that Discord did not take in one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The receiving channel.
    pub link: ChannelId,
    /// Which part.
    pub part: u16,
    /// The version of the receipt.
    pub at: Version,
    /// What was refused, and why.
    pub cell: RefusedCell,
}

/// The `refused` register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCell {
    /// The source version refused.
    pub version: Version,
    /// Discord's words.
    pub reason: String,
}

/// The `source` register of the copy index: what a copy stands for. Never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopySource {
    /// The source message; its bucket follows from it.
    pub source: MessageId,
    /// The channel that the copy lies in.
    pub link: ChannelId,
    /// Which part of the source.
    pub part: u16,
    /// The thread that the copy lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ChannelId>,
}

/// What is known of one source message's copies, live and gone, and of its refusals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// The copies by (link, part, id).
    pub copies: Vec<Copy>,
    /// The refusals by (link, part).
    pub refused: Vec<Refused>,
}

impl Copy {
    /// Whether it still is there.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.gone.is_none()
    }
}

/// Who removed a copy, by its own row and its row in the copy index: us if we say so, for our own delete
/// comes back from Discord as one by somebody.
#[must_use]
pub fn gone(copy: &Row, index: &Row) -> Option<(Version, GoneBy)> {
    let ours: Option<(Version, GoneBy)> = read(copy.get(Column::Gone));
    match ours {
        Some((_, GoneBy::Us)) => ours,
        Some((_, GoneBy::Another)) | None => read(index.get(Column::Gone)).or(ours),
    }
}

/// The copies of `source` in one link.
///
/// # Errors
/// When the views do not answer.
pub async fn copies_in(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    source: MessageId,
    link: ChannelId,
) -> Result<Copies, ViewsError> {
    let of = Of { views, mirror, generation };
    of.copies(source, Prefix::CopiesIn(source, link)).await
}

/// The copies of `source` in all links.
///
/// # Errors
/// When the views do not answer.
pub async fn copies_of(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    source: MessageId,
) -> Result<Copies, ViewsError> {
    let of = Of { views, mirror, generation };
    of.copies(source, Prefix::CopiesOf(source)).await
}

/// What `copy` stands for, or `None` where it is no copy that we know.
///
/// # Errors
/// When the views do not answer.
pub async fn source_of(
    views: &dyn Views,
    mirror: MirrorId,
    generation: Generation,
    copy: MessageId,
) -> Result<Option<CopySource>, ViewsError> {
    let key = Of { views, mirror, generation }.index_key(copy);
    let rows = views.get(&[key]).await?;
    Ok(rows.first().and_then(|row| row.get(Column::Source)?.read()))
}

#[derive(Clone, Copy)]
struct Of<'a> {
    views: &'a dyn Views,
    mirror: MirrorId,
    generation: Generation,
}

impl Of<'_> {
    async fn copies(self, source: MessageId, prefix: Prefix) -> Result<Copies, ViewsError> {
        let Self { views, mirror, generation } = self;
        let bucket = Bucket::of(source);
        let scan = Scan { mirror, generation, bucket, prefix, after: None, limit: PAGE };
        let rows = scan_all(views, scan).await?;
        let index: Vec<Key> =
            rows.iter().filter_map(|(key, _)| Some(self.index_key(copy_id(key)?))).collect();
        let index = if index.is_empty() { Vec::new() } else { views.get(&index).await? };
        Ok(collect(&rows, &index))
    }

    fn index_key(self, copy: MessageId) -> Key {
        let Self { mirror, generation, .. } = self;
        Key { mirror, generation, bucket: Bucket::of(copy), row: RowKey::CopyIndex(copy) }
    }
}

/// Rows read at a time.
const PAGE: usize = 500;

fn copy_id(key: &Key) -> Option<MessageId> {
    match key.row {
        RowKey::Copy { copy, .. } if copy.0 != 0 => Some(copy),
        RowKey::Copy { .. }
        | RowKey::Message(_)
        | RowKey::Revision { .. }
        | RowKey::CopyIndex(_)
        | RowKey::Setting { .. } => None,
    }
}

/// Joins the copy rows with their rows in the index, which come in the same order.
fn collect(rows: &[(Key, Row)], index: &[Row]) -> Copies {
    let mut index = index.iter();
    let mut copies = Copies::default();
    let none = Row::default();
    for (key, row) in rows {
        let RowKey::Copy { link, part, copy: id, .. } = key.row else { continue };
        if id.0 == 0 {
            let refused = read(row.get(Column::Refused)).map(|(at, cell)| Refused { link, part, at, cell });
            copies.refused.extend(refused);
        } else {
            let index = index.next().unwrap_or(&none);
            let gone = gone(row, index);
            let source: Option<(Version, CopySource)> = read(index.get(Column::Source));
            let within = source.and_then(|(_, source)| source.thread);
            let (shown, thread) = (read(row.get(Column::Shown)), read(row.get(Column::Thread)));
            copies.copies.push(Copy { id, link, part, within, shown, gone, thread });
        }
    }
    copies
}

fn read<T: DeserializeOwned>(register: Option<&Register>) -> Option<(Version, T)> {
    let register = register?;
    Some((register.version, register.read()?))
}
