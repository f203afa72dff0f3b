//! `facts.md` beside this file says of each fact about Discord which test holds it, or why none can. Here: that these
//! tests exist, and that no fact is left out.
//!
//! A section is a heading with its number as in the facts, `## 1.4 ...`, and a table of rows `| fact | test or reason |`:
//! where the facts are a table, a row for each of theirs under the same name; else at least one for each of their points. A test is `path/of/file.rs::name` in back-ticks, several are separated by commas; a reason begins with
//! "not acted out:".

use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("facts.md");
const REASON: &str = "not acted out:";

/// One row of the table.
struct Row<'a> {
    section: &'a str,
    fact: &'a str,
    held_by: &'a str,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let mut section = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("##") {
            section = heading.trim_start_matches('#').split_whitespace().next().unwrap_or_default();
        }
        let cells: Vec<&str> = line.trim_matches('|').splitn(3, '|').map(str::trim).collect();
        let is_row = line.starts_with('|') && !cells[0].starts_with("---") && cells.len() > 1;
        if is_row {
            rows.push(Row { section, fact: cells[0], held_by: cells[1] });
        }
    }
    rows
}

/// The points of each section, `- ...` or `1. ...`; a section of mere words has one.
fn points(text: &str) -> Vec<(&str, usize)> {
    let sections = text.split("\n##").skip(1).map(|section| section.trim_start_matches('#').trim_start());
    let is_point = |line: &&str| {
        line.starts_with("- ")
            || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok())
    };
    let counted = sections.map(|section| {
        let (number, rest) = section.split_once(' ').unwrap_or((section, ""));
        (number, rest.lines().skip(1).filter(is_point).count().max(1))
    });
    counted.collect()
}

/// The names of tests in back-ticks.
fn tests(held_by: &str) -> impl Iterator<Item = &str> {
    held_by.split('`').skip(1).step_by(2).filter(|quoted| quoted.contains(".rs::"))
}

fn exists(name: &str) -> bool {
    let (file, test) = name.split_once("::").unwrap_or((name, ""));
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap_or_default();
    let at = [format!("fn {test}("), format!("fn {test}<")];
    at.iter().any(|at| text.contains(at.as_str()))
}

#[test]
fn every_fact_has_a_test_that_exists_or_a_reason() {
    let mut wrong = Vec::new();
    for Row { section, fact, held_by } in rows(TABLE).iter().filter(|row| row.fact != "fact") {
        let missing: Vec<_> = tests(held_by).filter(|name| !exists(name)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{section} {fact}: no such test: {}", missing.join(", ")));
        }
        if tests(held_by).next().is_none() && !held_by.contains(REASON) {
            wrong.push(format!("{section} {fact}: neither a test nor a reason"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The facts themselves lie beside the project.
#[test]
fn no_fact_of_a_section_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/discord.md");
    let Ok(facts) = fs::read_to_string(&path) else {
        println!("not run: {} is absent", path.display());
        return;
    };
    let ours = rows(TABLE);
    let of = |section: &str| ours.iter().filter(|one| one.section == section).count().saturating_sub(1);
    for (section, points) in points(&facts).into_iter().filter(|(section, _)| *section != "1.") {
        assert!(points <= of(section), "{section} has {points} points, and {} rows here", of(section));
    }
    let is_head = |fact: &str| matches!(fact, "thing" | "event" | "client");
    for row in rows(&facts).iter().filter(|row| !is_head(row.fact)) {
        let found = ours.iter().any(|one| (one.section, one.fact) == (row.section, row.fact));
        assert!(found, "{} {} is not in facts.md", row.section, row.fact);
    }
}
