//! The lines of a story: words, JSON strings and JSON objects.
//!
//! ```text
//! # a title, and comments
//! $ mirror link room A            a command, as an operator types it
//! > create A m1 ada "hello"       a frame; those of one paragraph arrive together
//! ! B: lost, with effect          what goes wrong next
//! ? log                           a question
//! < B post b1 as ada: "hello"     everything else is what came of it, and is written anew
//! ```

use serde_json::Value;

/// One line of a story.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// A comment, or nothing.
    Blank,
    /// A command line.
    Command(String),
    /// A frame to come.
    Frame(String),
    /// The stage direction.
    Stage(String),
    /// A question.
    Ask(String),
    /// What was expected: not read.
    Expected,
}

impl Line {
    pub(crate) fn read(line: &str) -> Self {
        let rest = |start: &str| line.strip_prefix(start).map(|rest| rest.trim().to_owned());
        let told = [
            rest("$ ").map(Self::Command),
            rest("> ").map(Self::Frame),
            rest("! ").map(Self::Stage),
            rest("? ").map(Self::Ask),
        ];
        match told.into_iter().flatten().next() {
            Some(line) => line,
            None if line.is_empty() || line.starts_with('#') => Self::Blank,
            None => Self::Expected,
        }
    }
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// A plain word.
    Plain(String),
    /// A JSON string.
    Text(String),
    /// A JSON object.
    Object(Value),
}

/// The words of a line.
pub(crate) fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let length = match rest.chars().next() {
            Some('"' | '{' | '[') => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                words.push(match values.next().unwrap_or_else(|| panic!("{line}")) {
                    Ok(Value::String(text)) => Word::Text(text),
                    Ok(value) => Word::Object(value),
                    Err(error) => panic!("{error} in {line}"),
                });
                values.byte_offset()
            }
            Some(_) | None => {
                let length = rest.find(' ').unwrap_or(rest.len());
                words.push(Word::Plain(rest[..length].to_owned()));
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    words
}

/// `«word *3»` as `word word word `.
pub(crate) fn repeated(text: &str) -> String {
    let Some((before, rest)) = text.split_once('«') else { return text.to_owned() };
    let (inner, after) = rest.split_once('»').unwrap_or_else(|| panic!("« without » in {text}"));
    let (what, times) = inner.rsplit_once('*').unwrap_or_else(|| panic!("no number in «{inner}»"));
    before.to_owned() + &what.repeat(times.parse().unwrap()) + &repeated(after)
}

/// A text in quotes; the middle of a long one is left out.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 100;
    let count = text.chars().count();
    if count <= 2 * SHOWN {
        return format!("{text:?}");
    }
    let head: String = text.chars().take(24).collect();
    let tail: String = text.chars().skip(count - 24).collect();
    format!("{head:?} … {tail:?} ({count} characters)")
}
