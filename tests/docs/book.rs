//! The pages as they are committed, and what of them is run.

use std::fs;
use std::path::{Path, PathBuf};

/// One page.
pub(crate) struct Page {
    /// Below the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What a page asks for.
#[derive(Debug)]
pub(crate) enum Piece {
    /// `<!-- stage: ... -->`: what happens on the stage, unseen by readers.
    Stage { number: usize, what: String },
    /// A line of a block `sh`, or behind `$` in a block `console`; then with what it says.
    Line { number: usize, typed: String, told: Option<String> },
    /// A block `toml`.
    Toml { number: usize, text: String },
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The manual and the README.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![root().join("README.md")];
    collect(&root().join("docs"), &mut paths);
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            paths.push(path);
        }
    }
}

pub(crate) fn read(path: &Path) -> Page {
    let below = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    Page { path: below, text: fs::read_to_string(path).unwrap() }
}

impl Page {
    /// A page of nothing but lines to type.
    pub(crate) fn of_lines(path: &str, lines: &[String]) -> Self {
        Self { path: path.to_owned(), text: format!("```sh\n{}\n```\n", lines.join("\n")) }
    }

    /// Whether its stage is empty at first.
    pub(crate) fn is_bare(&self) -> bool {
        self.text.contains("<!-- stage: bare -->")
    }

    /// What stands in back-ticks within a line and begins with `mirror` and a verb, with the number of its line.
    pub(crate) fn commands_named(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut fenced = false;
        for (at, line) in self.text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            if fenced {
                continue;
            }
            let quoted = line.split('`').skip(1).step_by(2);
            let is_verb = |words: &&str| {
                let verb = words.strip_prefix("mirror ").and_then(|rest| rest.chars().next());
                verb.is_some_and(|first| first.is_ascii_lowercase())
            };
            found.extend(quoted.filter(is_verb).map(|words| (at + 1, words.to_owned())));
        }
        found
    }
}

/// All lines that a page asks to type.
pub(crate) fn typed(page: &Page) -> Vec<String> {
    let typed = |piece| match piece {
        Piece::Line { typed, .. } => Some(typed),
        Piece::Stage { .. } | Piece::Toml { .. } => None,
    };
    pieces(page).into_iter().filter_map(typed).collect()
}

/// What a page asks for, in its order.
pub(crate) fn pieces(page: &Page) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = page.text.lines().enumerate().map(|(at, line)| (at + 1, line));
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if let Some(what) = line.strip_prefix("<!-- stage: ") {
            pieces.push(Piece::Stage { number, what: what.trim_end_matches(" -->").to_owned() });
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|(_, line)| line.trim() != "```").collect();
        match kind {
            "sh" => pieces.extend(shell(&block)),
            "console" => pieces.extend(console(&block)),
            "toml" => {
                let text: String = block.iter().map(|(_, line)| format!("{line}\n")).collect();
                pieces.push(Piece::Toml { number, text });
            }
            _ => {}
        }
    }
    pieces
}

/// Lines that go on behind a backslash, or within quotes, are one.
fn shell(block: &[(usize, &str)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in block {
        let (number, mut text) =
            open.take().map_or((*number, String::new()), |(number, text)| (number, text + "\n"));
        text += line;
        let typed = without_comment(&text);
        if typed.ends_with('\\') || typed.matches('\'').count() % 2 == 1 {
            open = Some((number, text));
        } else if !typed.is_empty() {
            pieces.push(Piece::Line { number, typed, told: None });
        }
    }
    pieces
}

fn console(block: &[(usize, &str)]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, line) in block {
        match (line.strip_prefix("$ "), pieces.last_mut()) {
            (Some(typed), _) => {
                let (typed, told) = (without_comment(typed), Some(String::new()));
                pieces.push(Piece::Line { number: *number, typed, told });
            }
            (None, Some(Piece::Line { told: Some(told), .. })) => *told += &format!("{line}\n"),
            (None, _) => panic!("line {number}: a block `console` begins with `$ `"),
        }
    }
    pieces
}

/// A `#` behind white space, outside quotes, begins a comment.
fn without_comment(line: &str) -> String {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '#') if before.is_whitespace() => return line[..at].trim().to_owned(),
            (_, _) => {}
        }
        before = letter;
    }
    line.trim().to_owned()
}
