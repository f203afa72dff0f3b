//! Ids, versions and places in the log: each a type of its own, so that none is taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Milliseconds from 1970 to Discord's epoch, the first moment of 2015.
/// Source: Discord reference, "Snowflakes".
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

macro_rules! snowflake {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// When Discord made this id, in microseconds since 1970 (a multiple of 1000).
            #[must_use]
            pub const fn made(self) -> Version {
                Version((((self.0 >> 22) + DISCORD_EPOCH_MS) * 1000) as i64)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

snowflake! {
    /// A Discord application, the bot's own or another's.
    ApplicationId,
    /// A Discord channel, thread or forum post.
    ChannelId,
    /// A Discord guild.
    GuildId,
    /// A Discord message: a source, or a copy that we posted. Zero where an event is about no message.
    MessageId,
    /// A Discord role.
    RoleId,
    /// A Discord user, or a webhook that speaks as one.
    UserId,
    /// A Discord webhook.
    WebhookId,
}

impl MessageId {
    /// The smallest id that Discord can give at `time`: what lies before it was made earlier.
    #[must_use]
    pub const fn first_at(time: Version) -> Self {
        let ms = if time.0 > 0 { time.0 as u64 / 1000 } else { 0 };
        Self(ms.saturating_sub(DISCORD_EPOCH_MS) << 22)
    }
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

uuid_id! {
    /// A mirror; random, made by the command that declares it.
    MirrorId,
    /// An event: the same fact seen twice has the same id (see [`crate::event`]).
    EventId,
}

impl MirrorId {
    /// The partition that holds this mirror's events in a log of `partitions` partitions.
    /// Fixed for the life of a log: 12 random bits of the id, modulo `partitions`.
    #[must_use]
    pub fn partition(self, partitions: u16) -> Partition {
        let bytes = self.0.as_bytes();
        let bits = (u16::from(bytes[0]) << 4) | (u16::from(bytes[1]) >> 4);
        Partition(bits % partitions.max(1))
    }
}

/// A moment or an order: microseconds since 1970. The greater version of a register wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// Cut to whole milliseconds: how far Discord's `edited_timestamp` can be trusted.
    #[must_use]
    pub const fn to_millis(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1000))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One ordered lane of the log; all events of a mirror lie in one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u16);

/// A place in one partition of the log. Grows with each event, not necessarily by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The place right after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of the node that appended an event: 1 to 16 of `a-z`, `0-9` and `-`.
///
/// Kept inline, so that decoding an event allocates nothing for it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; Self::LEN_MAX]);

/// A node name that breaks the rule of [`NodeId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node name is 1 to 16 of a-z, 0-9 and '-', not {0:?}")]
pub struct BadNodeId(pub String);

impl NodeId {
    /// Longest name, in bytes.
    pub const LEN_MAX: usize = 16;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(Self::LEN_MAX);
        std::str::from_utf8(&self.0[..len]).unwrap_or_default()
    }
}

impl std::str::FromStr for NodeId {
    type Err = BadNodeId;
    fn from_str(text: &str) -> Result<Self, BadNodeId> {
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !(fits && plain) {
            return Err(BadNodeId(text.to_owned()));
        }
        let mut name = [0; Self::LEN_MAX];
        name[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(name))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.as_str())
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = NodeId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node name")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NodeId, E> {
                if text.is_empty() { Ok(NodeId::default()) } else { text.parse().map_err(E::custom) }
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}
