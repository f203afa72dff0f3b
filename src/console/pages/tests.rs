//! Every page with hostile words in every place that takes any: nothing of them becomes markup, and nothing grows without
//! bound.

use super::feed::Filter;
use super::frame::{Frame, Tab};
use super::replay::Shown;
use super::*;
use crate::commands::answer::{
    Answer, Apply, ApplyState, ClusterNode, GapLine, LaneLine, LaneState, LinkLine, LogEntry, MirrorLine,
    NodeStatus, Outbox, PartitionLine, Replayed, ShardLine, Status,
};
use crate::console::jobs::{State, What};
use crate::console::links::Wanted;
use crate::console::sample;
use crate::console::sessions::{Notice, Visitor};
use crate::console::snapshot::Snapshot;
use events::{ChannelId, GuildId, MessageId, Offset, Version};
use maud::Markup;
use proptest::prelude::*;
use tools::Meter;
use tools::lineage::{Channel, CopyLine, CopyState, Fact, Lineage, ReceiptLine, Refusal, Source};
use tools::plan::{LanePlan, Plan};
use tools::replay::{Outcome, Report};

/// What stands wherever people can put words.
fn snapshot(said: &str) -> Snapshot {
    let word = || said.to_owned();
    let link = |channel, open| LinkLine {
        channel: ChannelId(channel),
        name: word(),
        guild: GuildId(41),
        open,
        publishes: true,
        receives: true,
        since: sample::NOW,
    };
    let lane = |channel, state| LaneLine {
        mirror: sample::mirror_id(),
        mirror_name: word(),
        channel: ChannelId(channel),
        name: word(),
        state,
        lag: Some(3),
    };
    let gap = GapLine {
        channel: ChannelId(42),
        from: MessageId(1),
        to: MessageId(2),
        cause: word(),
        at: sample::NOW,
    };
    let mirror = MirrorLine {
        id: sample::mirror_id(),
        name: word(),
        generation: 1,
        building: Some(2),
        previous: Some(0),
        links: vec![link(42, true), link(43, true), link(44, false)],
        banned: vec![word()],
        forget: vec![word()],
        gaps: vec![gap],
    };
    let outbox = Outbox { stuck: vec![1], problem: Some(word()), oldest_s: Some(1), ..Outbox::default() };
    let node = NodeStatus {
        name: word(),
        version: word(),
        session: word(),
        troubles: vec![(1, word())],
        outbox: Some(outbox),
        ..NodeStatus::default()
    };
    let status = Status {
        node: Some(node),
        nodes: vec![ClusterNode { name: word(), version: word(), ..ClusterNode::default() }],
        shards: vec![ShardLine { shard: 0, holder: Some(word()) }],
        partitions: vec![PartitionLine { holder: Some(word()), ..PartitionLine::default() }],
        lanes: vec![lane(42, LaneState::Held(word())), lane(43, LaneState::Waiting(word()))],
        troubles: vec![word()],
    };
    Snapshot::new(status, vec![mirror], sample::NOW)
}

fn lineage(said: &str, other: &str) -> Lineage {
    let channel = || Channel { id: ChannelId(42), name: said.to_owned(), guild: GuildId(41) };
    let found = || Source {
        offset: Offset(1),
        event: event_id(),
        node: said.to_owned(),
        observed: sample::NOW,
        times: 2,
    };
    let fact = |what: &str, text: &str| Fact {
        what: what.to_owned(),
        version: sample::NOW,
        found: found(),
        text: Some(text.to_owned()),
        changes: None,
    };
    let copy = CopyLine {
        channel: channel(),
        part: 1,
        copy: MessageId(9),
        state: CopyState::Live,
        shows: sample::NOW,
        receipts: vec![ReceiptLine { what: said.to_owned(), found: found() }],
    };
    Lineage {
        mirror: sample::mirror_id(),
        mirror_name: said.to_owned(),
        source: MessageId(43),
        channel: channel(),
        author: said.to_owned(),
        asked_for_copy: Some(said.to_owned()),
        versions: vec![fact("created", said), fact("edited", other), fact(said, said)],
        copies: vec![copy],
        refusals: vec![Refusal { channel: channel(), part: 0, reason: said.to_owned(), found: found() }],
    }
}

fn event_id() -> events::EventId {
    events::EventId(uuid::Uuid::from_u128(5))
}

fn entry(said: &str) -> LogEntry {
    let word = || said.to_owned();
    LogEntry {
        time: "2025-11-24T16:00:00.123Z".to_owned(),
        mirror: word(),
        kind: word(),
        message: word(),
        says: word(),
        ..LogEntry::default()
    }
}

fn jobs(said: &str) -> Vec<Shown> {
    let lane = LanePlan { channel: ChannelId(42), name: said.to_owned(), posts: 3, edits: 1, deletes: 0 };
    let apply = |state| Apply {
        mirror: said.to_owned(),
        plan: Plan { lanes: vec![lane.clone()] },
        calls: 4,
        seconds: 2,
        restore: true,
        state,
    };
    let flipped = Outcome::Flipped {
        active: projections::Generation(2),
        previous: projections::Generation(1),
        digest: said.to_owned(),
        difference: Some(said.to_owned()),
    };
    let meter = Meter { what: "folding".to_owned(), done: 1, total: 3 };
    let states = [
        State::Running(None),
        State::Running(Some(Meter { total: 0, ..meter.clone() })),
        State::Running(Some(meter)),
        State::Failed(said.to_owned()),
        State::Done(Box::new(Answer::Replayed(replayed(said, flipped)))),
        State::Done(Box::new(Answer::Apply(apply(ApplyState::Planned)))),
        State::Done(Box::new(Answer::Apply(apply(ApplyState::Begun)))),
    ];
    let shown = |state| Shown { what: What::Apply { restore: true }, started: sample::NOW, state };
    states.into_iter().map(shown).collect()
}

fn replayed(said: &str, result: Outcome) -> Replayed {
    let report = Report { from: Offset(0), until: Offset(9), events: 9, cells: 3, result };
    Replayed { mirror: said.to_owned(), report, took_ms: 4 }
}

/// Every page with this in every place, and with what was asked for.
fn all([said, other, asked]: [&str; 3]) -> Vec<Markup> {
    let snapshot = snapshot(said);
    let mirror = &snapshot.mirrors[0];
    let wanted = Wanted { words: asked.to_owned(), ..Wanted::default() };
    let filter = Filter { mirror: asked.to_owned(), kind: asked.to_owned() };
    let surveyed = Ok(replayed(said, Outcome::Surveyed));
    let mut pages = vec![
        overview::page(&snapshot),
        mirrors::page(&snapshot, "", 1),
        mirrors::page(&snapshot, asked, 1),
        mirror::page(&snapshot, mirror, 1, "form"),
        links::page(&snapshot, &Wanted::default(), 1),
        links::page(&snapshot, &wanted, 1),
        quarantine::page(&snapshot, 1, "form"),
        message::page(said, Some(&Ok(lineage(said, other)))),
        message::page(said, Some(&Err(said.to_owned()))),
        replay::choose(&snapshot, 1),
        replay::page(mirror, &Err(said.to_owned()), None, "form"),
        feed::page(&filter, &snapshot.mirrors, &[entry(said)]),
        feed::row(&entry(said)),
        door::problem("x", said),
    ];
    pages.extend(jobs(said).iter().map(|job| replay::page(mirror, &surveyed, Some(job), "form")));
    let notice = Notice { is_fine: false, words: said.to_owned() };
    let visitor = Visitor { form: "form".to_owned(), notice: Some(notice) };
    let frame = Frame { visitor: &visitor, node: said };
    pages.iter().map(|content| frame.page((Tab::Overview, "x"), content)).collect()
}

/// The tags of a page with the names of their attributes, and each `href`, in order.
fn shape(html: &str) -> Vec<String> {
    let mut shape = Vec::new();
    let mut rest = html;
    while let Some((_, from)) = rest.split_once('<') {
        let (mut tag, mut quoted, mut value, mut end) = (String::new(), false, String::new(), from.len());
        for (at, c) in from.char_indices() {
            match c {
                '"' if quoted && tag.ends_with("href=") => {
                    tag += &std::mem::take(&mut value);
                    quoted = false;
                }
                '"' => {
                    value.clear();
                    quoted = !quoted;
                }
                '>' if !quoted => {
                    end = at;
                    break;
                }
                c if quoted => value.push(c),
                c => tag.push(c),
            }
        }
        shape.push(tag);
        rest = &from[end..];
    }
    shape
}

/// What may differ with the words: the search for them in addresses, and the marks that text is given.
fn skeleton(pages: &[Markup]) -> Vec<Vec<String>> {
    let mine = |tag: &String| !tag.contains("href=/links?") && !tag.contains("href=/mirrors?");
    let text = ["span class=", "/span", "bdi class=", "/bdi", "ins", "/ins", "del", "/del"];
    let structural = |tag: &String| mine(tag) && !text.contains(&tag.trim_end_matches(" title=").trim());
    pages.iter().map(|page| shape(&page.0).into_iter().filter(structural).collect()).collect()
}

const HOSTILE: [&str; 12] = [
    "<script>window.__pwned=1</script>",
    "\"><img src=x onerror=window.__pwned=1>",
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</title></style></textarea><h1>",
    "<!--",
    "]]>",
    "&lt;b&gt;&#x3c;",
    "\u{202e}gnp.exe\u{2066}",
    "a\r\n\r\nevent: end\r\ndata: x",
    "\0\u{1b}[31m\u{7f}",
    "{{7*7}}${7*7}",
];

fn check(said: &str, other: &str) {
    let calm = skeleton(&all(["calm words", "other words", "calm words"]));
    let got = all([said, other, said]);
    for (page, (one, wanted)) in skeleton(&got).into_iter().zip(calm).enumerate() {
        assert_eq!(one, wanted, "page {page} with {said:?}");
    }
    for page in &got {
        for tag in shape(&page.0) {
            let address = tag.split("href=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("/");
            let is_ours = address.starts_with('/') && !address.starts_with("//");
            let is_discord = address.starts_with("https://discord.com/channels/")
                && address["https://discord.com/channels/".len()..]
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '/');
            assert!(is_ours || is_discord || address == "#main", "{tag} with {said:?}");
            assert!(!tag.contains("style=") && !tag.contains(" on"), "{tag} with {said:?}");
        }
        let hidden =
            |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
        let values = page.0.split("value=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        // Only what somebody wrote into a field stands there as it is.
        let kept = values.map(|value| value.chars().filter(|c| hidden(*c)).count()).sum::<usize>();
        assert_eq!(page.0.chars().filter(|c| hidden(*c)).count(), kept, "{said:?}");
    }
}

#[test]
fn hostile_words_stay_words() {
    for said in HOSTILE {
        check(said, "something else");
        check("calm", said);
    }
}

#[test]
fn a_megabyte_in_every_place_makes_a_page_of_bounded_size() {
    for unit in ["x", "\u{202e}a", "<\"", "word "] {
        let long = unit.repeat((1 << 20) / unit.len());
        for (number, page) in all([&long, "other", "asked"]).iter().enumerate() {
            let bytes = page.0.len();
            assert!(bytes < 256 * 1024, "page {number} has {bytes} bytes with {unit:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is said, a page has the same elements, and leads to the same places.
    #[test]
    fn no_page_holds_what_was_not_escaped(said in "(?s)[<>\"'&/=\\p{Any}]{0,40}[a-z0-9].*", other in "\\PC*") {
        check(&said, &other);
    }
}

#[test]
fn a_difference_shows_what_went_and_what_came() {
    let html = message::page("43", Some(&Ok(lineage("one <b> three", "one two three")))).0;
    assert!(html.contains("<del>&lt;b&gt;</del> <ins>two</ins> three"), "{html}");
}

/// Ends well without a version, too.
#[test]
fn times_before_all_times_are_shown_as_none() {
    assert_eq!(parts::time(Version(i64::MIN)).0, "<span class=\"none\">–</span>");
}
