//! What a command says beside what a page says that it says.

/// What differs, or nothing. A line of the page that is `...` stands for any number of lines.
pub(crate) fn difference(wanted: &str, said: &str) -> Option<String> {
    let wanted: Vec<String> = wanted.lines().map(masked).collect();
    let said: Vec<String> = said.lines().map(masked).collect();
    if fits(&wanted, &said) {
        return None;
    }
    Some(format!(
        "the page says\n      {}\n    and it says\n      {}",
        wanted.join("\n      "),
        said.join("\n      ")
    ))
}

fn fits(wanted: &[String], said: &[String]) -> bool {
    match wanted.split_first() {
        None => said.is_empty(),
        Some((first, rest)) if first == "..." => (0..=said.len()).any(|skip| fits(rest, &said[skip..])),
        Some((first, rest)) => {
            said.split_first().is_some_and(|(said, more)| said == first && fits(rest, more))
        }
    }
}

/// A line without what is different each time: times, ids, digests, durations, and how wide columns are.
fn masked(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut masked: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| words[at]);
        masked.push(word_masked(word, before, words.get(at + 1).copied().unwrap_or_default()));
    }
    masked.join(" ")
}

/// What is counted otherwise each time: durations, sizes, and events, of which Discord may send some more or fewer.
const UNITS: [&str; 8] = ["ms", "s", "events/s", "bytes", "kB", "MB", "events", "cells"];
/// What a process or an offset stands behind.
const PLACES: [&str; 6] = ["process", "offsets", "to", "hold", "handled", "numbers"];

fn word_masked(word: &str, before: &str, next: &str) -> String {
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    let is_hex = bare.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let is_unit = UNITS.contains(&next.trim_end_matches([',', ';', ')', '.', ':']));
    let is_place = PLACES.contains(&before);
    let mask = match bare.len() {
        20.. if bare.ends_with('Z') && bare.contains('T') => "TIME",
        36 if is_hex => "UUID",
        32 if is_hex => "DIGEST",
        13 if bare.starts_with("node-") => "NODE",
        _ if is_number && (is_place || is_unit) => "N",
        _ => return ids_masked(word),
    };
    word.replacen(bare, mask, 1)
}

/// Snowflakes within a word, as in an address.
fn ids_masked(word: &str) -> String {
    const DIGITS_MIN: usize = 15;
    let mut text = String::new();
    let mut digits = String::new();
    for letter in word.chars().chain(['\n']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        text += if digits.len() < DIGITS_MIN { &digits } else { "ID" };
        digits.clear();
        text.push(letter);
    }
    text.trim_end().to_owned()
}

#[test]
fn what_is_different_each_time_is_masked_and_nothing_else() {
    for (line, wanted) in [
        ("  42  guild 41   from 2026-11-27T23:07:26.174Z on", "42 guild 41 from TIME on"),
        (
            "digest 405c6e7279e74373e262df757ea10128, the same as build 0's",
            "digest DIGEST, the same as build 0's",
        ),
        ("rebuilt 3 events: 4 cells in 42 ms, 71 events/s", "rebuilt N events: N cells in N ms, N events/s"),
        ("node node-e0d3798e: process 12, version 0.1.0", "node NODE: process N, version 0.1.0"),
        ("https://discord.com/channels/41/42/1310000000000000001", "https://discord.com/channels/41/42/ID"),
    ] {
        assert_eq!(masked(line), wanted);
    }
    assert_eq!(difference("a\n...\nd", "a\nb\nc\nd"), None);
    assert!(difference("a\n...\nd", "a\nb\nc").is_some());
    assert!(difference("3 copies", "4 copies").is_some());
}
