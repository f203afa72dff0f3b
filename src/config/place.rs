//! Where values come from, and what a wrong place looks like.

use super::KEYS;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody said anything.
    Default,
    /// A line of a file.
    File(PathBuf, usize),
    /// A variable of the environment.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// Keys whose values hold passwords.
const SECRETS: [&str; 4] = ["discord.token", "log", "views", "hints"];

/// Whether a key's value is shown to nobody.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

/// The number of the line, from 1, in which a place of a text lies.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count() + 1
}

/// The line of a text in which something is wrong, with marks below it. A value is shown only where its key is known and
/// holds no secret: what stands behind a misspelt `token` is a token.
pub(super) fn excerpt(text: &str, wrong: &Range<usize>) -> Option<String> {
    let start = text.get(..wrong.start)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    // Within text over several lines nothing tells what a line is part of.
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let shown = shown(line)?;
    let width = shown.chars().count();
    let before = line.get(..wrong.start - start)?.chars().count().min(width);
    let marks = text.get(wrong.clone())?.lines().next().unwrap_or_default().chars().count();
    let marks = "^".repeat(marks.clamp(1, (width - before).max(1)));
    let number = line_of(text, wrong.start);
    let margin = " ".repeat(number.to_string().len());
    Some(format!("  {number} | {shown}\n  {margin} | {:before$}{marks}", ""))
}

/// What of a line may be shown.
fn shown(line: &str) -> Option<String> {
    let Some((key, value)) = line.split_once('=') else {
        return line.trim_start().starts_with('[').then(|| line.to_owned());
    };
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).trim().to_owned();
    let same = |(known, _): &&(&str, _)| last(known) == last(key);
    let known: Vec<_> = KEYS.iter().filter(same).collect();
    let is_open = !known.is_empty() && !known.iter().any(|(known, _)| is_secret(known));
    Some(if is_open { format!("{key}={value}") } else { format!("{key}= ...") })
}

/// An address without its password.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:...@{host}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_known_keys_are_shown() {
        for (line, expected) in [
            ("in_flight = 3", Some("in_flight = 3")),
            ("lanes.in_flight = 3", Some("lanes.in_flight = 3")),
            ("token = hunter2", Some("token = ...")),
            ("tokne = \"hunter2\"", Some("tokne = ...")),
            ("log = \"rabbitmq://me:hunter2@h\"", Some("log = ...")),
            ("[lanse]", Some("[lanse]")),
            ("hunter2", None),
        ] {
            assert_eq!(shown(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn addresses_are_shown_without_passwords() {
        for (url, expected) in [
            ("sqlite", "sqlite"),
            ("cql://h:9042/k", "cql://h:9042/k"),
            ("cql://me:hunter2@h:9042/k", "cql://me:...@h:9042/k"),
            ("cql://me:hun@ter2@h/k", "cql://me:...@h/k"),
            ("cql://me@h/k", "cql://me@h/k"),
        ] {
            assert_eq!(without_password(url), expected);
        }
    }
}
