//! `mirrors`, `status` and `verify`: how things stand.

use super::answer::{
    Answer, ClusterNode, GAPS_MAX, GapLine, LaneLine, LaneState, LinkLine, MirrorLine, Mirrors,
    PartitionLine, ShardLine, Status,
};
use super::ask::Verify;
use super::{CommandError, Desk, Listener};
use crate::archive::retention;
use events::{ChannelId, NodeId, Offset, Partition, UserId, Version};
use futures_util::future::try_join_all;
use projections::follow::FollowState;
use projections::lane::LaneRow;
use projections::lanes::LaneId;
use projections::leases::{LeaseName, LeaseRow};
use projections::settings::{KnownGap, Link, gaps_of};
use projections::tenancy::NodeNote;
use projections::views::Follower;
use std::collections::HashMap;
use tools::mirrors::{self, Current};
use tools::{JobError, verify};

/// Lists mirrors.
pub(super) async fn mirrors(desk: &Desk) -> Result<Answer, CommandError> {
    let mut lines = Vec::new();
    for known in mirrors::all(&desk.ports).await? {
        let current = desk.load(known).await?;
        let control = desk.ports.lanes.control(current.known.id).await.map_err(JobError::from)?;
        let settings = &current.settings;
        let is_banned = |user: &UserId| settings.is_banned(*user, Version(i64::MAX));
        let banned = settings.bans.keys().filter(|user| is_banned(user));
        let forget = settings.forget.keys().filter(|user| !is_banned(user));
        lines.push(MirrorLine {
            id: current.known.id,
            name: current.known.name.clone(),
            generation: control.active.0,
            building: control.building.map(|building| building.0),
            previous: control.previous.map(|previous| previous.0),
            links: links(&current),
            banned: banned.map(UserId::to_string).collect(),
            forget: forget.map(UserId::to_string).collect(),
            gaps: gaps(desk, &current).await?,
        });
    }
    Ok(Answer::Mirrors(Mirrors { mirrors: lines }))
}

async fn gaps(desk: &Desk, current: &Current) -> Result<Vec<GapLine>, CommandError> {
    let found = gaps_of(&*desk.ports.views, current.known.id, current.generation).await;
    let line =
        |KnownGap { channel, gap, at }| GapLine { channel, from: gap.from, to: gap.to, cause: gap.cause, at };
    let mut lines: Vec<_> = found.map_err(JobError::from)?.into_iter().map(line).collect();
    lines.sort_by_key(|gap| (gap.at, gap.channel, gap.from));
    Ok(lines.split_off(lines.len().saturating_sub(GAPS_MAX)))
}

fn links(current: &Current) -> Vec<LinkLine> {
    let line = |(channel, link): (&ChannelId, &Link)| LinkLine {
        channel: *channel,
        name: link.linked.name.clone(),
        guild: link.linked.guild,
        open: link.is_open(),
        publishes: link.linked.publishes,
        receives: link.linked.receives,
        since: link.linked.since,
    };
    let mut links: Vec<_> = current.settings.links.iter().map(line).collect();
    links.sort_by_key(|link| (!link.open, link.channel));
    links
}

/// How the node, the log and the lanes stand.
pub(super) async fn status(desk: &Desk) -> Result<Answer, CommandError> {
    let mut node = match &desk.live {
        Some(live) => Some(live.status().await),
        None => None,
    };
    let known = node.as_mut().map(|node| std::mem::take(&mut node.lanes)).unwrap_or_default();
    // What does not answer is named; the rest is told all the same: that is when somebody looks.
    let mut troubles = Vec::new();
    let mut or_trouble = |error: String| troubles.push(error);
    let leases = match desk.is_shared {
        true => desk.leases.all().await.unwrap_or_else(|error| {
            or_trouble(error.to_string());
            Vec::new()
        }),
        false => Vec::new(),
    };
    let mut partitions = Vec::new();
    for partition in desk.ports.all_partitions() {
        let holder = holder(&leases, LeaseName::Partition(partition));
        match partition_line(desk, partition).await {
            Ok(line) => partitions.push(PartitionLine { holder, ..line }),
            Err(error) => {
                or_trouble(error.to_string());
                break;
            }
        }
    }
    if let Err(error) = retentions(desk, &mut partitions).await {
        or_trouble(error.to_string());
    }
    let lanes = lanes(desk, &known).await.unwrap_or_else(|error| {
        or_trouble(error.to_string());
        Vec::new()
    });
    let (nodes, shards) = (nodes(&leases), shards(&leases));
    Ok(Answer::Status(Box::new(Status { node, nodes, shards, partitions, lanes, troubles })))
}

type Leased = (LeaseName, LeaseRow);

fn holder(leases: &[Leased], name: LeaseName) -> Option<String> {
    let row = leases.iter().find(|(at, _)| *at == name).map(|(_, row)| row);
    row.and_then(|row| row.holder).map(|holder| holder.node.to_string())
}

/// Nodes that hold their name: one that died keeps it until another takes what it had.
fn nodes(leases: &[Leased]) -> Vec<ClusterNode> {
    let held = |node: NodeId, kind: fn(&LeaseName) -> bool| {
        let by_it = |row: &LeaseRow| row.holder.is_some_and(|holder| holder.node == node);
        leases.iter().filter(|(name, row)| kind(name) && by_it(row)).count()
    };
    let line = |(name, row): &Leased| {
        let LeaseName::Node(node) = *name else { return None };
        row.holder?;
        let NodeNote { draining, started, version } = NodeNote::decode(&row.note);
        let partitions = held(node, |name| matches!(name, LeaseName::Partition(_)));
        let shards = held(node, |name| matches!(name, LeaseName::Shard(_)));
        Some(ClusterNode { name: node.to_string(), version, started, draining, partitions, shards })
    };
    leases.iter().filter_map(line).collect()
}

fn shards(leases: &[Leased]) -> Vec<ShardLine> {
    let line = |(name, row): &Leased| {
        let LeaseName::Shard(shard) = *name else { return None };
        Some(ShardLine { shard, holder: row.holder.map(|holder| holder.node.to_string()) })
    };
    leases.iter().filter_map(line).collect()
}

/// Adds how far each may be cut.
async fn retentions(desk: &Desk, partitions: &mut [PartitionLine]) -> Result<(), JobError> {
    let Some(backed) = &desk.archive else { return Ok(()) };
    let numbers: Vec<_> = partitions.iter().map(|line| Partition(line.partition)).collect();
    let found = retention::of_all(backed, numbers).await?;
    for (line, retention) in partitions.iter_mut().zip(found) {
        line.retention = Some(retention);
    }
    Ok(())
}

async fn partition_line(desk: &Desk, partition: Partition) -> Result<PartitionLine, JobError> {
    let log = &desk.ports.log;
    Ok(PartitionLine {
        partition: partition.0,
        floor: log.floor(partition).await?,
        tail: log.tail(partition).await?,
        views: position(desk, partition, FollowState::VIEWS).await?,
        lanes: position(desk, partition, LANES).await?,
        holder: None,
        retention: None,
    })
}

/// The follower that stands for all lanes. See [`Follower::name`].
const LANES: &str = "lanes";

async fn position(desk: &Desk, partition: Partition, name: &str) -> Result<Option<Offset>, JobError> {
    let follower = Follower { partition, name: name.to_owned() };
    Ok(desk.ports.views.position(&follower).await?.first().map(|mark| mark.offset))
}

/// Rows of lanes that are asked for at once: each may wait behind a commit.
const ROWS_MAX: usize = 64;

/// Every open receiving link's lane: as the node knows it, else as its row says.
async fn lanes(desk: &Desk, known: &[LaneLine]) -> Result<Vec<LaneLine>, CommandError> {
    let mut lines = Vec::new();
    let known: HashMap<LaneId, &LaneLine> =
        known.iter().map(|line| (LaneId { mirror: line.mirror, link: line.channel }, line)).collect();
    for mirror in mirrors::all(&desk.ports).await? {
        let current = desk.load(mirror).await?;
        let lane = |channel: &ChannelId| LaneId { mirror: current.known.id, link: *channel };
        let links: Vec<_> = current.settings.links.iter().filter(|(_, link)| link.receives()).collect();
        let resting = links.iter().map(|(channel, _)| lane(channel)).filter(|lane| !known.contains_key(lane));
        let rows = rows(desk, &resting.collect::<Vec<_>>()).await?;
        for (channel, link) in links {
            let (state, lag) = match (known.get(&lane(channel)), rows.get(&lane(channel))) {
                (Some(line), _) => (line.state.clone(), line.lag),
                (None, Some(row)) => (stored(row), desk.live.is_some().then_some(0)),
                (None, None) => (LaneState::Idle, None),
            };
            lines.push(LaneLine {
                mirror: current.known.id,
                mirror_name: current.known.name.clone(),
                channel: *channel,
                name: link.linked.name.clone(),
                state,
                lag,
            });
        }
    }
    Ok(lines)
}

/// The rows of lanes that nobody here works.
async fn rows(desk: &Desk, lanes: &[LaneId]) -> Result<HashMap<LaneId, LaneRow>, CommandError> {
    let mut rows = HashMap::new();
    for some in lanes.chunks(ROWS_MAX) {
        let asked: Vec<_> = some.iter().map(|lane| desk.ports.lanes.load(*lane)).collect();
        let found = try_join_all(asked).await.map_err(JobError::from)?;
        rows.extend(some.iter().copied().zip(found.into_iter().map(Option::unwrap_or_default)));
    }
    Ok(rows)
}

/// What a lane's row says of it while nobody works it.
fn stored(row: &LaneRow) -> LaneState {
    match (&row.hold, row.behind) {
        (Some(reason), _) => LaneState::Held(reason.clone()),
        (None, Some(behind)) => LaneState::Waiting(format!("goes through the log from offset {behind} on")),
        (None, None) => LaneState::Idle,
    }
}

/// Checks views, receipts and log against each other.
pub(super) async fn verify(desk: &Desk, ask: Verify, to: &dyn Listener) -> Result<Answer, CommandError> {
    let mirrors = match ask.mirror {
        Some(word) => vec![desk.find(&word).await?],
        None => mirrors::all(&desk.ports).await?,
    };
    Ok(Answer::Verified(verify::verify(&desk.ports, &*desk.follow, &mirrors, to).await?))
}
