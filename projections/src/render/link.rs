//! Links.

use events::{ChannelId, GuildId, MessageId};

/// A message to link to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Its guild; zero for a private channel.
    pub guild: GuildId,
    /// Its channel.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageId,
}

impl Target {
    /// The address that Discord's clients open.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { guild, channel, message } = self;
        match guild.0 {
            0 => format!("https://discord.com/channels/@me/{channel}/{message}"),
            _ => format!("https://discord.com/channels/{guild}/{channel}/{message}"),
        }
    }
}

/// Longest address that we pass on, in characters; with its label it fits one part.
const URL_CHARS_MAX: usize = 1500;

/// `url` such that it can stand in a masked link and nowhere end it, or `None` if it is not a web address.
pub(super) fn safe_url(url: &str) -> Option<String> {
    if !is_web(url) || url.len() > URL_CHARS_MAX {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            _ if b"-._~:/?#@!$&',;=+%".contains(&byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    (out.len() <= URL_CHARS_MAX).then_some(out)
}

/// Whether it is an address that a browser would open.
pub(super) fn is_web(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
}
