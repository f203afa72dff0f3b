//! Rendering: what one copy of a message shows.

use events::Version;

/// One part of a message as one channel shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Name shown for the author. Fixed at the first send: a webhook cannot change it later.
    pub username: String,
    /// Avatar URL shown for the author. Fixed at the first send.
    pub avatar_url: Option<String>,
    /// Text, at most 2,000 characters.
    pub content: String,
    /// Embeds, JSON objects.
    pub embeds: Vec<String>,
    /// The source version shown.
    pub version: Version,
}

impl Rendered {
    /// Hash of what an edit can change: text and embeds. Never zero.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut all = self.content.clone();
        for embed in &self.embeds {
            all.push('\u{0}');
            all.push_str(embed);
        }
        xxhash_rust::xxh3::xxh3_64(all.as_bytes()).max(1)
    }
}
