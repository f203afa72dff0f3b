//! The lanes' driver: brings what the log touches to each link's lane, and lets at most so many work at once.
//!
//! ```text
//! views' mark ─> feed: log page ─> touch ─> slot.queue ─> ready ─> run (64 at most) ─> rest | wait | held
//!                                   └ queue full: walk the log from there instead
//! ```
//! Lanes are data in a ready queue, not tasks. Nothing polls: a lane runs when it is touched, when its wait is
//! over, or when an echo comes. The position `lanes` in the views is how far *all* lanes have come, but those
//! that are held: they keep their own place in their row.

mod company;
mod hub;
mod owed;
mod report;
mod run;
mod slot;

pub use hub::{Elsewhere, Hub};
pub use report::{Counters, LaneReport, LaneState};

use crate::clock::Clock;
use crate::discord::files::Files;
use crate::follower::RETRY;
use crate::links::{Links, Table};
use crate::tenure::Tenure;
use events::capture::Echo;
use events::log::Read;
use events::{ChannelId, Event, MessageId, MirrorId, Offset, Partition};
use owed::{ByLog, Owed};
use projections::company::Company;
use projections::deliver::{Touch, touch};
use projections::follow::{Follow, resume};
use projections::lane::{Input, Lane, LaneRow, Now, Phase, Rules};
use projections::lanes::LaneId;
use projections::views::{Follower, Mark, Position};
use projections::{Generation, Sink};
use run::{End, Job};
use slot::{Slot, State};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::time::DelayQueue;
use tools::{JobError, Ports};

/// Orders waiting for the driver at most.
pub const ORDERS_MAX: usize = 4096;
/// Events read at once.
const FEED_EVENTS: usize = 1024;
/// How often the position of all lanes is written, at most. Often: a node that is killed again and again must
/// not begin at the same place each time.
const POSITION_EVERY: Duration = Duration::from_millis(100);
/// Marks kept to choose that position from.
const MARKS_MAX: usize = 4096;
/// How long a stop waits for requests in flight; then they are left to the next start.
pub const STOP_WAIT: Duration = Duration::from_secs(8);

/// What every run may use.
pub struct Env {
    /// The stores.
    pub ports: Ports,
    /// Discord.
    pub sink: Arc<dyn Sink>,
    /// The files that copies carry; without it they are links.
    pub files: Option<Arc<Files>>,
    /// The links.
    pub links: Arc<Links>,
    /// The protocol's settings.
    pub rules: Rules,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// When the node began: the monotonic clock's zero.
    pub started: Instant,
    /// The node stops.
    pub stop: CancellationToken,
    /// What was done.
    pub counters: Arc<Counters>,
    /// How far the feed has come.
    pub fed: watch::Receiver<Offset>,
    /// Whose lanes.
    pub partition: Partition,
    /// Fences older owners of the lanes; 0: there can be none.
    pub epoch: u64,
    /// Until when the partition is ours.
    pub tenure: Tenure,
    /// How long a request may take: none begins that the tenure does not cover.
    pub deadline: Duration,
    /// One for each run: they bound the requests in flight, over all partitions.
    pub permits: Arc<Semaphore>,
    /// Other bots in the partition's channels.
    pub company: Mutex<Company>,
}

impl Env {
    fn now(&self) -> Now {
        run::now(self)
    }

    /// A lane over its row, under this owner's claim.
    fn lane(&self, id: LaneId, row: LaneRow) -> Lane {
        Lane::new(id.link, LaneRow { claim: self.epoch, ..row })
    }

    fn position(&self) -> Follower {
        Follower { partition: self.partition, name: "lanes".to_owned() }
    }

    async fn generation(&self, mirror: MirrorId) -> Result<Generation, String> {
        let control = self.ports.lanes.control(mirror).await;
        control.map(|control| control.active).map_err(|error| error.to_string())
    }
}

/// What others tell the driver.
#[derive(Debug)]
pub enum Order {
    /// Our webhook of this lane posted a message.
    Echo(LaneId, Echo),
    /// A message is certainly in this lane's channel.
    Saw(LaneId, MessageId),
    /// This lane goes through the log again from its beginning.
    Walk(LaneId, oneshot::Sender<()>),
    /// The operator's decision on a held lane; copies up to this id are accepted as they are.
    Release(LaneId, MessageId, oneshot::Sender<bool>),
    /// How do they stand?
    Report(oneshot::Sender<Vec<LaneReport>>),
}

/// The driver of one partition's lanes.
pub struct Driver {
    env: Arc<Env>,
    /// Messages that wait in one lane before it goes by the log instead.
    queue_max: usize,
    orders: mpsc::Receiver<Order>,
    /// The views hold all before it.
    mark: watch::Receiver<Offset>,
    fed: watch::Sender<Offset>,
    slots: HashMap<LaneId, Slot>,
    busy: BTreeSet<LaneId>,
    ready: VecDeque<LaneId>,
    timers: DelayQueue<LaneId>,
    runs: JoinSet<(Job, End)>,
    marks: VecDeque<Mark>,
    written: Option<Offset>,
}

impl Driver {
    /// A driver. `fed` is the sender of `env.fed`; `mark` is the follower's.
    #[must_use]
    pub fn new(
        env: Arc<Env>,
        queue_max: usize,
        orders: mpsc::Receiver<Order>,
        mark: watch::Receiver<Offset>,
        fed: watch::Sender<Offset>,
    ) -> Self {
        Self {
            env,
            queue_max,
            orders,
            mark,
            fed,
            slots: HashMap::new(),
            busy: BTreeSet::new(),
            ready: VecDeque::new(),
            timers: DelayQueue::new(),
            runs: JoinSet::new(),
            marks: VecDeque::new(),
            written: None,
        }
    }

    /// Drives the lanes until the node stops, then lets what is in flight end.
    ///
    /// # Errors
    /// When the stores have stopped.
    pub async fn run(mut self) -> Result<(), JobError> {
        let stop = self.env.stop.clone();
        tokio::select! {
            begun = self.begin() => begun?,
            () = stop.cancelled() => return Ok(()),
        }
        let mut tick = tokio::time::interval(POSITION_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let permits = self.env.permits.clone();
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(permit) = permits.acquire_owned(), if !self.ready.is_empty() => self.start_run(permit),
                Some(order) = self.orders.recv() => self.obey(order).await,
                Some(ended) = self.runs.join_next() => self.ended(ended).await,
                Some(due) = std::future::poll_fn(|cx| self.timers.poll_expired(cx)) => self.due(due.into_inner()),
                changed = self.mark.changed() => match changed {
                    Ok(()) => self.feed_or_wait().await?,
                    Err(_) => break,
                },
                _ = tick.tick(), if self.has_moved() => self.write_position().await,
            }
        }
        self.finish().await;
        Ok(())
    }

    /// Takes up where all lanes were, and each lane that left something open.
    async fn begin(&mut self) -> Result<(), JobError> {
        let Ports { log, views, lanes, .. } = &self.env.ports;
        let follow = Follow { log: &**log, views: &**views, lanes: &**lanes, limit: 1 };
        let from = resume(follow, &self.env.position()).await?.next;
        self.fed.send_replace(from);
        // What the views do not hold yet, no lane may plan over: the follower comes up to the tail first.
        let tail = log.tail(self.env.partition).await?;
        let _ = self.mark.wait_for(|mark| *mark >= tail).await;
        let ours = |id: &LaneId| self.env.ports.partition(id.mirror) == self.env.partition;
        for id in self.env.links.now().lanes().filter(ours).collect::<Vec<_>>() {
            let Some(row) = self.env.ports.lanes.load(id).await? else { continue };
            let open = row.phase != Phase::Idle || row.hold.is_some() || row.behind.is_some();
            if open {
                self.adopt(id, row);
            }
        }
        self.mark.mark_changed();
        Ok(())
    }

    fn adopt(&mut self, id: LaneId, row: LaneRow) {
        let walk = row.behind.map(|from| ByLog::kept(from, self.env.clock.now()));
        let mut job = Job::new(id, self.env.lane(id, row));
        job.walk = walk;
        self.slots.insert(id, Slot::new(job));
        self.wake(id);
    }

    /// Feeds; where a store does not answer, again after a while.
    async fn feed_or_wait(&mut self) -> Result<(), JobError> {
        match self.feed().await {
            Err(JobError::Retry(why)) => {
                tracing::warn!(why, "the lanes cannot read the log now");
                tokio::time::sleep(RETRY).await;
                self.mark.mark_changed();
                Ok(())
            }
            fed => fed,
        }
    }

    /// Reads on to where the views are, and tells the lanes.
    async fn feed(&mut self) -> Result<(), JobError> {
        let mark = *self.mark.borrow_and_update();
        let partition = self.env.partition;
        loop {
            let from = *self.fed.borrow();
            if from >= mark {
                return Ok(());
            }
            let page =
                self.env.ports.log.read(Read { partition, from, limit: FEED_EVENTS, mirror: None }).await?;
            let table = self.env.links.now();
            let mut next = page.next;
            for entry in page.entries {
                if entry.offset >= mark {
                    next = entry.offset;
                    break;
                }
                // What cannot be read, the follower has put aside.
                let Ok(event) = events::codec::decode(&entry.record) else { continue };
                company::hear(&self.env, &event).await;
                self.tell(&table, entry.offset, &event).await?;
                self.note_mark(Mark { offset: entry.offset, event: event.id });
            }
            self.fed.send_replace(next.min(mark));
            if next <= from {
                return Ok(());
            }
        }
    }

    async fn tell(&mut self, table: &Table, offset: Offset, event: &Event) -> Result<(), JobError> {
        let mirror = event.mirror;
        let Some(settings) = table.settings(mirror) else { return Ok(()) };
        match touch(event) {
            Touch::Nothing => {}
            Touch::Message(message) => {
                let receives =
                    |link: &ChannelId| settings.links[link].receives() && *link != event.place.channel;
                let owed = Owed { offset, message, since: event.observed, again: false };
                for link in settings.links.keys().filter(|link| receives(link)) {
                    self.push(LaneId { mirror, link: *link }, owed).await?;
                }
            }
            Touch::Link(link) => {
                let id = LaneId { mirror, link };
                match settings.links.get(&link) {
                    // The first thing that a new lane does is to post its notice.
                    Some(link) if slot::is_fresh(link) && link.receives() => {
                        self.slot(id).await?;
                        self.wake(id);
                    }
                    Some(link) if link.receives() => self.walk(id, None).await?,
                    Some(_) | None => {}
                }
            }
            Touch::All => {
                for (link, _) in settings.links.iter().filter(|(_, link)| link.receives()) {
                    self.walk(LaneId { mirror, link: *link }, None).await?;
                }
            }
        }
        Ok(())
    }

    /// The slot of a lane, its row loaded when it is first needed.
    async fn slot(&mut self, id: LaneId) -> Result<&mut Slot, JobError> {
        if !self.slots.contains_key(&id) {
            let row = self.env.ports.lanes.load(id).await?.unwrap_or_default();
            let lane = self.env.lane(id, row);
            self.slots.insert(id, Slot::new(Job::new(id, lane)));
        }
        self.slots.get_mut(&id).ok_or_else(|| JobError::Stopped("a lane vanished".to_owned()))
    }

    async fn push(&mut self, id: LaneId, owed: Owed) -> Result<(), JobError> {
        let queue_max = self.queue_max;
        self.slot(id).await?.push(owed, queue_max);
        self.wake(id);
        Ok(())
    }

    async fn walk(&mut self, id: LaneId, done: Option<oneshot::Sender<()>>) -> Result<(), JobError> {
        let env = self.env.clone();
        let slot = self.slot(id).await?;
        slot.walk(env.clock.now(), done);
        slot.keep_place(&env).await;
        self.wake(id);
        Ok(())
    }

    /// Puts a sleeping lane into the ready queue.
    fn wake(&mut self, id: LaneId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if slot.state == State::Asleep {
            slot.state = State::Ready;
            self.busy.insert(id);
            self.ready.push_back(id);
        }
    }

    fn start_run(&mut self, permit: OwnedSemaphorePermit) {
        let Some(job) = self.ready.pop_front().and_then(|id| self.slots.get_mut(&id)?.begin()) else {
            return;
        };
        let input = if job.opened { Input::Woken } else { Input::Open };
        let run = Job { opened: true, ..job }.run(input, self.env.clone());
        self.runs.spawn(async move {
            let ended = run.await;
            drop(permit);
            ended
        });
    }

    async fn ended(&mut self, ended: Result<(Job, End), tokio::task::JoinError>) {
        let (mut job, end) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Its row says how to go on; the lane stays as it is until the next start.
                tracing::error!(%error, "a lane's run broke off");
                return;
            }
        };
        let id = job.id;
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if end == End::Rest && !slot.has_news() && job.walk.is_none() {
            job.keep_place(None, &self.env).await;
        }
        let news = slot.end(job);
        slot.keep_place(&self.env).await;
        slot.state = match end {
            End::Rest if !news.work && !news.heard => State::Asleep,
            End::Rest | End::Yield => State::Ready,
            End::Wait(_) if news.heard => State::Ready,
            End::Wait(ms) => State::Waiting(self.timers.insert(id, Duration::from_millis(ms))),
            End::Park | End::Stop => State::Held,
        };
        match slot.state {
            State::Ready => self.ready.push_back(id),
            State::Asleep => drop(self.busy.remove(&id)),
            State::Held => report::held(id, slot, &end),
            State::Waiting(_) | State::Running => {}
        }
    }

    fn due(&mut self, id: LaneId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.state = State::Ready;
            self.ready.push_back(id);
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Echo(id, echo) => {
                if self.slots.get_mut(&id).is_some_and(|slot| slot.heard(echo.message, echo.thread)) {
                    self.hurry(id);
                }
            }
            Order::Saw(id, message) => {
                if let Some(slot) = self.slots.get_mut(&id) {
                    slot.saw(message);
                }
            }
            Order::Walk(id, done) => {
                // Where it fails, whoever asked learns it by the dropped sender.
                if let Err(error) = self.walk(id, Some(done)).await {
                    tracing::warn!(channel = id.link.0, %error, "a lane cannot go through the log now");
                }
            }
            Order::Release(id, upto, done) => {
                let _ = done.send(self.release(id, upto));
            }
            Order::Report(done) => {
                let mut lanes: Vec<_> = self.slots.iter().map(|(id, slot)| slot.report(*id)).collect();
                lanes.sort_by_key(|lane| lane.id);
                let _ = done.send(lanes);
            }
        }
    }

    /// A waiting or sleeping lane has something to look at.
    fn hurry(&mut self, id: LaneId) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let State::Waiting(key) = &slot.state {
            self.timers.remove(key);
            slot.state = State::Asleep;
        }
        self.wake(id);
    }

    fn release(&mut self, id: LaneId, upto: MessageId) -> bool {
        let Some(slot) = self.slots.get_mut(&id).filter(|slot| slot.state == State::Held) else {
            return false;
        };
        let Some(job) = slot.begin() else { return false };
        self.runs.spawn(job.run(Input::Release(upto), self.env.clone()));
        true
    }

    fn note_mark(&mut self, mark: Mark) {
        if self.marks.len() >= MARKS_MAX {
            // Every other one goes: a coarser choice only means to read a little more at the next start.
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.marks.push_back(mark);
    }

    /// Whether there is a position that is not written yet: nothing ticks while nothing happens.
    fn has_moved(&self) -> bool {
        self.marks.back().is_some_and(|mark| Some(mark.offset) != self.written)
    }

    /// Writes how far all lanes have come.
    async fn write_position(&mut self) {
        let low = self.busy.iter().filter_map(|id| self.slots[id].owes_from()).min();
        let done = |mark: &Mark| low.is_none_or(|low| mark.offset < low);
        let count = self.marks.partition_point(done);
        let Some(mark) = count.checked_sub(1).map(|at| self.marks[at]) else { return };
        self.marks.drain(..count - 1);
        if self.written == Some(mark.offset) {
            return;
        }
        match self
            .env
            .ports
            .views
            .commit(Vec::new(), Some(Position { follower: self.env.position(), mark }))
            .await
        {
            Ok(()) => self.written = Some(mark.offset),
            Err(error) => tracing::warn!(%error, "the lanes' position cannot be written now"),
        }
    }

    async fn finish(&mut self) {
        let ends = async {
            while let Some(ended) = self.runs.join_next().await {
                self.ended(ended).await;
            }
        };
        if tokio::time::timeout(STOP_WAIT, ends).await.is_err() {
            tracing::warn!(
                lanes = self.runs.len(),
                "requests were still in flight; the next start resolves them"
            );
            self.runs.abort_all();
        }
        self.write_position().await;
    }
}
