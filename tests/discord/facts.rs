//! `facts.md` beside this file says of each fact about Discord which test holds it, or why none can. Here: that these
//! tests exist, and that no fact is left out.
//!
//! To add a section: a heading with its number as in the facts, `## 1.4 ...`, and a table of rows `| fact | test or
//! reason |`. A test is `path/of/file.rs::name` in back-ticks, several are separated by commas; a reason begins with
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
    let is_head = |fact: &str| matches!(fact, "thing" | "event" | "client");
    for row in rows(&facts).iter().filter(|row| !is_head(row.fact)) {
        let of_section: Vec<_> = ours.iter().filter(|one| one.section == row.section).collect();
        let found = of_section.iter().any(|one| one.fact == row.fact);
        assert!(of_section.is_empty() || found, "{} {} is not in facts.md", row.section, row.fact);
    }
}
