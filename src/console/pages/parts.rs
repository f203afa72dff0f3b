//! What several pages show.

use super::text;
use crate::commands::answer::LaneState;
use crate::console::links::{Lane, LinkRow, Paged, State};
use events::{ChannelId, GuildId, MessageId, Version};
use maud::{Markup, html};
use tools::Meter;
use tools::when;

/// `12,345`.
pub(super) fn number(of: u64) -> String {
    let digits = of.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 link`, `2 links`.
pub(super) fn count(of: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        _ if of == 1 => what.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    };
    format!("{} {plural}", number(of))
}

/// A time in UTC.
pub(super) fn time(at: Version) -> Markup {
    let full = when::shown(at);
    let short = full.get(..19).filter(|_| at.0 > 0).map(|short| short.replace('T', " "));
    html! {
        @match short {
            Some(short) => { time datetime=(full) title=(full) { (short) } }
            None => { span.none { "–" } }
        }
    }
}

/// `3 min`, `2 h 5 min`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// The address in Discord, of ids alone; none where the guild is not known.
pub(super) fn address(guild: GuildId, channel: ChannelId, message: Option<MessageId>) -> Option<String> {
    let known = guild.0 > 0 && channel.0 > 0;
    let rest = message.map(|message| format!("/{message}")).unwrap_or_default();
    known.then(|| format!("https://discord.com/channels/{guild}/{channel}{rest}"))
}

/// A link out to Discord.
pub(super) fn in_discord(guild: GuildId, channel: ChannelId, message: Option<MessageId>) -> Markup {
    html! {
        @if let Some(address) = address(guild, channel, message) {
            a.out href=(address) rel="noopener noreferrer" { "Open in Discord" }
        }
    }
}

/// A state as a word with its colour.
pub(super) fn badge(state: State) -> Markup {
    html! { span.badge.(state.name()) { (state.name()) } }
}

/// What a lane says of itself besides its state.
pub(super) fn why(lane: Option<&Lane>) -> Option<&str> {
    match &lane?.state {
        LaneState::Idle | LaneState::Working => None,
        LaneState::Waiting(why) | LaneState::Held(why) => Some(why.as_str()).filter(|why| !why.is_empty()),
    }
}

/// How many messages wait.
pub(super) fn lag(row: &LinkRow) -> Markup {
    html! {
        @match &row.lane {
            None => { span.none { "–" } }
            Some(Lane { lag: Some(0), .. }) => { span.none { "0" } }
            Some(Lane { lag: Some(lag), .. }) => { (number(*lag)) }
            Some(Lane { lag: None, .. }) => { span.none title="It goes through the log by itself" { "?" } }
        }
    }
}

/// Ways to the other pages of something; `base` ends in `?` or `&`.
pub(super) fn pager<T>(paged: &Paged<T>, base: &str, what: &str) -> Markup {
    let to = |page: usize| format!("{base}page={page}");
    html! {
        nav.pager aria-label="Pages" {
            span.total { (count(paged.total as u64, what)) }
            @if paged.pages > 1 {
                @if paged.page > 1 {
                    a href=(to(1)) { "First" }
                    a rel="prev" href=(to(paged.page - 1)) { "Previous" }
                }
                span aria-current="page" { "Page " (paged.page) " of " (number(paged.pages as u64)) }
                @if paged.page < paged.pages {
                    a rel="next" href=(to(paged.page + 1)) { "Next" }
                    a href=(to(paged.pages)) { "Last" }
                }
            }
        }
    }
}

/// Nothing to show, and what to do about it.
pub(super) fn empty(title: &str, hint: &Markup) -> Markup {
    html! {
        div.empty {
            p.title { (title) }
            p { (hint) }
        }
    }
}

/// How far a job is.
pub(super) fn meter(meter: Option<&Meter>) -> Markup {
    html! {
        @match meter {
            Some(Meter { what, done, total }) if *total > 0 => {
                progress max=(total) value=(done) aria-label=(what) {}
                p.meter {
                    (what) ": " (number(*done)) " of " (number(*total))
                    " (" (done.saturating_mul(100) / total) " %)"
                }
            }
            Some(Meter { what, done, .. }) => {
                progress aria-label=(what) {}
                p.meter { (what) ": " (number(*done)) }
            }
            None => {
                progress aria-label="beginning" {}
                p.meter { "beginning" }
            }
        }
    }
}

/// The links of a page, in a table that becomes cards on a phone.
pub(super) fn links(rows: &[&LinkRow], shows_mirror: bool) -> Markup {
    html! {
        div.table {
            table.cards {
                thead {
                    tr {
                        th scope="col" { "Channel" }
                        @if shows_mirror { th scope="col" { "Mirror" } }
                        th scope="col" { "State" }
                        th.num scope="col" { "Waiting" }
                        th scope="col" { "Takes part" }
                        th scope="col" { "Sent since" }
                        th scope="col" { span.hidden { "Discord" } }
                    }
                }
                tbody { @for row in rows { (link(row, shows_mirror)) } }
            }
        }
    }
}

fn link(row: &LinkRow, shows_mirror: bool) -> Markup {
    let receives = row.lane.is_some();
    html! {
        tr {
            th scope="row" data-label="Channel" {
                (text::channel(&row.name, row.channel))
                @if !row.name.is_empty() { span.id { (row.channel) } }
            }
            @if shows_mirror {
                td data-label="Mirror" { a href={ "/mirrors/" (row.mirror) } { (text::name(&row.mirror_name)) } }
            }
            td data-label="State" {
                (badge(row.state()))
                @if let Some(why) = why(row.lane.as_ref()) { span.why { (text::line(why, 160)) } }
            }
            td.num data-label="Waiting" { (lag(row)) }
            td.part data-label="Takes part" { (row.part.words()) }
            td data-label="Sent since" {
                @if !receives { span.none { "–" } }
                @else if row.since.0 == 0 { "the beginning" }
                @else { (time(row.since)) }
            }
            td.end { (in_discord(row.guild, row.channel, None)) }
        }
    }
}

/// The field without which no form is taken.
pub(super) fn form_token(form: &str) -> Markup {
    html! { input type="hidden" name="form" value=(form); }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!(["0", "999", "1,000", "12,345,678"], [0, 999, 1000, 12_345_678].map(number));
        assert_eq!(count(1, "link"), "1 link");
        assert_eq!(count(2_000, "entry"), "2,000 entries");
        assert_eq!(["59 s", "2 min", "2 h 0 min", "2 d 0 h"], [59, 120, 7200, 172_800].map(duration));
        assert!(time(Version(0)).into_string().contains('–'));
        let shown = time(Version(1_764_000_000_123_000)).into_string();
        assert!(shown.contains(">2025-11-24 16:00:00<") && shown.contains("16:00:00.123Z"), "{shown}");
    }

    #[test]
    fn addresses_are_made_of_ids() {
        let address = |guild: u64, message| address(GuildId(guild), ChannelId(42), message);
        assert_eq!(address(41, None).unwrap(), "https://discord.com/channels/41/42");
        assert_eq!(address(41, Some(MessageId(43))).unwrap(), "https://discord.com/channels/41/42/43");
        assert_eq!(address(0, None), None);
    }
}
