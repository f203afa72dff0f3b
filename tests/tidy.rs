//! The shape of the code is a test: purity, names, banned calls fail hard; lengths are a ratchet.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders with Rust code.
const CODE: &[&str] = &["src", "events", "projections", "tools", "tests", "benches"];
/// Longest file, in lines, and longest function outside tests.
const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
/// Code that is over a limit today. It may shrink and vanish, never grow or be added to.
const LONG_FILES: &[(&str, usize)] = &[];
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Code lines outside `#[cfg(test)] mod`, comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.starts_with("tests/");
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|two| two[0] == "#[cfg(test)]" && two[1].starts_with("mod "));
        let end = if is_test { 0 } else { tests.unwrap_or(lines.len()) };
        let code = |line: &str| !line.trim_start().starts_with("//");
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(at, line)| (at + 1, line))
            .filter(move |(_, line)| code(line))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    CODE.iter().for_each(|folder| collect(&root.join(folder), &mut paths));
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root).unwrap().to_string_lossy().into_owned(),
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            paths.push(path);
        }
    }
}

/// Fails with every place at once.
fn check(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}

/// The lines outside tests that hold one of `words`, in files that `within` names.
fn holding(words: &[&str], within: impl Fn(&str) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for source in sources().iter().filter(|source| within(&source.path)) {
        for (number, line) in source.code() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                places.push(format!("{}:{number} holds `{word}`", source.path));
            }
        }
    }
    places
}

#[test]
fn the_code_is_found() {
    let sources = sources();
    assert!(sources.len() > 50, "only {} files", sources.len());
    assert!(sources.iter().any(|source| source.path == "projections/src/lane.rs"));
}

#[test]
fn events_and_projections_are_pure() {
    let pure = |path: &str| path.starts_with("events/src") || path.starts_with("projections/src");
    let impure = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "tokio::",
        "rusqlite",
        "SystemTime",
        "Instant::now",
        "rand::",
        "new_v4",
        "println!",
        "eprintln!",
        "tracing::",
    ];
    check(
        "events and projections do no IO, read no clock and draw no random number",
        &holding(&impure, pure),
    );
    for krate in ["events", "projections"] {
        let manifest =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(krate).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for banned in
            ["tokio", "twilight-http", "twilight-gateway", "lapin", "scylla", "rusqlite", "hyper", "rand "]
        {
            assert!(!dependencies.contains(banned), "{krate} depends on {banned}");
        }
    }
}

#[test]
fn dependencies_run_one_way() {
    let below = |path: &str| path.starts_with("events/src");
    check("events knows nothing of projections", &holding(&["projections::"], below));
    let jobs = |path: &str| path.starts_with("tools/src");
    check("a job cannot name a sink", &holding(&["::Sink", "sink::", "deliver::next"], jobs));
    let standin = |path: &str| path.starts_with("tools/standin");
    check(
        "the stand-in shares no code with what it tests",
        &holding(&["events::", "projections::", "mirror::"], standin),
    );
}

#[test]
fn names_say_what_they_are() {
    let vague = ["utils", "util", "helpers", "helper", "common", "misc", "manager", "shared"];
    let places: Vec<String> = sources()
        .into_iter()
        .filter(|source| {
            let parts = source.path.trim_end_matches(".rs").split('/');
            source.path.ends_with("/mod.rs") || parts.into_iter().any(|part| vague.contains(&part))
        })
        .map(|source| source.path)
        .collect();
    check("no mod.rs, and no name that says nothing", &places);
}

#[test]
fn banned_calls_are_not_made() {
    let words =
        [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "unbounded_channel", "thread::sleep", "#[ignore"];
    check(
        "banned outside tests",
        &holding(&words, |path| !path.starts_with("benches") && !path.contains("conformance")),
    );
    let clock = holding(&["SystemTime::now"], |path| {
        path != "src/clock.rs" && !path.starts_with("tools/standin") && !path.starts_with("benches")
    });
    check("only src/clock.rs reads the wall clock", &clock);
}

#[test]
fn lengths_only_shrink() {
    let known =
        |list: &[(&str, usize)]| list.iter().map(|(name, lines)| ((*name).to_owned(), *lines)).collect();
    let (files, functions): (BTreeMap<String, usize>, BTreeMap<String, usize>) =
        (known(LONG_FILES), known(LONG_FUNCTIONS));
    let mut places = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > files.get(&source.path).copied().unwrap_or(FILE_LINES_MAX) {
            places.push(format!("{} has {lines} lines", source.path));
        }
        for (name, lines) in function_lengths(&source) {
            let name = format!("{}::{name}", source.path);
            if lines > functions.get(&name).copied().unwrap_or(FUNCTION_LINES_MAX) {
                places.push(format!("{name} has {lines} lines"));
            }
        }
    }
    check("split what has become about more than one thing", &places);
}

/// Functions outside tests with their lengths, by indentation: the code is formatted.
fn function_lengths(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (number, line) in source.code() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        match &open {
            Some((name, start, at)) if line.starts_with(&format!("{at}}}")) => {
                found.push((name.clone(), number - start + 1));
                open = None;
            }
            // Declared in a trait: it has no body.
            Some((.., at)) if line.starts_with(&format!("{at})")) && line.ends_with(';') => open = None,
            Some(_) => {}
            None => {
                let head = line.trim_start();
                let is_fn = head.split(' ').take(5).any(|word| word == "fn");
                if is_fn && !head.ends_with(';') && !head.ends_with('}') {
                    let name = head.split("fn ").nth(1).unwrap_or("").split(['(', '<']).next().unwrap_or("");
                    open = Some((name.to_owned(), number, indent));
                }
            }
        }
    }
    found
}

/// Every row of a table in SECURITY.md names tests that exist.
#[test]
fn what_is_said_to_be_safe_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let rows: Vec<&str> = rows.into_iter().filter(|row| !row.ends_with("| test |")).collect();
    assert!(rows.len() >= 25, "only {} rows", rows.len());
    let mut places = Vec::new();
    for row in rows {
        let cell = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or("");
        let named: Vec<_> = cell.split('`').filter_map(|word| word.split_once("::")).collect();
        let exists = |(file, test): &(&str, &str)| {
            fs::read_to_string(root.join(file)).is_ok_and(|code| code.contains(&format!("fn {test}(")))
        };
        if named.is_empty() || !named.iter().all(exists) {
            places.push(row.to_owned());
        }
    }
    check("a row names the test that holds it, as `file::test`", &places);
}
