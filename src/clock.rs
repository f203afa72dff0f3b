//! The wall clock: the one place that reads it. Everything else takes time as an argument.

use events::Version;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whoever tells the time.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970.
    fn now(&self) -> Version;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Version {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Version(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}
