//! `archive` in words.

use super::count;
use crate::archive::check::{PartitionStatus, Report, Status};
use crate::archive::refill::Refilled;
use crate::archive::retention::{Lost, Retention};
use crate::archive::seal::Sealed;
use crate::commands::answer::{Archive, Restored};
use tools::when;

/// What it says, in lines.
pub(super) fn lines(said: &Archive) -> Vec<String> {
    match said {
        Archive::Status(said) => status(said),
        Archive::Verified(said) => verified(said),
        Archive::Sealed(said) => said.iter().map(sealed).collect(),
        Archive::Restored(said) => restored(said),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn status(said: &Status) -> Vec<String> {
    let head = format!("archive {}", said.archive);
    std::iter::once(head).chain(said.partitions.iter().flat_map(partition)).collect()
}

fn partition(at: &PartitionStatus) -> Vec<String> {
    let PartitionStatus { partition, incarnations, segments, bytes, reaches, floor, sealed, tail, .. } = at;
    let retention = &at.retention;
    let older = match (at.incarnation, incarnations) {
        (None, 0) => ", nothing sealed yet".to_owned(),
        (None, _) => format!(
            ", nothing of this log: the archive holds {} that it is not (`mirror archive restore` fills an empty \
             log from the newest)",
            count(u64::from(*incarnations), "log")
        ),
        (Some(number), 1) => format!(", incarnation {number}"),
        (Some(number), _) => format!(", incarnation {number} of {incarnations}"),
    };
    let lines = [
        format!("partition {partition}: {} in {}{older}", count(*segments, "segment"), size(*bytes)),
        format!(
            "  readable from offset {reaches}, the log itself from {floor}; sealed up to {sealed}, {} offsets wait",
            tail.0.saturating_sub(sealed.0)
        ),
        format!("  {}", may_cut(retention)),
    ];
    lines.into_iter().chain(alarm(*partition, retention)).collect()
}

/// How far the broker's retention may go.
pub(super) fn may_cut(Retention { may_pass, sealed_until, .. }: &Retention) -> String {
    match sealed_until {
        None => "retention may cut nothing yet".to_owned(),
        Some(until) => {
            format!("retention may cut up to offset {may_pass}, events until {}", when::shown(*until))
        }
    }
}

/// What it has cut too early, and what is to be done.
pub(super) fn alarm(partition: u16, retention: &Retention) -> Option<String> {
    let stretch = |lost: &Lost| match lost.next.0.saturating_sub(1) {
        last if last == lost.from.0 => format!("{last}"),
        last => format!("{} to {last}", lost.from),
    };
    let lost: Vec<_> = retention.lost.iter().map(stretch).collect();
    (!lost.is_empty()).then(|| {
        format!(
            "ALARM: partition {partition}: retention has cut offsets {} before they were sealed. They are in no \
             archive, and no replay can read them. Take the retention policy away or raise max-age, see that sealing \
             goes on (`mirror archive seal`), and put their segments back if a copy of the archive has them",
            lost.join(", ")
        )
    })
}

fn verified(said: &Report) -> Vec<String> {
    let Report { segments, events, bytes, unreadable, problems, problems_count } = said;
    let mut lines = vec![format!(
        "read {} with {} in {}",
        count(*segments, "segment"),
        count(*events, "event"),
        size(*bytes)
    )];
    if *unreadable > 0 {
        lines.push(format!("{} that no program can read, kept as they came", count(*unreadable, "record")));
    }
    lines.extend(problems.iter().map(|problem| format!("  {}: {}", problem.object, problem.why)));
    lines.push(match problems_count {
        0 => "all is as it was written".to_owned(),
        many => format!("NOT all is as it was written: {}", count(*many, "problem")),
    });
    lines
}

fn sealed(said: &Sealed) -> String {
    let Sealed { partition, segments, events, bytes, upto, .. } = said;
    match segments {
        0 => format!("partition {partition}: nothing waited; sealed up to offset {upto}"),
        _ => format!(
            "partition {partition}: sealed {} in {} ({}), up to offset {upto}",
            count(*events, "event"),
            count(*segments, "segment"),
            size(*bytes)
        ),
    }
}

fn restored(said: &Restored) -> Vec<String> {
    let dry = if said.dry_run { "dry run, nothing was done: " } else { "" };
    let mut lines: Vec<_> = said.partitions.iter().map(|one| format!("{dry}{}", refilled(one))).collect();
    if said.lanes > 0 {
        lines.push(format!("{} read the log again from its beginning", count(said.lanes, "lane")));
    }
    lines
}

fn refilled(said: &Refilled) -> String {
    let Refilled { partition, incarnation, events, known, unreadable } = said;
    if *incarnation == 0 {
        return format!("partition {partition}: the archive holds nothing of it");
    }
    let lost = match unreadable {
        0 => String::new(),
        many => format!("; {} that no program can read left out", count(*many, "record")),
    };
    format!(
        "partition {partition}: {} from incarnation {incarnation}, {known} of them were there already{lost}",
        count(*events, "event")
    )
}
