//! Requests that a channel become a member, as the views know them: who asked, and how it ended.

use crate::change::{Column, Row};
use crate::key::{Kind, RowKey};
use events::event::Terms;
use events::{ChannelId, EventId, GuildId, UserId, Version};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What was asked, and by whom.
    pub asked: AskedCell,
    /// When.
    pub at: Version,
    /// Who said yes last, and when: the link that this led to has that version.
    pub accepted: Option<(UserId, Version)>,
    /// Who said no, or took it back, first, and when.
    pub closed: Option<(EndCell, Version)>,
}

/// How long a request may be answered.
pub const GOOD_FOR_US: i64 = 7 * 86_400 * 1_000_000;

impl Request {
    /// Until when it may be answered.
    #[must_use]
    pub const fn until(&self) -> Version {
        Version(self.at.0.saturating_add(GOOD_FOR_US))
    }

    /// Whether it may be answered now.
    #[must_use]
    pub fn is_open(&self, now: Version) -> bool {
        self.ended().is_none() && now < self.until()
    }

    /// How it ended, if it did. Two who decide at once on two nodes may both be on the log: the earlier is told.
    #[must_use]
    pub fn ended(&self) -> Option<RequestEnd> {
        match (&self.accepted, &self.closed) {
            (Some((_, accepted)), Some((cell, closed))) if closed < accepted => Some(cell.end),
            (Some(_), _) => Some(RequestEnd::Accepted),
            (None, closed) => closed.as_ref().map(|(cell, _)| cell.end),
        }
    }

    /// The request of a row; `None` where only its end is known yet.
    pub(crate) fn of_row(row: &Row) -> Option<Self> {
        let asked = row.get(Column::Value)?;
        let accepted = row.get(Column::Restored).and_then(|yes| Some((yes.read()?, yes.version)));
        let closed = row.get(Column::Cut).and_then(|end| Some((end.read()?, Version(-end.version.0))));
        Some(Self { asked: asked.read()?, at: asked.version, accepted, closed })
    }
}

/// The `value` register of a request's row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AskedCell {
    /// The channel that is asked.
    pub channel: ChannelId,
    /// Who asks.
    pub by: UserId,
    /// In which guild.
    pub guild: GuildId,
    /// For what.
    pub terms: Terms,
}

/// The `cut` register of a request's row. Its version is negative: the earliest end counts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EndCell {
    /// How.
    pub end: RequestEnd,
    /// By whom.
    pub by: UserId,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RequestEnd {
    /// Yes. In no cell: see [`Request::accepted`].
    #[serde(skip)]
    Accepted,
    /// No.
    #[serde(rename = "n")]
    Refused,
    /// Taken back.
    #[serde(rename = "w")]
    Withdrawn,
}

/// The settings key of a request.
#[must_use]
pub fn request_key(request: EventId) -> RowKey {
    RowKey::Setting { kind: Kind::Request, key: request.0.as_bytes().to_vec() }
}

/// The request that a settings key names.
pub(crate) fn request_of(key: &[u8]) -> Option<EventId> {
    uuid::Uuid::from_slice(key).ok().map(EventId)
}
