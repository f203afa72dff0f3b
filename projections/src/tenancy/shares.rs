//! Fair shares: what each live node should hold of one kind of lease. Every node computes the same.

use crate::leases::LeaseName;
use events::NodeId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Partitions and shards are shared out apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Partition,
    Shard,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Partition, Self::Shard];

    pub(super) fn has(self, name: LeaseName) -> bool {
        match name {
            LeaseName::Partition(_) => self == Self::Partition,
            LeaseName::Shard(_) => self == Self::Shard,
            LeaseName::Cluster | LeaseName::Node(_) | LeaseName::Identify(_) => false,
        }
    }
}

/// The leases of one kind, as one node sees them.
#[derive(Debug)]
pub(super) struct Shares {
    pub(super) kind: Kind,
    /// All of them, whoever has them.
    pub(super) names: Vec<LeaseName>,
    /// How many of them each live node holds.
    pub(super) counts: BTreeMap<NodeId, usize>,
    /// What may be taken, and since when.
    pub(super) free: Vec<(LeaseName, u64)>,
}

impl Shares {
    /// What each should hold: equal shares, and the rest to those who hold most already, so that nothing moves
    /// without need. Among equals the first by name for partitions, the last for shards.
    fn targets(&self) -> BTreeMap<NodeId, usize> {
        let mut nodes: Vec<_> = self.counts.iter().map(|(node, count)| (Reverse(*count), *node)).collect();
        if self.kind == Kind::Shard {
            nodes.reverse();
        }
        nodes.sort_by_key(|(count, _)| *count);
        let each = self.names.len() / nodes.len().max(1);
        let rest = self.names.len() % nodes.len().max(1);
        let target = |at| each + usize::from(at < rest);
        nodes.into_iter().enumerate().map(|(at, (_, node))| (node, target(at))).collect()
    }

    /// What `node` has beyond its share.
    pub(super) fn surplus(&self, node: NodeId) -> usize {
        let target = self.targets().get(&node).copied().unwrap_or(0);
        self.counts.get(&node).map_or(0, |count| count.saturating_sub(target))
    }

    /// What `node` takes of what is free: dealt one by one to those who lack some, so that two nodes that see the
    /// same do not reach for the same.
    pub(super) fn dealt(&self, node: NodeId) -> Vec<LeaseName> {
        let targets = self.targets().into_iter();
        let mut lacks: Vec<_> =
            targets.map(|(node, target)| (node, target.saturating_sub(self.counts[&node]))).collect();
        let mut free = self.free.iter().map(|(name, _)| *name);
        let mut dealt = Vec::new();
        while lacks.iter().any(|(_, lack)| *lack > 0) {
            for (to, lack) in lacks.iter_mut().filter(|(_, lack)| *lack > 0) {
                let Some(name) = free.next() else { return dealt };
                *lack -= 1;
                if *to == node {
                    dealt.push(name);
                }
            }
        }
        dealt
    }

    /// What nobody took for a whole lease time: anybody may.
    pub(super) fn overdue(&self, now_ms: u64, lease_ms: u64) -> impl Iterator<Item = LeaseName> + '_ {
        let overdue = move |since_ms: u64| now_ms > since_ms + lease_ms;
        self.free.iter().filter(move |(_, since_ms)| overdue(*since_ms)).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::Partition;

    fn shares(kind: Kind, counts: &[usize], number: usize) -> Shares {
        let node = |at: usize| format!("n{at}").parse().expect("a name");
        let held: usize = counts.iter().sum();
        let names: Vec<_> = (0..number).map(|at| LeaseName::Partition(Partition(at as u16))).collect();
        let free = names.iter().skip(held).map(|name| (*name, 10)).collect();
        let counts = counts.iter().enumerate().map(|(at, count)| (node(at), *count)).collect();
        Shares { kind, names, counts, free }
    }

    #[test]
    fn equal_shares_and_the_rest_to_who_has_most() {
        for (kind, counts, number, targets, surplus) in [
            (Kind::Partition, vec![0], 16, vec![16], vec![0]),
            (Kind::Partition, vec![0, 0, 0], 16, vec![6, 5, 5], vec![0, 0, 0]),
            (Kind::Shard, vec![0, 0, 0], 16, vec![5, 5, 6], vec![0, 0, 0]),
            (Kind::Partition, vec![5, 5, 6], 16, vec![5, 5, 6], vec![0, 0, 0]),
            (Kind::Shard, vec![6, 5, 5], 16, vec![6, 5, 5], vec![0, 0, 0]),
            (Kind::Partition, vec![6, 6, 4], 16, vec![6, 5, 5], vec![0, 1, 0]),
            (Kind::Partition, vec![16, 0, 0], 16, vec![6, 5, 5], vec![10, 0, 0]),
            (Kind::Partition, vec![2, 0, 0], 2, vec![1, 1, 0], vec![1, 0, 0]),
            (Kind::Partition, vec![0, 0], 0, vec![0, 0], vec![0, 0]),
        ] {
            let shares = shares(kind, &counts, number);
            assert_eq!(shares.targets().into_values().collect::<Vec<_>>(), targets, "{counts:?}");
            let found: Vec<_> = shares.counts.keys().map(|node| shares.surplus(*node)).collect();
            assert_eq!(found, surplus, "{counts:?}");
        }
    }

    /// What is free is dealt whole, each to one, and to nobody beyond his share.
    #[test]
    fn nothing_is_dealt_twice() {
        for counts in [vec![0, 0, 0], vec![3, 0, 5], vec![6, 4, 0], vec![1], vec![0, 2]] {
            let shares = shares(Kind::Partition, &counts, 16);
            let mut all: Vec<_> = shares.counts.keys().flat_map(|node| shares.dealt(*node)).collect();
            all.sort_unstable();
            assert_eq!(all, shares.free.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{counts:?}");
            let targets = shares.targets();
            let fits = |(node, count): (&NodeId, &usize)| count + shares.dealt(*node).len() == targets[node];
            assert!(shares.counts.iter().all(fits), "{counts:?}");
        }
    }
}
