//! A configuration as people see it: every key with its value and where that is from, and no secret.

use super::place::without_password;
use super::{Config, KEYS, Place};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use std::fmt::{Display, Write};
use toml::{Table, Value};

/// What stands for a secret.
const HIDDEN: &str = "(hidden)";
/// Where the places begin, where there is room.
const PLACE_AT: usize = 44;

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Dotted.
    pub key: &'static str,
    /// As it is written in a file; none: there is no value.
    pub value: Option<Value>,
    /// Where the value is from.
    pub place: Place,
}

impl Config {
    /// Every key, in the order of [`KEYS`].
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        // Plain data: it always is a table.
        let table = Value::Table(Table::try_from(self).unwrap_or_default());
        let line = |key: &'static str| Line {
            key,
            value: key.split('.').try_fold(&table, |at, part| at.get(part)).cloned(),
            place: self.places.get(key).cloned().unwrap_or(Place::Default),
        };
        KEYS.iter().map(|(key, _)| line(key)).collect()
    }
}

/// As a file that says the same, but for secrets, with the places behind it.
#[must_use]
pub fn text(lines: &[Line]) -> String {
    let (mut text, mut section) = (String::new(), "");
    // What is in no section stands above the first.
    let (inside, above): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.key.contains('.'));
    for Line { key, value, place } in above.into_iter().chain(inside) {
        let (of, name) = key.split_once('.').unwrap_or(("", key));
        if of != section {
            // A String takes everything.
            let _ = writeln!(text, "\n[{of}]");
            section = of;
        }
        let said = match value {
            Some(value) => format!("{name} = {value}"),
            None => format!("# {name}: not set"),
        };
        let _ = match (value, place) {
            (None, Place::Default) => writeln!(text, "{said}"),
            _ => writeln!(text, "{said:PLACE_AT$} # {place}"),
        };
    }
    text
}

/// The same for machines.
#[must_use]
pub fn json(lines: &[Line]) -> serde_json::Value {
    let line = |line: &Line| {
        let (value, place) = (&line.value, line.place.to_string());
        (line.key.to_owned(), serde_json::json!({ "value": value, "from": place }))
    };
    lines.iter().map(line).collect::<serde_json::Map<_, _>>().into()
}

/// A secret.
pub(super) fn hidden<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(to)
}

/// An address, which may hold a password.
pub(super) fn address<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|url| without_password(url.expose_secret())).serialize(to)
}

/// As text.
pub(super) fn text_of<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
