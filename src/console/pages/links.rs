//! All links: sought through, and a page at a time.

use super::parts;
use crate::console::links::{State, Wanted, found, paged};
use crate::console::snapshot::Snapshot;
use maud::{Markup, html};

/// A query of what is not empty, ending so that more can follow.
pub(super) fn query(fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { query } else { query + "&" }
}

pub(in crate::console) fn page(snapshot: &Snapshot, wanted: &Wanted, page: usize) -> Markup {
    let state = wanted.state.map_or("", State::name);
    let found = found(&snapshot.links, wanted);
    let paged = paged(found, page);
    let base = format!("/links?{}", query(&[("q", &wanted.words), ("state", state)]));
    html! {
        header.title {
            h1 { "Links" }
            form.filter method="get" action="/links" {
                label.hidden for="q" { "Part of a channel's or a mirror's name, or an id" }
                input id="q" type="search" name="q" value=(wanted.words) placeholder="Channel, mirror, or id"
                    maxlength="200";
                label.hidden for="state" { "State" }
                select id="state" name="state" {
                    option value="" { "every state" }
                    @for at in State::ALL {
                        option value=(at.name()) selected[wanted.state == Some(at)] { (at.name()) }
                    }
                }
                button { "Find" }
            }
        }
        @if snapshot.links.is_empty() {
            (parts::empty("No channel is linked", &html! {
                "Link one with " code { "mirror link lounge https://discord.com/channels/GUILD/CHANNEL" } "."
            }))
        } @else if paged.total == 0 {
            (parts::empty("No link is like that", &html! { a href="/links" { "Show all" } }))
        } @else {
            (parts::links(&paged.rows, true))
            (parts::pager(&paged, &base, "link"))
        }
    }
}
