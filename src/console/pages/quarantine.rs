//! Lanes that wait for the operator's decision.

use super::parts::{self, form_token};
use super::text;
use crate::console::links::{LinkRow, State, Wanted, found, paged};
use crate::console::snapshot::Snapshot;
use maud::{Markup, html};

pub(in crate::console) fn page(snapshot: &Snapshot, page: usize, form: &str) -> Markup {
    let wanted = Wanted { state: Some(State::Held), ..Wanted::default() };
    let paged = paged(found(&snapshot.links, &wanted), page);
    html! {
        header.title { h1 { "Held" } }
        @if paged.total == 0 {
            (parts::empty("No link is held", &html! {
                "A lane that cannot go on without guessing stops and is shown here, with its reason. The others go on."
            }))
        } @else {
            p.lead { "These lanes stand still until you decide. Nothing is lost meanwhile: what they owe is on the log." }
            (cards(&paged.rows, form))
            (parts::pager(&paged, "/quarantine?", "held link"))
        }
    }
}

/// A card a lane, with what can be done.
pub(super) fn cards(rows: &[&LinkRow], form: &str) -> Markup {
    html! { div.cases { @for row in rows { (case(row, form)) } } }
}

fn case(row: &LinkRow, form: &str) -> Markup {
    html! {
        article.card.case {
            h3 { (text::channel(&row.name, row.channel)) }
            p.id { (row.channel) " in " a href={ "/mirrors/" (row.mirror) } { (text::name(&row.mirror_name)) } }
            p.reason { (text::line(parts::why(row.lane.as_ref()).unwrap_or("it does not say why"), 600)) }
            p.note {
                "Look at the channel first" @if row.guild.0 > 0 { ": " (parts::in_discord(row.guild, row.channel, None)) } ". "
                "Released, the lane goes on where it was."
            }
            form.actions method="post" action="/quarantine/release" {
                (fields(row, form))
                button.first { "Release" }
            }
            details {
                summary { "It holds copies that nothing explains…" }
                p.note {
                    "An old backup was put back, perhaps. Take them as they are: what was written before the last of them "
                    "is then not sent there for the first time any more, for it may be among them."
                }
                form.actions method="post" action="/quarantine/release" {
                    (fields(row, form))
                    button name="adopt" value="yes" { "Release and take them as they are" }
                }
            }
        }
    }
}

fn fields(row: &LinkRow, form: &str) -> Markup {
    html! {
        (form_token(form))
        input type="hidden" name="mirror" value=(row.mirror);
        input type="hidden" name="channel" value=(row.channel);
    }
}
