//! The only place that reads the wall clock, and Discord's way to write a time.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Serialize, Serializer};

/// Unix time in microseconds.
pub(crate) fn now_us() -> u64 {
    u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0)
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    now_us() / 1000
}

/// A time in microseconds, shown as `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`: clients parse exactly that.
#[derive(Clone, Copy)]
pub(crate) struct Stamp(pub(crate) u64);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::try_from(self.0).unwrap_or(0);
        let time = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = TimeZone::UTC.to_datetime(time);
        let (year, month, day) = (at.year(), at.month(), at.day());
        let (hour, minute, second, part) = (at.hour(), at.minute(), at.second(), self.0 % 1_000_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{part:06}+00:00")
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
