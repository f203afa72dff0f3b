//! The manual is held to the program: what is made is what is committed, every example runs, every link leads somewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod book;
mod links;
mod run;
mod stage;
mod tables;
mod told;

use book::{Page, Piece, pieces};
use clap::CommandFactory;
use mirror::cli::Cli;
use mirror::cli::reference::Examples;
use run::Play;
use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};
use tokio::task::JoinSet;

/// Pages that are played at once, each on a stage of its own.
const AT_ONCE: usize = 3;

/// Fails with everything at once.
fn check(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}

/// `UPDATE_EXPECT=1` writes what is made, as it does for snapshots.
#[test]
fn what_is_made_is_what_is_committed() {
    let updates = env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1");
    let mut places = Vec::new();
    for made in mirror::cli::reference::pages() {
        let path = book::root().join("docs").join(&made.path);
        if updates {
            fs::write(&path, &made.text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != made.text {
            places.push(format!("docs/{}", made.path));
        }
    }
    check("not what is made: UPDATE_EXPECT=1 cargo test --test docs", &places);
}

#[test]
fn the_summary_names_every_page_once() {
    check("docs/SUMMARY.md", &links::of_summary());
}

#[test]
fn every_link_leads_somewhere() {
    check("no such file or heading", &links::broken());
}

/// The verbs that pages and messages speak of, besides those in blocks that are run.
#[test]
fn every_command_that_is_named_exists() {
    let root = Cli::command();
    let mut places = Vec::new();
    for page in book::pages() {
        for (number, words) in page.commands_named() {
            let verb = words.split(' ').nth(1).unwrap_or_default();
            if root.find_subcommand(verb).is_none() && !run::is_arriving(&words) {
                places.push(format!("{}:{number} names `{words}`", page.path));
            }
        }
    }
    check("there is no such command", &places);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_run() {
    let mut pages: Vec<Page> = book::pages();
    let typed: BTreeSet<String> = pages.iter().flat_map(book::typed).collect();
    // Those of hidden commands are on no page.
    let unseen: Vec<String> = of_help().into_iter().filter(|line| !typed.contains(line)).collect();
    pages.push(Page::of_lines("--help", &unseen));
    let mut waiting = pages.into_iter().filter(|page| !pieces(page).is_empty());
    let (mut running, mut wrong, mut count) = (JoinSet::new(), Vec::new(), 0);
    loop {
        while running.len() < AT_ONCE {
            let Some(page) = waiting.next() else { break };
            running.spawn(async move { Play::of(&page).await });
        }
        let Some(played) = running.join_next().await else { break };
        let played = played.unwrap();
        count += played.lines;
        wrong.extend(played.wrong);
    }
    check("examples that do not do what the page says", &wrong);
    assert!(count > 100, "only {count} lines were run");
}

/// A line that is excused and stands nowhere is excused no more.
#[test]
fn what_is_excused_is_there() {
    let typed: BTreeSet<String> = book::pages().iter().flat_map(book::typed).chain(of_help()).collect();
    let gone = tables::NOT_RUN
        .iter()
        .chain(tables::RUN_AS)
        .filter(|(line, _)| !typed.contains(*line))
        .map(|(line, _)| (*line).to_owned());
    check(
        "stands on no page and in no --help: take it out of tests/docs/tables.rs",
        &gone.collect::<Vec<_>>(),
    );
}

/// The examples of every command and of all below it.
fn of_help() -> Vec<String> {
    fn collect(command: &clap::Command, lines: &mut Vec<String>) {
        lines.extend(Examples::of(command).lines);
        command.get_subcommands().for_each(|inner| collect(inner, lines));
    }
    let mut lines = Vec::new();
    collect(&Cli::command(), &mut lines);
    lines
}

/// Reasons for which a lane is held: where the program says them, and words of each.
const REASONS: &[(&str, &str)] = &[
    (
        "projections/src/lane/resolve.rs",
        "messages of our webhook are in the channel that this data directory",
    ),
    ("projections/src/lane/resolve.rs", "history shows none of the last known messages of this channel"),
    ("projections/src/lane/resolve.rs", "waiting until no late effect can come"),
    ("projections/src/lane/audit.rs", "late duplicates were removed within an hour, which is the limit"),
    ("projections/src/lane/audit.rs", "a late duplicate is to be removed"),
    ("projections/src/lane.rs", "Discord does not know the channel or thread"),
    ("projections/src/lane.rs", "Discord asked to wait"),
    (
        "src/lanes/run.rs",
        "over 100,000 messages were written in the channel since the last one that is known here",
    ),
    (
        "src/discord/forum.rs",
        "over 10,000 posts were archived in the forum since the last copy that is known here",
    ),
    ("src/discord/answer.rs", "Discord refuses the token it gave for the webhook"),
    ("src/discord/sink.rs", "the webhook cannot be found"),
    ("src/discord/webhooks.rs", "Discord made a webhook without a token"),
];

/// Every reason for which a lane is held is on the page about that, in the program's words.
#[test]
fn every_reason_is_explained() {
    let text = |path: &str| fs::read_to_string(book::root().join(path)).unwrap();
    let page = text("docs/quarantine.md");
    let mut missing: Vec<String> = Vec::new();
    for (file, words) in REASONS {
        assert!(plain(&text(file)).contains(&plain(words)), "{file} does not say: {words}");
        missing.extend((!plain(&page).contains(&plain(words))).then(|| (*words).to_owned()));
    }
    let advice = (0..300_000).filter_map(mirror::discord::answer::what_to_do);
    missing.extend(advice.filter(|words| !page.contains(words)).map(str::to_owned));
    check("docs/quarantine.md does not explain", &missing);
}

/// Words alone, in lower case: a text may be broken over lines, in code by a backslash.
fn plain(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || "\\>".contains(letter));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A block of TOML is a configuration that the program takes.
#[test]
fn every_configuration_is_taken() {
    let mut places = Vec::new();
    for page in book::pages() {
        for piece in pieces(&page) {
            let Piece::Toml { number, text } = piece else { continue };
            if let Err(why) = taken(&text) {
                places.push(format!("{}:{number}: {why}", page.path));
            }
        }
    }
    check("the program refuses it", &places);
}

fn taken(text: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mirror.toml");
    write_private(&file, text);
    let sources = mirror::config::Sources {
        working_dir: dir.path().to_owned(),
        file: Some(file),
        ..mirror::config::Sources::default()
    };
    sources.load().map(drop).map_err(|error| error.to_string())
}

/// Others may not read a file with a token.
fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
