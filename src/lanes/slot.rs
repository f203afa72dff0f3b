//! One lane's slot: its job while it does not run, and what arrives for it while it does.

use super::Env;
use super::owed::{Backlog, ByLog, Owed};
use super::report::{LaneReport, LaneState};
use super::run::Job;
use events::event::Linked;
use events::{ChannelId, MessageId, Offset, Version};
use projections::lane::{Lane, MEMORY_MAX};
use projections::lanes::LaneId;
use projections::settings::Link;
use std::collections::VecDeque;
use tokio::sync::oneshot;
use tokio_util::time::delay_queue::Key;

/// Where a lane is in the driver.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing to do.
    Asleep,
    /// In the ready queue.
    Ready,
    /// In a run.
    Running,
    /// Until a time.
    Waiting(Key),
    /// Until the operator decides.
    Held,
}

pub(super) struct Slot {
    pub state: State,
    job: Option<Job>,
    /// What came while it runs.
    incoming: VecDeque<Owed>,
    /// From here on it goes by the log, as soon as the run has ended.
    walk: Option<Walk>,
    heard: Vec<(MessageId, Option<ChannelId>)>,
    saw: Option<MessageId>,
    /// What it had not done yet when it began to run.
    head: Option<Offset>,
    /// What it had to do then.
    out: Backlog,
    /// That it goes through the whole log is not on disk yet.
    whole: bool,
    /// Who waits for that.
    asked: Vec<oneshot::Sender<()>>,
}

/// What a lane has to look at after a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    /// Our webhook posted something: look at once, even while it waits.
    pub heard: bool,
    /// Messages wait, or the log.
    pub work: bool,
}

/// Why a lane is to go by the log.
#[derive(Clone, Copy, Debug)]
enum Walk {
    /// Too much came at once: from here.
    Overflow(ByLog),
    /// From the beginning, since then.
    All(Version),
}

/// From the moment that a first link receives from to the event that makes it, at most.
const FRESH_US: i64 = 1_000_000;

/// Whether a link is new and receives nothing of the past: then there is nothing to go through.
pub(super) fn is_fresh(link: &Link) -> bool {
    let never = events::Version::default();
    // Linked again as it is, it is to go through the log.
    let at_once = link.linked_at.0 - link.linked.since.0 < FRESH_US;
    link.cut_at == never && link.restored_at == never && link.linked.since != Linked::BEGINNING && at_once
}

impl Slot {
    pub(super) const fn new(job: Job) -> Self {
        Self {
            state: State::Asleep,
            job: Some(job),
            incoming: VecDeque::new(),
            walk: None,
            heard: Vec::new(),
            saw: None,
            head: None,
            out: Backlog { messages: 0, head: None, since: None, again: false, walking_from: None },
            whole: false,
            asked: Vec::new(),
        }
    }

    /// A message that may be owed. Beyond `queue_max` the lane goes by the log from there on.
    pub(super) fn push(&mut self, owed: Owed, queue_max: usize) {
        let Owed { offset: from, since, .. } = owed;
        let rest = ByLog { from, since, again: false };
        match &mut self.job {
            // The walk comes to it by itself.
            Some(job) if job.walk.is_some() => {}
            Some(job) if job.queue.len() >= queue_max => job.walk = Some(rest),
            Some(job) => job.queue.push_back(owed),
            None if self.walk.is_some() => {}
            None if self.incoming.len() >= queue_max => self.walk = Some(Walk::Overflow(rest)),
            None => self.incoming.push_back(owed),
        }
    }

    /// Goes through the whole log again, from `now` on; `done` is told once that is on disk.
    pub(super) fn walk(&mut self, now: Version, done: Option<oneshot::Sender<()>>) {
        self.walk = Some(Walk::All(now));
        self.asked.extend(done);
        if let Some(job) = self.job.take() {
            self.end(job);
        }
    }

    /// Writes that it goes through the whole log again, as soon as its job is here.
    pub(super) async fn keep_place(&mut self, env: &Env) {
        let Some(job) = self.job.as_mut() else { return };
        if std::mem::take(&mut self.whole) {
            job.keep_place(Some(Offset(0)), env).await;
        }
        for done in self.asked.drain(..) {
            let _ = done.send(());
        }
    }

    /// Hands the job out for a run.
    pub(super) fn begin(&mut self) -> Option<Job> {
        self.head = self.owes_from();
        let job = self.job.take()?;
        self.out = Backlog::of(&job);
        self.state = State::Running;
        Some(job)
    }

    pub(super) fn has_news(&self) -> bool {
        !self.incoming.is_empty() || self.walk.is_some()
    }

    /// Takes the job back, with what came meanwhile.
    pub(super) fn end(&mut self, mut job: Job) -> News {
        if job.walk.is_none() {
            job.queue.append(&mut self.incoming);
        }
        // What a walk is still to come to, it need not be told.
        self.incoming.clear();
        match self.walk.take() {
            Some(Walk::All(now)) => {
                job.queue.clear();
                job.walk = Some(ByLog::again(now));
                self.whole = true;
            }
            Some(Walk::Overflow(rest)) => job.walk = job.walk.or(Some(rest)),
            None => {}
        }
        let mut heard = false;
        for (message, thread) in self.heard.drain(..) {
            heard |= job.lane.heard(message, thread);
        }
        if let Some(message) = self.saw.take() {
            job.lane.saw(message);
        }
        let news = News { heard, work: !job.queue.is_empty() || job.walk.is_some() };
        self.job = Some(job);
        self.head = None;
        news
    }

    /// Our webhook posted a message; says whether the lane is to look at it now.
    pub(super) fn heard(&mut self, message: MessageId, thread: Option<ChannelId>) -> bool {
        match &mut self.job {
            Some(job) => job.opened && job.lane.heard(message, thread),
            None => {
                if self.heard.len() < MEMORY_MAX {
                    self.heard.push((message, thread));
                }
                false
            }
        }
    }

    pub(super) fn saw(&mut self, message: MessageId) {
        match &mut self.job {
            Some(job) => job.lane.saw(message),
            None => self.saw = Some(message),
        }
    }

    /// The first offset that it has not done, unless its row keeps a place of its own. What came while it runs
    /// counts too: it may have begun with nothing to do.
    pub(super) fn owes_from(&self) -> Option<Offset> {
        let came = self.incoming.front().map(|owed| owed.offset);
        let overflow = match self.walk {
            Some(Walk::Overflow(rest)) => Some(rest.from),
            Some(Walk::All(_)) | None => None,
        };
        let at_home = match &self.job {
            Some(job) if job.lane.row.behind.is_some() => return None,
            Some(job) => {
                let first = job.queue.front().map(|owed| owed.offset);
                first.into_iter().chain(job.walk.map(|walk| walk.from)).min()
            }
            None => self.head,
        };
        [came, overflow, at_home].into_iter().flatten().min()
    }

    pub(super) fn lane(&self) -> Option<&Lane> {
        self.job.as_ref().map(|job| &*job.lane)
    }

    pub(super) fn report(&self, id: LaneId) -> LaneReport {
        let state = match self.state {
            State::Asleep => LaneState::Idle,
            State::Ready | State::Running => LaneState::Working,
            State::Waiting(_) => LaneState::Waiting,
            State::Held => LaneState::Held,
        };
        let home = self.job.as_ref().map_or(self.out, Backlog::of);
        let came = self.incoming.front();
        let lane = self.lane();
        LaneReport {
            id,
            state,
            waiting: (home.messages + self.incoming.len()) as u64,
            since: home.since.or(came.map(|owed| owed.since)),
            head: home.head.or(came.map(|owed| owed.offset)),
            again: home.again,
            walking_from: home.walking_from,
            trouble: lane.and_then(Lane::trouble).map(str::to_owned),
            strangers: lane.map(|lane| lane.strangers().to_vec()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::MirrorId;
    use projections::lane::LaneRow;

    fn slot() -> Slot {
        let id = LaneId { mirror: MirrorId::default(), link: ChannelId(1) };
        Slot::new(Job::new(id, Lane::new(id.link, LaneRow::default())))
    }

    fn owed(at: u64) -> Owed {
        Owed { offset: Offset(at), message: MessageId(at), since: Version(at as i64 * 100), again: false }
    }

    #[test]
    fn what_comes_while_a_lane_runs_is_owed() {
        let mut slot = slot();
        let job = slot.begin().unwrap();
        assert_eq!(slot.owes_from(), None);
        slot.push(owed(7), 10);
        assert_eq!(slot.owes_from(), Some(Offset(7)), "begun with nothing to do, and owes this");
        assert!(slot.end(job).work);
        assert_eq!(slot.owes_from(), Some(Offset(7)));
    }

    #[test]
    fn a_full_queue_goes_by_the_log_from_there() {
        let mut slot = slot();
        (0..4).for_each(|at| slot.push(owed(at), 2));
        let job = slot.begin().unwrap();
        assert_eq!((job.queue.len(), job.walk.map(|walk| walk.from)), (2, Some(Offset(2))));
        (4..8).for_each(|at| slot.push(owed(at), 2));
        assert!(slot.end(job).work);
        let job = slot.begin().unwrap();
        assert_eq!(
            (job.queue.len(), job.walk.map(|walk| walk.from)),
            (2, Some(Offset(2))),
            "the walk comes to the rest"
        );
    }

    #[test]
    fn an_overflow_while_it_runs_is_walked_to() {
        let mut slot = slot();
        slot.push(owed(1), 2);
        let job = slot.begin().unwrap();
        (2..6).for_each(|at| slot.push(owed(at), 2));
        assert_eq!(slot.owes_from(), Some(Offset(1)));
        slot.end(job);
        let job = slot.begin().unwrap();
        assert_eq!((job.queue.len(), job.walk.map(|walk| walk.from)), (3, Some(Offset(4))));
    }

    #[test]
    fn a_waiting_lane_is_woken_by_an_echo_and_not_by_its_own_queue() {
        let mut slot = slot();
        slot.push(owed(1), 2);
        let job = slot.begin().unwrap();
        let news = slot.end(job);
        assert!(news.work && !news.heard);
        let job = slot.begin().unwrap();
        slot.heard(MessageId(9), None);
        assert!(slot.end(job).heard);
    }

    /// What is handed out to a run is owed until it comes back, and by whom it was told does not matter.
    #[test]
    fn what_is_owed_and_since_when() {
        let lane = LaneId { mirror: MirrorId::default(), link: ChannelId(1) };
        let check = |slot: &Slot, wanted: (u64, Option<i64>, Option<u64>, bool), what: &str| {
            let told = slot.report(lane);
            let since = told.since.map(|since| since.0);
            let head = told.head.map(|head| head.0);
            assert_eq!((told.waiting, since, head, told.again), wanted, "{what}");
        };
        let mut slot = slot();
        check(&slot, (0, None, None, false), "nothing");
        slot.push(owed(3), 2);
        slot.push(owed(4), 2);
        check(&slot, (2, Some(300), Some(3), false), "queued");
        slot.push(owed(5), 2);
        check(&slot, (2, Some(300), Some(3), false), "over its queue, the first is still the first");
        let mut job = slot.begin().unwrap();
        check(&slot, (2, Some(300), Some(3), false), "at work");
        slot.push(owed(6), 2);
        job.queue.clear();
        slot.end(job);
        check(&slot, (0, Some(500), Some(5), false), "it goes by the log from there");
        slot.walk(Version(9_000), None);
        check(&slot, (0, Some(9_000), Some(0), true), "told to go through all again");
        let mut job = slot.begin().unwrap();
        let found = job.walk.unwrap();
        job.queue.push_back(found.finds(Offset(1), MessageId(1), Version(100)));
        job.queue.push_back(found.finds(Offset(8), MessageId(8), Version(9_500)));
        job.walk = None;
        slot.end(job);
        check(&slot, (2, Some(9_000), Some(1), true), "owed since it was told to");
        let mut job = slot.begin().unwrap();
        job.queue.pop_front();
        slot.end(job);
        check(&slot, (1, Some(9_500), Some(8), true), "and this since it was said");
    }
}
