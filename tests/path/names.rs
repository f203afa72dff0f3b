//! Names in stories for the ids on the wire: `$A` is a channel, `$ada` a user, `$m1` a message, `$b1` a copy.

use events::{MessageId, Version};
use std::collections::BTreeMap;

/// Story names and their ids, both ways.
#[derive(Default)]
pub(crate) struct Names {
    ids: BTreeMap<String, u64>,
    names: BTreeMap<u64, String>,
    count: u64,
}

/// Ids shorter than this are numbers of another kind.
const DIGITS_MIN: usize = 15;

impl Names {
    /// Gives `id` a name.
    pub(crate) fn put(&mut self, name: &str, id: u64) {
        self.ids.insert(name.to_owned(), id);
        self.names.insert(id, name.to_owned());
    }

    /// The id of a name; a new one of a channel (upper case), else of a message made now.
    pub(crate) fn id(&mut self, name: &str, now: Version) -> u64 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = match name.starts_with(|c: char| c.is_ascii_uppercase()) {
            true => self.number(1_100_000_000_000_000_000),
            false => self.message(now),
        };
        self.put(name, id);
        id
    }

    /// The id of a user.
    pub(crate) fn user(&mut self, name: &str) -> u64 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.number(200_000_000_000_000_000);
        self.put(name, id);
        id
    }

    /// A new message id, greater than all before it of that time.
    pub(crate) fn message(&mut self, now: Version) -> u64 {
        self.count += 1;
        MessageId::first_at(now).0 + self.count
    }

    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.ids.contains_key(name)
    }

    fn number(&mut self, base: u64) -> u64 {
        self.count += 1;
        base + self.count
    }

    /// A known id's name, else the id.
    pub(crate) fn name(&self, id: u64) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// `text` with `$name` put as the id.
    pub(crate) fn with_ids(&mut self, text: &str, now: Version) -> String {
        let mut pieces = text.split('$');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let end = piece.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(piece.len());
            match &piece[..end] {
                "" => out.push('$'),
                name => out += &self.id(name, now).to_string(),
            }
            out += &piece[end..];
        }
        out
    }

    /// `text` with known ids put as `$name`.
    pub(crate) fn with_names(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = rest[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - at);
            out += &rest[..at];
            let number = &rest[at..at + digits];
            let known =
                number.parse().ok().filter(|_| digits >= DIGITS_MIN).and_then(|id| self.names.get(&id));
            match known {
                Some(name) => out += &format!("${name}"),
                None => out += number,
            }
            rest = &rest[at + digits..];
        }
        out + rest
    }
}
