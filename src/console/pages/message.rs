//! One message: every version with what changed in it, every copy with its receipts.

use super::parts::{self, count, number, time};
use super::text::{self, TEXT_CHARS_MAX};
use events::MessageId;
use maud::{Markup, html};
use tools::lineage::{Channel, CopyLine, CopyState, Fact, Lineage, Piece, Refusal, Source, pieces};

/// Versions and copies that are shown; `mirror lineage` tells all.
const VERSIONS_MAX: usize = 60;
const COPIES_MAX: usize = 500;
const RECEIPTS_MAX: usize = 40;

/// What is asked for, and what is known of it.
pub(in crate::console) fn page(words: &str, found: Option<&Result<Lineage, String>>) -> Markup {
    html! {
        header.title {
            h1 { "Message" }
            form.filter method="get" action="/message" {
                label.hidden for="q" { "A message's or a copy's id, or its address in Discord" }
                input.wide id="q" type="search" name="q" value=(words.chars().take(200).collect::<String>())
                    placeholder="Id or address of a message or a copy" maxlength="200";
                button { "Trace" }
            }
        }
        @match found {
            None => {
                (parts::empty("Which message?", &html! {
                    "Paste a message's id, or its address from Discord (“Copy Message Link”). The id of a copy does as well."
                }))
            }
            Some(Err(why)) => { div.notice.bad role="alert" { p { (text::line(why, 400)) } } }
            Some(Ok(lineage)) => { (told(lineage)) }
        }
    }
}

fn told(lineage: &Lineage) -> Markup {
    let author = if lineage.author.is_empty() { "somebody" } else { &lineage.author };
    html! {
        section.card.who {
            div.head {
                p {
                    b { (text::name(author)) } " in " (place(&lineage.channel)) ", mirror "
                    a href={ "/mirrors/" (lineage.mirror) } { (text::name(&lineage.mirror_name)) }
                }
                (parts::in_discord(lineage.channel.guild, lineage.channel.id, Some(lineage.source)))
            }
            p.id {
                (lineage.source)
                @if let Some(copy) = &lineage.asked_for_copy { " – asked for by its copy " (text::name(copy)) }
            }
        }
        (versions(&lineage.versions))
        (copies(&lineage.copies))
        @if !lineage.refusals.is_empty() { (refusals(&lineage.refusals)) }
    }
}

fn place(channel: &Channel) -> Markup {
    text::channel(&channel.name, channel.id)
}

fn versions(facts: &[Fact]) -> Markup {
    let more = facts.len().saturating_sub(VERSIONS_MAX);
    html! {
        section aria-labelledby="versions" {
            h2 id="versions" { "Versions" }
            @if more > 0 { p.note { "The last " (VERSIONS_MAX) "; " (number(more as u64)) " before them: "
                code { "mirror lineage" } } }
            ol.versions { @for (before, fact) in with_text_before(facts).into_iter().skip(more) { (version(before, fact)) } }
        }
    }
}

/// Each with the text that stood before it.
fn with_text_before(facts: &[Fact]) -> Vec<(Option<&str>, &Fact)> {
    let mut text = None;
    let mut all = Vec::with_capacity(facts.len());
    for fact in facts {
        all.push((text, fact));
        text = fact.text.as_deref().or(text);
    }
    all
}

fn version(before: Option<&str>, fact: &Fact) -> Markup {
    let class = match fact.what.as_str() {
        "created" => "fine",
        "edited" => "working",
        "deleted" => "held",
        _ => "idle",
    };
    html! {
        li {
            p.head {
                span.badge.(class) { (text::name(&fact.what)) } " " (time(fact.version))
            }
            @match (&fact.text, before) {
                (Some(new), Some(old)) if old != new => { div.words { (difference(old, new)) } }
                (Some(new), None) => { div.words { (text::block(new)) } }
                (Some(_), Some(_)) | (None, _) => {}
            }
            (found(&fact.found))
        }
    }
}

/// The new text, with what went and what came; no more than [`TEXT_CHARS_MAX`] of it.
fn difference(old: &str, new: &str) -> Markup {
    let mut left = TEXT_CHARS_MAX;
    let mut rest = 0;
    let mut shown = Vec::new();
    for piece in pieces(old, new) {
        let cut = text::cut(piece.text(), left);
        left -= cut.shown.chars().count();
        rest += cut.rest;
        if !cut.shown.is_empty() {
            shown.push(one(&piece, cut.shown));
        }
    }
    html! {
        bdi.text { @for piece in shown { (piece) } }
        (text::more(rest))
    }
}

fn one(piece: &Piece, shown: &str) -> Markup {
    // The white space behind words is no part of what changed.
    let (words, space) = shown.split_at(shown.trim_end().len());
    html! {
        @match piece {
            Piece::Kept(_) => { (text::marked(words, true)) }
            Piece::Removed(_) => { @if !words.is_empty() { del { (text::marked(words, true)) } } }
            Piece::Added(_) => { @if !words.is_empty() { ins { (text::marked(words, true)) } } }
        }
        (text::marked(space, true))
    }
}

/// Where an event lies.
fn found(at: &Source) -> Markup {
    html! {
        p.found {
            "offset " (at.offset) ", seen " (time(at.observed)) " by " (text::name(&at.node))
            @if at.times > 1 { ", " (count(u64::from(at.times), "time")) }
        }
    }
}

fn copies(copies: &[CopyLine]) -> Markup {
    let live = copies.iter().filter(|copy| copy.state == CopyState::Live).count();
    html! {
        section aria-labelledby="copies" {
            h2 id="copies" { "Copies" }
            @if copies.is_empty() {
                p.note { "None: no link owed one, or none was sent yet." }
            } @else {
                p.note { (count(copies.len() as u64, "copy")) ", " (number(live as u64)) " live." }
                div.cases { @for copy in copies.iter().take(COPIES_MAX) { (one_copy(copy)) } }
                @if copies.len() > COPIES_MAX { p.note { "The first " (COPIES_MAX) " are shown: " code { "mirror lineage" } " tells all." } }
            }
        }
    }
}

fn one_copy(copy: &CopyLine) -> Markup {
    let (class, words) = match copy.state {
        CopyState::Live => ("fine", "live"),
        CopyState::GoneByUs => ("idle", "removed by us"),
        CopyState::GoneByAnother => ("waiting", "removed by another"),
    };
    let more = copy.receipts.len().saturating_sub(RECEIPTS_MAX);
    html! {
        article.card {
            p.head { b { (place(&copy.channel)) } " " span.badge.(class) { (words) } }
            p.id { (copy.copy) @if copy.part > 0 { ", part " (copy.part + 1) } }
            p { (parts::in_discord(copy.channel.guild, copy.channel.id, Some(copy.copy))) }
            @if more > 0 { p.note { (number(more as u64)) " receipts before these" } }
            ol.receipts {
                @for receipt in copy.receipts.iter().skip(more) {
                    li { span { (text::line(&receipt.what, 200)) } (found(&receipt.found)) }
                }
            }
        }
    }
}

fn refusals(refusals: &[Refusal]) -> Markup {
    html! {
        section aria-labelledby="refused" {
            h2 id="refused" { "Refused" }
            ul.plain {
                @for refusal in refusals.iter().take(COPIES_MAX) {
                    li.card {
                        p.head { b { (place(&refusal.channel)) } " " span.badge.held { "refused" } }
                        p { (text::line(&refusal.reason, 400)) }
                        (found(&refusal.found))
                    }
                }
            }
        }
    }
}

/// Where a message is looked at.
pub(super) fn address(id: &str) -> Option<String> {
    id.parse::<MessageId>().ok().map(|id| format!("/message/{id}"))
}
