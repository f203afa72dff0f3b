//! Where links lead: to files and headings that are there.

use crate::book::{self, Page};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Pages beside the manual whose links are looked at too.
const BESIDE: [&str; 2] = ["ARCHITECTURE.md", "SECURITY.md"];

/// Links that lead nowhere.
pub(crate) fn broken() -> Vec<String> {
    let mut pages = book::pages();
    pages.extend(BESIDE.map(|name| book::read(&book::root().join(name))));
    let mut places = Vec::new();
    for page in &pages {
        for (number, to) in links(page) {
            if let Err(why) = leads(page, &to) {
                places.push(format!("{}:{number} links to {to}: {why}", page.path));
            }
        }
    }
    places
}

fn leads(page: &Page, to: &str) -> Result<(), String> {
    if to.contains("://") {
        return Ok(());
    }
    let (file, heading) = to.split_once('#').map_or((to, None), |(file, heading)| (file, Some(heading)));
    let path = if file.is_empty() { page.path.clone() } else { beside(&page.path, file) };
    // The book holds nothing that lies outside its folder.
    if page.path.starts_with("docs/") && !path.starts_with("docs/") {
        return Err("it leads out of the book; include the file as a page of it".to_owned());
    }
    if !book::root().join(&path).exists() {
        return Err("no such file".to_owned());
    }
    match heading {
        Some(heading) if !headings(&included(&path)).contains(heading) => Err("no such heading".to_owned()),
        Some(_) | None => Ok(()),
    }
}

/// A page as readers see it, with what it includes.
fn included(path: &str) -> String {
    let text = book::read(&book::root().join(path)).text;
    let include = |line: &str| {
        let file = line.strip_prefix("{{#include ").and_then(|line| line.strip_suffix("}}"));
        file.map_or(format!("{line}\n"), |file| book::read(&book::root().join(beside(path, file))).text)
    };
    text.lines().map(include).collect()
}

/// The path of `file`, as it is written on a page.
fn beside(page: &str, file: &str) -> String {
    let mut path = PathBuf::new();
    for part in Path::new(page).parent().unwrap().join(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.to_string_lossy().into_owned()
}

/// `[words](to)` and `src="to"`, outside blocks and back-ticks.
fn links(page: &Page) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in page.text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        let plain: String = line.split('`').step_by(2).collect();
        for (mark, end) in [("](", ')'), ("src=\"", '"')] {
            let behind = plain.split(mark).skip(1);
            found.extend(behind.filter_map(|rest| Some((at + 1, rest.split(end).next()?.to_owned()))));
        }
    }
    found
}

/// The anchors of a page's headings, as mdBook and GitHub make them.
fn headings(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some((_, words)) =
            line.split_once("# ").filter(|(level, _)| level.bytes().all(|byte| byte == b'#'))
        else {
            continue;
        };
        if !fenced {
            anchors.insert(anchor(words));
        }
    }
    anchors
}

fn anchor(words: &str) -> String {
    let kept = words.trim().chars().filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

/// What is wrong with the summary: each page of the book is named once, and nothing else is.
pub(crate) fn of_summary() -> Vec<String> {
    let summary = book::read(&book::root().join("docs/SUMMARY.md"));
    let named: Vec<String> = links(&summary).into_iter().map(|(_, to)| format!("docs/{to}")).collect();
    let pages: Vec<String> = book::pages().into_iter().map(|page| page.path).collect();
    let in_book = pages.iter().filter(|path| path.starts_with("docs/") && *path != "docs/SUMMARY.md");
    let missing = in_book.filter(|path| !named.contains(path)).map(|path| format!("does not name {path}"));
    let twice = named.iter().enumerate().filter(|(at, path)| named[..*at].contains(path));
    missing.chain(twice.map(|(_, path)| format!("names {path} twice"))).collect()
}

#[test]
fn anchors_are_those_of_the_book() {
    for (words, wanted) in [
        ("What is where", "what-is-where"),
        ("`discord.token`", "discordtoken"),
        ("\"I lost a channel\"", "i-lost-a-channel"),
        ("1. RabbitMQ, three brokers, version 4", "1-rabbitmq-three-brokers-version-4"),
    ] {
        assert_eq!(anchor(words), wanted);
    }
    assert_eq!(beside("docs/commands/link.md", "../concepts.md"), "docs/concepts.md");
}
