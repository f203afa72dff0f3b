//! Operators' words for a place in the log: an offset, a time, or how long ago.

use events::{Offset, Version};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// A place in the log as an operator names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// By offset.
    Offset(Offset),
    /// By the time at which events were observed.
    Time(Version),
}

/// A word that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is neither an offset (1200) nor a time (2026-11-24T10:00Z, 2026-11-24 10:00 in UTC, 2026-11-24) nor how long ago (30m, 2h, 3d)"
)]
pub struct BadWhen(pub String);

impl When {
    /// Reads digits as an offset, else a time; `now` is what "ago" is counted from.
    ///
    /// # Errors
    /// [`BadWhen`] with examples of what would do.
    pub fn parse(text: &str, now: Version) -> Result<Self, BadWhen> {
        let text = text.trim();
        if let Ok(offset) = text.parse() {
            return Ok(Self::Offset(Offset(offset)));
        }
        let time = absolute(text).or_else(|| ago(text, now));
        time.map(Self::Time).ok_or_else(|| BadWhen(text.to_owned()))
    }
}

fn absolute(text: &str) -> Option<Version> {
    let zoned = text.parse::<Timestamp>().ok();
    let utc = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    zoned.or_else(utc).map(|time| Version(time.as_microsecond()))
}

fn ago(text: &str, now: Version) -> Option<Version> {
    let span: Span = text.trim_start_matches('-').trim_end_matches("ago").trim().parse().ok()?;
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    let duration: SignedDuration = span.to_duration(relative).ok()?;
    Some(Version(now.0 - duration.as_micros().abs() as i64))
}

/// A version as people read it: RFC 3339 in UTC, milliseconds.
#[must_use]
pub fn shown(version: Version) -> String {
    match Timestamp::from_microsecond(version.0) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{} us", version.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_places() {
        let now = Version(1_764_000_000_000_000);
        let check = |text: &str, wanted: &str| {
            let got = match When::parse(text, now) {
                Ok(When::Offset(offset)) => format!("offset {offset}"),
                Ok(When::Time(time)) => shown(time),
                Err(bad) => bad.to_string()[..text.len() + 2].to_owned(),
            };
            assert_eq!(got, wanted, "{text}");
        };
        check("1200", "offset 1200");
        check(" 0 ", "offset 0");
        check("2026-11-24T10:00Z", "2026-11-24T10:00:00.000Z");
        check("2026-11-24T10:00:00.5+02:00", "2026-11-24T08:00:00.500Z");
        check("2026-11-24 10:00", "2026-11-24T10:00:00.000Z");
        check("2026-11-24", "2026-11-24T00:00:00.000Z");
        check("2h", "2025-11-24T14:00:00.000Z");
        check("2h ago", "2025-11-24T14:00:00.000Z");
        check("-30m", "2025-11-24T15:30:00.000Z");
        check("1 day", "2025-11-23T16:00:00.000Z");
        check("yesterday", "'yesterday'");
        check("", "''");
        check("-5", "'-5'");
    }
}
