//! Snowflakes: `(ms - 2015-01-01) << 22 | counter`, strictly increasing even when the wall clock is not.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::clock;

/// Milliseconds between the Unix epoch and Discord's.
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// The Unix time in milliseconds at which `id` was made.
pub fn created_ms(id: u64) -> u64 {
    (id >> 22) + DISCORD_EPOCH_MS
}

/// The smallest id that a thing made at `ms` (Unix milliseconds) could have.
pub fn at_ms(ms: u64) -> u64 {
    ms.saturating_sub(DISCORD_EPOCH_MS) << 22
}

/// Hands out ids, each greater than all before it.
#[derive(Debug, Default)]
pub(crate) struct Snowflakes {
    last: u64,
    /// How far this Discord's clock is ahead of the system's.
    pub(crate) ahead_ms: u64,
}

impl Snowflakes {
    pub(crate) fn next(&mut self) -> u64 {
        self.last = at_ms(clock::now_ms() + self.ahead_ms).max(self.last + 1);
        self.last
    }
}

/// An id in JSON: a string, because 64 bits do not fit a JavaScript number.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Reads an id that a client wrote as a string or as a number.
pub(crate) fn from_json(value: &serde_json::Value) -> Option<u64> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        serde_json::Value::Number(number) => number.as_u64(),
        _ => None,
    }
}

/// Serialises an id as a string: `curl | jq` and browsers cut larger numbers than 2^53.
pub(crate) fn text<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// [`text`], where there may be none.
pub(crate) fn text_option<S: Serializer>(id: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(Id).serialize(serializer)
}

/// [`text`], for many.
pub(crate) fn text_list<S: Serializer>(ids: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().copied().map(Id))
}

/// Reads an id written as a string or a number, or none.
pub(crate) fn read_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    let read = |value| from_json(&value).ok_or_else(|| D::Error::custom("not an id"));
    value.filter(|value| !value.is_null()).map(read).transpose()
}
