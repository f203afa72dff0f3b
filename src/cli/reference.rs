//! The pages of the manual that are made from definitions: a page a command, and one of all settings.
//!
//! `mirror docs --dir docs` writes them; `tests/docs` holds that what is committed is what is made.

mod command;
mod settings;

use super::args::Cli;
use clap::CommandFactory;

/// What stands above a page that nobody edits.
const MADE: &str = "<!-- Made by `mirror docs --dir docs` from the definitions in src/. Do not edit. -->";

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it lies below the folder of the manual.
    pub path: String,
    /// Markdown.
    pub text: String,
}

/// What is said below a command's options: words, and lines to type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples {
    /// Paragraphs.
    pub words: Vec<String>,
    /// Each as it is typed.
    pub lines: Vec<String>,
}

/// All pages that are made.
#[must_use]
pub fn pages() -> Vec<Page> {
    let mut root = Cli::command();
    // Usage lines and inherited options are there once it is built.
    root.build();
    let mut pages = vec![settings::page(), command::index(&root)];
    pages.extend(command::visible(&root).map(|verb| command::page(&root, verb)));
    pages
}

impl Examples {
    /// Takes apart what a command says below its options (`after_help`).
    #[must_use]
    pub fn of(command: &clap::Command) -> Self {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut examples = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let typed = line.split_once(": ").map_or(line, |(_, typed)| typed).trim();
            match (is_typed(typed), line.trim_end().ends_with("Examples:") || line.trim_end() == "Example:") {
                (true, _) => examples.lines.push(typed.to_owned()),
                (false, true) => {}
                (false, false) => examples.words.push(line.trim().to_owned()),
            }
        }
        examples
    }
}

/// `mirror ...`, with variables before it or without.
fn is_typed(line: &str) -> bool {
    let is_variable = |word: &&str| word.split_once('=').is_some_and(|(name, _)| name.starts_with("MIRROR_"));
    line.split(' ').find(|word| !is_variable(word)) == Some("mirror")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[expect(clippy::needless_pass_by_value, reason = "as expect_test gives them")]
    fn check(after: &'static str, wanted: Expect) {
        wanted.assert_debug_eq(&Examples::of(&clap::Command::new("x").after_help(after)));
    }

    #[test]
    fn examples_are_told_from_words() {
        check(
            "Secrets are not shown: `mirror config example` says more.\n\nExample: MIRROR_A=... mirror x --y\n",
            expect![[r#"
                Examples {
                    words: [
                        "Secrets are not shown: `mirror config example` says more.",
                    ],
                    lines: [
                        "MIRROR_A=... mirror x --y",
                    ],
                }
            "#]],
        );
        check(
            "Examples:\n  mirror x > ~/.config/x\n  mirror x y",
            expect![[r#"
                Examples {
                    words: [],
                    lines: [
                        "mirror x > ~/.config/x",
                        "mirror x y",
                    ],
                }
            "#]],
        );
        check(
            "Start with: mirror demo\nThen: mirror run",
            expect![[r#"
                Examples {
                    words: [],
                    lines: [
                        "mirror demo",
                        "mirror run",
                    ],
                }
            "#]],
        );
    }

    /// Whatever is hidden is on no page; whatever is not has one.
    #[test]
    fn every_command_has_a_page_that_names_its_options() {
        let pages = pages();
        let mut root = Cli::command();
        root.build();
        for verb in root.get_subcommands() {
            let path = format!("commands/{}.md", verb.get_name());
            let page = pages.iter().find(|page| page.path == path);
            assert_eq!(page.is_some(), !verb.is_hide_set(), "{path}");
            let options = verb.get_arguments().filter(|option| !option.is_hide_set());
            for long in options.filter_map(clap::Arg::get_long).filter(|_| page.is_some()) {
                let named = |page: &Page| page.text.contains(&format!("`--{long}"));
                assert!(page.is_some_and(named) || named(&pages[1]), "{path} lacks --{long}");
            }
        }
    }
}
