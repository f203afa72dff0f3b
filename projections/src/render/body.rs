//! The text of a message, whole, before it is split.

use super::atom::Atoms;
use super::mention::Mentions;
use super::plain::plain;
use super::units::is_blank;
use super::{Source, attachment, code, reply, system};
use events::event::{Attachment, Forward, Poll, Said};

/// Longest question or answer of a poll, in UTF-16 units. Discord's limit is 300.
const POLL_UNITS_MAX: usize = 300;

/// Longest name of a thread, in UTF-16 units: Discord's limit.
const THREAD_UNITS_MAX: usize = 100;

/// Everything that is shown as text. Blank only if `has_embeds`.
pub(super) fn body(source: &Source<'_>, mentions: &Mentions<'_>, has_embeds: bool) -> String {
    let mut lines = match system::line(source.kind, source.said) {
        Some(line) => vec![line],
        None => said(source.said),
    };
    if lines.is_empty() && !has_embeds {
        lines.push(nothing(source));
    }
    if let Some(reply) = &source.reply {
        lines.insert(0, reply::line(reply, mentions));
    }
    if let Some(thread) = source.aside {
        lines.insert(0, format!("-# 🧵 {}", plain(thread, THREAD_UNITS_MAX)));
    }
    mentions.replace(&lines.join("\n"))
}

fn said(said: &Said) -> Vec<String> {
    let mut lines = vec![text(said)];
    lines.extend(said.forward.as_ref().map(forward));
    lines.extend(said.poll.as_ref().map(poll));
    lines.extend(files(&said.attachments));
    lines.extend(said.stickers.iter().map(attachment::sticker));
    lines.retain(|line| !is_blank(line));
    lines
}

/// The text. Two bars without partner would pair with those of a hidden file and show it.
fn text(said: &Said) -> String {
    let text = said.text.as_str();
    if !said.attachments.iter().any(attachment::is_spoiler) {
        return text.to_owned();
    }
    let bars = Atoms::of(text, &code::spans(text)).bars;
    match bars.last() {
        Some(last) if bars.len() % 2 == 1 => format!("{}\\|\\|{}", &text[..*last], &text[last + 2..]),
        Some(_) | None => text.to_owned(),
    }
}

fn files(attachments: &[Attachment]) -> impl Iterator<Item = String> {
    attachments.iter().map(attachment::line)
}

/// A forwarded message as a quote, its files behind it.
fn forward(forward: &Forward) -> String {
    let mut lines = vec!["↪ *Forwarded*".to_owned()];
    if !is_blank(&forward.text) {
        lines.push(format!(">>> {}", forward.text));
    }
    lines.extend(files(&forward.attachments));
    lines.join("\n")
}

fn poll(poll: &Poll) -> String {
    let words = |text: &str| Some(plain(text, POLL_UNITS_MAX)).filter(|words| !words.is_empty());
    let question = words(&poll.question).unwrap_or_else(|| "a poll".to_owned());
    let answers = poll.answers.iter().filter_map(|answer| words(answer));
    answers.fold(format!("📊 **{question}**"), |text, answer| format!("{text}\n- {answer}"))
}

/// Discord takes no empty message: what stands for one, with a link to it.
fn nothing(source: &Source<'_>) -> String {
    format!("-# a message that can only be seen at its place · [original]({})", source.target().url())
}
