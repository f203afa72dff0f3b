//! Rendering: what one copy of a message shows.
//!
//! [`render`] is pure: the same source gives the same parts, on every node and in every replay, so that a
//! copy can be written again at any time.
//!
//! ```text
//! -# ↩ [author](link): first words…     what it answers
//! the text, mentions as names           split into parts of 2,000
//! ↪ forwarded, poll, [file](url)        at the end
//! ```

mod atom;
mod attachment;
mod body;
mod code;
mod embed;
mod keep;
mod link;
mod local;
mod mention;
mod name;
mod plain;
mod reply;
mod split;
mod system;
mod units;

pub use attachment::ShownFile;
pub use keep::Keep;
pub use link::Target;
pub use local::{LINKS_MAX, Local, links};
pub use plain::plain;
pub use reply::Reply;

use crate::sink::ThreadState;
use events::event::{Author, Said};
use events::{ChannelId, GuildId, MessageId, Version};
use mention::Mentions;
use split::{PART_UNITS_MAX, Splitter};

/// One part of a message as one channel shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Name shown for the author. Fixed at the first send: a webhook cannot change it later.
    pub username: String,
    /// Avatar URL shown for the author. Fixed at the first send.
    pub avatar_url: Option<String>,
    /// Text, at most 2,000 characters. Empty only beside an embed or a file.
    pub content: String,
    /// Embeds, JSON objects.
    pub embeds: Vec<String>,
    /// Files that it carries itself, in the order in which they are sent.
    pub files: Vec<ShownFile>,
    /// Of an edit: which of its files are to stay. Without it, all do.
    pub keep: Option<Keep>,
    /// The source version shown.
    pub version: Version,
    /// The thread that it is shown in; `None`: the channel itself. Not rendered: the plan fills it in.
    pub thread: Option<ChannelId>,
    /// The post of the forum that it makes, as its first message. Filled in by the plan too.
    pub post: Option<ThreadState>,
}

/// A source message, with what this channel makes of it.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Its id.
    pub id: MessageId,
    /// The version shown.
    pub version: Version,
    /// Its channel.
    pub channel: ChannelId,
    /// Its guild; zero where there is none.
    pub guild: GuildId,
    /// Who wrote it.
    pub author: &'a Author,
    /// What was written.
    pub said: &'a Said,
    /// What it answers.
    pub reply: Option<Reply<'a>>,
    /// The name of the thread that it stands in, where it is shown outside of it.
    pub aside: Option<&'a str>,
    /// Another author in this mirror used this display name earlier.
    pub namesake: bool,
    /// Discord's message type.
    pub kind: u8,
    /// Where the messages lie in this channel that it links to.
    pub local: &'a Local,
    /// Ids of its files that the copy carries itself; the others are shown as links.
    pub carried: &'a [u64],
}

impl Source<'_> {
    /// Itself, to link to.
    #[must_use]
    pub fn target(&self) -> Target {
        Target { guild: self.guild, channel: self.channel, message: self.id }
    }
}

/// The parts that a message may have in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// As many as it needs: its first send is not complete.
    Free,
    /// Parts 0 to n exclusive exist, and none is added.
    Fixed(u16),
}

/// What the channel should show for `source`, part by part.
///
/// With [`Slots::Free`] at least one part; with [`Slots::Fixed`] at most as many as exist: fewer mean that
/// the parts behind them are to be deleted, and what does not fit goes into an embed of the last.
#[must_use]
pub fn render(source: &Source<'_>, slots: Slots) -> Vec<Rendered> {
    let mentions = Mentions::of(&source.said.names, source.local);
    let files = attachment::carried(source.said, source.carried);
    let has_embeds = !embed::embeds(None, source.said, &mentions).is_empty();
    let text = body::body(source, &mentions, has_embeds || !files.is_empty());
    let pages = pages(&text, slots, source);
    let mut parts: Vec<Rendered> = pages.contents.into_iter().map(|content| part(source, content)).collect();
    if let Some(last) = parts.last_mut() {
        last.embeds = embed::embeds(pages.overflow, source.said, &mentions);
        last.files = files;
    }
    parts
}

fn part(source: &Source<'_>, content: String) -> Rendered {
    Rendered {
        username: name::username(source.author, source.namesake),
        avatar_url: Some(name::avatar_url(source.author)),
        content,
        version: source.version,
        ..Rendered::default()
    }
}

/// A text as parts, and what they do not hold.
struct Pages {
    contents: Vec<String>,
    overflow: Option<String>,
}

fn pages(text: &str, slots: Slots, source: &Source<'_>) -> Pages {
    let count = match slots {
        Slots::Free => usize::from(u16::MAX),
        Slots::Fixed(count) => usize::from(count),
    };
    let mut splitter = Splitter::new(text);
    let mut contents: Vec<String> =
        std::iter::from_fn(|| splitter.next_part(PART_UNITS_MAX)).take(count).collect();
    if contents.is_empty() && count > 0 {
        contents.push(String::new());
    }
    Pages { contents, overflow: overflow(splitter, &source.target()) }
}

/// The rest of a text in one description, a link to the source where that is not all of it.
fn overflow(mut splitter: Splitter<'_>, source: &Target) -> Option<String> {
    let mut all = splitter.clone();
    let whole = all.next_part(embed::DESCRIPTION_UNITS_MAX)?;
    if all.is_done() {
        return Some(whole);
    }
    let more = format!("… [continue reading]({})", source.url());
    let start = splitter.next_part(embed::DESCRIPTION_UNITS_MAX - units::units(&more))?;
    Some(start + &more)
}
