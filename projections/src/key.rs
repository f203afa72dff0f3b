//! Keys of view rows. Their order is the order of every backend.

use events::{ChannelId, EventId, MessageId, MirrorId, Version};

/// One complete build of a mirror's views; a rebuild makes the next one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Generation(pub u32);

/// An hour of message time since Discord's epoch: keeps partitions bounded. Settings lie in bucket 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Bucket(pub u32);

impl Bucket {
    /// Where the settings lie.
    pub const SETTINGS: Self = Self(0);

    /// The bucket of a message, source or copy.
    #[must_use]
    pub const fn of(message: MessageId) -> Self {
        const HOUR_MS: u64 = 3_600_000;
        Self(((message.0 >> 22) / HOUR_MS) as u32)
    }
}

/// The key of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The mirror.
    pub mirror: MirrorId,
    /// Of which build.
    pub generation: Generation,
    /// Of the source message; for [`RowKey::CopyIndex`] of the copy; for settings [`Bucket::SETTINGS`].
    pub bucket: Bucket,
    /// The row in that partition.
    pub row: RowKey,
}

/// A row within one (mirror, generation, bucket).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A source message: `created`, `said`, `decor`, `deleted`; and whatever people made a thread on: `thread`.
    Message(MessageId),
    /// One copy, or (copy 0) the refusal of a source message in a link: `shown`, `gone`, `refused`; with the thread that
    /// we opened on a copy, or (copy = source) on the source itself: `thread`.
    Copy {
        /// The source message.
        source: MessageId,
        /// The receiving channel.
        link: ChannelId,
        /// Which part of the source.
        part: u16,
        /// The copy's own id.
        copy: MessageId,
    },
    /// An edit or a delete, for lineage: `value`.
    Revision {
        /// The source message.
        message: MessageId,
        /// Its version.
        version: Version,
        /// The event that said so.
        event: EventId,
    },
    /// From a copy to its source: `source`, `gone`.
    CopyIndex(MessageId),
    /// A setting: `value`, for links `cut` and `restored`, for requests `cut` (refused, or taken back) and
    /// `restored` (accepted).
    Setting {
        /// What kind.
        kind: Kind,
        /// Its key, big-endian numbers and text.
        key: Vec<u8>,
    },
}

/// The kinds of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The mirror itself: its name. Key: empty.
    Mirror = 1,
    /// A link. Key: channel.
    Link = 2,
    /// A grant or revocation of a role, a row each. Key: user, version, event.
    Role = 3,
    /// A user: latest name and avatar. Key: user.
    User = 4,
    /// Who used a display name, and since when. Key: hash of the folded name (8 bytes), user.
    Name = 5,
    /// A bucket that has message or copy rows. Key: bucket.
    Bucket = 6,
    /// A gap in what is known. Key: channel, from, event.
    Gap = 7,
    /// A request that a channel become a member. Key: request.
    Request = 8,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Self; 8] = [
        Self::Mirror,
        Self::Link,
        Self::Role,
        Self::User,
        Self::Name,
        Self::Bucket,
        Self::Gap,
        Self::Request,
    ];

    /// The number stored; the reverse of `as u8`.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// What to scan within one (mirror, generation, bucket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// All message rows.
    Messages,
    /// All copies.
    Copies,
    /// The copies of one source message in all links.
    CopiesOf(MessageId),
    /// The copies of one source message in one link.
    CopiesIn(MessageId, ChannelId),
    /// All revisions.
    Revisions,
    /// The revisions of one source message.
    RevisionsOf(MessageId),
    /// All rows of the copy index.
    CopyIndex,
    /// All settings of one kind (bucket [`Bucket::SETTINGS`]).
    Settings(Kind),
    /// The settings of [`Kind::Name`] whose folded name hashes to this (see [`crate::settings::name_key`]).
    SettingsOfName(u64),
    /// The settings of [`Kind::Role`] of one user.
    RolesOf(events::UserId),
}

impl Prefix {
    /// Whether `row` is meant.
    #[must_use]
    pub fn holds(&self, row: &RowKey) -> bool {
        match (self, row) {
            (Self::Messages, RowKey::Message(_))
            | (Self::Copies, RowKey::Copy { .. })
            | (Self::Revisions, RowKey::Revision { .. })
            | (Self::CopyIndex, RowKey::CopyIndex(_)) => true,
            (Self::CopiesOf(wanted), RowKey::Copy { source, .. }) => wanted == source,
            (Self::CopiesIn(wanted, channel), RowKey::Copy { source, link, .. }) => {
                wanted == source && channel == link
            }
            (Self::RevisionsOf(wanted), RowKey::Revision { message, .. }) => wanted == message,
            (Self::Settings(wanted), RowKey::Setting { kind, .. }) => wanted == kind,
            (Self::SettingsOfName(hash), RowKey::Setting { kind: Kind::Name, key }) => {
                key.starts_with(&hash.to_be_bytes())
            }
            (Self::RolesOf(user), RowKey::Setting { kind: Kind::Role, key }) => {
                key.starts_with(&user.0.to_be_bytes())
            }
            _ => false,
        }
    }
}
