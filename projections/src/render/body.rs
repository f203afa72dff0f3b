//! The text of a message, whole, before it is split.

use super::atom::Atoms;
use super::mention::Mentions;
use super::plain::plain;
use super::units::is_blank;
use super::{Source, attachment, code, reply, system};
use events::event::{Attachment, Forward, Poll, PollTerms, Said};

/// Longest question or answer of a poll, in UTF-16 units. Discord's limit is 300.
const POLL_UNITS_MAX: usize = 300;

/// Longest name of a thread, in UTF-16 units: Discord's limit.
const THREAD_UNITS_MAX: usize = 100;

/// Everything that is shown as text. Blank only if there is something `besides`.
pub(super) fn body(source: &Source<'_>, mentions: &Mentions<'_>, besides: bool) -> String {
    let mut lines = match system::line(source.kind, source.said) {
        Some(line) => vec![line],
        None => said(source.said, source.carried),
    };
    if lines.is_empty() && !besides {
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

fn said(said: &Said, carried: &[u64]) -> Vec<String> {
    let mut lines = vec![text(said, carried)];
    lines.extend(said.forward.as_ref().map(|forwarded| forward(forwarded, carried)));
    lines.extend(said.poll.as_ref().map(poll));
    lines.extend(files(&said.attachments, carried));
    lines.extend(voices(&said.attachments));
    lines.extend(said.stickers.iter().map(attachment::sticker));
    lines.retain(|line| !is_blank(line));
    lines
}

/// The text. Two bars without partner would pair with those of a hidden file and show it.
fn text(said: &Said, carried: &[u64]) -> String {
    let text = said.text.as_str();
    if !linked(&said.attachments, carried).any(attachment::is_spoiler) {
        return text.to_owned();
    }
    let bars = Atoms::of(text, &code::spans(text)).bars;
    match bars.last() {
        Some(last) if bars.len() % 2 == 1 => format!("{}\\|\\|{}", &text[..*last], &text[last + 2..]),
        Some(_) | None => text.to_owned(),
    }
}

fn files(attachments: &[Attachment], carried: &[u64]) -> impl Iterator<Item = String> {
    linked(attachments, carried).map(attachment::line)
}

/// What a file does not say of itself: that it was spoken, and how long it is.
fn voices(attachments: &[Attachment]) -> impl Iterator<Item = String> {
    let spoken = attachments.iter().filter_map(|attachment| attachment.seconds);
    spoken.map(|seconds| format!("-# 🎤 voice message · {}:{:02}", seconds / 60, seconds % 60))
}

fn linked<'a>(attachments: &'a [Attachment], carried: &[u64]) -> impl Iterator<Item = &'a Attachment> {
    attachments.iter().filter(|attachment| !carried.contains(&attachment.id))
}

/// A forwarded message as a quote, its files behind it.
fn forward(forward: &Forward, carried: &[u64]) -> String {
    let mut lines = vec!["↪ *Forwarded*".to_owned()];
    if !is_blank(&forward.text) {
        lines.push(format!(">>> {}", forward.text));
    }
    lines.extend(files(&forward.attachments, carried));
    lines.extend(voices(&forward.attachments));
    lines.extend(forward.stickers.iter().map(attachment::sticker));
    lines.join("\n")
}

fn poll(poll: &Poll) -> String {
    let words = |text: &str| Some(plain(text, POLL_UNITS_MAX)).filter(|words| !words.is_empty());
    let question = words(&poll.question).unwrap_or_else(|| "a poll".to_owned());
    let answers = poll.answers.iter().filter_map(|answer| words(answer));
    let text = answers.fold(format!("📊 **{question}**"), |text, answer| format!("{text}\n- {answer}"));
    text + &poll.terms.as_ref().map(terms).unwrap_or_default()
}

/// How a poll is answered, which is possible at its place only.
fn terms(terms: &PollTerms) -> String {
    let seconds = terms.ends.0.div_euclid(1_000_000);
    let ends = (seconds > 0).then(|| format!("ends <t:{seconds}:R>"));
    let multiple = terms.multiple.then(|| "several answers may be chosen".to_owned());
    let words: Vec<String> = multiple.into_iter().chain(ends).collect();
    if words.is_empty() { String::new() } else { format!("\n-# {}", words.join(" · ")) }
}

/// Discord takes no empty message: what stands for one, with a link to it.
fn nothing(source: &Source<'_>) -> String {
    format!("-# a message that can only be seen at its place · [original]({})", source.target().url())
}
