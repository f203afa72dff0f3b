//! A lineage in words.

use super::named;
use tools::lineage::{Channel, CopyLine, CopyState, Fact, Lineage, Source};
use tools::when;

pub(super) fn lines(said: &Lineage) -> Vec<String> {
    let Lineage { mirror_name, source, channel, author, asked_for_copy, .. } = said;
    let mut lines = Vec::new();
    if let Some(copy) = asked_for_copy {
        lines.push(format!("{copy} is a copy of {source}"));
    }
    let author = if author.is_empty() { "somebody" } else { author };
    lines.push(format!("message {source} by {author} in {}, mirror '{mirror_name}'", place(channel)));
    lines.extend(link(channel, &source.to_string()));
    lines.extend(said.versions.iter().flat_map(fact));
    if said.copies.is_empty() && said.refusals.is_empty() {
        lines.push("no copies".to_owned());
    }
    lines.extend(said.copies.iter().flat_map(copy));
    for refusal in &said.refusals {
        let (place, found) = (place(&refusal.channel), found(&refusal.found));
        lines.push(format!("refused in {place}, part {}: {}  {found}", refusal.part, refusal.reason));
    }
    lines
}

fn fact(fact: &Fact) -> Vec<String> {
    let Fact { what, version, found: at, text, changes } = fact;
    let mut lines = vec![format!("  {what:<9} {}  {}", when::shown(*version), found(at))];
    let text = changes.as_ref().or(text.as_ref());
    lines.extend(text.into_iter().flat_map(|text| text.lines()).map(|line| format!("            | {line}")));
    lines
}

fn copy(copy: &CopyLine) -> Vec<String> {
    let state = match copy.state {
        CopyState::Live => "live",
        CopyState::GoneByUs => "gone, removed by us",
        CopyState::GoneByAnother => "gone, removed by another",
    };
    let mut lines =
        vec![format!("copy {} in {}, part {}: {state}", copy.copy, place(&copy.channel), copy.part)];
    lines.extend(link(&copy.channel, &copy.copy.to_string()));
    lines
        .extend(copy.receipts.iter().map(|receipt| format!("  {}  {}", receipt.what, found(&receipt.found))));
    lines
}

fn place(channel: &Channel) -> String {
    let name = named(&channel.name);
    if name.is_empty() { format!("channel {}", channel.id) } else { format!("{name} ({})", channel.id) }
}

fn link(channel: &Channel, message: &str) -> Option<String> {
    let known = channel.guild.0 > 0 && channel.id.0 > 0;
    known.then(|| format!("  https://discord.com/channels/{}/{}/{message}", channel.guild, channel.id))
}

fn found(at: &Source) -> String {
    let times = if at.times > 1 { format!(", {} times", at.times) } else { String::new() };
    format!("(offset {}, seen {} by {}{times})", at.offset, when::shown(at.observed), at.node)
}
