//! A mirror built anew from the log, and its channels brought in step: first what it would do, then how far it is.

use super::parts::{self, count, duration, form_token, number, time};
use super::text;
use crate::commands::answer::{Answer, Apply, ApplyState, MirrorLine, Replayed};
use crate::console::jobs::{State, What};
use crate::console::links::paged;
use crate::console::snapshot::Snapshot;
use events::Version;
use maud::{Markup, html};
use tools::census::Census;
use tools::replay::{Outcome, Report};

/// Lanes of a plan that are named.
const LANES_MAX: usize = 200;

/// What a page shows of a job.
pub(in crate::console) struct Shown {
    pub(in crate::console) what: What,
    pub(in crate::console) started: Version,
    pub(in crate::console) state: State,
}

/// All mirrors, to choose one.
pub(in crate::console) fn choose(snapshot: &Snapshot, page: usize) -> Markup {
    let paged = paged(snapshot.mirrors.iter().collect::<Vec<_>>(), page);
    html! {
        header.title { h1 { "Replay" } }
        p.lead { "Builds a mirror’s views anew from the log beside those in use, compares the two, and swaps. Nothing is sent to Discord unless you ask for it." }
        @if paged.total == 0 {
            (parts::empty("There is nothing to replay", &html! { "No channel is linked yet." }))
        } @else {
            ul.choice {
                @for mirror in &paged.rows {
                    li { a href={ "/replay/" (mirror.id) } { (text::name(&mirror.name)) }
                        span.note { "build " (mirror.generation) } }
                }
            }
            (parts::pager(&paged, "/replay?", "mirror"))
        }
    }
}

/// One mirror's.
pub(in crate::console) fn page(
    mirror: &MirrorLine,
    survey: &Result<Replayed, String>,
    job: Option<&Shown>,
    form: &str,
) -> Markup {
    let runs = job.is_some_and(|job| !job.state.is_over());
    html! {
        header.title {
            div {
                p.crumb { a href="/replay" { "Replay" } }
                h1 { (text::name(&mirror.name)) }
                p.id { (mirror.id) }
            }
        }
        @if let Some(job) = job {
            section.card.job aria-labelledby="job" {
                h2 id="job" { (title(job.what)) }
                p.note { "started " (time(job.started)) }
                @if runs {
                    div data-live={ "/live/replay/" (mirror.id) } data-end="reload" role="status" { (live(&job.state)) }
                    noscript { p { a href={ "/replay/" (mirror.id) } { "Look again" } } }
                } @else { div role="status" { (live(&job.state)) } }
                @if let Some(apply) = planned(&job.state) { (approve(mirror, apply, form)) }
            }
        }
        div.columns {
            (rebuild(mirror, survey, (form, runs)))
            (in_step(mirror, (form, runs)))
        }
    }
}

const fn title(what: What) -> &'static str {
    match what {
        What::Rebuild => "Rebuild",
        What::Plan { restore: false } => "What the channels are owed",
        What::Plan { restore: true } => "What the channels are owed, with what others removed",
        What::Apply { .. } => "Bringing the channels in step",
    }
}

fn rebuild(mirror: &MirrorLine, survey: &Result<Replayed, String>, (form, runs): (&str, bool)) -> Markup {
    html! {
        section.card aria-labelledby="rebuild" {
            h2 id="rebuild" { "Rebuild the views" }
            @match survey {
                Ok(Replayed { report: Report { from, until, events, .. }, .. }) => {
                    p { "Would read " b { (count(*events, "event")) } " of this mirror, offsets " (from) " to " (until)
                        ", into build " (mirror.generation + 1) "; build " (mirror.generation) " stays for a rollback." }
                }
                Err(why) => { div.notice.bad { p { (text::line(why, 600)) } } }
            }
            form method="post" action={ "/replay/" (mirror.id) "/rebuild" } {
                (form_token(form))
                label.tick {
                    input type="checkbox" name="accept" value="yes";
                    span { "Swap although the new build differs: the log is right" }
                }
                div.actions { button.first disabled[runs] { "Rebuild" } }
            }
            @if let Some(previous) = mirror.previous {
                form.actions method="post" action={ "/replay/" (mirror.id) "/rollback" } {
                    (form_token(form))
                    button disabled[runs] { "Read build " (previous) " again" }
                }
            }
        }
    }
}

fn in_step(mirror: &MirrorLine, (form, runs): (&str, bool)) -> Markup {
    html! {
        section.card aria-labelledby="apply" {
            h2 id="apply" { "Bring the channels in step" }
            p { "Counts what each channel is owed, and how long it takes under Discord’s limits. Nothing is sent until you approve it." }
            form method="post" action={ "/replay/" (mirror.id) "/plan" } {
                (form_token(form))
                label.tick {
                    input type="checkbox" name="restore" value="yes";
                    span { "Send again what others removed" }
                }
                div.actions { button.first disabled[runs] { "Show the plan" } }
            }
        }
    }
}

/// A plan that waits to be approved.
fn planned(state: &State) -> Option<&Apply> {
    match state {
        State::Done(answer) => {
            let Answer::Apply(apply) = &**answer else { return None };
            (apply.state == ApplyState::Planned).then_some(apply)
        }
        State::Running(_) | State::Failed(_) => None,
    }
}

fn approve(mirror: &MirrorLine, apply: &Apply, form: &str) -> Markup {
    html! {
        form.actions method="post" action={ "/replay/" (mirror.id) "/apply" } {
            (form_token(form))
            @if apply.restore { input type="hidden" name="restore" value="yes"; }
            button.first { "Send " (count(apply.calls, "request")) }
        }
    }
}

/// How far a job is.
pub(in crate::console) fn live(state: &State) -> Markup {
    html! {
        @match state {
            State::Running(at) => { (parts::meter(at.as_ref())) }
            State::Failed(why) => { div.notice.bad { p { (text::line(why, 1_000)) } } }
            State::Done(answer) => {
                @if let Answer::Replayed(said) = &**answer { (replayed(said)) }
                @if let Answer::Apply(said) = &**answer { (applied(said)) }
            }
        }
    }
}

fn replayed(said: &Replayed) -> Markup {
    let Replayed { report: Report { events, cells, result, .. }, took_ms, .. } = said;
    html! {
        @match result {
            Outcome::Flipped { active, previous, digest, difference } => {
                p.done { span.badge.fine { "done" } " Rebuilt " b { (count(*events, "event")) } ": "
                    (number(*cells)) " cells in " (number(*took_ms)) " ms." }
                p { "Build " (active.0) " is read now; build " (previous.0) " is kept." }
                @match difference {
                    None => { p { "Its digest is the same as that of the build before." } }
                    Some(row) => { p { "It differs from the build before, as you accepted. " (text::line(row, 600)) } }
                }
                p.id { (text::line(digest, 100)) }
            }
            Outcome::Repaired { active } => { p { "Joined into build " (active.0) "." } }
            Outcome::Seen(census) => { (seen(census)) }
            Outcome::Surveyed => { p { "Would read " (count(*events, "event")) "." } }
        }
    }
}

fn seen(census: &Census) -> Markup {
    html! { p { (count(census.messages, "message")) ", " (count(census.copies, "live copy")) "." } }
}

fn applied(said: &Apply) -> Markup {
    let Apply { plan, calls, seconds, state, .. } = said;
    let owing: Vec<_> = plan.lanes.iter().filter(|lane| lane.calls() > 0).collect();
    html! {
        @match state {
            ApplyState::InStep => { p.done { span.badge.fine { "in step" } " Every channel shows what it should." } }
            ApplyState::Planned => {
                p { b { (count(*calls, "request")) } ", about " (duration(*seconds)) " under Discord’s limits. Nothing was sent yet." }
            }
            ApplyState::Begun | ApplyState::Noted => {
                p.done { span.badge.working { "begun" } " The lanes work at " b { (count(*calls, "request")) }
                    ": " a href="/links" { "watch them" } "." }
            }
        }
        @if !owing.is_empty() {
            div.table {
                table.cards {
                    thead { tr { th scope="col" { "Channel" } th.num scope="col" { "Post" } th.num scope="col" { "Edit" } th.num scope="col" { "Delete" } } }
                    tbody {
                        @for lane in owing.iter().take(LANES_MAX) {
                            tr {
                                th scope="row" data-label="Channel" { (text::channel(&lane.name, lane.channel)) }
                                td.num data-label="Post" { (number(lane.posts)) }
                                td.num data-label="Edit" { (number(lane.edits)) }
                                td.num data-label="Delete" { (number(lane.deletes)) }
                            }
                        }
                    }
                }
            }
            @if owing.len() > LANES_MAX { p.note { "and " (count((owing.len() - LANES_MAX) as u64, "more channel")) } }
        }
    }
}
