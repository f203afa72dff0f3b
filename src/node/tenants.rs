//! Which partitions and shards work here: leases taken, renewed and given, and the work begun and ended with them.
//!
//! ```text
//! every tick:  leases ─> Tenancy::observe, decide ─> save, begin, stop ─> Tenancy::saved ─> tenures move on
//! ```
//! [`projections::tenancy`] decides; this file performs it. An embedded node goes the same way, with leases that
//! never end: nobody else can have its data directory.

use super::fellows::Fellows;
use super::hints::Woken;
use super::{Node, NodeError, Running, partition, setup, shard};
use crate::commands::Desk;
use crate::rabbit::hints::Hint;
use crate::sqlite::Session;
use crate::tenure::Tenure;
use bytes::Bytes;
use events::Partition;
use projections::lanes::Saved;
use projections::leases::{Holder, LeaseName, LeaseRow};
use projections::tenancy::{NodeNote, Rules, Step, Tenancy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

/// Leases of a node that is alone: longer than any process lives.
const ALONE: Rules =
    Rules { lease_ms: 1 << 40, margin_ms: 0, renew_every_ms: 1 << 38, takes_per_tick_max: usize::MAX };

/// Ticks in the time between two renewals.
const TICKS: u32 = 5;

/// By then every node has looked at the leases, unless they are renewed more often than that.
const KNOWN_AFTER_MS: u64 = 2_000;

/// How long a look at the leases may take.
const LOOK_MAX: Duration = Duration::from_secs(3);

/// How long work that is given away may take to end what is in flight.
const END_MAX: Duration = Duration::from_secs(9);

/// Before work that broke off is begun again.
const AGAIN: Duration = Duration::from_secs(2);
/// A partition that has worked for so long is in trouble no more: one that cannot be worked on says so within moments.
const SOUND_AFTER: Duration = Duration::from_secs(10);

/// Nodes may ask for a drain more than once.
const DRAINS_MAX: usize = 4;

/// What the nodes agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Agreed {
    partitions: u16,
    shards: u32,
}

/// What a shard's lease keeps: a session goes on only with as many shards as it began with.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    shards: u32,
    session: Session,
}

/// Work under way.
struct Work {
    began: Instant,
    stop: CancellationToken,
    /// Renews its tenure.
    renew: watch::Sender<Instant>,
    /// A shard's place that every node may go on from.
    settled: Option<watch::Receiver<Option<Session>>>,
    /// Closed once it has ended.
    ended: CancellationToken,
}

/// The tenants of one node.
pub(super) struct Tenants {
    node: Arc<Node>,
    running: Arc<Running>,
    rules: Rules,
    tenancy: Tenancy,
    fellows: Fellows,
    shards: u32,
    work: BTreeMap<LeaseName, Work>,
    /// Why work ended.
    results: JoinSet<(LeaseName, Result<(), NodeError>)>,
    /// Work that broke off begins again only then.
    again: BTreeMap<LeaseName, Instant>,
    drains: mpsc::Receiver<oneshot::Sender<()>>,
    drained: Vec<oneshot::Sender<()>>,
    draining: bool,
    /// Leases may have changed.
    hinted: Arc<Notify>,
}

impl Tenants {
    /// Whom hints wake.
    pub(super) fn woken(&self, running: &Running) -> Woken {
        Woken { leases: self.hinted.clone(), drains: running.drains() }
    }

    /// Nothing is held yet.
    pub(super) fn new(node: Arc<Node>) -> (Self, Arc<Running>) {
        let rules = if node.stores.is_shared { Rules::of(node.config.cluster.lease_ms) } else { ALONE };
        let me = Holder { node: node.stores.ports.node, home: node.stores.home };
        let note = NodeNote {
            started: node.clock.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..NodeNote::default()
        };
        let (drain, drains) = mpsc::channel(DRAINS_MAX);
        let running = Arc::new(Running::new(node.clone(), drain));
        let tenants = Self {
            running: running.clone(),
            rules,
            tenancy: Tenancy::new(me, rules, note),
            fellows: Fellows::new(rules.renew_every_ms.min(KNOWN_AFTER_MS)),
            shards: node.shards,
            work: BTreeMap::new(),
            results: JoinSet::new(),
            again: BTreeMap::new(),
            drains,
            drained: Vec::new(),
            draining: false,
            hinted: Arc::default(),
            node,
        };
        (tenants, running)
    }

    /// Works on what it holds until the node stops, then gives it back.
    pub(super) async fn run(mut self, desk: Desk, stop: CancellationToken) -> Result<(), NodeError> {
        let mut tick = tokio::time::interval(tick_every(self.rules));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let result = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                _ = tick.tick() => {}
                () = self.hinted.notified() => {}
                Some(done) = self.drains.recv() => {
                    self.draining = true;
                    self.drained.push(done);
                }
                Some(ended) = self.results.join_next() => {
                    let (name, ended) = match ended {
                        Ok(ended) => ended,
                        Err(error) => break Err(super::broken(error)),
                    };
                    if let Err(error) = self.ended(name, ended) {
                        break Err(error);
                    }
                }
            }
            if let Err(error) = self.look(&desk).await {
                break Err(error);
            }
        };
        self.leave(&desk).await;
        result
    }

    fn now_ms(&self) -> u64 {
        self.node.started.elapsed().as_millis() as u64
    }

    fn instant(&self, ms: u64) -> Instant {
        self.node.started + Duration::from_millis(ms)
    }

    fn wanted(&self) -> Vec<LeaseName> {
        let partitions = self.node.stores.ports.all_partitions().map(LeaseName::Partition);
        partitions.chain((0..self.shards).map(LeaseName::Shard)).collect()
    }

    /// One look at the leases, and what follows from it.
    async fn look(&mut self, desk: &Desk) -> Result<(), NodeError> {
        let quiet = !self.node.stores.is_shared && !self.draining && self.is_settled();
        if quiet {
            self.begin_all(desk);
            return Ok(());
        }
        match timeout(LOOK_MAX, self.node.stores.leases.all()).await {
            Ok(Ok(rows)) => {
                self.agree(&rows).await?;
                self.tenancy.observe(&rows, self.now_ms());
                self.end_foreign_shards(&rows);
            }
            Ok(Err(error)) => tracing::warn!(%error, "the leases cannot be read now"),
            Err(_) => tracing::warn!("the leases cannot be read now: no answer in time"),
        }
        if let Some(rival) = self.tenancy.rival() {
            tracing::warn!(name = %rival.node, "another process works under this node's name; give each its own (node = \"...\")");
        }
        self.share_limits();
        self.leave_notes();
        let steps = self.tenancy.decide(self.now_ms(), &self.wanted(), self.draining);
        self.perform(steps).await;
        self.extend();
        self.begin_all(desk);
        self.tell_drained();
        Ok(())
    }

    /// One bot, one limit: each node has its share.
    fn share_limits(&mut self) {
        if self.node.stores.is_shared {
            let (now_ms, me) = (self.now_ms(), LeaseName::Node(self.node.stores.ports.node));
            let (present, is_named) = (self.tenancy.present(now_ms).len(), self.tenancy.held(me).is_some());
            self.node.rest.shared(self.fellows.look(present, is_named, now_ms));
        }
    }

    /// Whether everything that is wanted is held.
    fn is_settled(&self) -> bool {
        self.wanted().into_iter().all(|name| self.tenancy.held(name).is_some())
    }

    /// The number of partitions is fixed for the life of a log; the first node says how many there are.
    async fn agree(&mut self, rows: &[(LeaseName, LeaseRow)]) -> Result<(), NodeError> {
        let ours = Agreed { partitions: self.node.stores.ports.partitions, shards: self.node.shards };
        let found = rows.iter().find(|(name, _)| *name == LeaseName::Cluster).map(|(_, row)| row);
        let known = found.and_then(|row| rmp_serde::from_slice::<Agreed>(&row.note).ok());
        match known {
            Some(known) if known.partitions != ours.partitions => Err(setup(format!(
                "the log has {} partitions, but cluster.partitions is {}: they are fixed for the life of a log",
                known.partitions, ours.partitions
            ))),
            Some(known) if known.shards == self.node.shards => {
                self.reshard(known.shards);
                Ok(())
            }
            // Those who work already are right; alone, this node is.
            Some(known) if self.has_company() => {
                tracing::warn!(
                    here = self.node.shards,
                    there = known.shards,
                    "other nodes have other shards: theirs count"
                );
                self.reshard(known.shards);
                Ok(())
            }
            _ => {
                let rev = found.map_or(0, |row| row.rev) + 1;
                let note = encode(&ours);
                let row = LeaseRow { rev, note, ..LeaseRow::default() };
                // Whoever was first has said it; the next look compares.
                self.node.stores.leases.save(LeaseName::Cluster, row).await;
                Ok(())
            }
        }
    }

    fn has_company(&self) -> bool {
        let live = self.tenancy.live(self.now_ms());
        live.iter().any(|node| *node != self.node.stores.ports.node)
    }

    /// Another number of shards: each begins anew.
    fn reshard(&mut self, shards: u32) {
        if std::mem::replace(&mut self.shards, shards) != shards {
            let of_shards = |name: &LeaseName| matches!(name, LeaseName::Shard(_));
            self.work.iter().filter(|(name, _)| of_shards(name)).for_each(|(_, work)| work.stop.cancel());
        }
    }

    /// A shard goes on while the leases cannot be read, for a frame that is captured twice is one event; it ends
    /// once another node is seen to have it.
    fn end_foreign_shards(&mut self, rows: &[(LeaseName, LeaseRow)]) {
        for (name, row) in rows.iter().filter(|(name, _)| matches!(name, LeaseName::Shard(_))) {
            let foreign = row.holder.is_some_and(|holder| holder.home != self.node.stores.home);
            if foreign && let Some(work) = self.work.get(name) {
                work.stop.cancel();
            }
        }
    }

    /// What the next holder of each shard resumes with.
    fn leave_notes(&mut self) {
        for (name, work) in &mut self.work {
            let Some(settled) = work.settled.as_mut().filter(|settled| settled.has_changed().unwrap_or(true))
            else {
                continue;
            };
            if let Some(session) = settled.borrow_and_update().clone() {
                self.tenancy.note(*name, encode(&Left { shards: self.shards, session }), false);
            }
        }
    }

    async fn perform(&mut self, steps: Vec<Step>) {
        let gives = steps.iter().filter(|step| matches!(step, Step::Give(..))).map(Step::name);
        let given: Vec<_> = gives.collect();
        // All at once, then one by one.
        given.iter().filter_map(|name| self.work.get(name)).for_each(|work| work.stop.cancel());
        for step in steps {
            match step {
                Step::Lost(name) => self.lost(name),
                Step::Renew(..) => drop(self.save(step).await),
                Step::Take(name, ref row) => {
                    let epoch = row.epoch;
                    if self.save(step).await == Saved::Yes {
                        tracing::info!(?name, epoch, "a lease is taken");
                        if let LeaseName::Node(node) = name {
                            self.node.tell(Hint::Joined(node));
                            // With its name it may take work: not only at the next tick.
                            self.hinted.notify_one();
                        }
                    }
                }
                Step::Give(name, row) => {
                    let row = LeaseRow { note: self.last_note(name, row.note.clone()).await, ..row };
                    if self.save(Step::Give(name, row)).await == Saved::Yes {
                        tracing::info!(?name, "a lease is given back");
                        given_hint(name).into_iter().for_each(|hint| self.node.tell(hint));
                    }
                }
            }
        }
    }

    async fn save(&mut self, step: Step) -> Saved {
        let Some(row) = step.row().cloned() else { return Saved::Fenced };
        let asked_ms = self.now_ms();
        let saved = self.node.stores.leases.save(step.name(), row).await;
        self.tenancy.saved(&step, saved, asked_ms);
        saved
    }

    fn lost(&mut self, name: LeaseName) {
        tracing::warn!(?name, "a lease is lost");
        if let (LeaseName::Partition(_), Some(work)) = (name, self.work.get(&name)) {
            work.stop.cancel();
        }
    }

    /// Waits for the end of work that is given away, and says what it leaves.
    async fn last_note(&mut self, name: LeaseName, note: Bytes) -> Bytes {
        let Some(work) = self.work.get(&name) else { return note };
        if timeout(END_MAX, work.ended.cancelled()).await.is_err() {
            tracing::warn!(?name, "what is given away has not ended in time; the next holder resolves it");
        }
        let session = work.settled.as_ref().and_then(|settled| settled.borrow().clone());
        session.map_or(note, |session| encode(&Left { shards: self.shards, session }))
    }

    /// Tenures move on with what was renewed.
    fn extend(&mut self) {
        for (name, tenure) in self.tenancy.tenures() {
            if let Some(work) = self.work.get(&name) {
                let until = self.node.started + Duration::from_millis(tenure.until_ms - self.rules.margin_ms);
                work.renew.send_if_modified(|known| std::mem::replace(known, until) != until);
            }
        }
    }

    fn begin_all(&mut self, desk: &Desk) {
        self.running.keep_troubles(|partition| {
            let name = LeaseName::Partition(partition);
            let is_sound = self.work.get(&name).is_some_and(|work| work.began.elapsed() >= SOUND_AFTER);
            self.tenancy.held(name).is_some() && !is_sound
        });
        if self.draining {
            return;
        }
        for name in self.wanted() {
            let waits = self.again.get(&name).is_some_and(|at| Instant::now() < *at);
            if let Some(tenure) = self.tenancy.held(name)
                && !self.work.contains_key(&name)
                && !waits
            {
                let until = self.instant(tenure.until_ms - self.rules.margin_ms);
                self.begin(name, tenure.epoch, until, desk);
            }
        }
    }

    fn begin(&mut self, name: LeaseName, epoch: u64, until: Instant, desk: &Desk) {
        let (renew, tenure) = Tenure::new(until);
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (node, stopped, over) = (self.node.clone(), stop.clone(), ended.clone());
        let mut settled = None;
        match name {
            LeaseName::Partition(partition) => {
                let epoch = if self.node.stores.is_shared { epoch } else { 0 };
                let held = partition::Held { partition, epoch, tenure };
                self.results.spawn(async move {
                    let result = partition::work(node, held, stopped).await;
                    over.cancel();
                    (name, result)
                });
            }
            LeaseName::Shard(shard) => {
                self.running.begins(shard);
                let left = self.left(name);
                let (same, other): (Vec<_>, Vec<_>) =
                    left.into_iter().partition(|left| left.shards == self.shards);
                let session = same.into_iter().next().map(|left| left.session);
                let stale = other.into_iter().next().map(|left| left.session);
                let (settle, place) = watch::channel(session.clone());
                let held = shard::Held { shard, shards: self.shards, session, stale, settled: settle };
                settled = Some(place);
                let at = (self.running.clone(), desk.clone());
                self.results.spawn(async move {
                    let result = shard::work(node, held, at, stopped).await;
                    over.cancel();
                    (name, result)
                });
            }
            LeaseName::Cluster | LeaseName::Node(_) | LeaseName::Identify(_) => return,
        }
        self.work.insert(name, Work { began: Instant::now(), stop, renew, settled, ended });
    }

    /// The session that the last holder of a shard left.
    fn left(&self, name: LeaseName) -> Option<Left> {
        self.tenancy.row(name).and_then(|row| rmp_serde::from_slice(&row.note).ok())
    }

    fn ended(&mut self, name: LeaseName, result: Result<(), NodeError>) -> Result<(), NodeError> {
        self.work.remove(&name);
        if let LeaseName::Shard(shard) = name {
            self.running.ends(shard);
        }
        let Err(error) = result else { return Ok(()) };
        self.again.insert(name, Instant::now() + AGAIN);
        match (name, error) {
            (_, error @ NodeError::Setup(_)) => Err(error),
            (_, error) if !self.node.stores.is_shared => Err(error),
            (LeaseName::Partition(Partition(number)), error) => {
                if self.running.trouble(Partition(number), &error.to_string()) {
                    tracing::error!(partition = number, %error, "a partition cannot be worked on; it is tried again");
                }
                Ok(())
            }
            (_, error) => {
                tracing::error!(?name, %error, "work broke off; it is tried again");
                Ok(())
            }
        }
    }

    fn tell_drained(&mut self) {
        let has_work = self.wanted().into_iter().any(|name| self.tenancy.held(name).is_some());
        if self.draining && !has_work {
            for done in self.drained.drain(..) {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    /// Ends all work, and gives everything to whoever comes next.
    async fn leave(mut self, desk: &Desk) {
        self.work.values().for_each(|work| work.stop.cancel());
        let ends = async {
            while let Some(ended) = self.results.join_next().await {
                if let Ok((name, Err(error))) = ended {
                    tracing::warn!(?name, %error, "work broke off at the end");
                }
            }
        };
        if timeout(END_MAX, ends).await.is_err() {
            tracing::warn!("what was in flight has not ended in time; the next holder resolves it");
        }
        if self.node.stores.is_shared {
            self.draining = true;
            // Its drain is said first, then everything is given.
            for _ in 0..LEAVE_LOOKS {
                let looked = timeout(LOOK_MAX, self.look(desk)).await;
                if looked.is_err() || self.tenancy.tenures().next().is_none() {
                    break;
                }
            }
        }
    }
}

fn tick_every(rules: Rules) -> Duration {
    // A node that is alone looks again only to begin work that broke off.
    let ms = rules.renew_every_ms / u64::from(TICKS);
    Duration::from_millis(ms.min(AGAIN.as_millis() as u64).max(20))
}

/// What others are told of a lease that can be had.
fn given_hint(name: LeaseName) -> Option<Hint> {
    match name {
        LeaseName::Partition(partition) => Some(Hint::Moved(partition)),
        LeaseName::Shard(shard) => Some(Hint::Shard(shard)),
        LeaseName::Node(node) => Some(Hint::Left(node)),
        LeaseName::Cluster | LeaseName::Identify(_) => None,
    }
}

/// Looks at the leases in which a node that stops gives them back; what is left then runs out by itself.
const LEAVE_LOOKS: usize = 3;

/// MessagePack of plain data, with names.
fn encode<T: Serialize>(value: &T) -> Bytes {
    rmp_serde::to_vec_named(value).unwrap_or_default().into()
}
