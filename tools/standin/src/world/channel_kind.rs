//! Kinds of channels.

use serde::{Serialize, Serializer};

/// A kind of channel, numbered as Discord does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ChannelKind {
    /// Messages.
    Text = 0,
    /// Between a person and the bot.
    Direct = 1,
    /// Messages that others may follow.
    Announcement = 5,
    /// A thread of an announcement channel.
    AnnouncementThread = 10,
    /// A thread of a text channel, or a post of a forum.
    PublicThread = 11,
    /// A thread for those invited.
    PrivateThread = 12,
    /// Only posts, each a thread.
    Forum = 15,
    /// As a forum, for pictures.
    Media = 16,
}

impl ChannelKind {
    /// Discord's number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// A thread or a post?
    pub fn is_thread(self) -> bool {
        matches!(self, Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread)
    }

    /// Are there only posts in it?
    pub fn has_posts(self) -> bool {
        matches!(self, Self::Forum | Self::Media)
    }

    /// The kind of a public thread in such a channel.
    pub(crate) fn thread(self) -> Self {
        if self == Self::Announcement { Self::AnnouncementThread } else { Self::PublicThread }
    }
}

impl Serialize for ChannelKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}
