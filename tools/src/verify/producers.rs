//! Producers: each node numbers its events in a partition from 1 without a hole; a hole is proof of loss.

use super::{NAMED_MAX, ProducerReport};
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use crate::reader::{Reader, Stretch};
use events::{NodeId, Offset, Partition, Producer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers that are missing, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The first missing number.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The event behind the hole.
    pub before: Offset,
}

/// Reads a whole partition.
pub(super) async fn verify(
    ports: &Ports,
    partition: Partition,
    progress: &dyn Progress,
) -> Result<Vec<ProducerReport>, JobError> {
    let from = ports.log.floor(partition).await?;
    let stretch = Stretch { partition, mirror: None, from, end: ports.log.tail(partition).await? };
    let mut counted = BTreeMap::new();
    let mut reader = Reader::new(&*ports.log, stretch);
    while let Some(events) = reader.next().await? {
        events.iter().for_each(|(offset, event)| count(&mut counted, partition, (*offset, event.producer)));
        progress.at("counting", reader.at().0 - from.0, stretch.end.0 - from.0);
    }
    Ok(counted.into_values().collect())
}

/// A trimmed log begins in the middle of a numbering; an event that is read twice repeats a number.
fn count(
    counted: &mut BTreeMap<NodeId, ProducerReport>,
    Partition(partition): Partition,
    (offset, Producer { node, seq }): (Offset, Producer),
) {
    let report = counted.entry(node).or_insert_with(|| ProducerReport {
        partition,
        node: node.to_string(),
        first: seq,
        last: seq.saturating_sub(1),
        ..ProducerReport::default()
    });
    report.events += 1;
    if seq > report.last + 1 && report.holes.len() < NAMED_MAX {
        report.holes.push(Hole { from: report.last + 1, to: seq - 1, before: offset });
    }
    report.last = report.last.max(seq);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_number_is_a_hole() {
        let check = |seqs: &[u64], holes: &[(u64, u64)]| {
            let mut counted = BTreeMap::new();
            for (at, seq) in seqs.iter().enumerate() {
                let producer = Producer { node: "a".parse().unwrap(), seq: *seq };
                count(&mut counted, Partition(0), (Offset(at as u64), producer));
            }
            let found: Vec<_> =
                counted.into_values().flat_map(|one| one.holes).map(|hole| (hole.from, hole.to)).collect();
            assert_eq!(found, holes, "{seqs:?}");
        };
        check(&[1, 2, 3], &[]);
        check(&[1, 2, 2, 3], &[]);
        check(&[7, 8, 9], &[]);
        check(&[1, 3], &[(2, 2)]);
        check(&[1, 5, 6, 9], &[(2, 4), (7, 8)]);
        check(&[1, 2, 3, 2, 3, 4], &[]);
    }
}
