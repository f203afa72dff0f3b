//! One owner of a lane: performs its actions one by one, as the node's driver does.

use super::channel::Fate;
use super::know::{Know, MIRROR};
use super::rows::Rows;
use super::world::World;
use crate::deliver::{Next, Touch, receipt_event, touch};
use crate::lane::{Action, Input, Lane, Now, Sighting};
use events::{Event, MessageId};
use std::collections::VecDeque;

/// Where an owner is between two moves.
#[derive(Clone, Debug)]
pub enum At {
    /// This is to be told to the lane.
    Input(Input),
    /// This is to be performed.
    Action(Action),
    /// Until then, or an echo.
    Waiting(u64),
    /// Nothing is owed.
    Resting,
    /// Until the operator decides.
    Held,
    /// Another owner has the lane.
    Stopped,
}

/// An owner of the lane of one site.
#[derive(Clone)]
pub struct Owner {
    /// The machine it drives.
    pub lane: Lane,
    /// Which site.
    pub site: usize,
    /// Where it is.
    pub at: At,
    /// Actions performed.
    pub performed: usize,
    /// When its lease ends: nothing is sent after that.
    pub until_ms: u64,
    unfolded: Vec<Event>,
    queue: VecDeque<(usize, MessageId)>,
    read: usize,
    reply_since_ms: Option<u64>,
    /// Works left, for a lane that would never end.
    pub patience: usize,
}

impl Owner {
    /// A new owner, over the row as stored, once the views have come up with the log.
    pub fn new<K: Know, R: Rows>(world: &mut World<K, R>, site: usize) -> Self {
        if world.rules.guards.know {
            world.fold();
        }
        let mut row = world.load(site);
        let place = &mut world.sites[site];
        row.claim = place.next_epoch();
        Self {
            lane: Lane::new(place.link, row),
            site,
            at: At::Input(Input::Open),
            performed: 0,
            until_ms: u64::MAX,
            unfolded: Vec::new(),
            queue: VecDeque::new(),
            read: place.done,
            reply_since_ms: None,
            patience: usize::MAX,
        }
    }

    /// Whether it does nothing any more by itself.
    pub fn is_settled(&self) -> bool {
        matches!(self.at, At::Resting | At::Held | At::Stopped)
    }

    /// The gateway tells of a message of our webhook.
    pub fn hear(&mut self, id: MessageId) {
        if self.lane.heard(id, None) && matches!(self.at, At::Waiting(_) | At::Resting) {
            self.at = At::Input(Input::Woken);
        }
    }

    /// There may be new events on the log.
    pub fn wake<K: Know, R: Rows>(&mut self, world: &World<K, R>) {
        if matches!(self.at, At::Resting) && self.read < world.folded {
            self.at = At::Input(Input::Woken);
        }
    }

    /// One move: tells the lane its input, or performs its action. Time passes where it waits.
    pub fn turn<K: Know, R: Rows>(&mut self, world: &mut World<K, R>) {
        match std::mem::replace(&mut self.at, At::Stopped) {
            At::Input(input) => {
                let now = Now { mono_ms: world.now_ms, wall: world.wall() };
                self.at = match self.lane.step(input, now, &world.rules) {
                    Action::Stop => At::Stopped,
                    Action::Park => At::Held,
                    action => At::Action(action),
                };
            }
            At::Action(action) => {
                world.pass(1);
                self.performed += 1;
                self.at = self.perform(action, world);
            }
            At::Waiting(until_ms) => {
                if until_ms > world.now_ms {
                    world.pass(until_ms - world.now_ms);
                }
                self.at = At::Input(Input::Woken);
            }
            settled @ (At::Resting | At::Held | At::Stopped) => self.at = settled,
        }
    }

    fn perform<K: Know, R: Rows>(&mut self, action: Action, world: &mut World<K, R>) -> At {
        At::Input(match action {
            Action::Save(row) => Input::Saved(world.save(self.site, &row)),
            Action::Load => Input::Loaded(Box::new(world.load(self.site))),
            Action::Send(request) => {
                let late = world.now_ms > self.until_ms;
                let site = &mut world.sites[self.site];
                let fate = site.fate.take().unwrap_or(Fate::Yes);
                Input::Answered(site.channel.send(request, if late { Fate::Never } else { fate }))
            }
            Action::Append(receipted) => {
                let event = receipt_event(MIRROR, &receipted, world.wall());
                self.unfolded.push(event.clone());
                world.log.push(event);
                Input::Appended
            }
            Action::History(after, _) => {
                let seen = world.sites[self.site].channel.history(after);
                Input::History(
                    seen.map(|seen| seen.into_iter().map(|seen| self.sighting(world, seen)).collect()),
                )
            }
            Action::Identify(ids) => Input::Strangers(
                ids.into_iter().filter(|id| !world.know.is_copy(&self.unfolded, *id)).collect(),
            ),
            Action::Plan => return self.plan(world),
            Action::Wait(ms) => return At::Waiting(world.now_ms + ms),
            Action::Park => return At::Held,
            Action::Stop => return At::Stopped,
        })
    }

    fn sighting<K: Know, R: Rows>(&self, world: &World<K, R>, seen: crate::sink::Seen) -> Sighting {
        Sighting {
            id: seen.id,
            ours: seen.ours,
            thread: None,
            known: seen.ours && world.know.is_copy(&self.unfolded, seen.id),
        }
    }

    /// The message at the head until nothing is owed of it, then the next.
    fn plan<K: Know, R: Rows>(&mut self, world: &mut World<K, R>) -> At {
        let link = world.sites[self.site].link;
        let bare = Vec::new();
        let extra = if world.rules.guards.know { &self.unfolded } else { &bare };
        loop {
            while self.queue.is_empty() && self.read < world.folded {
                touched(&mut self.queue, world, self.read, link);
                self.read += 1;
            }
            world.sites[self.site].done = self.queue.front().map_or(self.read, |(at, _)| *at);
            let Some((_, source)) = self.queue.front().copied() else { return At::Resting };
            let since_ms = *self.reply_since_ms.get_or_insert(world.now_ms);
            let patient = (world.now_ms < since_ms + 2_000).then(|| world.wall());
            match world.know.next(link, extra, source, patient) {
                Next::Work(_) if self.patience == 0 => return At::Resting,
                Next::Work(work) => {
                    self.patience -= 1;
                    return At::Input(Input::Work(work));
                }
                Next::Unsettled => return At::Waiting(world.now_ms + 100),
                Next::Nothing => {
                    self.reply_since_ms = None;
                    self.queue.pop_front();
                }
            }
        }
    }
}

/// What the event at this place means for the lane of `link`.
fn touched<K: Know, R: Rows>(
    queue: &mut VecDeque<(usize, MessageId)>,
    world: &World<K, R>,
    at: usize,
    link: events::ChannelId,
) {
    match touch(&world.log[at]) {
        Touch::Message(id) => queue.push_back((at, id)),
        Touch::Link(other) if other != link => {}
        Touch::Link(_) | Touch::All => queue.extend(world.sources.iter().map(|id| (at, *id))),
        Touch::Nothing => {}
    }
}
