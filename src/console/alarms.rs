//! What somebody should look at, from how everything stands.

use super::links::State;
use super::snapshot::Snapshot;
use crate::commands::answer::{NodeStatus, Status};

/// Alarms that are told one by one.
pub(super) const ALARMS_MAX: usize = 20;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    /// What it is about.
    pub(super) about: &'static str,
    /// What is wrong.
    pub(super) words: String,
    /// The page that says more.
    pub(super) page: Option<&'static str>,
}

/// All in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Something needs somebody.
    Alarm,
    /// Lanes stand still.
    Held,
    /// Messages wait.
    Behind,
    /// Nothing is owed.
    InStep,
    /// There is nothing to keep in step.
    Empty,
}

/// Alarms, the gravest first. Held lanes are not among them: they have a page of their own.
pub(super) fn alarms(snapshot: &Snapshot) -> Vec<Alarm> {
    let status = &snapshot.status;
    let alarm = |about, words: String| Alarm { about, words, page: None };
    let mut alarms: Vec<_> =
        status.troubles.iter().map(|why| alarm("Could not be asked", why.clone())).collect();
    alarms.extend(status.node.iter().flat_map(of_node));
    alarms.extend(of_partitions(status));
    alarms
}

fn of_node(node: &NodeStatus) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (partition, why) in &node.troubles {
        let words = format!("partition {partition} is held here and cannot be worked on: {why}");
        alarms.push(Alarm { about: "Partition", words, page: None });
    }
    if node.connected == Some(false) {
        let words = format!("not connected to Discord: {}", node.session);
        alarms.push(Alarm { about: "Gateway", words, page: None });
    }
    if let Some(outbox) = node.outbox.as_ref().filter(|outbox| outbox.is_alarm()) {
        let state = if outbox.is_full() { "full: frames wait" } else { "no broker takes what waits" };
        let why = outbox.problem.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        alarms.push(Alarm { about: "Outbox", words: format!("{state}{why}"), page: None });
    }
    alarms
}

fn of_partitions(status: &Status) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for line in &status.partitions {
        let lost = line.retention.as_ref().map_or(0, |retention| retention.lost.len());
        if lost > 0 {
            let words = format!(
                "partition {}: retention has cut events before they were sealed; `mirror archive status` names them",
                line.partition
            );
            alarms.push(Alarm { about: "Archive", words, page: None });
        }
        if line.holder.is_none() && !status.nodes.is_empty() {
            let words = format!("partition {} is held by no node: its links stand still", line.partition);
            alarms.push(Alarm { about: "Partition", words, page: None });
        }
    }
    alarms
}

/// How it stands in one word.
pub(super) fn mood(snapshot: &Snapshot, alarms: &[Alarm]) -> Mood {
    let mut states = snapshot.links.iter().map(super::links::LinkRow::state);
    if !alarms.is_empty() {
        Mood::Alarm
    } else if states.any(|state| state == State::Held) {
        Mood::Held
    } else if snapshot.links.iter().any(|row| row.lag() > 0) {
        Mood::Behind
    } else if snapshot.links.is_empty() {
        Mood::Empty
    } else {
        Mood::InStep
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::answer::{ClusterNode, Outbox, PartitionLine};
    use crate::console::sample;

    #[test]
    fn what_is_wrong_is_told() {
        let check = |change: fn(&mut Snapshot), wanted: &[&str], mood_wanted: Mood| {
            let mut snapshot = sample::calm();
            change(&mut snapshot);
            let found = alarms(&snapshot);
            let about: Vec<_> = found.iter().map(|alarm| alarm.about).collect();
            assert_eq!(about, wanted);
            assert_eq!(mood(&snapshot, &found), mood_wanted);
        };
        check(|_| {}, &[], Mood::InStep);
        check(|at| *at = sample::snapshot(), &[], Mood::Held);
        check(|at| at.links.clear(), &[], Mood::Empty);
        check(|at| at.links[0].lane.as_mut().unwrap().lag = Some(3), &[], Mood::Behind);
        check(|at| at.status.troubles.push("no answer".to_owned()), &["Could not be asked"], Mood::Alarm);
        check(
            |at| at.status.node.as_mut().unwrap().troubles.push((1, "corrupt".to_owned())),
            &["Partition"],
            Mood::Alarm,
        );
        check(|at| at.status.node.as_mut().unwrap().connected = Some(false), &["Gateway"], Mood::Alarm);
        check(
            |at| {
                let outbox = Outbox { stuck: vec![0], bytes_max: 1, ..Outbox::default() };
                at.status.node.as_mut().unwrap().outbox = Some(outbox);
            },
            &["Outbox"],
            Mood::Alarm,
        );
        check(
            |at| {
                at.status.nodes.push(ClusterNode::default());
                at.status.partitions = vec![PartitionLine::default()];
            },
            &["Partition"],
            Mood::Alarm,
        );
    }
}
