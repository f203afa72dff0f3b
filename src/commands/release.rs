//! `release`: the operator's decision on a held lane.

use super::answer::Answer;
use super::ask::Release;
use super::link::{Done, finish};
use super::{CommandError, Desk, words};
use projections::lanes::LaneId;

/// Lets a held lane go on. Only a node can: it looks at the channel first.
pub(super) async fn release(desk: &Desk, ask: &Release) -> Result<Answer, CommandError> {
    let current = desk.mirror(&ask.mirror).await?;
    let channel = words::member(&current, &ask.channel)?;
    let lane = LaneId { mirror: current.known.id, link: channel };
    let row = desk.ports.lanes.load(lane).await.map_err(tools::JobError::from)?.unwrap_or_default();
    let name = &current.known.name;
    let line = match (&row.hold, &desk.live) {
        (None, _) => format!("the lane of channel {channel} in '{name}' is not held"),
        (Some(reason), _) if ask.dry_run => {
            format!("would release the lane of channel {channel} in '{name}', held because {reason}")
        }
        (Some(_), Some(live)) => live.release(lane, ask.adopt).await?,
        (Some(reason), None) => {
            let words = "only a running node can release it, for it looks at the channel first: `mirror run`";
            return Err(CommandError::Failed(format!("the lane is held because {reason}; {words}")));
        }
    };
    let (events, lines) = (Vec::new(), vec![line]);
    finish(desk, Done { current: &current, events, lines, dry_run: ask.dry_run }).await
}
