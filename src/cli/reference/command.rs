//! A command as a page: what it is for, what it takes, examples, exit codes.

use super::{Examples, MADE, Page};
use clap::{Arg, Command};

/// What the exit code 1 means where more can be said than "not done": by the name of the command.
const NOT_DONE: &[(&str, &str)] = &[
    ("archive", "not done; `verify`: a segment is not as it was written"),
    ("demo", "a message was lost, doubled or out of order"),
    ("migrate", "not done, or the views of both sides differ; nothing was switched"),
    ("replay", "not done; the rebuilt views differ and nothing was accepted; or the plan was not approved"),
    ("run", "the node could not begin, or ended by itself"),
    ("schema", "not done; `diff`: something differs"),
    ("verify", "the log, the views and the receipts do not agree"),
];

/// The commands that people see.
pub(super) fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set())
}

/// The page that lists all commands.
pub(super) fn index(root: &Command) -> Page {
    let mut text = format!("# Commands\n\n{MADE}\n\n{}.\n\n", about(root));
    text += "| command | what it does |\n|---|---|\n";
    for verb in visible(root) {
        let name = verb.get_name();
        text += &format!("| [`mirror {name}`]({name}.md) | {} |\n", cell(&about(verb)));
    }
    text += &examples(root);
    text += "\n## Options of every command\n\n";
    text += &table(
        "option",
        root.get_arguments().filter(|option| option.is_global_set() && !is_built_in(option)),
    );
    text += "\n`--help` prints what is on these pages, `--version` the version.\n";
    text += "\n## Exit codes\n\n| code | means |\n|---|---|\n| 0 | done, and in order |\n";
    text += "| 1 | not done, or something is wrong; standard error says what |\n";
    text +=
        "| 2 | asked for wrongly: a word, the configuration, or a mirror or channel that there is not |\n";
    Page { path: "commands/README.md".to_owned(), text }
}

/// The page of one command and of all below it.
pub(super) fn page(root: &Command, verb: &Command) -> Page {
    let name = verb.get_name();
    let mut text = String::new();
    section(&[root, verb], &format!("mirror {name}"), "#", &mut text);
    let one = NOT_DONE.iter().find(|(of, _)| *of == name).map_or("not done", |(_, one)| one);
    text += "\n## Exit codes\n\n| code | means |\n|---|---|\n| 0 | done |\n";
    text += &format!("| 1 | {one} |\n| 2 | asked for wrongly |\n");
    text += "\nBesides these, [options of every command](README.md#options-of-every-command).\n";
    Page { path: format!("commands/{name}.md"), text }
}

/// A command, the last of `path`; what one above it brings is said there.
fn section(path: &[&Command], name: &str, level: &str, text: &mut String) {
    let [above @ .., command] = path else { return };
    text.push_str(&format!("{level} {name}\n\n"));
    if level == "#" {
        text.push_str(&format!("{MADE}\n\n"));
    }
    text.push_str(&format!("{}.\n\n```text\n{}\n```\n", escaped(&about(command)), usage(command)));
    let inherited = |option: &Arg| {
        above
            .iter()
            .any(|one| one.get_arguments().any(|its| its.is_global_set() && its.get_id() == option.get_id()))
    };
    let own = |option: &&Arg| !option.is_hide_set() && !is_built_in(option) && !inherited(option);
    let positionals = command.get_positionals().filter(own);
    let options: Vec<&Arg> = command.get_arguments().filter(own).filter(|one| !one.is_positional()).collect();
    for table in [table("argument", positionals), table_of(command, &options)] {
        if !table.is_empty() {
            text.push_str(&format!("\n{table}"));
        }
    }
    text.push_str(&examples(command));
    for inner in visible(command) {
        text.push('\n');
        let path = [path, &[inner]].concat();
        section(&path, &format!("{name} {}", inner.get_name()), &format!("{level}#"), text);
    }
}

fn examples(command: &Command) -> String {
    let Examples { words, lines } = Examples::of(command);
    let mut text: String = words.iter().map(|words| format!("\n{}\n", escaped(words))).collect();
    if !lines.is_empty() {
        text += &format!("\n```sh\n{}\n```\n", lines.join("\n"));
    }
    text
}

fn table<'a>(head: &str, rows: impl Iterator<Item = &'a Arg>) -> String {
    join(head, rows.map(|row| (row, String::new())).collect())
}

/// Options, with those that each excludes.
fn table_of(command: &Command, options: &[&Arg]) -> String {
    let excluded = |option: &Arg| {
        let others = command.get_arg_conflicts_with(option);
        let names: Vec<_> = others.iter().filter_map(|other| other.get_long()).collect();
        let names: Vec<_> = names.iter().map(|name| format!("`--{name}`")).collect();
        if names.is_empty() { String::new() } else { format!(". Not with {}", names.join(", ")) }
    };
    join("option", options.iter().map(|option| (*option, excluded(option))).collect())
}

fn join(head: &str, rows: Vec<(&Arg, String)>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |(arg, more): (&Arg, String)| format!("| {} | {}{more} |\n", written(arg), cell(&meaning(arg)));
    format!("| {head} | |\n|---|---|\n{}", rows.into_iter().map(row).collect::<String>())
}

/// As it is typed: `-m`, `--mirror <MIRROR>`.
fn written(arg: &Arg) -> String {
    let takes = arg.get_num_args().is_none_or(|count| count.takes_values());
    let names = arg.get_value_names().unwrap_or_default();
    let value = names.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" ");
    let long = match (arg.get_long(), takes) {
        (Some(long), true) => format!("`--{long} {value}`"),
        (Some(long), false) => format!("`--{long}`"),
        (None, _) => format!("`{value}`"),
    };
    // A bar would end the cell, inside back-ticks too.
    let long = long.replace('|', "\\|");
    arg.get_short().map_or(long.clone(), |short| format!("`-{short}`, {long}"))
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    let takes = arg.get_num_args().is_none_or(|count| count.takes_values());
    if takes && !values.is_empty() {
        let value = |value: &clap::builder::PossibleValue| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        };
        text += &format!(". One of {}", values.iter().map(value).collect::<Vec<_>>().join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() && !arg.is_hide_default_value_set() {
        text += &format!(". Default: `{}`", defaults.join(","));
    }
    let is_required = arg.is_required_set() && !arg.is_positional();
    if is_required { text + ". Required" } else { text }
}

fn is_built_in(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default().trim_end_matches('.').to_owned()
}

fn usage(command: &Command) -> String {
    let text = command.clone().render_usage().to_string();
    let lines: Vec<_> = text.trim_start_matches("Usage:").lines().map(str::trim).collect();
    lines.join("\n")
}

fn cell(text: &str) -> String {
    escaped(text).replace('|', "\\|").replace('\n', " ")
}

/// `<#42>` is no HTML, and `--flag` keeps both its dashes.
fn escaped(text: &str) -> String {
    let plain = |piece: &str| piece.split(' ').map(flagged).collect::<Vec<_>>().join(" ");
    let pieces = text.split('`').enumerate();
    let pieces = pieces.map(|(at, piece)| if at % 2 == 0 { plain(piece) } else { piece.to_owned() });
    pieces.collect::<Vec<_>>().join("`")
}

fn flagged(word: &str) -> String {
    let is_flag = word.trim_start_matches('(').starts_with("--");
    let Some(start) = word.find("--").filter(|_| is_flag) else { return word.replace('<', "\\<") };
    let end = word.trim_end_matches([',', '.', ':', ';', ')']).len();
    format!("{}`{}`{}", &word[..start], &word[start..end], &word[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn what_code_one_means_is_said_of_commands_that_exist() {
        let root = Cli::command();
        for (name, _) in NOT_DONE {
            assert!(root.find_subcommand(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_cell_is_one_line_without_html() {
        assert_eq!(cell("id, <#id>, `<#id>`\nor a|b"), "id, \\<#id>, `<#id>` or a\\|b");
        assert_eq!(cell("with --apply: (with --base live)"), "with `--apply`: (with `--base` live)");
    }
}
