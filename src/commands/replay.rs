//! `replay`: rebuild, repair, look back, roll back, apply.

use super::answer::{Answer, Apply, ApplyState, Changed, Replayed};
use super::ask::{Replay, ReplayAction};
use super::{CommandError, Desk, Listener, words};
use events::{Body, ChannelId, Event, EventId};
use projections::lane::LaneRow;
use projections::lanes::{LaneId, Saved};
use std::time::Instant;
use tools::mirrors::{Current, Known};
use tools::replay::{self, Rebuild};
use tools::when::When;
use tools::{JobError, plan};

/// Does what the flags say.
pub(super) async fn replay(desk: &Desk, ask: Replay, to: &dyn Listener) -> Result<Answer, CommandError> {
    if let Some(ReplayAction::Rollback { mirror }) = &ask.action {
        return rollback(desk, mirror).await;
    }
    let word = ask.mirror.as_deref().unwrap_or_default();
    let known = desk.find(word).await?;
    if ask.apply { apply(desk, known, &ask, to).await } else { rebuild(desk, known, &ask, to).await }
}

async fn rollback(desk: &Desk, word: &str) -> Result<Answer, CommandError> {
    let Known { id, name } = desk.find(word).await?;
    let control = replay::rollback(&desk.ports, id).await?;
    let previous = control.previous.map_or(0, |previous| previous.0);
    let line = format!("'{name}' reads build {} again; build {previous} is kept", control.active.0);
    let lines = vec![line];
    Ok(Answer::Changed(Changed { mirror: id, mirror_name: name, changed: true, dry_run: false, lines }))
}

async fn rebuild(desk: &Desk, known: Known, ask: &Replay, to: &dyn Listener) -> Result<Answer, CommandError> {
    let now = desk.clock.now();
    let when = |word: &Option<String>| {
        let parsed = word.as_deref().map(|word| When::parse(word, now));
        parsed.transpose().map_err(|bad| CommandError::Wrong(bad.to_string()))
    };
    let rebuild = Rebuild {
        mirror: known.clone(),
        from: when(&ask.from)?,
        until: when(&ask.until)?,
        base: ask.base.into(),
        accept_difference: ask.accept,
    };
    let began = Instant::now();
    let report = if ask.dry_run {
        replay::survey(&desk.ports, &rebuild).await?
    } else {
        replay::rebuild(&desk.ports, &*desk.follow, &rebuild, to).await?
    };
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Answer::Replayed(Replayed { mirror: known.name, report, took_ms }))
}

/// Plans, and once approved lets the lanes do it.
async fn apply(desk: &Desk, known: Known, ask: &Replay, to: &dyn Listener) -> Result<Answer, CommandError> {
    if !replay::covers(&desk.ports, &known).await? {
        return Err(CommandError::Wrong(format!(
            "the log no longer holds the beginning of '{}', so its views may not know every copy, and what is \
             not known would be posted twice: nothing was applied",
            known.name
        )));
    }
    let current = desk.load(known).await?;
    let links = links(&current, &ask.channel)?;
    let restored = if ask.restore { restores(desk, &current, &links) } else { Vec::new() };
    let mut plan = plan::plan(&desk.ports, &current, &restored, to).await?;
    plan.lanes.retain(|lane| links.contains(&lane.channel));
    let (calls, seconds) = (plan.calls(), plan.seconds());
    let state = match calls {
        0 => ApplyState::InStep,
        _ if ask.dry_run || !ask.yes => ApplyState::Planned,
        _ => begin(desk, &current, restored, &plan).await?,
    };
    let mirror = current.known.name;
    Ok(Answer::Apply(Apply { mirror, plan, calls, seconds, restore: ask.restore, state }))
}

/// The links asked for: all that receive, or those that are named.
fn links(current: &Current, named: &[String]) -> Result<Vec<ChannelId>, CommandError> {
    let receiving = current.settings.links.iter().filter(|(_, link)| link.receives());
    if named.is_empty() {
        return Ok(receiving.map(|(channel, _)| *channel).collect());
    }
    named.iter().map(|word| words::member(current, word)).collect()
}

fn restores(desk: &Desk, current: &Current, links: &[ChannelId]) -> Vec<Event> {
    let restored = |channel: &ChannelId| {
        let last = current.settings.links.get(channel).map(|link| link.restored_at).unwrap_or_default();
        plan::restored(current.known.id, *channel, EventId((desk.ids)()), desk.version(last))
    };
    links.iter().map(restored).collect()
}

/// `Restored` first, then every lane that owes something goes through the log from its beginning.
async fn begin(
    desk: &Desk,
    current: &Current,
    restored: Vec<Event>,
    plan: &plan::Plan,
) -> Result<ApplyState, CommandError> {
    let mirror = current.known.id;
    let owing: Vec<_> = plan.lanes.iter().filter(|lane| lane.calls() > 0).map(|lane| lane.channel).collect();
    let restored: Vec<_> =
        restored.into_iter().filter(|event| owing.contains(&event.place.channel)).collect();
    if desk.is_shared {
        // The lanes may work on another node: the log tells it.
        let told = owing.iter().filter(|link| restored.iter().all(|event| event.place.channel != **link));
        let linked = told.filter_map(|link| linked_again(desk, current, *link)).collect::<Vec<_>>();
        desk.append(mirror, restored.into_iter().chain(linked).collect()).await?;
        return Ok(ApplyState::Begun);
    }
    if !restored.is_empty() {
        desk.append(mirror, restored).await?;
    }
    let floor = desk.ports.log.floor(desk.ports.partition(mirror)).await.map_err(JobError::from)?;
    for link in owing {
        let lane = LaneId { mirror, link };
        match &desk.live {
            Some(live) => live.walk(lane, floor).await?,
            None => note(desk, lane, floor).await?,
        }
    }
    Ok(if desk.live.is_some() { ApplyState::Begun } else { ApplyState::Noted })
}

/// The link as it is, once more: its lane goes through the log for it.
fn linked_again(desk: &Desk, current: &Current, channel: ChannelId) -> Option<Event> {
    let link = current.settings.links.get(&channel)?;
    let version = desk.version(link.linked_at);
    Some(desk.event(current.known.id, channel, version, Body::Linked(link.linked.clone())))
}

/// Leaves word for the next node that this lane is to go through the log.
async fn note(desk: &Desk, lane: LaneId, floor: events::Offset) -> Result<(), CommandError> {
    let old = desk.ports.lanes.load(lane).await.map_err(JobError::from)?.unwrap_or_default();
    let behind = Some(old.behind.map_or(floor, |behind| behind.min(floor)));
    let row = LaneRow { rev: old.rev + 1, claim: old.epoch, behind, ..old };
    match desk.ports.lanes.save(lane, row).await {
        Saved::Yes => Ok(()),
        Saved::Fenced | Saved::Unknown => Err(CommandError::Failed(format!(
            "the lane of channel {} could not be told; try again",
            lane.link
        ))),
    }
}
