//! The table: what Discord says goes in, what a linked channel shows comes out.
//!
//! Each file in `table/` is a theme, each row of it
//!
//! ```text
//! === what it is about
//! {"content": "hi"}                dispatches, a line each: what differs from an ordinary message of Ann's
//! ---
//! 5003 Ann                         what channel 30 shows then: copy, name, text, embeds
//! hi
//! ```
//!
//! `⟨word×300⟩` in a dispatch is the word three hundred times; of a long text the ends are shown. A line that is too
//! long for the reader says how long. `UPDATE_EXPECT=1` writes the answers anew: read them.

mod world;

use super::laws::{check_embeds, has_mention, is_legal_name, is_visible, texts};
use projections::render::Rendered;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use world::World;

/// Longest text that is shown whole, in characters.
const WHOLE_MAX: usize = 700;
/// Characters shown at each end of a longer one.
const END: usize = 60;
/// Least rows of all themes together.
const ROWS_MIN: usize = 110;

struct Row {
    name: String,
    dispatches: Vec<String>,
}

#[test]
fn the_table_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render/table");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    let mut count = 0;
    for file in files {
        let rows = read(&std::fs::read_to_string(&file).unwrap());
        count += rows.len();
        let told: Vec<String> = rows.iter().map(told).collect();
        expect_test::expect_file![&file].assert_eq(&told.join("\n"));
    }
    assert!(count >= ROWS_MIN, "only {count} rows");
}

fn read(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut asks = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            rows.push(Row { name: name.to_owned(), dispatches: Vec::new() });
        }
        asks = (asks || line.starts_with("=== ")) && line != "---";
        if asks && line.starts_with('{') {
            rows.last_mut().unwrap().dispatches.push(line.to_owned());
        }
    }
    rows
}

fn told(row: &Row) -> String {
    let Row { name, dispatches } = row;
    let mut out = format!("=== {name}\n");
    let mut world = World::new();
    for dispatch in dispatches {
        let _ = writeln!(out, "{dispatch}");
        world.hears(&spelt_out(dispatch));
    }
    out.push_str("---\n");
    for (copy, part) in world.shown() {
        holds_the_laws(name, part);
        let _ = writeln!(out, "{copy} {}", visible(&part.username));
        for text in std::iter::once(&part.content).chain(&part.embeds).filter(|text| !text.is_empty()) {
            let _ = writeln!(out, "{}", visible(&ends(text)));
        }
        for file in &part.files {
            let _ = writeln!(out, "+ {} {:?}", visible(&ends(&file.name)), file.description);
        }
    }
    out
}

fn holds_the_laws(name: &str, part: &Rendered) {
    assert!(is_legal_name(&part.username), "{name}: the name {:?}", part.username);
    assert!(part.content.encode_utf16().count() <= 2000, "{name}: too long");
    assert!(is_visible(&part.content) || !part.embeds.is_empty() || !part.files.is_empty(), "{name}: blank");
    check_embeds(&part.embeds).unwrap_or_else(|error| panic!("{name}: {error}"));
    for text in texts(part) {
        assert!(!has_mention(&text), "{name}: mentions in {text:?}");
    }
}

/// `⟨word×3⟩` as `wordwordword`.
fn spelt_out(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, macro_on)) = rest.split_once('⟨') {
        let (inside, after) = macro_on.split_once('⟩').unwrap();
        let (word, times) = inside.rsplit_once('×').unwrap();
        out.push_str(before);
        out.push_str(&word.repeat(times.parse().unwrap()));
        rest = after;
    }
    out + rest
}

fn ends(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= WHOLE_MAX {
        return text.to_owned();
    }
    let words = |chars: &[char]| chars.iter().collect::<String>();
    let (first, last) = (words(&chars[..END]), words(&chars[chars.len() - END..]));
    format!("{first} ⟨{} units⟩ {last}", text.encode_utf16().count())
}

/// What cannot be seen, or looks like something else, is spelt out.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c != '\n'
            && (c.is_control() || (c.is_whitespace() && c != ' ') || !is_visible(&c.to_string()) && c != ' ')
            || matches!(c, '\u{ad}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{300}'..='\u{36f}' | '\u{fe0f}')
    };
    text.chars().map(|c| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}
