//! Drawing while a command runs: progress on a terminal, entries of the log line by line.

use super::{print, write_out};
use crate::commands::Listener;
use crate::commands::answer::LogEntry;
use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::{Mutex, PoisonError};
use tools::{Meter, Progress};

/// Standard output for entries, standard error for progress.
pub(super) struct Terminal {
    json: bool,
    bar: Option<ProgressBar>,
    what: Mutex<String>,
}

impl Terminal {
    /// Draws progress where `interactive`; entries as JSON where `json`.
    pub(super) fn new(json: bool, interactive: bool) -> Self {
        let bar = interactive.then(ProgressBar::no_length);
        Self { json, bar, what: Mutex::new(String::new()) }
    }

    /// Takes the drawing away.
    pub(super) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Another kind of work begins: another bar, with its own rate.
    fn turn_to(&self, bar: &ProgressBar, meter: &Meter) {
        let mut what = self.what.lock().unwrap_or_else(PoisonError::into_inner);
        if *what == meter.what {
            return;
        }
        what.clone_from(&meter.what);
        let template = match meter.total {
            0 => "{msg}: {human_pos} ({per_sec})",
            _ => "{msg}: {wide_bar} {human_pos}/{human_len} ({per_sec}, {eta} left)",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.reset();
        bar.set_message(meter.what.clone());
    }
}

impl Progress for Terminal {
    fn report(&self, meter: Meter) {
        let Some(bar) = &self.bar else { return };
        self.turn_to(bar, &meter);
        if meter.total > 0 {
            bar.set_length(meter.total);
        }
        bar.set_position(meter.done);
    }
}

#[async_trait]
impl Listener for Terminal {
    async fn entry(&self, entry: LogEntry) -> bool {
        let line =
            if self.json { serde_json::to_string(&entry).unwrap_or_default() } else { print::entry(&entry) };
        write_out(format!("{line}\n")).is_ok()
    }
}
