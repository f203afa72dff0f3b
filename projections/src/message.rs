//! The message row: what the views know of one source message.

use crate::change::{Column, Row};
use events::event::{Author, Created, Decor, ReplyTo, Said, Thread};
use events::{ChannelId, MessageId, Version};
use serde::{Deserialize, Serialize};

/// The `created` register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedCell {
    /// Whether the first text is known. First, so that of two cells of one version the one that knows
    /// it has the greater bytes and wins the tie.
    pub claimed: bool,
    /// The channel it was written in.
    pub channel: ChannelId,
    /// Who wrote it.
    pub author: Author,
    /// The first text.
    pub said: Option<Said>,
    /// What it answers.
    pub reply_to: Option<ReplyTo>,
    /// Discord's message type.
    pub kind: u8,
    /// The thread it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ChannelId>,
}

/// Writes what [`CreatedCell`] reads, without a copy of the text.
#[derive(Serialize)]
pub(crate) struct CreatedCellRef<'a> {
    claimed: bool,
    channel: ChannelId,
    author: &'a Author,
    said: &'a Option<Said>,
    reply_to: &'a Option<ReplyTo>,
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<ChannelId>,
}

impl<'a> CreatedCellRef<'a> {
    pub(crate) fn of(channel: ChannelId, created: &'a Created) -> Self {
        let Created { author, said, reply_to, decor: _, kind, thread } = created;
        Self { claimed: said.is_some(), channel, author, said, reply_to, kind: *kind, thread: *thread }
    }
}

/// What the views know of one source message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// As first written, with the version of that knowledge.
    pub created: Option<(Version, CreatedCell)>,
    /// As last edited.
    pub edited: Option<(Version, Said)>,
    /// What Discord added last.
    pub decor: Option<(Version, Decor)>,
    /// When its removal was seen.
    pub deleted: Option<Version>,
    /// The thread that people made on it, as last seen.
    pub thread: Option<(Version, Thread)>,
}

impl Message {
    /// Reads the row of message `id`.
    #[must_use]
    pub fn read(id: MessageId, row: &Row) -> Self {
        Self {
            id,
            created: versioned(row, Column::Created),
            edited: versioned(row, Column::Said),
            decor: versioned(row, Column::Decor),
            deleted: row.get(Column::Deleted).map(|register| register.version),
            thread: versioned(row, Column::Thread),
        }
    }

    /// The text that counts: the edited one, else the first.
    #[must_use]
    pub fn said(&self) -> Option<&Said> {
        let first = || self.created.as_ref().and_then(|(_, created)| created.said.as_ref());
        self.edited.as_ref().map(|(_, said)| said).or_else(first)
    }

    /// The version of what it shows: grows with each edit.
    #[must_use]
    pub fn version(&self) -> Version {
        let created = self.created.as_ref().map_or(Version::default(), |(version, _)| *version);
        self.edited.as_ref().map_or(created, |(version, _)| (*version).max(created))
    }
}

fn versioned<T: serde::de::DeserializeOwned>(row: &Row, column: Column) -> Option<(Version, T)> {
    let register = row.get(column)?;
    Some((register.version, register.read()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borrowed_twin_writes_the_same_bytes() {
        let said = Said { text: "hi".into(), ..Said::default() };
        for (said, reply_to, thread) in
            [(None, None, None), (Some(said), Some(ReplyTo::default()), Some(ChannelId(9)))]
        {
            let author = Author { name: "Ann".into(), ..Author::default() };
            let created =
                Created { author: author.clone(), said, reply_to, decor: Decor::default(), kind: 19, thread };
            let cell = CreatedCell {
                claimed: created.said.is_some(),
                channel: ChannelId(7),
                author,
                said: created.said.clone(),
                reply_to: created.reply_to.clone(),
                kind: 19,
                thread,
            };
            let twin = CreatedCellRef::of(ChannelId(7), &created);
            assert_eq!(rmp_serde::to_vec(&twin).unwrap(), rmp_serde::to_vec(&cell).unwrap());
        }
    }
}
