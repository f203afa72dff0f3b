//! One mirror: what is held, its links, its gaps, who is banned.

use super::parts::{self, count, time};
use super::{quarantine, text};
use crate::commands::answer::MirrorLine;
use crate::console::links::{State, Wanted, found, paged};
use crate::console::snapshot::Snapshot;
use maud::{Markup, html};

/// Users that are named in a list.
const USERS_MAX: usize = 200;

pub(in crate::console) fn page(snapshot: &Snapshot, mirror: &MirrorLine, page: usize, form: &str) -> Markup {
    let wanted = Wanted { mirror: Some(mirror.id), ..Wanted::default() };
    let links = found(&snapshot.links, &wanted);
    let held: Vec<_> = links.iter().copied().filter(|row| row.state() == State::Held).collect();
    let open = links.iter().filter(|row| row.state() != State::Cut).count();
    let paged = paged(links, page);
    html! {
        header.title {
            div {
                p.crumb { a href="/mirrors" { "Mirrors" } }
                h1 { (text::name(&mirror.name)) }
                p.id { (mirror.id) }
            }
            div.actions {
                a.button href={ "/events?mirror=" (mirror.id) } { "Events" }
                a.button.first href={ "/replay/" (mirror.id) } { "Replay" }
            }
        }
        p.lead {
            (count(open as u64, "open link")) ", build " (mirror.generation)
            @if let Some(building) = mirror.building { ", build " (building) " under way" }
            @if let Some(previous) = mirror.previous { ", build " (previous) " kept" }
            "."
        }
        @if !held.is_empty() {
            section aria-labelledby="held" {
                h2 id="held" { "Held" }
                (quarantine::cards(&held, form))
            }
        }
        section aria-labelledby="links" {
            h2 id="links" { "Links" }
            (parts::links(&paged.rows, false))
            (parts::pager(&paged, &format!("/mirrors/{}?", mirror.id), "link"))
        }
        (gaps(mirror, snapshot))
        (banned(mirror))
        (forget(mirror))
    }
}

fn gaps(mirror: &MirrorLine, snapshot: &Snapshot) -> Markup {
    let of =
        |channel| snapshot.links.iter().find(move |row| row.mirror == mirror.id && row.channel == channel);
    html! {
        section aria-labelledby="gaps" {
            h2 id="gaps" { "Gaps" }
            @if mirror.gaps.is_empty() {
                p.note { "Nothing was missed: every message of its channels is on the log." }
            } @else {
                p.note { "What was said between two messages could not be known, for the reason given. The last "
                    (mirror.gaps.len()) "." }
                div.table {
                    table.cards {
                        thead {
                            tr {
                                th scope="col" { "Noticed" } th scope="col" { "Channel" } th scope="col" { "After" }
                                th scope="col" { "Up to" } th scope="col" { "Why" }
                            }
                        }
                        tbody {
                            @for gap in mirror.gaps.iter().rev() {
                                tr {
                                    td data-label="Noticed" { (time(gap.at)) }
                                    td data-label="Channel" {
                                        (text::channel(of(gap.channel).map_or("", |row| &row.name), gap.channel))
                                    }
                                    td data-label="After" { (message(gap.from.0)) }
                                    td data-label="Up to" { (message(gap.to.0)) }
                                    td data-label="Why" { (text::line(&gap.cause, 200)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn message(id: u64) -> Markup {
    html! { @if id == 0 { span.none { "–" } } @else { a.id href={ "/message/" (id) } { (id) } } }
}

fn banned(mirror: &MirrorLine) -> Markup {
    html! {
        section aria-labelledby="banned" {
            h2 id="banned" { "Banned" }
            @if mirror.banned.is_empty() {
                p.note { "Nobody. " code { "mirror ban USER --mirror " (text::line(&mirror.name, 40)) }
                    " stops mirroring somebody's messages." }
            } @else {
                (users(&mirror.banned))
            }
        }
    }
}

/// Whoever typed `/mirror forget-me` and waits for an answer.
fn forget(mirror: &MirrorLine) -> Markup {
    html! {
        @if !mirror.forget.is_empty() {
            section aria-labelledby="forget" {
                h2 id="forget" { "Ask to be forgotten" }
                (users(&mirror.forget))
                p.note { code { "mirror ban USER --purge --mirror " (text::line(&mirror.name, 40)) }
                    " removes all copies of what somebody wrote. The book says what else can be done (Privacy)." }
            }
        }
    }
}

fn users(all: &[String]) -> Markup {
    let more = all.len().saturating_sub(USERS_MAX);
    html! {
        p { (count(all.len() as u64, "user")) ":"
            @for user in all.iter().take(USERS_MAX) { " " span.id { (text::name(user)) } }
            @if more > 0 { " and " (more) " more" }
        }
    }
}
