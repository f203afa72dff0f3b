//! The plan of an apply: what the lanes would do now, counted before anything is sent.
//!
//! Each message is planned by the very steps that the lanes take ([`projections::deliver`]), each answered by
//! a receipt in memory, until nothing is owed.

use crate::census::{buckets, messages};
use crate::mirrors::Current;
use crate::ports::{JobError, Ports};
use crate::progress::Progress;
use crate::quoted;
use bytes::Bytes;
use events::event::{Body, GoneBy, Outcome, Place, Receipt, Shown, ThreadShown};
use events::{ChannelId, Event, EventId, MessageId, MirrorId, Producer, Version};
use projections::Views;
use projections::deliver::{Next, Scope, links_only, next, receipt_event};
use projections::lane::{Deed, Receipted, Work};
use projections::settings::Settings;
use projections::views::overlay::Overlay;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

/// What the lanes of a mirror would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Each open receiving link.
    pub lanes: Vec<LanePlan>,
}

/// What one lane would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanePlan {
    /// The receiving channel.
    #[serde(with = "quoted")]
    pub channel: ChannelId,
    /// Its name.
    pub name: String,
    /// Copies to post.
    pub posts: u64,
    /// Copies to edit.
    pub edits: u64,
    /// Copies to remove.
    pub deletes: u64,
}

impl LanePlan {
    /// Requests in all.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.posts + self.edits + self.deletes
    }
}

impl Plan {
    /// Requests in all.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.lanes.iter().map(LanePlan::calls).sum()
    }

    /// How long Discord's limits make it last, in seconds: lanes work side by side, each by
    /// [`CALLS_PER_LANE`] requests in [`WINDOW_S`] seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        let longest = self.lanes.iter().map(LanePlan::calls).max().unwrap_or_default();
        let all = self.calls().div_ceil(CALLS_GLOBAL);
        (longest.saturating_sub(1) / CALLS_PER_LANE * WINDOW_S).max(all.saturating_sub(1))
    }
}

/// Requests of one webhook in a window. Source: `facts/discord.md`, what webhooks answer in their headers.
pub const CALLS_PER_LANE: u64 = 5;

/// The window of one webhook, in seconds.
pub const WINDOW_S: u64 = 2;

/// Requests of one application in a second. Source: Discord, "Rate Limits", global limit.
pub const CALLS_GLOBAL: u64 = 50;

/// Steps planned for one message in one link at most: more than any message has parts.
const STEPS_MAX: usize = 64;

/// Counts what the lanes of a mirror owe, or would owe once `restored`, events in the log's words, were there.
///
/// # Errors
/// When the views do not answer.
pub async fn plan(
    ports: &Ports,
    current: &Current,
    restored: &[Event],
    progress: &dyn Progress,
) -> Result<Plan, JobError> {
    let (mirror, generation) = (current.known.id, current.generation);
    let views = Overlay::new(&*ports.views, generation, restored);
    let settings = Settings::load(&views, mirror, generation).await?;
    let open = settings.links.iter().filter(|(_, link)| link.receives());
    let lanes = open.map(|(channel, link)| LanePlan {
        channel: *channel,
        name: link.linked.name.clone(),
        ..LanePlan::default()
    });
    let mut plan = Plan { lanes: lanes.collect() };
    let mut counted = FxHashSet::default();
    let buckets = buckets(&*ports.views, mirror, generation).await?;
    for (at, bucket) in buckets.iter().enumerate() {
        for message in messages(&*ports.views, mirror, generation, *bucket).await? {
            for lane in &mut plan.lanes {
                let mut planned =
                    Planned { ports, current, settings: &settings, restored, counted: &mut counted };
                planned.message(message.id, lane).await?;
            }
        }
        progress.at("planning", at as u64 + 1, buckets.len() as u64);
    }
    Ok(plan)
}

struct Planned<'a> {
    ports: &'a Ports,
    current: &'a Current,
    settings: &'a Settings,
    restored: &'a [Event],
    /// Parts to be posted: what a thread stands on is planned with each message in it, and is posted once.
    counted: &'a mut FxHashSet<(ChannelId, MessageId, u16)>,
}

impl Planned<'_> {
    async fn message(&mut self, id: MessageId, lane: &mut LanePlan) -> Result<(), JobError> {
        let (mirror, generation, settings) = (self.current.known.id, self.current.generation, self.settings);
        let mut receipts = self.restored.to_vec();
        for step in 1..=STEPS_MAX {
            let views: &dyn Views = &Overlay::new(&*self.ports.views, generation, &receipts);
            let scope = Scope { views, mirror, generation, link: lane.channel, settings, carry: &links_only };
            let Next::Work(work) = next(scope, id, None).await? else { return Ok(()) };
            match work.deed {
                Deed::Create => {
                    let is_new = self.counted.insert((lane.channel, work.place.message, work.part));
                    lane.posts += u64::from(is_new);
                }
                Deed::Edit(_) | Deed::Thread(_) => lane.edits += 1,
                Deed::Delete(_) => lane.deletes += 1,
                Deed::Notice => return Ok(()),
            }
            receipts.push(imagined(mirror, lane.channel, &work, step));
        }
        Ok(())
    }
}

/// The receipt that the work would have.
fn imagined(mirror: MirrorId, link: ChannelId, work: &Work, step: usize) -> Event {
    let version = Version(work.known.0.max(work.place.message.made().0) + step as i64);
    let shown = |copy| match work.post {
        Some(post) => (copy, Outcome::Posted { shown: work.shown.clone(), post }),
        None => (copy, Outcome::Shown(work.shown.clone())),
    };
    let (copy, outcome) = match work.deed {
        // No real copy has such an id: Discord's would take until the year 2154.
        Deed::Create | Deed::Notice => shown(MessageId(u64::MAX - step as u64)),
        Deed::Edit(copy) => shown(copy),
        Deed::Delete(copy) => (copy, Outcome::Gone(GoneBy::Us)),
        Deed::Thread(on) => {
            let Shown { version, hash, .. } = work.shown;
            (on, Outcome::Threaded(ThreadShown { version, hash }))
        }
    };
    let thread = work.post.map_or(work.thread, |_| Some(ChannelId(copy.0)));
    let receipt = Receipt { link, part: work.part, copy, outcome, thread };
    receipt_event(mirror, &Receipted { place: work.place, receipt, version }, version)
}

/// The event that makes what others removed from `link` owed again.
#[must_use]
pub fn restored(mirror: MirrorId, link: ChannelId, id: EventId, now: Version) -> Event {
    Event {
        id,
        mirror,
        place: Place { channel: link, ..Place::default() },
        version: now,
        observed: now,
        producer: Producer::default(),
        body: Body::Restored,
        raw: Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_lane_or_the_global_limit_says_how_long() {
        let check = |calls: &[u64], seconds: u64| {
            let lanes = calls.iter().map(|posts| LanePlan { posts: *posts, ..LanePlan::default() });
            assert_eq!(Plan { lanes: lanes.collect() }.seconds(), seconds, "{calls:?}");
        };
        check(&[], 0);
        check(&[1], 0);
        check(&[5], 0);
        check(&[6], 2);
        check(&[50, 6], 18);
        check(&[5; 100], 9);
    }
}
