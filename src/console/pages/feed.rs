//! What happens, as it happens.

use super::parts;
use super::text;
use crate::commands::answer::{LogEntry, MirrorLine};
use crate::commands::ask::EventKind;
use clap::ValueEnum;
use maud::{Markup, html};

/// Mirrors that can be chosen from a list; with more, one comes here from a mirror's page.
const CHOICE_MAX: usize = 300;

/// Which events are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::console) struct Filter {
    /// The id of a mirror, or empty.
    pub(in crate::console) mirror: String,
    /// The name of a kind, or empty.
    pub(in crate::console) kind: String,
}

impl Filter {
    pub(in crate::console) fn kind(&self) -> Option<EventKind> {
        EventKind::from_str(&self.kind, true).ok()
    }

    fn query(&self) -> String {
        super::links::query(&[("mirror", &self.mirror), ("kind", &self.kind)])
    }
}

pub(in crate::console) fn page(filter: &Filter, mirrors: &[MirrorLine], entries: &[LogEntry]) -> Markup {
    html! {
        header.title {
            h1 { "Events" }
            (choice(filter, mirrors))
        }
        p.note { "The newest first. New ones appear by themselves. " code { "mirror log" } " reads further back." }
        div.table {
            table.cards.events {
                thead {
                    tr {
                        th scope="col" { "Seen" } th scope="col" { "Kind" } th scope="col" { "Mirror" }
                        th scope="col" { "Message" } th scope="col" { "Says" } th.num scope="col" { "Offset" }
                    }
                }
                tbody data-live={ "/live/events?" (filter.query()) } data-mode="add" aria-live="off" {
                    @for entry in entries.iter().rev() { (row(entry)) }
                }
            }
        }
        div.none-yet { (parts::empty("Nothing yet", &html! {
            "What is written in a linked channel appears here, and so does what becomes of it."
        })) }
    }
}

fn choice(filter: &Filter, mirrors: &[MirrorLine]) -> Markup {
    let is_listed = mirrors.iter().take(CHOICE_MAX).any(|mirror| mirror.id.to_string() == filter.mirror);
    html! {
        form.filter method="get" action="/events" {
            label.hidden for="mirror" { "Mirror" }
            select id="mirror" name="mirror" {
                option value="" { "every mirror" }
                @if !is_listed && !filter.mirror.is_empty() {
                    option value=(filter.mirror) selected { (text::line(&filter.mirror, 40)) }
                }
                @for mirror in mirrors.iter().take(CHOICE_MAX) {
                    @let id = mirror.id.to_string();
                    option value=(id) selected[id == filter.mirror] { (text::line(&mirror.name, 40)) }
                }
            }
            label.hidden for="kind" { "Kind" }
            select id="kind" name="kind" {
                option value="" { "every kind" }
                @for kind in EventKind::value_variants() {
                    @let name = name(*kind);
                    option value=(name) selected[name == filter.kind] { (name) }
                }
            }
            button { "Show" }
        }
    }
}

fn name(kind: EventKind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// One event; its key tells it from others.
pub(in crate::console) fn row(entry: &LogEntry) -> Markup {
    let class = match entry.kind.as_str() {
        "created" => "fine",
        "edited" | "refreshed" | "thread" => "working",
        "deleted" | "gap" | "cut" => "held",
        "linked" | "declared" | "restored" => "waiting",
        _ => "idle",
    };
    html! {
        tr data-key={ (entry.partition) "-" (entry.offset) } data-time=(entry.time) {
            td data-label="Seen" { time datetime=(entry.time) title=(entry.time) { (clock(&entry.time)) } }
            td data-label="Kind" { span.badge.(class) { (text::name(&entry.kind)) } }
            td data-label="Mirror" { (text::name(&entry.mirror)) }
            td data-label="Message" {
                @match super::message::address(&entry.message) {
                    Some(address) => { a.id href=(address) { (entry.message) } }
                    None => { span.none { "–" } }
                }
            }
            td.says data-label="Says" { (text::line(&entry.says, 160)) }
            td.num data-label="Offset" title={ "partition " (entry.partition) ", node " (entry.node) } { (entry.offset) }
        }
    }
}

/// `10:20:30` of a whole time.
fn clock(time: &str) -> &str {
    time.get(11..19).unwrap_or(time)
}
