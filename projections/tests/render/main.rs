//! Rendering, from outside: a message goes in, what a channel shows comes out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it panics")]

mod carried;
mod files;
mod fixed;
mod laws;
mod names;
mod split;
mod table;
mod words;

use events::event::{Attachment, Author, Forward, Names, Poll, Said, Sticker};
use events::{ChannelId, GuildId, MessageId, RoleId, UserId, Version};
use expect_test::Expect;
use projections::render::{Local, Rendered, Reply, Slots, Source, Target, render};
use std::fmt::Write;

/// A message of Ann's, id 3 in channel 2 of guild 1.
#[derive(Clone, Debug)]
struct Story {
    author: Author,
    said: Said,
    reply: Option<(String, String)>,
    namesake: bool,
    kind: u8,
    carried: Vec<u64>,
}

impl Story {
    fn says(text: &str) -> Self {
        let author = Author {
            id: UserId(70_001_234),
            name: "Ann".to_owned(),
            username: "ann".to_owned(),
            ..Author::default()
        };
        let said = Said { text: text.to_owned(), names: known(), ..Said::default() };
        Self { author, said, reply: None, namesake: false, kind: 0, carried: Vec::new() }
    }

    fn named(name: &str, username: &str) -> Self {
        let mut story = Self::says("x");
        story.author.name = name.to_owned();
        story.author.username = username.to_owned();
        story
    }

    fn namesake(mut self) -> Self {
        self.namesake = true;
        self
    }

    fn of_kind(mut self, kind: u8) -> Self {
        self.kind = kind;
        self
    }

    fn answers(mut self, author: &str, text: &str) -> Self {
        self.reply = Some((author.to_owned(), text.to_owned()));
        self
    }

    fn file(mut self, name: &str, url: &str) -> Self {
        self.said.attachments.push(file(name, url));
        self
    }

    fn sticker(mut self, name: &str, format: u8) -> Self {
        self.said.stickers.push(Sticker { id: 9, name: name.to_owned(), format });
        self
    }

    fn embed(mut self, json: &str) -> Self {
        self.said.embeds.push(json.to_owned());
        self
    }

    fn forwards(mut self, text: &str) -> Self {
        let attachments = vec![file("cat.png", "https://cdn/cat.png")];
        self.said.forward =
            Some(Forward { text: text.to_owned(), attachments, embeds: Vec::new(), stickers: Vec::new() });
        self
    }

    fn asks(mut self, question: &str, answers: &[&str]) -> Self {
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        self.said.poll = Some(Poll { question: question.to_owned(), answers, terms: None });
        self
    }

    fn calls(mut self, user: u64, name: &str) -> Self {
        self.said.names.users.push((UserId(user), name.to_owned()));
        self
    }

    fn parts(&self, slots: Slots) -> Vec<Rendered> {
        let target = Target { guild: GuildId(1), channel: ChannelId(8), message: MessageId(9) };
        let reply = self.reply.as_ref().map(|(author, text)| Reply { author, text, target });
        let source = Source {
            aside: None,
            id: MessageId(3),
            version: Version(5),
            channel: ChannelId(2),
            guild: GuildId(1),
            author: &self.author,
            said: &self.said,
            reply,
            namesake: self.namesake,
            kind: self.kind,
            local: &Local::default(),
            carried: &self.carried,
        };
        render(&source, slots)
    }
}

fn file(name: &str, url: &str) -> Attachment {
    Attachment { name: name.to_owned(), url: url.to_owned(), ..Attachment::default() }
}

fn known() -> Names {
    Names {
        users: vec![(UserId(1), "Bob".to_owned())],
        channels: vec![(ChannelId(5), "general".to_owned())],
        roles: vec![(RoleId(6), "mods".to_owned())],
    }
}

/// Shows all parts of `story` in full.
fn check(story: &Story, slots: Slots, expect: &Expect) {
    expect.assert_eq(&shown(&story.parts(slots), str::to_owned));
}

/// Shows each part by its length, its first and its last words.
fn check_ends(story: &Story, slots: Slots, expect: &Expect) {
    expect.assert_eq(&shown(&story.parts(slots), ends));
}

fn shown(parts: &[Rendered], text: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for (number, part) in parts.iter().enumerate() {
        let _ = writeln!(out, "[{number}] {}", text(&part.content));
        for embed in &part.embeds {
            let _ = writeln!(out, "    {}", text(embed));
        }
    }
    // What cannot be seen is shown.
    out.replace('\u{200b}', "{zero}").replace("] \n", "] (no text)\n")
}

fn ends(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 60 {
        return format!("{text:?}");
    }
    let words = |chars: &[char]| chars.iter().collect::<String>();
    let (first, last) = (words(&chars[..25]), words(&chars[chars.len() - 25..]));
    format!("{first:?} .. {last:?} ({} units)", text.encode_utf16().count())
}
