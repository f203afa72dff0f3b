//! All settings as a page: the words of `config.example.toml`, and what the program itself knows of each key.

use super::{MADE, Page};
use crate::config::{Config, KEYS, Shape, variable};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// A key as the example has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    key: String,
    /// What stands above it.
    words: String,
    /// What it may be, where it has no default.
    example: Option<String>,
}

/// The page.
pub(super) fn page() -> Page {
    let mut text = format!("# Configuration\n\n{MADE}\n\n{HEAD}");
    let (mut section, mut about) = (String::new(), sections());
    for entry in entries() {
        let of = entry.key.split_once('.').map_or("", |(of, _)| of).to_owned();
        if of != section {
            let words = about.iter().position(|(name, _)| *name == of).map(|at| about.remove(at).1);
            text += &format!("\n## \\[{of}\\]\n");
            text += &words
                .filter(|words| !words.is_empty())
                .map_or(String::new(), |words| format!("\n{words}\n"));
            section = of;
        }
        text += &of_key(&entry);
    }
    Page { path: "configuration.md".to_owned(), text }
}

const HEAD: &str = "Everything has a default: an empty file is a good one. A value is looked for in this order, and the \
last one found counts:

1. the default, below;
2. the file: `--config FILE`, else `MIRROR_CONFIG`, else `./mirror.toml`, else `mirror.toml` in the data directory;
3. the variable, written with each key;
4. a flag, where a command has one.

```sh
mirror config show        # every key, its value, and where it is from; no secrets
mirror config example     # a file with every key and what it means
```

A file that holds a token or a password, and that everybody on the machine may read, is refused. An unknown key is refused
too, with the nearest right one. Paths are relative to the file they stand in.
";

/// What is said of one key.
fn of_key(entry: &Entry) -> String {
    let Entry { key, words, example } = entry;
    let defaults = Config::default();
    let shape = KEYS.iter().find(|(known, _)| known == key).map_or(Shape::Text, |(_, shape)| *shape);
    let range = defaults.ranges().into_iter().find(|(known, ..)| known == key);
    let range = range.map(|(_, _, min, max)| format!("{min} to {max}"));
    let kind = match (shape, &range) {
        (Shape::Text, _) => "text".to_owned(),
        (Shape::Switch, _) => "`true` or `false`".to_owned(),
        (Shape::Number, None) => "whole number".to_owned(),
        (Shape::Number, Some(range)) => format!("whole number, {range}"),
    };
    let default = defaults.lines().into_iter().find(|line| line.key == key).and_then(|line| line.value);
    let default = default.map_or("none".to_owned(), |value| format!("`{value}`"));
    let words = words.trim_end_matches(range.map_or(String::new(), |range| format!(" {range}.")).as_str());
    let words = words.strip_suffix(':').map_or(words.to_owned(), |words| format!("{words}."));
    let example = example.as_ref().map_or(String::new(), |example| format!("\n* example: `{example}`"));
    format!(
        "\n### `{key}`\n\n{words}\n\n* {kind}; default: {default}{example}\n* variable: `{}`\n",
        variable(key)
    )
}

/// Every key of the example, in its order.
fn entries() -> Vec<Entry> {
    let (mut entries, mut section, mut words) = (Vec::new(), String::new(), Vec::new());
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
            words.clear();
        } else if let Some((key, example)) = key_of(line, &section) {
            entries.push(Entry { key, words: words.join(" "), example });
        } else if let Some(said) = line.strip_prefix("# ") {
            words.push(said.to_owned());
        } else {
            words.clear();
        }
    }
    entries
}

/// The key that a line sets, or shows as a comment with a value that it might have.
fn key_of(line: &str, section: &str) -> Option<(String, Option<String>)> {
    let (is_shown, rest) = match line.strip_prefix("# ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (name, value) = rest.split_once(" = ")?;
    let key = format!("{section}{name}");
    let is_known = KEYS.iter().any(|(known, _)| *known == key);
    is_known.then(|| (key, is_shown.then(|| format!("{name} = {value}"))))
}

/// What stands above the head of each section.
fn sections() -> Vec<(String, String)> {
    let (mut found, mut words) = (Vec::new(), Vec::new());
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            found.push((name.to_owned(), words.join(" ")));
        }
        match line.strip_prefix("# ") {
            Some(said) => words.push(said.to_owned()),
            None => words.clear(),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_once_with_words() {
        let entries = entries();
        for (key, _) in KEYS {
            let found: Vec<_> = entries.iter().filter(|entry| entry.key == *key).collect();
            assert_eq!(found.len(), 1, "{key}");
            assert!(found[0].words.len() > 20, "nothing is said of {key}");
        }
        assert_eq!(entries.len(), KEYS.len());
    }

    #[test]
    fn a_range_is_said_once() {
        let text = page().text;
        assert!(text.contains(
            "Requests under way at once, over all lanes.\n\n* whole number, 1 to 1024; default: `64`"
        ));
        assert!(text.contains("* variable: `MIRROR_LANES_IN_FLIGHT`"));
        assert!(text.contains("* example: `node = \"main\"`"));
    }
}
