//! All mirrors, a page at a time.

use super::parts::{self, number};
use super::text;
use crate::commands::answer::MirrorLine;
use crate::console::links::{Paged, State, paged};
use crate::console::snapshot::Snapshot;
use events::MirrorId;
use maud::{Markup, html};
use std::collections::HashMap;

/// One mirror in numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    open: u64,
    held: u64,
    lag: u64,
}

pub(in crate::console) fn page(snapshot: &Snapshot, words: &str, page: usize) -> Markup {
    let found = found(&snapshot.mirrors, words);
    let paged = paged(found, page);
    let sums = sums(snapshot);
    let base = format!("/mirrors?{}", super::links::query(&[("q", words)]));
    html! {
        header.title {
            h1 { "Mirrors" }
            form.filter method="get" action="/mirrors" {
                label.hidden for="q" { "Part of a name, or an id" }
                input id="q" type="search" name="q" value=(words) placeholder="Name or id" maxlength="200";
                button { "Find" }
            }
        }
        @if snapshot.mirrors.is_empty() {
            (parts::empty("There are no mirrors yet", &html! {
                "The first link makes one: " code { "mirror link lounge https://discord.com/channels/GUILD/CHANNEL" }
            }))
        } @else if paged.total == 0 {
            (parts::empty("No mirror is called so", &html! { a href="/mirrors" { "Show all" } }))
        } @else {
            (table(&paged, &sums))
            (parts::pager(&paged, &base, "mirror"))
        }
    }
}

fn found<'a>(mirrors: &'a [MirrorLine], words: &str) -> Vec<&'a MirrorLine> {
    let words = words.to_lowercase();
    let fits = |mirror: &&MirrorLine| {
        mirror.name.to_lowercase().contains(&words) || mirror.id.to_string().starts_with(&words)
    };
    mirrors.iter().filter(fits).collect()
}

fn sums(snapshot: &Snapshot) -> HashMap<MirrorId, Sum> {
    let mut sums: HashMap<MirrorId, Sum> = HashMap::new();
    for row in &snapshot.links {
        let sum = sums.entry(row.mirror).or_default();
        sum.open += u64::from(row.state() != State::Cut);
        sum.held += u64::from(row.state() == State::Held);
        sum.lag += row.lag();
    }
    sums
}

fn table(paged: &Paged<&MirrorLine>, sums: &HashMap<MirrorId, Sum>) -> Markup {
    html! {
        div.table {
            table.cards {
                thead {
                    tr {
                        th scope="col" { "Mirror" }
                        th.num scope="col" { "Links" }
                        th.num scope="col" { "Waiting" }
                        th scope="col" { "State" }
                        th.num scope="col" { "Gaps" }
                        th.num scope="col" { "Banned" }
                        th.num scope="col" { "Build" }
                    }
                }
                tbody {
                    @for mirror in &paged.rows { (row(mirror, sums.get(&mirror.id).copied().unwrap_or_default())) }
                }
            }
        }
    }
}

fn row(mirror: &MirrorLine, sum: Sum) -> Markup {
    html! {
        tr {
            th scope="row" data-label="Mirror" { a href={ "/mirrors/" (mirror.id) } { (text::name(&mirror.name)) } }
            td.num data-label="Links" { (number(sum.open)) }
            td.num data-label="Waiting" { (number(sum.lag)) }
            td data-label="State" {
                @if sum.held > 0 { span.badge.held { (number(sum.held)) " held" } }
                @else if mirror.building.is_some() { span.badge.working { "building" } }
                @else if sum.lag > 0 { span.badge.working { "on the way" } }
                @else { span.badge.fine { "in step" } }
            }
            td.num data-label="Gaps" { (mirror.gaps.len()) }
            td.num data-label="Banned" { (mirror.banned.len()) }
            td.num data-label="Build" { (mirror.generation) }
        }
    }
}
