//! The screen: one column a channel, one line a happening.

use super::stage::Place;
use standin::{Actor, Happening, Shown};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Draws the play to standard output, or nothing at all.
pub(super) struct Screen {
    columns: Vec<u64>,
    width: usize,
    color: bool,
    quiet: bool,
    began: Instant,
    texts: HashMap<u64, String>,
}

const RESET: &str = "\u{1b}[0m";
const DIM: &str = "\u{1b}[2m";
const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const CYAN: &str = "\u{1b}[36m";
const STRUCK: &str = "\u{1b}[9;2m";

impl Screen {
    /// A screen for these channels; only the first few have a column.
    #[must_use]
    pub(super) fn new(places: &[Place], quiet: bool, no_color: bool) -> Self {
        const COLUMNS_MAX: usize = 3;
        let columns: Vec<u64> = places.iter().take(COLUMNS_MAX).map(|place| place.id).collect();
        let total: usize = std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok()).unwrap_or(120);
        let width = (total.clamp(72, 240) - 8) / columns.len().max(1);
        let color = !no_color && std::env::var_os("NO_COLOR").is_none() && std::io::stdout().is_terminal();
        let mut screen = Self { columns, width, color, quiet, began: Instant::now(), texts: HashMap::new() };
        let titles: String =
            places.iter().take(COLUMNS_MAX).map(|place| screen.cell(&place.title, BOLD)).collect();
        screen.line(&format!("{:>6}  {titles}", ""));
        screen
    }

    /// One thing that happened.
    pub(super) fn show(&mut self, happening: &Happening) {
        match happening {
            Happening::Posted(shown, Actor::Webhook(_)) => self.posted(shown, "↳ ", CYAN),
            Happening::Posted(shown, _) => self.posted(shown, "", BOLD),
            Happening::Edited(shown, Actor::Webhook(_)) => self.posted(shown, "✎↳ ", CYAN),
            Happening::Edited(shown, _) => self.posted(shown, "✎ ", BOLD),
            Happening::Deleted { channel, ids, .. } => {
                for id in ids {
                    let text = self.texts.remove(id).unwrap_or_default();
                    self.at(*channel, &format!("✗ {text}"), STRUCK);
                }
            }
            Happening::Identified => self.say("the node is connected", GREEN),
            Happening::Resumed { replayed } => {
                self.say(
                    &format!("the node resumed its session; {replayed} events were waiting for it"),
                    GREEN,
                );
            }
            Happening::ChannelGone(_)
            | Happening::WebhookMade { .. }
            | Happening::WebhookGone { .. }
            | Happening::Disconnected
            | Happening::TooMany
            | Happening::Fault(_) => {}
        }
    }

    fn posted(&mut self, shown: &Shown, mark: &str, style: &str) {
        const REMEMBERED_MAX: usize = 10_000;
        let text = format!("{}: {}", shown.name, last_line(&shown.content));
        if self.texts.len() < REMEMBERED_MAX {
            self.texts.insert(shown.id, text.clone());
        }
        self.at(shown.channel, &format!("{mark}{text}"), style);
    }

    fn at(&mut self, channel: u64, text: &str, style: &str) {
        let Some(column) = self.columns.iter().position(|id| *id == channel) else { return };
        let before = " ".repeat(self.width * column);
        let cell = self.cell(text, style);
        let time = self.time();
        self.line(&format!("{time}  {before}{}", cell.trim_end()));
    }

    /// A line across all columns.
    pub(super) fn say(&mut self, text: &str, style: &str) {
        let (time, text) = (self.time(), self.styled(text, style));
        self.line(&format!("{time}  {text}"));
    }

    /// The node was killed.
    pub(super) fn crashed(&mut self, old: u32, new: u32) {
        self.say(&format!("⚡ SIGKILL to the node (process {old}); process {new} takes over"), RED);
    }

    /// A heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.say(text, BOLD);
    }

    fn time(&self) -> String {
        let seconds = format!("{:>5.1}s", self.began.elapsed().as_secs_f64());
        self.styled(&seconds, DIM)
    }

    fn cell(&self, text: &str, style: &str) -> String {
        let room = self.width.saturating_sub(2);
        let mut cut: String = text.chars().take(room).collect();
        if text.chars().count() > room {
            cut.pop();
            cut.push('…');
        }
        let pad = " ".repeat(self.width - cut.chars().count());
        format!("{}{pad}", self.styled(&cut, style))
    }

    fn styled(&self, text: &str, style: &str) -> String {
        if self.color { format!("{style}{text}{RESET}") } else { text.to_owned() }
    }

    fn line(&mut self, line: &str) {
        if !self.quiet {
            // Whoever closed the pipe does not want to see more; the demo goes on all the same.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

/// What a person wrote last: without the quote, on one line, and nothing that moves the cursor.
fn last_line(text: &str) -> String {
    let words =
        text.strip_prefix("-# ↩ ").and_then(|rest| rest.split_once('\n')).map_or(text, |(_, words)| words);
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
