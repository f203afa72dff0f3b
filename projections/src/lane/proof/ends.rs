//! The end conditions: what must be true once the dust has settled.

use super::know::Know;
use super::owner::{At, Owner};
use super::rows::Rows;
use super::world::World;
use crate::render::{Rendered, Slots};
use crate::wanted::{HeldCopy, State, Wanted, wanted};
use events::MessageId;
use events::event::GoneBy;

/// Every violation at one site, in words; empty: all is well.
pub fn violations<K: Know, R: Rows>(world: &World<K, R>, owner: &Owner) -> Vec<String> {
    let mut wrong = Vec::new();
    if !matches!(owner.at, At::Resting) || !owner.lane.is_ready() {
        wrong.push(format!("the lane is {:?}: {:?}", owner.at, owner.lane.trouble()));
    }
    let mut order = Vec::new();
    for source in &world.sources {
        of_source(world, owner, *source, &mut order).into_iter().for_each(|words| wrong.push(words));
    }
    if world.is_ordered && !order.is_sorted() {
        wrong.push(format!("misplaced: {order:?}"));
    }
    let unknown = world.sites[owner.site].channel.copies().filter(|(id, _)| !world.know.is_copy(&[], *id));
    wrong.extend(unknown.map(|(id, shown)| format!("no receipt knows {id} of {}", shown.username)));
    wrong
}

fn of_source<K: Know, R: Rows>(
    world: &World<K, R>,
    owner: &Owner,
    source: MessageId,
    order: &mut Vec<MessageId>,
) -> Option<String> {
    let site = &world.sites[owner.site];
    let known = world.know.known(site.link, &[], source);
    let name = known.message.created.as_ref().map(|(_, created)| created.author.name.clone())?;
    let there: Vec<(MessageId, &Rendered)> =
        site.channel.copies().filter(|(_, shown)| shown.username == name).collect();
    order.extend(there.iter().map(|(id, _)| *id));
    let live: Vec<_> = known.held.copies.iter().filter(|copy| copy.gone.is_none()).collect();
    let mut ids: Vec<_> = live.iter().map(|copy| copy.id).collect();
    ids.sort();
    if ids != there.iter().map(|(id, _)| *id).collect::<Vec<_>>() {
        return Some(format!("{name}: the channel shows {there:?}, the views {ids:?}"));
    }
    let settings = world.know.settings();
    match wanted(&known.message, site.link, &settings) {
        Wanted::Nothing => None,
        Wanted::Gone => (!there.is_empty()).then(|| format!("{name}: {there:?} is to be gone")),
        Wanted::Keep(_) => match known.held.state(settings.links[&site.link].restored_at) {
            State::RemovedByOther | State::Refused(_) => None,
            // Made before the link's beginning: not owed.
            State::None if source.made() < settings.links[&site.link].linked.since => None,
            state @ (State::None | State::RemovedByUs) => Some(format!("{name}: lost, {state:?}")),
            State::Live => shows_latest(world, &known, &there).map(|words| format!("{name}: {words}")),
        },
    }
}

/// Whether each standing part shows what it should, and none is missing or doubled.
fn shows_latest<K: Know, R: Rows>(
    world: &World<K, R>,
    known: &crate::deliver::Known,
    there: &[(MessageId, &Rendered)],
) -> Option<String> {
    let us = |copy: &&HeldCopy| !matches!(copy.gone, Some((_, GoneBy::Us)));
    let all: Vec<_> = known.held.copies.iter().filter(us).collect();
    // What was removed and sent again after a restore counts once.
    let again =
        |old: &HeldCopy| old.gone.is_some() && all.iter().any(|new| new.part == old.part && new.id > old.id);
    let standing: Vec<_> = all.iter().filter(|copy| !again(copy)).collect();
    let parts: Vec<u16> = standing.iter().map(|copy| copy.part).collect();
    if parts != (0..parts.len() as u16).collect::<Vec<_>>() {
        return Some(format!("parts {parts:?}"));
    }
    if known.held.refused.is_some_and(|refused| refused >= known.message.version()) {
        return None;
    }
    let wanted = world.know.parts(known, Slots::Fixed(parts.len() as u16));
    // An edit under a ban hides the one before it, and a copy never goes back.
    let newer = |copy: &HeldCopy| copy.shown.1.version > known.message.version();
    for copy in standing.iter().filter(|copy| copy.gone.is_none() && !newer(copy)) {
        let shown = there.iter().find(|(id, _)| *id == copy.id).map(|(_, shown)| *shown)?;
        let should = wanted.get(usize::from(copy.part));
        let content = without_reply(&shown.content);
        if should.is_none_or(|should| (&*should.content, &should.embeds) != (content, &shown.embeds)) {
            return Some(format!("part {} shows {shown:?}, not {should:?}", copy.part));
        }
    }
    None
}

/// What an author wrote, without the line that says what it answers.
fn without_reply(content: &str) -> &str {
    match content.split_once('\n') {
        Some((first, rest)) if first.starts_with("-# \u{21a9}") => rest,
        Some(_) | None => content,
    }
}
