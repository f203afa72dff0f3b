//! Links to messages of the mirror: in each channel they lead to the copy that lies there.

use super::code;
use super::link::Target;
use events::event::Said;
use events::{ChannelId, GuildId, MessageId};
use std::collections::BTreeMap;
use std::ops::Range;

/// Links of one message that are looked up; the rest stays as it was written.
pub const LINKS_MAX: usize = 20;
/// Hosts under which Discord's clients open a message.
const HOSTS: [&str; 8] = [
    "discord.com",
    "ptb.discord.com",
    "canary.discord.com",
    "www.discord.com",
    "discordapp.com",
    "ptb.discordapp.com",
    "canary.discordapp.com",
    "www.discordapp.com",
];

/// Where the messages lie that a text links to, as one channel shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local(BTreeMap<MessageId, Target>);

impl Local {
    /// Links to `message` lead to `target`.
    pub fn insert(&mut self, message: MessageId, target: Target) {
        self.0.insert(message, target);
    }

    /// `text`, which holds no code, with the links that are known led to where the message lies here.
    pub(super) fn rewrite(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, written) in links_of(text) {
            out.push_str(&text[at..range.start]);
            match self.0.get(&written.message) {
                Some(target) => out.push_str(&target.url()),
                None => out.push_str(&text[range.clone()]),
            }
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }

    /// Whether nothing would be rewritten.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The messages that `said` links to outside code, each once, at most [`LINKS_MAX`].
#[must_use]
pub fn links(said: &Said) -> Vec<MessageId> {
    let forwarded = said.forward.iter();
    let texts = std::iter::once(&said.text).chain(forwarded.clone().map(|forward| &forward.text));
    let embeds = said.embeds.iter().chain(forwarded.flat_map(|forward| &forward.embeds));
    let mut found = Vec::new();
    for text in texts {
        outside_code(text).for_each(|stretch| collect(stretch, &mut found));
    }
    embeds.for_each(|json| collect(json, &mut found));
    found
}

fn collect(text: &str, found: &mut Vec<MessageId>) {
    for (_, Target { message, .. }) in links_of(text) {
        if found.len() < LINKS_MAX && !found.contains(&message) {
            found.push(message);
        }
    }
}

fn outside_code(text: &str) -> impl Iterator<Item = &str> {
    let code = if text.contains(PATH) { code::spans(text) } else { Vec::new() };
    let starts: Vec<usize> = std::iter::once(0).chain(code.iter().map(|code| code.all.end)).collect();
    let ends = code.into_iter().map(|code| code.all.start).chain([text.len()]);
    starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}

/// Stands before the ids.
const PATH: &str = "/channels/";
/// Longest of what stands before [`PATH`], in bytes.
const BEFORE_MAX: usize = "https://canary.discordapp.com".len();

/// The links to messages in `text`, in order, with what they name.
fn links_of(text: &str) -> impl Iterator<Item = (Range<usize>, Target)> {
    text.match_indices(PATH).filter_map(|(at, _)| {
        let start = at - origin(&text[..at])?;
        let (target, length) = target(&text[at + PATH.len()..])?;
        Some((start..at + PATH.len() + length, target))
    })
}

/// Length of the scheme and host of Discord's that `before` ends with.
fn origin(before: &str) -> Option<usize> {
    let window = &before[before.ceil_char_boundary(before.len().saturating_sub(BEFORE_MAX))..];
    let scheme = window.rfind("://")?;
    HOSTS.contains(&&window[scheme + 3..]).then_some(())?;
    let name = ["https", "http"].into_iter().find(|name| window[..scheme].ends_with(name))?;
    Some(window.len() - scheme + name.len())
}

/// `guild/channel/message`, and its length.
fn target(text: &str) -> Option<(Target, usize)> {
    let (guild, rest) = match text.strip_prefix("@me/") {
        Some(rest) => (0, rest),
        None => number(text).and_then(|(guild, rest)| Some((guild, rest.strip_prefix('/')?)))?,
    };
    let (channel, rest) = number(rest)?;
    let (message, rest) = number(rest.strip_prefix('/')?)?;
    let target = Target { guild: GuildId(guild), channel: ChannelId(channel), message: MessageId(message) };
    Some((target, text.len() - rest.len()))
}

fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}
