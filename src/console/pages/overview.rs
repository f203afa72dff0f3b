//! How everything stands: first what needs somebody.

use super::parts::{self, count, duration, number, time};
use super::text;
use crate::commands::answer::{NodeStatus, Outbox, PartitionLine, Status};
use crate::console::alarms::{self, ALARMS_MAX, Alarm, Mood};
use crate::console::links::{LinkRow, State};
use crate::console::snapshot::Snapshot;
use maud::{Markup, html};

/// Links that are named one by one.
const NAMED_MAX: usize = 8;
/// Partitions that are.
const PARTITIONS_MAX: usize = 64;

/// The page; what changes is [`live`].
pub(in crate::console) fn page(snapshot: &Snapshot) -> Markup {
    html! {
        div data-live="/live/overview" { (live(snapshot)) }
        p.note.as-of { "As of " (time(snapshot.at)) "." }
    }
}

/// What changes while it is looked at.
pub(in crate::console) fn live(snapshot: &Snapshot) -> Markup {
    let alarms = alarms::alarms(snapshot);
    let held: Vec<_> = snapshot.links.iter().filter(|row| row.state() == State::Held).collect();
    let mood = alarms::mood(snapshot, &alarms);
    html! {
        (headline(mood, snapshot, held.len()))
        @if !alarms.is_empty() || !held.is_empty() { (needs(&alarms, &held)) }
        @if mood == Mood::Empty { (first_steps()) }
        (tiles(snapshot, held.len()))
        (busiest(snapshot))
        div.columns {
            @if let Some(node) = &snapshot.status.node { (node_card(node)) }
            (log_card(&snapshot.status))
        }
        @if !snapshot.status.nodes.is_empty() { (cluster(&snapshot.status)) }
    }
}

fn headline(mood: Mood, snapshot: &Snapshot, held: usize) -> Markup {
    let waiting: u64 = snapshot.links.iter().map(LinkRow::lag).sum();
    let (class, words) = match mood {
        Mood::Alarm => ("held", "Something is wrong".to_owned()),
        Mood::Held => (
            "held",
            format!(
                "{} held",
                if held == 1 { "1 link is".to_owned() } else { format!("{} links are", number(held as u64)) }
            ),
        ),
        Mood::Behind => ("working", format!("{} on the way", count(waiting, "copy"))),
        Mood::InStep => ("fine", "Everything is in step".to_owned()),
        Mood::Empty => ("idle", "Nothing is linked yet".to_owned()),
    };
    html! {
        div.headline.(class) role="status" {
            span.dot aria-hidden="true" {}
            h1 { (words) }
        }
    }
}

fn needs(alarms: &[Alarm], held: &[&LinkRow]) -> Markup {
    html! {
        section.needs aria-labelledby="needs" {
            h2 id="needs" { "Needs somebody" }
            ul {
                @for alarm in alarms.iter().take(ALARMS_MAX) {
                    li { b { (alarm.about) } span { (text::line(&alarm.words, 400)) } }
                }
                @for row in held.iter().take(NAMED_MAX) {
                    li {
                        b { (text::channel(&row.name, row.channel)) }
                        span { (text::line(parts::why(row.lane.as_ref()).unwrap_or("held"), 400)) }
                        a href="/quarantine" { "Decide" }
                    }
                }
                @if held.len() > NAMED_MAX {
                    li { a href="/quarantine" { "All " (count(held.len() as u64, "held link")) } }
                }
            }
        }
    }
}

fn first_steps() -> Markup {
    parts::empty(
        "No channel is linked",
        &html! {
            "Link the first with " code { "mirror link lounge https://discord.com/channels/GUILD/CHANNEL" }
            ", then a second one to the same mirror. Both appear here at once."
        },
    )
}

fn tiles(snapshot: &Snapshot, held: usize) -> Markup {
    let open = snapshot.links.iter().filter(|row| row.state() != State::Cut).count();
    let lag: u64 = snapshot.links.iter().map(LinkRow::lag).sum();
    let most = snapshot.links.iter().map(LinkRow::lag).max().unwrap_or_default();
    let events: u64 = snapshot.status.partitions.iter().map(|at| at.tail.0).sum();
    let gaps: usize = snapshot.mirrors.iter().map(|mirror| mirror.gaps.len()).sum();
    let or = |value: u64, none: &str, some: String| if value == 0 { none.to_owned() } else { some };
    let of_mirrors = format!("in {}", count(snapshot.mirrors.len() as u64, "mirror"));
    let most = or(lag, "nothing is owed", format!("at most {} in one link", number(most)));
    let decide = or(held as u64, "all may go on", "until you decide".to_owned());
    let missed = or(gaps as u64, "nothing was missed", "could not be known".to_owned());
    let partitions = count(snapshot.status.partitions.len() as u64, "partition");
    html! {
        section.tiles aria-label="In numbers" {
            (tile("/links", open as u64, ["open link", "open links"], &of_mirrors))
            (tile("/links", lag, ["message waits", "messages wait"], &most))
            (tile("/quarantine", held as u64, ["held link", "held links"], &decide))
            (tile("/mirrors", gaps as u64, ["gap", "gaps"], &missed))
            (tile("/events", events, ["event on the log", "events on the log"], &partitions))
        }
    }
}

fn tile(path: &str, value: u64, [one, many]: [&str; 2], note: &str) -> Markup {
    html! {
        a.tile href=(path) {
            span.value { (number(value)) }
            span.what { @if value == 1 { (one) } @else { (many) } }
            span.note { (note) }
        }
    }
}

fn busiest(snapshot: &Snapshot) -> Markup {
    let is_busy = |row: &&LinkRow| match row.state() {
        State::Waiting => true,
        State::Working | State::Idle => row.lag() > 0,
        // It has a place of its own.
        State::Held | State::Cut => false,
    };
    let mut busy: Vec<_> = snapshot.links.iter().filter(is_busy).collect();
    busy.sort_by_key(|row| std::cmp::Reverse(row.lag()));
    let more = busy.len().saturating_sub(NAMED_MAX);
    busy.truncate(NAMED_MAX);
    html! {
        @if !busy.is_empty() {
            section aria-labelledby="busy" {
                h2 id="busy" { "On the way" }
                (parts::links(&busy, true))
                @if more > 0 { p { a href="/links" { (count(more as u64, "more link")) } } }
            }
        }
    }
}

fn node_card(node: &NodeStatus) -> Markup {
    html! {
        section.card aria-labelledby="node" {
            h2 id="node" { "This node" }
            dl {
                dt { "Name" } dd { (text::name(&node.name)) }
                dt { "Gateway" } dd { (text::line(if node.session.is_empty() { "none" } else { &node.session }, 300)) }
                dt { "Since" } dd { (time(node.started)) }
                dt { "Version" } dd { (text::name(&node.version)) }
                dt { "Process" } dd { (node.pid) }
                @if let Some(outbox) = &node.outbox { (outbox_line(outbox)) }
            }
        }
    }
}

fn outbox_line(outbox: &Outbox) -> Markup {
    let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
    html! {
        dt { "Outbox" }
        dd {
            (count(outbox.waiting, "event")) ", " (mebibytes(outbox.bytes)) " of " (mebibytes(outbox.bytes_max)) " MiB"
            @if let Some(seconds) = outbox.oldest_s { ", the oldest for " (duration(seconds)) }
        }
    }
}

fn log_card(status: &Status) -> Markup {
    let shows_holder = !status.nodes.is_empty();
    html! {
        section.card aria-labelledby="log" {
            h2 id="log" { "Log" }
            div.table {
                table {
                    thead {
                        tr {
                            th scope="col" { "Partition" }
                            th.num scope="col" { "Events" }
                            th.num scope="col" { "Views behind" }
                            th.num scope="col" { "Lanes behind" }
                            @if shows_holder { th scope="col" { "Held by" } }
                        }
                    }
                    tbody {
                        @for line in status.partitions.iter().take(PARTITIONS_MAX) { (partition(line, shows_holder)) }
                    }
                }
            }
            @if status.partitions.len() > PARTITIONS_MAX {
                p.note { "and " (count((status.partitions.len() - PARTITIONS_MAX) as u64, "more partition")) }
            }
        }
    }
}

fn partition(line: &PartitionLine, shows_holder: bool) -> Markup {
    let behind = |at: Option<events::Offset>| {
        let next = at.map_or(line.floor.0, |at| at.0 + 1);
        line.tail.0.saturating_sub(next)
    };
    html! {
        tr {
            th scope="row" { (line.partition) }
            td.num title={ "offsets " (line.floor) " to " (line.tail) } { (number(line.tail.0)) }
            td.num { (number(behind(line.views))) }
            td.num { (number(behind(line.lanes))) }
            @if shows_holder {
                td { @match &line.holder { Some(node) => { (text::name(node)) } None => { span.badge.held { "nobody" } } } }
            }
        }
    }
}

fn cluster(status: &Status) -> Markup {
    html! {
        section aria-labelledby="nodes" {
            h2 id="nodes" { "Nodes" }
            div.table {
                table.cards {
                    thead {
                        tr {
                            th scope="col" { "Node" }
                            th scope="col" { "Version" }
                            th scope="col" { "Since" }
                            th.num scope="col" { "Partitions" }
                            th.num scope="col" { "Shards" }
                            th scope="col" { "State" }
                        }
                    }
                    tbody {
                        @for node in &status.nodes {
                            tr {
                                th scope="row" data-label="Node" { (text::name(&node.name)) }
                                td data-label="Version" { (text::name(&node.version)) }
                                td data-label="Since" { (time(node.started)) }
                                td.num data-label="Partitions" { (node.partitions) }
                                td.num data-label="Shards" { (node.shards) }
                                td data-label="State" {
                                    @if node.draining { span.badge.waiting { "draining" } } @else { span.badge.fine { "at work" } }
                                }
                            }
                        }
                    }
                }
            }
            p.note {
                @for shard in &status.shards {
                    "Gateway shard " (shard.shard) ": " (text::name(shard.holder.as_deref().unwrap_or("held by no node"))) ". "
                }
            }
        }
    }
}
