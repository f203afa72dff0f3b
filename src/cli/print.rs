//! Answers in words.

mod archive;
mod lineage;
mod table;

use crate::commands::Answer;
use crate::commands::answer::{
    Apply, ApplyState, Changed, ClusterNode, LaneLine, LaneState, LinkLine, LogEntry, Logged, MirrorLine,
    Mirrors, NodeStatus, Outbox, Replayed, Status,
};
use std::fmt::Write;
use table::Table;
use tools::census::Census;
use tools::replay::{Outcome, Report};
use tools::verify::{self, MirrorReport, ProducerReport};
use tools::when;

/// An answer as people read it, ending in a line feed, or empty.
#[must_use]
pub fn text(answer: &Answer) -> String {
    let lines = match answer {
        Answer::Changed(said) => changed(said),
        Answer::Mirrors(said) => mirrors(said),
        Answer::Status(said) => status(said),
        Answer::Logged(said) => logged(said),
        Answer::Lineage(said) => lineage::lines(said),
        Answer::Replayed(said) => replayed(said),
        Answer::Apply(said) => apply(said),
        Answer::Verified(said) => verified(said),
        Answer::Archive(said) => archive::lines(said),
        Answer::Drained(said) => vec![format!("node {} has handed over everything", said.node)],
    };
    lines.into_iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// `1 request`, `2 requests`.
fn count(number: u64, what: &str) -> String {
    let plural = match what.strip_suffix('y') {
        _ if number == 1 => what.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{what}s"),
    };
    format!("{number} {plural}")
}

/// An entry of the log in a line.
#[must_use]
pub fn entry(entry: &LogEntry) -> String {
    let LogEntry { offset, time, mirror, kind, channel, message, node, says, .. } = entry;
    let place = match (channel.is_empty(), message.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("{channel} "),
        (false, false) => format!("{channel}/{message} "),
    };
    format!("{offset:>8}  {time}  {node}  {mirror}  {kind:<9} {place}{says}").trim_end().to_owned()
}

fn changed(said: &Changed) -> Vec<String> {
    let dry = if said.dry_run { "dry run, nothing was done: " } else { "" };
    said.lines.iter().map(|line| format!("{dry}{line}")).collect()
}

fn mirrors(said: &Mirrors) -> Vec<String> {
    if said.mirrors.is_empty() {
        return vec!["no mirrors yet; `mirror link NAME CHANNEL` makes one".to_owned()];
    }
    said.mirrors.iter().flat_map(mirror).collect()
}

fn mirror(line: &MirrorLine) -> Vec<String> {
    let mut head = format!("{}  {}  build {}", line.name, line.id, line.generation);
    if let Some(building) = line.building {
        head += &format!(", build {building} under way");
    }
    if let Some(previous) = line.previous {
        head += &format!(", build {previous} kept");
    }
    let mut table = Table::new(["", "", "", "", ""]);
    line.links.iter().for_each(|link| table.push(link_cells(link)));
    let mut lines = vec![head];
    lines.extend(table.lines());
    if !line.banned.is_empty() {
        lines.push(format!("  banned: {}", line.banned.join(", ")));
    }
    if !line.forget.is_empty() {
        lines.push(format!("  ask to be forgotten: {}", line.forget.join(", ")));
    }
    if !line.gaps.is_empty() {
        lines.push(format!("  {}: `mirror log --kind gap`", count(line.gaps.len() as u64, "gap")));
    }
    lines
}

fn link_cells(link: &LinkLine) -> [String; 5] {
    let part = match (link.open, link.publishes, link.receives) {
        (false, _, _) => "cut",
        (true, true, true) => "publishes and receives",
        (true, true, false) => "publishes",
        (true, false, true) => "receives",
        (true, false, false) => "neither",
    };
    let since = match (link.open && link.receives, link.since.0) {
        (false, _) => String::new(),
        (true, 0) => "from the beginning".to_owned(),
        (true, _) => format!("from {} on", when::shown(link.since)),
    };
    let place = format!("guild {}", link.guild);
    [format!("  {}", link.channel), named(&link.name), place, part.to_owned(), since]
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("#{name}") }
}

fn status(said: &Status) -> Vec<String> {
    let mut lines = vec![match &said.node {
        Some(node) => node_line(node),
        None if said.nodes.is_empty() => "no node runs (start one: mirror run)".to_owned(),
        None => "no node runs here".to_owned(),
    }];
    lines.extend(said.nodes.iter().map(cluster_line));
    lines.extend(said.node.iter().filter_map(|node| node.outbox.as_ref()).map(outbox_line));
    lines.extend(
        said.shards
            .iter()
            .map(|at| format!("gateway: shard {}, {}", at.shard, held_by(at.holder.as_deref()))),
    );
    lines.extend(said.troubles.iter().map(|why| format!("TROUBLE: {why}")));
    for (partition, why) in said.node.iter().flat_map(|node| &node.troubles) {
        lines.push(format!("TROUBLE: partition {partition} is held here and cannot be worked on: {why}"));
    }
    for at in &said.partitions {
        let offset = |at: Option<events::Offset>| at.map_or("nothing".to_owned(), |at| at.to_string());
        lines.push(format!(
            "log: partition {}, offsets {} to {}; views hold {}, lanes have handled {}{}",
            at.partition,
            at.floor,
            at.tail,
            offset(at.views),
            offset(at.lanes),
            if said.nodes.is_empty() {
                String::new()
            } else {
                format!("; {}", held_by(at.holder.as_deref()))
            }
        ));
        if let Some(retention) = &at.retention {
            lines.push(format!("  {}", archive::may_cut(retention)));
            lines.extend(archive::alarm(at.partition, retention));
        }
    }
    let mut table = Table::new(["lane", "", "state", "lag", ""]);
    said.lanes.iter().for_each(|lane| table.push(lane_cells(lane)));
    lines.extend(table.lines());
    lines
}

fn outbox_line(at: &Outbox) -> String {
    let Outbox { waiting, bytes, bytes_max, kept_bytes, oldest_s, problem, .. } = at;
    let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
    let mut line = format!(
        "outbox: {} waiting, {} of {} MiB",
        count(*waiting, "event"),
        mebibytes(*bytes),
        mebibytes(*bytes_max)
    );
    if let Some(seconds) = oldest_s {
        line += &format!(", the oldest for {}", duration(*seconds));
    }
    if *kept_bytes > 0 {
        line += &format!("; {} MiB kept in case the stream loses them", mebibytes(*kept_bytes));
    }
    line += match (at.is_full(), at.is_alarm()) {
        (true, _) => "; FULL: frames wait until the broker is back",
        (false, true) => "; ALARM: no broker takes it",
        (false, false) => "",
    };
    match problem {
        Some(why) => format!("{line}: {why}"),
        None => line,
    }
}

fn held_by(holder: Option<&str>) -> String {
    holder.map_or("held by no node".to_owned(), |holder| format!("held by {holder}"))
}

fn cluster_line(node: &ClusterNode) -> String {
    let ClusterNode { name, version, started, draining, partitions, shards } = node;
    let drains = if *draining { ", draining" } else { "" };
    format!(
        "cluster: node {name}, version {version}, since {}, {} and {}{drains}",
        when::shown(*started),
        count(*partitions as u64, "partition"),
        count(*shards as u64, "shard")
    )
}

fn node_line(node: &NodeStatus) -> String {
    let NodeStatus { name, pid, version, started, session, .. } = node;
    let session = if session.is_empty() { "none" } else { session };
    format!(
        "node {name}: process {pid}, version {version}, since {}; gateway: {session}",
        when::shown(*started)
    )
}

fn lane_cells(lane: &LaneLine) -> [String; 5] {
    let (state, why) = match &lane.state {
        LaneState::Idle => ("idle", ""),
        LaneState::Working => ("working", ""),
        LaneState::Waiting(why) => ("waiting", why.as_str()),
        LaneState::Held(why) => ("HELD", why.as_str()),
    };
    let lag = lane.lag.map_or("?".to_owned(), |lag| lag.to_string());
    let channel = format!("{} {}", lane.channel, named(&lane.name));
    [lane.mirror_name.clone(), channel.trim_end().to_owned(), state.to_owned(), lag, why.to_owned()]
}

fn logged(said: &Logged) -> Vec<String> {
    if said.note.is_empty() { Vec::new() } else { vec![said.note.clone()] }
}

fn replayed(said: &Replayed) -> Vec<String> {
    let Replayed { mirror, report, took_ms } = said;
    let Report { from, until, events, cells, result } = report;
    let read = format!("{} of '{mirror}', offsets {from} to {until}", count(*events, "event"));
    match result {
        Outcome::Flipped { active, previous, digest, difference } => {
            let rate = events.saturating_mul(1000) / (*took_ms).max(1);
            let old = match difference {
                None => format!("the same as build {}'s", previous.0),
                Some(row) => format!("not build {}'s, as you accepted. {row}", previous.0),
            };
            vec![
                format!("rebuilt {read}: {cells} cells in {took_ms} ms, {rate} events/s"),
                format!("digest {digest}, {old}"),
                format!(
                    "build {} is read now; build {} is kept for `mirror replay rollback`",
                    active.0, previous.0
                ),
            ]
        }
        Outcome::Repaired { active } => {
            vec![format!("joined {read} into build {}: {cells} cells. A repair proves nothing", active.0)]
        }
        Outcome::Seen(census) => {
            [vec![format!("read {read}; nothing was kept. '{mirror}' was then:")], seen(census)].concat()
        }
        Outcome::Surveyed => vec![format!("dry run, nothing was done: would read {read}")],
    }
}

fn seen(census: &Census) -> Vec<String> {
    let Census { links, messages, deleted, copies, copies_gone, refused, digest, newest } = census;
    let mut lines = vec![
        format!("  {}, {}, {deleted} deleted", count(*links, "open link"), count(*messages, "message")),
        format!("  {}, {copies_gone} gone, {refused} refused; digest {digest}", count(*copies, "live copy")),
    ];
    lines.extend(newest.iter().map(|line| {
        let text = line.text.replace('\n', " ");
        format!("  {}  {}  {}: {text}", line.time, line.message, line.author)
    }));
    lines
}

fn apply(said: &Apply) -> Vec<String> {
    let Apply { mirror, plan, calls, seconds, restore, state } = said;
    let mut table = Table::new(["", "", "", "", ""]);
    for lane in &plan.lanes {
        let counts = [('+', lane.posts, "post"), ('~', lane.edits, "edit"), ('-', lane.deletes, "delete")];
        let [posts, edits, deletes] = counts.map(|(sign, count, what)| format!("{sign}{count} {what}"));
        table.push([format!("  {}", lane.channel), named(&lane.name), posts, edits, deletes]);
    }
    let restore = if *restore { ", what others removed too" } else { "" };
    let mut lines = vec![format!("'{mirror}' owes{restore}:")];
    lines.extend(table.lines());
    lines.push(format!("{}, about {} under Discord's limits", count(*calls, "request"), duration(*seconds)));
    lines.push(
        match state {
            ApplyState::InStep => "every channel is in step: nothing to do",
            ApplyState::Planned => "nothing was sent yet",
            ApplyState::Begun => "the lanes work at it: `mirror status`",
            ApplyState::Noted => "no node runs: the next `mirror run` does it",
        }
        .to_owned(),
    );
    lines
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn verified(said: &verify::Report) -> Vec<String> {
    let mut lines: Vec<_> = said.mirrors.iter().flat_map(mirror_verdict).collect();
    lines.extend(said.producers.iter().flat_map(producer_verdict));
    lines.push(
        if said.is_fine() { "all is as it should be" } else { "NOT all is as it should be" }.to_owned(),
    );
    lines
}

fn mirror_verdict(said: &MirrorReport) -> Vec<String> {
    let MirrorReport { mirror, events, live, rebuilt, copies_live, receipts, .. } = said;
    let counts =
        [count(*events, "event"), count(*receipts, "receipt"), count(*copies_live, "live copy")].join(", ");
    if said.trimmed {
        return vec![format!(
            "'{mirror}': {counts}; the log no longer holds its beginning, so nothing is proved"
        )];
    }
    let digest =
        if live == rebuilt { format!("digest {live}") } else { format!("DIGEST {live}, rebuilt {rebuilt}") };
    let mut lines = vec![format!("'{mirror}': {counts}; {digest}")];
    lines.extend(said.differences.iter().map(|row| format!("  differs (in use / rebuilt): {row}")));
    lines.extend(said.without_receipt.iter().map(|copy| format!("  copy {copy} is live and has no receipt")));
    lines.extend(
        said.without_copy.iter().map(|copy| format!("  a receipt shows copy {copy}, the views hold none")),
    );
    lines
}

fn producer_verdict(said: &ProducerReport) -> Vec<String> {
    let ProducerReport { partition, node, events, first, last, holes } = said;
    let verdict = if holes.is_empty() { "no holes" } else { "HOLES" };
    let mut lines = vec![format!(
        "node {node} in partition {partition}: {events} events, numbers {first} to {last}, {verdict}"
    )];
    for hole in holes {
        let mut line = String::new();
        // Writing into a string cannot fail.
        write!(line, "  numbers {} to {} are missing before offset {}", hole.from, hole.to, hole.before).ok();
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    #[expect(clippy::needless_pass_by_value, reason = "as expect_test gives them")]
    fn an_outbox_says_what_waits_what_is_kept_and_why() {
        fn check(at: Outbox, wanted: Expect) {
            wanted.assert_eq(&format!("{}\n{}\n", outbox_line(&at), serde_json::to_string(&at).unwrap()));
        }
        let rests = Outbox { bytes_max: 1 << 30, ..Outbox::default() };
        check(
            rests.clone(),
            expect![[r#"
            outbox: 0 events waiting, 0 of 1024 MiB
            {"waiting":0,"bytes":0,"bytes_max":1073741824,"kept_bytes":0,"stuck":[]}
        "#]],
        );
        check(
            Outbox { kept_bytes: 5 << 20, ..rests.clone() },
            expect![[r#"
            outbox: 0 events waiting, 0 of 1024 MiB; 5 MiB kept in case the stream loses them
            {"waiting":0,"bytes":0,"bytes_max":1073741824,"kept_bytes":5242880,"stuck":[]}
        "#]],
        );
        let waits = Outbox { waiting: 3, bytes: 900, oldest_s: Some(7), ..rests };
        check(
            waits.clone(),
            expect![[r#"
            outbox: 3 events waiting, 1 of 1024 MiB, the oldest for 7 s
            {"waiting":3,"bytes":900,"bytes_max":1073741824,"kept_bytes":0,"oldest_s":7,"stuck":[]}
        "#]],
        );
        let problem = Some("the broker does not answer".to_owned());
        let stuck = Outbox { stuck: vec![2], problem, oldest_s: Some(700), kept_bytes: 1, ..waits };
        check(
            stuck.clone(),
            expect![[r#"
            outbox: 3 events waiting, 1 of 1024 MiB, the oldest for 11 min; 1 MiB kept in case the stream loses them; ALARM: no broker takes it: the broker does not answer
            {"waiting":3,"bytes":900,"bytes_max":1073741824,"kept_bytes":1,"oldest_s":700,"stuck":[2],"problem":"the broker does not answer"}
        "#]],
        );
        check(
            Outbox { bytes: 1 << 30, kept_bytes: 0, ..stuck },
            expect![[r#"
            outbox: 3 events waiting, 1024 of 1024 MiB, the oldest for 11 min; FULL: frames wait until the broker is back: the broker does not answer
            {"waiting":3,"bytes":1073741824,"bytes_max":1073741824,"kept_bytes":0,"oldest_s":700,"stuck":[2],"problem":"the broker does not answer"}
        "#]],
        );
    }
}
