//! Links with their lanes, sought through and cut into pages.

use crate::commands::answer::{LaneState, LinkLine, MirrorLine, Status};
use events::{ChannelId, GuildId, MirrorId, Version};
use std::collections::HashMap;

/// Rows on a page.
pub(super) const PAGE_ROWS: usize = 100;

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkRow {
    /// Its mirror.
    pub(super) mirror: MirrorId,
    /// The mirror's name.
    pub(super) mirror_name: String,
    /// The channel.
    pub(super) channel: ChannelId,
    /// Its name.
    pub(super) name: String,
    /// Its guild.
    pub(super) guild: GuildId,
    /// Which part it takes.
    pub(super) part: Part,
    /// What was written before is not sent there; zero: its whole history is.
    pub(super) since: Version,
    /// Its lane, if it has one.
    pub(super) lane: Option<Lane>,
}

/// What a lane does, and how many messages wait for it where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) state: LaneState,
    pub(super) lag: Option<u64>,
}

/// Which part a channel takes in its mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Both,
    Publishes,
    Receives,
    Neither,
    Cut,
}

impl Part {
    const fn of(link: &LinkLine) -> Self {
        match (link.open, link.publishes, link.receives) {
            (false, _, _) => Self::Cut,
            (true, true, true) => Self::Both,
            (true, true, false) => Self::Publishes,
            (true, false, true) => Self::Receives,
            (true, false, false) => Self::Neither,
        }
    }

    /// In words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Both => "publishes and receives",
            Self::Publishes => "publishes",
            Self::Receives => "receives",
            Self::Neither => "neither",
            Self::Cut => "cut",
        }
    }
}

impl LinkRow {
    /// What it is sorted and chosen by.
    pub(super) fn state(&self) -> State {
        match (&self.lane, self.part) {
            (_, Part::Cut) => State::Cut,
            (None, _) => State::Idle,
            (Some(lane), _) => match lane.state {
                LaneState::Held(_) => State::Held,
                LaneState::Waiting(_) => State::Waiting,
                LaneState::Working => State::Working,
                LaneState::Idle => State::Idle,
            },
        }
    }

    /// Messages that wait for it, as far as known.
    pub(super) fn lag(&self) -> u64 {
        self.lane.as_ref().and_then(|lane| lane.lag).unwrap_or_default()
    }
}

/// States that can be asked for, what needs somebody first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Held,
    Waiting,
    Working,
    Idle,
    Cut,
}

impl State {
    pub(super) const ALL: [Self; 5] = [Self::Held, Self::Waiting, Self::Working, Self::Idle, Self::Cut];

    /// Its name, in words and in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Idle => "idle",
            Self::Cut => "cut",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }
}

/// Every link of every mirror, with its lane.
pub(super) fn rows(mirrors: &[MirrorLine], status: &Status) -> Vec<LinkRow> {
    let lanes: HashMap<_, _> = status.lanes.iter().map(|lane| ((lane.mirror, lane.channel), lane)).collect();
    let row = |mirror: &MirrorLine, link: &LinkLine| {
        let lane = lanes.get(&(mirror.id, link.channel));
        LinkRow {
            mirror: mirror.id,
            mirror_name: mirror.name.clone(),
            channel: link.channel,
            name: link.name.clone(),
            guild: link.guild,
            part: Part::of(link),
            since: link.since,
            lane: lane.map(|lane| Lane { state: lane.state.clone(), lag: lane.lag }),
        }
    };
    mirrors.iter().flat_map(|mirror| mirror.links.iter().map(move |link| row(mirror, link))).collect()
}

/// Which links are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Part of a name, or an id.
    pub(super) words: String,
    /// Only these.
    pub(super) state: Option<State>,
    /// Only of this mirror.
    pub(super) mirror: Option<MirrorId>,
}

/// The links that fit: first what needs somebody, then what lags most.
pub(super) fn found<'a>(rows: &'a [LinkRow], wanted: &Wanted) -> Vec<&'a LinkRow> {
    let words = wanted.words.trim_start_matches('#').to_lowercase();
    let named = |row: &&LinkRow| {
        words.is_empty()
            || row.name.to_lowercase().contains(&words)
            || row.mirror_name.to_lowercase().contains(&words)
            || [row.channel.to_string(), row.guild.to_string(), row.mirror.to_string()].contains(&words)
    };
    let fits = |row: &&LinkRow| {
        wanted.state.is_none_or(|state| row.state() == state)
            && wanted.mirror.is_none_or(|mirror| row.mirror == mirror)
    };
    let mut found: Vec<_> = rows.iter().filter(fits).filter(named).collect();
    // Rows come by mirror and channel: what is equal stays so.
    found.sort_by_key(|row| (row.state(), std::cmp::Reverse(row.lag())));
    found
}

/// One page of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paged<T> {
    /// What is on it.
    pub(super) rows: Vec<T>,
    /// Its number, from 1.
    pub(super) page: usize,
    /// How many there are; at least one.
    pub(super) pages: usize,
    /// Rows on all of them.
    pub(super) total: usize,
}

/// Page `page` of these; the last one where there are fewer.
pub(super) fn paged<T>(all: Vec<T>, page: usize) -> Paged<T> {
    let total = all.len();
    let pages = total.div_ceil(PAGE_ROWS).max(1);
    let page = page.clamp(1, pages);
    let rows = all.into_iter().skip((page - 1) * PAGE_ROWS).take(PAGE_ROWS).collect();
    Paged { rows, page, pages, total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::sample;

    #[test]
    fn what_needs_somebody_comes_first_and_what_is_sought_is_found() {
        let snapshot = sample::snapshot();
        let check = |words: &str, state: Option<State>, wanted: &[&str]| {
            let found = found(&snapshot.links, &Wanted { words: words.to_owned(), state, mirror: None });
            let names: Vec<_> = found.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(names, wanted, "{words} {state:?}");
        };
        check("", None, &["attic", "harbour", "general", "lobby", "old"]);
        check("", Some(State::Held), &["attic"]);
        check("#GEN", None, &["general"]);
        check("42", None, &["general"]);
        check("lounge", Some(State::Idle), &["lobby"]);
        check("nothing", None, &[]);
    }

    #[test]
    fn pages_hold_all_once() {
        let check = |count: usize, page: usize, wanted: (usize, usize, usize)| {
            let paged = paged((0..count).collect(), page);
            assert_eq!((paged.page, paged.pages, paged.rows.len()), wanted);
            assert_eq!(paged.total, count);
        };
        check(0, 1, (1, 1, 0));
        check(100, 2, (1, 1, 100));
        check(101, 2, (2, 2, 1));
        check(10_000, 50, (50, 100, 100));
        check(10_000, usize::MAX, (100, 100, 100));
        check(10, 0, (1, 1, 10));
    }
}
